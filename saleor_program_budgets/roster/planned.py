"""Moves, leaves and returns that lie ahead: noted, superseded, cancelled, and done when due."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from django.db import transaction

from saleor_program_budgets.errors import InvalidInput
from saleor_program_budgets.models import PeopleChange, PlannedChange
from saleor_program_budgets.roster import departments, record
from saleor_program_budgets.roster.departments import accounts_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from datetime import datetime

    from saleor_program_budgets.models import Account, Person
    from saleor_program_budgets.roster.plan import Step
    from saleor_program_budgets.roster.wanted import Origin

Kind = PlannedChange.Kind
PENDING = {"applied_at": None, "cancelled_at": None}
OF_ACTIVITY = (Kind.LEAVE, Kind.RETURN)


class New(NamedTuple):
    """A change to be planned, for a line of a file perhaps."""

    person_id: int
    kind: Kind
    account_id: int | None
    effective_at: datetime
    origin: Origin
    line: int | None


def returning(person_id: int, step: Step, origin: Origin) -> New:
    """Return the plan by which somebody new begins later."""
    if step.effective_at is None:
        raise InvalidInput("effective_at", "Say when.")
    return New(person_id, Kind.RETURN, None, step.effective_at, origin, step.line or None)


def of_step(step: Step, values: Mapping[str, Any], origin: Origin) -> list[New]:
    """Return what of a step's *values* is planned, where its date lies ahead."""
    if step.effective_at is None or step.person_id is None:
        return []
    common = (step.effective_at, origin, step.line or None)
    found = []
    if "account" in values:
        found.append(New(step.person_id, Kind.MOVE, values["account"], *common))
    if "is_active" in values:
        kind = Kind.RETURN if values["is_active"] else Kind.LEAVE
        found.append(New(step.person_id, kind, None, *common))
    return found


def add(planned: Collection[New], *, at: datetime) -> None:
    """Plan changes, in the place of others of the same kind that were planned before."""
    if not planned:
        return
    for kind in Kind:
        people = [each.person_id for each in planned if each.kind == kind]
        earlier = PlannedChange.objects.filter(**PENDING, person_id__in=people, kind=kind)
        earlier.update(cancelled_at=at)
    PlannedChange.objects.bulk_create(
        [
            PlannedChange(
                person_id=each.person_id,
                kind=each.kind,
                account_id=each.account_id,
                effective_at=each.effective_at,
                source=each.origin.source,
                source_reference=each.origin.reference,
                line=each.line,
                actor=str(each.origin.actor),
                created_at=at,
            )
            for each in planned
        ],
        batch_size=5_000,
    )


def supersede(changes: Iterable[tuple[int, Collection[str]]], *, at: datetime) -> None:
    """Cancel what was planned for people (ids) of what is changed by name for them now."""
    moved, changed = [], []
    for person_id, names in changes:
        if "account" in names:
            moved.append(person_id)
        if "is_active" in names:
            changed.append(person_id)
    pending = PlannedChange.objects.filter(**PENDING)
    if moved:
        pending.filter(person_id__in=moved, kind=Kind.MOVE).update(cancelled_at=at)
    if changed:
        pending.filter(person_id__in=changed, kind__in=OF_ACTIVITY).update(cancelled_at=at)


def plan_change(
    *,
    person: Person,
    kind: PlannedChange.Kind,
    account: Account | None = None,
    effective_at: datetime,
    origin: Origin,
    at: datetime,
) -> PlannedChange:
    """Plan a move, a leave or a return; it takes the place of one of the same kind.

    Raises ``InvalidInput`` for an instant that has passed or an account of another roster.
    """
    if effective_at <= at:
        raise InvalidInput("effective_at", "What is planned has to lie ahead.")
    if (kind == Kind.MOVE) != (account is not None):
        raise InvalidInput("account", "A move, and nothing else, goes to an account.")
    if account is not None and not accounts_of(person.roster).filter(pk=account.pk).exists():
        raise InvalidInput("account", "There is no such department.", code="NOT_FOUND")
    with transaction.atomic():
        departments.lock(person.roster)
        account_id = account.pk if account else None
        add([New(person.pk, kind, account_id, effective_at, origin, None)], at=at)
        _record(
            person=person,
            kind=PeopleChange.Kind.PLANNED,
            planned=kind,
            account_id=account_id,
            effective_at=effective_at,
            origin=origin,
            at=at,
        )
    found = PlannedChange.objects.filter(**PENDING, person=person, kind=kind)
    return found.latest("pk")


def cancel_planned(*, planned: PlannedChange, origin: Origin, at: datetime) -> PlannedChange:
    """Let what was planned not happen. Raises ``InvalidInput`` where it has; repeatable."""
    with transaction.atomic():
        departments.lock(planned.person.roster)
        planned.refresh_from_db(fields=["applied_at", "cancelled_at"])
        if planned.applied_at is not None:
            raise InvalidInput("planned", "The change has happened.")
        if planned.cancelled_at is None:
            planned.cancelled_at = at
            planned.save(update_fields=["cancelled_at"])
            _record(
                person=planned.person,
                kind=PeopleChange.Kind.CANCELLED,
                planned=Kind(planned.kind),
                account_id=planned.account_id,
                effective_at=planned.effective_at,
                origin=origin,
                at=at,
            )
    return planned


def due(*, at: datetime) -> list[PlannedChange]:
    """Return what is due, in its order."""
    pending = PlannedChange.objects.filter(**PENDING, effective_at__lte=at)
    return list(
        pending.select_related("person__roster__account").order_by("effective_at", "pk")[:1_000]
    )


def _record(
    *,
    person: Person,
    kind: PeopleChange.Kind,
    planned: Kind,
    account_id: int | None,
    effective_at: datetime,
    origin: Origin,
    at: datetime,
) -> None:
    after: dict[str, Any] = {"planned": planned.value, "effective_at": effective_at.isoformat()}
    if account_id is not None:
        after["account"] = account_id
    row = record.Row(kind, person.pk, person.user_reference, {}, after, None)
    record.write(person.roster, [row], origin=origin, at=at)
