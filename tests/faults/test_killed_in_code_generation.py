"""The making of codes killed at random points, and taken up each time by another process."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest
from django.contrib.auth.models import Group

from saleor_program_budgets import codes
from saleor_program_budgets.codes import generation
from saleor_program_budgets.models import CodeBatch, RedemptionCode
from tests.faults.support.books import books, fresh, kept
from tests.faults.support.killing import Point, killed_at, points_of
from tests.support.batches import create
from tests.support.world import TESTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.support.world import World

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning"),
]
RUNS = 20
MEMBERS = 12
CHUNK = 3
SEED = 20261122


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a run have several chunks."""
    monkeypatch.setattr(generation, "CHUNK", CHUNK)


def _world(kind: str) -> World:
    world = fresh()
    world.members(MEMBERS, world.account("Acme"))
    create(world, kind=kind)
    return world


def _publish(_: CodeBatch, texts: Sequence[str]) -> None:
    """Write them down where the shop's vouchers would stand: in rows of Django's."""
    Group.objects.bulk_create(Group(name=text) for text in texts)


def _generate(world: World) -> None:
    codes.generate(batch=CodeBatch.objects.get(), publish=_publish, at=world.at)


def _published() -> list[str]:
    return list(Group.objects.order_by("name").values_list("name", flat=True))


@pytest.mark.parametrize("kind", CodeBatch.Kind.values)
def test_killed_anywhere_and_taken_up_by_another(kind: str) -> None:
    world = _world(kind)
    with kept() as put_back:
        points = points_of(lambda: _generate(world))
        expected = books()
        shop = _published()
        assert len(shop) == (MEMBERS if kind == CodeBatch.Kind.DISCOUNT else 0)
        made: dict[Point, int] = {}
        for place in random.Random(SEED).sample(range(points), min(RUNS, points)):
            put_back()
            Group.objects.all().delete()
            point = killed_at(place, lambda: _generate(world))
            assert point is not None
            batch = CodeBatch.objects.get()
            made[point] = batch.made
            # A chunk is there as a whole, here and in the shop, or it isn't.
            assert batch.codes.count() == batch.made
            assert len(_published()) == (batch.made if shop else 0)
            _generate(world)
            assert (books(), _published()) == (expected, shop), point
    assert {point.phase for point in made} == {"before", "sent", "answered"}
    assert {0, MEMBERS} < set(made.values()) <= set(range(0, MEMBERS + 1, CHUNK))


def test_codes_of_a_killed_run_are_the_ones_that_are_handed_out() -> None:
    another = _world(CodeBatch.Kind.STORE_CREDIT)
    points = points_of(lambda: _generate(another))
    world = _world(CodeBatch.Kind.STORE_CREDIT)
    assert killed_at(points // 2, lambda: _generate(world)) is not None
    batch = CodeBatch.objects.get()
    assert 0 < batch.made < MEMBERS
    _generate(world)
    issued = codes.hand_out(batch=batch, actor=TESTS, at=world.at)
    digests = [codes.digest_of(codes.canonical(one.text) or "") for one in issued]
    kept_digests = RedemptionCode.objects.order_by("number").values_list("digest", flat=True)
    assert [bytes(digest) for digest in kept_digests] == digests


def test_killed_while_codes_are_handed_out() -> None:
    """Either nothing has left for good and it can be done again, or the secret is gone."""
    world = _world(CodeBatch.Kind.STORE_CREDIT)
    _generate(world)

    def hand_out() -> list[codes.Issued]:
        batch = CodeBatch.objects.get()
        return codes.hand_out(batch=batch, actor=TESTS, at=world.at)

    with kept() as put_back:
        points = points_of(hand_out)
        found = set()
        for place in range(points):
            put_back()
            assert killed_at(place, hand_out) is not None
            batch = CodeBatch.objects.get()
            found.add((batch.status, batch.secret is None))
    assert found == {("ready", False), ("delivered", True)}
