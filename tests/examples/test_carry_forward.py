"""What is left at a cycle's end is carried for a while, up to a limit; the rest lapses at once."""

import datetime as dt

from saleor_program_budgets import ledger, programs
from saleor_program_budgets.models import Cap, Lot, Posting, Rollover
from tests.support.world import DAY, INSTANT, START, World, lot_figures, usd


def test_carry_100_of_180_for_30_days(world: World) -> None:
    # Given 300.00 a year, of which up to 100.00 are carried for 30 days; 120.00 were spent.
    world.open_program(carries_forward=True, carry_limit=usd("100.00"), carry_days=30)
    ann = world.member()
    world.capture(world.hold(ann, "120.00"), "120.00")
    first = Lot.objects.get(limit__member=ann)
    end = world.cycle.ends_at
    assert end == dt.datetime(2027, 1, 5, 9, tzinfo=dt.UTC)

    # When the year is over, late in the night,
    world.at = end + 5 * dt.timedelta(hours=1)
    assert programs.renew_due(program=world.program, at=world.at) == ledger.Renewed(
        limits=1, granted=300_00, carried=100_00, lapsed=80_00
    )

    # Then of the 180.00 left 100.00 are a lot of their own, from the instant the year ended.
    carried = Lot.objects.get(limit__member=ann, origin="carry")
    assert lot_figures(first) == {"spent": "120.00", "lapsed": "80.00", "moved": "100.00"}
    assert lot_figures(carried) == {"available": "100.00"}
    assert (carried.source, carried.created_at) == (first, end)
    assert carried.expires_at == end + 30 * DAY
    rollover = Rollover.objects.get()
    assert (rollover.carried, rollover.lapsed, rollover.ends_at) == (100_00, 80_00, end)
    breakage = Posting.objects.get(kind="rollover")
    assert (breakage.amount, breakage.at, breakage.cycle) == (180_00, end, first.cycle)
    assert world.balance(ann)["available"] == "400.00"

    # They are used first, and what is left of them lapses after 30 days; they don't carry again.
    world.capture(world.hold(ann, "30.00"), "30.00")
    assert lot_figures(carried) == {"available": "70.00", "spent": "30.00"}
    world.at = carried.expires_at - INSTANT
    assert world.balance(ann)["available"] == "370.00"
    world.at = carried.expires_at
    assert world.balance(ann)["available"] == "300.00"
    assert ledger.lapse(actor=ledger.Actor.system("expiry"), at=world.at) == 1
    assert lot_figures(carried) == {"spent": "30.00", "lapsed": "70.00"}
    assert ledger.lapse(actor=ledger.Actor.system("expiry"), at=world.at) == 0


def test_all_lapses_at_the_end(world: World) -> None:
    # Given a program that carries nothing, and 65.00 of 300.00 spent.
    ann = world.member()
    world.capture(world.hold(ann, "65.00"), "65.00")
    lot = Lot.objects.get(limit__member=ann)

    # When the year is over, 235.00 lapse, and the next year's 300.00 are there.
    world.at = world.cycle.ends_at
    programs.renew_due(program=world.program, at=world.at)
    assert lot_figures(lot) == {"spent": "65.00", "lapsed": "235.00"}
    assert world.balance(ann)["available"] == "300.00"
    assert world.cycle.starts_at == world.at

    # And doing it again changes nothing.
    before = Posting.objects.count()
    assert programs.renew_due(program=world.program, at=world.at) == ledger.Renewed(0)
    assert Posting.objects.count() == before


def test_a_shopper_who_comes_before_the_job(world: World) -> None:
    # Given 300.00 a month of which all is carried, and nobody who turns the month.
    program = world.open_program(cycle_length="monthly", carries_forward=True)
    ann = world.member()
    cap = world.cap(ann.account, "1000.00")
    world.at = START + 40 * DAY

    # When she buys for 450.00, then what she has is what the job would have given her.
    held = programs.reserve(
        store=world.store,
        user_id=ann.user_id,
        amount=usd("450.00"),
        checkout_id="checkout",
        channel_id="shop",
        key="late",
        actor=world.actor,
        at=world.at,
    )
    assert held.available == usd("150.00")
    cap.refresh_from_db()
    assert (cap.held, cap.is_open) == (0, False)
    assert world.cycle.number == 2
    assert Cap.objects.get(account=ann.account, is_open=True).held == 450_00
    assert programs.renew_due(program=program, at=world.at).limits == 0


def test_kit_items_do_not_carry(world: World) -> None:
    # Given a kit of two pieces and 300.00 a year, of which all money is carried.
    world.open_program(carries_forward=True, allotment_items=2)
    ann = world.member()
    world.capture(world.hold(ann, "50.00", items=1), "50.00", items=1)

    # When the year closes with one piece and 250.00 left, the piece lapses and the money goes on.
    world.at = world.cycle.ends_at
    assert programs.renew_due(program=world.program, at=world.at) == ledger.Renewed(
        limits=2, granted=300_00, carried=250_00, granted_items=2, lapsed_items=1
    )
    assert world.in_units(ann) == {
        "ITEM": {"available": 2, "spent": 1},
        "USD": {"available": 550_00, "spent": 50_00},
    }


def test_a_grant_that_ends_with_the_cycle_carries(world: World) -> None:
    # Given 300.00 and three grants: 20.00 until the year ends, 40.00 a day longer, 60.00 for good.
    world.open_program(carries_forward=True, carry_limit=usd("310.00"), carry_days=30)
    ann = world.member()
    end = world.cycle.ends_at
    with_it = world.grant(ann, "20.00", expires_at=end)
    longer = world.grant(ann, "40.00", expires_at=end + DAY)
    for_good = world.grant(ann, "60.00")

    # When the year closes, the allotment's 300.00 and 10.00 of the 20.00 go on, in that order.
    world.at = end
    assert programs.renew_due(program=world.program, at=world.at) == ledger.Renewed(
        limits=1, granted=300_00, carried=310_00, lapsed=10_00
    )
    assert lot_figures(with_it) == {"lapsed": "10.00", "moved": "10.00"}
    # The others live on by themselves.
    assert lot_figures(longer) == {"available": "40.00"}
    assert lot_figures(for_good) == {"available": "60.00"}
    assert world.balance(ann)["available"] == "710.00"

    # A day later the 40.00 lapse; they don't carry.
    world.at = end + DAY
    assert world.balance(ann)["available"] == "670.00"
    assert ledger.lapse(actor=ledger.Actor.system("expiry"), at=world.at) == 1
    assert lot_figures(longer) == {"lapsed": "40.00"}


def test_a_grant_that_ended_before_does_not_carry(world: World) -> None:
    # Given a grant of 20.00 until the microsecond before the year ends.
    world.open_program(carries_forward=True)
    ann = world.member()
    end = world.cycle.ends_at
    grant = world.grant(ann, "20.00", expires_at=end - INSTANT)

    # When the job comes for both at once, the 300.00 are carried and the 20.00 are not.
    world.at = end
    assert programs.renew_due(program=world.program, at=world.at).carried == 300_00
    assert ledger.lapse(actor=ledger.Actor.system("expiry"), at=world.at) == 1
    assert lot_figures(grant) == {"lapsed": "20.00"}
