"""Saleor's fixtures, and this plugin switched on: for tests inside a real Saleor.

What Saleor's own root conftest does is done here too, since pytest reads only our tree's.
"""

import os
from collections.abc import Iterator

import django.test
import pytest
from django.conf import settings as django_settings
from django.db import connections
from pytest_django.fixtures import SettingsWrapper
from pytest_django.plugin import DjangoDbBlocker
from saleor.tests.utils import prepare_test_db_connections

from dev import databases
from dev.paths import SALEOR_ROOT
from dev.saleor import Checkout
from saleor_program_budgets.manifest import manifest
from tests.support.database import let_tests_flush

pytest_plugins = [*Checkout(SALEOR_ROOT).fixture_modules, "tests.host.support.fixtures"]

# Saleor reads from a replica and writes to another alias; its tests may use both unasked, and
# both are one connection, so that a test's transaction is seen by reads.
_ALIASES = {
    django_settings.DATABASE_CONNECTION_DEFAULT_NAME,
    django_settings.DATABASE_CONNECTION_REPLICA_NAME,
}
django.test.TransactionTestCase.databases = _ALIASES
django.test.TestCase.databases = _ALIASES
prepare_test_db_connections()


@pytest.fixture(scope="session")
def django_db_setup(
    django_test_environment: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[None]:
    """Give each worker a copy of the migrated database, in place of migrating an empty one."""
    template = os.environ.get("PROGRAM_BUDGETS_TEMPLATE")
    if template is None:
        pytest.exit("host tests need a migrated database: run them with `make test-host`", 4)
    with databases.temporary(os.environ["DATABASE_URL"], template=template, prefix="test") as url:
        name = url.rpartition("/")[2]
        with django_db_blocker.unblock():
            for alias in _ALIASES:
                connections[alias].close()
                # Not the connection's own settings: the replica's stand-in shares the writer's, and
                # a thread that a test starts opens a real one.
                connections.settings[alias]["NAME"] = name
            let_tests_flush()
        yield
        with django_db_blocker.unblock():
            connections.close_all()


@pytest.fixture(autouse=True)
def plugin_enabled(settings: SettingsWrapper) -> None:
    """Make this plugin the only one, so that a test sees its hooks and nobody else's.

    Saleor's own fixture, whose name differs between versions, sets PLUGINS for every test too. It
    is a plugin's, and those come before a conftest's.
    """
    settings.PLUGINS = [manifest().entry_point.replace(":", ".")]
