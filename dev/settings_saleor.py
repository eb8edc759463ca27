"""Saleor's test settings without this plugin: what its own migrations run under.

Saleor adds every plugin it finds among the installed entry points, and this one is installed.
"""

from saleor.tests import settings as saleor_settings
from saleor.tests.settings import *  # noqa: F403

INSTALLED_APPS = [
    app
    for app in saleor_settings.INSTALLED_APPS
    if app.partition(".")[0] != "saleor_program_budgets"
]
