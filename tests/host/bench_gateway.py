"""Time transactionInitialize through this gateway beside Saleor's own gift-card gateway.

`python -m dev.bench.hosted gateway` collects this file; the tests don't. Both gateways run in turn,
in one process, over Saleor's GraphQL, on a private PostgreSQL with default durability, each on a
fresh checkout. Saleor has the gift-card gateway since 3.23.
"""

from __future__ import annotations

import statistics
import time
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from saleor_program_budgets.models import Member
    from tests.host.support.shop import ProgramStore, Shopper

ROUNDS = 60
WARM_UP = 5


@pytest.mark.django_db(transaction=True)
def measure_gateways(store: ProgramStore, shopper: Shopper, member: Member) -> None:
    """Print median time and number of SQL statements of both gateways."""
    from saleor.giftcard.const import GIFT_CARD_PAYMENT_GATEWAY_ID
    from saleor.giftcard.models import GiftCard

    from saleor_program_budgets.interfaces.identity import GATEWAY_ID

    store.cap(store.department, 50_000_000)
    store.cap(store.organization, 50_000_000)
    GiftCard.objects.create(
        code="BENCHMARK-0001",
        currency="USD",
        initial_balance_amount=100_000,
        current_balance_amount=100_000,
    )
    gateways: dict[str, Callable[[], Any]] = {
        "program budgets": _applying(shopper, {"id": GATEWAY_ID, "data": None}),
        "gift card (Saleor)": _applying(
            shopper, {"id": GIFT_CARD_PAYMENT_GATEWAY_ID, "data": {"code": "BENCHMARK-0001"}}
        ),
    }
    times: dict[str, list[float]] = {name: [] for name in gateways}
    statements: dict[str, int] = {}
    for round_number in range(WARM_UP + ROUNDS):
        for name, apply in gateways.items():
            seconds, count = apply()
            if round_number >= WARM_UP:
                times[name].append(seconds * 1_000)
                statements[name] = count
    print(_table(times, statements))  # noqa: T201 - what it is for


def _applying(shopper: Shopper, gateway: dict[str, Any]) -> Callable[[], tuple[float, int]]:
    """Return a call that pays 1.00 of a fresh checkout; it gives seconds and statements."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from tests.host.support.shop import TRANSACTION_INITIALIZE, global_id

    def apply() -> tuple[float, int]:
        checkout = shopper.checkout()
        variables = {"id": global_id(checkout), "amount": "1.00", "gateway": gateway}
        with CaptureQueriesContext(connection) as queries:
            start = time.perf_counter()
            answer = shopper.call(TRANSACTION_INITIALIZE, **variables)
            seconds = time.perf_counter() - start
        if answer["transactionEvent"]["type"] != "AUTHORIZATION_SUCCESS":
            raise RuntimeError(f"not authorized: {answer}")
        return seconds, len(queries)

    return apply


def _table(times: dict[str, list[float]], statements: dict[str, int]) -> str:
    lines = [f"\n{'transactionInitialize':<22}{'median ms':>10}{'p95 ms':>9}{'SQL':>6}"]
    for name, samples in times.items():
        median, late = statistics.median(samples), statistics.quantiles(samples, n=20)[-1]
        lines.append(f"{name:<22}{median:>10.1f}{late:>9.1f}{statements[name]:>6}")
    ours, theirs = (statistics.median(samples) for samples in times.values())
    lines.append(f"{'ratio':<22}{ours / theirs:>10.2f}")
    return "\n".join(lines)
