"""People and departments as SCIM's users and groups, and back.

What has a column is read from it; all else that a client said of somebody is kept as it was said,
and given back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from scim2_models import InvalidValueException, Meta, Reference

from saleor_program_budgets.interfaces.scim.schemas import (
    GROUP,
    GROUP_MODEL,
    USER,
    USER_MODEL,
    EnterpriseUser,
    GroupMember,
)
from saleor_program_budgets.models import Roster
from saleor_program_budgets.roster.wanted import Wanted

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from saleor_program_budgets.models import Account, Person

ENTERPRISE = str(EnterpriseUser.__schema__)
_NEVER_KEPT = ("schemas", "id", "meta", "password", "groups")
_COLUMNS = ("userName", "externalId", "title", "active")
_NAME_COLUMNS = ("givenName", "familyName")
_ENTERPRISE_COLUMNS = ("employeeNumber", "costCenter", "department", "manager")


def version_tag(version: int) -> str:
    """Return the weak entity tag of a version."""
    return f'W/"{version}"'


def version_of(tag: str | None) -> int | None:
    """Return the version of one of our own entity tags."""
    return int(tag[3:-1]) if tag else None


# People ----------------------------------------------------------------------------------------


def user_of(person: Person, roster: Roster) -> Any:
    """Return a person, with their account and manager selected, as a user."""
    said = person.attributes
    payload: dict[str, Any] = {
        **said,
        "userName": person.user_name,
        "active": person.is_active,
        "emails": emails_of(person),
        "externalId": person.external_id or None,
        "title": person.title or None,
        "name": _name_of(person),
        ENTERPRISE: _enterprise_of(person, roster),
    }
    if person.account_id != roster.account_id:
        payload["groups"] = [
            {
                "value": str(person.account.key),
                "$ref": f"Groups/{person.account.key}",
                "display": person.account.name,
                "type": "direct",
            }
        ]
    user = USER_MODEL.model_validate(payload)
    user.id = str(person.key)
    user.meta = _meta(USER, person.created_at, person.changed_at, person.version)
    return user


def emails_of(person: Person) -> list[dict[str, Any]]:
    """Return a person's addresses as they were said; or their address, if it isn't among those.

    A file may have brought another address since the identity system named them.
    """
    said: list[dict[str, Any]] = person.attributes.get("emails") or []
    if any(str(each.get("value", "")).lower() == person.email.lower() for each in said):
        return said
    return [{"value": person.email, "type": "work", "primary": True}]


def shown_department(person: Person, roster: Roster) -> str:
    """Return what somebody's department is called; none directly under the roster's account.

    Where groups place people it is only text.
    """
    is_placed = roster.placed_by == Roster.PlacedBy.DEPARTMENT
    return "" if is_placed and person.account_id == roster.account_id else person.department


def shown_manager(person: Person) -> str:
    """Return the id of somebody's manager, if that person is still there."""
    manager = person.manager
    return "" if manager is None or manager.removed_at is not None else str(manager.key)


def wanted_of(user: Any, roster: Roster, person: Person | None = None) -> Wanted:
    """Return how a person is to be who is described by *user* as a whole.

    *person* is how they are. Raises ``InvalidValueException`` without an address to write to.
    """
    dump = user.model_dump()
    name = dump.get("name") or {}
    enterprise = dump.get(ENTERPRISE) or {}
    emails = _said_emails(dump, person)
    user_name = (dump.get("userName") or "").strip()
    return Wanted(
        person_id=person.pk if person else None,
        external_id=dump.get("externalId") or "",
        user_name=user_name,
        email=_email(emails, user_name, person),
        first_name=name.get("givenName") or "",
        last_name=name.get("familyName") or "",
        title=dump.get("title") or "",
        employee_number=enterprise.get("employeeNumber") or "",
        cost_center=enterprise.get("costCenter") or "",
        is_active=dump.get("active"),
        attributes=_attributes(dump, emails),
        **_placement(enterprise.get("department") or "", roster, person),
        **_manager((enterprise.get("manager") or {}).get("value") or "", person),
    )


def _name_of(person: Person) -> dict[str, Any] | None:
    name = dict(person.attributes.get("name") or {})
    if person.first_name:
        name["givenName"] = person.first_name
    if person.last_name:
        name["familyName"] = person.last_name
    return name or None


def _enterprise_of(person: Person, roster: Roster) -> dict[str, Any] | None:
    enterprise = dict(person.attributes.get(ENTERPRISE) or {})
    columns = {
        "employeeNumber": person.employee_number,
        "costCenter": person.cost_center,
        "department": shown_department(person, roster),
    }
    enterprise.update({name: value for name, value in columns.items() if value})
    manager = shown_manager(person)
    if manager:
        enterprise["manager"] = {"value": manager, "$ref": f"Users/{manager}"}
    return enterprise or None


def _said_emails(dump: Mapping[str, Any], person: Person | None) -> list[dict[str, Any]]:
    """Return the addresses that a client gave: not the one that we gave back on our own."""
    emails = [each for each in dump.get("emails") or [] if each.get("value")]
    if person is not None and emails == emails_of(person) and "emails" not in person.attributes:
        return []
    return emails


def _email(emails: Sequence[Mapping[str, Any]], user_name: str, person: Person | None) -> str:
    """Return the address to write to: the primary one, else that at work, else the first.

    A user name that is an address counts as one, unless an address is known from elsewhere.
    """
    by_rank = sorted(emails, key=lambda each: (not each.get("primary"), each.get("type") != "work"))
    if by_rank:
        address = str(by_rank[0]["value"]).strip()
        if not _is_address(address):
            raise InvalidValueException(detail=f"emails: {address[:100]!r} is no e-mail address.")
        return address
    if person is not None and person.email.lower() != person.user_name.lower():
        return person.email
    if not _is_address(user_name):
        raise InvalidValueException(
            detail="emails: an e-mail address is needed, here or as the userName."
        )
    return user_name


def _is_address(text: str) -> bool:
    try:
        validate_email(text)
    except ValidationError:
        return False
    return True


def _attributes(dump: Mapping[str, Any], emails: list[dict[str, Any]]) -> dict[str, Any]:
    """Return what has no column, as it was said."""
    left = {name: value for name, value in dump.items() if name not in {*_NEVER_KEPT, *_COLUMNS}}
    left["emails"] = emails
    left["name"] = _without(left.get("name"), _NAME_COLUMNS)
    left[ENTERPRISE] = _without(left.get(ENTERPRISE), _ENTERPRISE_COLUMNS)
    return {name: value for name, value in left.items() if value not in (None, {}, [])}


def _without(values: Mapping[str, Any] | None, names: Iterable[str]) -> dict[str, Any]:
    return {name: value for name, value in (values or {}).items() if name not in names}


def _placement(department: str, roster: Roster, person: Person | None) -> dict[str, Any]:
    """Return where somebody is to belong, if that was said anew: only what changes moves them."""
    if person is None:
        return {"department": department}
    if department == shown_department(person, roster):
        return {}
    if not department and roster.placed_by == Roster.PlacedBy.DEPARTMENT:
        return {"account_id": roster.account_id}
    return {"department": department}


def _manager(name: str, person: Person | None) -> dict[str, Any]:
    if person is not None and name == shown_manager(person):
        return {}
    return {"manager": name}


# Departments -----------------------------------------------------------------------------------


def group_of(account: Account, members: Iterable[str] | None) -> Any:
    """Return a department as a group, with the *members* (ids) if they were read."""
    group = GROUP_MODEL(
        id=str(account.key),
        external_id=account.external_id or None,
        display_name=account.name,
        meta=_meta(
            GROUP, account.created_at, account.changed_at or account.created_at, account.version
        ),
    )
    if members is not None:
        group.members = [
            GroupMember(value=key, ref=Reference(f"Users/{key}"), type=USER) for key in members
        ] or None
    return group


def member_keys(group: Any) -> list[str]:
    """Return the ids of a group's members, each once; raises for members that aren't users."""
    for member in group.members or []:
        is_nested = (member.type or USER).lower() != USER.lower() or "/Groups/" in (
            member.ref or ""
        )
        if is_nested:
            raise InvalidValueException(detail="members: a group's members are users only.")
        if not member.value:
            raise InvalidValueException(detail="members: each member needs a value, a user's id.")
    return list(dict.fromkeys(member.value for member in group.members or []))


def _meta(kind: str, created_at: datetime, changed_at: datetime, version: int) -> Meta:
    return Meta(
        resource_type=kind,
        created=created_at,
        last_modified=changed_at,
        version=version_tag(version),
    )
