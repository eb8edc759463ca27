"""Setting programs up: what is checked, and what repeating it does."""

import datetime as dt

import pytest

from saleor_program_budgets import programs
from saleor_program_budgets.errors import InvalidInput, ProgramClosed
from saleor_program_budgets.models import Cap, Cycle, Posting, Program, ProgramChannel
from saleor_program_budgets.money import Amount
from tests.support.database import snapshot
from tests.support.world import DAY, START, TESTS, World, figures, usd


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"name": " "}, "name", "REQUIRED"),
        ({"time_zone": "Mars/Olympus"}, "time_zone", "INVALID"),
        ({"opens_at": START, "closes_at": START}, "closes_at", "INVALID"),
        ({"opens_at": START + DAY, "closes_at": START}, "closes_at", "INVALID"),
        ({"hold_ttl_minutes": 0}, "hold_ttl_minutes", "INVALID"),
        ({"hold_ttl_minutes": 43_201}, "hold_ttl_minutes", "INVALID"),
        ({"allotment": usd("-0.01")}, "allotment", "INVALID_AMOUNT"),
        ({"allotment_items": -1}, "allotment_items", "INVALID"),
        ({"allotment_items": 1_000_001}, "allotment_items", "INVALID"),
        ({"carry_limit": usd("0.00")}, "carry_limit", "INVALID_AMOUNT"),
        ({"carry_limit": Amount(1, "EUR")}, "carry_limit", "INVALID"),
        ({"carry_days": 0}, "carry_days", "INVALID"),
        ({"carry_days": 3_651}, "carry_days", "INVALID"),
        ({"refund_grace_days": 0}, "refund_grace_days", "INVALID"),
        ({"cycle_length": "custom"}, "cycle_dates", "INVALID"),
        ({"cycle_length": "custom", "cycle_dates": [START]}, "cycle_dates", "INVALID"),
        ({"cycle_length": "custom", "cycle_dates": [START, START]}, "cycle_dates", "INVALID"),
        ({"cycle_length": "custom", "cycle_dates": [START, START - DAY]}, "cycle_dates", "INVALID"),
        (
            {"cycle_length": "custom", "cycle_dates": [START + n * DAY for n in range(1_001)]},
            "cycle_dates",
            "INVALID",
        ),
        ({"cycle_dates": [START, START + DAY]}, "cycle_dates", "INVALID"),
        ({"cycle_length": "window"}, "closes_at", "REQUIRED"),
        ({"reminder_days": [0]}, "reminder_days", "INVALID"),
        ({"reminder_days": [366]}, "reminder_days", "INVALID"),
        ({"reminder_days": [7, 7]}, "reminder_days", "INVALID"),
        ({"reminder_days": range(1, 12)}, "reminder_days", "INVALID"),
    ],
)
def test_rules_are_checked(world: World, changes: dict[str, object], field: str, code: str) -> None:
    rules = programs.Rules(**{"name": "Uniforms", "allotment": usd("1.00")} | changes)
    with pytest.raises(InvalidInput) as error:
        programs.create_program(slug="p", rules=rules, channel_ids=["c"], at=START)
    assert (error.value.field, error.value.code) == (field, code)
    assert not Program.objects.exists()


@pytest.mark.parametrize("minutes", [1, 43_200])
def test_the_bounds_of_a_holds_life_are_allowed(world: World, minutes: int) -> None:
    assert world.open_program(hold_ttl_minutes=minutes).hold_ttl_minutes == minutes


def test_create_program(world: World) -> None:
    rules = programs.Rules(name=" Uniforms ", allotment=Amount(30_000, "JPY"))
    program = programs.create_program(slug="p", rules=rules, channel_ids=["a", "b"], at=START)
    program.refresh_from_db()
    assert (program.name, program.currency, program.allotment_minor) == ("Uniforms", "JPY", 30_000)
    assert (program.status, program.overage_policy) == ("draft", "block")
    assert (program.hold_ttl_minutes, program.created_at) == (60, START)
    assert sorted(channel.channel_id for channel in program.channels.all()) == ["a", "b"]


def test_a_slug_is_used_once(world: World) -> None:
    rules = programs.Rules(name="Uniforms", allotment=usd("1.00"))
    programs.create_program(slug="p", rules=rules, channel_ids=[], at=START)
    with pytest.raises(InvalidInput) as error:
        programs.create_program(slug="p", rules=rules, channel_ids=["c"], at=START)
    assert (error.value.field, error.value.code) == ("slug", "UNIQUE")
    assert not ProgramChannel.objects.exists()


def test_a_channel_is_one_programs_store(world: World) -> None:
    first, second = world.draft_program(channel="a"), world.draft_program(channel="b")
    before = snapshot()
    with pytest.raises(InvalidInput) as error:
        programs.set_channels(program=second, channel_ids=["c", "a"])
    assert error.value.field == "channels"
    assert first.name in error.value.message
    assert snapshot() == before
    programs.set_channels(program=first, channel_ids=["c"])
    programs.set_channels(program=second, channel_ids=["a"])
    assert {channel.channel_id: channel.program for channel in ProgramChannel.objects.all()} == {
        "c": first,
        "a": second,
    }


def test_update_program_keeps_its_currency(world: World) -> None:
    program = world.open_program()
    rules = programs.Rules(name="New", allotment=Amount(1, "EUR"))
    before = snapshot()
    with pytest.raises(InvalidInput) as error:
        programs.update_program(program=program, rules=rules, at=world.at)
    assert error.value.field == "allotment"
    assert snapshot() == before


def test_a_new_allotment_leaves_what_was_granted(world: World) -> None:
    program = world.open_program()
    ann = world.member()
    programs.update_program(
        program=program,
        rules=programs.Rules(name="New", allotment=usd("500.00")),
        at=world.at,
    )
    programs.open_program(program=program, actor=world.actor, at=world.at + DAY)
    assert world.balance(ann) == {"available": "300.00"}


def test_opening_starts_a_year_and_grants_once(world: World) -> None:
    program = world.draft_program(time_zone="Europe/Berlin")
    acme = world.account("Acme")
    ann, bob = world.members(2, acme)
    programs.deactivate_member(member=bob, actor=TESTS, at=world.at)
    assert not Cycle.objects.exists()
    for _ in range(2):
        cycle = programs.open_program(program=program, actor=world.actor, at=world.at)
        world.at += DAY
    assert (cycle.number, cycle.starts_at) == (1, START)
    assert cycle.ends_at == dt.datetime(2027, 1, 5, 9, tzinfo=dt.UTC)
    assert program.status == "open"
    assert world.balance(ann) == {"available": "300.00"}
    assert world.balance(bob) == {}
    assert Posting.objects.filter(kind="grant").count() == 1


def test_reopening_goes_on_in_the_same_cycle(world: World) -> None:
    program = world.open_program()
    ann = world.member()
    world.hold(ann, "65.00")
    programs.close_program(program=program)
    programs.open_program(program=program, actor=world.actor, at=world.at + DAY)
    assert Cycle.objects.count() == 1
    assert world.balance(ann) == {"available": "235.00", "held": "65.00"}


def test_an_allotment_of_nothing_grants_nothing(world: World) -> None:
    world.open_program(allotment="0.00")
    ann = world.member()
    assert world.balance(ann) == {}
    assert not Posting.objects.exists()


def test_set_cap_needs_an_open_cycle_and_the_programs_currency(world: World) -> None:
    acme = world.account("Acme")
    program = world.draft_program()
    request = {
        "account": acme,
        "program": program,
        "reason": "r",
        "key": "k",
        "actor": world.actor,
        "at": world.at,
    }
    with pytest.raises(InvalidInput) as error:
        programs.set_cap(**request, amount=usd("1.00"))
    assert error.value.field == "program"
    with pytest.raises(InvalidInput) as error:
        programs.set_cap(**request, amount=Amount(1, "EUR"))
    assert error.value.field == "amount"
    assert not Cap.objects.exists()


def test_caps_rank_from_the_leaves_to_the_root(world: World) -> None:
    acme = world.account("Acme")
    sales = world.account("Sales", under=acme)
    whole, part = world.cap(acme, "100.00"), world.cap(sales, "10.00")
    assert (part.lock_rank, whole.lock_rank) == (999_999, 1_000_000)
    assert figures(world.cap(sales, "20.00")) == {"ceiling": "20.00"}
    assert Cap.objects.count() == 2


def _updated(world: World, **changes: object) -> Program:
    rules = programs.Rules(**{"name": "New", "allotment": usd("300.00")} | changes)
    return programs.update_program(program=world.program, rules=rules, at=world.at)


def test_cycles_are_cut_from_the_anchor(world: World) -> None:
    # Given quarters of the calendar in Berlin, and an opening on 5 January.
    anchor = dt.datetime(2025, 12, 31, 23, tzinfo=dt.UTC)
    program = world.open_program(
        cycle_length="quarterly", cycle_anchor=anchor, time_zone="Europe/Berlin"
    )
    # Then the first is the one that is under way, and the next begins in summer time.
    assert (world.cycle.starts_at, world.cycle.ends_at) == (
        anchor,
        dt.datetime(2026, 3, 31, 22, tzinfo=dt.UTC),
    )
    # Without one it is the opening, also when the rules are written again.
    other = world.open_program(channel="other", cycle_length="monthly")
    world._program = other
    assert _updated(world, cycle_length="monthly").cycle_anchor == START
    assert program.cycle_anchor == anchor


def test_another_length_counts_from_the_end_of_the_open_cycle(world: World) -> None:
    program = world.open_program(cycle_length="monthly")
    ann = world.member()
    end = world.cycle.ends_at
    assert end == dt.datetime(2026, 2, 5, 9, tzinfo=dt.UTC)
    _updated(world, cycle_length="quarterly", allotment=usd("900.00"))
    assert (world.cycle.ends_at, world.balance(ann)) == (end, {"available": "300.00"})
    world.at = end
    programs.renew_due(program=program, at=world.at)
    # Quarters are cut from the anchor too: the first of them is what is left of its own.
    assert (world.cycle.starts_at, world.cycle.ends_at) == (
        end,
        dt.datetime(2026, 4, 5, 9, tzinfo=dt.UTC),
    )
    assert world.balance(ann) == {"available": "900.00"}


def test_a_change_lets_what_is_over_end_under_the_old_rules(world: World) -> None:
    program = world.open_program(cycle_length="monthly")
    ann = world.member()
    world.at = world.cycle.ends_at
    _updated(world, cycle_length="annual", allotment=usd("900.00"), carries_forward=True)
    programs.renew_due(program=program, at=world.at)
    assert world.balance(ann) == {"available": "300.00"}
    assert world.cycle.ends_at == dt.datetime(2026, 3, 5, 9, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("rules", "changes", "field"),
    [
        ({}, {"cycle_length": "anniversary"}, "cycle_length"),
        ({"cycle_length": "anniversary"}, {"cycle_length": "annual"}, "cycle_length"),
        ({}, {"cycle_length": "window", "closes_at": START + DAY}, "cycle_length"),
        (
            {"cycle_length": "window", "closes_at": START + DAY},
            {"cycle_length": "window", "closes_at": START + 2 * DAY},
            "closes_at",
        ),
        ({}, {"allotment_items": 1}, "allotment_items"),
        ({"allotment_items": 1}, {"allotment_items": 0}, "allotment_items"),
    ],
)
def test_what_cannot_change_while_a_cycle_is_open(
    world: World, rules: dict[str, object], changes: dict[str, object], field: str
) -> None:
    world.open_program(**rules)
    before = snapshot()
    with pytest.raises(InvalidInput) as error:
        _updated(world, **changes)
    assert error.value.field == field
    assert snapshot() == before


def test_a_draft_that_begins_to_count_items_gives_each_member_some(world: World) -> None:
    program = world.draft_program()
    ann = world.member()
    _updated(world, allotment_items=2)
    programs.open_program(program=program, actor=TESTS, at=world.at)
    assert world.in_units(ann) == {"ITEM": {"available": 2}, "USD": {"available": 300_00}}


@pytest.mark.parametrize(
    ("rules", "field"),
    [
        ({"closes_at": START}, "closes_at"),
        ({"cycle_length": "window", "closes_at": START}, "closes_at"),
        ({"opens_at": START - 2 * DAY, "closes_at": START - DAY}, "closes_at"),
        ({"cycle_length": "custom", "cycle_dates": [START - DAY, START]}, "cycle_dates"),
        (
            {
                "cycle_length": "custom",
                "cycle_dates": [START + DAY, START + 2 * DAY],
                "closes_at": START + DAY,
            },
            "closes_at",
        ),
    ],
)
def test_a_program_without_a_future_cannot_be_opened(
    world: World, rules: dict[str, object], field: str
) -> None:
    program = world.draft_program(**rules)
    world.member()
    before = snapshot()
    with pytest.raises(InvalidInput) as error:
        programs.open_program(program=program, actor=TESTS, at=START)
    assert error.value.field == field
    assert snapshot() == before


def test_a_window_that_is_over_is_not_opened_again(world: World) -> None:
    program = world.open_program(closes_at=START + DAY)
    world.at = START + DAY
    programs.close_programs(at=world.at)
    with pytest.raises(InvalidInput) as error:
        programs.open_program(program=program, actor=TESTS, at=world.at)
    assert error.value.field == "closes_at"
    program.refresh_from_db()
    assert program.status == "closed"
    _updated(world, closes_at=START + 3 * DAY)
    programs.open_program(program=program, actor=TESTS, at=world.at)
    assert (program.status, Cycle.objects.count()) == ("open", 1)


def test_opening_anew_finishes_what_was_before(world: World) -> None:
    # Given a window that is over, and nobody who let what was left lapse.
    world.open_program(cycle_length="window", closes_at=START + DAY, carries_forward=True)
    ann = world.member()
    world.at = START + 5 * DAY
    _rules = {"cycle_length": "window", "closes_at": START + 9 * DAY, "carries_forward": True}
    programs.turn_due(program=world.program, at=world.at)
    _updated(world, **_rules)

    # When it is opened for another, then nothing of the first goes on, job or no job.
    programs.open_program(program=world.program, actor=TESTS, at=world.at)
    assert world.balance(ann) == {"available": "300.00"}
    assert Posting.objects.get(kind="rollover").amount == 300_00
    assert (world.cycle.number, world.cycle.starts_at) == (2, world.at)


def test_before_its_first_date_a_program_takes_no_orders(world: World) -> None:
    first = START + 10 * DAY
    program = world.open_program(
        cycle_length="custom", cycle_dates=[first, START + 20 * DAY, START + 25 * DAY]
    )
    ann = world.member()
    assert (program.opens_at, world.cycle.starts_at, world.cycle.ends_at) == (
        first,
        first,
        START + 20 * DAY,
    )
    with pytest.raises(ProgramClosed) as refused:
        world.reserve(ann, "1.00")
    assert refused.value.resets_at == first
    world.at = first
    world.reserve(ann, "1.00")

    # Each date ends a cycle, and the last one the program.
    world.at = START + 20 * DAY
    programs.renew_programs(at=world.at)
    assert world.cycle.ends_at == START + 25 * DAY
    world.at = START + 25 * DAY
    programs.renew_programs(at=world.at)
    program.refresh_from_db()
    assert (program.status, Cycle.objects.filter(closed_at=None).count()) == ("closed", 0)
