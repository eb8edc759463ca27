"""The pages are served under every path, as files of their own, and to nobody else's frame."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from saleor.plugins.models import PluginConfiguration

from saleor_program_budgets.interfaces.dashboard import pages
from saleor_program_budgets.interfaces.identity import PLUGIN_ID

if TYPE_CHECKING:
    from pathlib import Path

    from django.test import Client
    from pytest_django.fixtures import SettingsWrapper

pytestmark = pytest.mark.django_db

ADDRESS = f"/plugins/global/{PLUGIN_ID}/ui"
PAGE = b"<!doctype html><title>Program Budgets</title>"


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in for what `make web` builds."""
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_bytes(PAGE)
    for name in ("index-B3waj608.js", "index-a_b.css", "Inter-roman.var-C.woff2", "note.exe"):
        (tmp_path / "assets" / name).write_bytes(name.encode())
    monkeypatch.setattr(pages, "STATIC", tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    "path", ["", "/", "/programs", "/programs/UHI6MQ==", "/setup/1/people", "/widgets/order"]
)
def test_every_path_is_the_page_without_a_redirect(client: Client, built: Path, path: str) -> None:
    answer = client.get(f"{ADDRESS}{path}?domain=x&theme=dark")

    assert (answer.status_code, answer.content) == (200, PAGE)
    assert answer["Content-Type"] == "text/html; charset=utf-8"
    assert answer["Cache-Control"] == "no-cache"


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("index-B3waj608.js", "text/javascript; charset=utf-8"),
        ("index-a_b.css", "text/css; charset=utf-8"),
        ("Inter-roman.var-C.woff2", "font/woff2"),
    ],
)
def test_files_are_typed_and_kept_for_ever(
    client: Client, built: Path, name: str, kind: str
) -> None:
    answer = client.get(f"{ADDRESS}/assets/{name}")

    assert (answer.status_code, answer.content) == (200, name.encode())
    assert answer["Content-Type"] == kind
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Cache-Control"] == "public, max-age=31536000, immutable"


@pytest.mark.parametrize(
    "name",
    [
        "gone.js",
        "note.exe",
        "../index.html",
        "..%2findex.html",
        "%2e%2e/index.html",
        "..%5cindex.html",
        "/etc/passwd",
        ".index.js",
        "",
        "x%00.js",
    ],
)
def test_nothing_else_is_a_file(client: Client, built: Path, name: str) -> None:
    assert client.get(f"{ADDRESS}/assets/{name}").status_code == 404


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
@pytest.mark.parametrize("path", ["", "/assets/index-B3waj608.js"])
def test_pages_are_only_read(client: Client, built: Path, method: str, path: str) -> None:
    answer = getattr(client, method)(f"{ADDRESS}{path}")

    assert (answer.status_code, answer["Allow"]) == (405, "GET, HEAD")


def test_head_is_answered_without_the_page(client: Client, built: Path) -> None:
    answer = client.head(ADDRESS)

    assert (answer.status_code, answer.content) == (200, b"")


def test_pages_that_were_not_built_say_so(client: Client, built: Path) -> None:
    (built / "index.html").unlink()

    answer = client.get(ADDRESS)

    assert answer.status_code == 503
    assert answer.content == b"The pages aren't built: run `make web` in the plugin's source tree."


def test_switched_off_there_are_no_pages(client: Client, built: Path) -> None:
    PluginConfiguration.objects.create(
        identifier=PLUGIN_ID, name="x", description="", active=False, configuration=[]
    )

    assert client.get(ADDRESS).status_code == 404
    assert client.get(f"/plugins/{PLUGIN_ID}/ui").status_code == 404


OWN = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; font-src 'self'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'"
)


@pytest.mark.parametrize(
    ("origins", "policy"),
    [
        (["*"], OWN),
        (["https://*.acme.example", "*dashboard*"], OWN),
        (
            ["https://dashboard.acme.example", "https://*.acme.example", "http://localhost:9000"],
            (
                f"{OWN}; frame-ancestors 'self' https://dashboard.acme.example "
                "https://*.acme.example http://localhost:9000"
            ),
        ),
    ],
)
def test_who_may_show_it_in_a_frame_is_who_may_call_the_api(
    client: Client, built: Path, settings: SettingsWrapper, origins: list[str], policy: str
) -> None:
    settings.ALLOWED_GRAPHQL_ORIGINS = origins

    assert client.get(ADDRESS)["Content-Security-Policy"] == policy
