"""Databases worth keeping, because migrating Saleor takes minutes.

A template is named by what it was made of, so a name that exists is good for ever. Templates
derive from each other: the plugin's starts from Saleor's, and a changed migration of the plugin
costs seconds.
"""

import hashlib
import re
import subprocess
import sys
from dataclasses import dataclass

from dev import postgres, python
from dev.paths import MIGRATIONS, ROOT
from dev.saleor import Checkout

#: Changes when templates are made in another way, so that old ones aren't used.
_FORMAT = 1
_TAIL_LINES = 40


@dataclass(frozen=True, slots=True)
class Template:
    """A kind of database.

    Attributes:
        name: says what it is made of; lower case, usable as a file and database name.
        title: what it is, for the person who waits for it.
        parent: what it starts from; None for an empty database.
        settings: the settings whose migrations make it of its parent.
        saleor: the checkout that the settings import.
    """

    name: str
    title: str
    parent: "Template | None" = None
    settings: str | None = None
    saleor: Checkout | None = None

    def migrate(self, url: str) -> None:
        """Turn a copy of the parent into this.

        Raises:
            RuntimeError: a migration failed; the message ends with its output.
        """
        if self.settings is None:
            return
        say(f"Building a database once: {self.title}…")
        command = [sys.executable, "-m", "django", "migrate", "--no-input", "--verbosity=1"]
        environment = {
            **python.environment(self.saleor, settings=self.settings),
            "DATABASE_URL": url,
        }
        environment.pop("CACHE_URL", None)  # migrations need none
        finished = subprocess.run(
            command,
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if finished.returncode:
            tail = "\n".join(finished.stdout.splitlines()[-_TAIL_LINES:])
            raise RuntimeError(f"migrating for {self.title} failed:\n{tail}")

    def is_relative(self, name: str) -> bool:
        """Whether a name is that of this template or of an older or newer make of it."""
        return name.partition("__")[0] == self.name.partition("__")[0]


def empty() -> Template:
    """A database with nothing in it: where the core ring starts."""
    return Template(
        name=f"empty__{_digest(postgres.VERSION)}", title=f"PostgreSQL {postgres.VERSION}"
    )


def saleor(checkout: Checkout) -> Template:
    """Saleor's own tables, and nothing of this plugin."""
    return Template(
        name=f"saleor_{_slug(checkout.version)}__{checkout.fingerprint}_{_digest(postgres.VERSION)}",
        title=f"Saleor {checkout.version}'s migrations (this takes minutes)",
        parent=empty(),
        settings="dev.settings_saleor",
        saleor=checkout,
    )


def plugin(checkout: Checkout) -> Template:
    """Saleor with this plugin's migrations applied."""
    parent = saleor(checkout)
    return Template(
        name=f"plugin_{_slug(checkout.version)}__{parent.name.rpartition('__')[2]}_{_plugin_digest()}",
        title=f"this plugin's migrations in Saleor {checkout.version}",
        parent=parent,
        settings="tests.settings_host",
        saleor=checkout,
    )


def say(message: str) -> None:
    """Tell the person who waits; standard output stays the command's own."""
    print(message, file=sys.stderr, flush=True)


def _slug(version: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", version.lower())


def _plugin_digest() -> str:
    """Changes with the migrations, and with the manifest, which post_migrate writes rows from."""
    migrations = [path for path in MIGRATIONS.rglob("*") if path.suffix in {".py", ".sql"}]
    return _digest(
        *(
            f"{path.relative_to(ROOT)}\n{path.read_text(encoding='utf-8')}"
            for path in [ROOT / "plugin.toml", *sorted(migrations)]
        )
    )


def _digest(*content: str) -> str:
    return hashlib.sha256("\0".join([str(_FORMAT), *content]).encode()).hexdigest()[:8]
