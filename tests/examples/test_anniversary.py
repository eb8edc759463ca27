"""In a program of anniversaries everybody's year begins on the day they joined."""

import datetime as dt

import pytest

from saleor_program_budgets import programs
from saleor_program_budgets.models import Hold, Lot, Member, Rollover
from tests.support.world import DAY, INSTANT, TESTS, World, usd


def _on(*day: int) -> dt.datetime:
    return dt.datetime(*day, tzinfo=dt.UTC)  # type: ignore[misc, arg-type]


def _periods(member: Member) -> list[tuple[str, str]]:
    lots = Lot.objects.filter(limit__member=member, origin="allotment").order_by("starts_at")
    return [
        (f"{lot.starts_at:%Y-%m-%d}", f"{lot.expires_at:%Y-%m-%d}")
        for lot in lots
        if lot.starts_at and lot.expires_at
    ]


def test_each_on_their_own_day(world: World) -> None:
    # Given 300.00 a year, of which 50.00 are carried for 30 days. Ann joins in March, Ben in May.
    world.at = _on(2026, 1, 5)
    program = world.open_program(
        cycle_length="anniversary", carries_forward=True, carry_limit=usd("50.00"), carry_days=30
    )
    world.at = _on(2026, 3, 10, 9)
    ann = world.member()
    world.at = _on(2026, 5, 20, 17)
    ben = world.member()
    assert world.balance(ann) == world.balance(ben) == {"available": "300.00"}

    # When Ann has spent 100.00 by her day, she has 300.00 and 50.00 of the 200.00 left; Ben has
    # what he had.
    world.capture(world.hold(ann, "100.00"), "100.00")
    world.at = _on(2027, 3, 10, 9) - INSTANT
    assert programs.renew_due(program=program, at=world.at).limits == 0
    world.at += INSTANT
    assert programs.renew_due(program=program, at=world.at).limits == 1
    assert world.balance(ann)["available"] == "350.00"
    assert world.balance(ben)["available"] == "300.00"
    rollover = Rollover.objects.get()
    assert (rollover.carried, rollover.lapsed) == (50_00, 150_00)

    # And Ben's year ends in May, though nobody comes until June.
    world.at = _on(2027, 6, 15)
    assert programs.renew_due(program=program, at=world.at).limits == 1
    assert world.balance(ben)["available"] == "350.00"
    assert _periods(ann) == [("2026-03-10", "2027-03-10"), ("2027-03-10", "2028-03-10")]
    assert _periods(ben) == [("2026-05-20", "2027-05-20"), ("2027-05-20", "2028-05-20")]


def test_who_joined_on_29_february(world: World) -> None:
    # Given Ann, who joined in a leap year.
    world.at = _on(2028, 1, 1)
    program = world.open_program(cycle_length="anniversary")
    world.at = _on(2028, 2, 29, 12)
    ann = world.member()

    # Then her day is the 28th until it is the 29th again; five years late it comes to the same.
    world.at = _on(2033, 1, 1)
    assert programs.renew_due(program=program, at=world.at).limits == 4
    assert _periods(ann) == [
        ("2028-02-29", "2029-02-28"),
        ("2029-02-28", "2030-02-28"),
        ("2030-02-28", "2031-02-28"),
        ("2031-02-28", "2032-02-29"),
        ("2032-02-29", "2033-02-28"),
    ]
    assert world.balance(ann)["available"] == "300.00"


def test_members_of_a_draft(world: World) -> None:
    # Given Ann, who was enrolled in June 2025 in a program that opens in January.
    world.at = _on(2025, 6, 1)
    program = world.draft_program(cycle_length="anniversary")
    ann = world.member()
    world.at = _on(2026, 1, 5)
    programs.open_program(program=program, actor=TESTS, at=world.at)
    assert world.balance(ann) == {"available": "300.00"}

    # When she leaves and comes back in the same year, she has what she had, once.
    programs.deactivate_member(member=ann, actor=TESTS, at=world.at)
    world.at += DAY
    programs.reactivate_member(member=ann, actor=TESTS, at=world.at)
    assert world.balance(ann) == {"available": "300.00"}

    # And her next year begins in June.
    world.at = _on(2026, 6, 1)
    programs.renew_due(program=program, at=world.at)
    assert world.balance(ann)["available"] == "300.00"
    assert _periods(ann) == [("2025-06-01", "2026-06-01"), ("2026-06-01", "2027-06-01")]


@pytest.mark.parametrize("is_late", [False, True], ids=["job in time", "job late"])
def test_a_leaver_gets_no_new_year(world: World, is_late: bool) -> None:
    # Given Ann, who left in the middle of her first year.
    world.at = _on(2026, 1, 5)
    program = world.open_program(cycle_length="anniversary", carries_forward=True)
    ann = world.member()
    world.at += 100 * DAY
    programs.deactivate_member(member=ann, actor=TESTS, at=world.at)

    # When her day comes, nothing comes with it; when she is back, it is the year she is in.
    world.at = _on(2027, 1, 5)
    if not is_late:
        programs.renew_due(program=program, at=world.at)
        assert world.balance(ann) == {}
    world.at += 100 * DAY
    programs.reactivate_member(member=ann, actor=TESTS, at=world.at)
    assert world.balance(ann) == {"available": "300.00"}
    assert _periods(ann) == [("2026-01-05", "2027-01-05"), ("2027-01-05", "2028-01-05")]


def test_the_night_in_which_clocks_go_back(world: World) -> None:
    # Given Ann, who joined at half past two in Berlin, on a day whose next night has that hour
    # twice: on 25 October 2026.
    world.at = _on(2025, 1, 1)
    program = world.open_program(cycle_length="anniversary", time_zone="Europe/Berlin")
    world.at = _on(2025, 10, 25, 0, 30)
    ann = world.member()

    # Then the first of the two ends her year, and no year of an hour follows.
    world.at = _on(2026, 10, 26)
    assert programs.renew_due(program=program, at=world.at).limits == 1
    first, second = Lot.objects.filter(limit__member=ann).order_by("starts_at")
    assert (first.expires_at, second.starts_at) == (_on(2026, 10, 25, 0, 30),) * 2
    assert second.expires_at == _on(2027, 10, 25, 0, 30)


def test_what_comes_in_between_ends_with_the_members_year(world: World) -> None:
    # Given a program opened in January that reissues refunds, and Ann, who joined in March.
    world.at = _on(2026, 1, 5)
    program = world.open_program(cycle_length="anniversary", refund_policy="reissue")
    world.at = _on(2026, 3, 10)
    ann = world.member()
    held = world.hold(ann, "100.00")
    world.capture(held, "100.00", order_id="order")

    # When 100.00 of her first year come back in her second one, and she is given 20.00 more,
    world.at = _on(2027, 4, 1)
    programs.renew_due(program=program, at=world.at)
    hold = Hold.objects.get(pk=held.hold_id)
    programs.refund(
        hold=hold, amount=usd("100.00"), key="k", actor=TESTS, at=world.at, cause="returned"
    )
    programs.adjust(member=ann, amount=usd("20.00"), reason="a prize", actor=TESTS, at=world.at)

    # Then both last as long as her second year, not the program's.
    origins = Lot.objects.filter(limit__member=ann).exclude(origin="allotment")
    assert dict(origins.values_list("origin", "expires_at")) == {
        "refund": _on(2028, 3, 10),
        "adjustment": _on(2028, 3, 10),
    }
    assert world.balance(ann)["available"] == "420.00"
