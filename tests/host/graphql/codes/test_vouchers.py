"""Which vouchers codes can be issued for, and what becomes of them in Saleor."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from saleor.discount.models import VoucherCode

from saleor_program_budgets import codes, tasks
from saleor_program_budgets.errors import InvalidInput
from saleor_program_budgets.interfaces import vouchers
from saleor_program_budgets.ledger import Actor
from saleor_program_budgets.models import CodeBatch, RedemptionCode
from tests.host.graphql.queries import error, errors_of, gid
from tests.host.support.codes import issue_all, voucher_in

STAFF = Actor("staff", "1")


@pytest.fixture
def batch(store, member, voucher) -> CodeBatch:
    return codes.create_batch(
        program=store.program,
        name="Spring",
        kind=CodeBatch.Kind.DISCOUNT,
        delivery=CodeBatch.Delivery.DOWNLOAD,
        voucher_reference=str(voucher.pk),
        actor=STAFF,
        at=timezone.now(),
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"usage_limit": 100},
        {"apply_once_per_customer": True},
        {"end_date": timezone.now() - timedelta(days=1)},
    ],
)
def test_a_voucher_whose_codes_could_be_refused_because_of_others(
    changes, create, member, voucher
) -> None:
    for name, value in changes.items():
        setattr(voucher, name, value)
    voucher.save()

    payload = create(kind="DISCOUNT", amount=None, voucher=gid("Voucher", voucher.pk))

    assert errors_of(payload) == error("voucher", "INVALID")
    assert not CodeBatch.objects.exists()


def test_a_voucher_of_another_store(create, member, voucher, channel_PLN) -> None:
    voucher.channel_listings.update(channel=channel_PLN)

    payload = create(kind="DISCOUNT", amount=None, voucher=gid("Voucher", voucher.pk))

    assert errors_of(payload) == error("voucher", "INVALID")
    assert payload["errors"][0]["message"] == (
        "The voucher is available in none of the program's channels."
    )


def test_a_single_use_voucher_is_fine(create, member, voucher) -> None:
    voucher.single_use = True
    voucher.save()

    payload = create(kind="DISCOUNT", amount=None, voucher=gid("Voucher", voucher.pk))

    assert payload["errors"] == []


def test_a_voucher_deleted_meanwhile(batch, voucher) -> None:
    voucher.delete()

    with pytest.raises(InvalidInput) as raised:
        codes.generate(batch=batch, publish=vouchers.publish, at=timezone.now())

    assert (raised.value.field, raised.value.code) == ("voucher", "NOT_FOUND")
    batch.refresh_from_db()
    assert "The voucher was deleted." in batch.error
    assert not RedemptionCode.objects.exists()


def test_ours_and_saleors_are_written_together(batch, monkeypatch) -> None:
    """What fails after Saleor's rows were written takes them with it."""

    def failing(of_batch: CodeBatch, texts: list[str]) -> None:
        vouchers.publish(of_batch, texts)
        raise OSError

    with pytest.raises(OSError):
        codes.generate(batch=batch, publish=failing, at=timezone.now())

    ours = VoucherCode.objects.filter(created_at__gte=batch.created_at)
    assert (RedemptionCode.objects.count(), ours.count()) == (0, 0)


def test_withdrawing_leaves_other_codes_alone(batch, voucher, monkeypatch) -> None:
    monkeypatch.setattr(vouchers, "AT_ONCE", 1)
    VoucherCode.objects.create(voucher=voucher, code="SPRING")
    codes.generate(batch=batch, publish=vouchers.publish, at=timezone.now())
    texts = list(batch.codes.values_list("text", flat=True))

    vouchers.withdraw([*texts, "DELETED-IN-SALEOR"])

    active = VoucherCode.objects.filter(is_active=True).values_list("code", flat=True)
    assert "SPRING" in active
    assert not set(texts) & set(active)


def test_codes_of_a_deleted_voucher_are_revoked(batch, voucher, store, member) -> None:
    codes.generate(batch=batch, publish=vouchers.publish, at=timezone.now())
    other = voucher_in(store.channel)
    [kept] = issue_all(member, voucher=other)
    assert tasks.restore_codes() == 0
    assert not CodeBatch.objects.exclude(revoked_at=None).exists()

    voucher.delete()
    for _ in range(2):
        tasks.restore_codes()

    batch.refresh_from_db()
    assert (batch.status, batch.revoke_reason) == ("revoked", "the voucher was deleted")
    assert batch.revoked_by == "system:codes"
    assert RedemptionCode.objects.get(revoked_at=None).text == kept
