"""A running Saleor in each of the states that the pages are looked at in."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from itertools import count
from typing import Any

import httpx

from dev import databases, scratch
from dev.bench.report import say
from dev.demo import play, servers, story
from dev.demo.api import Api, ApiError, Session
from dev.demo.servers import STAFF_EMAIL, STAFF_PASSWORD
from saleor_program_budgets.manifest import manifest

_VALKEY = ("CACHE_URL", "CELERY_BROKER_URL")
_numbers = count(2)
_CODES = {"name": "Spring campaign", "kind": "STORE_CREDIT", "amount": "10.00", "prefix": "SPRING"}
_PATIENCE_SECONDS = 180
_FIND = """
{
  apps(first: 100) { edges { node { id identifier appUrl extensions { id url } } } }
  program: programBudgetPrograms(first: 1) { edges { node { id } } }
  account: programBudgetAccounts(first: 1, filter: { isRoot: true }) { edges { node { id } } }
  batch: programBudgetCodeBatches(first: 1) { edges { node { id } } }
  ada: programBudgetMembers(first: 1, search: "ada abara") { edges { node { id user { id } } } }
  anybody: programBudgetMembers(first: 1) { edges { node { id user { id } } } }
  order: orders(last: 1) { edges { node { id } } }
}
"""


@dataclass(frozen=True, slots=True)
class Stage:
    """A running Saleor, and what of it the pages are about.

    Attributes:
        api_url: where GraphQL is answered.
        app: the App, as GraphQL has it.
        staff: the session of the administrator.
        ids: of what there is of each: a program, a member, a batch of codes, …
    """

    api_url: str
    app: Mapping[str, Any]
    staff: Session
    ids: Mapping[str, str]

    def extension(self, path: str) -> str:
        """Return the id of the App's widget at *path*."""
        rows = self.app["extensions"]
        return next(str(row["id"]) for row in rows if row["url"].endswith(path))


@contextmanager
def empty() -> Iterator[Stage]:
    """A Saleor that the plugin was just installed into."""
    with _database(), _saleor() as api:
        yield _stage(api)


@contextmanager
def normal() -> Iterator[Stage]:
    """The demo's Saleor after its day of trading."""
    with _database(), _saleor() as api:
        day = play.set_up(api, play.Progress())
        for title, act in story.acts():
            act(day)
            say(title)
        yield _stage(api)


@contextmanager
def large(members: int) -> Iterator[Stage]:
    """A Saleor with an organization of many members, months of orders, and a code for each."""
    with _database():
        say(f"{members:,} members and their orders")
        subprocess.run(
            [sys.executable, "-m", "dev.screenshots.crowd", str(members)],
            check=True,
            stdin=subprocess.DEVNULL,
        )
        with _saleor() as api:
            _issue_codes(_stage(api))
            yield _stage(api)


@contextmanager
def _database() -> Iterator[None]:
    """Name a database of its own, a cache and a queue, to what is started meanwhile."""
    template = os.environ["PROGRAM_BUDGETS_TEMPLATE"]
    with databases.temporary(os.environ["DATABASE_URL"], template=template) as url:
        given = {"DATABASE_URL": url}
        for name in _VALKEY:
            given[name] = f"{os.environ[name].rpartition('/')[0]}/{next(_numbers)}"
        before = {name: os.environ[name] for name in given}
        os.environ.update(given)
        try:
            yield
        finally:
            os.environ.update(before)


@contextmanager
def _saleor() -> Iterator[Api]:
    with ExitStack() as stack:
        directory = stack.enter_context(scratch.run_directory(servers.ourselves()))
        saleor = stack.enter_context(servers.running(directory))
        yield stack.enter_context(closing(Api(saleor.api_url)))


def _stage(api: Api) -> Stage:
    staff = Session(api, email=STAFF_EMAIL, password=STAFF_PASSWORD)
    found = ask(api.url, _FIND, token=staff.token())
    apps = [edge["node"] for edge in found.pop("apps")["edges"]]
    nodes = {name: edges["edges"][0]["node"] for name, edges in found.items() if edges["edges"]}
    member = nodes.pop("ada", None) or nodes.pop("anybody", None)
    ids = {name: node["id"] for name, node in nodes.items()}
    if member:
        ids |= {"member": member["id"], "customer": member["user"]["id"]}
    app = next(app for app in apps if app["identifier"] == manifest().gateway)
    return Stage(api.url, app, staff, ids)


def ask(url: str, query: str, *, token: str) -> Any:
    """Run a query that is none of the demo's; returns its data.

    Raises:
        ApiError: it wasn't executed, or not to the end.
    """
    answer = httpx.post(
        url, json={"query": query}, headers={"Authorization-Bearer": token}, timeout=60
    ).json()
    if answer.get("errors"):
        raise ApiError(answer["errors"][0]["message"])
    return answer["data"]


def _issue_codes(stage: Stage) -> None:
    batch = stage.staff.run("CodesIssue", program=stage.ids["program"], input=_CODES)["batch"]
    gives_up_at = time.monotonic() + _PATIENCE_SECONDS
    while (made := stage.staff.run("CodesMade", batch=batch["id"]))["status"] != "READY":
        if time.monotonic() > gives_up_at:
            raise ApiError(f"{made['made']} of {made['total']} codes were made. {made['error']}")
        time.sleep(0.5)
    say(f"{made['total']:,} codes")
