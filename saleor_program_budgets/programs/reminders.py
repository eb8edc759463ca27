"""Reminders that credit lapses soon: found for all members at once, each sent once.

What the end of a period would carry isn't lost, and no reason to be reminded.
"""

from __future__ import annotations

from datetime import timedelta
from itertools import batched
from typing import TYPE_CHECKING, Any

from django.db import connections, router
from django.db.models import F
from psycopg.types.json import Jsonb

from saleor_program_budgets.models import Member, Program, Reminder
from saleor_program_budgets.programs import cycles

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

BATCH = 500
MOST_ATTEMPTS = 5
"""How often a reminder is handed out to be sent, when sending it keeps failing."""

NEAREST = """
    CROSS JOIN LATERAL (
        SELECT min(days) AS days FROM unnest(%(days)s::int[]) days
            WHERE program_budgets_days_after(expiring.expires_at, -days, %(zone)s) <= %(at)s
    ) nearest
    WHERE nearest.days IS NOT NULL AND (
        -- A look into the index for each, which no planner turns into a join on stale statistics.
        SELECT said.id FROM program_budgets_reminder said
            WHERE said.member_id = expiring.member_id AND said.unit = expiring.unit
              AND said.expires_at = expiring.expires_at AND said.days <= nearest.days
              AND (said.sent_at IS NOT NULL OR said.attempts >= %(attempts)s)
            LIMIT 1) IS NULL
"""
"""The nearest threshold that is reached, unless it, or one after it, has been told of."""

CANDIDATES = f"""
WITH expiring AS (
    SELECT id, member_id, unit, renews_at AS expires_at
        FROM program_budgets_limit
        WHERE kind = 'member' AND program_id = %(program)s
          AND renews_at > %(at)s AND renews_at <= %(horizon)s
    UNION
    SELECT budget.id, budget.member_id, budget.unit, lot.expires_at
        FROM program_budgets_lot lot
        JOIN program_budgets_limit budget ON budget.id = lot.limit_id
        WHERE lot.expires_at > %(at)s AND lot.expires_at <= %(horizon)s AND lot.has_left
          AND budget.program_id = %(program)s
)
SELECT DISTINCT id FROM expiring {NEAREST} ORDER BY id
"""  # noqa: S608 # of constants
"""Budgets of which something ends soon, if only what will be carried."""

SOON = f"""
WITH soon AS (
    SELECT limit_id, boundary AS expires_at, carried, lapsed
        FROM program_budgets_leftovers(ARRAY(
            SELECT due FROM program_budgets_due(%(request)s, ARRAY(
                SELECT id FROM program_budgets_limit
                    WHERE id = ANY (%(limits)s) AND renews_at > %(at)s
                      AND renews_at <= %(horizon)s
                      AND (%(boundary)s::timestamptz IS NULL OR renews_at = %(boundary)s))) due))
    UNION ALL
    SELECT lot.limit_id, lot.expires_at, 0, left_over.free
        FROM program_budgets_lot lot
        JOIN program_budgets_limit budget ON budget.id = lot.limit_id
        CROSS JOIN LATERAL (
            SELECT lot.amount - lot.held - lot.spent - lot.lapsed - lot.withdrawn - lot.moved
                AS free
        ) left_over
        WHERE lot.limit_id = ANY (%(limits)s)
          AND lot.expires_at > %(at)s AND lot.expires_at <= %(horizon)s AND lot.has_left
          AND (lot.origin = 'carry' OR lot.expires_at IS DISTINCT FROM budget.renews_at)
), figures AS (
    SELECT limit_id, expires_at, sum(lapsed)::bigint AS amount, sum(carried)::bigint AS carried
        FROM soon GROUP BY limit_id, expires_at HAVING sum(lapsed) > 0
), expiring AS (
    SELECT budget.member_id, budget.unit, figures.*
        FROM figures JOIN program_budgets_limit budget ON budget.id = figures.limit_id
)
SELECT expiring.member_id, expiring.unit, expiring.expires_at, nearest.days, expiring.amount,
       expiring.carried
    FROM expiring {NEAREST}
    ORDER BY expiring.expires_at, expiring.member_id, expiring.unit
"""  # noqa: S608 # of constants


def due_reminders(
    *, program: Program | None = None, at: datetime, batch: int = BATCH
) -> Iterator[Reminder]:
    """Yield what members are to be reminded of at *at*, with member, user and program at hand.

    Of all programs, or of one. One for each member, unit and instant of expiry, for the nearest
    threshold that is reached: a run that comes late skips those before it. Whatever is not marked
    as sent is yielded by the next run again, with the figures of then, up to five times.
    """
    running = Program.objects.filter(status=Program.Status.OPEN).order_by("pk")
    for each in running.filter(pk=program.pk) if program else running:
        question = _question(each, at)
        if question is None:
            continue
        candidates = [limit_id for (limit_id,) in _ask(CANDIDATES, question)]
        for limits in batched(candidates, batch):
            yield from _written_down(_ask(SOON, question | {"limits": list(limits)}), at)


def mark_sent(*, reminder: Reminder, at: datetime) -> bool:
    """Note that a reminder was sent; says whether this call did, or another before it."""
    unsent = Reminder.objects.filter(pk=reminder.pk, sent_at=None)
    return unsent.update(sent_at=at) == 1


def _question(program: Program, at: datetime) -> dict[str, Any] | None:
    """Return what is asked of the database; nothing while the program's cycle is to be turned."""
    cycle = cycles.open_cycle(program=program)
    if not program.reminder_days or cycle is None or cycle.ends_at <= at:
        return None
    ending = cycles.coming_end(program=program)
    return {
        "request": Jsonb(ending.as_request()),
        "program": program.pk,
        "boundary": ending.boundary,
        "at": at,
        # And a day more, for the clocks may change.
        "horizon": at + timedelta(days=max(program.reminder_days) + 1),
        "days": list(program.reminder_days),
        "zone": program.time_zone,
        "attempts": MOST_ATTEMPTS,
    }


def _ask(question: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connections[router.db_for_write(Reminder)].cursor() as cursor:
        cursor.execute(question, values)
        found: list[tuple[Any, ...]] = cursor.fetchall()
        return found


def _written_down(rows: Sequence[tuple[Any, ...]], at: datetime) -> list[Reminder]:
    """Write reminders down as about to be sent; who is inactive, or their user, gets none."""
    members = Member.objects.filter(pk__in={row[0] for row in rows}, is_active=True)
    reachable = set(members.filter(user__is_active=True).values_list("pk", flat=True))
    written = Reminder.objects.bulk_create(
        [
            Reminder(
                member_id=member_id,
                unit=unit,
                expires_at=expires_at,
                days=days,
                amount=amount,
                carried=carried,
                created_at=at,
            )
            for member_id, unit, expires_at, days, amount, carried in rows
            if member_id in reachable
        ],
        update_conflicts=True,
        unique_fields=["member", "unit", "expires_at", "days"],
        update_fields=["amount", "carried"],
    )
    claimed = Reminder.objects.filter(pk__in=[reminder.pk for reminder in written], sent_at=None)
    claimed.update(attempts=F("attempts") + 1)
    return list(claimed.select_related("member__user", "member__program").order_by("pk"))
