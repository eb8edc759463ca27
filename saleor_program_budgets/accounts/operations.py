"""Operations on the account tree."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import connections, router, transaction

from saleor_program_budgets.errors import InvalidInput
from saleor_program_budgets.models import Account, Person, Roster

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

TREE_LOCK = 7_024_001
"""Advisory lock under which the tree changes shape, so that two moves can't close a loop."""
GREATEST_DEPTH = 32


def create_account(
    *, name: str, slug: str, kind: Account.Kind, parent: Account | None, at: datetime
) -> Account:
    """Add an account below *parent*, or a new root.

    Raises ``InvalidInput`` for an empty name, a slug in use, or a tree deeper than 32 levels.
    """
    with transaction.atomic():
        lock_tree()
        _require_name(name)
        if Account.objects.filter(slug=slug).exists():
            raise InvalidInput("slug", f"The slug “{slug}” is already in use.", code="UNIQUE")
        if parent is not None and len(_ancestors(parent)) >= GREATEST_DEPTH:
            raise InvalidInput("parent", f"Accounts can be {GREATEST_DEPTH} levels deep.")
        return Account.objects.create(name=name, slug=slug, kind=kind, parent=parent, created_at=at)


def create_accounts(
    *, parent: Account, names: Sequence[tuple[str, str]], kind: Account.Kind, at: datetime
) -> list[Account]:
    """Add accounts below *parent*, each with a name and a slug, as ``create_account`` does.

    The slugs have to be free.
    """
    with transaction.atomic():
        lock_tree()
        if len(_ancestors(parent)) >= GREATEST_DEPTH:
            raise InvalidInput("parent", f"Accounts can be {GREATEST_DEPTH} levels deep.")
        for name, _ in names:
            _require_name(name)
        return Account.objects.bulk_create(
            Account(name=name, slug=slug, kind=kind, parent=parent, created_at=at)
            for name, slug in names
        )


def rename_account(*, account: Account, name: str) -> Account:
    """Change an account's name; entries keep naming the account, not the name."""
    _require_name(name)
    account.name = name
    account.save(update_fields=["name"])
    return account


def move_account(*, account: Account, parent: Account | None) -> Account:
    """Put *account*, with everything below it, under *parent* (or make it a root).

    Past spend and open holds stay under the caps they were taken under; new purchases meet the
    caps of the new place. Raises ``InvalidInput`` when *parent* lies below *account*, when people
    of a roster would come to stand outside of it, and when one roster would stand in another.
    """
    with transaction.atomic():
        # Rosters before the tree, as whoever adds to a roster's departments locks them.
        _locked_roster(_ancestors(account)[1:])
        lock_tree()
        if parent is not None and account.pk in _ancestors(parent):
            raise InvalidInput("parent", "An account can't be moved below itself.")
        _require_rosters_apart(account, parent)
        account.parent = parent
        account.save(update_fields=["parent"])
    return account


def lock_tree() -> None:
    """Let one transaction at a time change the tree's shape, or what depends on it."""
    with connections[router.db_for_write(Account)].cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [TREE_LOCK])


def depth_of(account: Account) -> int:
    """Return how many accounts lie above *account*."""
    return len(_ancestors(account)) - 1


def _ancestors(account: Account) -> list[int]:
    """Return the ids from *account*, included, up to its root."""
    ancestors = Account.objects.ancestors(account.pk, include_self=True)
    return list(ancestors.order_by("-tree_depth").values_list("pk", flat=True))


def _require_rosters_apart(account: Account, parent: Account | None) -> None:
    """Raise ``InvalidInput`` if a move would part people from their roster, or let two overlap.

    Who stands in a roster's account is its own: nobody is handed to another one by a move.
    """
    now = _locked_roster(_ancestors(account)[1:])
    rosters = Roster.objects.filter(account_id__in=_ancestors(parent) if parent else [])
    then = rosters.values_list("pk", flat=True).first()
    if now == then:
        return
    below = Account.objects.descendants(account.pk, include_self=True).values("pk")
    if then is not None and Roster.objects.filter(account_id__in=below).exists():
        raise InvalidInput("parent", "An account with a roster can't stand in another roster.")
    if now is not None and Person.objects.filter(account_id__in=below, removed_at=None).exists():
        raise InvalidInput("parent", "People who belong here would leave their roster's accounts.")


def _locked_roster(accounts: Sequence[int]) -> int | None:
    """Return the id of the roster that one of *accounts* has; its people stay where they are."""
    rosters = Roster.objects.select_for_update(no_key=True).filter(account_id__in=accounts)
    return rosters.order_by("pk").values_list("pk", flat=True).first()


def _require_name(name: str) -> None:
    if not name.strip():
        raise InvalidInput("name", "An account needs a name.", code="REQUIRED")
