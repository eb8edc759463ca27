"""A plugin that hears of customers, as a shop's connection to another system does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from saleor.plugins.base_plugin import BasePlugin

if TYPE_CHECKING:
    from saleor.account.models import User


class ListeningPlugin(BasePlugin):
    """Keeps what it hears, unless the other system is down."""

    PLUGIN_ID = "tests.listening"
    PLUGIN_NAME = "Listening"
    DEFAULT_ACTIVE = True
    CONFIGURATION_PER_CHANNEL = False
    heard: ClassVar[list[tuple[str, str]]] = []
    is_broken: ClassVar[bool] = False

    def customer_created(self, customer: User, previous_value: Any) -> Any:
        """Hear of a new one."""
        self._hear("created", customer)
        return previous_value

    def customer_updated(self, customer: User, previous_value: Any, webhooks: Any = None) -> Any:
        """Hear of a changed one."""
        self._hear("updated", customer)
        return previous_value

    def _hear(self, event: str, customer: User) -> None:
        if self.is_broken:
            raise OSError("the other system is down")
        self.heard.append((event, customer.email))
