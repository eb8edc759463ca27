"""What merchants install holds all that the plugin needs, and nothing of ours."""

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from importlib.metadata import entry_points, version
from pathlib import Path, PurePosixPath

import pytest

from saleor_program_budgets.manifest import manifest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = "saleor_program_budgets"
SOURCES = ["setup.py", "pyproject.toml", "plugin.toml", "LICENSE", "migrations", PACKAGE]
NOT_SHIPPED = {"__pycache__", "web"}
#: Kinds of file that may come to stand anywhere, tried also while there are none.
PAGE = f"{PACKAGE}/interfaces/dashboard/static/index.html"
ADDED = [f"{PACKAGE}/ledger/more/query.sql", f"{PACKAGE}/schema.graphql", PAGE]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An sdist, and the wheel made from it: the way of everything on a package index."""
    source = tmp_path_factory.mktemp("source")
    for name in SOURCES:
        if (ROOT / name).is_dir():
            shutil.copytree(
                ROOT / name,
                source / name,
                symlinks=True,
                ignore=shutil.ignore_patterns(*NOT_SHIPPED, "*.egg-info"),
            )
        else:
            shutil.copy(ROOT / name, source / name)
    (source / "README.md").write_text("Read me.\n")
    for name in [*ADDED, f"{PACKAGE}/interfaces/dashboard/web/queries.graphql"]:
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).touch()
    subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", "--outdir", source / "dist", source],
        check=True,
        capture_output=True,
    )
    return source / "dist"


def shipped_files() -> Iterator[str]:
    """Everything of the package's that has a meaning at run time, by its place in the wheel."""
    for folder, prefix in [
        (ROOT / PACKAGE, PACKAGE),
        (ROOT / "migrations", f"{PACKAGE}/migrations"),
    ]:
        for path in folder.rglob("*"):
            relative = path.relative_to(folder)
            hidden = any(part.startswith(".") for part in relative.parts)
            if path.is_file() and not hidden and not NOT_SHIPPED.intersection(relative.parts):
                yield str(PurePosixPath(prefix, relative))


def test_wheel_holds_the_package_and_nothing_else(built: Path) -> None:
    [wheel] = built.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}

    assert names == {*shipped_files(), *ADDED}


def test_plugin_without_its_pages_isnt_packed(built: Path) -> None:
    source = built.parent
    (source / PAGE).unlink()

    refused = subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", "x", source],
        cwd=source,
        check=False,
        capture_output=True,
        text=True,
    )

    assert refused.returncode == 1
    assert "The Dashboard pages aren't built: run `make web` first." in refused.stderr


def test_wheel_holds_the_manifest_itself_not_a_link(built: Path) -> None:
    [wheel] = built.glob("*.whl")
    [sdist] = built.glob("*.tar.gz")

    with zipfile.ZipFile(wheel) as archive:
        shipped = archive.read(f"{PACKAGE}/plugin.toml")
    with tarfile.open(sdist) as archive:
        member = archive.getmember(f"{sdist.name.removesuffix('.tar.gz')}/{PACKAGE}/plugin.toml")

    assert shipped == (ROOT / "plugin.toml").read_bytes()
    assert member.isfile()


def test_installation_is_named_by_the_manifest() -> None:
    assert version("saleor-program-budgets") == manifest().version
    [entry_point] = entry_points(group="saleor.plugins", name=PACKAGE)
    assert entry_point.value == manifest().entry_point


def test_editable_installation_finds_the_migrations() -> None:
    """From elsewhere, where the checkout isn't on the path."""
    code = (
        "import importlib.resources as r;"
        f"print(len(list(r.files('{PACKAGE}.migrations').joinpath('sql').iterdir())) > 0)"
    )
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    finished = subprocess.run(
        [sys.executable, "-c", code],
        cwd="/",
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    )

    assert finished.stdout == "True\n"
