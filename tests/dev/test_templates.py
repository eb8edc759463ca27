"""A migrated database is made once, and only a complete one is ever used."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from dev import clusters, databases, external, postgres, scratch, templates
from dev.processes import server_identity
from dev.saleor import Checkout
from dev.templates import Template

#: Workers share a server, and each has databases of its own there.
FAMILY = f"counted_{os.getpid()}"


@dataclass(frozen=True)
class Counted(Template):
    """A template that creates a table where others migrate, and counts how often it did."""

    log: Path = Path("log")
    breaks: bool = False

    def migrate(self, url: str) -> None:
        with self.log.open("a") as log:
            log.write("made\n")
        with databases.connect(url) as connection:
            connection.execute("CREATE TABLE made ()")
        if self.breaks:
            raise RuntimeError("broken")

    @property
    def times_made(self) -> int:
        return len(self.log.read_text().splitlines())


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of this test's own."""
    monkeypatch.setattr(clusters, "_STORE", tmp_path / "clusters")
    return tmp_path / "clusters"


@pytest.fixture
def template(tmp_path: Path) -> Counted:
    """A template that nobody has made yet."""
    return Counted(name=f"{FAMILY}__1", title="a test's table", log=tmp_path / "log")


def copied(template: Template) -> list[tuple[object, ...]]:
    """The tables that a run finds in its copy of a template's cluster."""
    identity = server_identity()
    with scratch.run_directory(identity) as directory:
        data = clusters.provide(template, directory / "postgres", identity=identity)
        with (
            postgres.running(data, identity=identity, durable=False) as server,
            databases.connect(server.url(clusters.DATABASE)) as connection,
        ):
            query = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
            return connection.execute(query).fetchall()


def test_cluster_is_made_once_by_runs_at_once(store: Path, template: Counted) -> None:
    with ThreadPoolExecutor() as pool:
        results = list(pool.map(copied, [template, template]))

    assert results == [[("made",)], [("made",)]]
    assert template.times_made == 1


def test_failed_build_leaves_no_cluster(store: Path, template: Counted, tmp_path: Path) -> None:
    broken = Counted(name=f"{FAMILY}__1", title="a broken one", log=tmp_path / "log", breaks=True)
    with pytest.raises(RuntimeError, match="broken"):
        copied(broken)

    assert [path.name for path in store.iterdir()] == [f"{FAMILY}__1.lock"]
    assert copied(template) == [("made",)]


def test_oldest_clusters_of_the_family_are_dropped(store: Path, template: Counted) -> None:
    others = [f"{FAMILY}__2", f"{FAMILY}__3", f"{FAMILY}__4", "other__1"]
    for age, name in enumerate(others, start=1):
        (store / name).mkdir(parents=True)
        os.utime(store / name, (1_000_000 - age, 1_000_000 - age))

    copied(template)

    kept = sorted(path.name for path in store.iterdir() if path.is_dir())
    assert kept == [f"{FAMILY}__1", f"{FAMILY}__2", f"{FAMILY}__3", "other__1"]


@pytest.fixture
def server_url() -> Iterator[str]:
    """The server that this very run uses, freed of what a test left there."""
    url = os.environ["DATABASE_URL"]
    yield url
    for prefix in ["template", "partial"]:
        databases.drop(url, f"{prefix}_{FAMILY}__1")


def test_given_server_keeps_the_template_as_a_database(server_url: str, template: Counted) -> None:
    with ThreadPoolExecutor() as pool:
        names = list(pool.map(lambda _: external.provide(template, server_url), range(2)))

    assert names == [f"template_{FAMILY}__1"] * 2
    assert template.times_made == 1
    with (
        databases.temporary(server_url, template=names[0]) as url,
        databases.connect(url) as connection,
    ):
        assert connection.execute("SELECT count(*) FROM made").fetchone() == (0,)


def test_failed_build_gives_no_database_the_name(server_url: str, tmp_path: Path) -> None:
    broken = Counted(name=f"{FAMILY}__1", title="a broken one", log=tmp_path / "log", breaks=True)
    with pytest.raises(RuntimeError, match="broken"):
        external.provide(broken, server_url)

    with databases.connect(server_url) as connection:
        query = "SELECT FROM pg_database WHERE datname = 'template_broken__1'"
        assert connection.execute(query).rowcount == 0


def test_plugin_template_changes_with_a_migration_and_its_parent_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "saleor").mkdir()
    (tmp_path / "saleor" / "__init__.py").write_text('__version__ = "3.24.0-a.0"\n')
    checkout = Checkout(tmp_path)
    migrations = tmp_path / "migrations"
    migrations.mkdir()
    (tmp_path / "plugin.toml").touch()
    monkeypatch.setattr(templates, "ROOT", tmp_path)
    monkeypatch.setattr(templates, "MIGRATIONS", migrations)
    before = templates.plugin(checkout)

    (migrations / "more.sql").write_text("SELECT 1;\n")
    after = templates.plugin(checkout)

    assert before.parent == after.parent == templates.saleor(checkout)
    assert before.name != after.name
    assert after.is_relative(before.name)
    assert not after.is_relative(templates.saleor(checkout).name)
