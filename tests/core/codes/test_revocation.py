"""Revoking and reissuing: what is redeemed stays, everything else is taken out of the shop."""

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import IntegrityError, connection, transaction

from saleor_program_budgets import codes, programs
from saleor_program_budgets.codes import Revoked, revocation
from saleor_program_budgets.errors import InvalidInput
from saleor_program_budgets.models import CodeBatch, Member, RedemptionCode
from tests.support.batches import CREDIT, DISCOUNT, EMAIL, Shop, create, hand_out, made, make
from tests.support.database import snapshot
from tests.support.world import DAY, HOUR, TESTS, World


@pytest.fixture
def team(world: World) -> list[Member]:
    return world.members(4, world.account("Acme"))


@pytest.fixture
def shop() -> Shop:
    return Shop()


def redeem(world: World, code: RedemptionCode) -> None:
    code.redemptions.create(
        user_reference=code.member.user_reference, order_id="order", redeemed_at=world.at
    )


def revoke_batch(world: World, batch: CodeBatch, shop: Shop | None = None) -> Revoked:
    return codes.revoke_batch(
        batch=batch,
        reason=" a leak ",
        withdraw=shop.withdraw if shop else None,
        actor=TESTS,
        at=world.at,
    )


def revoke_codes(world: World, *some: RedemptionCode, **changes: Any) -> Revoked:
    request = {
        "codes": [code.pk for code in some],
        "reason": "a mistake",
        "withdraw": None,
        "actor": TESTS,
        "at": world.at,
    }
    return codes.revoke_codes(**request | changes)


def reissue(world: World, batch: CodeBatch, **changes: Any) -> CodeBatch:
    request = {"batch": batch, "withdraw": None, "actor": TESTS, "at": world.at}
    return codes.reissue(**request | changes)


def states(batch: CodeBatch, world: World) -> list[str]:
    return list(codes.codes_with_state(batch, at=world.at).values_list("state", flat=True))


def test_a_batch_with_a_redeemed_code(world: World, team: list[Member], shop: Shop) -> None:
    batch = made(world, kind=DISCOUNT, shop=shop)
    redeem(world, batch.codes.get(number=2))
    world.at += HOUR
    assert revoke_batch(world, batch, shop) == Revoked(revoked=3, redeemed=1)
    assert states(batch, world) == ["revoked", "redeemed", "revoked", "revoked"]
    assert sorted(shop.withdrawn) == sorted([shop.texts[0], *shop.texts[2:]])
    assert (batch.status, batch.revoked_by, batch.revoke_reason, batch.revoked_at) == (
        "revoked",
        "staff:tests",
        "a leak",
        world.at,
    )
    code = batch.codes.get(number=1)
    assert (code.revoked_by, code.revoke_reason, code.revoked_at) == (
        "staff:tests",
        "a leak",
        world.at,
    )
    before = snapshot()
    world.at += HOUR
    assert revoke_batch(world, batch, shop) == Revoked(revoked=0, redeemed=1)
    assert snapshot() == before
    assert len(shop.withdrawn) == 3


def test_what_the_text_is_made_from_is_forgotten(world: World, team: list[Member]) -> None:
    batch = made(world)
    revoke_batch(world, batch)
    assert CodeBatch.objects.get(pk=batch.pk).secret is None
    assert batch.secret is None
    with pytest.raises(IntegrityError), transaction.atomic():
        CodeBatch.objects.filter(pk=batch.pk).update(secret=b"kept")


def test_a_batch_that_is_still_being_made(world: World, team: list[Member]) -> None:
    batch = create(world)
    assert revoke_batch(world, batch) == Revoked(revoked=0, redeemed=0)
    assert make(world, batch).status == "revoked"
    assert batch.codes.count() == 0


def test_some_codes(world: World, team: list[Member], shop: Shop) -> None:
    batch = made(world, kind=DISCOUNT, shop=shop)
    one, two, three, _ = batch.codes.all()
    redeem(world, two)
    found = revoke_codes(world, one, two, withdraw=shop.withdraw)
    assert found == Revoked(revoked=1, redeemed=1)
    assert shop.withdrawn == [one.text]
    assert states(batch, world) == ["revoked", "redeemed", "active", "active"]
    batch.refresh_from_db()
    assert batch.status == "ready"
    assert revoke_codes(world, one, three, withdraw=shop.withdraw) == Revoked(1, 0)
    one.refresh_from_db()
    assert one.revoke_reason == "a mistake"
    assert revoke_codes(world) == Revoked(0, 0)


def test_a_returned_redemption_does_not_protect(world: World, team: list[Member]) -> None:
    code = made(world).codes.first()
    assert code is not None
    redeem(world, code)
    code.redemptions.update(returned_at=world.at)
    assert revoke_codes(world, code) == Revoked(revoked=1, redeemed=0)


def test_the_shop_is_told_in_the_same_transaction(
    world: World, team: list[Member], shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(revocation, "CHUNK", 3)
    batch = made(world, kind=DISCOUNT, shop=shop)
    before = snapshot()
    told = 0

    def withdraw(texts: object) -> None:
        nonlocal told
        assert connection.in_atomic_block
        told += 1
        if told == 2:
            raise ConnectionError("the shop is away")

    with pytest.raises(ConnectionError):
        codes.revoke_batch(
            batch=batch, reason="a leak", withdraw=withdraw, actor=TESTS, at=world.at
        )
    assert snapshot() == before
    with pytest.raises(ValueError, match="have to be withdrawn"):
        revoke_batch(world, batch)
    assert snapshot() == before
    assert revoke_batch(world, batch, shop) == Revoked(4, 0)
    assert sorted(shop.withdrawn) == sorted(shop.texts)


@pytest.mark.parametrize("reason", ["", "  ", "a" * 501, "a\x00"])
def test_a_reason_is_needed(world: World, team: list[Member], reason: str) -> None:
    batch = made(world)
    before = snapshot()
    request = {"reason": reason, "withdraw": None, "actor": TESTS, "at": world.at}
    for revoke in (
        lambda: codes.revoke_batch(batch=batch, **request),
        lambda: codes.revoke_codes(codes=[1], **request),
    ):
        with pytest.raises(InvalidInput) as raised:
            revoke()
        assert raised.value.field == "reason"
    assert snapshot() == before


def test_a_batch_is_reissued(world: World, team: list[Member]) -> None:
    """What was lost is replaced for those who still have something to redeem."""
    batch = made(world, prefix="SPRING", has_name=True, credit_days=30, expires_at=world.at + DAY)
    old = [issued.text for issued in hand_out(world, batch)]
    redeem(world, batch.codes.get(number=1))
    revoke_codes(world, batch.codes.get(number=2))
    world.at += HOUR
    new = reissue(world, batch)
    assert (new.source, new.replaces, new.recipients) == (
        "reissue",
        batch,
        [team[2].pk, team[3].pk],
    )
    for name in revocation.COPIED:
        assert getattr(new, name) == getattr(batch, name), name
    assert (new.status, new.created_at, new.created_by) == ("generating", world.at, "staff:tests")
    assert states(batch, world) == ["redeemed", "revoked", "revoked", "revoked"]
    assert (batch.status, batch.revoke_reason) == ("revoked", "reissued")
    issued = hand_out(world, make(world, new))
    assert [one.member_id for one in issued] == [team[2].pk, team[3].pk]
    assert not {one.text for one in issued} & set(old)


def test_some_codes_are_reissued(world: World, team: list[Member], shop: Shop) -> None:
    batch = made(world, kind=DISCOUNT, shop=shop)
    other = made(world, kind=DISCOUNT, shop=shop)
    second = batch.codes.get(number=2)
    foreign = other.codes.get(number=3)
    new = reissue(world, batch, codes=[second.pk, foreign.pk], withdraw=shop.withdraw)
    assert (new.recipients, new.kind, new.voucher_reference) == ([team[1].pk], DISCOUNT, "voucher")
    assert states(batch, world) == ["active", "revoked", "active", "active"]
    assert states(other, world) == ["active"] * 4
    assert shop.withdrawn == [second.text]
    batch.refresh_from_db()
    assert batch.status == "ready"


def test_leavers_get_no_new_code(world: World, team: list[Member]) -> None:
    batch = made(world)
    programs.deactivate_member(member=team[1], actor=TESTS, at=world.at)
    new = reissue(world, batch)
    assert new.recipients == [team[0].pk, team[2].pk, team[3].pk]
    assert [(one["line"], one["message"]) for one in new.rejected] == [
        (2, f"Member {team[1].pk} isn't active.")
    ]
    assert states(batch, world) == ["revoked"] * 4


def test_an_e_mail_still_needs_an_address(world: World, team: list[Member]) -> None:
    users = get_user_model().objects.filter(budget_memberships__in=team)
    users.update(email="all@example.com")
    batch = made(world, delivery=EMAIL)
    users.exclude(pk=team[0].user_id).update(email="")
    new = reissue(world, batch)
    assert (new.recipients, new.rejected_count, new.delivery) == ([team[0].pk], 3, EMAIL)


def test_what_has_expired_needs_another_end(world: World, team: list[Member]) -> None:
    batch = made(world, expires_at=world.at + DAY)
    world.at += DAY
    before = snapshot()
    with pytest.raises(InvalidInput) as raised:
        reissue(world, batch)
    assert raised.value.field == "expires_at"
    assert snapshot() == before
    assert reissue(world, batch, expires_at=world.at + DAY).expires_at == world.at + DAY


def test_nothing_to_replace(world: World, team: list[Member]) -> None:
    with pytest.raises(InvalidInput, match="still being made"):
        reissue(world, create(world))
    batch = made(world)
    reissue(world, batch)
    before = snapshot()
    with pytest.raises(InvalidInput, match="No code is left"):
        reissue(world, batch)
    with pytest.raises(InvalidInput, match="No code is left"):
        reissue(world, made(world, kind=CREDIT), codes=[])
    assert CodeBatch.objects.count() == before["program_budgets_codebatch"].__len__() + 1
