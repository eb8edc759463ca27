"""Who this plugin is to Saleor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from saleor.plugins.models import PluginConfiguration

from saleor_program_budgets.ledger import Actor
from saleor_program_budgets.manifest import manifest

if TYPE_CHECKING:
    from saleor.account.models import User
    from saleor.app.models import App

PLUGIN_ID = manifest().id
GATEWAY_ID = manifest().gateway
ACTIVE_BY_DEFAULT = True
"""Saleor's Dashboard hides inactive plugins: an administrator couldn't find this one."""


def is_active() -> bool:
    """Say whether an administrator has the plugin switched on."""
    active = (
        PluginConfiguration.objects.filter(identifier=PLUGIN_ID, channel=None)
        .values_list("active", flat=True)
        .first()
    )
    return ACTIVE_BY_DEFAULT if active is None else active


def actor_of(requestor: User | App | Any | None) -> Actor:
    """Return who is asking: ``app:<id>``, ``staff:<id>``, ``user:<id>`` or ``user:anonymous``."""
    if not requestor:
        return Actor("user", "anonymous")
    if hasattr(requestor, "identifier"):
        return Actor("app", str(requestor.pk))
    return Actor("staff" if requestor.is_staff else "user", str(requestor.pk))
