"""What has become of codes: worked out in the database, for lists and sums of any size."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Case, Count, F, FilteredRelation, Q, QuerySet, Value, When

from saleor_program_budgets.models import CodeBatch, RedemptionCode

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

State = RedemptionCode.State


def codes_with_state(
    codes: CodeBatch | QuerySet[RedemptionCode], *, at: datetime
) -> QuerySet[RedemptionCode]:
    """Return codes, or a batch's, each with its ``state`` at *at*, ``redeemed_at``, ``order_id``.

    Of several states the first of REDEEMED, REVOKED, EXPIRED. The two others are those of the
    standing redemption, ``None`` without one; store credit has no order.
    """
    found = codes.codes.all() if isinstance(codes, CodeBatch) else codes
    return found.annotate(
        standing=FilteredRelation("redemptions", condition=Q(redemptions__returned_at=None)),
        redeemed_at=F("standing__redeemed_at"),
        order_id=F("standing__order_id"),
        state=Case(
            When(standing__redeemed_at__isnull=False, then=Value(State.REDEEMED)),
            When(revoked_at__isnull=False, then=Value(State.REVOKED)),
            When(
                Q(batch__expires_at__lte=at) | Q(batch__credit_expires_at__lte=at),
                then=Value(State.EXPIRED),
            ),
            default=Value(State.ACTIVE),
        ),
    )


def batch_counts(batches: Sequence[CodeBatch], *, at: datetime) -> dict[int, dict[State, int]]:
    """Return, by batch (id), how many of its codes are in each state at *at*; one query."""
    counts = {batch.pk: dict.fromkeys(State, 0) for batch in batches}
    codes = codes_with_state(RedemptionCode.objects.filter(batch__in=list(counts)), at=at)
    rows = codes.order_by().values("batch_id", "state").annotate(count=Count("pk"))  # type: ignore[misc] # known by annotate()
    for row in rows:
        counts[row["batch_id"]][State(row["state"])] = row["count"]
    return counts
