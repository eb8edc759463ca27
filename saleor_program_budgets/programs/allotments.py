"""What an organization's own system gives people beside their allotment, many at once.

Whoever sends the list may send it again: each grant is made once, under a key that its sender
gave it. A grant that can't be made says why, and keeps no other from being made.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import batched
from typing import TYPE_CHECKING

from django.db.models import Q
from django.db.models.functions import Lower

from saleor_program_budgets import ledger
from saleor_program_budgets.errors import BudgetError, InvalidAmount, InvalidInput, NotFound
from saleor_program_budgets.models import Member, Person
from saleor_program_budgets.money import LARGEST_MINOR, Amount
from saleor_program_budgets.programs import calendar, cycles

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from saleor_program_budgets.ledger import Actor
    from saleor_program_budgets.models import Program

GRANTS_AT_ONCE = 250
"""How many grants are one transaction: who buys meanwhile waits for one such set at most."""
LONGEST_KEY = 128
LONGEST_REASON = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What somebody of a program's rosters is to be given; *key* makes it happen once.

    They are named in exactly one way. It lapses at *expires_at*, by default with their period.
    """

    amount: Amount
    reason: str
    key: str
    person_id: int | None = None
    external_id: str = ""
    email: str = ""
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Given:
    """A grant that was made, now or under its key before."""

    member: Member
    is_replay: bool


def grant_each(
    *, program: Program, grants: Sequence[Grant], actor: Actor, at: datetime
) -> list[Given | BudgetError]:
    """Make each grant, and return what became of it, in the same order.

    An error of one is its answer: an amount that isn't greater than zero, nobody or several who
    are named so, who isn't an active member, an expiry that has passed, a key that stands in the
    list before or was used for something else (``KeyConflict``). Sets of 250 are one transaction.
    """
    results: dict[int, Given | BudgetError] = {}
    keys: set[str] = set()
    sound: list[int] = []
    for index, grant in enumerate(grants):
        try:
            _check(grant, program, keys)
        except InvalidInput as error:
            results[index] = error
        else:
            keys.add(grant.key)
            sound.append(index)
    found = _members(program, [grants[index] for index in sound])
    todo: list[tuple[int, Grant, Member]] = []
    for index, member in zip(sound, found, strict=True):
        if isinstance(member, Member):
            todo.append((index, grants[index], member))
        else:
            results[index] = member
    for some in batched(todo, GRANTS_AT_ONCE):
        made = _post(program, [(grant, member) for _, grant, member in some], actor, at)
        results |= {index: result for (index, _, _), result in zip(some, made, strict=True)}
    return [results[index] for index in range(len(grants))]


def _check(grant: Grant, program: Program, keys: set[str]) -> None:
    """Raise ``InvalidInput`` for what can't be granted to anybody."""
    if grant.amount.currency != program.currency:
        raise InvalidInput("amount", f"This program's currency is {program.currency}.")
    if not 0 < grant.amount.minor <= LARGEST_MINOR:
        raise InvalidAmount("amount", "The amount must be greater than zero.")
    for field, text, longest in (
        ("reason", grant.reason, LONGEST_REASON),
        ("key", grant.key, LONGEST_KEY),
    ):
        if not text.strip():
            raise InvalidInput(field, "This can't be empty.", code="REQUIRED")
        if len(text) > longest or "\x00" in text:
            raise InvalidInput(field, f"This takes {longest} characters at most.")
    if "\x00" in grant.external_id + grant.email:
        raise NotFound("person", "There is no such person in the program's rosters.")
    if grant.key in keys:
        raise InvalidInput("key", "Another grant of the list has this key.", code="UNIQUE")


def _post(
    program: Program, grants: Sequence[tuple[Grant, Member]], actor: Actor, at: datetime
) -> list[Given | BudgetError]:
    """Post a set in one transaction, and return what became of each grant."""
    cycle = cycles.catch_up(program=program, members=[member.pk for _, member in grants], at=at)
    ends = {
        member.pk: calendar.period_of_member(
            program=program, cycle=cycle, member=member, at=at
        ).ends_at
        for _, member in grants
        if cycle is not None
    }
    refused = _refused(program, grants, ends, at)
    results = ledger.adjust_each(
        lines=[
            ledger.Adjusting(
                member_id=member.pk,
                amount=grant.amount,
                expires_at=grant.expires_at or ends.get(member.pk),
                reason=grant.reason,
                key=_key(program, grant),
            )
            for grant, member in grants
            if grant.key not in refused
        ],
        cycle=cycle,
        actor=actor,
        at=at,
    )
    return [
        refused[grant.key]
        if grant.key in refused
        else _given(results[_key(program, grant)], member)
        for grant, member in grants
    ]


def _refused(
    program: Program,
    grants: Sequence[tuple[Grant, Member]],
    ends: dict[int, datetime],
    at: datetime,
) -> dict[str, BudgetError]:
    """Return by key what can't be granted any more; what was granted before stays so."""
    found: dict[str, BudgetError] = {}
    for grant, member in grants:
        if not member.is_active:
            found[grant.key] = InvalidInput("person", "The member isn't active.")
        elif grant.expires_at is not None and grant.expires_at <= at:
            found[grant.key] = InvalidInput("expires_at", "The expiry has to lie in the future.")
        elif grant.expires_at is None and member.pk not in ends:
            found[grant.key] = InvalidInput(
                "expires_at", "The program has no open cycle: say when it lapses.", code="REQUIRED"
            )
    asked = {_key(program, grant): grant.key for grant, _ in grants if grant.key in found}
    for key in ledger.postings_under(keys=asked) if asked else ():
        del found[asked[key]]
    return found


def _given(result: ledger.Result, member: Member) -> Given | BudgetError:
    return result if isinstance(result, BudgetError) else Given(member, result.is_replay)


def _key(program: Program, grant: Grant) -> str:
    """Return the ledger's key: the keys of one program's sender are nothing to another's."""
    return f"feed:grant:{program.pk}:{grant.key}"


def _members(program: Program, grants: Sequence[Grant]) -> list[Member | BudgetError]:
    """Return the members who are meant, or why it is nobody."""
    people = _people(program, grants)
    references = [each.user_reference for each in people if isinstance(each, Person)]
    members = {
        member.user_reference: member
        for member in program.members.filter(user_reference__in=references)
    }
    stranger = NotFound("person", "This person is no member of the program.")
    return [
        members.get(each.user_reference, stranger) if isinstance(each, Person) else each
        for each in people
    ]


def _people(program: Program, grants: Sequence[Grant]) -> list[Person | BudgetError]:
    by_name: defaultdict[tuple[str, str], list[Person]] = defaultdict(list)
    is_meant = (
        Q(pk__in=[grant.person_id for grant in grants if grant.person_id is not None])
        | Q(external_id__in=[grant.external_id for grant in grants if grant.external_id])
        | Q(lower_email__in=[grant.email.lower() for grant in grants if grant.email])
    )
    people = Person.objects.filter(roster__programs=program, removed_at=None)
    for person in people.annotate(lower_email=Lower("email")).filter(is_meant):
        by_name["id", str(person.pk)].append(person)
        by_name["external_id", person.external_id].append(person)
        by_name["email", person.email.lower()].append(person)
    return [_only(by_name, _names(grant)) for grant in grants]


def _names(grant: Grant) -> list[tuple[str, str]]:
    names = [
        ("id", "" if grant.person_id is None else str(grant.person_id)),
        ("external_id", grant.external_id),
        ("email", grant.email.lower()),
    ]
    return [(kind, name) for kind, name in names if name]


def _only(
    by_name: dict[tuple[str, str], list[Person]], names: list[tuple[str, str]]
) -> Person | BudgetError:
    if len(names) != 1:
        return InvalidInput(
            "person", "Name the person by exactly one of id, external id and e-mail address."
        )
    found = by_name.get(names[0], [])
    if len(found) == 1:
        return found[0]
    if found:
        return InvalidInput("person", "Several people of the program's rosters are called so.")
    return NotFound("person", "There is no such person in the program's rosters.")
