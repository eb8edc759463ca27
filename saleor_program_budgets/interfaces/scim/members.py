"""Who belongs to a department itself: read as ids, and changed by what differs."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from scim2_models import InvalidValueException

from saleor_program_budgets import roster as people

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from saleor_program_budgets.models import Account, Roster
    from saleor_program_budgets.roster import Origin

PLACED_AT_ONCE = 1_000


class Change(NamedTuple):
    """People (row ids) who come, and who go if they are still there."""

    added: Sequence[int]
    removed: Sequence[int]

    def __bool__(self) -> bool:
        return bool(self.added or self.removed)


class Members:
    """The members of a roster's departments; remembers those that a request has read.

    What a request changes is told from what it has read, not from what is there when it writes:
    so two requests that each add somebody don't undo one another.
    """

    def __init__(self, *, roster: Roster, origin: Origin, at: datetime) -> None:
        self.roster = roster
        self.origin = origin
        self.at = at
        self._seen: dict[int, frozenset[str]] = {}

    def read(self, account: Account) -> list[str]:
        """Return the members' ids, and remember them."""
        return self.of_all([account])[account.pk]

    def of_all(self, accounts: Iterable[Account]) -> Mapping[int, list[str]]:
        """Return the ids of several departments' members, by the row ids of the accounts."""
        ids = [account.pk for account in accounts]
        found: defaultdict[int, list[str]] = defaultdict(list)
        rows = people.people_of(roster=self.roster).filter(account_id__in=ids).order_by("pk")
        for account_id, key in rows.values_list("account_id", "key").iterator(chunk_size=5_000):
            found[account_id].append(str(key))
        self._seen.update({pk: frozenset(found[pk]) for pk in ids})
        return found

    def seen(self, account: Account) -> frozenset[str]:
        """Return the members as this request has last read them."""
        return self._seen.get(account.pk, frozenset())

    def planned(self, *, added: Sequence[str], removed: Iterable[str] = ()) -> Change:
        """Return who comes and who goes; raises for a new member who isn't in the roster."""
        gone = list(removed)
        rows: dict[str, int] = {}
        asked = [key for key in [*added, *gone] if _is_key(key)]
        if asked:
            known = people.people_of(roster=self.roster).filter(key__in=asked)
            rows = {str(key): pk for key, pk in known.values_list("key", "pk")}
        missing = next((key for key in added if key not in rows), None)
        if missing is not None:
            raise InvalidValueException(detail=f"members: there is no user {missing[:100]!r}.")
        return Change([rows[key] for key in added], [rows[key] for key in gone if key in rows])

    def apply(self, account: Account, change: Change) -> None:
        """Move who comes here, and who goes and is still here to the roster's account."""
        self._place(account, change.added)
        still_here = people.people_of(roster=self.roster).filter(
            account=account, pk__in=change.removed
        )
        self._place(self.roster.account, list(still_here.values_list("pk", flat=True)))

    def _place(self, account: Account, ids: Sequence[int]) -> None:
        for start in range(0, len(ids), PLACED_AT_ONCE):
            people.place(
                roster=self.roster,
                account=account,
                people=ids[start : start + PLACED_AT_ONCE],
                origin=self.origin,
                at=self.at,
            )


def _is_key(text: str) -> bool:
    return len(text) == 36 and set(text) <= set("0123456789abcdef-") and text.count("-") == 4
