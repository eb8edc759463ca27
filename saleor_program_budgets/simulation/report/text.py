"""What happened, as tables that a person reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Count

from saleor_program_budgets.models import Refused
from saleor_program_budgets.money import Amount
from saleor_program_budgets.simulation.report.figures import percentile
from saleor_program_budgets.simulation.report.tables import table
from saleor_program_budgets.simulation.world import ALLOTMENT, CURRENCY, cents, money

if TYPE_CHECKING:
    from saleor_program_budgets.ledger import Verification
    from saleor_program_budgets.simulation.audit.auditor import Audit
    from saleor_program_budgets.simulation.report.figures import Figures
    from saleor_program_budgets.simulation.trading.supervision import Traded
    from saleor_program_budgets.simulation.world import World

NONE = "–"
MILLISECONDS = 1_000
SHARES = (0.5, 0.95, 0.99, 1)
SHOWN_FINDINGS = 20


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that somebody did; amounts that don't apply are None."""

    who: str
    what: str
    answer: str
    total: Amount | None = None
    from_budget: Amount | None = None
    by_card: Amount | None = None
    left: Amount | None = None


def happenings(rows: Sequence[Row]) -> str:
    """Return the story, a line each."""
    heading = ["", "who", "what", "total", "budget", "card", "answer", "left"]
    lines = [
        [
            str(number),
            row.who,
            row.what,
            *(_amount(value) for value in (row.total, row.from_budget, row.by_card)),
            row.answer,
            _amount(row.left),
        ]
        for number, row in enumerate(rows, start=1)
    ]
    return table(heading, lines, right={0, 3, 4, 5, 7})


def figures(world: World) -> str:
    """Return each account's cap and what is used of it, the organization first."""
    heading = ["account", "people", "allotted", "cap", "coverage", "held", "spent", "left"]
    people = {department.name: department.size for department in world.departments}
    accounts = [
        (world.organization, sum(people.values())),
        *((world.accounts[name], size) for name, size in people.items()),
    ]
    lines = []
    for account, size in accounts:
        cap = world.cap_of(account)
        allotted = money(ALLOTMENT * size)
        amounts = (allotted.minor, cap.ceiling)
        used = (cap.held, cap.spent, cap.available)
        lines.append(
            [
                account.name,
                str(size),
                *(_amount(Amount(minor, CURRENCY)) for minor in amounts),
                f"{cap.ceiling / allotted.minor:.0%}",
                *(_amount(Amount(minor, CURRENCY)) for minor in used),
            ]
        )
    return table(heading, lines, right=set(range(1, 8)))


def latencies(found: Figures) -> list[list[str]]:
    """Return a line for each operation: its name, count, count a second, and percentiles in ms."""
    return [
        [
            name,
            str(len(timings)),
            f"{len(timings) / found.seconds:,.0f}",
            *(f"{percentile(timings, share) * MILLISECONDS:,.1f}" for share in SHARES),
        ]
        for name, timings in sorted(found.latencies.items(), key=lambda item: -len(item[1]))
    ]


LATENCY_HEADING = ["operation", "count", "per second", "median ms", "95 % ms", "99 % ms", "max ms"]


def traded(found: Figures, clients: int) -> str:
    """Return throughput and latencies by operation."""
    return (
        f"{table(LATENCY_HEADING, latencies(found), right=set(range(1, 7)))}\n"
        f"{found.orders} orders in {found.seconds:.1f} s by {clients} clients: "
        f"{found.orders / found.seconds:,.0f} a second."
    )


def faults(found: Figures, outcome: Traded) -> str:
    """Return what was made to go wrong, how it ended, and what clients saw of it."""
    lines = [[fault, str(number), ending] for fault, number, ending in found.endings()]
    said = [table(["fault", "times", "how it ended"], lines, right={1})]
    if outcome.crashes:
        longest = max(seconds for _, seconds in outcome.crashes)
        said.append(f"The server was back {longest:.1f} s after a crash at most.")
    return "\n".join([*said, seen(found)]).rstrip()


def seen(found: Figures) -> str:
    """Return what clients saw of the faults, if anything."""
    if not found.errors:
        return ""
    reasons = ", ".join(f"{number} {name}" for name, number in found.errors.most_common())
    return f"Attempts without an answer, made again: {reasons}."


def refusals() -> str:
    """Return how many purchases were refused, by reason."""
    counts = Refused.objects.values("code").annotate(number=Count("pk")).order_by("-number")
    lines = [[row["code"], str(row["number"])] for row in counts]
    return table(["refused because", "purchases"], lines, right={1})


def audited(audit: Audit) -> str:
    """Return what the auditor compared, and what differs."""
    compared = ", ".join(f"{number} {check}" for check, number in audit.compared.items())
    verdict = "all as told" if not audit.findings else f"{len(audit.findings)} DIFFER"
    findings = [f"  {finding}" for finding in audit.findings[:SHOWN_FINDINGS]]
    overspent = _amount(cents(audit.overspent))
    return "\n".join(
        [f"audit: {compared}: {verdict}; overspent by this count: {overspent}.", *findings]
    )


def proof(verification: Verification) -> str:
    """Return what ``verify`` compared, and what it found."""
    overspent = Amount(sum(verification.overspent.values()), CURRENCY)
    compared = (
        f"verify: {verification.postings} postings with {verification.entries} entries read; "
        f"{verification.limits} limits, {verification.lots} lots and {verification.holds} holds "
        f"recomputed: {'all agree' if verification.is_clean else 'THEY DIFFER'}."
    )
    differences = [f"  {difference}" for difference in verification.differences]
    return "\n".join([compared, *differences, f"Overspent: {_amount(overspent)}."])


def _amount(value: Amount | None) -> str:
    return NONE if value is None else f"{value.to_decimal():,}"
