"""The demo's desk serves what stands in for the Dashboard, and shows it to whoever is there."""

import sys
import webbrowser

import httpx
import pytest

from dev.demo import desk, screen

API = "http://localhost:1234/graphql/"


@pytest.fixture
def client():
    opened = desk.running(
        API, email="s@acme.example", password="p", program_id="Ug==", store_url="http://store/"
    )
    with opened as url, httpx.Client(base_url=url) as client:
        yield client


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    addresses: list[str] = []
    monkeypatch.setattr(webbrowser, "open", addresses.append)
    return addresses


def test_the_desk_may_frame_and_ask_saleor_and_nobody_else(client: httpx.Client) -> None:
    response = client.get("/")

    assert (response.status_code, response.headers["Content-Type"]) == (200, "text/html")
    assert response.headers["Content-Security-Policy"] == (
        "default-src 'none'; connect-src 'self' http://localhost:1234; "
        "frame-src http://localhost:1234; script-src 'self'; style-src 'self'; img-src data:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


def test_the_desk_knows_whom_to_sign_in_and_each_page_with_the_board_first(
    client: httpx.Client,
) -> None:
    assert client.get("/settings.json").json() == {
        "apiUrl": API,
        "app": "saleor.program-budgets",
        "board": "/utilization?program=Ug%3D%3D",
        "email": "s@acme.example",
        "password": "p",
        "sections": [
            {
                "title": "Orders",
                "pages": [{"label": "Budget utilization", "path": "/utilization"}],
            },
            {
                "title": "Customers",
                "pages": [
                    {"label": "Program members", "path": "/members"},
                    {"label": "Budget accounts", "path": "/accounts"},
                ],
            },
            {
                "title": "Discounts",
                "pages": [
                    {"label": "Budget programs", "path": "/programs"},
                    {"label": "Redemption codes", "path": "/codes"},
                ],
            },
        ],
        "storeUrl": "http://store/",
    }


def test_the_frame_alone_is_told_nothing() -> None:
    with desk.bare() as url:
        found = [
            httpx.get(httpx.URL(url).join(path)).status_code
            for path in ("bare.html", "frame.js", "settings.json")
        ]

    assert found == [200, 200, 404]


@pytest.mark.parametrize(
    ("has_terminal", "variable", "addresses"),
    [
        (True, "DISPLAY", ["http://desk/"]),
        (True, "WAYLAND_DISPLAY", ["http://desk/"]),
        (True, None, []),
        (False, "DISPLAY", []),
    ],
)
def test_a_browser_is_opened_where_somebody_can_see_it(
    has_terminal: bool,
    variable: str | None,
    addresses: list[str],
    shown: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: has_terminal, raising=False)
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    if variable:
        monkeypatch.setenv(variable, ":0")

    screen.show("http://desk/")

    assert shown == addresses


def test_a_mac_needs_no_variable_to_have_a_display(
    shown: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)

    screen.show("http://desk/")

    assert shown == ["http://desk/"]
