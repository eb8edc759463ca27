"""The promise of the journal: every unit of money is attributable, by one query."""

from django.db import connection

from saleor_program_budgets import ledger, programs
from saleor_program_budgets.ledger import Actor
from saleor_program_budgets.models import Entry, Lot
from tests.support.world import DAY, World, usd

WHO_SPENT_WHAT = """
    SELECT member.user_reference, entry.lot_id, entry.amount, account.name, posting.order_id,
           posting.actor, posting.at
        FROM program_budgets_entry entry
        JOIN program_budgets_posting posting ON posting.id = entry.posting_id
        JOIN program_budgets_member member ON member.id = posting.member_id
        JOIN program_budgets_account account ON account.id = posting.account_id
        WHERE entry.bucket = 'spent' AND entry.lot_id IS NOT NULL
        ORDER BY posting.id, entry.lot_id
"""


def test_who_spent_what_from_which_lot_for_which_order_by_whose_action(world: World) -> None:
    # Ann spends 25.00 in Sales over two lots, moves to Marketing, spends 4.00 there; 3.00 come
    # back from the first order. Bob spends 5.00 by his own hand, and his user is deleted.
    world.open_program(allotment="0.00")
    sales, marketing = world.account("Sales"), world.account("Marketing")
    ann, bob = world.member(sales), world.member(sales)
    first = world.grant(ann, "10.00", expires_at=world.at + DAY)
    second = world.grant(ann, "20.00", expires_at=world.at + 2 * DAY)
    bobs = world.grant(bob, "5.00")
    start = world.at
    hold = world.hold(ann, "25.00", order_id="order-1")
    world.capture(hold, "25.00", order_id="order-1")
    programs.move_member(member=ann, account=marketing, at=world.at)
    world.at += DAY / 2
    world.capture(world.hold(ann, "4.00"), "4.00", order_id="order-2")
    world.refund(hold, "3.00")
    himself = Actor("user", bob.user_reference)
    ledger.capture(
        hold_id=world.hold(bob, "5.00", actor=himself).hold_id,
        amount=usd("5.00"),
        order_id="order-3",
        key="k",
        actor=himself,
        at=world.at,
    )
    bob.user.delete()

    with connection.cursor() as cursor:
        cursor.execute(WHO_SPENT_WHAT)
        spent = cursor.fetchall()
    ann_is, bob_is = ann.user_reference, bob.user_reference
    assert spent == [
        (ann_is, first.pk, 10_00, "Sales", "order-1", "staff:tests", start),
        (ann_is, second.pk, 15_00, "Sales", "order-1", "staff:tests", start),
        (ann_is, second.pk, 4_00, "Marketing", "order-2", "staff:tests", start + DAY / 2),
        (ann_is, second.pk, -3_00, "Sales", "order-1", "staff:tests", start + DAY / 2),
        (bob_is, bobs.pk, 5_00, "Sales", "order-3", f"user:{bob_is}", start + DAY / 2),
    ]


def test_the_orm_answers_the_same(world: World) -> None:
    ann = world.member()
    lot = Lot.objects.get(limit__member=ann)
    world.capture(world.hold(ann, "65.00"), "40.00", order_id="order-1")
    found = Entry.objects.filter(bucket="spent", lot__isnull=False).values_list(
        "posting__member__user_reference",
        "lot",
        "amount",
        "posting__account",
        "posting__order_id",
        "posting__actor",
    )
    assert list(found) == [
        (ann.user_reference, lot.pk, 40_00, ann.account_id, "order-1", "staff:tests")
    ]


def test_every_posting_about_a_member_says_whose_it_is(world: World) -> None:
    # Whatever kind: no posting that moves a lot lacks member, account, program or actor.
    acme = world.account("Acme")
    world.cap(acme, "1000.00")
    ann = world.member(acme)
    hold = world.hold(ann, "65.00")
    world.capture(hold, "40.00")
    world.release(hold, "5.00")
    world.reverse(world.refund(hold, "10.00").posting_id)
    world.adjust(ann, "25.00")
    world.adjust(ann, "-25.00")
    world.at += DAY
    world.expire(hold)
    world.claw_back(ann)
    kinds = set()
    for line in Entry.objects.filter(lot__isnull=False).select_related("posting"):
        posting = line.posting
        kinds.add(posting.kind)
        assert (posting.member_id, posting.account_id, posting.program_id, posting.cycle_id) == (
            ann.pk,
            acme.pk,
            world.program.pk,
            world.cycle.pk,
        )
        assert posting.actor
    assert kinds == {
        "adjustment",
        "capture",
        "clawback",
        "expire",
        "grant",
        "hold",
        "refund",
        "release",
        "reversal",
    }
