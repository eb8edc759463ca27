"""What happened, as tables that a person reads."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from dev.demo.program import money
from saleor_program_budgets.simulation.report.tables import table

_NONE = "–"


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that somebody did; amounts that don't apply are None."""

    who: str
    what: str
    answer: str
    total: Decimal | None = None
    from_budget: Decimal | None = None
    by_card: Decimal | None = None
    left: Decimal | None = None


def happenings(rows: Sequence[Row]) -> str:
    """The story, a line each."""
    heading = ["", "who", "what", "total", "budget", "card", "answer", "left"]
    lines = [
        [
            str(number),
            row.who,
            row.what,
            _amount(row.total),
            _amount(row.from_budget),
            _amount(row.by_card),
            row.answer,
            _amount(row.left),
        ]
        for number, row in enumerate(rows, start=1)
    ]
    return table(heading, lines, right={0, 3, 4, 5, 7})


def figures(caps: Mapping[str, Mapping[str, Any]], people: Mapping[str, int]) -> str:
    """Each account's cap and what is used of it, the organization first."""
    heading = ["account", "people", "allotted", "cap", "coverage", "held", "spent", "left"]
    lines = [
        [
            name,
            str(people[name]),
            *(_amount(money(cap[figure])) for figure in ("allotted", "ceiling")),
            f"{cap['coverageRatio']:.0%}",
            *(_amount(money(cap[figure])) for figure in ("held", "spent", "available")),
        ]
        for name, cap in sorted(caps.items(), key=lambda item: -people[item[0]])
    ]
    return table(heading, lines, right=set(range(1, 8)))


def proof(verification: Mapping[str, Any], *, refused: int) -> str:
    """What `verify` compared, and what it found."""
    overspent = sum((money(amount) for amount in verification["overspent"]), Decimal("0.00"))
    differences = [
        f"  {found['check']}: {found['subject']}: expected {found['expected']}, is {found['found']}"
        for found in verification["differences"]
    ]
    agreement = "all agree" if verification["isClean"] else "THEY DIFFER"
    read = f"{verification['postings']} postings with {verification['entries']} entries read"
    recomputed = ", ".join(f"{verification[kind]} {kind}" for kind in ("limits", "lots", "holds"))
    return "\n".join(
        [
            f"verify: {read}; {recomputed} recomputed: {agreement}.",
            *differences,
            f"Refused: {refused}. Overspent: {overspent}.",
        ]
    )


def _amount(value: Decimal | None) -> str:
    return _NONE if value is None else f"{value:,.2f}"
