"""Reading a grown journal: the proof, a cycle's figures, balances and pages."""

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from django.db import connection, transaction
from django.db.models import Max, QuerySet

from dev.bench import counters
from dev.bench.library import Library
from dev.bench.options import Options
from dev.bench.population import Population
from dev.bench.report import Part, Table, milliseconds, say
from dev.bench.world import AT
from saleor_program_budgets import ledger
from saleor_program_budgets.ledger.verification import checks
from saleor_program_budgets.models import Entry, Hold, Posting

_FIRST_LOOK = 1_000_000
_PAGE = 21
"""A page of twenty, and the row that shows whether there is another."""
_TIMES = 15
_ROWS_A_SECOND = 200_000
_FIGURES_SECONDS = 0.05
_CYCLE_BY_ACCOUNT = """
SELECT member.account_id, count(*) AS members, sum(lot.amount - lot.moved)::bigint AS granted,
       sum(lot.amount - lot.held - lot.spent - lot.lapsed - lot.withdrawn - lot.moved)::bigint
           AS available,
       sum(lot.held)::bigint AS held, sum(lot.spent)::bigint AS spent,
       sum(lot.lapsed)::bigint AS lapsed, sum(lot.withdrawn)::bigint AS withdrawn
    FROM program_budgets_lot lot
    JOIN program_budgets_limit budget ON budget.id = lot.limit_id
    JOIN program_budgets_member member ON member.id = budget.member_id
    WHERE lot.cycle_id = %s
    GROUP BY member.account_id
"""

type Reads = Mapping[str, Callable[[], object]]


def measure(options: Options, library: Library) -> list[Part]:
    """Read at a million entries on the way, and at all of them."""
    proofs: dict[int, dict[str, float]] = {}
    timings: dict[int, dict[str, float]] = {}
    used: dict[str, str] = {}
    for wanted in sorted({min(_FIRST_LOOK, options.entries), options.entries}):
        with library.large(wanted) as population:
            entries = Entry.objects.count()
            say(f"reads: {entries:,} entries")
            proofs[entries] = _prove()
            reads = of(population)
            timings[entries] = {name: _typical(read) for name, read in reads.items()}
            used = {name: _indexes(read) for name, read in reads.items()}
    return [
        _proof(proofs),
        _pages(timings, used),
        f"Each read is the middle one of {_TIMES}, after one to warm up.",
    ]


def of(population: Population) -> Reads:
    """Return the reads that programs, the Dashboard and reports do, by name."""
    member_ids = population.member_ids
    middle = member_ids[len(member_ids) // 2]
    last = Posting.objects.aggregate(last=Max("pk"))["last"]
    order_id = Posting.objects.filter(pk__lte=last // 2).exclude(order_id="").latest("pk").order_id
    cycle = population.stage.cycle
    pages: dict[str, QuerySet[Entry]] = {
        "newest": Entry.objects.all(),
        "of a program": Entry.objects.filter(posting__program=population.stage.program),
        "of an order": Entry.objects.filter(posting__order_id=order_id),
        "of a member": Entry.objects.filter(posting__member=middle),
        "of a department": _of_account(population.account_ids[0]),
        "of the organization": _of_account(population.root_id),
        "of a kind": Entry.objects.filter(posting__kind=Posting.Kind.CAPTURE),
        "of a kind that is rare": Entry.objects.filter(posting__kind=Posting.Kind.CEILING),
    }
    return {
        "a cycle's figures in total": partial(ledger.cycle_figures, cycle=cycle, at=AT),
        "a cycle's figures by account": partial(_query, _CYCLE_BY_ACCOUNT, [cycle.pk]),
        "balances of 100 members": partial(
            ledger.balances, members=member_ids[:100], cycle=cycle, at=AT
        ),
        "caps over a member": partial(
            ledger.caps_over, account_id=population.account_ids[0], cycle=cycle, unit="USD", at=AT
        ),
        **{f"journal page: {name}": partial(_page, page) for name, page in pages.items()},
        "journal count: of a member": pages["of a member"].count,
        "journal count: of a department": pages["of a department"].count,
        "journal count: of the organization": pages["of the organization"].count,
        "holds of a member": lambda: list(Hold.objects.filter(member=middle)[:_PAGE]),
        "holds that are due": lambda: list(ledger.due_holds(at=AT)[:_PAGE]),
    }


def _of_account(account_id: int) -> QuerySet[Entry]:
    return Entry.objects.filter(limit_id__in=ledger.limits_on(account_id=account_id))


def _page(queryset: QuerySet[Entry]) -> list[Entry]:
    """Read what the GraphQL extension reads for the first page."""
    return list(queryset.select_related("posting", "limit").order_by("-id")[:_PAGE])


def _query(statement: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows


def _prove() -> dict[str, float]:
    """Time sealing, each of verify's checks, and verify; raises where the journal contradicts."""
    began = time.perf_counter()
    ledger.seal(at=AT)
    seconds = {"sealing what is new": time.perf_counter() - began}
    for name, query in checks().items():
        with transaction.atomic(), connection.cursor() as cursor:
            began = time.perf_counter()
            cursor.execute(query)
            seconds[name.replace("_", " ")] = time.perf_counter() - began
    began = time.perf_counter()
    verification = ledger.verify()
    seconds["verify"] = time.perf_counter() - began
    if not verification.is_clean:
        raise RuntimeError(f"the journal contradicts: {verification.differences[:5]}")
    return seconds


def _proof(proofs: Mapping[int, Mapping[str, float]]) -> Table:
    names = next(iter(proofs.values()))
    lines = [[name, *(f"{seconds[name]:.2f}" for seconds in proofs.values()), ""] for name in names]
    rates = [entries / seconds["verify"] for entries, seconds in proofs.items()]
    met = "yes" if min(rates) >= _ROWS_A_SECOND else "no"
    lines.append(["entries a second", *(f"{rate:,.0f}" for rate in rates), met])
    heading = ["check", *(f"s at {entries:,}" for entries in proofs), f"≥ {_ROWS_A_SECOND:,}"]
    return Table("The proof", heading, lines)


def _pages(timings: Mapping[int, Mapping[str, float]], used: Mapping[str, str]) -> Table:
    lines = []
    for name, indexes in used.items():
        seconds = [each[name] for each in timings.values()]
        target = ""
        if name.startswith("a cycle's figures"):
            target = "yes" if max(seconds) < _FIGURES_SECONDS else "no"
        lines.append([name, *map(milliseconds, seconds), indexes, target])
    heading = ["read", *(f"ms at {entries:,}" for entries in timings), "by index", "< 50 ms"]
    return Table("Reads", heading, lines)


def _typical(read: Callable[[], object]) -> float:
    read()
    seconds = []
    for _ in range(_TIMES):
        began = time.perf_counter()
        read()
        seconds.append(time.perf_counter() - began)
        if sum(seconds) > _TIMES:
            break
    return statistics.median(seconds)


def _indexes(read: Callable[[], object]) -> str:
    names = sorted(counters.indexes_of(read))
    return ", ".join(name.removeprefix(counters.PREFIX) for name in names) or "none"
