"""Staff have codes made, hand them out once, replace and revoke them."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

import pytest
from django.utils import timezone
from saleor.account.models import User
from saleor.discount.models import VoucherCode

from saleor_program_budgets import codes
from saleor_program_budgets.ledger import Actor
from saleor_program_budgets.models import CodeAttempt, CodeBatch, JobRun, RedemptionCode
from tests.host.graphql.codes.requests import (
    CREATE,
    HAND_OUT,
    REISSUE,
    REISSUE_BATCH,
    REVOKE,
    REVOKE_BATCH,
)
from tests.host.graphql.queries import data_of, error, errors_of, gid, top_errors
from tests.host.support.shop import balance_of


def batch_id(batch: CodeBatch) -> str:
    return gid("ProgramBudgetCodeBatch", batch.pk)


def code_ids(batch: CodeBatch) -> list[str]:
    return [gid("ProgramBudgetCode", code.pk) for code in batch.codes.order_by("number")]


def lines_of(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text)))


def redeem(store, member, text):
    caller = codes.Caller(
        user_id=member.user_id,
        actor=Actor("user", str(member.user_id)),
        channel_id=str(store.channel.pk),
        place=CodeAttempt.Place.ACCOUNT,
    )
    found = codes.find(text=text, channel_id=caller.channel_id)
    assert found is not None
    return codes.redeem_credit(found=found, caller=caller, at=timezone.now())


def test_store_credit_for_all_members(client, store, create, member, ada) -> None:
    payload = create(prefix="acme", creditDays=30)

    assert payload["errors"] == []
    batch = CodeBatch.objects.get()
    assert payload["batch"] == {
        "id": batch_id(batch),
        "name": "Anniversary",
        "kind": "STORE_CREDIT",
        "source": "PROGRAM",
        "status": "READY",
        "delivery": "DOWNLOAD",
        "prefix": "ACME",
        "pattern": "XXXX-XXXX-XXXX",
        "hasName": False,
        "amount": {"amount": 25.0, "currency": "USD"},
        "creditDays": 30,
        "creditExpiresAt": None,
        "voucherId": None,
        "expiresAt": None,
        "total": 2,
        "made": 2,
        "sent": 0,
        "counts": [{"state": "ACTIVE", "codes": 2}],
        "rejectedCount": 0,
        "rejected": [],
        "error": "",
        "createdBy": f"staff:{client.user.pk}",
        "deliveredBy": "",
        "deliveredAt": None,
        "revokedBy": "",
        "revokeReason": "",
        "replaces": None,
    }
    run = JobRun.objects.get(name="make-codes")
    assert (run.done, run.total, run.error, run.program) == (2, 2, "", store.program)
    assert not VoucherCode.objects.exists()


def test_codes_are_handed_out_once(client, store, member, ada, credit) -> None:
    payload = data_of(client, HAND_OUT, id=batch_id(credit))

    assert payload["errors"] == []
    assert payload["batch"]["status"] == "DELIVERED"
    assert payload["batch"]["deliveredBy"] == f"staff:{client.user.pk}"
    header, first, second = lines_of(payload["csv"])
    assert header == ["number", "email", "name", "code"]
    assert first[:2] == ["1", member.user.email]
    assert second[:3] == ["2", "ada@example.com", "Ada Lovelace"]
    assert redeem(store, ada, second[3]).amount.minor == 2_500
    assert balance_of(ada).available == 32_500

    again = data_of(client, HAND_OUT, id=batch_id(credit))
    assert (again["csv"], errors_of(again)) == (None, error("id", "ALREADY_DELIVERED"))


def test_a_spreadsheet_executes_nobodys_name(client, create, store) -> None:
    user = User.objects.create(email="mallory@example.com", first_name='=HYPERLINK("x")')
    store.enroll(user)
    create()

    payload = data_of(client, HAND_OUT, id=batch_id(CodeBatch.objects.get()))

    [_, line] = lines_of(payload["csv"])
    assert line[1:3] == ["mallory@example.com", '\'=HYPERLINK("x")']


def test_discount_codes_stand_in_saleor(client, store, member, ada, voucher, discounts) -> None:
    assert discounts.voucher_reference == str(voucher.pk)
    assert discounts.status == CodeBatch.Status.READY
    texts = set(discounts.codes.values_list("text", flat=True))
    ours = VoucherCode.objects.filter(code__in=texts)
    rows = {(code.voucher_id, code.is_active, code.used) for code in ours}
    assert rows == {(voucher.pk, True, 0)}
    assert len(ours) == len(texts) == 2

    first, again = (data_of(client, HAND_OUT, id=batch_id(discounts)) for _ in range(2))

    assert {line[3] for line in lines_of(first["csv"])[1:]} == texts
    assert again["csv"] == first["csv"]


def test_an_account_a_group_or_a_list(store, create, member, ada) -> None:
    account = create(account=gid("ProgramBudgetAccount", store.department.pk))
    assert (account["batch"]["source"], account["batch"]["total"]) == ("ACCOUNT", 2)

    group = store.program.groups.create(name="Leads", position=0)
    group.enrolled.create(member=ada)
    leads = create(group=gid("ProgramBudgetGroup", group.pk), hasName=True)
    assert (leads["batch"]["source"], leads["batch"]["total"]) == ("GROUP", 1)

    listed = create(csv="email\nada@example.com\nnobody@example.com\nada@example.com\n")["batch"]
    assert (listed["source"], listed["total"], listed["rejectedCount"]) == ("LIST", 1, 2)
    assert [line["line"] for line in listed["rejected"]] == [3, 4]


@pytest.mark.parametrize(
    ("given", "field", "code"),
    [
        ({"name": " "}, "name", "REQUIRED"),
        ({"amount": None}, "amount", "REQUIRED"),
        ({"amount": 0}, "amount", "INVALID_AMOUNT"),
        ({"amount": 1.005}, "amount", "INVALID_AMOUNT"),
        ({"prefix": "a_b"}, "prefix", "INVALID"),
        ({"pattern": "XXXX"}, "pattern", "INVALID"),
        ({"creditDays": 0}, "creditDays", "INVALID"),
        ({"expiresAt": "2020-01-01T00:00:00Z"}, "expiresAt", "INVALID"),
        ({"csv": "name\nAda\n"}, "csv", "INVALID"),
        ({"csv": "email\nnobody@example.com\n"}, "csv", "INVALID"),
        ({"account": gid("ProgramBudgetAccount", 0)}, "account", "NOT_FOUND"),
        ({"group": gid("ProgramBudgetGroup", 0)}, "group", "NOT_FOUND"),
        ({"kind": "DISCOUNT", "amount": None}, "voucher", "REQUIRED"),
        ({"kind": "DISCOUNT", "voucher": gid("Voucher", 0)}, "voucher", "NOT_FOUND"),
        ({"kind": "DISCOUNT", "voucher": gid("User", 1)}, "voucher", "GRAPHQL_ERROR"),
    ],
)
def test_bad_requests(given, field, code, create, member, ada) -> None:
    assert errors_of(create(**given)) == error(field, code)
    assert not CodeBatch.objects.exists()


def test_a_voucher_has_one_worth(create, member, voucher) -> None:
    payload = create(kind="DISCOUNT", amount=5, voucher=gid("Voucher", voucher.pk))
    assert errors_of(payload) == error("amount", "INVALID")
    payload = create(voucher=gid("Voucher", voucher.pk))
    assert errors_of(payload) == error("voucher", "INVALID")


def test_revoking_a_batch_leaves_what_is_redeemed(client, store, member, ada, credit) -> None:
    text = lines_of(data_of(client, HAND_OUT, id=batch_id(credit))["csv"])[1][3]
    redeem(store, member, text)

    payload = data_of(client, REVOKE_BATCH, id=batch_id(credit), reason="a mistake")

    assert payload["errors"] == []
    batch = payload["batch"]
    assert (batch["status"], batch["revokeReason"]) == ("REVOKED", "a mistake")
    assert batch["counts"] == [
        {"state": "REDEEMED", "codes": 1},
        {"state": "REVOKED", "codes": 1},
    ]
    empty = data_of(client, REVOKE_BATCH, id=batch_id(credit), reason=" ")
    assert errors_of(empty) == error("reason", "REQUIRED")


def test_a_revoked_discount_no_longer_works_in_saleor(client, discounts) -> None:
    data_of(client, REVOKE_BATCH, id=batch_id(discounts), reason="over")

    texts = discounts.codes.values_list("text", flat=True)
    assert not VoucherCode.objects.filter(code__in=texts, is_active=True).exists()
    assert VoucherCode.objects.filter(code__in=texts).count() == 2


def test_one_code_is_revoked(client, discounts) -> None:
    first, second = discounts.codes.order_by("number")

    payload = data_of(client, REVOKE, ids=[gid("ProgramBudgetCode", first.pk)], reason="lost")

    assert payload["errors"] == []
    [code] = payload["codes"]
    assert (code["state"], code["revokeReason"]) == ("REVOKED", "lost")
    assert code["revokedBy"] == f"staff:{client.user.pk}"
    active = VoucherCode.objects.filter(code__in=[first.text, second.text], is_active=True)
    assert [code.code for code in active] == [second.text]


def test_a_batch_is_reissued(client, store, member, ada, credit) -> None:
    data_of(client, HAND_OUT, id=batch_id(credit))
    ends = timezone.now() + timedelta(days=30)

    payload = data_of(client, REISSUE_BATCH, id=batch_id(credit), expiresAt=ends.isoformat())

    assert payload["errors"] == []
    new = payload["batch"]
    assert (new["source"], new["status"], new["total"]) == ("REISSUE", "READY", 2)
    assert (new["replaces"], new["expiresAt"]) == ({"id": batch_id(credit)}, ends.isoformat())
    credit.refresh_from_db()
    assert credit.status == CodeBatch.Status.REVOKED
    text = lines_of(data_of(client, HAND_OUT, id=new["id"])["csv"])[2][3]
    assert redeem(store, ada, text).amount.minor == 2_500


def test_a_code_is_reissued(client, discounts, ada) -> None:
    payload = data_of(client, REISSUE, ids=code_ids(discounts)[1:])

    assert payload["errors"] == []
    assert (payload["batch"]["kind"], payload["batch"]["total"]) == ("DISCOUNT", 1)
    new = RedemptionCode.objects.get(batch__replaces=discounts)
    assert new.member == ada
    active = VoucherCode.objects.filter(is_active=True).values_list("code", flat=True)
    first, second = discounts.codes.order_by("number")
    assert {first.text, new.text} <= set(active)
    assert second.text not in active


def test_which_codes_can_be_named(client, create, credit) -> None:
    create()
    other = CodeBatch.objects.exclude(pk=credit.pk).get()
    ids = code_ids(credit)

    assert errors_of(data_of(client, REISSUE, ids=ids[:1] + code_ids(other)[:1])) == error(
        "ids", "INVALID"
    )
    assert errors_of(data_of(client, REVOKE, ids=[], reason="x")) == error("ids", "REQUIRED")
    assert errors_of(data_of(client, REVOKE, ids=ids * 501, reason="x")) == error(
        "ids", "LIMIT_EXCEEDED"
    )
    unknown = [gid("ProgramBudgetCode", 0)]
    assert errors_of(data_of(client, REVOKE, ids=unknown, reason="x")) == error("ids", "NOT_FOUND")
    data_of(client, REVOKE_BATCH, id=batch_id(credit), reason="x")
    assert errors_of(data_of(client, REISSUE, ids=ids)) == error("ids", "INVALID")


def test_codes_need_permission(
    staff_api_client, permission_manage_users, permission_manage_discounts, program_id
) -> None:
    staff_api_client.user.user_permissions.add(permission_manage_users, permission_manage_discounts)
    batch, ids = gid("ProgramBudgetCodeBatch", 1), [gid("ProgramBudgetCode", 1)]
    given = {"name": "x", "kind": "STORE_CREDIT", "amount": 1}

    for query, variables in (
        (CREATE, {"program": program_id, "input": given}),
        (HAND_OUT, {"id": batch}),
        (REVOKE_BATCH, {"id": batch, "reason": "x"}),
        (REISSUE_BATCH, {"id": batch}),
        (REVOKE, {"ids": ids, "reason": "x"}),
        (REISSUE, {"ids": ids}),
    ):
        assert top_errors(staff_api_client, query, **variables) == ["PermissionDenied"]


def test_discounts_are_for_who_may_change_vouchers(
    client, permission_manage_discounts, program_id, voucher, discounts
) -> None:
    client.user.user_permissions.remove(permission_manage_discounts)
    given = {"name": "x", "kind": "DISCOUNT", "voucher": gid("Voucher", voucher.pk)}

    for query, variables in (
        (CREATE, {"program": program_id, "input": given}),
        (HAND_OUT, {"id": batch_id(discounts)}),
        (REVOKE_BATCH, {"id": batch_id(discounts), "reason": "x"}),
        (REISSUE_BATCH, {"id": batch_id(discounts)}),
        (REVOKE, {"ids": code_ids(discounts), "reason": "x"}),
        (REISSUE, {"ids": code_ids(discounts)}),
    ):
        assert top_errors(client, query, **variables) == ["PermissionDenied"]
    assert CodeBatch.objects.get().status == CodeBatch.Status.READY
