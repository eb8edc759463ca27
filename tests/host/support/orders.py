"""What tests of an order's later life share: Saleor's figures, a crash, and the repair after it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from saleor_program_budgets.interfaces import reconciliation

if TYPE_CHECKING:
    import pytest
    from saleor.payment.models import TransactionItem

ORDER_CANCEL = """
mutation ($id: ID!) { orderCancel(id: $id) { order { id } errors { field message code } } }
"""


def amounts(item: TransactionItem) -> dict[str, int]:
    """Return what Saleor counts on the transaction, where it isn't zero."""
    item.refresh_from_db()
    values = {
        name: int(getattr(item, f"{name}_value"))
        for name in ("authorized", "charged", "refunded", "canceled")
    }
    return {name: value for name, value in values.items() if value}


def crashed(monkeypatch: pytest.MonkeyPatch, target: str) -> None:
    """Make a function fail as if the process had died there."""

    def die(*_: Any, **__: Any) -> None:
        raise SystemError("killed")

    monkeypatch.setattr(target, die)


def reconcile() -> tuple[int, int, int]:
    """Run the job as it runs well after the crash; return what it repaired."""
    repaired = reconciliation.reconcile(at=timezone.now() + timedelta(minutes=5))
    return repaired.settled, repaired.returned, repaired.reported
