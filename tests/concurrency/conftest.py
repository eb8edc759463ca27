"""What holds for every meeting: nobody deadlocks."""

from collections.abc import Iterator

import pytest

from tests.support.racing import deadlocks
from tests.support.world import World


@pytest.fixture(autouse=True)
def _no_deadlocks(request: pytest.FixtureRequest, committed_world: World) -> Iterator[None]:
    before = deadlocks()
    yield
    if "deadlocks_expected" not in request.fixturenames:
        assert deadlocks() == before


@pytest.fixture
def deadlocks_expected() -> None:
    """Asked for by the controls in which locks are taken in no common order."""
