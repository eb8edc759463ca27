"""Periods: what is left of one is carried or lapses, and the next one's allotment is granted.

Nothing here is keyed: what was renewed, recorded or turned is no longer due, so that each call can
be repeated, interrupted and run beside others. Everything is dated the instant it was due, however
late it is done.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import batched
from operator import add
from typing import TYPE_CHECKING, Any

from django.db import connections, router
from psycopg.types.json import Jsonb

from saleor_program_budgets.ledger.database import call
from saleor_program_budgets.models import Cycle, Limit, Member, Posting
from saleor_program_budgets.money import LARGEST_MINOR

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from saleor_program_budgets.ledger.records import Actor
    from saleor_program_budgets.models import Program
    from saleor_program_budgets.periods import Period

ENDING = """
SELECT id FROM program_budgets_limit
    WHERE kind = 'member' AND program_id = %(program)s
      AND (%(boundary)s::timestamptz IS NULL OR renews_at = %(boundary)s)
    ORDER BY id
"""
PLAN = """
WITH due AS MATERIALIZED (
    SELECT due.*, due AS whole
        FROM program_budgets_due(%(request)s, %(limits)s::bigint[]) due
), ending AS (
    SELECT limit_id, sum(carried) AS carried, sum(lapsed) AS lapsed
        FROM program_budgets_leftovers(ARRAY(SELECT whole FROM due))
        GROUP BY limit_id
)
SELECT due.account_id, due.unit, count(*), sum(due.allotment)::bigint,
       coalesce(sum(ending.carried), 0)::bigint, coalesce(sum(ending.lapsed), 0)::bigint,
       sum(member.held)::bigint
    FROM due
    JOIN program_budgets_limit member ON member.id = due.limit_id
    LEFT JOIN ending ON ending.limit_id = due.limit_id
    GROUP BY due.account_id, due.unit
    ORDER BY due.account_id, due.unit
"""
BATCH = 250
"""How many members one statement renews: a purchase of one of them waits that long at most."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What a member is allotted per period and carries into the next; of a group or of all.

    ``carry_limit`` is in minor units (zero: all lapses; ``None``: all is carried); ``carry_days``
    count from the end of the period (``None``: until the next one ends).
    """

    allotment: int
    items: int
    carry_limit: int | None
    carry_days: int | None
    group_id: int | None = None

    def as_json(self, place: int, *, time_zone: str) -> dict[str, Any]:
        """Return the terms as the ledger's functions read them; days are those of *time_zone*."""
        limit = LARGEST_MINOR if self.carry_limit is None else self.carry_limit
        return {
            "group_id": self.group_id,
            "place": place,
            "allotment": self.allotment,
            "items": self.items,
            "carry_limit": limit,
            "carry_days": self.carry_days,
            "zone": time_zone,
        }


@dataclass(frozen=True, slots=True)
class PeriodEnd:
    """The end of a period: of all members of a program at *boundary*, or of each on their own day.

    At an opening none ends and ``boundary`` is ``None``. ``following`` is the cycle that the next
    period counts in, and ``starts_at`` and ``ends_at`` what it spans; without one the program is
    over. *terms* stand in order, those for everybody last.
    """

    program: Program
    terms: Sequence[dict[str, Any]]
    cycle: Cycle | None
    following: Cycle | None
    boundary: datetime | None
    is_anniversary: bool = False

    def as_request(self) -> dict[str, Any]:
        """Return what the ledger's functions are asked."""
        after = self.following
        return {
            "program": self.program.pk,
            "cycle": self.cycle.pk if self.cycle else None,
            "next": after.pk if after else None,
            "starts_at": after.starts_at.isoformat() if after else None,
            "ends_at": after.ends_at.isoformat() if after else None,
            "boundary": self.boundary.isoformat() if self.boundary else None,
            "is_anniversary": self.is_anniversary,
            "terms": list(self.terms),
            "reason": f"allotment of cycle {after.number}" if after else "",
        }


@dataclass(frozen=True, slots=True)
class Renewed:
    """What one batch came to: limits renewed, and sums in minor units (and in items)."""

    limits: int
    granted: int = 0
    carried: int = 0
    lapsed: int = 0
    granted_items: int = 0
    lapsed_items: int = 0

    def __add__(self, other: Renewed) -> Renewed:
        """Sum two batches up."""
        return Renewed(
            self.limits + other.limits,
            self.granted + other.granted,
            self.carried + other.carried,
            self.lapsed + other.lapsed,
            self.granted_items + other.granted_items,
            self.lapsed_items + other.lapsed_items,
        )


@dataclass(frozen=True, slots=True)
class Planned:
    """What the end of a period means for one account's members, in one unit."""

    account_id: int
    unit: str
    members: int
    granted: int
    carried: int
    lapsed: int
    held: int


def renew(
    ending: PeriodEnd,
    *,
    members: Sequence[int] | None = None,
    upto: datetime | None = None,
    batch: int = BATCH,
    actor: Actor,
    at: datetime,
) -> Renewed:
    """Let the next period of up to *batch* limits begin, or of all that *members* (ids) have.

    *upto* takes those due by then, each at its own instant, in place of *ending*'s boundary.
    Whoever is buying at this moment is left for a later call, unless they are named.
    """
    answer = call(
        "renew",
        ending.as_request()
        | {
            "members": None if members is None else sorted(set(members)),
            "upto": upto.isoformat() if upto else None,
            "batch": batch,
            "actor": str(actor),
            "at": at.isoformat(),
        },
    )
    return Renewed(
        **{name: answer[name] or 0 for name in Renewed.__dataclass_fields__}  # the same names
    )


def plan(ending: PeriodEnd, *, using: str | None = None) -> list[Planned]:
    """Return what *ending* would do, by account; reads only.

    It takes what is left now for what will be left then; what is held stays held.
    """
    with connections[using or router.db_for_read(Posting)].cursor() as cursor:
        values: dict[str, Any] = {
            "request": Jsonb(ending.as_request()),
            "program": ending.program.pk,
            "boundary": ending.boundary,
        }
        cursor.execute(ENDING, values)
        sums: dict[tuple[int, str], list[int]] = defaultdict(lambda: [0] * 5)
        # In batches, as a renewal goes: what they cost doesn't grow with how many there are.
        for limits in batched([limit_id for (limit_id,) in cursor.fetchall()], BATCH):
            cursor.execute(PLAN, values | {"limits": list(limits)})
            for account_id, unit, *figures in cursor.fetchall():
                so_far = sums[account_id, unit]
                so_far[:] = map(add, so_far, figures)
        return [Planned(*key, *figures) for key, figures in sorted(sums.items())]


def lapse(*, program: Program | None = None, batch: int = BATCH, actor: Actor, at: datetime) -> int:
    """Record what has lapsed of up to *batch* limits by *at*; return how many limits that were.

    Of all programs, or of one. What ends together with a period is left to ``renew``.
    """
    answer = call(
        "lapse",
        {
            "program": program.pk if program else None,
            "batch": batch,
            "actor": str(actor),
            "at": at.isoformat(),
        },
    )
    found: int = answer["limits"]
    return found


def turn_cycle(
    *, cycle: Cycle, following: Period | None, terms: Sequence[dict[str, Any]], actor: Actor
) -> None:
    """Close *cycle* at its end and open the next, or close the program where none follows.

    The caps that stand in it stand in the next one, without temporary raises. Purchases wait for
    it, and count in one of the two.
    """
    call(
        "turn_cycle",
        {
            "cycle": cycle.pk,
            "ends_at": following.ends_at.isoformat() if following else None,
            "terms": list(terms),
            "actor": str(actor),
        },
    )


def next_renewal(*, program: Program, members: Sequence[int] | None = None) -> datetime | None:
    """Return when the first of a program's members (or of these) is to be renewed."""
    limits = Limit.objects.filter(kind=Limit.Kind.MEMBER, program=program, renews_at__isnull=False)
    if members is None:
        ends = limits.order_by("renews_at").values_list("renews_at", flat=True)[:1]
    else:
        # Looked up by their keys and compared here: asked for the first, the database would rather
        # walk through everybody's in order until it meets one of them.
        limits = limits.filter(member_id__in=members)
        ends = limits.order_by().values_list("renews_at", flat=True).distinct()
    return min(filter(None, ends), default=None)


def first_due(*, program: Program, due: datetime | None, most: int) -> list[int]:
    """Return up to *most* members (ids) whose period ends at *due*; ``None``: who stand in none."""
    limits = Limit.objects.filter(kind=Limit.Kind.MEMBER, program=program, renews_at=due)
    return list(limits.order_by("pk").values_list("member_id", flat=True)[:most])


def members_due(*, members: Iterable[int], at: datetime) -> list[Member]:
    """Return which of these members (ids) have a period that is over at *at*."""
    due = Limit.objects.filter(
        kind=Limit.Kind.MEMBER, member_id__in=list(members), renews_at__lte=at
    )
    return list(
        Member.objects.filter(pk__in=due.values("member_id"))
        .select_related("program")
        .order_by("pk")
    )
