"""Time what somebody learns who tries codes: are those that exist answered in another time?

`python -m dev.bench.hosted guessing` collects this file; the tests don't. Stolen codes, and texts
that are none, are entered in random turn through Saleor's GraphQL, and their times compared rank
by rank.
"""

from __future__ import annotations

import random
import statistics
import time
from typing import TYPE_CHECKING

import pytest
from django.core.cache import caches

if TYPE_CHECKING:
    from saleor_program_budgets.models import Member
    from tests.host.support.shop import ProgramStore, Shopper

ROUNDS = 400
WARM_UP = 20
UNKNOWN = "WXYZ-0123-4567"
ALSO_UNKNOWN = "ZZZZ-7654-3210"
DISTINCT = 3.0
"""So many standard errors apart, and times are told from one another."""


@pytest.mark.django_db(transaction=True)
def measure_guessing(
    store: ProgramStore,
    member: Member,
    shopper: Shopper,
    user2_api_client: object,
) -> None:
    """Print for each kind of text how its times compare with those of an unknown one."""
    from saleor_program_budgets.money import Amount
    from tests.host.support.codes import credit, discount, enter, voucher_in
    from tests.host.support.shop import Shopper

    store.enroll(user2_api_client.user)  # type: ignore[attr-defined]
    thief = Shopper(user2_api_client, shopper.channel, shopper.variant_id)
    checkout = thief.checkout()
    texts = {
        "unknown": UNKNOWN,
        "another unknown": ALSO_UNKNOWN,
        "another member's discount": discount(member, voucher_in(store.channel)),
        "another member's store credit": credit(member, Amount(1_000, "USD")),
        "no text that a code could be": "¿qué?",
    }
    times: dict[str, list[float]] = {what: [] for what in texts}
    for number in range(WARM_UP + ROUNDS):
        for what in random.sample(sorted(texts), len(texts)):
            caches["default"].clear()  # the tries too, or the thief is locked out
            began = time.perf_counter()
            answer = enter(thief, checkout, texts[what])
            seconds = time.perf_counter() - began
            if [error["code"] for error in answer["errors"]] != ["INVALID"]:
                raise RuntimeError(f"unexpected answer: {answer}")
            if number >= WARM_UP:
                times[what].append(seconds * 1_000)
    print(_table(times))  # noqa: T201


def _table(times: dict[str, list[float]]) -> str:
    titles = f"{'median ms':>10}{'p95 ms':>9}{'longer':>9}{'z':>7}  told apart"
    lines = [f"\n{f'{ROUNDS} of each':<34}{titles}"]
    for what, samples in times.items():
        late = statistics.quantiles(samples, n=20)[-1]
        share, distance = _compared(samples, times["unknown"])
        told = "yes" if abs(distance) > DISTINCT else "no"
        lines.append(
            f"{what:<34}{statistics.median(samples):>10.2f}{late:>9.2f}"
            f"{share:>9.1%}{distance:>7.1f}  {told}"
        )
    lines.append("longer: how often it takes longer than an unknown one, 50 % if nothing differs")
    return "\n".join(lines)


def _compared(these: list[float], those: list[float]) -> tuple[float, float]:
    """Return how often one of these is greater, and by how many standard errors that differs.

    The rank-sum test of Mann and Whitney, in its normal approximation.
    """
    count = len(these) * len(those)
    wins = sum((a > b) + (a == b) / 2 for a in these for b in those)
    error = (count * (len(these) + len(those) + 1) / 12) ** 0.5
    return wins / count, (wins - count / 2) / error
