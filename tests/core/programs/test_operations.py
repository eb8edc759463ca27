"""Setting programs up: what is checked, and what repeating it does."""

import datetime as dt

import pytest

from saleor_program_budgets import programs
from saleor_program_budgets.errors import InvalidInput
from saleor_program_budgets.models import Cap, Cycle, Posting, Program, ProgramChannel
from saleor_program_budgets.money import Amount
from tests.support.database import snapshot
from tests.support.world import DAY, START, World, figures, usd


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
        programs.update_program(program=program, rules=rules)
    assert error.value.field == "allotment"
    assert snapshot() == before


def test_a_new_allotment_leaves_what_was_granted(world: World) -> None:
    program = world.open_program()
    ann = world.member()
    programs.update_program(
        program=program, rules=programs.Rules(name="New", allotment=usd("500.00"))
    )
    programs.open_program(program=program, actor=world.actor, at=world.at + DAY)
    assert world.balance(ann) == {"available": "300.00"}


def test_opening_starts_a_year_and_grants_once(world: World) -> None:
    program = world.draft_program(time_zone="Europe/Berlin")
    acme = world.account("Acme")
    ann, bob = world.members(2, acme)
    programs.deactivate_member(member=bob, at=world.at)
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
