"""A small Acme Corp, and a client that trades in the test's own process."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from saleor_program_budgets.simulation import world
from saleor_program_budgets.simulation.trading.client import Client
from saleor_program_budgets.simulation.world import World

type NewClient = Callable[[], Client]


@pytest.fixture
def acme(db: None) -> World:
    """Four members in two departments, open and ready to trade."""
    departments = world.departments(members=4, count=2, for_story=False)
    return world.build(departments, clock=lambda: datetime.now(UTC), for_story=False)


@pytest.fixture
def diary(tmp_path: Path) -> Path:
    return tmp_path / "client-0.jsonl"


@pytest.fixture
def new_client(acme: World, diary: Path) -> NewClient:
    """Return what makes a client, and after it its successors: all keep one diary."""
    return lambda: Client(world=acme, name="c0", diary=diary)
