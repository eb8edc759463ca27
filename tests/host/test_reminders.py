"""Reminders reach whatever plugin delivers Saleor's notifications, once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from saleor_program_budgets import tasks
from saleor_program_budgets.interfaces import notifications
from saleor_program_budgets.models import JobRun, Lot, Reminder
from tests.host.graphql.queries import gid
from tests.host.support.mail import MailPlugin


@pytest.fixture
def lapsing(member):
    """Let what the member has lapse in five days, apart from the period."""
    Lot.objects.filter(limit__member=member).update(
        expires_at=timezone.now() + timedelta(days=5, hours=1)
    )
    return Lot.objects.get(limit__member=member)


def test_reminder_is_sent_once(mail, store, member, lapsing, customer_user) -> None:
    tasks.remind()
    tasks.remind()

    [(event, payload)] = mail.sent
    assert event == "program_budgets_lapse_reminder"
    assert payload["user"]["id"] == gid("User", customer_user.pk)
    wanted = ("recipient_email", "channel_slug", "program", "amount", "carried", "unit", "days")
    assert {name: payload[name] for name in wanted} == {
        "recipient_email": customer_user.email,
        "channel_slug": store.channel.slug,
        "program": {"name": "Acme store", "slug": "acme", "time_zone": "UTC"},
        "amount": "300.00",
        "carried": "0.00",
        "unit": "USD",
        "days": 7,
    }
    assert payload["expires_at"] == lapsing.expires_at.isoformat()
    assert {"domain", "site_name", "logo_url"} <= payload.keys()
    runs = JobRun.objects.filter(name="remind").order_by("pk")
    assert [run.result["sent"] for run in runs] == [1, 0]


def test_what_cannot_be_sent_is_tried_again(mail, member, lapsing, monkeypatch) -> None:
    monkeypatch.setattr(MailPlugin, "is_broken", True)
    tasks.remind()
    assert (mail.sent, Reminder.objects.get().sent_at) == ([], None)

    monkeypatch.setattr(MailPlugin, "is_broken", False)
    tasks.remind()

    assert len(mail.sent) == 1
    runs = JobRun.objects.filter(name="remind").order_by("pk")
    assert [(run.result["sent"], run.result["failed"]) for run in runs] == [(0, 1), (1, 0)]


def test_nothing_lapses_soon(mail, member) -> None:
    tasks.remind()

    assert mail.sent == []


def test_a_program_without_channels_is_announced_to_plugins_of_no_channel(
    mail, store, member, lapsing
) -> None:
    store.program.channels.all().delete()

    record = notifications.send_reminders(at=timezone.now())

    assert record is not None
    assert record.result == {"sent": 1, "failed": 0, "is_complete": True}
