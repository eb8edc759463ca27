"""A redemption code works for the one it was issued to, once."""

import pytest
from django.db import transaction

from saleor_program_budgets import codes, programs
from saleor_program_budgets.codes import CodeRefused
from saleor_program_budgets.models import CodeAttempt, CodeBatch, CodeRedemption, Lot, Posting
from tests.support.batches import Shop, create, hand_out, made
from tests.support.database import money, snapshot
from tests.support.issuing import Place, Reason, caller, found
from tests.support.world import DAY, TESTS, World, lot_figures, usd

pytestmark = pytest.mark.usefixtures("empty_cache")


def test_store_credit_is_granted_once(world: World) -> None:
    # Given Ann and Bob with 300.00 each, and a code of 25.00 for either.
    ann, bob = world.members(2, world.account("Acme"))
    issued = {code.member_id: code for code in hand_out(world, made(world, credit_days=30))}
    assert len(issued) == 2

    # When Ann enters hers, her budget has 300.00 + 25.00 = 325.00; what is added lasts 30 days.
    world.at += DAY
    text = issued[ann.pk].text
    redeemed = codes.redeem_credit(found=found(text), caller=caller(ann), at=world.at)
    assert (redeemed.amount, redeemed.expires_at) == (usd("25.00"), world.at + 30 * DAY)
    assert world.balance(ann) == {"available": "325.00"}
    assert world.balance(bob) == {"available": "300.00"}

    # Then the journal says who, and by which code.
    posting = Posting.objects.get(pk=redeemed.posting_id)
    assert (posting.kind, posting.member, posting.amount) == ("grant", ann, 25_00)
    assert (posting.actor, posting.cause) == (
        f"user:{ann.user_id}",
        f"redemption code {found(text).code}",
    )

    # Entered again, in small letters and with spaces, it is redeemed already.
    before, typed = money(), text.lower().replace("-", " ")
    with pytest.raises(CodeRefused) as error:
        codes.redeem_credit(found=found(typed), caller=caller(ann), at=world.at)
    assert error.value.reason == Reason.REDEEMED
    assert money() == before

    # It is spent before the allotment, which lasts longer: 325.00 - 40.00 = 285.00.
    world.capture(world.hold(ann, "40.00"), "40.00")
    assert lot_figures(Lot.objects.get(origin=Lot.Origin.CODE)) == {"spent": "25.00"}
    assert world.balance(ann) == {"available": "285.00", "spent": "40.00"}


def test_a_stolen_code_is_worth_nothing(world: World) -> None:
    # Given a code for each of seven people, and somebody who got hold of six of them.
    members = world.members(7, world.account("Acme"))
    thief, *others = members
    batch = made(world)
    stolen = [code for code in hand_out(world, batch) if code.member_id != thief.pk]

    # When they enter one after the other, each is refused, and nobody's budget has moved.
    before = money(without=["refused", "outcome", "codeattempt"])
    for code in stolen:
        with pytest.raises(CodeRefused) as error:
            codes.redeem_credit(found=found(code.text), caller=caller(thief), at=world.at)
        assert error.value.reason == Reason.NOT_YOURS
        codes.record_refused(
            text=code.text,
            found=found(code.text),
            reason=error.value.reason,
            caller=caller(thief),
            at=world.at,
        )
    assert money(without=["refused", "outcome", "codeattempt"]) == before

    # Then staff see who tried whose code, and are told of the leak, once.
    tries = CodeAttempt.objects.order_by("pk").values_list("user_reference", "code__member")
    assert list(tries) == [(thief.user_reference, member.pk) for member in others]
    assert codes.watch(at=world.at) == [batch]
    assert codes.watch(at=world.at) == []

    # They revoke the batch: the codes are worth nothing to their members either, who get new ones.
    new = codes.reissue(batch=batch, withdraw=None, actor=TESTS, at=world.at)
    codes.generate(batch=new, publish=None, at=world.at)
    ann = others[0]
    with pytest.raises(CodeRefused) as error:
        codes.redeem_credit(found=found(stolen[0].text), caller=caller(ann), at=world.at)
    assert error.value.reason == Reason.REVOKED
    [replaced] = [code for code in hand_out(world, new) if code.member_id == ann.pk]
    codes.redeem_credit(found=found(replaced.text), caller=caller(ann), at=world.at)
    assert world.balance(ann) == {"available": "325.00"}


def test_who_tries_ten_times_has_to_wait(world: World) -> None:
    # Given a code of Ann's, and Bob, who has tried nine others.
    ann, bob = world.members(2, world.account("Acme"))
    [code, _] = hand_out(world, made(world))
    for number in range(9):
        assert not codes.is_locked_out(caller(bob))
        codes.record_refused(
            text=f"GUESS-{number}",
            found=None,
            reason=Reason.UNKNOWN,
            caller=caller(bob),
            at=world.at,
        )

    # When he tries Ann's, that is one too many, and he is locked out.
    codes.record_refused(
        text=code.text,
        found=found(code.text),
        reason=Reason.NOT_YOURS,
        caller=caller(bob),
        at=world.at,
    )
    assert codes.is_locked_out(caller(bob, checkout_id="another"))

    # Ann, on a checkout of her own, isn't.
    assert not codes.is_locked_out(caller(ann, checkout_id="hers"))


def test_a_discount_belongs_to_one_order(world: World) -> None:
    # Given a discount code of Ann's, which stands in the shop.
    ann = world.member()
    shop = Shop()
    made(world, shop=shop, kind=CodeBatch.Kind.DISCOUNT)
    [text] = shop.texts

    # When an order is made with it that fails, as when something is out of stock, she keeps it.
    def order(order_id: str) -> CodeRedemption:
        by = caller(ann, place=Place.COMPLETION, order_id=order_id)
        return codes.claim(found=found(text), caller=by, at=world.at)

    before = snapshot()
    with transaction.atomic():
        order("failed")
        transaction.set_rollback(True)
    assert snapshot() == before

    # When one is made that doesn't, the code is that order's, and refused to every other.
    with transaction.atomic():
        order("first")
    with transaction.atomic(), pytest.raises(CodeRefused) as error:
        order("second")
    assert error.value.reason == Reason.REDEEMED

    # When that order is cancelled, she has it again, and both orders stay on record.
    world.at += DAY
    [returned] = codes.give_back(order_id="first", cause="the order was cancelled", at=world.at)
    assert returned.text == text
    with transaction.atomic():
        order("third")
    redemptions = CodeRedemption.objects.values_list("order_id", "returned_at", "return_cause")
    assert list(redemptions) == [
        ("first", world.at, "the order was cancelled"),
        ("third", None, ""),
    ]


def test_a_leavers_code_waits_for_them(world: World) -> None:
    # Given a code of Ann's that she hasn't used when she leaves.
    ann = world.member()
    [code] = hand_out(world, made(world))
    programs.deactivate_member(member=ann, actor=TESTS, at=world.at)

    # When she enters it then, it is refused.
    before = snapshot()
    with pytest.raises(CodeRefused) as error:
        codes.redeem_credit(found=found(code.text), caller=caller(ann), at=world.at)
    assert error.value.reason == Reason.INACTIVE_MEMBER
    assert snapshot() == before

    # When she comes back, it is hers again: 300.00 + 25.00 = 325.00.
    programs.reactivate_member(member=ann, actor=TESTS, at=world.at)
    codes.redeem_credit(found=found(code.text), caller=caller(ann), at=world.at)
    assert world.balance(ann) == {"available": "325.00"}


def test_a_code_is_good_until_it_expires_and_while_the_store_is_open(world: World) -> None:
    # Given a code that is good for a week.
    ann = world.member()
    batch = create(world, expires_at=world.at + 7 * DAY)
    codes.generate(batch=batch, publish=None, at=world.at)
    [code] = hand_out(world, batch)

    def reason(at_day: int) -> str | None:
        return codes.refusal(found=found(code.text), caller=caller(ann), at=world.at + at_day * DAY)

    # Then it is refused from the seventh day on, and before that while the program is closed.
    assert [reason(day) for day in (0, 6, 7)] == [None, None, Reason.EXPIRED]
    programs.close_program(program=world.program)
    assert [reason(day) for day in (0, 6, 7)] == [
        Reason.PROGRAM_CLOSED,
        Reason.PROGRAM_CLOSED,
        Reason.EXPIRED,
    ]
