"""Any roster exported and imported again, and any file imported twice: nothing changes by it.

PROGRAM_BUDGETS_ROSTERS=1000 make test-core ARGS=tests/properties/test_people.py
"""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis import strategies as st

from saleor_program_budgets import ledger, roster
from saleor_program_budgets.errors import InvalidInput
from saleor_program_budgets.models import Account, Roster, RosterImport
from saleor_program_budgets.roster import Wanted
from tests.support.people import (
    BY_API,
    SHOP,
    add_roster,
    apply,
    everything,
    not_followed,
    preview,
    rejected,
)
from tests.support.world import World

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hypothesis.strategies import SearchStrategy

pytestmark = pytest.mark.django_db(transaction=True)
ROSTERS = int(os.environ.get("PROGRAM_BUDGETS_ROSTERS", "0"))
SETTINGS = settings(
    max_examples=ROSTERS or 40,
    derandomize=not ROSTERS,
    database=None,
    deadline=None,
    print_blob=True,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
EMAILS = ("ann@acme.example", "o'hara+x@acme.example", '"=q"@acme.example', "-d@acme.example")
ODD = (
    *("=1+1", "+49", "-", "@x", "'", "'=x", '"', '""', ";", ",", "a;b,c\td", "a\nb", "#N/A"),
    *("Éva", "王", "İ", "\u2028", "\xa0x", "x ", " ", "\x85", "true", "sep=,"),
)
TEXTS = st.one_of(st.sampled_from(ODD), st.text(max_size=8))
EXTERNAL_IDS = st.one_of(st.sampled_from(("1", "a", "A", *EMAILS)), TEXTS)
DEPARTMENTS = ("Sales", "North", "sales", "Acme", "Sales / North", "A>B", "=Ops", "Büro", "“Q”")


@contextmanager
def _undone() -> Iterator[World]:
    """A world of its own, in a database that is as before afterwards; its books balance."""
    atomic = transaction.atomic()
    atomic._from_testcase = True  # the ledger takes it for the test's
    with atomic:
        yield World()
        assert [str(difference) for difference in ledger.verify().differences] == []
        transaction.set_rollback(True)


# Exported and imported again


def _departments() -> SearchStrategy[list[tuple[str, int, str]]]:
    """Names, which of those before it each stands below, and external ids."""
    external_ids = st.sampled_from(("", "", "", "North", "D1", "Sales / North", " "))
    return st.lists(
        st.tuples(st.one_of(st.sampled_from(DEPARTMENTS), TEXTS), st.integers(0, 5), external_ids),
        max_size=6,
    )


def _people() -> SearchStrategy[list[dict[str, Any]]]:
    return st.lists(
        st.fixed_dictionaries(
            {"email": st.sampled_from(EMAILS)},
            optional={
                "external_id": EXTERNAL_IDS,
                "first_name": TEXTS,
                "last_name": TEXTS,
                "title": TEXTS,
                "employee_number": TEXTS,
                "cost_center": TEXTS,
                "is_active": st.booleans(),
                "place": st.integers(0, 6),
                "manager": st.sampled_from(EMAILS),
            },
        ),
        min_size=1,
        max_size=6,
    )


@SETTINGS
@given(departments=_departments(), people=_people())
def test_an_export_imported_again_changes_nothing(
    departments: list[tuple[str, int, str]], people: list[dict[str, Any]]
) -> None:
    with _undone() as world:
        acme = add_roster(world, largest_leave_percent=0)
        accounts = _make(world, acme, departments)
        for each in people:
            _put(world, acme, accounts, **each)
        _put(world, acme, accounts, email=EMAILS[0])  # there may be nobody so far
        before = everything()
        content = "".join(roster.export_people(roster=acme)).encode()
        note(content.decode())
        batch = preview(world, acme, content=content, mode=RosterImport.Mode.FULL)
        assert (rejected(batch), set(batch.counts)) == ([], {"unchanged"})
        apply(world, batch)
        assert (batch.status, everything()) == ("applied", before)


def _make(world: World, acme: Roster, departments: list[tuple[str, int, str]]) -> list[Account]:
    found = [acme.account]
    for name, place, external_id in departments:
        with suppress(InvalidInput):
            made = roster.put_department(
                roster=acme,
                name=name,
                external_id=external_id,
                parent=found[place % len(found)],
                at=world.at,
            )
            found.append(made)
    return found


def _put(
    world: World, acme: Roster, accounts: list[Account], *, place: int = 0, **wanted: Any
) -> None:
    account = accounts[place % len(accounts)]
    roster.put(
        roster=acme,
        wanted=[Wanted(account_id=account.pk, **wanted)],
        origin=BY_API,
        shop=SHOP,
        at=world.at,
    )


# Imported twice

CELLS = {
    "external_id": EXTERNAL_IDS,
    "email": st.one_of(st.sampled_from((*EMAILS, "ANN@acme.example", "")), TEXTS),
    "first_name": TEXTS,
    "title": TEXTS,
    "department": st.one_of(st.sampled_from((*DEPARTMENTS, "North", "Sales>North", "")), TEXTS),
    "manager": st.one_of(st.sampled_from((*EMAILS, "1", "a", "")), TEXTS),
    "active": st.sampled_from(("yes", "no", "TRUE", "0", "", "?")),
    "effective_on": st.sampled_from(("", "2026-01-04", "2026-01-05", "6.1.2026", "2027-01-01")),
}


def _files() -> SearchStrategy[list[dict[str, str]]]:
    def rows(columns: list[str]) -> SearchStrategy[list[dict[str, str]]]:
        row = st.fixed_dictionaries({column: CELLS[column] for column in columns})
        return st.lists(row.filter(_says_something), min_size=1, max_size=6)

    columns = st.lists(st.sampled_from(list(CELLS)), unique=True)
    return columns.map(lambda some: list({*some, "email"})).flatmap(rows)


def _says_something(cells: dict[str, str]) -> bool:
    return any(cell.strip() for cell in cells.values())


@SETTINGS
@given(before=_files(), rows=_files(), is_whole=st.booleans())
def test_a_file_imported_twice_changes_nothing_the_second_time(
    before: list[dict[str, str]], rows: list[dict[str, str]], is_whole: bool
) -> None:
    mode = RosterImport.Mode.FULL if is_whole else RosterImport.Mode.PARTIAL
    with _undone() as world:
        acme = add_roster(world, largest_leave_percent=100)
        world.account("North", under=world.account("Sales", under=acme.account))
        _import(world, acme, before, RosterImport.Mode.PARTIAL)
        first = _import(world, acme, rows, mode)
        assert not_followed(acme) == []
        found = everything()
        again = _import(world, acme, rows, mode)
        assert rejected(again) == rejected(first)
        if again.status == "applied":
            assert set(again.counts) <= {"unchanged"}
        assert everything() == found


def _import(
    world: World, acme: Roster, rows: list[dict[str, str]], mode: RosterImport.Mode
) -> RosterImport:
    """Import a file, if it may be: of a whole one every line has to be good."""
    batch = preview(world, acme, *rows, mode=mode, creates_departments=True)
    note(f"{rows} {batch.counts} {batch.rejected}")
    if mode == RosterImport.Mode.PARTIAL or not batch.rejected:
        apply(world, batch, confirmed_leavers=roster.leavers_of(batch), lines_at_once=2)
    return batch
