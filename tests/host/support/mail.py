"""A plugin that delivers Saleor's notifications, as a shop's mail plugin does."""

from __future__ import annotations

from typing import Any, ClassVar

from saleor.plugins.base_plugin import BasePlugin


class MailPlugin(BasePlugin):
    """Keeps what it is to send, unless the mail server is down."""

    PLUGIN_ID = "tests.mail"
    PLUGIN_NAME = "Mail"
    DEFAULT_ACTIVE = True
    CONFIGURATION_PER_CHANNEL = True
    sent: ClassVar[list[tuple[str, dict[str, Any]]]] = []
    is_broken: ClassVar[bool] = False

    def notify(self, event: str, payload_func: Any, previous_value: Any) -> Any:
        """Keep what is to be sent."""
        if self.is_broken:
            raise OSError("the mail server is down")
        self.sent.append((event, payload_func()))
        return previous_value
