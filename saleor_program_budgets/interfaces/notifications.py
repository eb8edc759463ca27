"""Reminders on Saleor's notification path: whatever sends the shop's e-mail delivers them."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from saleor.account.notifications import get_default_user_payload
from saleor.channel.models import Channel
from saleor.core.notification.utils import get_site_context
from saleor.plugins.manager import get_plugins_manager

from saleor_program_budgets.errors import LedgerInvariant
from saleor_program_budgets.models import JobRun, Program, ProgramChannel
from saleor_program_budgets.money import Amount
from saleor_program_budgets.programs import jobs, reminders

if TYPE_CHECKING:
    from datetime import datetime

    from saleor_program_budgets.models import Reminder

logger = logging.getLogger(__name__)

LAPSE_REMINDER = "program_budgets_lapse_reminder"
"""The event that plugins and webhooks know a reminder by; docs/operations.md has its payload."""
JOB = "remind"
BUDGET_SECONDS = 240.0


def send_reminders(*, at: datetime, budget_seconds: float = BUDGET_SECONDS) -> JobRun | None:
    """Send the reminders that are due, each once; what can't be sent is tried again.

    Returns the record of the run, or ``None`` where another one is under way.
    """
    try:
        with jobs.run(JOB, at=at) as run:
            run.result = {"sent": 0, "failed": 0, "is_complete": True}
            manager = get_plugins_manager(allow_replica=False)
            channels: dict[int, str | None] = {}
            for reminder in reminders.due_reminders(at=at):
                program = reminder.member.program
                if program.pk not in channels:
                    channel = channel_of(program)
                    channels[program.pk] = channel.slug if channel else None
                is_sent = _send(manager, reminder, channels[program.pk])
                if is_sent:
                    reminders.mark_sent(reminder=reminder, at=at)
                run.result["sent" if is_sent else "failed"] += 1
                run.progress(run.result["sent"] + run.result["failed"])
                if run.seconds >= budget_seconds:
                    run.result["is_complete"] = False
                    break
    except jobs.AlreadyRunning:
        return None
    return run.record


def payload_of(reminder: Reminder, *, channel_slug: str | None) -> dict[str, Any]:
    """Return what deliverers are told; amounts are decimals in major units, items whole numbers."""
    member = reminder.member
    program, user = member.program, member.user
    if user is None:
        raise LedgerInvariant("a reminder for a member without a user")
    return {
        "user": get_default_user_payload(user),
        "recipient_email": user.email,
        "channel_slug": channel_slug,
        "program": {"name": program.name, "slug": program.slug, "time_zone": program.time_zone},
        "amount": str(Amount(reminder.amount, reminder.unit).to_decimal()),
        "carried": str(Amount(reminder.carried, reminder.unit).to_decimal()),
        "unit": reminder.unit,
        "expires_at": reminder.expires_at.isoformat(),
        "days": reminder.days,
        **get_site_context(),
    }


def _send(manager: Any, reminder: Reminder, channel_slug: str | None) -> bool:
    """Hand one reminder to Saleor; says whether nothing failed."""
    try:
        manager.notify(
            LAPSE_REMINDER,
            lambda: payload_of(reminder, channel_slug=channel_slug),
            channel_slug=channel_slug,
        )
    except Exception:
        # A deliverer that fails for one member must not keep the others from being told.
        logger.exception("Reminder %s could not be sent", reminder.pk)
        return False
    return True


def channel_of(program: Program) -> Channel | None:
    """Return the program's first channel: mail plugins are configured by channel."""
    first = ProgramChannel.objects.filter(program=program).order_by("pk").first()
    if first is None:
        return None
    found: Channel | None = Channel.objects.filter(pk=int(first.channel_id)).first()
    return found
