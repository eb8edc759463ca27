"""Who wants to be alone with the ledger doesn't keep everybody waiting for one who is slow."""

import threading
import time

import pytest
from django.db import OperationalError, connection, transaction

from saleor_program_budgets.ledger import database
from saleor_program_budgets.models import Cap
from tests.support.racing import changed, execute, race
from tests.support.world import World, figures

A_SECOND = 1.0
STOP = "program_budgets_stop_postings"


def _one_is_slow(started: threading.Event) -> None:
    """A posting that stays under way for a second."""
    with transaction.atomic():
        execute("SELECT pg_advisory_xact_lock_shared(7024002)")
        started.set()
        execute(f"SELECT pg_sleep({A_SECOND})")
    connection.close()


def _a_purchase_meanwhile(world: World) -> tuple[float, float]:
    """Return how long a purchase and a new cap took while a posting was slow."""
    ann, sales = world.member(world.account("Sales")), world.account("Acme")
    started, asked = threading.Event(), threading.Event()

    def cap() -> float:
        started.wait()
        began = time.monotonic()
        asked.set()
        world.cap(sales, "100.00")
        return time.monotonic() - began

    def buy() -> float:
        asked.wait()
        time.sleep(0.05)
        began = time.monotonic()
        world.hold(ann, "10.00")
        return time.monotonic() - began

    _, new_cap, purchase = race(lambda: _one_is_slow(started), cap, buy)
    return purchase, new_cap


def test_a_purchase_passes_a_cap_that_waits_for_a_slow_one(committed_world: World) -> None:
    purchase, new_cap = _a_purchase_meanwhile(committed_world)
    assert purchase < A_SECOND / 2
    assert new_cap > A_SECOND / 2
    assert figures(Cap.objects.get()) == {"ceiling": "100.00"}


def test_without_letting_pass_it_waits_as_long(committed_world: World) -> None:
    """The control."""
    with changed(STOP, r"'150ms'", "'1min'"):
        purchase, _ = _a_purchase_meanwhile(committed_world)
    assert purchase > A_SECOND / 2


def test_patience_ends(committed_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world = committed_world
    acme = world.account("Acme")
    assert world.cycle
    monkeypatch.setattr(database, "PATIENCE_SECONDS", 0.2)
    started = threading.Event()

    def cap() -> Cap:
        started.wait()
        return world.cap(acme, "100.00")

    _, refused = race(lambda: _one_is_slow(started), cap)
    assert isinstance(refused, OperationalError)
    assert not Cap.objects.exists()
