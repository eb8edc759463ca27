"""Fixtures for tests of the core; loaded by ``tests/conftest.py``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_django.plugin import DjangoDbBlocker

    from tests.support.world import World


@pytest.fixture(scope="session")
def django_db_setup(
    django_db_setup: None,  # pytest-django's own, which makes the database
    django_db_blocker: DjangoDbBlocker,
) -> None:
    """Let the test database be emptied between tests that commit."""
    from tests.support.database import let_tests_flush

    with django_db_blocker.unblock():
        let_tests_flush()


@pytest.fixture
def empty_cache() -> Iterator[None]:
    """Nothing in the cache: no try of a code is counted, and nobody is locked out."""
    from django.core.cache import cache

    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def world(db: None) -> Iterator[World]:
    """A world inside the test's transaction, which is rolled back; its books must balance."""
    yield from _world()


@pytest.fixture
def committed_world(transactional_db: None) -> Iterator[World]:
    """A world that other connections see; its books must balance, then it is removed."""
    yield from _world()


def _world() -> Iterator[World]:
    from saleor_program_budgets import figures, ledger
    from tests.support.world import World

    world = World()
    yield world
    if not world.is_tampered:
        assert [str(difference) for difference in ledger.verify().differences] == []
        assert [str(difference) for difference in figures.verify()] == []
