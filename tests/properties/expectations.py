"""What the model expects of the books, and of what a member is shown."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from saleor_program_budgets import ledger
from saleor_program_budgets.models import Cycle, Posting
from tests.properties.books import PIN, lot_figures, pin_figures
from tests.properties.reference.rows import ITEM, MONEY, UNITS, Move, Person

if TYPE_CHECKING:
    from tests.properties.books import Books
    from tests.properties.reference.model import Model

POSTING = (
    "kind",
    "amount",
    "items",
    "unit",
    "program_id",
    "member_id",
    "account_id",
    "hold_id",
    "order_id",
    "checkout_id",
    "reverses_id",
)
BY_ITSELF = "system:raises"
"""Who records that a temporary raise is over: whoever meets the cap first, or a job."""

_posting = attrgetter(*POSTING)


def learn(model: Model, rows: Books) -> None:
    """Let the model know the ids of what it has expected, and find nothing else written.

    When the end of a raise is recorded, how a cap is split, and in how many postings a job writes
    down what has lapsed, is no business of the model's; they are put into its journal as they come.
    """
    _learn_lots(model, rows)
    _learn_caps(model, rows)
    found = []
    for posting in rows.postings:
        if posting.kind in {Posting.Kind.SHARE, Posting.Kind.LAPSE} or posting.actor == BY_ITSELF:
            model.journal[posting.id] = Move(posting.kind, posting.amount)
        else:
            found.append((tuple(str(fact or "") for fact in _posting(posting)), posting.id))
    expected = [(_facts(move), move) for move in model.moves]
    found.sort(key=lambda known: known[0])
    expected.sort(key=lambda known: known[0])
    assert [facts for facts, _ in found] == [facts for facts, _ in expected]
    for (_, pk), (_, move) in zip(found, expected, strict=True):
        model.journal[pk] = move
    model.moves.clear()


def _learn_lots(model: Model, rows: Books) -> None:
    """Let the model know its new lots' ids; those that others are the source of come first."""
    known = {lot.pk for person in model.people.values() for lot in person.all_lots if lot.pk}
    found = {lot.id: lot for lot in rows.lots if lot.id not in known}
    waiting = model.new_lots[:]
    while waiting:
        ready = [lot for lot in waiting if lot.source is None or lot.source.pk]
        waiting = [lot for lot in waiting if lot not in ready]
        ready.sort(key=lambda lot: (lot.member, lot.unit, lot.source.pk if lot.source else 0))
        matching = sorted(
            (lot.member_id, lot.unit, lot.source_id or 0, lot.id)
            for lot in found.values()
            if lot.source_id is None or lot.source_id in known
        )
        for (*facts, pk), lot in zip(matching, ready, strict=True):
            assert facts == [lot.member, lot.unit, lot.source.pk if lot.source else 0]
            lot.pk = pk
            known.add(pk)
            del found[pk]
    assert not found
    model.new_lots.clear()


def _learn_caps(model: Model, rows: Books) -> None:
    """Let the model know the ids of the caps that stand again in the next cycle, or in several."""
    known = {cap.pk for cap in model.caps}
    found = defaultdict(list)
    for cap in sorted(rows.caps, key=lambda cap: cap.id):
        if cap.id not in known:
            found[cap.account_id, cap.program_id, cap.unit].append(cap.id)
    for cap in model.caps:
        if not cap.pk:
            cap.pk = found[cap.account, cap.program, cap.unit].pop(0)
    assert not any(found.values())


def _facts(move: Move) -> tuple[str, ...]:
    facts = (
        move.kind,
        move.amount,
        move.items,
        move.unit,
        move.program,
        move.member,
        move.account,
        move.hold,
        move.order,
        move.checkout,
        move.reverses,
    )
    return tuple(str(fact or "") for fact in facts)


def expected(model: Model) -> dict[str, Any]:
    """Return ``Books.figures`` as the model has them."""
    at, holds = model.at, model.holds.values()
    return {
        "lots": {
            lot.pk: (
                *lot_figures(lot),
                lot.member,
                lot.unit,
                lot.expires_at,
                lot.created_at,
                lot.source and lot.source.pk,
                lot.origin == "carry",
                lot.cycle,
            )
            for person in model.people.values()
            for lot in person.all_lots
        },
        "caps": {
            cap.pk: (
                (cap.account, cap.program, cap.unit),
                (cap.ceiling(at), cap.raised(at), cap.held, cap.spent, max(-cap.room(at), 0)),
                cap.is_open,
            )
            for cap in model.caps
        },
        "raises": {
            extra.pk: (extra.amount, extra.ends_at, extra.counts(at))
            for cap in model.caps
            for extra in cap.raises
        },
        "budgets": {
            (person.pk, unit): (
                sum(lot.amount - lot.gone for lot in lots),
                sum(lot.held for lot in lots),
                sum(lot.spent for lot in lots),
                0,
                person.renews[unit],
            )
            for person in model.people.values()
            for unit, lots in person.lots.items()
        },
        "cycles": {
            program.pk: (program.number, program.starts_at, program.ends_at)
            for program in model.programs.values()
        },
        "rollovers": {
            (person.pk, unit, ends_at): (
                rollover.carry_limit,
                rollover.carry_until,
                rollover.carried,
                rollover.lapsed,
            )
            for person in model.people.values()
            for (unit, ends_at), rollover in person.rollovers.items()
        },
        "holds": {
            str(hold.pk): (
                tuple(hold.total(column, unit) for unit in UNITS for column in PIN),
                (hold.member, hold.program, hold.account),
                (hold.checkout, hold.order, hold.expires_at, hold.created_at),
            )
            for hold in holds
        },
        "pins": sorted(
            (str(hold.pk), position, line.lot.pk, *pin_figures(line))
            for hold in holds
            for position, line in enumerate(hold.lines, start=1)
        ),
        "under": sorted((str(hold.pk), cap.pk) for hold in holds for cap in hold.caps),
    }


def shown(person: Person, cycle: Cycle, at: dt.datetime) -> dict[str, Any]:
    """Return what a member is shown: the balance in each unit, and the caps over it."""
    found: dict[str, Any] = {}
    for unit in person.lots:
        balance = ledger.balances(
            members=[person.pk], cycle=cycle, at=at, in_items=unit == ITEM
        ).get(person.pk, ledger.Balance())
        found[unit] = (
            balance.granted,
            balance.available,
            balance.held,
            balance.spent,
            balance.lapsed,
            balance.withdrawn,
        )
    found["caps"] = [
        (cap.pk, cap.ceiling, cap.raised, cap.available)
        for cap in ledger.caps_over(account_id=person.account, cycle=cycle, unit=MONEY, at=at)
    ]
    return found


def to_be_shown(model: Model, person: Person) -> dict[str, Any]:
    """Return the same as the model has it."""
    expected: dict[str, Any] = {unit: model.balance(person.pk, unit) for unit in person.lots}
    expected["caps"] = [
        (cap.pk, cap.ceiling(model.at), cap.raised(model.at), max(cap.room(model.at), 0))
        for cap in model.caps_over(person.account, person.program)
        if cap.unit == MONEY
    ]
    return expected
