"""Whom a batch of codes is for: members of a program, chosen in one of four ways."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import batched
from typing import TYPE_CHECKING

from saleor_program_budgets.errors import InvalidInput
from saleor_program_budgets.models import Account, CodeBatch, GroupMember, Member
from saleor_program_budgets.programs.lists import Rejected, read_members

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from saleor_program_budgets.models import MemberGroup, Program

MOST_CODES = 100_000
READ_AT_ONCE = 10_000


@dataclass(slots=True)
class Recipients:
    """Members (ids) who get a code each, in this order, and who else was named and why not.

    A rejected line is one of the list, or the member's place among those chosen, from 1 on.
    """

    source: CodeBatch.Source
    members: list[int] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)


def choose(
    *,
    program: Program,
    account: Account | None,
    group: MemberGroup | None,
    csv: bytes | None,
    needs_address: bool,
) -> Recipients:
    """Return the active members under an account, in a group or on a list; of all, without any.

    Who *needs_address* and has no e-mail address is left out, and named. Raises ``InvalidInput``
    for more than one of the three, more than 100,000 members, or nobody.
    """
    if sum(chosen is not None for chosen in (account, group, csv)) > 1:
        raise InvalidInput("account", "Name an account, a group or a list, and not several.")
    if csv is not None:
        recipients = Recipients(CodeBatch.Source.LIST)
        rows, recipients.rejected = read_members(csv, program=program)
        candidates = [(row.line, row.member_id) for row in rows]
    else:
        recipients = Recipients(_source(account, group))
        candidates = list(enumerate(_active(program, account, group), start=1))
    _sort_out(recipients, candidates, needs_address=needs_address)
    if not recipients.members:
        raise _nobody(recipients)
    return recipients


def still_reachable(members: Sequence[int], *, needs_address: bool) -> Recipients:
    """Return those of *members* (ids) to whom codes can be reissued, and why not to the others."""
    recipients = Recipients(CodeBatch.Source.REISSUE)
    _sort_out(recipients, list(enumerate(members, start=1)), needs_address=needs_address)
    return recipients


def _source(account: Account | None, group: MemberGroup | None) -> CodeBatch.Source:
    if account is not None:
        return CodeBatch.Source.ACCOUNT
    return CodeBatch.Source.GROUP if group is not None else CodeBatch.Source.PROGRAM


def _active(program: Program, account: Account | None, group: MemberGroup | None) -> list[int]:
    members = Member.objects.filter(program=program, is_active=True)
    if account is not None:
        below = Account.objects.descendants(account, include_self=True).values("pk")
        members = members.filter(account__in=below)
    if group is not None:
        if group.program_id != program.pk:
            raise InvalidInput("group", "The group is another program's.")
        members = members.filter(pk__in=GroupMember.objects.filter(group=group).values("member"))
    found = list(members.order_by("pk").values_list("pk", flat=True)[: MOST_CODES + 1])
    if len(found) > MOST_CODES:
        raise InvalidInput("account", f"A batch has up to {MOST_CODES:,} codes.")
    return found


def _sort_out(
    recipients: Recipients, candidates: Sequence[tuple[int, int]], *, needs_address: bool
) -> None:
    facts = _facts(member_id for _, member_id in candidates)
    chosen: dict[int, None] = {}
    for line, member_id in candidates:
        is_active, address = facts[member_id]
        if member_id in chosen:
            problem = Rejected(line, "member", "The member is on the list already.")
        elif not is_active:
            problem = Rejected(line, "member", f"Member {member_id} isn't active.")
        elif needs_address and not address:
            problem = Rejected(line, "email", f"Member {member_id} has no e-mail address.")
        else:
            chosen[member_id] = None
            continue
        recipients.rejected.append(problem)
    recipients.members = list(chosen)
    recipients.rejected.sort(key=lambda problem: problem.line)


def _facts(members: Iterable[int]) -> dict[int, tuple[bool, str]]:
    """Return by member (id) whether they are active, and their e-mail address."""
    facts: dict[int, tuple[bool, str]] = {}
    for part in batched(set(members), READ_AT_ONCE):
        rows = Member.objects.filter(pk__in=part).order_by()
        for member_id, is_active, address in rows.values_list("pk", "is_active", "user__email"):
            facts[member_id] = (is_active, address or "")
    return facts


def _nobody(recipients: Recipients) -> InvalidInput:
    if recipients.rejected:
        first = recipients.rejected[0]
        return InvalidInput("csv", f"Nobody is left: line {first.line}: {first.message}")
    if recipients.source == CodeBatch.Source.LIST:
        return InvalidInput("csv", "The list has no members.")
    return InvalidInput("account", "The program has no active members there.")
