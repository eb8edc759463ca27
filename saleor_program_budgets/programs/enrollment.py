"""Who takes part in a program, under which account, and with what granted."""

from __future__ import annotations

import hashlib
import json
import math
from collections import defaultdict
from contextlib import suppress
from typing import TYPE_CHECKING
from uuid import uuid4

from django.contrib.auth import get_user_model
from django.db import transaction

from saleor_program_budgets import ledger
from saleor_program_budgets.errors import InvalidInput, KeyConflict, NotFound, NotReversible
from saleor_program_budgets.ledger import Correction
from saleor_program_budgets.models import (
    Account,
    GroupMember,
    Lot,
    Member,
    MemberGroup,
    Outcome,
    PeopleChange,
    Program,
)
from saleor_program_budgets.money import ITEM, Amount
from saleor_program_budgets.programs import calendar, changes, cycles, placement
from saleor_program_budgets.programs.terms import terms_by_member, terms_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from fractions import Fraction

    from saleor_program_budgets.ledger import Actor, Granted
    from saleor_program_budgets.models import Cycle
    from saleor_program_budgets.periods import Period

MEMBERSHIP = ("is_active", "deactivated_at", "left_with_user", "left_with_person", "times_left")
BY_NOBODY = ledger.Actor.system("members")
"""Who moves members where nobody is said to."""


def enroll(
    *,
    program: Program,
    user_ids: Sequence[int],
    account: Account,
    group: MemberGroup | None = None,
    actor: Actor,
    at: datetime,
) -> list[Member]:
    """Enroll users (by id) under *account*, and in *group*.

    In an open program they get their share of the cycle's allotment. A user who is a member
    already stays where they are. Set-based: one call takes thousands. Raises ``NotFound`` when
    an id names no user; then nobody is enrolled.
    """
    users = get_user_model().objects.filter(pk__in=user_ids)
    if users.count() != len(set(user_ids)):
        raise NotFound("users", "Not all of these users exist.")
    if group is not None and group.program_id != program.pk:
        raise InvalidInput("group", "The group is another program's.")
    added = set(
        placement.add_members(program=program, accounts=dict.fromkeys(user_ids, account.pk), at=at)
    )
    references = [str(user_id) for user_id in user_ids]
    members = list(
        Member.objects.filter(program=program, user_reference__in=references).order_by("pk")
    )
    changes.record_members(
        kind=PeopleChange.Kind.ENROLLED,
        members=[member for member in members if member.pk in added],
        after={"account": account.pk},
        actor=actor,
        at=at,
    )
    # Who is a member already gets what is due by now in the group that they were in, and in full.
    cycle = cycles.turn_due(program=program, at=at)
    earlier = [member.pk for member in members if member.joined_at < at]
    if earlier:
        cycle = cycles.catch_up(program=program, members=earlier, at=at)
    if group is not None:
        GroupMember.objects.bulk_create(
            [GroupMember(group=group, member=member) for member in members],
            ignore_conflicts=True,
            batch_size=5_000,
        )
    placement.open_limits(program=program, members=members, cycle=cycle, at=at)
    if cycle is not None:
        active = [member for member in members if member.is_active]
        allot(program=program, cycle=cycle, members=active, actor=actor, at=at)
    return members


def allot(
    *, program: Program, cycle: Cycle, members: Sequence[Member], actor: Actor, at: datetime
) -> None:
    """Give *members* what is left for them of their period's allotment; once for each period."""
    share = calendar.share_left(program=program, cycle=cycle, at=at)
    terms = terms_by_member(program, [member.pk for member in members])
    alike: dict[tuple[Amount, Period], list[int]] = defaultdict(list)
    for member in members:
        period = calendar.period_of_member(program=program, cycle=cycle, member=member, at=at)
        theirs = terms[member.pk]
        money = _share_of(Amount(theirs.allotment, program.currency), share)
        alike[money, period].append(member.pk)
        if program.counts_items:
            alike[_share_of(Amount(theirs.items, ITEM), share), period].append(member.pk)
    _grant_allotments(cycle, alike, actor, at)


def welcome(*, program: Program, members: Sequence[int], actor: Actor, at: datetime) -> None:
    """Give newcomers (by id), who joined *at* and are in no group, their budget and allotment.

    As ``enroll`` does, but of all at once: what is due to one of them is due to each.
    """
    cycle = cycles.turn_due(program=program, at=at)
    common = terms_of(program)[-1]
    due = {program.currency: Amount(common.allotment, program.currency)}
    if program.counts_items:
        due[ITEM] = Amount(common.items, ITEM)
    ends: dict[int, datetime] = {}
    period = None
    if cycle is not None:
        anybody = Member(program=program, joined_at=at)
        period = calendar.period_of_member(program=program, cycle=cycle, member=anybody, at=at)
        ends = dict.fromkeys(members, period.ends_at)
    for unit in due:
        ledger.open_member_limits(program=program, members=members, unit=unit, renews_at=ends)
    if cycle is None or period is None:
        return
    share = calendar.share_left(program=program, cycle=cycle, at=at)
    alike = {(_share_of(amount, share), period): list(members) for amount in due.values()}
    _grant_allotments(cycle, alike, actor, at)


def _share_of(amount: Amount, share: Fraction) -> Amount:
    """Return a share of an allotment: of money rounded down, so that nobody gets more than theirs.

    A piece can't be parted: of pieces rounded up.
    """
    whole = math.ceil if amount.currency == ITEM else math.floor
    return Amount(whole(amount.minor * share), amount.currency)


def _grant_allotments(
    cycle: Cycle, alike: Mapping[tuple[Amount, Period], Sequence[int]], actor: Actor, at: datetime
) -> None:
    """Grant each amount for its period to its members (ids)."""
    for (amount, period), who in alike.items():
        if amount:
            ledger.grant(
                members=who,
                amount=amount,
                origin=Lot.Origin.ALLOTMENT,
                cycle=cycle,
                starts_at=period.starts_at,
                expires_at=period.ends_at,
                reason=f"allotment of cycle {cycle.number}",
                key=f"allotment:{cycle.pk}:{amount.currency}:{at.isoformat()}:{_digest(who)}",
                actor=actor,
                at=at,
            )


def _digest(members: Sequence[int]) -> str:
    return hashlib.sha256(json.dumps(sorted(members)).encode()).hexdigest()


def grant(
    *,
    member: Member,
    amount: Amount,
    reason: str,
    expires_at: datetime | None,
    key: str | None = None,
    actor: Actor,
    at: datetime,
) -> Granted:
    """Give one member *amount* beside their allotment, for a stated reason.

    Raises ``InvalidInput`` without a reason, in another currency than the program's, for an
    inactive member, or with an expiry that has passed; a repeated call gets the first outcome.
    """
    if not reason.strip():
        raise InvalidInput("reason", "Say why the amount is granted.", code="REQUIRED")
    if amount.currency != member.program.currency:
        raise InvalidInput("amount", f"This program's currency is {member.program.currency}.")
    cycle = cycles.up_to_date(member, at=at)
    if key is None or not ledger.is_answered(key=key):
        if not member.is_active:
            raise InvalidInput("member", "The member isn't active.")
        _require_future(expires_at, at)
    return ledger.grant(
        members=[member.pk],
        amount=amount,
        origin=Lot.Origin.GRANT,
        cycle=cycle,
        expires_at=expires_at,
        reason=reason,
        key=key or f"grant:{uuid4()}",
        actor=actor,
        at=at,
    )


def adjust(
    *,
    member: Member,
    amount: Amount,
    reason: str,
    expires_at: datetime | None = None,
    key: str | None = None,
    actor: Actor,
    at: datetime,
) -> Correction:
    """Correct a member's budget up or down, for a stated reason.

    What is added lapses at *expires_at*, by default with the member's period; what is taken away
    must be neither held nor spent (``NotAvailable``). A leaver's budget can be corrected too.
    Raises ``InvalidInput`` without a reason, in another currency, or with an expiry that has
    passed.
    """
    if not reason.strip():
        raise InvalidInput("reason", "Say why the budget is corrected.", code="REQUIRED")
    if amount.currency != member.program.currency:
        raise InvalidInput("amount", f"This program's currency is {member.program.currency}.")
    cycle = cycles.up_to_date(member, at=at)
    if key is None or not ledger.is_answered(key=key):
        _require_future(expires_at, at)
    return ledger.adjust(
        member=member,
        amount=amount,
        cycle=cycle,
        expires_at=expires_at or _end_of_period(member, cycle, at),
        reason=reason,
        key=key or f"adjust:{uuid4()}",
        actor=actor,
        at=at,
    )


def _end_of_period(member: Member, cycle: Cycle | None, at: datetime) -> datetime | None:
    """Return when what the member is given now ends with their period."""
    if cycle is None:
        return None
    return calendar.period_of_member(
        program=member.program, cycle=cycle, member=member, at=at
    ).ends_at


def _require_future(expires_at: datetime | None, at: datetime) -> None:
    if expires_at is not None and expires_at <= at:
        raise InvalidInput("expires_at", "The expiry has to lie in the future.")


def move_member(
    *, member: Member, account: Account, actor: Actor = BY_NOBODY, at: datetime
) -> Member:
    """Put the member under another account.

    The balance follows; past spend and open holds stay under the old account's caps, and the
    next purchase meets the new account's.
    """
    cycles.up_to_date(member, at=at)
    with transaction.atomic():
        placement.lock_budgets([member.pk])
        before = Member.objects.values_list("account_id", flat=True).get(pk=member.pk)
        member.account = account
        member.save(update_fields=["account"])
        if before != account.pk:
            changes.record_members(
                kind=PeopleChange.Kind.MOVED,
                members=[member],
                before={"account": before},
                after={"account": account.pk},
                actor=actor,
                at=at,
            )
    return member


def deactivate_member(
    *,
    member: Member,
    reason: str = "left the program",
    left_with_user: bool = False,
    left_with_person: bool = False,
    actor: Actor,
    at: datetime,
) -> list[Correction]:
    """Let the member take no new holds, and take back what they haven't used, in each unit.

    Open holds are honoured; what of them comes back is taken back with it. Repeating it changes
    nothing, and completes what was interrupted; but who *left_with_user* before, or
    *left_with_person*, is kept from coming back with them by being deactivated for their own sake.
    """
    cycle = cycles.up_to_date(member, at=at)
    with transaction.atomic():
        placement.lock_budgets([member.pk])
        member.refresh_from_db(fields=MEMBERSHIP)
        if member.is_active or member.deactivated_at is None:
            member.is_active = False
            member.deactivated_at = at
            member.left_with_user = left_with_user
            member.left_with_person = left_with_person
            member.times_left += 1
            _record(PeopleChange.Kind.LEFT, member, {"reason": reason}, actor, at)
        elif not left_with_user:
            # Who left with the user, and now with the person too, comes back with the latter.
            member.left_with_person = left_with_person and (
                member.left_with_user or member.left_with_person
            )
            member.left_with_user = False
        member.save(update_fields=MEMBERSHIP)
    return _take_back(member, cycle, reason=reason, actor=actor, at=at)


def complete_leaving(*, member: Member, actor: Actor, at: datetime) -> list[Correction]:
    """Take back what an interrupted deactivation has left a leaver, in each unit.

    Nothing of who has come back meanwhile, and nothing that they were given since they left.
    """
    cycle = cycles.up_to_date(member, at=at)
    member.refresh_from_db(fields=MEMBERSHIP)
    if member.is_active:
        return []
    return _take_back(member, cycle, reason="left the program", actor=actor, at=at)


def reactivate_member(*, member: Member, actor: Actor, at: datetime) -> Member:
    """Let the member buy again: what was taken back at leaving is given back.

    What has lapsed meanwhile stays lapsed; an allotment missed meanwhile is granted as to who
    joins now. Repeating it changes nothing, and completes what was interrupted.
    """
    cycle = cycles.up_to_date(member, at=at)
    member.refresh_from_db(fields=MEMBERSHIP)
    if not member.is_active:
        # First all that they left is taken, which the job that deactivates them may be about to
        # do, and given back; nobody who is inactive can spend it, and nobody active loses it.
        taken = _take_back(member, cycle, reason="left the program", actor=actor, at=at)
        _give_back(taken, actor, at)
        _become_active(member, actor, at)
    if cycle is not None and member.is_active:
        allot(program=member.program, cycle=cycle, members=[member], actor=actor, at=at)
    return member


def _become_active(member: Member, actor: Actor, at: datetime) -> None:
    times_left = member.times_left
    with transaction.atomic():
        placement.lock_budgets([member.pk])
        member.refresh_from_db(fields=MEMBERSHIP)
        if member.times_left == times_left:
            member.is_active = True
            member.deactivated_at = None
            member.left_with_user = member.left_with_person = False
            member.save(update_fields=MEMBERSHIP)
            _record(PeopleChange.Kind.RETURNED, member, {}, actor, at)


def _record(
    kind: PeopleChange.Kind, member: Member, after: dict[str, str], actor: Actor, at: datetime
) -> None:
    changes.record_members(kind=kind, members=[member], after=after, actor=actor, at=at)


def _take_back(
    member: Member, cycle: Cycle | None, *, reason: str, actor: Actor, at: datetime
) -> list[Correction]:
    """Claw back what a leaver has, once for each time that they left, in each unit."""
    return [
        _claw_back(member, unit, cycle, reason=reason, actor=actor, at=at)
        for unit in member.limits.order_by("unit").values_list("unit", flat=True)
    ]


def _claw_back(
    member: Member, unit: str, cycle: Cycle | None, *, reason: str, actor: Actor, at: datetime
) -> Correction:
    key = f"leave:{member.pk}:{unit}:{member.times_left}"
    try:
        return ledger.claw_back(
            member=member, unit=unit, cycle=cycle, reason=reason, key=key, actor=actor, at=at
        )
    except KeyConflict:
        # It was taken back before: in an earlier cycle, or for a reason in other words.
        first = Outcome.objects.get(pk=key).result
        return Correction(first["posting"], Amount(-first["amount"], unit), is_replay=True)


def _give_back(taken: Sequence[Correction], actor: Actor, at: datetime) -> None:
    """Reverse the clawbacks, but for those that somebody has reversed by hand."""
    for posting_id in filter(None, (correction.posting_id for correction in taken)):
        with suppress(NotReversible):
            ledger.reverse(
                posting_id=posting_id,
                reason="came back to the program",
                key=f"return:{posting_id}",
                actor=actor,
                at=at,
            )
