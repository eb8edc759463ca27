"""A pytest plugin: Saleor's own tests get a migrated database, and this plugin among theirs."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from django.conf import settings as django_settings
from django.db import connections

from dev import databases
from saleor_program_budgets.manifest import manifest
from tests.support.database import let_tests_flush

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_django.fixtures import SettingsWrapper
    from pytest_django.plugin import DjangoDbBlocker


class Installed:
    """Fixtures that come after those of Saleor and pytest-django, and so before them in effect."""

    @pytest.fixture(scope="session")
    def django_db_setup(
        self, django_test_environment: None, django_db_blocker: DjangoDbBlocker
    ) -> Iterator[None]:
        """Give each worker a copy of the migrated database, in place of migrating an empty one."""
        template = os.environ["PROGRAM_BUDGETS_TEMPLATE"]
        server = os.environ["DATABASE_URL"]
        with databases.temporary(server, template=template, prefix="suite") as url:
            with django_db_blocker.unblock():
                for alias in (
                    django_settings.DATABASE_CONNECTION_DEFAULT_NAME,
                    django_settings.DATABASE_CONNECTION_REPLICA_NAME,
                ):
                    connections[alias].close()
                    connections.settings[alias]["NAME"] = url.rpartition("/")[2]
                let_tests_flush()
            yield
            with django_db_blocker.unblock():
                connections.close_all()

    @pytest.fixture(autouse=True)
    def program_budgets(self, settings: SettingsWrapper) -> None:
        """Switch this plugin on beside those that the test has."""
        ours = manifest().entry_point.replace(":", ".")
        settings.PLUGINS = [*(name for name in settings.PLUGINS if name != ours), ours]


def pytest_sessionstart(session: pytest.Session) -> None:
    """Register the fixtures once all other plugins are there."""
    session.config.pluginmanager.register(Installed(), "program-budgets-installed")
