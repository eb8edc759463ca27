"""Refused tries: what is kept of them, when they are an alarm, and when they are forgotten."""

import datetime as dt
import json
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from saleor_program_budgets import codes
from saleor_program_budgets.errors import InvalidInput
from saleor_program_budgets.models import CodeAttempt, CodeBatch, CodeLockout, Member
from tests.support.database import snapshot
from tests.support.issuing import UNKNOWN, Place, Reason, caller, found, issue, issue_all
from tests.support.world import DAY, HOUR, INSTANT, World


def refuse(
    world: World, text: str, reason: CodeAttempt.Reason, who: Member | None, **changes: Any
) -> CodeAttempt:
    return codes.record_refused(
        text=text,
        found=codes.find(text=text, channel_id="shop"),
        reason=reason,
        caller=caller(who, **changes),
        at=world.at,
    )


def test_a_try_says_who_tried_whose_code_from_where(world: World) -> None:
    ann, bob = world.members(2, world.account("Acme"))
    text = issue(world, ann)
    refuse(world, text, Reason.NOT_YOURS, bob, place=Place.COMPLETION, order_id="order")
    attempt = CodeAttempt.objects.select_related("code__member", "batch").get()
    assert (attempt.code, attempt.batch) == (found(text).code, CodeBatch.objects.get())
    assert attempt.code.member == ann
    assert (attempt.reason, attempt.place) == ("not_yours", "completion")
    assert (attempt.user_reference, attempt.actor, attempt.address) == (
        bob.user_reference,
        f"user:{bob.user_id}",
        "203.0.113.7",
    )
    assert (attempt.channel_id, attempt.checkout_id, attempt.order_id, attempt.tried_at) == (
        "shop",
        "checkout",
        "order",
        world.at,
    )


def test_what_was_typed_is_kept_nowhere(world: World) -> None:
    for text in (issue(world, world.member()), UNKNOWN, "grandma's maiden name!"):
        refuse(world, text, Reason.UNKNOWN, None)
        described = codes.describe_refused(
            text=text, found=None, reason=Reason.UNKNOWN, caller=caller(None), at=world.at
        )
        for kept in (json.dumps(described), json.dumps(snapshot(), default=str)):
            assert text not in kept
            assert (codes.canonical(text) or text) not in kept


def test_equal_texts_are_told_from_others(world: World) -> None:
    texts = [UNKNOWN, UNKNOWN.lower(), "🙂", "🙂", "\ud800", "\x00", "", "x" * 10_000_000]
    tries = [refuse(world, text, Reason.UNKNOWN, None) for text in texts]
    digests = [bytes(attempt.digest) for attempt in tries]
    assert {len(digest) for digest in digests} == {32}
    assert (digests[0], digests[2]) == (digests[1], digests[3])
    assert len(set(digests)) == 6
    assert all(attempt.code_id is None and attempt.batch_id is None for attempt in tries)


@pytest.mark.parametrize("reason", list(Reason))
def test_whatever_the_reason_it_is_one_row(world: World, reason: CodeAttempt.Reason) -> None:
    ann = world.member()
    text = UNKNOWN if reason == Reason.UNKNOWN else issue(world, ann)
    code = codes.find(text=text, channel_id="shop")
    with CaptureQueriesContext(connection) as queries:
        codes.record_refused(text=text, found=code, reason=reason, caller=caller(ann), at=world.at)
    assert len(queries) == 1
    assert CodeAttempt.objects.get().reason == reason


def test_each_try_counts(world: World) -> None:
    ann = world.member()
    text = issue(world, ann)
    for reason in Reason:  # ten of them
        assert not codes.is_locked_out(caller(ann))
        refuse(world, text, reason, ann)
    assert codes.is_locked_out(caller(ann))
    assert sorted(CodeLockout.objects.values_list("subject", "value")) == [
        ("checkout", "checkout"),
        ("user", ann.user_reference),
    ]


def test_a_try_is_written_down_elsewhere_as_it_would_be_here(world: World) -> None:
    ann, bob = world.members(2, world.account("Acme"))
    text = issue(world, ann)
    described = codes.describe_refused(
        text=text, found=found(text), reason=Reason.NOT_YOURS, caller=caller(bob), at=world.at
    )
    assert not CodeAttempt.objects.exists()
    codes.record_described(json.loads(json.dumps(described)))
    refuse(world, text, Reason.NOT_YOURS, bob)
    there, here = CodeAttempt.objects.order_by("pk").values()
    assert there | {"id": 0} == here | {"id": 0}


@pytest.mark.parametrize(
    ("address", "kept"),
    [
        ("2001:db8::7", "2001:db8::7"),
        ("fe80::1%eth0", "fe80::1"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("unknown", None),
        (None, None),
    ],
)
def test_an_address_is_kept_if_it_is_one(
    world: World, address: str | None, kept: str | None
) -> None:
    refuse(world, UNKNOWN, Reason.UNKNOWN, None, address=address)
    assert CodeAttempt.objects.get().address == kept


# A leak


def leak(world: World, texts: list[str], reason: CodeAttempt.Reason = Reason.NOT_YOURS) -> None:
    for text in texts:
        refuse(world, text, reason, None)


def test_five_codes_tried_by_others_are_an_alarm_once(world: World) -> None:
    members = world.members(6, world.account("Acme"))
    texts, others = issue_all(world, *members), issue_all(world, *members)
    leak(world, texts[:3])
    leak(world, texts[3:4] * 5 + others[:4])
    assert codes.watch(at=world.at) == []
    leak(world, texts[4:5])
    batch = CodeBatch.objects.order_by("pk")[0]
    assert codes.watch(at=world.at) == [batch]
    batch.refresh_from_db()
    assert (batch.leak_noticed_at, batch.leak_dismissed_at) == (world.at, None)
    leak(world, texts[5:])
    assert codes.watch(at=world.at + HOUR) == []


@pytest.mark.parametrize("reason", [reason for reason in Reason if reason != Reason.NOT_YOURS])
def test_what_members_do_themselves_is_no_leak(world: World, reason: CodeAttempt.Reason) -> None:
    leak(world, issue_all(world, *world.members(6, world.account("Acme"))), reason)
    assert codes.watch(at=world.at) == []


@pytest.mark.parametrize(("before", "noticed"), [(INSTANT, 1), (dt.timedelta(), 0)])
def test_a_day_counts(world: World, before: dt.timedelta, noticed: int) -> None:
    texts = issue_all(world, *world.members(5, world.account("Acme")))
    start = world.at
    leak(world, texts[:1])
    world.at += HOUR
    leak(world, texts[1:])
    assert len(codes.watch(at=start + DAY - before)) == noticed


def test_after_it_was_dismissed_a_new_leak_is_an_alarm_again(world: World) -> None:
    texts = issue_all(world, *world.members(5, world.account("Acme")))
    batch = CodeBatch.objects.get()
    with pytest.raises(InvalidInput) as error:
        codes.dismiss_leak(batch=batch, at=world.at)
    assert error.value.field == "batch"
    leak(world, texts)
    codes.watch(at=world.at)
    world.at += HOUR
    dismissed = codes.dismiss_leak(batch=batch, at=world.at)
    assert dismissed.leak_dismissed_at == world.at
    assert codes.dismiss_leak(batch=batch, at=world.at + HOUR).leak_dismissed_at == world.at
    # What was known when it was dismissed counts no more, though the day isn't over.
    assert codes.watch(at=world.at + HOUR) == []
    world.at += HOUR
    leak(world, texts)
    assert codes.watch(at=world.at) == [batch]
    batch.refresh_from_db()
    assert (batch.leak_noticed_at, batch.leak_dismissed_at) == (world.at, None)


def test_the_batches_of_an_alarm_cost_the_same_whatever_was_tried(world: World) -> None:
    members = world.members(5, world.account("Acme"))
    leak(world, issue_all(world, *members))
    codes.watch(at=world.at)
    for _ in range(2):
        leak(world, issue_all(world, *members))
    with CaptureQueriesContext(connection) as queries:
        assert len(codes.watch(at=world.at)) == 2
    assert len(queries) == 4  # what was tried, two that notice, and the batches


# Forgetting


def test_tries_are_forgotten_in_time(world: World) -> None:
    ann = world.member()
    text = issue(world, ann)
    start = world.at
    for reason in (Reason.UNKNOWN, Reason.REDEEMED):
        refuse(world, text, reason, ann)
    for _ in range(8):
        codes.throttle.count_wrong(caller(ann), world.at)
    assert CodeLockout.objects.count() == 2
    assert codes.purge(at=start + 30 * DAY - INSTANT) == 0
    assert codes.purge(at=start + 30 * DAY) == 1
    assert CodeAttempt.objects.get().reason == Reason.REDEEMED
    assert codes.purge(at=start + 400 * DAY - INSTANT) == 0
    assert codes.purge(at=start + 400 * DAY) == 1
    assert codes.purge(at=start + 401 * DAY) == 2
    assert not CodeAttempt.objects.exists()
    assert not CodeLockout.objects.exists()


def test_many_are_forgotten_set_by_set(world: World) -> None:
    for number in range(5):
        refuse(world, f"{number}", Reason.UNKNOWN, None)
    with CaptureQueriesContext(connection) as queries:
        assert codes.purge(at=world.at + 30 * DAY, batch=2) == 5
    deletions = [query for query in queries if query["sql"].startswith("DELETE")]
    assert len(deletions) == 3
    assert all("IN (" in query["sql"] for query in deletions)


def test_a_code_that_is_gone_leaves_its_tries(world: World) -> None:
    text = issue(world, world.member())
    refuse(world, text, Reason.NOT_YOURS, None)
    found(text).code.delete()
    assert CodeAttempt.objects.count() == 1
    assert codes.find(text=text, channel_id="shop") is None
