"""The App row that makes the gateway known to Saleor and carries its Dashboard pages.

Saleor accepts transactions only for a gateway whose identifier is an active App's. The plugin
registers its own, without a manifest to fetch, after each migration.
"""

from __future__ import annotations

from django.db import transaction
from saleor.app.models import App
from saleor.app.types import AppType
from saleor.permission.enums import get_permissions_from_names

from saleor_program_budgets.interfaces.dashboard import extensions, pages
from saleor_program_budgets.interfaces.identity import GATEWAY_ID
from saleor_program_budgets.manifest import manifest

PERMISSIONS = ("MANAGE_DISCOUNTS", "MANAGE_GIFT_CARD", "MANAGE_ORDERS", "MANAGE_USERS")
"""What the pages may be used for, at most: a token has these and only what its user has too."""


def register(*, using: str | None = None) -> App | None:
    """Create or update the App; returns ``None`` where a merchant has removed it.

    A removed App isn't brought back while Saleor keeps its row, which it does for a day. An App
    that was deactivated stays inactive, and one whose permissions were changed keeps them.
    """
    plugin = manifest()
    with transaction.atomic(using=using):
        known = App.objects.using(using).select_for_update().filter(identifier=GATEWAY_ID)
        app = known.filter(removed_at=None).order_by("pk").first()
        if app is None:
            if known.exists():
                return None
            app = App(
                identifier=GATEWAY_ID,
                type=AppType.THIRDPARTY,
                is_active=True,
                is_installed=True,
            )
        had_pages = bool(app.app_url)
        app.name = plugin.name
        app.about_app = plugin.description
        app.author = plugin.author
        app.support_url = plugin.support
        app.version = plugin.version
        app.app_url = pages.address()
        app.save(using=using)
        if not had_pages:
            app.permissions.set(get_permissions_from_names(list(PERMISSIONS)))
        extensions.synchronize(app, using=using)
    return app
