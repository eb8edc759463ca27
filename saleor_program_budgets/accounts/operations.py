"""Operations on the account tree."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import connections, router, transaction

from saleor_program_budgets.errors import InvalidInput
from saleor_program_budgets.models import Account

if TYPE_CHECKING:
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
        _lock_tree()
        _require_name(name)
        if Account.objects.filter(slug=slug).exists():
            raise InvalidInput("slug", f"The slug “{slug}” is already in use.", code="UNIQUE")
        if parent is not None and len(_ancestors(parent)) >= GREATEST_DEPTH:
            raise InvalidInput("parent", f"Accounts can be {GREATEST_DEPTH} levels deep.")
        return Account.objects.create(name=name, slug=slug, kind=kind, parent=parent, created_at=at)


def rename_account(*, account: Account, name: str) -> Account:
    """Change an account's name; entries keep naming the account, not the name."""
    _require_name(name)
    account.name = name
    account.save(update_fields=["name"])
    return account


def move_account(*, account: Account, parent: Account | None) -> Account:
    """Put *account*, with everything below it, under *parent* (or make it a root).

    Past spend and open holds stay under the caps they were taken under; new purchases meet the
    caps of the new place. Raises ``InvalidInput`` when *parent* lies below *account*.
    """
    with transaction.atomic():
        _lock_tree()
        if parent is not None and account.pk in _ancestors(parent):
            raise InvalidInput("parent", "An account can't be moved below itself.")
        account.parent = parent
        account.save(update_fields=["parent"])
    return account


def depth_of(account: Account) -> int:
    """Return how many accounts lie above *account*."""
    return len(_ancestors(account)) - 1


def _ancestors(account: Account) -> list[int]:
    """Return the ids from *account*, included, up to its root."""
    ancestors = Account.objects.ancestors(account.pk, include_self=True)
    return list(ancestors.values_list("pk", flat=True))


def _require_name(name: str) -> None:
    if not name.strip():
        raise InvalidInput("name", "An account needs a name.", code="REQUIRED")


def _lock_tree() -> None:
    with connections[router.db_for_write(Account)].cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [TREE_LOCK])
