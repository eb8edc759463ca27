"""Books that are to be sealed, or are."""

import pytest

from saleor_program_budgets import ledger
from saleor_program_budgets.ledger import sealing
from saleor_program_budgets.ledger.sealing import seal
from tests.support.database import drop_foreign_keys
from tests.support.world import World


@pytest.fixture
def books(world: World) -> World:
    """A cap over all programs, and two programs in which a member bought something."""
    acme = world.account("Acme")
    world.cap(acme, "1000.00", everywhere=True)
    ann = world.member(acme)
    world.capture(world.hold(ann, "40.00"), "40.00")
    other = world.open_program(channel="other")
    bob = world.member(acme, program=other)
    world.hold(bob, "25.00", cycle=other.cycles.get())
    return world


@pytest.fixture
def sealed(books: World) -> World:
    """Books that are sealed; what they refer to may be taken away."""
    seal(at=books.at)
    assert ledger.verify().is_clean
    books.is_tampered = True
    drop_foreign_keys()
    return books


@pytest.fixture
def small_seals(monkeypatch: pytest.MonkeyPatch) -> None:
    """At most two postings in a seal, and three in a transaction."""
    monkeypatch.setattr(sealing, "POSTINGS_PER_SEAL", 2)
    monkeypatch.setattr(sealing, "POSTINGS_PER_BATCH", 3)
