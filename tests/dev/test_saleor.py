"""A Saleor checkout tells what it is without being imported."""

from pathlib import Path

import pytest

from dev.saleor import Checkout


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    """The few files of Saleor that are read."""
    migrations = tmp_path / "saleor" / "order" / "migrations"
    migrations.mkdir(parents=True)
    (migrations / "0001_initial.py").touch()
    (tmp_path / "saleor" / "__init__.py").write_text('__version__ = "3.24.0-a.0"\n')
    (tmp_path / "conftest.py").write_text(
        'DATABASES = {}\npytest_plugins = [\n    "saleor.tests.fixtures",\n]\n'
    )
    return Checkout(tmp_path)


def test_checkout_is_described(checkout: Checkout) -> None:
    assert checkout.exists
    assert checkout.version == "3.24.0-a.0"
    assert checkout.fixture_modules == ["saleor.tests.fixtures"]


def test_fingerprint_changes_with_a_new_migration(checkout: Checkout) -> None:
    before = checkout.fingerprint
    assert checkout.fingerprint == before

    (checkout.root / "saleor" / "order" / "migrations" / "0002_more.py").touch()

    assert checkout.fingerprint != before


def test_empty_directory_is_no_checkout(tmp_path: Path) -> None:
    assert not Checkout(tmp_path).exists
    with pytest.raises(FileNotFoundError):
        _ = Checkout(tmp_path).version
