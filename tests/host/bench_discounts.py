"""Time 100,000 discount codes with Saleor's own rows, and what they add to checkoutAddPromoCode.

`python -m dev.bench.hosted discounts` collects this file; the tests don't. On a private PostgreSQL
with default durability. The promo-code box is measured over Saleor's GraphQL, in turn with this
plugin's part of it and without.
"""

from __future__ import annotations

import os
import statistics
import time
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from saleor_program_budgets.models import CodeBatch, Member
    from tests.host.support.shop import ProgramStore, Shopper

MEMBERS = 100_000
AT_ONCE = 5_000
ROUNDS = 60
WARM_UP = 5
LOOKS = 1_000
ORDINARY = "ORDINARY"
UNKNOWN = "WXYZ-0123-4567"
MOST_SECONDS, MOST_MEGABYTES = 60, 300


@dataclass(frozen=True)
class Step:
    """Seconds, and memory of a process of its own in megabytes: before, and the most of it."""

    what: str
    seconds: float
    before: float
    most: float


@pytest.mark.django_db(transaction=True)
def measure_discounts(store: ProgramStore, member: Member, request: pytest.FixtureRequest) -> None:
    """Print what generating, handing out, entering and revoking cost."""
    from saleor_program_budgets.models import CodeBatch
    from tests.host.support.codes import voucher_in

    voucher_in(store.channel, single_use=False).codes.create(code=ORDINARY)
    voucher = voucher_in(store.channel)
    # What this process once had, those of the steps would have too.
    _alone(lambda: _enroll(store, MEMBERS - 1))
    steps = [_step("create the batch", lambda: _create(store, str(voucher.pk)))]
    batch = CodeBatch.objects.get()
    steps.append(_step("make its codes", lambda: _make(batch)))
    steps.append(_step("hand them out as CSV", lambda: _hand_out(batch)))
    _tidy()
    # Not before: the client's token lasts some minutes.
    shopper = request.getfixturevalue("shopper")
    rows = _entries(shopper, batch.codes.get(member=member).text)
    looks = _looks(batch, str(store.channel.pk))
    steps.append(_step("look for what differs in the shop", _restore))
    steps.append(_step("revoke it", lambda: _revoke(batch)))
    load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    print(_table(steps, rows, looks), f"\n\nload average {load}")  # noqa: T201 - what it is for


def _enroll(store: ProgramStore, count: int) -> None:
    """Add members of the program, with users and nothing else."""
    from django.utils import timezone
    from saleor.account.models import User

    from saleor_program_budgets.models import Member

    for first in range(0, count, AT_ONCE):
        users = User.objects.bulk_create(
            User(email=f"person{number}@example.com", first_name="Ada")
            for number in range(first, min(first + AT_ONCE, count))
        )
        Member.objects.bulk_create(
            Member(
                program=store.program,
                account=store.department,
                user=user,
                user_reference=str(user.pk),
                joined_at=timezone.now(),
            )
            for user in users
        )
    _tidy()


def _tidy() -> None:
    """Let the planner know the tables, as autovacuum would by and by."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def _create(store: ProgramStore, voucher_reference: str) -> None:
    from django.utils import timezone

    from saleor_program_budgets import codes
    from saleor_program_budgets.models import CodeBatch
    from tests.host.support.shop import ACTOR

    codes.create_batch(
        program=store.program,
        name="Bench",
        kind=CodeBatch.Kind.DISCOUNT,
        delivery=CodeBatch.Delivery.DOWNLOAD,
        voucher_reference=voucher_reference,
        actor=ACTOR,
        at=timezone.now(),
    )


def _make(batch: CodeBatch) -> None:
    """Do what the task does, with its record of the run."""
    from django.utils import timezone
    from saleor.discount.models import VoucherCode

    from saleor_program_budgets.interfaces import issuing

    while issuing.go_on(batch_id=batch.pk, at=timezone.now()):
        pass
    published = VoucherCode.objects.filter(voucher=int(batch.voucher_reference)).count()
    if (batch.codes.count(), published) != (MEMBERS, MEMBERS):
        raise RuntimeError(f"{published} codes were published, and not {MEMBERS}")


def _hand_out(batch: CodeBatch) -> None:
    from django.utils import timezone

    from saleor_program_budgets import codes
    from saleor_program_budgets.interfaces import issuing
    from tests.host.support.shop import ACTOR

    issuing.as_csv(codes.hand_out(batch=batch, actor=ACTOR, at=timezone.now()))


def _restore() -> None:
    from saleor_program_budgets import tasks

    tasks.restore_codes()


def _revoke(batch: CodeBatch) -> None:
    from django.utils import timezone

    from saleor_program_budgets import codes
    from saleor_program_budgets.interfaces import vouchers
    from tests.host.support.shop import ACTOR

    codes.revoke_batch(
        batch=batch,
        reason="bench",
        withdraw=vouchers.withdraw,
        actor=ACTOR,
        at=timezone.now(),
    )


def _step(what: str, work: Callable[[], None]) -> Step:
    step = Step(what, *_alone(work))
    print(step, flush=True)  # noqa: T201 - a later step may fail
    return step


def _alone(work: Callable[[], None]) -> tuple[float, float, float]:
    """Do the work in a process of its own; returns its seconds and memory."""
    from dev.bench import crowd

    def timed(_client: int, ready: Callable[[], None]) -> tuple[float, float, float]:
        ready()
        before = _megabytes("VmRSS")
        began = time.perf_counter()
        work()
        return time.perf_counter() - began, before, _megabytes("VmHWM")

    [answer] = crowd.together(timed, clients=1)
    return answer


def _megabytes(name: str) -> float:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1_024 / 1_000_000
    raise RuntimeError(f"the kernel doesn't tell {name}")


def _entries(shopper: Shopper, own: str) -> list[tuple[str, list[float], int]]:
    """Return milliseconds and statements of entering a code, without our part and with it."""
    checkout = shopper.checkout()
    cases = [
        (what, text, is_with_us)
        for what, text in (
            ("an ordinary voucher", ORDINARY),
            ("the shopper's own code", own),
            ("an unknown code", UNKNOWN),
        )
        for is_with_us in (False, True)
    ]
    times: list[list[float]] = [[] for _ in cases]
    counts = [0 for _ in cases]
    for round_number in range(WARM_UP + ROUNDS):
        for number, (_, text, is_with_us) in enumerate(cases):
            with nullcontext() if is_with_us else _saleor_alone():
                seconds, count = _enter(shopper, checkout, text, is_refused=text == UNKNOWN)
            if round_number >= WARM_UP:
                times[number].append(seconds * 1_000)
                counts[number] = count
    return [
        (f"{what}, {'with codes' if is_with_us else 'Saleor alone'}", samples, count)
        for (what, _, is_with_us), samples, count in zip(cases, times, counts, strict=True)
    ]


@contextmanager
def _saleor_alone() -> Iterator[None]:
    """Let Saleor's own mutation answer."""
    from saleor_program_budgets.interfaces.graphql.overrides.promo_codes import (
        CheckoutAddPromoCode,
        CoreCheckoutAddPromoCode,
    )

    ours = CheckoutAddPromoCode.__dict__["perform_mutation"]
    core = CoreCheckoutAddPromoCode.__dict__["perform_mutation"]
    CheckoutAddPromoCode.perform_mutation = core
    try:
        yield
    finally:
        CheckoutAddPromoCode.perform_mutation = ours


def _enter(shopper: Shopper, checkout: Any, text: str, *, is_refused: bool) -> tuple[float, int]:
    from django.core.cache import cache
    from django.db import connection, reset_queries
    from django.test.utils import CaptureQueriesContext

    from tests.host.support.codes import enter

    cache.clear()  # or the unknown ones would lock the shopper out
    reset_queries()  # of which a log holds so many, and no more
    began = time.perf_counter()
    with CaptureQueriesContext(connection) as queries:
        answer = enter(shopper, checkout, text)
    seconds = time.perf_counter() - began
    if bool(answer["errors"]) != is_refused:
        raise RuntimeError(f"unexpected answer: {answer}")
    return seconds, len(queries)


def _looks(batch: CodeBatch, channel_id: str) -> dict[str, list[float]]:
    """Return milliseconds of looking codes up, beside a statement that does nothing."""
    from django.db import connection

    from saleor_program_budgets import codes

    cursor = connection.cursor()
    texts = list(batch.codes.order_by("?").values_list("text", flat=True)[:LOOKS])

    def find(text: str) -> None:
        codes.find(text=text, channel_id=channel_id)

    return {
        "SELECT 1": [_timed(lambda _: cursor.execute("SELECT 1"), text) for text in texts],
        "a code": [_timed(find, text) for text in texts],
        "no code": [_timed(find, text[:-1]) for text in texts],
    }


def _timed(work: Callable[[str], object], text: str) -> float:
    began = time.perf_counter()
    work(text)
    return (time.perf_counter() - began) * 1_000


def _table(
    steps: list[Step], rows: list[tuple[str, list[float], int]], looks: dict[str, list[float]]
) -> str:
    lines = [f"\n{f'{MEMBERS:,} discount codes':<40}{'s':>9}{'MB before':>11}{'MB most':>9}"]
    lines += [
        f"{step.what:<40}{step.seconds:>9.2f}{step.before:>11.0f}{step.most:>9.0f}"
        for step in steps
    ]
    made = steps[1]
    is_fast, is_lean = made.seconds < MOST_SECONDS, made.most - made.before < MOST_MEGABYTES
    lines.append(f"made in under {MOST_SECONDS} s: {'yes' if is_fast else 'no'}")
    lines.append(f"adding under {MOST_MEGABYTES} MB: {'yes' if is_lean else 'no'}")
    lines.append(f"\n{'checkoutAddPromoCode':<40}{'median ms':>11}{'p95 ms':>9}{'SQL':>6}")
    for what, samples, count in rows:
        late = statistics.quantiles(samples, n=20)[-1]
        lines.append(f"{what:<40}{statistics.median(samples):>11.1f}{late:>9.1f}{count:>6}")
    lines.append(f"\n{'find()':<40}{'median ms':>11}{'p95 ms':>9}")
    for what, samples in looks.items():
        late = statistics.quantiles(samples, n=20)[-1]
        lines.append(f"{what:<40}{statistics.median(samples):>11.2f}{late:>9.2f}")
    return "\n".join(lines)
