"""Who enters a code, and where."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from saleor_program_budgets.ledger import Actor
    from saleor_program_budgets.models import CodeAttempt


@dataclass(frozen=True, slots=True)
class Caller:
    """Whose code it has to be, who acts for them, and where it is entered.

    ``user_id`` is the shopper, not the app or the administrator who acts: those are ``actor``.
    ``channel_id`` stays empty on the account page, which belongs to no channel.
    """

    user_id: int | None
    actor: Actor
    channel_id: str
    place: CodeAttempt.Place
    address: str | None = None
    checkout_id: str = ""
    order_id: str = ""

    @property
    def network_address(self) -> IPv4Address | IPv6Address | None:
        """The address as a number; ``None`` where what a proxy handed on is none."""
        try:
            parsed = ip_address(self.address or "")
        except ValueError:
            return None
        if isinstance(parsed, IPv6Address):
            # Without the name of an interface, and as what it is where it wraps an older one.
            return parsed.ipv4_mapped or IPv6Address(int(parsed))
        return parsed
