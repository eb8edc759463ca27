"""Redeeming: what a redemption writes, once, and how an order's comes back."""

import datetime as dt
from typing import Any

import pytest
from django.db import connection, transaction

from saleor_program_budgets import codes, programs
from saleor_program_budgets.codes import CodeRefused
from saleor_program_budgets.errors import InvalidInput
from saleor_program_budgets.models import (
    CodeBatch,
    CodeRedemption,
    Lot,
    Program,
    RedemptionCode,
)
from tests.support.database import money, snapshot
from tests.support.issuing import (
    UNKNOWN,
    Kind,
    Place,
    Reason,
    batch,
    caller,
    claim,
    found,
    issue,
    issue_all,
    redeem,
)
from tests.support.world import DAY, TESTS, World, usd

# Store credit


def test_store_credit_becomes_a_lot(world: World) -> None:
    ann = world.member()
    text = issue(world, ann)
    redeemed = redeem(world, text, ann)
    assert (redeemed.amount, redeemed.expires_at) == (usd("25.00"), world.cycle.ends_at)
    lot = Lot.objects.get(origin=Lot.Origin.CODE)
    redemption = CodeRedemption.objects.get()
    assert (lot.amount, lot.expires_at, lot.reason) == (
        25_00,
        world.cycle.ends_at,
        f"redemption code {redemption.code}",
    )
    assert (
        redemption.posting_id,
        redemption.user_reference,
        redemption.checkout_id,
        redemption.order_id,
        redemption.redeemed_at,
    ) == (redeemed.posting_id, ann.user_reference, "checkout", "", world.at)
    assert world.balance(ann) == {"available": "325.00"}


@pytest.mark.parametrize(
    ("terms", "expires_at"),
    [
        # 10 days by the clock on the wall: on 29 March Berlin's is put forward by an hour.
        ({"credit_days": 10}, dt.datetime(2026, 4, 4, 8, tzinfo=dt.UTC)),
        (
            {"credit_expires_at": dt.datetime(2026, 12, 24, tzinfo=dt.UTC)},
            dt.datetime(2026, 12, 24, tzinfo=dt.UTC),
        ),
        ({}, dt.datetime(2027, 1, 5, 9, tzinfo=dt.UTC)),
    ],
)
def test_credit_lapses_as_its_batch_says(
    world: World, terms: dict[str, Any], expires_at: dt.datetime
) -> None:
    world.open_program(time_zone="Europe/Berlin")
    ann = world.member()
    world.at = dt.datetime(2026, 3, 25, 9, tzinfo=dt.UTC)
    assert redeem(world, issue(world, ann, **terms), ann).expires_at == expires_at


def test_credit_lapses_with_a_members_own_year(world: World) -> None:
    world.open_program(cycle_length="anniversary")
    world.at += 40 * DAY
    ann = world.member()
    joined = world.at
    world.at += 10 * DAY
    redeemed = redeem(world, issue(world, ann), ann)
    assert redeemed.expires_at == joined.replace(year=joined.year + 1)


def test_credit_counts_in_the_cycle_that_is_open_then(world: World) -> None:
    world.open_program(cycle_length="monthly")
    ann = world.member()
    text = issue(world, ann)
    world.at += 40 * DAY
    redeemed = redeem(world, text, ann)
    assert world.cycle.number == 2
    assert redeemed.expires_at == world.cycle.ends_at
    assert world.balance(ann) == {"available": "325.00"}


def test_redeemed_again_by_the_same_member(world: World) -> None:
    ann = world.member()
    text = issue(world, ann)
    redeem(world, text, ann)
    before = snapshot()
    with pytest.raises(CodeRefused) as error:
        redeem(world, text, ann)
    assert error.value.reason == Reason.REDEEMED
    assert snapshot() == before


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("revoke", Reason.REVOKED),
        ("redeem", Reason.REDEEMED),
        ("leave", Reason.INACTIVE_MEMBER),
    ],
)
def test_what_changed_since_the_look_up_counts(world: World, change: str, reason: str) -> None:
    ann = world.member()
    text = issue(world, ann)
    seen = found(text)
    if change == "revoke":
        RedemptionCode.objects.update(revoked_at=world.at)
    elif change == "redeem":
        redeem(world, text, ann)
    else:
        programs.deactivate_member(member=ann, actor=TESTS, at=world.at)
    before = snapshot()
    with pytest.raises(CodeRefused) as error:
        codes.redeem_credit(found=seen, caller=caller(ann), at=world.at)
    assert error.value.reason == reason
    assert snapshot() == before


def test_credit_is_not_redeemed_inside_a_transaction(committed_world: World) -> None:
    world = committed_world
    ann = world.member()
    text = issue(world, ann)
    before = snapshot()
    with transaction.atomic(), pytest.raises(RuntimeError):
        redeem(world, text, ann)
    assert snapshot() == before


# Discounts


def test_a_discount_is_claimed_for_its_order(world: World) -> None:
    ann = world.member()
    text = issue(world, ann, kind=Kind.DISCOUNT)
    before = money()
    claimed = claim(world, text, ann)
    assert (claimed.order_id, claimed.checkout_id, claimed.posting_id) == (
        "order",
        "checkout",
        None,
    )
    assert (claimed.user_reference, claimed.redeemed_at) == (ann.user_reference, world.at)
    written = snapshot(without=["refused", "outcome", "coderedemption"])
    del before["program_budgets_coderedemption"]
    assert written == before


def test_claiming_for_the_same_order_again_changes_nothing(world: World) -> None:
    ann = world.member()
    text = issue(world, ann, kind=Kind.DISCOUNT, expires_at=world.at + DAY)
    seen = found(text)
    first = claim(world, text, ann)
    before = snapshot()
    assert claim(world, text, ann) == first
    by = caller(ann, place=Place.COMPLETION, order_id="order")
    with transaction.atomic():  # by what was seen before the first
        assert codes.claim(found=seen, caller=by, at=world.at) == first
    # The order keeps the code, whatever became of code, member and program since.
    RedemptionCode.objects.update(revoked_at=world.at)
    programs.close_program(program=world.program)
    world.at += DAY
    assert claim(world, text, ann) == first
    RedemptionCode.objects.update(revoked_at=None)
    assert snapshot(without=["program"]) == {
        table: rows for table, rows in before.items() if table != "program_budgets_program"
    }


def test_a_claimed_code_is_refused_to_every_other_order(world: World) -> None:
    ann = world.member()
    text = issue(world, ann, kind=Kind.DISCOUNT)
    seen = found(text)
    claim(world, text, ann)
    before = snapshot()
    for looked_up in (seen, found(text)):
        by = caller(ann, place=Place.COMPLETION, order_id="another")
        with transaction.atomic(), pytest.raises(CodeRefused) as error:
            codes.claim(found=looked_up, caller=by, at=world.at)
        assert error.value.reason == Reason.REDEEMED
    assert snapshot() == before


def test_an_order_that_is_rolled_back_gives_its_code_back(world: World) -> None:
    ann = world.member()
    text = issue(world, ann, kind=Kind.DISCOUNT)
    before = snapshot()
    with transaction.atomic():
        claim(world, text, ann)
        transaction.set_rollback(True)
    assert snapshot() == before
    assert claim(world, text, ann, order="another").order_id == "another"


def test_a_discount_is_claimed_in_the_orders_transaction_only(committed_world: World) -> None:
    world = committed_world
    ann = world.member()
    seen = found(issue(world, ann, kind=Kind.DISCOUNT))
    by = caller(ann, place=Place.COMPLETION, order_id="order")
    with pytest.raises(RuntimeError):
        codes.claim(found=seen, caller=by, at=world.at)
    assert not CodeRedemption.objects.exists()


def test_a_claim_names_its_order(world: World) -> None:
    ann = world.member()
    text = issue(world, ann, kind=Kind.DISCOUNT)
    with pytest.raises(InvalidInput) as error:
        claim(world, text, ann, order="")
    assert (error.value.field, error.value.code) == ("order_id", "REQUIRED")


def test_a_discount_is_not_granted_and_credit_not_claimed(world: World) -> None:
    ann = world.member()
    discount, credit = found(issue(world, ann, kind=Kind.DISCOUNT)), found(issue(world, ann))
    before = snapshot()
    with pytest.raises(InvalidInput) as error:
        codes.redeem_credit(found=discount, caller=caller(ann), at=world.at)
    assert error.value.field == "code"
    with transaction.atomic(), pytest.raises(InvalidInput) as error:
        codes.claim(found=credit, caller=caller(ann, order_id="order"), at=world.at)
    assert error.value.field == "code"
    assert snapshot() == before


# Coming back


def test_a_cancelled_order_gives_its_code_back_once(world: World) -> None:
    ann = world.member()
    text = issue(world, ann, kind=Kind.DISCOUNT)
    claim(world, text, ann)
    world.at += DAY
    assert codes.give_back(order_id="order", cause="cancelled", at=world.at) == [found(text).code]
    returned = CodeRedemption.objects.get()
    assert (returned.returned_at, returned.return_cause) == (world.at, "cancelled")
    before = snapshot()
    assert codes.give_back(order_id="order", cause="again", at=world.at + DAY) == []
    assert snapshot() == before
    assert claim(world, text, ann, order="another").pk != returned.pk


def test_a_program_may_keep_the_codes_of_cancelled_orders(world: World) -> None:
    ann = world.member()
    text = issue(world, ann, kind=Kind.DISCOUNT)
    claim(world, text, ann)
    Program.objects.update(returns_codes=False)
    before = snapshot()
    assert codes.give_back(order_id="order", cause="cancelled", at=world.at) == []
    assert snapshot() == before
    with pytest.raises(CodeRefused) as error:
        claim(world, text, ann, order="another")
    assert error.value.reason == Reason.REDEEMED


@pytest.mark.parametrize("order", ["another", ""])
def test_only_the_orders_own_codes_come_back(world: World, order: str) -> None:
    ann = world.member()
    claim(world, issue(world, ann, kind=Kind.DISCOUNT), ann)
    redeem(world, issue(world, ann), ann)
    before = snapshot()
    assert codes.give_back(order_id=order, cause="cancelled", at=world.at) == []
    assert snapshot() == before


def test_a_revoked_batch_takes_with_it_what_comes_back_later(world: World) -> None:
    ann, bob = world.members(2, world.account("Acme"))
    texts = issue_all(world, ann, bob, kind=Kind.DISCOUNT)
    claim(world, texts[0], ann)
    CodeBatch.objects.update(
        status=CodeBatch.Status.REVOKED,
        revoked_at=world.at,
        revoked_by="user:1",
        revoke_reason="printed twice",
    )
    world.at += DAY
    assert codes.give_back(order_id="order", cause="cancelled", at=world.at) == []
    code = found(texts[0]).code
    assert (code.revoked_at, code.revoked_by, code.revoke_reason) == (
        world.at,
        "user:1",
        "printed twice",
    )
    assert found(texts[0]).redemption is None
    with pytest.raises(CodeRefused) as error:
        claim(world, texts[0], ann, order="another")
    assert error.value.reason == Reason.REVOKED


def test_a_code_revoked_by_itself_does_not_come_back(world: World) -> None:
    ann = world.member()
    claim(world, issue(world, ann, kind=Kind.DISCOUNT), ann)
    RedemptionCode.objects.update(revoked_at=world.at)
    assert codes.give_back(order_id="order", cause="cancelled", at=world.at) == []
    assert CodeRedemption.objects.get().returned_at == world.at


def test_a_long_cause_is_kept_as_far_as_it_fits(world: World) -> None:
    ann = world.member()
    claim(world, issue(world, ann, kind=Kind.DISCOUNT), ann)
    codes.give_back(order_id="order", cause="x" * 200, at=world.at)
    assert CodeRedemption.objects.get().return_cause == "x" * 100


def test_an_empty_batch_has_no_codes(world: World) -> None:
    batch(world, world.member())
    assert codes.find(text=UNKNOWN, channel_id="shop") is None


def test_a_column_that_a_later_version_adds_disturbs_no_look(world: World) -> None:
    """While a newer version's migration has run and this one still answers."""
    ann = world.member()
    text = issue(world, ann)
    for table in ("program_budgets_member", "program_budgets_program"):
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute(f"ALTER TABLE {table} ADD COLUMN of_tomorrow text DEFAULT 'x'")
        code = found(text)
        assert (code.member, code.store.program) == (ann, world.program)
        assert code.store.cycle == world.cycle


def test_where_nothing_is_found_another_code_is_read(world: World) -> None:
    """So that its time tells nothing; what may be megabytes is read for neither."""
    ann = world.member()
    text = issue(world, ann)
    CodeBatch.objects.update(rejected=[{"line": 1}], recipients=[ann.pk])
    looks = []
    for digest in (codes.digest_of(codes.canonical(text) or ""), bytes(32)):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT is_it, (found.member).id, (found.batch).rejected, (found.batch).recipients"
                " FROM program_budgets_find_code(%s, 'shop') found",
                [[digest]],
            )
            looks += cursor.fetchall()
    assert looks == [(True, ann.pk, None, None), (False, ann.pk, None, None)]
