"""A purchase killed at every statement from reserving to returning, COMMIT included; then resumed.

What an order is to Saleor a row of Django's stands in for: the holds are bound in the transaction
that creates it. Resuming is what a shop does: the same calls under the same keys, in another
process, and no second order where there is one.
"""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth.models import Group
from django.db import transaction

from saleor_program_budgets import programs
from saleor_program_budgets.models import Hold
from tests.faults.support.books import books, fresh
from tests.faults.support.killing import EVERY_POINT, killed_at
from tests.support.world import TESTS, World, usd

if TYPE_CHECKING:
    from collections.abc import Callable

    from saleor_program_budgets.models import Member

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning"),
]


def _world() -> tuple[World, Member]:
    world = fresh()
    acme = world.account("Acme")
    sales = world.account("Sales", under=acme)
    world.cap(acme, "1000.00"), world.cap(sales, "200.00")
    return world, world.member(sales)


def _reserve(world: World, member: Member) -> None:
    """Hold 100.00 in two parts; the order will need 75.00 of it."""
    world.reserve(member, "40.00", key="first")
    world.reserve(member, "60.00", key="second")


def _order(world: World, member: Member) -> None:
    store = programs.find_store(channel_id="shop")
    assert store is not None
    with transaction.atomic():
        _, is_new = Group.objects.get_or_create(name="order")
        if is_new:
            programs.bind_to_order(
                store=store,
                user_id=member.user_id,
                checkout_id="checkout",
                order_id="order",
                due=usd("75.00"),
                at=world.at,
            )


def _settle(world: World, _: Member) -> None:
    programs.settle_order(order_id="order", due=usd("75.00"), actor=TESTS, at=world.at)


def _return(world: World, _: Member) -> None:
    programs.return_order(order_id="order", cause="cancelled", actor=TESTS, at=world.at)


def _release(world: World, _: Member) -> None:
    programs.release_checkout(
        checkout_id="checkout", keep=usd("30.00"), cause="a smaller cart", actor=TESTS, at=world.at
    )


HELD, MORE_HELD = ("", 4000, 0, 0, 0), ("", 6000, 0, 0, 0)
ORDERED = [("order", 4000, 0, 0, 0), ("order", 6000, 0, 0, 0)]
SETTLED = [("order", 4000, 4000, 0, 0), ("order", 6000, 3500, 2500, 0)]
SEQUENCES = {
    "ordered": ([], [_reserve, _order], [[], [HELD], [HELD, MORE_HELD], ORDERED]),
    "settled": (
        [_reserve, _order],
        [_settle],
        [
            ORDERED,
            [SETTLED[0], ORDERED[1]],
            [SETTLED[0], ("order", 6000, 3500, 0, 0)],
            SETTLED,
        ],
    ),
    "returned": (
        [_reserve, _order, _settle],
        [_return],
        [
            SETTLED,
            [("order", 4000, 4000, 0, 4000), SETTLED[1]],
            [("order", 4000, 4000, 0, 4000), ("order", 6000, 3500, 2500, 3500)],
        ],
    ),
    "returned before it was settled": (
        [_reserve, _order],
        [_return],
        [
            ORDERED,
            [("order", 4000, 0, 4000, 0), ORDERED[1]],
            [("order", 4000, 0, 4000, 0), ("order", 6000, 0, 6000, 0)],
        ],
    ),
    "given back": (
        [_reserve],
        [_release],
        [
            [HELD, MORE_HELD],
            [HELD, ("", 6000, 0, 6000, 0)],
            [("", 4000, 0, 1000, 0), ("", 6000, 0, 6000, 0)],
        ],
    ),
}


@pytest.mark.parametrize(("before", "steps", "states"), SEQUENCES.values(), ids=list(SEQUENCES))
def test_killed_at_every_statement_and_resumed(
    before: list[Callable[[World, Member], None]],
    steps: list[Callable[[World, Member], None]],
    states: list[Any],
) -> None:
    """*states* are all that the holds may be found in, in their order; the last one is the end."""

    def prepare() -> Callable[[], None]:
        world, member = _world()
        for step in before:
            step(world, member)

        def job() -> None:
            for step in steps:
                step(world, member)

        return job

    job = prepare()
    start = books()
    job()
    end = books()
    job = prepare()
    found = [_holds()]
    for place in count():
        point = killed_at(place, job, skip=() if EVERY_POINT else ("before", "answered"))
        assert Group.objects.count() == int(("order", 4000) in {hold[:2] for hold in _holds()})
        found += [] if found[-1] == _holds() else [_holds()]
        if books() != start:
            job()
            assert books() == end
            assert Group.objects.count() <= 1
            job = prepare()
        if point is None:
            break
    assert found == states


def _holds() -> list[Any]:
    return list(
        Hold.objects.order_by("key").values_list(
            "order_id", "amount", "captured", "released", "refunded"
        )
    )
