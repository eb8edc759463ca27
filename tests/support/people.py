"""Rosters for tests: a shop of plain Django users, and files of people in few words."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

from django.contrib.auth import get_user_model
from django.db import connection
from django.db.models import Q
from django.db.models.functions import Lower

from saleor_program_budgets import roster
from saleor_program_budgets.models import (
    Account,
    ImportLine,
    Lot,
    Member,
    PeopleChange,
    Person,
    Program,
    Roster,
    RosterImport,
    Source,
)
from saleor_program_budgets.roster import Origin, Profile, ShopUser, Wanted
from tests.support.database import Rows, snapshot
from tests.support.world import TESTS

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from tests.support.world import World

BY_STAFF = Origin(Source.STAFF, TESTS)
BY_API = Origin(Source.API, TESTS)
BY_SCIM = Origin(Source.SCIM, TESTS, "7")

CREATE = """
INSERT INTO auth_user (username, email, first_name, last_name, password, is_superuser, is_staff,
                       is_active, date_joined)
SELECT email, email, first_name, last_name, '!', false, false, true, now()
    FROM unnest(%s::text[], %s::text[], %s::text[]) person (email, first_name, last_name)
    WHERE NOT EXISTS (SELECT FROM auth_user known WHERE lower(known.email) = person.email)
    ON CONFLICT DO NOTHING
    RETURNING email, id
"""


class PlainShop:
    """The users of Django itself as a shop's; it remembers what was announced."""

    def __init__(self) -> None:
        """Begin with whoever there is."""
        self.created: set[int] = set()
        self.updated: set[int] = set()
        self.references: dict[str, int] = {}

    def find(self, *, emails: Collection[str], references: Collection[str]) -> list[ShopUser]:
        """Find by address, and by the references that a test has given."""
        by_id = {user_id: reference for reference, user_id in self.references.items()}
        named = [self.references[each] for each in references if each in self.references]
        users = get_user_model().objects.annotate(address=Lower("email"))
        found = users.filter(Q(address__in=list(emails)) | Q(pk__in=named))
        return [
            ShopUser(user.pk, user.email, by_id.get(user.pk, ""), user.is_staff) for user in found
        ]

    def create(self, profiles: Sequence[Profile]) -> dict[str, int]:
        """Make those whose address nobody has."""
        with connection.cursor() as cursor:
            cursor.execute(
                CREATE,
                [
                    [profile.email for profile in profiles],
                    [profile.first_name for profile in profiles],
                    [profile.last_name for profile in profiles],
                ],
            )
            return dict(cursor.fetchall())

    def update(self, profiles: Mapping[int, Profile]) -> set[int]:
        """Change those whose new address nobody else has."""
        done = set()
        for user_id, profile in profiles.items():
            users = get_user_model().objects
            if users.filter(email__iexact=profile.email).exclude(pk=user_id).exists():
                continue
            done.update(
                [user_id]
                * users.filter(pk=user_id, is_staff=False).update(
                    username=profile.email,
                    email=profile.email,
                    first_name=profile.first_name,
                    last_name=profile.last_name,
                )
            )
        return done

    def announce(self, *, created: Collection[int], updated: Collection[int]) -> None:
        """Remember whom."""
        self.created.update(created)
        self.updated.update(updated)


SHOP = PlainShop()


def add_roster(world: World, name: str = "Acme", **given: Any) -> Roster:
    """Add a roster for an account of that name, in the world's program unless told otherwise."""
    account = given.pop("account", None) or world.account(name)
    enrolling = given.pop("programs", None)
    return roster.create_roster(
        name=name,
        account=account,
        programs=[world.program] if enrolling is None else enrolling,
        actor=TESTS,
        at=world.at,
        **given,
    )


def as_csv(*rows: Mapping[str, str]) -> bytes:
    """Write rows as a file, with the columns of all of them."""
    columns = list(dict.fromkeys(column for row in rows for column in row))
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns, restval="")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def preview(world: World, into: Roster, *rows: Mapping[str, str], **given: Any) -> RosterImport:
    """Look at a file of these rows, or of *content*."""
    return roster.preview_import(
        **{
            "roster": into,
            "content": as_csv(*rows) if rows else b"",
            "origin": BY_STAFF,
            "shop": SHOP,
            "at": world.at,
        }
        | given
    )


def apply(world: World, batch: RosterImport, **given: Any) -> RosterImport:
    """Apply a file that was looked at."""
    return roster.apply_import(
        **{"roster_import": batch, "shop": SHOP, "actor": TESTS, "at": world.at} | given
    )


def load(world: World, into: Roster, *rows: Mapping[str, str], **given: Any) -> RosterImport:
    """Look at a file of these rows, and apply it."""
    return apply(world, preview(world, into, *rows, creates_departments=True, **given))


def put_one(world: World, into: Roster, /, *, origin: Origin = BY_STAFF, **wanted: Any) -> Person:
    """Let one person be as wanted."""
    checks = ("must_be_new", "expected_version", "creates_departments")
    given = {name: wanted.pop(name) for name in checks if name in wanted}
    return roster.put_one(
        roster=into,
        wanted=Wanted(**wanted),
        origin=origin,
        shop=SHOP,
        at=world.at,
        **given,
    )


def lines(batch: RosterImport) -> list[tuple[int, str, str]]:
    """Return what each line does and what has become of it."""
    found = ImportLine.objects.filter(roster_import=batch).order_by("number")
    return list(found.values_list("number", "action", "status"))


def everybody(of: Roster) -> list[tuple[str, str, bool]]:
    """Return who is in a roster: address, account, and whether they are active."""
    people = roster.people_of(of).order_by("email")
    return list(people.values_list("email", "account__name", "is_active"))


FILES = ("roster", "rosterimport", "importline")
"""What a preview writes: itself, and which column meant what."""


def everything(*, without: Sequence[str] = FILES) -> Rows:
    """Return every row of this app, save the tables named *without*, and the shop's users."""
    users = get_user_model().objects.order_by("pk")
    columns = ("id", "username", "email", "first_name", "last_name", "is_staff", "is_active")
    return snapshot(without=without) | {"users": list(users.values(*columns))}


def customer(email: str, **given: Any) -> int:
    """Add a user who was in the shop before; returns the id."""
    return get_user_model().objects.create(username=f"user {email}", email=email, **given).pk


def person(email: str, of: Roster | None = None) -> Person:
    """Return who has this address in the only roster, or in this one."""
    people = Person.objects.filter(email=email, removed_at=None)
    return people.get(**{"roster": of} if of else {})


def department(name: str) -> Account:
    """Return the account of this name."""
    return Account.objects.get(name=name)


def rejected(batch: RosterImport) -> list[tuple[int, str, str]]:
    """Return the lines that can't be used: which, for what field, and why."""
    return [(each["line"], each["field"], each["message"]) for each in batch.rejected]


def failed(batch: RosterImport) -> list[tuple[int, str]]:
    """Return the lines that could not be applied, and why."""
    rows = batch.lines.filter(status=ImportLine.Status.FAILED).order_by("number")
    return list(rows.values_list("number", "error"))


def record_of(of: Person) -> list[tuple[str, dict[str, Any], dict[str, Any]]]:
    """Return what was recorded of a person: what happened, from what, to what."""
    rows = PeopleChange.objects.filter(person_id=of.pk).order_by("pk")
    return list(rows.values_list("kind", "before", "after"))


def not_followed(of: Roster) -> list[tuple[str, str, object]]:
    """Return whose memberships don't follow from what they are: program, address, and how it is.

    Who is active is an active member in each of the roster's programs, under their account, and
    has had their allotment once; who isn't, or was removed, has nothing to spend, if they have
    been a member at all.
    """
    people = {each.user_reference: each for each in Person.objects.filter(roster=of).order_by("pk")}
    return [
        (program.slug, each.email, found)
        for program in of.programs.order_by("pk")
        for reference, each in people.items()
        if (found := _membership(program, reference)) != _due(each) and (each.is_active or found)
    ]


def _due(of: Person) -> object:
    return (True, of.account_id, 1) if of.is_active else (False, 0)


def _membership(program: Program, reference: str) -> object:
    """Return how somebody takes part: active, where, and allotments; or not, and what is left."""
    member = Member.objects.filter(program=program, user_reference=reference).first()
    if member is None:
        return None
    lots = Lot.objects.filter(limit__member=member)
    if member.is_active:
        return True, member.account_id, lots.filter(origin=Lot.Origin.ALLOTMENT).count()
    return False, sum(lot.available for lot in lots)
