"""Redemption codes and leak alarms on Saleor's notification path, to whatever sends the mail."""

from __future__ import annotations

import logging
from functools import cached_property
from typing import TYPE_CHECKING, Any

import graphene
from saleor.account.models import StaffNotificationRecipient, User
from saleor.account.notifications import get_default_user_payload
from saleor.core.notification.utils import get_site_context
from saleor.discount.models import Voucher, VoucherChannelListing
from saleor.plugins.manager import get_plugins_manager

from saleor_program_budgets import codes
from saleor_program_budgets.interfaces.notifications import channel_of
from saleor_program_budgets.models import CodeBatch
from saleor_program_budgets.money import Amount
from saleor_program_budgets.programs import jobs

if TYPE_CHECKING:
    from datetime import datetime

    from saleor.channel.models import Channel

    from saleor_program_budgets.codes import Issued
    from saleor_program_budgets.models import JobRun, Program

logger = logging.getLogger(__name__)

CODE = "program_budgets_redemption_code"
LEAK = "program_budgets_code_leak"
"""The events that plugins and webhooks know these by; docs/operations.md has their payloads."""
JOB = "watch-codes"


class CodeMail:
    """Hands each code of one batch to Saleor, for whom it was issued to."""

    def __init__(self, batch: CodeBatch) -> None:
        self.batch = batch
        self.manager = get_plugins_manager(allow_replica=False)
        self.channel = channel_of(batch.program)

    def __call__(self, issued: Issued) -> None:
        """Send one code; what a deliverer raises is raised."""
        self.manager.notify(
            CODE, lambda: self.payload_of(issued), channel_slug=_slug_of(self.channel)
        )

    def payload_of(self, issued: Issued) -> dict[str, Any]:
        """Return what deliverers are told; amounts are decimals in major units."""
        batch, user = self.batch, User.objects.get(pk=int(issued.user_reference))
        return {
            "user": get_default_user_payload(user),
            "recipient_email": issued.email,
            "channel_slug": _slug_of(self.channel),
            "program": _described(batch.program),
            "code": issued.text,
            "kind": batch.kind,
            "amount": self._amount,
            "unit": batch.program.currency,
            "credit_days": batch.credit_days,
            "credit_expires_at": _iso(batch.credit_expires_at),
            "voucher": self._voucher,
            "expires_at": _iso(batch.expires_at),
            **self._site,
        }

    @cached_property
    def _site(self) -> dict[str, Any]:
        site: dict[str, Any] = get_site_context()
        return site

    @cached_property
    def _amount(self) -> str | None:
        minor = self.batch.amount_minor
        if minor is None:
            return None
        return str(Amount(minor, self.batch.program.currency).to_decimal())

    @cached_property
    def _voucher(self) -> dict[str, Any] | None:
        """Describe what a discount code is worth in the channel."""
        voucher = Voucher.objects.filter(pk=self.batch.voucher_reference or None).first()
        if voucher is None:
            return None
        listings = VoucherChannelListing.objects.filter(voucher=voucher, channel=self.channel)
        listing = listings.first() if self.channel else None
        return {
            "id": graphene.Node.to_global_id("Voucher", voucher.pk),
            "name": voucher.name,
            "type": voucher.type,
            "discount_value_type": voucher.discount_value_type,
            "discount_value": str(listing.discount_value) if listing else None,
            "currency": listing.currency if listing else None,
        }


def watch_codes(*, at: datetime) -> JobRun | None:
    """Alarm staff about batches that seem to have leaked, once each.

    Returns the record of the run, or ``None`` where another one is under way.
    """
    try:
        with jobs.run(JOB, at=at) as run:
            noticed = codes.watch(at=at)
            run.result = {"batches": [batch.pk for batch in noticed]}
            run.progress(len(noticed))
            for batch in noticed:
                _alarm(batch)
    except jobs.AlreadyRunning:
        return None
    return run.record


def _alarm(batch: CodeBatch) -> None:
    """Tell who is told of new orders too; the batch itself shows the alarm in any case."""
    logger.warning("Many codes of batch %s are tried by others than their members", batch.pk)
    channel_slug = _slug_of(channel_of(batch.program))
    recipients = StaffNotificationRecipient.objects.filter(
        active=True, user__is_active=True, user__is_staff=True
    )
    payload = {
        "recipient_list": [recipient.get_email() for recipient in recipients],
        "channel_slug": channel_slug,
        "program": _described(batch.program),
        "batch": {
            "id": graphene.Node.to_global_id("ProgramBudgetCodeBatch", batch.pk),
            "name": batch.name,
        },
        "noticed_at": _iso(batch.leak_noticed_at),
        **get_site_context(),
    }
    try:
        manager = get_plugins_manager(allow_replica=False)
        manager.notify(LEAK, lambda: payload, channel_slug=channel_slug)
    except Exception:
        # A deliverer that fails must not keep the alarms about other batches back.
        logger.exception("The alarm about batch %s could not be sent", batch.pk)


def _described(program: Program) -> dict[str, str]:
    return {"name": program.name, "slug": program.slug, "time_zone": program.time_zone}


def _slug_of(channel: Channel | None) -> str | None:
    return channel.slug if channel else None


def _iso(instant: datetime | None) -> str | None:
    return instant.isoformat() if instant else None
