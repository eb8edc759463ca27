"""Staff look codes up: by batch, person and state, who tried them, and who is locked out."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from saleor.account.models import User

from saleor_program_budgets import codes
from saleor_program_budgets.ledger import Actor
from saleor_program_budgets.models import CodeAttempt, CodeBatch, CodeLockout, CodeRedemption
from tests.host.graphql.codes.requests import (
    ATTEMPTS,
    BATCHES,
    CODES,
    DISMISS,
    LOCKOUTS,
    ONE_BATCH,
    RELEASE,
    nodes,
)
from tests.host.graphql.queries import data_of, error, errors_of, gid, top_errors

Reason, Place = CodeAttempt.Reason, CodeAttempt.Place


def batch_id(batch: CodeBatch) -> str:
    return gid("ProgramBudgetCodeBatch", batch.pk)


def caller(store, user=None, **given):
    given = {"place": Place.CHECKOUT, "address": "203.0.113.7"} | given
    return codes.Caller(
        user_id=user.pk if user else None,
        actor=Actor("user", str(user.pk) if user else "anonymous"),
        channel_id=str(store.channel.pk),
        **given,
    )


def refuse(store, text, reason, user=None, *, at=None, **given):
    """Record a refused try."""
    who = caller(store, user, **given)
    found = codes.find(text=text, channel_id=who.channel_id)
    return codes.record_refused(
        text=text, found=found, reason=reason, caller=who, at=at or timezone.now()
    )


def numbers(page):
    return [node["number"] for node in nodes(page)]


def redeemed(code, order_id):
    CodeRedemption.objects.create(
        code=code,
        user_reference=code.member.user_reference,
        order_id=order_id,
        redeemed_at=timezone.now(),
    )


def test_a_batch_with_its_codes(client, member, ada, discounts) -> None:
    first, second = discounts.codes.order_by("number")
    order_id = "5c8a2b5e-0000-4000-8000-000000000001"
    redeemed(second, order_id)

    batch = data_of(client, ONE_BATCH, id=batch_id(discounts))

    assert batch["counts"] == [{"state": "ACTIVE", "codes": 1}, {"state": "REDEEMED", "codes": 1}]
    assert batch["codes"]["totalCount"] == 2
    one, two = nodes(batch["codes"])
    assert one == {
        "id": gid("ProgramBudgetCode", first.pk),
        "number": 1,
        "code": first.text,
        "state": "ACTIVE",
        "redeemedAt": None,
        "orderId": None,
        "sentAt": None,
        "sendFailedAt": None,
        "revokedAt": None,
        "revokedBy": "",
        "revokeReason": "",
        "batch": {"id": batch_id(discounts)},
        "member": {"email": member.user.email},
    }
    assert (two["state"], two["orderId"]) == ("REDEEMED", gid("Order", order_id))
    assert data_of(client, ONE_BATCH, id=gid("ProgramBudgetCodeBatch", 0)) is None


def test_codes_of_a_batch_by_state_person_and_page(client, ada, discounts) -> None:
    redeemed(discounts.codes.get(number=1), "x")
    one = {"id": batch_id(discounts)}

    def found(**given):
        return data_of(client, ONE_BATCH, **one, **given)["codes"]

    assert numbers(found(state="REDEEMED")) == [1]
    assert numbers(found(state="ACTIVE")) == [2]
    assert numbers(found(search="ada love")) == [2]
    page = found(first=1)
    assert (numbers(page), page["pageInfo"]["hasNextPage"]) == ([1], True)
    assert numbers(found(first=1, after=page["pageInfo"]["endCursor"])) == [2]


def test_store_credit_shows_no_text(client, credit) -> None:
    batch = data_of(client, ONE_BATCH, id=batch_id(credit))

    assert [node["code"] for node in nodes(batch["codes"])] == [None, None]


def test_texts_are_for_who_may_hand_them_out(
    staff_api_client, permission_manage_orders, discounts
) -> None:
    staff_api_client.user.user_permissions.clear()
    staff_api_client.user.user_permissions.add(permission_manage_orders)
    query = """
    { programBudgetCodes(first: 1) { edges { node { number } } } }
    """

    assert numbers(data_of(staff_api_client, query)) == [2]
    with_text = query.replace("number", "code")
    assert top_errors(staff_api_client, with_text) == ["PermissionDenied"]


def test_batches_by_program_kind_and_status(client, create, store, program_id, discounts) -> None:
    create(name="Later")
    credit = CodeBatch.objects.get(kind=CodeBatch.Kind.STORE_CREDIT)

    def found(**given):
        return [node["id"] for node in nodes(data_of(client, BATCHES, **given))]

    assert found(program=program_id) == [batch_id(credit), batch_id(discounts)]
    assert found(kind="DISCOUNT") == [batch_id(discounts)]
    assert found(status="DELIVERED") == []
    assert found(program=gid("ProgramBudgetProgram", 0)) == []


def test_codes_by_everything(client, create, program_id, ada, discounts) -> None:
    create(name="Later")
    credit = CodeBatch.objects.get(kind=CodeBatch.Kind.STORE_CREDIT)

    def found(search=None, **given):
        page = data_of(client, CODES, filter=given, search=search)
        return [(node["batch"]["id"], node["number"]) for node in nodes(page)]

    old, new = batch_id(discounts), batch_id(credit)
    assert found(program=program_id) == [(new, 2), (new, 1), (old, 2), (old, 1)]
    assert found(batch=old) == [(old, 2), (old, 1)]
    assert found(member=gid("ProgramBudgetMember", ada.pk)) == [(new, 2), (old, 2)]
    assert found(user=gid("User", ada.user_id)) == [(new, 2), (old, 2)]
    assert found(search="ada@", batch=old) == [(old, 2)]
    discounts.codes.filter(number=1).update(revoked_at=timezone.now())
    assert found(state="REVOKED") == [(old, 1)]
    CodeBatch.objects.filter(pk=credit.pk).update(expires_at=timezone.now())
    assert found(state="EXPIRED") == [(new, 2), (new, 1)]
    page = data_of(client, CODES, first=3)
    rest = data_of(client, CODES, first=3, after=page["pageInfo"]["endCursor"])
    assert (numbers(page), numbers(rest)) == ([2, 1, 2], [1])


def test_attempts(client, store, program_id, member, ada, discounts) -> None:
    text = discounts.codes.get(number=2).text
    thief = User.objects.create(email="thief@example.com")
    checkout_id = "7d4f7f4e-0000-4000-8000-000000000001"
    refuse(store, "no such code", Reason.UNKNOWN)
    refuse(store, text, Reason.NOT_YOURS, thief, checkout_id=checkout_id)

    stolen, unknown = nodes(data_of(client, ATTEMPTS))

    assert stolen.pop("triedAt") is not None
    assert stolen == {
        "reason": "NOT_YOURS",
        "place": "CHECKOUT",
        "userId": gid("User", thief.pk),
        "email": "thief@example.com",
        "actor": f"user:{thief.pk}",
        "address": "203.0.113.7",
        "channel": {"slug": store.channel.slug},
        "checkoutId": gid("Checkout", checkout_id),
        "orderId": None,
        "code": {"number": 2, "member": {"email": "ada@example.com"}},
        "batch": {"name": "Anniversary"},
    }
    assert (unknown["reason"], unknown["code"], unknown["userId"]) == ("UNKNOWN", None, None)

    def found(**given):
        return [node["reason"] for node in nodes(data_of(client, ATTEMPTS, filter=given))]

    assert found(program=program_id) == ["NOT_YOURS"]
    assert found(batch=batch_id(discounts)) == ["NOT_YOURS"]
    assert found(code=gid("ProgramBudgetCode", discounts.codes.get(number=1).pk)) == []
    assert found(user=gid("User", thief.pk)) == ["NOT_YOURS"]
    assert found(reason="UNKNOWN") == ["UNKNOWN"]
    assert found(at={"gte": (timezone.now() + timedelta(minutes=1)).isoformat()}) == []


def test_lockouts_and_their_release(client, store, member, monkeypatch) -> None:
    for _ in range(10):
        refuse(store, "wrong", Reason.UNKNOWN, member.user, address=None)
    who = caller(store, member.user, address=None)
    assert codes.is_locked_out(who)

    [lockout] = nodes(data_of(client, LOCKOUTS, isActive=True))
    assert (lockout["subject"], lockout["userId"]) == ("USER", gid("User", member.user_id))
    assert (lockout["tries"], lockout["isActive"], lockout["address"]) == (10, True, None)

    payload = data_of(client, RELEASE, id=lockout["id"])
    assert payload["errors"] == []
    assert payload["lockout"]["isActive"] is False
    assert payload["lockout"]["releasedBy"] == f"staff:{client.user.pk}"
    assert not codes.is_locked_out(who)
    assert nodes(data_of(client, LOCKOUTS, isActive=True)) == []
    assert len(nodes(data_of(client, LOCKOUTS, isActive=False))) == 1
    assert len(nodes(data_of(client, LOCKOUTS))) == 1
    assert errors_of(data_of(client, RELEASE, id=lockout["id"])) == error("id", "INVALID")


def test_what_is_locked_out(client, db) -> None:
    now = timezone.now()
    for subject, value in (("address", "203.0.113.7"), ("checkout", "abc")):
        CodeLockout.objects.create(
            subject=subject, value=value, tries=1, starts_at=now, ends_at=now
        )

    checkout, address = nodes(data_of(client, LOCKOUTS))

    assert (checkout["checkoutId"], checkout["address"]) == (gid("Checkout", "abc"), None)
    assert (address["checkoutId"], address["address"]) == (None, "203.0.113.7")
    assert (address["userId"], address["isActive"]) == (None, False)


def test_a_leak_is_dismissed(client, credit) -> None:
    assert errors_of(data_of(client, DISMISS, id=batch_id(credit))) == error("id", "INVALID")
    CodeBatch.objects.update(leak_noticed_at=timezone.now())

    payload = data_of(client, DISMISS, id=batch_id(credit))

    assert payload["errors"] == []
    assert payload["batch"]["leakDismissedAt"] is not None


def test_who_may_look(staff_api_client, permission_manage_users, db) -> None:
    staff_api_client.user.user_permissions.add(permission_manage_users)

    for query, given in (
        (ONE_BATCH, {"id": gid("ProgramBudgetCodeBatch", 1)}),
        (BATCHES, {}),
        (CODES, {}),
        (ATTEMPTS, {}),
        (LOCKOUTS, {}),
        (DISMISS, {"id": gid("ProgramBudgetCodeBatch", 1)}),
        (RELEASE, {"id": gid("ProgramBudgetCodeLockout", 1)}),
    ):
        assert top_errors(staff_api_client, query, **given) == ["PermissionDenied"]


@pytest.mark.parametrize("size", [1, 3])
def test_pages_cost_the_same_whatever_their_size(size, client, store, create, member, ada) -> None:
    group = store.program.groups.create(name="Leads", position=0)
    for each in (member, ada):
        group.enrolled.create(member=each)
    third = User.objects.create(email="grace@example.com")
    group.enrolled.create(member=store.enroll(third)[0])
    for _ in range(3):
        create(group=gid("ProgramBudgetGroup", group.pk))
    for code in CodeBatch.objects.first().codes.all():
        codes.record_refused(
            text="",
            found=None,
            reason=Reason.UNKNOWN,
            caller=caller(store, code.member.user, address=None),
            at=timezone.now(),
        )
    CodeAttempt.objects.update(
        batch=CodeBatch.objects.first(), code=CodeBatch.objects.first().codes.first()
    )

    assert queries_of(client, BATCHES, first=size) == 4
    assert queries_of(client, CODES, first=size) == 3
    assert queries_of(client, ATTEMPTS, first=size) == 4


def queries_of(client, query, **variables) -> int:
    """Count the queries that touch this plugin's tables."""
    with CaptureQueriesContext(connection) as captured:
        data_of(client, query, **variables)
    return sum("program_budgets_" in query["sql"] for query in captured)
