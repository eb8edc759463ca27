"""The database's rows in the model's terms."""

from __future__ import annotations

import datetime as dt
import json
from operator import attrgetter
from types import SimpleNamespace as Row
from typing import TYPE_CHECKING, Any

from django.db import connection

from saleor_program_budgets.ledger.verification import checks
from tests.properties.reference.rows import ITEM, UNITS
from tests.support.database import tables

if TYPE_CHECKING:
    from tests.properties.reference.model import Model

LOT = ("amount", "held", "spent", "lapsed", "withdrawn", "moved")
PIN = ("amount", "captured", "released", "refunded")
HOLD = (*PIN, "items", "items_captured", "items_released", "items_refunded")
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

lot_figures, pin_figures, _hold = (attrgetter(*names) for names in (LOT, PIN, HOLD))


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
                    *lot_figures(lot),
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
                (pin.hold_id, pin.position, pin.lot_id, *pin_figures(pin)) for pin in self.pins
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
            and all(
                min(*lot_figures(lot), lot.amount - sum(lot_figures(lot)[1:])) >= 0 for lot in lots
            )
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


def digest(*, without: tuple[str, ...] = ()) -> list[tuple[str, str]]:
    """Return a digest of every row of every table of this app, save the tables named *without*.

    What triggers note for figures follows from the others.
    """
    left_out = {*without, "figurechange"}
    names = [name for name in tables() if name.removeprefix("program_budgets_") not in left_out]
    query = " UNION ALL ".join(
        f"SELECT '{name}', md5(string_agg(t::text, '\n' ORDER BY t::text)) FROM {name} t"
        for name in names
    )
    with connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchall()
