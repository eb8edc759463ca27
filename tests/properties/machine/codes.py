"""Rules about redemption codes, as far as they are worth money of ours."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import rule

from saleor_program_budgets import codes
from tests.properties.machine.bench import AMOUNTS, LIFETIMES, PLACES, Bench, cents
from tests.properties.reference.rows import MONEY, Refused
from tests.support.issuing import caller, found, issue


class CodeRules(Bench):
    """Store credit, issued to one member and entered by them or by another."""

    @rule(place=PLACES, by=st.sampled_from([0, 0, 0, 1]), amount=AMOUNTS, hours=LIFETIMES)
    def redeem_code(self, place: int, by: int, amount: int, hours: int | None) -> None:
        """Grant what a code is worth, once; a second time it is refused."""
        member, person = self.person(place)
        other, _ = self.person(place + by)
        program = self.model.programs[person.program]
        ends_at = self.after(hours)
        text = issue(self.world, member, amount_minor=amount, credit_expires_at=ends_at)
        is_theirs = other.user_id == member.user_id
        is_fine = is_theirs and self.model.refusal_before_limits(member.pk) is None
        refused = None if is_fine else Refused("CodeRefused")

        def redeem() -> codes.Redeemed:
            seen = found(text, channel=program.channel)
            return codes.redeem_credit(
                found=seen, caller=caller(other, channel_id=program.channel), at=self.world.at
            )

        redeemed = self.perform("redeem code", redeem, refused)
        if refused is None:
            self.model.catch_up(member.pk)
            expires_at = ends_at or self.model.programs[person.program].ends_at
            self.model.grant(member.pk, MONEY, amount, expires_at)
            assert (redeemed.amount, redeemed.expires_at) == (cents(amount), expires_at)
            self.the_ledger_agrees_with_the_model()
            self.perform("redeem code again", redeem, Refused("CodeRefused"))
