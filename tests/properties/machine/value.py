"""Rules about value that enters lots or is taken back, and about ceilings."""

from __future__ import annotations

import datetime as dt

from django.db import connection
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from saleor_program_budgets import accounts, ledger, programs
from saleor_program_budgets.models import Cap, Lot, Raise
from saleor_program_budgets.money import Amount
from tests.properties.machine.bench import AMOUNTS, LIFETIMES, PLACES, SELDOM, Bench, cents
from tests.properties.reference.rows import ITEM, MONEY, Refused

CEILINGS = st.one_of(st.integers(0, 40), st.integers(0, 120), st.integers(100, 400))
COUNTS = st.integers(1, 5)


class ValueRules(Bench):
    """Grants, adjustments, clawbacks; caps, their raises and their shares."""

    @rule(place=PLACES, more=st.sampled_from([0, 0, 1, 2]), amount=AMOUNTS, hours=LIFETIMES)
    def grant(self, place: int, more: int, amount: int, hours: int | None) -> None:
        """Grant to one member or several of one program in one call."""
        member, person = self.person(place)
        same = [pk for pk, other in self.model.people.items() if other.program == person.program]
        chosen = sorted({member.pk, *same[:more]})
        granted = self._grant(chosen, cents(amount), hours)
        assert (granted.count, granted.total) == (len(chosen), cents(amount * len(chosen)))

    @rule(place=PLACES, count=COUNTS, hours=LIFETIMES, with_budget=st.sampled_from([1, 1, 1, 0]))
    def grant_items(self, place: int, count: int, hours: int | None, with_budget: int) -> None:
        """Grant items; a member without a budget in them has to have one opened first."""
        member, person = self.person(place)
        if with_budget:
            ledger.open_member_limits(program=member.program, members=[member.pk], unit=ITEM)
            self.model.open_items(member.pk)
        refused = None if ITEM in person.lots else Refused("NotFound")
        self._grant([member.pk], Amount(count, ITEM), hours, refused=refused)

    def _grant(
        self,
        members: list[int],
        amount: Amount,
        hours: int | None,
        *,
        refused: Refused | None = None,
    ) -> ledger.Granted:
        expires_at = self.after(hours)
        program = self.model.people[members[0]].program
        request = {
            "members": members,
            "origin": Lot.Origin.GRANT,
            "cycle": self.cycles[program],
            "expires_at": expires_at,
            "reason": "a test",
            "key": self.world.key("grant"),
            "actor": self.world.actor,
        }
        granted = self.perform(
            f"grant {amount.currency}",
            lambda: ledger.grant(**request, amount=amount, at=self.world.at),
            refused,
            misuse=lambda: ledger.grant(
                **request, amount=Amount(amount.minor + 1, amount.currency), at=self.world.at
            ),
        )
        if refused is None:
            for pk in members:
                self.model.grant(pk, amount.currency, amount.minor, expires_at)
        return granted

    @rule(
        place=PLACES,
        amount=AMOUNTS,
        is_less=st.booleans(),
        fits=st.sampled_from([True, True, False]),
        of_items=SELDOM,
        hours=LIFETIMES,
    )
    def adjust(
        self,
        place: int,
        amount: int,
        is_less: bool,
        fits: bool,
        of_items: bool,
        hours: int | None,
    ) -> None:
        member, person = self.person(place)
        unit = ITEM if of_items else MONEY
        available = self.model.available(member.pk, unit)
        if is_less and fits and available:
            amount = 1 + amount % available
        elif of_items:
            amount = 1 + amount % 5
        expires_at = self.after(hours)
        request = {
            "member": member,
            "cycle": self.cycles[person.program],
            "expires_at": expires_at,
            "reason": "a test",
            "key": self.world.key("adjust"),
            "actor": self.world.actor,
        }
        signed = -amount if is_less else amount
        if is_less:
            decided = self.model.withdraw(member.pk, unit, amount, kind="adjustment")
        else:
            decided = self.model.grant(member.pk, unit, amount, expires_at, kind="adjustment")
        correction = self.perform(
            f"adjust {'down' if is_less else 'up'} {unit}",
            lambda: ledger.adjust(**request, amount=Amount(signed, unit), at=self.world.at),
            decided if isinstance(decided, Refused) else None,
            misuse=lambda: ledger.adjust(
                **request, amount=Amount(signed + signed, unit), at=self.world.at
            ),
        )
        if not isinstance(decided, Refused):
            assert correction.amount == Amount(signed, unit)

    @rule(place=PLACES, of_items=SELDOM)
    def claw_back(self, place: int, of_items: bool) -> None:
        member, person = self.person(place)
        unit = ITEM if of_items else MONEY
        request = {
            "member": member,
            "unit": unit,
            "cycle": self.cycles[person.program],
            "key": self.world.key("clawback"),
            "actor": self.world.actor,
        }
        decided = self.model.withdraw(member.pk, unit, None, kind="clawback")
        correction = self.perform(
            f"claw back {unit}" if decided else "claw back nothing",
            lambda: ledger.claw_back(**request, reason="a test", at=self.world.at),
            decided if isinstance(decided, Refused) else None,
            misuse=lambda: ledger.claw_back(**request, reason="another", at=self.world.at),
        )
        if not isinstance(decided, Refused):
            assert correction.amount == Amount(-decided, unit)
            assert (correction.posting_id is None) == (decided == 0)

    # Ceilings

    @rule(
        place=PLACES,
        ceiling=CEILINGS,
        program=st.sampled_from([0, 0, 1, None]),
        of_items=SELDOM,
    )
    def set_cap(self, place: int, ceiling: int, program: int | None, of_items: bool) -> None:
        """Set a new cap, or a known one's ceiling, of a program or of all."""
        account = self.account(place)
        row = None if program is None else self.programs[program]
        unit = ITEM if of_items else MONEY
        if of_items:
            ceiling %= 12
        key = self.world.key("cap")

        def run(more: int = 0) -> Cap:
            request = {
                "account": account,
                "program": row,
                "reason": "a test",
                "key": key,
                "actor": self.world.actor,
                "at": self.world.at,
            }
            amount = Amount(ceiling + more, unit)
            if not of_items:
                return programs.set_cap(**request, amount=amount)
            return ledger.set_cap(
                **request,
                depth=accounts.depth_of(account),
                cycle=self.cycles[row.pk] if row else None,
                ceiling=amount,
            )

        program_id = row.pk if row else None
        if program_id is not None and not of_items:
            self.model.turn(program_id)
        known = self.model.find_cap(account.pk, program_id, unit)
        was_raised = known is not None and known.raised(self.world.at) > 0
        kind = "set cap while raised" if was_raised else "set cap again" if known else "set new cap"
        cap = self.perform(kind, run, misuse=lambda: run(1))
        self.model.set_cap(cap.pk, account.pk, program_id, unit, ceiling)
        known = self.model.find_cap(account.pk, program_id, unit)
        assert (cap.ceiling, cap.raised) == (
            ceiling + known.raised(self.world.at),
            known.raised(self.world.at),
        )
        if known.room(self.world.at) < 0:
            self.count(kind, "with an overhang")

    @precondition(lambda self: self.model.caps)
    @rule(
        place=PLACES,
        amount=st.integers(1, 120),
        minutes=st.sampled_from([30, 60, 60, 120, 300, 0]),
    )
    def raise_cap(self, place: int, amount: int, minutes: int) -> None:
        standing = [cap for cap in self.model.caps if cap.is_open]
        known = standing[-1 - place % len(standing)]
        cap = Cap.objects.get(pk=known.pk)
        if cap.unit == ITEM:
            amount = 1 + amount % 6
        ends_at = self.world.at + dt.timedelta(minutes=minutes)
        request = {
            "cap": cap,
            "ends_at": ends_at,
            "reason": "a test",
            "key": self.world.key("raise"),
            "actor": self.world.actor,
        }

        def run(more: int = 0) -> Raise:
            return programs.raise_cap(
                **request, amount=Amount(amount + more, cap.unit), at=self.world.at
            )

        extra = self.perform(
            "raise cap",
            run,
            None if minutes else Refused("InvalidInput"),
            misuse=lambda: run(1),
        )
        if minutes:
            self.model.raise_cap(known, extra.pk, amount, ends_at)

    @precondition(lambda self: any(cap.raises for cap in self.model.caps))
    @rule()
    def end_due_raises(self) -> None:
        due = sum(ends_at <= self.world.at for ends_at in self.running)
        assert ledger.end_due_raises(at=self.world.at) == due
        assert ledger.end_due_raises(at=self.world.at) == 0
        self.count("end due raises", "some" if due else "none")

    @precondition(lambda self: self.model.caps)
    @rule(place=PLACES, spread=st.integers(1, 16))
    def divide(self, place: int, spread: int) -> None:
        """Split a cap over shares, as a crowd does; of an overhung one nothing is left to split."""
        standing = [cap for cap in self.model.caps if cap.is_open]
        known = standing[-1 - place % len(standing)]
        with connection.cursor() as cursor:
            cursor.execute("SELECT program_budgets_lock_cap(%s)", [known.pk])
            cursor.execute("SELECT program_budgets_free(%s)", [known.pk])
            [free] = cursor.fetchone()
            cursor.execute(
                "SELECT program_budgets_divide(%s, %s, %s)",
                [known.pk, spread if free >= 0 else 1, self.world.at],
            )
        self.count("divide", "done" if free >= 0 else "of an overhung cap")
