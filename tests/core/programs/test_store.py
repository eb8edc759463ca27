"""Which program a channel is the store of, and when it takes purchases."""

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from saleor_program_budgets import programs
from saleor_program_budgets.errors import ProgramClosed
from tests.support.world import DAY, INSTANT, START, World


def test_a_channel_without_a_program_trades_without_budgets(world: World) -> None:
    world.open_program(channel="shop")
    assert programs.find_store(channel_id="other") is None


def test_a_draft_has_no_store_and_a_closed_program_has(world: World) -> None:
    program = world.draft_program()
    assert programs.find_store(channel_id="shop") is None
    programs.open_program(program=program, actor=world.actor, at=world.at)
    store = programs.find_store(channel_id="shop")
    assert store is not None
    assert (store.program, store.cycle) == (program, world.cycle)
    assert store.refusal_at(START) is None
    programs.close_program(program=program)
    store = programs.find_store(channel_id="shop")
    assert store is not None
    assert type(store.refusal_at(START)) is ProgramClosed


@pytest.mark.parametrize(
    ("instant", "is_open", "resets_at"),
    [
        (START + DAY - INSTANT, False, START + DAY),
        (START + DAY, True, None),
        (START + 2 * DAY - INSTANT, True, None),
        (START + 2 * DAY, False, None),
    ],
)
def test_a_window_is_half_open(
    world: World, instant: dt.datetime, is_open: bool, resets_at: dt.datetime | None
) -> None:
    world.open_program(opens_at=START + DAY, closes_at=START + 2 * DAY)
    store = programs.find_store(channel_id="shop")
    assert store is not None
    refusal = store.refusal_at(instant)
    assert (refusal is None) is is_open
    if refusal is not None:
        assert refusal.resets_at == resets_at


@pytest.mark.parametrize(("before_end", "is_open"), [(INSTANT, True), (0 * INSTANT, False)])
def test_a_store_is_shut_from_the_end_of_its_last_cycle(
    world: World, before_end: dt.timedelta, is_open: bool
) -> None:
    end = START + DAY
    world.open_program(cycle_length="custom", cycle_dates=[START, end])
    store = programs.find_store(channel_id="shop")
    assert store is not None
    refusal = store.refusal_at(end - before_end)
    assert (refusal is None) is is_open
    assert store.turned(at=end - before_end).cycle == (
        world.program.cycles.get() if is_open else None
    )


@pytest.mark.parametrize("after_end", [-INSTANT, 0 * INSTANT, INSTANT, 800 * DAY])
def test_a_store_goes_on_when_another_cycle_follows(world: World, after_end: dt.timedelta) -> None:
    world.open_program()
    store = programs.find_store(channel_id="shop")
    assert store is not None
    end = world.cycle.ends_at
    assert store.refusal_at(end + after_end) is None
    turned = store.turned(at=end + after_end)
    assert turned.cycle == world.cycle
    assert world.cycle.starts_at <= end + after_end < world.cycle.ends_at


@pytest.mark.parametrize("size", [1, 3])
def test_stores_are_found_in_one_query(world: World, size: int) -> None:
    expected = {f"shop-{n}": world.open_program(channel=f"shop-{n}") for n in range(size)}
    with CaptureQueriesContext(connection) as queries:
        stores = programs.find_stores(channel_ids=[*expected, "none"])
    assert {channel: store.program for channel, store in stores.items()} == expected
    assert all(store.cycle is not None for store in stores.values())
    assert len(queries) == 1
