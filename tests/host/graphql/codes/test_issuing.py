"""Codes are made and sent in tasks that can be lost, and reach whatever delivers the mail."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from saleor.account.models import StaffNotificationRecipient, User

from saleor_program_budgets import codes, tasks
from saleor_program_budgets.interfaces import issuing
from saleor_program_budgets.ledger import Actor
from saleor_program_budgets.models import (
    Adjustment,
    CodeAttempt,
    CodeBatch,
    CodeRedemption,
    JobRun,
    Lot,
)
from saleor_program_budgets.money import Amount
from saleor_program_budgets.programs import jobs
from tests.host.graphql.queries import gid

STAFF = Actor("staff", "1")


@pytest.fixture
def waiting(store, member, ada) -> CodeBatch:
    """Return a batch whose task was lost before it began."""
    return codes.create_batch(
        program=store.program,
        name="Anniversary",
        kind=CodeBatch.Kind.STORE_CREDIT,
        delivery=CodeBatch.Delivery.DOWNLOAD,
        amount=Amount(2_500, "USD"),
        actor=STAFF,
        at=timezone.now(),
    )


@pytest.fixture
def mailed(waiting) -> CodeBatch:
    """Return such a batch that goes by e-mail."""
    waiting.delivery = CodeBatch.Delivery.EMAIL
    waiting.save()
    return waiting


def try_as_others(batch, at) -> None:
    """Try each of the batch's codes as somebody else."""
    thief = codes.Caller(
        user_id=User.objects.create(email="thief@example.com").pk,
        actor=Actor("user", "thief"),
        channel_id="1",
        place=CodeAttempt.Place.CHECKOUT,
    )
    for code in batch.codes.all():
        attempt = codes.record_refused(
            text="", found=None, reason=CodeAttempt.Reason.NOT_YOURS, caller=thief, at=at
        )
        CodeAttempt.objects.filter(pk=attempt.pk).update(code=code, batch=batch)


def test_a_lost_task_is_taken_up(waiting) -> None:
    assert tasks.resume_codes() == 1
    assert tasks.resume_codes() == 0

    waiting.refresh_from_db()
    assert (waiting.status, waiting.made) == (CodeBatch.Status.READY, 2)


def test_a_long_run_asks_for_another(waiting, monkeypatch) -> None:
    monkeypatch.setattr(issuing, "BUDGET_SECONDS", 0)
    monkeypatch.setattr("saleor_program_budgets.codes.generation.CHUNK", 1)

    tasks.go_on_with_codes(waiting.pk)

    waiting.refresh_from_db()
    assert (waiting.status, waiting.made) == (CodeBatch.Status.READY, 2)
    assert JobRun.objects.filter(name="make-codes").count() > 1


def test_beside_another_run_a_task_waits_and_a_resumed_one_ends(monkeypatch) -> None:
    """PostgreSQL lets a connection take its own lock again, so the other run is pretended."""
    asked = []

    def busy(**_: object) -> bool:
        raise jobs.AlreadyRunning("make-codes")

    monkeypatch.setattr(issuing, "go_on", busy)
    monkeypatch.setattr(
        tasks.go_on_with_codes,
        "apply_async",
        lambda *given, **options: asked.append((given, options)),
    )

    tasks.go_on_with_codes(1, waits=False)
    assert asked == []
    tasks.go_on_with_codes(1)
    assert asked == [(((1,), {"waits": True}), {"countdown": 30})]


def test_each_code_is_sent_once(mail, store, mailed, member) -> None:
    tasks.go_on_with_codes(mailed.pk)
    tasks.go_on_with_codes(mailed.pk)

    assert [event for event, _ in mail.sent] == ["program_budgets_redemption_code"] * 2
    payload = mail.sent[0][1]
    code = payload.pop("code")
    found = codes.find(text=code, channel_id=str(store.channel.pk))
    assert found is not None
    assert found.member == member
    assert payload["user"]["id"] == gid("User", member.user_id)
    assert {name: payload[name] for name in payload if name in WANTED} == {
        "recipient_email": member.user.email,
        "channel_slug": store.channel.slug,
        "program": {"name": "Acme store", "slug": "acme", "time_zone": "UTC"},
        "kind": "store_credit",
        "amount": "25.00",
        "unit": "USD",
        "credit_days": None,
        "credit_expires_at": None,
        "voucher": None,
        "expires_at": None,
    }
    assert {"domain", "site_name", "logo_url"} <= payload.keys()
    mailed.refresh_from_db()
    assert (mailed.status, mailed.sent) == (CodeBatch.Status.DELIVERED, 2)
    assert mailed.secret is None
    assert JobRun.objects.get(name="send-codes").done == 2


WANTED = {
    "recipient_email",
    "channel_slug",
    "program",
    "kind",
    "amount",
    "unit",
    "credit_days",
    "credit_expires_at",
    "voucher",
    "expires_at",
}


def test_a_discount_code_says_what_it_is_worth(mail, create, store, member, voucher) -> None:
    payload = create(
        kind="DISCOUNT", amount=None, voucher=gid("Voucher", voucher.pk), delivery="EMAIL"
    )

    assert (payload["batch"]["status"], payload["batch"]["sent"]) == ("DELIVERED", 1)
    [(_, sent)] = mail.sent
    assert sent["amount"] is None
    assert sent["voucher"] == {
        "id": gid("Voucher", voucher.pk),
        "name": voucher.name,
        "type": voucher.type,
        "discount_value_type": "fixed",
        "discount_value": "20.000",
        "currency": "USD",
    }


def test_what_cannot_be_sent_is_tried_again(mail, mailed, monkeypatch) -> None:
    monkeypatch.setattr(mail, "is_broken", True)
    assert issuing.go_on(batch_id=mailed.pk, at=timezone.now())
    with pytest.raises(OSError, match="the mail server is down"):
        issuing.go_on(batch_id=mailed.pk, at=timezone.now())
    mailed.refresh_from_db()
    assert (mailed.status, mailed.sent) == (CodeBatch.Status.READY, 0)
    assert mailed.error == "OSError: the mail server is down"
    assert "the mail server is down" in JobRun.objects.get(name="send-codes").error

    monkeypatch.setattr(mail, "is_broken", False)
    assert tasks.resume_codes() == 1

    mailed.refresh_from_db()
    assert (mailed.status, mailed.sent, mailed.error) == (CodeBatch.Status.DELIVERED, 2, "")
    assert len(mail.sent) == 2


def test_what_goes_wrong_for_more_than_a_week_is_left_to_staff(waiting) -> None:
    at = timezone.now()
    CodeBatch.objects.update(error="OSError", created_at=at - timedelta(days=8))
    assert issuing.resume(at=at) == 0
    assert issuing.resume(at=at - timedelta(hours=1)) == 1


def test_what_nothing_went_wrong_with_is_never_given_up(waiting) -> None:
    at = timezone.now()
    CodeBatch.objects.update(created_at=at - timedelta(days=800))
    assert issuing.resume(at=at) == 1


def test_credit_that_a_crash_kept_back_is_granted(waiting, member) -> None:
    tasks.go_on_with_codes(waiting.pk)
    code = waiting.codes.get(member=member)
    CodeRedemption.objects.create(
        code=code, user_reference=member.user_reference, redeemed_at=timezone.now()
    )

    assert tasks.complete_credits() == {"granted": 1}
    assert tasks.complete_credits() == {"granted": 0}

    assert Lot.objects.get(origin=Lot.Origin.CODE).amount == 2_500


def test_a_leak_is_told_once(mail, store, waiting, staff_user) -> None:
    for number in range(3):
        store.enroll(User.objects.create(email=f"{number}@example.com"))
    batch = codes.create_batch(
        program=store.program,
        name="Leaking",
        kind=CodeBatch.Kind.STORE_CREDIT,
        delivery=CodeBatch.Delivery.DOWNLOAD,
        amount=Amount(2_500, "USD"),
        actor=STAFF,
        at=timezone.now(),
    )
    tasks.go_on_with_codes(batch.pk)
    StaffNotificationRecipient.objects.create(user=staff_user, active=True)
    at = timezone.now()
    try_as_others(batch, at)

    assert tasks.watch_codes() == {"batches": [batch.pk]}
    assert tasks.watch_codes() == {"batches": []}

    [(event, payload)] = mail.sent
    assert event == "program_budgets_code_leak"
    assert payload["recipient_list"] == [staff_user.email]
    assert payload["batch"] == {
        "id": gid("ProgramBudgetCodeBatch", batch.pk),
        "name": "Leaking",
    }
    batch.refresh_from_db()
    assert payload["noticed_at"] == batch.leak_noticed_at.isoformat()


def test_an_alarm_that_cannot_be_sent_is_still_seen(mail, monkeypatch, waiting) -> None:
    monkeypatch.setattr(mail, "is_broken", True)
    monkeypatch.setattr("saleor_program_budgets.codes.attempts.LEAK_CODES", 2)
    tasks.go_on_with_codes(waiting.pk)
    try_as_others(waiting, timezone.now())

    assert tasks.watch_codes() == {"batches": [waiting.pk]}

    waiting.refresh_from_db()
    assert waiting.leak_noticed_at is not None


def test_old_attempts_and_drafts_are_forgotten(waiting) -> None:
    tasks.go_on_with_codes(waiting.pk)
    long_ago = timezone.now() - timedelta(days=400, minutes=1)
    try_as_others(waiting, long_ago)
    Adjustment.objects.create(
        program=waiting.program, source=Adjustment.Source.LIST, unit="USD", created_at=long_ago
    )

    assert tasks.purge() == {"attempts": 2, "drafts": 1, "imports": 0}
    assert tasks.purge() == {"attempts": 0, "drafts": 0, "imports": 0}
