"""What has become of codes: one state each, and sums of them, in as many queries for any number."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from saleor_program_budgets import codes
from saleor_program_budgets.models import CodeBatch, RedemptionCode
from tests.support.batches import DISCOUNT, Shop, made
from tests.support.world import DAY, INSTANT, TESTS, World

State = RedemptionCode.State


def redeem(world: World, code: RedemptionCode, **changes: object) -> None:
    code.redemptions.create(
        user_reference=code.member.user_reference, redeemed_at=world.at, **changes
    )


def revoke(world: World, *some: RedemptionCode) -> None:
    codes.revoke_codes(
        codes=[code.pk for code in some],
        reason="a mistake",
        withdraw=lambda _: None,
        actor=TESTS,
        at=world.at,
    )


def of_every_state(world: World) -> CodeBatch:
    """Return a batch of five: active, redeemed, revoked, redeemed and revoked, returned."""
    world.members(5, world.account("Acme"))
    batch = made(world, kind=DISCOUNT, shop=Shop(), expires_at=world.at + DAY)
    _, redeemed, revoked, both, returned = batch.codes.all()
    redeem(world, redeemed, order_id="order")
    redeem(world, returned, order_id="other", returned_at=world.at)
    revoke(world, revoked, both)
    redeem(world, both, order_id="another")
    return batch


def states(batch: CodeBatch, world: World) -> list[str]:
    return list(codes.codes_with_state(batch, at=world.at).values_list("state", flat=True))


def test_each_state(world: World) -> None:
    batch = of_every_state(world)
    assert states(batch, world) == ["active", "redeemed", "revoked", "redeemed", "active"]
    assert codes.batch_counts([batch], at=world.at) == {
        batch.pk: {State.ACTIVE: 2, State.REDEEMED: 2, State.REVOKED: 1, State.EXPIRED: 0}
    }
    found = codes.codes_with_state(batch, at=world.at)
    assert list(found.values_list("redeemed_at", "order_id")) == [
        (None, None),
        (world.at, "order"),
        (None, None),
        (world.at, "another"),
        (None, None),
    ]


def test_a_batch_expires_at_its_instant(world: World) -> None:
    batch = of_every_state(world)
    assert batch.expires_at is not None
    world.at = batch.expires_at - INSTANT
    assert states(batch, world)[0] == "active"
    world.at = batch.expires_at
    assert states(batch, world) == ["expired", "redeemed", "revoked", "redeemed", "expired"]


def test_codes_are_filtered_by_state(world: World) -> None:
    batch = of_every_state(world)
    some = RedemptionCode.objects.filter(number__gte=2)
    found = codes.codes_with_state(some, at=world.at).filter(state=State.REDEEMED)
    assert list(found.values_list("number", flat=True)) == [2, 4]
    code = found.first()
    assert code is not None
    assert (code.batch_id, code.state, code.order_id) == (batch.pk, "redeemed", "order")


@pytest.mark.parametrize("batches", [1, 3])
def test_sums_take_one_query(world: World, batches: int) -> None:
    world.members(2, world.account("Acme"))
    made_ones = [made(world) for _ in range(batches)]
    with CaptureQueriesContext(connection) as queries:
        counts = codes.batch_counts(made_ones, at=world.at)
    assert len(queries) == 1
    assert counts == {
        batch.pk: {State.ACTIVE: 2, State.REDEEMED: 0, State.REVOKED: 0, State.EXPIRED: 0}
        for batch in made_ones
    }


def test_no_batches_have_no_sums(world: World) -> None:
    assert codes.batch_counts([], at=world.at) == {}
