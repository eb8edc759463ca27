"""Rules about putting right: reversals, the rebuild, and retries that change nothing."""

from __future__ import annotations

import json
from collections import Counter

from django.db import connection
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from saleor_program_budgets import ledger
from saleor_program_budgets.errors import KeyConflict
from saleor_program_budgets.money import Amount
from tests.properties.books import digest
from tests.properties.machine.bench import PLACES, Bench, attempt, identity
from tests.properties.reference.rows import Move, Refused
from tests.properties.reference.value import UndoRaise
from tests.support.database import Rows, snapshot

KINDS = (
    "grant",
    "adjustment",
    "clawback",
    "ceiling",
    "raise",
    "refund",
    "refund",
    "refund",
    "hold",
    "capture",
    "release",
    "share",
    "reversal",
    "rollover",
    "lapse",
)
DAMAGE = {
    "lot": (
        "amount = amount + 9, held = held + 2, lapsed = lapsed + 3, moved = moved + 1",
        "amount = amount + 4, spent = spent + 1, withdrawn = withdrawn + 2",
        "amount = amount - held - spent, held = 0, spent = 0",
        "amount = 0, held = 0, spent = 0, lapsed = 0, withdrawn = 0, moved = 0",
    ),
    "limit": (
        "ceiling = ceiling + 1",
        "held = held + 5, overhang = overhang + 5",
        "ceiling = 1000, held = 0, spent = 0, overhang = 0",
        "spent = spent + 3, ceiling = ceiling + 3",
    ),
    "holdlot": (
        "amount = amount + 2, released = released + 1",
        "captured = 0, released = 0, refunded = 0",
        "amount = amount + 1, captured = captured + 1, refunded = refunded + 1",
    ),
    "hold": (
        "amount = amount + 2, captured = captured + 1, items = items + 1",
        "captured = 0, released = 0, items_captured = 0, refunded = 0, items_refunded = 0",
        "items = items + 2, items_captured = items_captured + 2, refunded = captured",
    ),
}
"""Wrong figures that the constraints let pass."""
CACHES = tuple(f"_{table}" for table in DAMAGE)


class CorrectionRules(Bench):
    """Reverse, rebuild, repeat."""

    @rule(kind=st.sampled_from(KINDS), place=PLACES)
    def reverse(self, kind: str, place: int) -> None:
        """Undo a posting of this kind, or of any if there is none: the latest most often."""
        journal = self.model.journal
        of_kind = [pk for pk, move in journal.items() if _kind(move) == kind] or list(journal)
        pk = sorted(of_kind)[-1 - place // 3 % len(of_kind)]
        move, key = journal[pk], self.world.key("reverse")

        def run(reason: str = "a test") -> ledger.Correction:
            return ledger.reverse(
                posting_id=pk,
                reason=reason,
                key=key,
                actor=self.world.actor,
                at=self.world.at,
            )

        decided = self.model.reverse(pk)
        refused = decided if isinstance(decided, Refused) else None
        correction = self.perform(
            f"reverse {_kind(move)}", run, refused, misuse=lambda: run("another")
        )
        if refused is None:
            assert correction.amount == Amount(move.amount, move.unit)

    @rule(damage=st.one_of(st.none(), st.tuples(*[st.integers(0, 99)] * 5)))
    def rebuild(self, damage: tuple[int, ...] | None) -> None:
        """Rebuild what is right, which changes nothing, or some wrong rows, which repairs them."""
        before = snapshot()
        if damage is not None:
            self._do_damage(*damage)
        wrong = _different(before, snapshot())
        assert ledger.verify().is_clean == (not wrong)
        rebuilt = ledger.rebuild()
        assert Counter({name: getattr(rebuilt, name) for name in rebuilt.__slots__}) == wrong
        assert snapshot() == before
        self.count("rebuild", "repaired" if wrong else "clean")

    def _do_damage(self, seed: int, *choices: int) -> None:
        """Spoil about a third of each table's rows."""
        with connection.cursor() as cursor:
            for (table, ways), choice in zip(DAMAGE.items(), choices, strict=True):
                assignments = ways[choice % len(ways)]
                cursor.execute(
                    f"UPDATE program_budgets_{table} SET {assignments}"
                    " WHERE abs(hashtext(id::text || %s)) %% 3 = 0",
                    [str(seed)],
                )

    @precondition(lambda self: self.requests)
    @rule(place=PLACES)
    def repeat_a_request(self, place: int) -> None:
        self.catch_up()
        request = self.requests[-1 - place % len(self.requests)]
        before = digest()
        outcome = attempt(request.again)
        assert digest() == before
        assert identity(outcome) == identity(request.outcome)
        assert getattr(outcome, "is_replay", True)
        self.count("repeat a request", request.kind.split()[0])

    @precondition(lambda self: self.requests)
    @rule(place=PLACES)
    def misuse_a_key(self, place: int) -> None:
        self.catch_up()
        request = self.requests[-1 - place % len(self.requests)]
        before = digest()
        assert isinstance(attempt(request.misuse), KeyConflict)
        assert digest() == before
        self.count("misuse a key", request.kind.split()[0])


def _kind(move: Move) -> str:
    return "raise" if isinstance(move.undo, UndoRaise) else move.kind


def _different(before: Rows, after: Rows) -> Counter[str]:
    """Return how many rows differ, by what the rebuild calls them."""
    found: Counter[str] = Counter()
    for table, rows in after.items():
        if table.endswith(CACHES):
            changed = set(map(str, rows)) - set(map(str, before[table]))
            found.update(_name(table, json.loads(row)) for row in changed)
    return found


def _name(table: str, row: dict[str, object]) -> str:
    if table.endswith("_limit"):
        return "members" if row["kind"] == "member" else "caps"
    return {"lot": "lots", "holdlot": "pins", "hold": "holds"}[table.rsplit("_", 1)[1]]
