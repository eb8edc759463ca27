"""The grant that follows the redemption of a store-credit code: due from then on, granted once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import DatabaseError

from saleor_program_budgets import ledger, periods
from saleor_program_budgets.codes.lookup import RUN
from saleor_program_budgets.errors import BudgetError
from saleor_program_budgets.models import CodeBatch, CodeRedemption, Lot, Outcome
from saleor_program_budgets.money import Amount
from saleor_program_budgets.programs import calendar, cycles

if TYPE_CHECKING:
    from datetime import datetime

    from saleor_program_budgets.ledger import Actor
    from saleor_program_budgets.models import Cycle, RedemptionCode

ACTOR = ledger.Actor.system("codes")
LIMIT = 500


@dataclass(frozen=True, slots=True)
class Redeemed:
    """What a store-credit code gave; it lapses at ``expires_at``, with ``None`` never."""

    amount: Amount
    expires_at: datetime | None
    posting_id: int


def grant(
    *, code: RedemptionCode, redemption: CodeRedemption, actor: Actor, at: datetime
) -> Redeemed:
    """Grant what *redemption* made due, under a key of the code's own; repeated, it is the first.

    Raises ``RuntimeError`` inside a transaction, as the ledger does.
    """
    batch, key = code.batch, f"code:{code.pk}"
    code.member.program = batch.program
    cycle = cycles.up_to_date(code.member, at=at)
    expires_at = _expiry(code, redemption, cycle, at)
    amount = Amount(batch.amount_minor or 0, batch.program.currency)
    granted = ledger.grant(
        members=[code.member_id],
        amount=amount,
        origin=Lot.Origin.CODE,
        cycle=cycle,
        expires_at=expires_at,
        reason=f"redemption code {code}",
        key=key,
        actor=actor,
        at=at,
    )
    posting_id: int = Outcome.objects.get(pk=key).result["posting"]
    CodeRedemption.objects.filter(pk=redemption.pk, posting_id=None).update(posting_id=posting_id)
    if granted.is_replay:
        lots = Lot.objects.filter(limit__member=code.member_id, entry__posting_id=posting_id)
        expires_at = lots.values_list("expires_at", flat=True)[0]
    return Redeemed(amount, expires_at, posting_id)


def _expiry(
    code: RedemptionCode, redemption: CodeRedemption, cycle: Cycle | None, at: datetime
) -> datetime | None:
    """Return when the credit lapses: as its batch says, or with the period the member is in.

    A program that has ended has no period; its last one is over, and so is the credit.
    """
    batch = code.batch
    if batch.credit_days is not None:
        zone = batch.program.time_zone
        return periods.days_after(redemption.redeemed_at, days=batch.credit_days, time_zone=zone)
    if batch.credit_expires_at is not None:
        return batch.credit_expires_at
    if cycle is None:
        return batch.program.cycles.order_by("number").values_list("ends_at", flat=True).last()
    return calendar.period_of_member(
        program=batch.program, cycle=cycle, member=code.member, at=at
    ).ends_at


def complete_credits(*, at: datetime, limit: int = LIMIT) -> int:
    """Grant up to *limit* credits that a crash kept from being granted; says how many that were.

    That of a member who has left since waits for them to come back. An error of one doesn't keep
    the others from theirs; it is raised in the end.
    """
    due = (
        CodeRedemption.objects.filter(
            posting_id=None,
            order_id="",
            returned_at=None,
            code__batch__kind=CodeBatch.Kind.STORE_CREDIT,
            code__member__is_active=True,
        )
        .select_related("code__batch__program", "code__member")
        .defer(*(f"code__batch__{name}" for name in RUN))
        .order_by("pk")[:limit]
    )
    done = 0
    failures: list[Exception] = []
    for redemption in due:
        try:
            grant(code=redemption.code, redemption=redemption, actor=ACTOR, at=at)
        except (BudgetError, DatabaseError) as error:
            error.add_note(f"redemption {redemption.pk}: {error}")
            failures.append(error)
        else:
            done += 1
    if failures:
        raise ExceptionGroup("; ".join(error.__notes__[-1] for error in failures), failures)
    return done
