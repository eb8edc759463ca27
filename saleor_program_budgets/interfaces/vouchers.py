"""Discount codes as codes of a voucher of the shop's, where Saleor finds them."""

from __future__ import annotations

from itertools import batched
from typing import TYPE_CHECKING

from django.db.models import Exists, IntegerField, OuterRef
from django.db.models.functions import Cast
from saleor.discount.models import Voucher, VoucherChannelListing, VoucherCode

from saleor_program_budgets import codes
from saleor_program_budgets.errors import InvalidInput
from saleor_program_budgets.ledger import Actor
from saleor_program_budgets.models import CodeBatch, ProgramChannel

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from saleor_program_budgets.models import Program

AT_ONCE = 5_000


def check_voucher(*, voucher: Voucher, program: Program, at: datetime) -> None:
    """Raise ``InvalidInput`` for a voucher whose codes can't be one for each member.

    Saleor counts a usage limit over all codes of a voucher together, and remembers a customer who
    had one of them: with either, a code would be refused because of others.
    """
    if voucher.usage_limit is not None:
        raise InvalidInput(
            "voucher", "The voucher has a usage limit, which counts all its codes together."
        )
    if voucher.apply_once_per_customer:
        raise InvalidInput(
            "voucher", "The voucher applies once per customer, whichever of its codes they have."
        )
    if voucher.end_date is not None and voucher.end_date <= at:
        raise InvalidInput("voucher", "The voucher is over.")
    channels = ProgramChannel.objects.filter(program=program).values_list("channel_id", flat=True)
    keys = [int(channel_id) for channel_id in channels]
    if not VoucherChannelListing.objects.filter(voucher=voucher, channel_id__in=keys).exists():
        raise InvalidInput("voucher", "The voucher is available in none of the program's channels.")


def publish(batch: CodeBatch, texts: Sequence[str]) -> None:
    """Make *texts* codes of the batch's voucher, in the caller's transaction.

    Raises ``InvalidInput`` when the voucher has been deleted. Webhooks for new voucher codes are
    not sent: they would carry every code of every member.
    """
    voucher = Voucher.objects.filter(pk=batch.voucher_reference).only("pk").first()
    if voucher is None:
        raise InvalidInput("voucher", "The voucher was deleted.", code="NOT_FOUND")
    VoucherCode.objects.bulk_create(
        (VoucherCode(voucher=voucher, code=text) for text in texts), batch_size=AT_ONCE
    )


def revoke_orphans(*, at: datetime) -> int:
    """Revoke the batches whose voucher was deleted in Saleor; returns how many that were.

    Their codes are worth nothing any more, and shouldn't be listed as if they were.
    """
    vouchers = Voucher.objects.filter(pk=OuterRef("voucher_key"))
    orphans = (
        CodeBatch.objects.filter(kind=CodeBatch.Kind.DISCOUNT)
        .exclude(status=CodeBatch.Status.REVOKED)
        .annotate(voucher_key=Cast("voucher_reference", IntegerField()))
        .filter(~Exists(vouchers))
        .defer("recipients", "secret", "rejected")
    )
    found = list(orphans)
    for batch in found:
        codes.revoke_batch(
            batch=batch,
            reason="the voucher was deleted",
            withdraw=withdraw,
            actor=Actor.system("codes"),
            at=at,
        )
    return len(found)


def withdraw(texts: Sequence[str]) -> None:
    """Switch the codes off, in the caller's transaction; they stay, for the orders that name them.

    One that Saleor's staff have deleted is off already.
    """
    for some in batched(texts, AT_ONCE):
        VoucherCode.objects.filter(code__in=some).update(is_active=False)
