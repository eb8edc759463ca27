"""Credit that was redeemed and, since something died, not granted yet."""

from collections.abc import Callable

import pytest
from django.db import OperationalError

from saleor_program_budgets import codes, ledger, programs
from saleor_program_budgets.codes import CodeRefused
from saleor_program_budgets.models import CodeRedemption, Lot, Member, Posting
from tests.support.database import snapshot
from tests.support.issuing import Kind, Reason, caller, found, issue, issue_all
from tests.support.world import DAY, TESTS, World, usd


def die(**_: object) -> None:
    raise ConnectionError


@pytest.fixture
def interrupted(world: World, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Redeem a code of the member's, and die before it is granted, or before that is noted."""

    def redeem(member: Member, *, after_grant: bool = False, **terms: object) -> str:
        text = issue(world, member, **terms)

        def die_after(**arguments: object) -> None:
            granting(**arguments)
            raise ConnectionError

        granting = ledger.grant
        with monkeypatch.context() as patch:
            patch.setattr(ledger, "grant", die_after if after_grant else die)
            with pytest.raises(ConnectionError):
                codes.redeem_credit(found=found(text), caller=caller(member), at=world.at)
        assert CodeRedemption.objects.get(code=found(text).code).posting_id is None
        return text

    return redeem


@pytest.mark.parametrize("after_grant", [False, True])
def test_the_job_completes_it(
    world: World, interrupted: Callable[..., str], after_grant: bool
) -> None:
    ann = world.member()
    interrupted(ann, after_grant=after_grant)
    world.at += DAY
    assert codes.complete_credits(at=world.at) == 1
    assert world.balance(ann) == {"available": "325.00"}
    posting = Posting.objects.get(amount=25_00)
    assert CodeRedemption.objects.get().posting_id == posting.pk
    assert posting.actor == f"user:{ann.user_id}" if after_grant else "system:codes"
    before = snapshot()
    assert codes.complete_credits(at=world.at) == 0
    assert snapshot() == before


@pytest.mark.parametrize("after_grant", [False, True])
def test_the_member_completes_it_by_entering_it_again(
    world: World, interrupted: Callable[..., str], after_grant: bool
) -> None:
    ann, bob = world.members(2, world.account("Acme"))
    text = interrupted(ann, after_grant=after_grant, expires_at=world.at + DAY)
    lapses_at = world.cycle.ends_at
    world.at += DAY  # what is redeemed doesn't expire
    by = caller(bob)
    assert codes.refusal(found=found(text), caller=by, at=world.at) == Reason.NOT_YOURS
    redeemed = codes.redeem_credit(found=found(text), caller=caller(ann), at=world.at)
    assert (redeemed.amount, redeemed.expires_at) == (usd("25.00"), lapses_at)
    assert world.balance(ann) == {"available": "325.00"}
    with pytest.raises(CodeRefused) as error:
        codes.redeem_credit(found=found(text), caller=caller(ann), at=world.at)
    assert error.value.reason == Reason.REDEEMED


def test_what_was_granted_in_an_earlier_period_is_told_as_it_was(
    world: World, interrupted: Callable[..., str]
) -> None:
    world.open_program(cycle_length="monthly")
    ann = world.member()
    text = interrupted(ann, after_grant=True)
    lapses_at = world.cycle.ends_at
    world.at += 40 * DAY
    redeemed = codes.redeem_credit(found=found(text), caller=caller(ann), at=world.at)
    assert redeemed.expires_at == lapses_at
    assert world.balance(ann) == {"available": "300.00"}


def test_what_is_granted_in_a_later_period_lapses_with_that(
    world: World, interrupted: Callable[..., str]
) -> None:
    world.open_program(cycle_length="monthly")
    ann = world.member()
    interrupted(ann)
    world.at += 40 * DAY
    assert codes.complete_credits(at=world.at) == 1
    lot = Lot.objects.get(origin=Lot.Origin.CODE)
    assert (lot.cycle, lot.expires_at) == (world.cycle, world.cycle.ends_at)
    assert world.balance(ann) == {"available": "325.00"}


def test_days_count_from_the_redemption(world: World, interrupted: Callable[..., str]) -> None:
    ann = world.member()
    interrupted(ann, credit_days=10)
    lapses_at = world.at + 10 * DAY
    world.at += 3 * DAY
    codes.complete_credits(at=world.at)
    assert Lot.objects.get(origin=Lot.Origin.CODE).expires_at == lapses_at


def test_a_program_that_has_ended_gives_nothing_to_spend(
    world: World, interrupted: Callable[..., str]
) -> None:
    program = world.open_program(cycle_length="window", closes_at=world.at + 30 * DAY)
    ann = world.member()
    interrupted(ann)
    lapses_at, world.at = world.cycle.ends_at, world.at + 40 * DAY
    assert codes.complete_credits(at=world.at) == 1
    assert not program.cycles.filter(closed_at=None).exists()
    lot = Lot.objects.get(origin=Lot.Origin.CODE)
    assert (lot.cycle, lot.expires_at) == (None, lapses_at)
    ledger.lapse(actor=TESTS, at=world.at)
    lot.refresh_from_db()
    assert (lot.available, lot.lapsed) == (0, 25_00)


def test_a_leavers_credit_waits_for_them(world: World, interrupted: Callable[..., str]) -> None:
    ann = world.member()
    text = interrupted(ann)
    programs.deactivate_member(member=ann, actor=TESTS, at=world.at)
    assert codes.complete_credits(at=world.at) == 0
    seen = found(text)
    assert codes.refusal(found=seen, caller=caller(ann), at=world.at) == Reason.INACTIVE_MEMBER
    programs.reactivate_member(member=ann, actor=TESTS, at=world.at)
    assert codes.complete_credits(at=world.at) == 1
    assert world.balance(ann) == {"available": "325.00"}


def test_a_run_is_bounded(world: World, interrupted: Callable[..., str]) -> None:
    members = world.members(3, world.account("Acme"))
    for member in members:
        interrupted(member)
    assert [codes.complete_credits(at=world.at, limit=2) for _ in range(3)] == [2, 1, 0]


def test_one_that_fails_does_not_keep_the_others_from_theirs(
    world: World, interrupted: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    ann, bob = world.members(2, world.account("Acme"))
    interrupted(ann)
    interrupted(bob)
    granting = ledger.grant

    def fail_for_ann(**arguments: list[int]) -> object:
        if arguments["members"] == [ann.pk]:
            raise OperationalError("the disk is full")
        return granting(**arguments)

    with monkeypatch.context() as patch:
        patch.setattr(ledger, "grant", fail_for_ann)
        with pytest.raises(ExceptionGroup) as group:
            codes.complete_credits(at=world.at)
    first = CodeRedemption.objects.order_by("pk")[0]
    assert group.value.message == f"redemption {first.pk}: the disk is full"
    assert world.balance(ann) == {"available": "300.00"}
    assert world.balance(bob) == {"available": "325.00"}
    assert codes.complete_credits(at=world.at) == 1


def test_a_claimed_discount_is_no_credit_that_is_due(world: World) -> None:
    ann = world.member()
    [text] = issue_all(world, ann, kind=Kind.DISCOUNT)
    CodeRedemption.objects.create(code=found(text).code, user_reference="1", redeemed_at=world.at)
    assert codes.complete_credits(at=world.at) == 0
    assert not found(text).is_credit_due
