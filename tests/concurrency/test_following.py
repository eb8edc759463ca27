"""Memberships that follow beside the writing of the next people."""

from __future__ import annotations

from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from django.db import connections

from saleor_program_budgets import ledger
from saleor_program_budgets.models import Member, Person, RosterImport
from saleor_program_budgets.roster import imports
from tests.support.people import add_roster, apply, everybody, preview
from tests.support.world import World

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from saleor_program_budgets.models import Roster

PEOPLE = [
    {
        "email": f"person{number}@acme.example",
        "department": f"Team {number % 3}",
        "manager": f"person{(number + 5) % 25}@acme.example",
    }
    for number in range(25)
]


@contextmanager
def somebody() -> Iterator[Executor]:
    with ThreadPoolExecutor(max_workers=1) as thread:
        yield thread
        thread.submit(connections.close_all).result()


def looked_at(world: World) -> tuple[Roster, RosterImport]:
    world.open_program()
    acme = add_roster(world)
    return acme, preview(world, acme, *PEOPLE, creates_departments=True)


def stands(acme: Roster) -> list[object]:
    """Return where everybody stands, and what they have by their membership."""
    members = Member.objects.select_related("account").order_by("user_reference")
    placed = {member.user_reference: member.account.name for member in members}
    people = Person.objects.filter(roster=acme).order_by("email")
    followed = [placed.get(person.user_reference) == person.account.name for person in people]
    return [len(everybody(acme)), followed.count(True), all(each.is_settled for each in people)]


def test_all_have_followed_by_the_time_the_file_is_applied(committed_world: World) -> None:
    acme, batch = looked_at(committed_world)
    with somebody() as beside:
        apply(committed_world, batch, beside=beside, lines_at_once=4)
    assert (batch.status, stands(acme)) == (RosterImport.Status.APPLIED, [25, 25, True])
    assert ledger.verify().differences == ()


def test_what_keeps_them_from_following_is_raised_and_made_up_for(
    committed_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    acme, batch = looked_at(committed_world)
    calls: list[int] = []
    original = imports.settle

    def settle(**given: Any) -> int:
        calls.append(1)
        if len(calls) == 4:  # after what is left of a run before, and two sets
            raise ConnectionError
        return original(**given)

    with monkeypatch.context() as patch, somebody() as beside:
        patch.setattr(imports, "settle", settle)
        with pytest.raises(ConnectionError):
            apply(committed_world, batch, beside=beside, lines_at_once=4)
    batch.refresh_from_db()
    written, followed, is_settled = stands(acme)
    assert (batch.status, is_settled) == (RosterImport.Status.APPLYING, False)
    assert (written, followed) == (16, 8)
    with somebody() as beside:
        apply(committed_world, batch, beside=beside, lines_at_once=4)
    assert (batch.status, stands(acme)) == (RosterImport.Status.APPLIED, [25, 25, True])
