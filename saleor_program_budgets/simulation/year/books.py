"""What the ledger says of a program: month by month, and all of it accounted for in the end."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from django.db.models import F, Sum

from saleor_program_budgets.models import Limit, Lot
from saleor_program_budgets.money import ITEM
from saleor_program_budgets.simulation.databases import connection

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from saleor_program_budgets.simulation.year.course import Course

JOURNAL = """
SELECT
    coalesce(-sum(entry.amount) FILTER (WHERE bucket IN ('funding', 'moved')), 0)::bigint,
    coalesce(sum(entry.amount) FILTER (
        WHERE bucket = 'moved' AND kind IN ('rollover', 'release', 'expire')), 0)::bigint,
    coalesce(sum(entry.amount) FILTER (WHERE bucket = 'lapsed'), 0)::bigint,
    coalesce(sum(entry.amount) FILTER (WHERE bucket = 'spent' AND kind = 'capture'), 0)::bigint,
    coalesce(-sum(entry.amount) FILTER (WHERE bucket = 'spent' AND kind <> 'capture'), 0)::bigint,
    coalesce(sum(entry.amount) FILTER (WHERE bucket = 'withdrawn'), 0)::bigint,
    coalesce(sum(entry.amount) FILTER (WHERE bucket = 'available'), 0)::bigint,
    coalesce(sum(entry.amount) FILTER (WHERE bucket = 'held'), 0)::bigint
    FROM program_budgets_posting posting
    JOIN program_budgets_entry entry ON entry.posting_id = posting.id
    JOIN program_budgets_lot lot ON lot.id = entry.lot_id
    WHERE posting.program_id = %s AND lot.unit = %s
      AND posting.at >= coalesce(%s::timestamptz, '-infinity')
      AND posting.at < coalesce(%s::timestamptz, 'infinity')
      AND (%s = '' OR posting.actor = %s)
"""


@dataclass(frozen=True, slots=True)
class Figures:
    """What the journal's entries on a program's lots come to, in the unit's smallest parts.

    ``granted`` is what came from outside, so that what was carried or reissued counts once;
    ``available`` and ``held`` are changes, which from the beginning on are what there is.
    """

    granted: int = 0
    carried: int = 0
    lapsed: int = 0
    spent: int = 0
    refunded: int = 0
    withdrawn: int = 0
    available: int = 0
    held: int = 0

    def __add__(self, other: Figures) -> Figures:
        """Add two periods up."""
        return Figures(
            *(getattr(self, each.name) + getattr(other, each.name) for each in fields(self))
        )

    @property
    def moves(self) -> bool:
        """Whether anything moved."""
        return any(getattr(self, each.name) for each in fields(self))

    @property
    def unaccounted(self) -> int:
        """What was granted and is neither spent, available, held, lapsed nor withdrawn."""
        where = self.spent - self.refunded + self.available + self.held + self.lapsed
        return self.granted - where - self.withdrawn


@dataclass(frozen=True, slots=True)
class Account:
    """A program's whole year in one unit, and what doesn't add up in it."""

    name: str
    unit: str
    figures: Figures
    findings: Sequence[str]


def journal(
    course: Course,
    unit: str,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    actor: str = "",
) -> Figures:
    """Sum up the entries of ``[since, until)``, of all actors or of one."""
    with connection().cursor() as cursor:
        cursor.execute(JOURNAL, [course.program.pk, unit, since, until, actor, actor])
        return Figures(*cursor.fetchone())


def units(course: Course) -> list[str]:
    """Return what the program counts in."""
    return [course.program.currency, *([ITEM] if course.program.counts_items else [])]


def account_for(course: Course, *, months: Figures, until: datetime) -> list[Account]:
    """Compare the whole journal with the lots, the members' budgets, the months and what was told.

    *months* are the months' figures in money as they were printed, summed up.
    """
    accounts = []
    for unit in units(course):
        figures = journal(course, unit)
        findings = [*_within(course, unit, figures)]
        if unit != ITEM:
            findings += _differences(
                {
                    "what the months add up to": (months, figures),
                    "posted before the end": (journal(course, unit, until=until), figures),
                    "spent, as the shop was told": (
                        course.told.spent,
                        figures.spent - figures.refunded,
                    ),
                }
            )
        accounts.append(Account(course.name, unit, figures, findings))
    return accounts


def _within(course: Course, unit: str, figures: Figures) -> list[str]:
    lots = Lot.objects.filter(limit__program=course.program, unit=unit).aggregate(
        amount=Sum(F("amount") - F("moved"), default=0),
        spent=Sum("spent", default=0),
        held=Sum("held", default=0),
        lapsed=Sum("lapsed", default=0),
        withdrawn=Sum("withdrawn", default=0),
    )
    budgets = Limit.objects.filter(
        kind=Limit.Kind.MEMBER, program=course.program, unit=unit
    ).aggregate(
        room=Sum(F("ceiling") - F("held") - F("spent"), default=0),
        spent=Sum("spent", default=0),
        held=Sum("held", default=0),
    )
    net = figures.spent - figures.refunded
    return _differences(
        {
            "granted and accounted for": (0, figures.unaccounted),
            "granted, by lots": (lots["amount"], figures.granted),
            "spent, by lots": (lots["spent"], net),
            "spent, by members": (budgets["spent"], net),
            "held, by lots": (lots["held"], figures.held),
            "held, by members": (budgets["held"], figures.held),
            "lapsed, by lots": (lots["lapsed"], figures.lapsed),
            "withdrawn, by lots": (lots["withdrawn"], figures.withdrawn),
            "available, by members": (budgets["room"], figures.available),
        }
    )


def _differences(pairs: dict[str, tuple[object, object]]) -> list[str]:
    return [
        f"{what}: {found}, where the journal has {posted}"
        for what, (found, posted) in pairs.items()
        if found != posted
    ]
