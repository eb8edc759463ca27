"""Many members at once, each under an account of their own: enrolled and moved, in sets."""

from __future__ import annotations

from itertools import batched
from typing import TYPE_CHECKING

from django.db import connections, router, transaction

from saleor_program_budgets import ledger
from saleor_program_budgets.models import Limit, Member
from saleor_program_budgets.money import ITEM
from saleor_program_budgets.programs import calendar, cycles

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from saleor_program_budgets.models import Cycle, Program

MOVED_AT_ONCE = 250
"""How many members are moved in one transaction: who buys meanwhile waits for one such set."""
ADDED_AT_ONCE = 5_000

ADD = """
INSERT INTO program_budgets_member
    (program_id, user_id, user_reference, account_id, is_active, joined_at, left_with_user,
     left_with_person, times_left)
SELECT %s, joining.user_id, joining.user_id::text, joining.account_id, true, %s, false, false, 0
    FROM unnest(%s::bigint[], %s::bigint[]) joining (user_id, account_id)
    ORDER BY joining.user_id  -- in one order, or two at once may deadlock
    ON CONFLICT DO NOTHING
    RETURNING id
"""
MOVE = """
UPDATE program_budgets_member member SET account_id = moving.account_id
    FROM unnest(%s::bigint[], %s::bigint[]) moving (member_id, account_id)
    WHERE member.id = moving.member_id
"""


def add_members(*, program: Program, accounts: Mapping[int, int], at: datetime) -> list[int]:
    """Make members of users, each (by id) under an account (by id); return the new ones' ids.

    Who is a member already stays where they are. Nothing is granted.
    """
    added: list[int] = []
    with connections[router.db_for_write(Member)].cursor() as cursor:
        for part in batched(accounts.items(), ADDED_AT_ONCE):
            users, theirs = zip(*part, strict=True)
            cursor.execute(ADD, [program.pk, at, list(users), list(theirs)])
            added += [member_id for (member_id,) in cursor.fetchall()]
    return sorted(added)


def open_limits(
    *, program: Program, members: Sequence[Member], cycle: Cycle | None, at: datetime
) -> None:
    """Give newcomers their budgets; in an open cycle they stand in its period, or in their own."""
    ends = {}
    if cycle is not None:
        ends = {
            member.pk: calendar.period_of_member(
                program=program, cycle=cycle, member=member, at=at
            ).ends_at
            for member in members
        }
    units = [program.currency, ITEM] if program.counts_items else [program.currency]
    for unit in units:
        ledger.open_member_limits(
            program=program, members=[member.pk for member in members], unit=unit, renews_at=ends
        )


def move_members(*, program: Program, accounts: Mapping[int, int], at: datetime) -> None:
    """Put members (by id) under other accounts (by id), as ``move_member`` does.

    Their balances follow; past spend and open holds stay where they are.
    """
    for part in batched(sorted(accounts.items()), MOVED_AT_ONCE):
        members, theirs = zip(*part, strict=True)
        cycles.catch_up(program=program, members=members, at=at)
        with transaction.atomic():
            lock_budgets(members)
            with connections[router.db_for_write(Member)].cursor() as cursor:
                cursor.execute(MOVE, [list(members), list(theirs)])


def lock_budgets(members: Sequence[int]) -> None:
    """Wait for purchases in flight of these members (ids), and keep the next ones out until commit.

    To be called in a transaction.
    """
    list(
        Limit.objects.select_for_update()
        .filter(kind=Limit.Kind.MEMBER, member_id__in=members)
        .order_by("lock_rank", "pk")
        .values_list("pk")
    )
