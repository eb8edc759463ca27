"""One code, and many who want it at once: it is redeemed once, or revoked, and never both.

The controls take the row lock away, and then the unique index too.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from saleor_program_budgets import codes, ledger
from saleor_program_budgets.codes import CodeRefused, Redeemed
from saleor_program_budgets.models import (
    CodeBatch,
    CodeRedemption,
    Lot,
    Member,
    Posting,
    RedemptionCode,
)
from tests.support.issuing import Kind, Place, Reason, caller, found, issue
from tests.support.racing import in_turn, race, unguarded
from tests.support.world import TESTS, World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Job = Callable[[], Any]

MANY = 50


@contextmanager
def without_row_locks() -> Iterator[None]:
    """Let Django's queries read rows that they would lock."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(QuerySet, "select_for_update", lambda rows, **_: rows.all())
        yield


def redeem(world: World, text: str, who: Member) -> Job:
    """As a request does that looks the code up first."""
    return lambda: codes.redeem_credit(found=found(text), caller=caller(who), at=world.at)


def claim(world: World, text: str, who: Member, *, order: str) -> Job:
    """As the transaction does that makes an order, by what was seen before it began."""
    seen = found(text)
    by = caller(who, place=Place.COMPLETION, order_id=order)

    def run() -> CodeRedemption:
        with transaction.atomic():
            return codes.claim(found=seen, caller=by, at=world.at)

    return run


def revoke(world: World) -> Job:
    return lambda: codes.revoke_batch(
        batch=CodeBatch.objects.get(),
        reason="a test",
        withdraw=lambda texts: None,
        actor=TESTS,
        at=world.at,
    )


def give_back(world: World, *, order: str) -> Job:
    return lambda: codes.give_back(order_id=order, cause="cancelled", at=world.at)


def told(outcome: Any) -> str:
    """Return in a word what came of it."""
    match outcome:
        case CodeRefused():
            return outcome.reason.value
        case Redeemed():
            return "granted"
        case CodeRedemption():
            return f"claimed for {outcome.order_id}"
        case codes.Revoked():
            return f"revoked {outcome.revoked}, kept {outcome.redeemed}"
        case list():
            return f"returned {len(outcome)}"
        case _:
            return type(outcome).__name__


def state(world: World) -> list[str]:
    """Return what has become of each code, and for which orders it stands redeemed."""
    standing = CodeRedemption.objects.filter(returned_at=None)
    orders = sorted(standing.values_list("order_id", flat=True))
    revoked = RedemptionCode.objects.filter(revoked_at__isnull=False).exists()
    return [f"redeemed {order}".strip() for order in orders] + ["revoked"] * revoked


# Store credit


def test_many_redemptions_at_once_are_one_lot(committed_world: World) -> None:
    world, ann = committed_world, committed_world.member()
    text = issue(world, ann)
    outcomes = [told(outcome) for outcome in race(*[redeem(world, text, ann)] * MANY)]
    # Who looks the code up between redemption and grant completes it, and is told the same.
    assert outcomes.count("granted") >= 1
    assert outcomes.count("granted") + outcomes.count(Reason.REDEEMED) == MANY
    assert CodeRedemption.objects.count() == 1
    assert Lot.objects.filter(origin=Lot.Origin.CODE).count() == 1
    assert Posting.objects.filter(amount=25_00).count() == 1
    assert world.balance(ann) == {"available": "325.00"}


def test_of_many_who_looked_it_up_before_one_redeems_it(committed_world: World) -> None:
    world, ann = committed_world, committed_world.member()
    seen = found(issue(world, ann))
    outcomes = race(
        *[lambda: codes.redeem_credit(found=seen, caller=caller(ann), at=world.at)] * MANY
    )
    assert sorted(map(told, outcomes)) == sorted(["granted"] + [Reason.REDEEMED] * (MANY - 1))
    assert world.balance(ann) == {"available": "325.00"}


def test_many_strangers_and_the_member_at_once(committed_world: World) -> None:
    world = committed_world
    ann, *strangers = world.members(20, world.account("Acme"))
    text = issue(world, ann)
    outcomes = race(*[redeem(world, text, who) for who in (*strangers, ann)])
    assert [told(outcome) for outcome in outcomes] == [Reason.NOT_YOURS] * 19 + ["granted"]
    assert CodeRedemption.objects.get().user_reference == ann.user_reference
    assert Lot.objects.get(origin=Lot.Origin.CODE).limit.member == ann


def test_the_second_waits_for_the_first(committed_world: World) -> None:
    world, ann = committed_world, committed_world.member()
    text = issue(world, ann)
    meeting = in_turn(redeem(world, text, ann), redeem(world, text, ann))
    assert (told(meeting.first), told(meeting.second), meeting.waited) == (
        "granted",
        Reason.REDEEMED,
        True,
    )


def test_without_the_lock_the_index_lets_one_in(committed_world: World) -> None:
    """The first control: what the lock would miss, the database refuses."""
    world, ann = committed_world, committed_world.member()
    text = issue(world, ann)
    with without_row_locks():
        meeting = in_turn(redeem(world, text, ann), redeem(world, text, ann))
    assert (type(meeting.first), told(meeting.second), meeting.waited) == (
        IntegrityError,
        "granted",
        False,
    )
    assert world.balance(ann) == {"available": "325.00"}


def test_without_both_it_is_redeemed_twice(committed_world: World) -> None:
    """The second control. The ledger's key still keeps it to one lot."""
    world, ann = committed_world, committed_world.member()
    text = issue(world, ann)
    world.is_tampered = True
    with unguarded(constraints=False), without_row_locks():
        meeting = in_turn(redeem(world, text, ann), redeem(world, text, ann))
        assert (told(meeting.first), told(meeting.second)) == ("granted", "granted")
        assert state(world) == ["redeemed", "redeemed"]
        assert Lot.objects.filter(origin=Lot.Origin.CODE).count() == 1


def test_a_credit_that_is_due_is_granted_once(
    committed_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, ann = committed_world, committed_world.member()
    text = issue(world, ann)

    def die(**_: object) -> None:
        raise ConnectionError

    with monkeypatch.context() as patch:
        patch.setattr(ledger, "grant", die)
        with pytest.raises(ConnectionError):
            redeem(world, text, ann)()
    seen = found(text)
    outcomes = race(
        *[lambda: codes.complete_credits(at=world.at)] * 4,
        *[lambda: codes.redeem_credit(found=seen, caller=caller(ann), at=world.at)] * 4,
    )
    assert {told(outcome) for outcome in outcomes} <= {"int", "granted"}
    assert len({outcome for outcome in outcomes if isinstance(outcome, Redeemed)}) == 1
    assert CodeRedemption.objects.get().posting_id == Posting.objects.get(amount=25_00).pk
    assert world.balance(ann) == {"available": "325.00"}


# Discounts


@pytest.fixture
def discount(committed_world: World) -> tuple[Member, str]:
    """A member, and the text of their discount code."""
    ann = committed_world.member()
    return ann, issue(committed_world, ann, kind=Kind.DISCOUNT)


def test_two_orders_and_one_code(committed_world: World, discount: tuple[Member, str]) -> None:
    world, (ann, text) = committed_world, discount
    one, other = (claim(world, text, ann, order=order) for order in ("one", "other"))
    meeting = in_turn(one, other)
    assert (told(meeting.first), told(meeting.second), meeting.waited) == (
        "claimed for one",
        Reason.REDEEMED,
        True,
    )
    assert state(world) == ["redeemed one"]


def test_many_orders_and_one_code(committed_world: World, discount: tuple[Member, str]) -> None:
    world, (ann, text) = committed_world, discount
    orders = [f"order {number}" for number in range(MANY)]
    outcomes = race(*[claim(world, text, ann, order=order) for order in orders])
    [claimed] = [outcome for outcome in outcomes if isinstance(outcome, CodeRedemption)]
    assert sorted(map(told, outcomes)) == sorted([told(claimed)] + [Reason.REDEEMED] * (MANY - 1))
    assert state(world) == [f"redeemed {claimed.order_id}"]


def test_without_the_lock_the_index_rolls_one_order_back(
    committed_world: World, discount: tuple[Member, str]
) -> None:
    """The first control."""
    world, (ann, text) = committed_world, discount
    one, other = (claim(world, text, ann, order=order) for order in ("one", "other"))
    with without_row_locks():
        meeting = in_turn(one, other)
    assert (type(meeting.first), told(meeting.second), meeting.waited) == (
        IntegrityError,
        "claimed for other",
        False,
    )
    assert state(world) == ["redeemed other"]


def test_without_both_two_orders_have_one_code(
    committed_world: World, discount: tuple[Member, str]
) -> None:
    """The second control."""
    world, (ann, text) = committed_world, discount
    one, other = (claim(world, text, ann, order=order) for order in ("one", "other"))
    world.is_tampered = True
    with unguarded(constraints=False), without_row_locks():
        in_turn(one, other)
        assert state(world) == ["redeemed one", "redeemed other"]


def test_the_next_order_gets_the_code_of_one_that_is_rolled_back(
    committed_world: World, discount: tuple[Member, str]
) -> None:
    world, (ann, text) = committed_world, discount
    claim_one, other = (claim(world, text, ann, order=order) for order in ("one", "other"))

    def fail() -> None:
        with transaction.atomic():
            claim_one()
            raise ZeroDivisionError

    meeting = in_turn(fail, other)
    assert (told(meeting.first), told(meeting.second), meeting.waited) == (
        "ZeroDivisionError",
        "claimed for other",
        True,
    )
    assert state(world) == ["redeemed other"]


# Revoking


def test_revoked_while_it_is_claimed(committed_world: World, discount: tuple[Member, str]) -> None:
    world, (ann, text) = committed_world, discount
    meeting = in_turn(claim(world, text, ann, order="one"), revoke(world))
    assert (told(meeting.first), told(meeting.second), meeting.waited) == (
        "claimed for one",
        "revoked 0, kept 1",
        True,
    )
    assert state(world) == ["redeemed one"]


def test_claimed_while_it_is_revoked(committed_world: World, discount: tuple[Member, str]) -> None:
    world, (ann, text) = committed_world, discount
    meeting = in_turn(revoke(world), claim(world, text, ann, order="one"))
    assert (told(meeting.first), told(meeting.second), meeting.waited) == (
        "revoked 1, kept 0",
        Reason.REVOKED,
        True,
    )
    assert state(world) == ["revoked"]


@pytest.mark.parametrize("is_first", [True, False])
def test_without_the_lock_it_is_both(
    committed_world: World, discount: tuple[Member, str], is_first: bool
) -> None:
    """The control; no constraint knows of it."""
    world, (ann, text) = committed_world, discount
    jobs = [claim(world, text, ann, order="one"), revoke(world)]
    with without_row_locks():
        in_turn(*jobs if is_first else reversed(jobs))
    assert state(world) == ["redeemed one", "revoked"]


def test_store_credit_redeemed_while_it_is_revoked(committed_world: World) -> None:
    world, ann = committed_world, committed_world.member()
    text = issue(world, ann)
    meeting = in_turn(revoke(world), redeem(world, text, ann))
    assert (told(meeting.first), told(meeting.second)) == ("revoked 1, kept 0", Reason.REVOKED)
    assert world.balance(ann) == {"available": "300.00"}


# Coming back


def test_a_code_that_is_coming_back_goes_to_the_next_order(
    committed_world: World, discount: tuple[Member, str]
) -> None:
    world, (ann, text) = committed_world, discount
    claim(world, text, ann, order="one")()

    def order_again() -> Any:
        seen = found(text)
        # The look-up sees it redeemed; the lock that follows would have waited.
        return codes.refusal(found=seen, caller=caller(ann), at=world.at)

    meeting = in_turn(give_back(world, order="one"), order_again)
    assert (told(meeting.first), meeting.second) == ("returned 1", Reason.REDEEMED)
    assert told(claim(world, text, ann, order="other")()) == "claimed for other"


def test_given_back_twice_at_once_it_comes_back_once(
    committed_world: World, discount: tuple[Member, str]
) -> None:
    world, (ann, text) = committed_world, discount
    claim(world, text, ann, order="one")()
    meeting = in_turn(give_back(world, order="one"), give_back(world, order="one"))
    assert (told(meeting.first), told(meeting.second), meeting.waited) == (
        "returned 1",
        "returned 0",
        True,
    )


def test_given_back_while_its_batch_is_revoked(
    committed_world: World, discount: tuple[Member, str]
) -> None:
    world, (ann, text) = committed_world, discount
    claim(world, text, ann, order="one")()
    meeting = in_turn(revoke(world), give_back(world, order="one"))
    assert (told(meeting.first), told(meeting.second), meeting.waited) == (
        "revoked 0, kept 1",
        "returned 0",
        True,
    )
    assert state(world) == ["revoked"]


def test_its_batch_revoked_while_it_is_given_back(
    committed_world: World, discount: tuple[Member, str]
) -> None:
    world, (ann, text) = committed_world, discount
    claim(world, text, ann, order="one")()
    meeting = in_turn(give_back(world, order="one"), revoke(world))
    assert (told(meeting.first), told(meeting.second), meeting.waited) == (
        "returned 1",
        "revoked 1, kept 0",
        True,
    )
    assert state(world) == ["revoked"]


@pytest.mark.parametrize("is_first", [True, False])
def test_without_the_lock_it_outlives_its_batch(
    committed_world: World, discount: tuple[Member, str], is_first: bool
) -> None:
    """The control: a code of a revoked batch that could be used."""
    world, (ann, text) = committed_world, discount
    claim(world, text, ann, order="one")()
    jobs = [give_back(world, order="one"), revoke(world)]
    with without_row_locks():
        in_turn(*jobs if is_first else reversed(jobs))
    assert CodeBatch.objects.get().status == CodeBatch.Status.REVOKED
    assert state(world) == []
