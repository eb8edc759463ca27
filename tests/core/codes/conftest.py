"""What every test of codes shares: nobody has tried anything yet."""

import pytest


@pytest.fixture(autouse=True)
def _no_tries(empty_cache: None) -> None:
    """Begin with none."""
