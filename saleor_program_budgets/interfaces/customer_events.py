"""Telling the shop of customers that a roster made or changed, as Saleor's own mutations do.

Most shops have nobody who listens; then tens of thousands cost nothing. Where somebody does, a few
are told at once, and many in tasks.
"""

from __future__ import annotations

import logging
from itertools import batched
from typing import TYPE_CHECKING

from django.db import router, transaction
from saleor.account.models import User
from saleor.celeryconf import app
from saleor.plugins.manager import get_plugins_manager
from saleor.plugins.webhook.plugin import WebhookPlugin
from saleor.webhook.event_types import WebhookEventAsyncType
from saleor.webhook.utils import get_webhooks_for_event

from saleor_program_budgets.interfaces.identity import PLUGIN_ID

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from saleor.plugins.manager import PluginsManager

logger = logging.getLogger(__name__)

TASK = "saleor_program_budgets.tasks.announce_customers"
AT_ONCE = 20
PER_TASK = 200
CREATED, UPDATED = "customer_created", "customer_updated"
EVENTS = {
    CREATED: WebhookEventAsyncType.CUSTOMER_CREATED,
    UPDATED: WebhookEventAsyncType.CUSTOMER_UPDATED,
}
"""The plugins' methods, and what webhooks know them by."""


def announce_on_commit(*, created: Collection[int], updated: Collection[int]) -> None:
    """Tell of these users (by id) once the transaction is committed; whatever fails is logged."""
    told = {CREATED: sorted(created), UPDATED: sorted(set(updated) - set(created))}
    if not any(told.values()):
        return

    def announce() -> None:
        for method, users in told.items():
            try:
                _announce(method, users)
            except Exception:
                logger.exception("%s wasn't announced for %s users", method, len(users))

    transaction.on_commit(announce, using=router.db_for_write(User))


def tell(*, method: str, users: Sequence[int]) -> int:
    """Call the event *method* of all plugins for each of *users*; says for how many it failed.

    The event has no requestor: many hands, or none, are behind a file or an identity system.
    """
    if method not in EVENTS:
        raise ValueError(method)
    manager = get_plugins_manager(allow_replica=False)
    failed = 0
    for user in User.objects.filter(pk__in=users).order_by("pk"):
        try:
            getattr(manager, method)(user)
        except Exception:
            # A plugin that fails for one customer must not keep the others from being told of.
            logger.exception("%s failed for user %s", method, user.pk)
            failed += 1
    return failed


def _announce(method: str, users: Sequence[int]) -> None:
    if not users or not _is_heard(method, get_plugins_manager(allow_replica=False)):
        return
    if len(users) <= AT_ONCE:
        tell(method=method, users=users)
        return
    for some in batched(users, PER_TASK):
        app.tasks[TASK].delay(method, list(some))


def _is_heard(method: str, manager: PluginsManager) -> bool:
    """Say whether any plugin but this one does something at the event.

    This one lets members follow whether their user is active, which a roster never changes.
    """
    for plugin in manager.get_plugins(active_only=True):
        if isinstance(plugin, WebhookPlugin):
            if get_webhooks_for_event(EVENTS[method]).exists():
                return True
        elif plugin.PLUGIN_ID != PLUGIN_ID and callable(getattr(plugin, method, None)):
            return True
    return False
