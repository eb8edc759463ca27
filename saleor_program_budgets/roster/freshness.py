"""Whether a file's preview was confirmed, and still holds when it is to be applied."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import connections, router
from django.db.models import F
from django.db.models.fields.json import KT

from saleor_program_budgets.errors import InvalidInput
from saleor_program_budgets.models import Person, RosterImport
from saleor_program_budgets.roster.people import customers_among, people_of
from saleor_program_budgets.roster.plan import Action
from saleor_program_budgets.roster.previews import basis_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from saleor_program_budgets.roster.departments import Departments
    from saleor_program_budgets.roster.shop import Shop

CHECKED_AT_ONCE = 5_000

ADDED_SINCE = """
SELECT EXISTS (
    SELECT FROM program_budgets_importline line
        CROSS JOIN LATERAL (
            SELECT roster_id FROM program_budgets_person
                WHERE lower(email) = line.values ->> 'email' AND removed_at IS NULL
            UNION ALL
            SELECT roster_id FROM program_budgets_person
                WHERE external_id = line.values ->> 'external_id' AND external_id <> ''
                AND removed_at IS NULL
        ) person
        WHERE line.roster_import_id = %s AND line.action = 'create' AND person.roster_id = %s
)
"""


class Stale(InvalidInput):
    """What the preview stands on has changed; the file has to be looked at again."""

    def __init__(self, message: str) -> None:
        super().__init__("import", f"{message} Look at the file again.", code="STALE")


def leavers_of(roster_import: RosterImport) -> int:
    """Return how many leave by a whole file since they aren't in it."""
    if roster_import.mode != RosterImport.Mode.FULL:
        return 0
    named = roster_import.lines.filter(action=Action.LEAVE)
    return named.filter(values={"is_active": False}, before={"is_active": True}).count()


def require_confirmed(roster_import: RosterImport, confirmed_leavers: int | None) -> None:
    """Raise ``InvalidInput`` unless it may be that so many leave, and somebody has said so."""
    if roster_import.mode != RosterImport.Mode.FULL:
        return
    if roster_import.rejected_count:
        raise InvalidInput(
            "import",
            f"{roster_import.rejected_count:,} lines can't be used, and who is meant by them would "
            "leave. Correct them, or import the file without letting others leave.",
        )
    leavers = leavers_of(roster_import)
    active = people_of(roster_import.roster).filter(is_active=True).count()
    most = roster_import.roster.largest_leave_percent
    if leavers * 100 > most * active:
        raise InvalidInput(
            "leavers",
            f"{leavers:,} of {active:,} people would leave since they aren't in the file; "
            f"the roster lets {most} % leave at once.",
        )
    if leavers and confirmed_leavers is None:
        raise InvalidInput(
            "leavers",
            f"{leavers:,} people leave since they aren't in the file. Confirm their number.",
            code="REQUIRED",
        )
    if confirmed_leavers is not None and confirmed_leavers != leavers:
        raise InvalidInput(
            "leavers", f"{leavers:,} people leave, and {confirmed_leavers:,} were confirmed."
        )


def require_same_basis(roster_import: RosterImport, departments: Departments) -> None:
    """Raise ``Stale`` unless accounts and programs are as they were."""
    if basis_of(roster_import.roster, departments) != roster_import.basis:
        raise Stale("The departments or programs have changed since.")


def require_fresh(roster_import: RosterImport, shop: Shop) -> None:
    """Raise ``Stale`` unless everybody is as they were when the file was looked at."""
    changed = roster_import.lines.exclude(person=None).exclude(
        person__version=F("person_version"), person__removed_at=None
    )
    if changed.exists():
        raise Stale(f"{changed.count():,} people have changed since.")
    if roster_import.mode == RosterImport.Mode.FULL:
        known = roster_import.lines.exclude(person=None).values("person_id")
        if people_of(roster_import.roster).filter(is_active=True).exclude(pk__in=known).exists():
            raise Stale("Others have been added since.")
    with connections[router.db_for_write(Person)].cursor() as cursor:
        cursor.execute(ADDED_SINCE, [roster_import.pk, roster_import.roster_id])
        if cursor.fetchall() == [(True,)]:
            raise Stale("Some whom the file adds have been added since.")
    # Their addresses as text: the rest of the values would be read for nothing.
    made = roster_import.lines.filter(action=Action.CREATE).annotate(email=KT("values__email"))
    last = 0
    while rows := list(
        made.filter(number__gt=last)
        .order_by("number")
        .values_list("number", "email", "user_id")[:CHECKED_AT_ONCE]
    ):
        _require_same_users({email: user_id for _, email, user_id in rows}, shop)
        last = rows[-1][0]


def _require_same_users(emails: Mapping[str, int | None], shop: Shop) -> None:
    """Raise ``Stale`` unless these addresses are still those customers', or nobody's."""
    known = {user_id for user_id in emails.values() if user_id is not None}
    if customers_among(known) != known:
        raise Stale("Some customers whom the file adds have been deleted, or are staff by now.")
    for user in shop.find(emails=emails.keys(), references=()):
        if user.is_staff or emails[user.email.lower()] != user.id:
            raise Stale("Some whom the file adds have become customers or staff since.")
