"""The database's rows in the model's terms."""

from __future__ import annotations

import datetime as dt
import json
from collections import defaultdict
from operator import attrgetter
from types import SimpleNamespace as Row
from typing import TYPE_CHECKING, Any

from django.db import connection

from saleor_program_budgets import ledger
from saleor_program_budgets.ledger.verification import checks
from saleor_program_budgets.models import Cycle, Posting
from tests.properties.reference.rows import ITEM, MONEY, UNITS, Move, Person
from tests.support.database import tables

if TYPE_CHECKING:
    from tests.properties.reference.model import Model

LOT = ("amount", "held", "spent", "lapsed", "withdrawn", "moved")
PIN = ("amount", "captured", "released", "refunded")
HOLD = (*PIN, "items", "items_captured", "items_released", "items_refunded")
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
TABLES = {
    "lots": "SELECT lot.*, budget.member_id, budget.unit, cycle.number FROM program_budgets_lot lot"
    " JOIN program_budgets_limit budget ON budget.id = lot.limit_id"
    " LEFT JOIN program_budgets_cycle cycle ON cycle.id = lot.cycle_id",
    "limits": "SELECT * FROM program_budgets_limit",
    "caps": "SELECT * FROM program_budgets_caps_at(%(at)s)",
    "raises": "SELECT * FROM program_budgets_raise",
    "holds": "SELECT * FROM program_budgets_hold",
    "pins": "SELECT * FROM program_budgets_holdlot",
    "cycles": "SELECT * FROM program_budgets_cycle WHERE closed_at IS NULL",
    "rollovers": "SELECT rollover.*, budget.member_id, budget.unit"
    " FROM program_budgets_rollover rollover"
    " JOIN program_budgets_limit budget ON budget.id = rollover.limit_id",
    "postings": "SELECT * FROM program_budgets_posting WHERE id > %(known)s ORDER BY id",
    "unbalanced": "SELECT posting_id FROM program_budgets_entry"
    " GROUP BY posting_id, limit_id, lot_id HAVING sum(amount) <> 0",
}
READ = "SELECT " + ", ".join(
    f"(SELECT coalesce(jsonb_agg(to_jsonb(t)), '[]') FROM ({query}) t)" for query in TABLES.values()
)
INSTANTS = {
    "expires_at",
    "created_at",
    "starts_at",
    "ends_at",
    "ended_at",
    "raise_ends_at",
    "renews_at",
    "carry_until",
}

_lot, _pin, _hold, _posting = (attrgetter(*names) for names in (LOT, PIN, HOLD, POSTING))


class Books:
    """All rows that carry figures, and the postings after the ones known; read at once.

    Caps are as they stand at the instant.
    """

    def __init__(self, model: Model) -> None:
        self.at = model.at
        with connection.cursor() as cursor:
            cursor.execute(READ, {"at": model.at, "known": max(model.journal, default=0)})
            tables = [[_row(row) for row in json.loads(rows)] for rows in cursor.fetchone()]
        (
            self.lots,
            self.limits,
            self.caps,
            self.raises,
            self.holds,
            self.pins,
            self.cycles,
            self.rollovers,
            self.postings,
            self.unbalanced,
        ) = tables
        self.shares = [limit for limit in self.limits if limit.kind == "cap"]

    def figures(self) -> dict[str, Any]:
        """Return them in the model's terms."""
        at, cap_of = self.at, {share.id: share.cap_id for share in self.shares}
        return {
            "lots": {
                lot.id: (
                    *_lot(lot),
                    lot.member_id,
                    lot.unit,
                    lot.expires_at,
                    lot.created_at,
                    lot.source_id,
                    lot.origin == "carry",
                    lot.number,
                )
                for lot in self.lots
            },
            "caps": {
                cap.id: (
                    (cap.account_id, cap.program_id, cap.unit),
                    (cap.ceiling, cap.raised, cap.held, cap.spent, cap.overhang),
                    cap.is_open,
                )
                for cap in self.caps
            },
            "raises": {
                extra.id: (extra.amount, extra.ends_at, not _is_over(extra, at))
                for extra in self.raises
            },
            "budgets": {
                (limit.member_id, limit.unit): (
                    limit.ceiling,
                    limit.held,
                    limit.spent,
                    limit.overhang,
                    limit.renews_at,
                )
                for limit in self.limits
                if limit.kind == "member"
            },
            "cycles": {
                cycle.program_id: (cycle.number, cycle.starts_at, cycle.ends_at)
                for cycle in self.cycles
            },
            "rollovers": {
                (row.member_id, row.unit, row.ends_at): (
                    row.carry_limit,
                    row.carry_until,
                    row.carried,
                    row.lapsed,
                )
                for row in self.rollovers
            },
            "holds": {
                hold.id: (
                    _hold(hold),
                    (hold.member_id, hold.program_id, hold.account_id),
                    (hold.checkout_id, hold.order_id, hold.expires_at, hold.created_at),
                )
                for hold in self.holds
            },
            "pins": sorted(
                (pin.hold_id, pin.position, pin.lot_id, *_pin(pin)) for pin in self.pins
            ),
            "under": sorted(
                (hold.id, cap_of[share]) for hold in self.holds for share in hold.shares
            ),
        }

    def broken_rules(self, model: Model) -> list[str]:
        """Return each rule that the rows break; none may ever be. Needs no figure of a model's."""
        lots, limits, holds, shares = self.lots, self.limits, self.holds, self.shares
        rules = {
            "nothing is negative": all(
                min(row.held, row.spent, row.overhang) >= 0 for row in limits
            )
            and all(min(*_lot(lot), lot.amount - sum(_lot(lot)[1:])) >= 0 for lot in lots)
            and all(cap.ceiling >= 0 for cap in self.caps),
            "nothing is overspent": all(
                row.held + row.spent <= row.ceiling + row.overhang for row in limits
            ),
            "refunds don't exceed captures": all(
                0 <= hold.refunded <= hold.captured
                and 0 <= hold.items_refunded <= hold.items_captured
                for hold in holds
            ),
            "lots hold what holds have left": all(
                sum(lot.held for lot in lots if lot.unit == unit) == _used(holds, unit)[0]
                for unit in UNITS
            ),
            "a share holds and has spent what the holds in it hold and have spent": all(
                (share.held, share.spent)
                == _used([hold for hold in holds if share.id in hold.shares], share.unit)
                for share in shares
                if share.is_open
            ),
            # What a cap over all programs has used before it was set is counted for open cycles.
            "a cap has used the sum of what is used below it": model.tree_has_moved
            or all(
                (cap.held, cap.spent)
                == _used(
                    [
                        hold
                        for hold in holds
                        if cap.program_id in (None, hold.program_id)
                        and cap.cycle_id in (None, hold.cycle_id)
                        and model.is_below(hold.account_id, cap.account_id)
                    ],
                    cap.unit,
                )
                for cap in self.caps
                if cap.is_open and (cap.program_id or not model.has_turned)
            ),
            "a cap's shares are one whole": all(self._is_whole(cap) for cap in self.caps),
            "value is conserved": self.unbalanced == [],
        }
        return [name for name, holds_true in rules.items() if not holds_true]

    def _is_whole(self, cap: Row) -> bool:
        shares = sorted(
            (share for share in self.shares if share.cap_id == cap.id),
            key=lambda share: share.share,
        )
        running = [
            extra for extra in self.raises if extra.cap_id == cap.id and extra.ended_at is None
        ]
        over = sum(extra.amount for extra in running if _is_over(extra, self.at))
        ends = min((extra.ends_at for extra in running), default=None)
        return (
            [share.share for share in shares] == list(range(len(shares)))
            and 1 <= shares[0].spread <= len(shares)
            and all(share.takes_new == (share.share < shares[0].spread) for share in shares)
            and all(share.raise_ends_at == ends for share in shares)
            and sum(share.ceiling for share in shares) - over == cap.ceiling
            and sum(share.held for share in shares) == cap.held
            and sum(share.spent for share in shares) == cap.spent
        )


def _row(fields: dict[str, Any]) -> Row:
    for name in INSTANTS & fields.keys():
        fields[name] = fields[name] and dt.datetime.fromisoformat(fields[name])
    return Row(**fields)


def _is_over(extra: Row, at: dt.datetime) -> bool:
    return extra.ended_at is not None or extra.ends_at <= at


def _used(holds: list[Row], unit: str) -> tuple[int, int]:
    """Return what the holds have left, and have spent."""
    figures = [_hold(hold)[4:] if unit == ITEM else _hold(hold)[:4] for hold in holds]
    return (
        sum(amount - captured - released for amount, captured, released, _ in figures),
        sum(captured - refunded for _, captured, _, refunded in figures),
    )


def differences() -> list[tuple[str, ...]]:
    """Return what ``ledger.verify`` would name: its checks, in one statement."""
    query = " UNION ALL ".join(
        f"SELECT '{name}', found.* FROM ({query}) found" for name, query in checks().items()
    )
    with connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchall()


# The model's side


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
                *_lot(lot),
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
            (str(hold.pk), position, line.lot.pk, *_pin(line))
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


def digest(*, without: tuple[str, ...] = ()) -> list[tuple[str, str]]:
    """Return a digest of every row of every table of this app, save the tables named *without*."""
    names = [name for name in tables() if name.removeprefix("program_budgets_") not in without]
    query = " UNION ALL ".join(
        f"SELECT '{name}', md5(string_agg(t::text, '\n' ORDER BY t::text)) FROM {name} t"
        for name in names
    )
    with connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchall()
