"""Settings for tests inside a real Saleor: its own test settings, with this plugin installed.

An installed plugin is found by its entry point. Saleor's test settings empty PLUGINS again, and a
checkout of this project may be on the path without being installed: so both are set here, once.
"""

import os

from saleor.tests.settings import *  # noqa: F403

from saleor_program_budgets.manifest import manifest

PLUGINS = [manifest().entry_point.replace(":", ".")]

_app = manifest().entry_point.partition(".")[0]
INSTALLED_APPS = [*(app for app in INSTALLED_APPS if app != _app), _app]  # noqa: F405

# Pytest reports warnings. Those that are logged while Saleor is imported would follow its last
# line.
LOGGING["loggers"]["py.warnings"] = {"level": "ERROR"}  # noqa: F405

# Runs that are given one cache between them don't read each other's values, nor do xdist's workers.
CACHES["default"]["KEY_PREFIX"] = "-".join(  # noqa: F405
    [os.environ.get("PROGRAM_BUDGETS_RUN", ""), os.environ.get("PYTEST_XDIST_WORKER", "")]
)
