"""The shop's users, as far as a roster has to do with them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence


@dataclass(frozen=True, slots=True)
class ShopUser:
    """A user of the shop; ``external_reference`` is empty where other systems don't know them."""

    id: int
    email: str
    external_reference: str
    is_staff: bool


@dataclass(frozen=True, slots=True)
class Profile:
    """Name and address of a user."""

    email: str
    first_name: str
    last_name: str


class Shop(Protocol):
    """What a roster asks of the shop. All but ``announce`` is part of the caller's transaction."""

    def find(self, *, emails: Collection[str], references: Collection[str]) -> list[ShopUser]:
        """Return the users with these addresses (in lower case) or external references."""
        ...

    def create(self, profiles: Sequence[Profile]) -> dict[str, int]:
        """Make customers, without a password; return their ids by address.

        Whose address is another user's by now is left out.
        """
        ...

    def update(self, profiles: Mapping[int, Profile]) -> set[int]:
        """Give customers (by id) other names and addresses; return whom it was possible for.

        Staff, and whose new address is another user's, are left as they are.
        """
        ...

    def announce(self, *, created: Collection[int], updated: Collection[int]) -> None:
        """Let the rest of the shop know, once all of it is committed; never raises."""
        ...
