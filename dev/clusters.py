"""Templates for private servers: stopped clusters in the cache, copied before use."""

import os
import shutil
import time
from pathlib import Path

from dev import databases, postgres, scratch
from dev.paths import CACHE
from dev.processes import Identity
from dev.templates import Template, say

#: The migrated database's name within its cluster.
DATABASE = "migrated"

_KEPT_PER_FAMILY = 3
_STORE = CACHE / "clusters"


def provide(template: Template, home: Path, *, identity: Identity) -> Path:
    """Put a copy of a template's cluster into `home`, building the template if there is none.

    Two runs that want the same template build it once: the second waits. A build that is killed
    leaves nothing that could be taken for a template.

    Returns:
        The copy, owned by `identity` and not running.
    """
    stored = _STORE / template.name
    with scratch.exclusive(_lock(template.name)):
        if not stored.exists():
            _build(template, stored, identity=identity)
        os.utime(stored)
        home.mkdir(exist_ok=True)
        data = home / "data"
        scratch.copy_tree(stored, data)
    identity.own(home)
    data.chmod(0o700)
    _prune(template)
    return data


def _build(template: Template, stored: Path, *, identity: Identity) -> None:
    with scratch.run_directory(identity) as directory:
        home = directory / "postgres"
        if template.parent is None:
            home.mkdir()
            identity.own(home)
            data = home / "data"
            postgres.create_cluster(data, identity=identity)
        else:
            data = provide(template.parent, home, identity=identity)
        began = time.monotonic()
        with postgres.running(data, identity=identity, durable=False) as server:
            if template.parent is None:
                databases.create(server.url("postgres"), DATABASE, template=None)
            template.migrate(server.url(DATABASE))
        _store(data, stored)
    say(f"Built a database once: {template.title}, in {time.monotonic() - began:.0f} s.")


def _store(data: Path, stored: Path) -> None:
    partial = stored.with_suffix(".partial")
    shutil.rmtree(partial, ignore_errors=True)
    scratch.copy_tree(data, partial)
    partial.rename(stored)


def _prune(template: Template) -> None:
    """Drop all but the last used few of the family."""
    relatives = [
        path for path in _STORE.iterdir() if path.is_dir() and template.is_relative(path.name)
    ]
    relatives.sort(key=lambda path: path.stat().st_mtime, reverse=True)
    for path in relatives[_KEPT_PER_FAMILY:]:
        with scratch.exclusive(_lock(path.name)):
            shutil.rmtree(path, ignore_errors=True)


def _lock(name: str) -> Path:
    return _STORE / f"{name}.lock"
