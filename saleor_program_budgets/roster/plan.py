"""What is to be done so that people are as somebody wants them: decided here, and written nowhere.

A step says what it does to whom, and as they were then. Its values are those that change, or all
of somebody new; beside the texts these are ``account`` (an id), ``new_department`` (a name that no
account has yet), ``is_active``, ``manager`` (a person's id, or ``None``), ``manager_line`` (the
manager is who that line makes) and ``attributes``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import batched
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from saleor_program_budgets.errors import InvalidInput
from saleor_program_budgets.models import ImportLine, Member, PlannedChange
from saleor_program_budgets.roster.departments import all_account_ids, check_name
from saleor_program_budgets.roster.people import TEXTS
from saleor_program_budgets.roster.rows import CONTROL, SPREADSHEET_ERROR, Rejected
from saleor_program_budgets.roster.wanted import Wanted

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from saleor_program_budgets.models import Roster
    from saleor_program_budgets.roster.departments import Departments
    from saleor_program_budgets.roster.people import Known, People
    from saleor_program_budgets.roster.shop import Shop, ShopUser

Action = ImportLine.Action
type Planned = tuple[str, int | None, datetime]
"""A change that is pending: its kind, the account if it is a move, and when."""

LONGEST = {"external_id": 255, "email": 254, "user_name": 255, "first_name": 256, "last_name": 256}
LONGEST_TEXT = 250
USERS_AT_ONCE = 5_000


@dataclass(frozen=True, slots=True)
class Step:
    """What one line does; ``user_id`` is the user whom somebody new is in the shop already."""

    line: int
    action: str
    person_id: int | None = None
    version: int | None = None
    user_id: int | None = None
    values: dict[str, Any] = field(default_factory=dict)
    before: dict[str, Any] = field(default_factory=dict)
    effective_at: datetime | None = None


class Unusable(Exception):
    """What is wanted can't be; *field* and message say why."""

    def __init__(self, field: str, message: str, code: str = "INVALID") -> None:
        super().__init__(message)
        self.field = field
        self.message = message
        self.code = code


@dataclass(slots=True)
class Setting:
    """All that a plan is made from: the roster's people and accounts, and the shop's users."""

    roster: Roster
    people: People
    departments: Departments
    users: Mapping[str, ShopUser]
    references: Mapping[str, ShopUser]
    elsewhere: frozenset[str]
    pending: Mapping[int, frozenset[Planned]]
    at: datetime
    creates_departments: bool = False
    places: bool = True
    follows_text: bool = False
    claimed: dict[str, dict[str, int]] = field(default_factory=dict)
    new_lines: dict[str, int] = field(default_factory=dict)

    def expect(self, wanted: Iterable[Wanted]) -> None:
        """Note who is made by which line: others may name them as their manager."""
        for each in wanted:
            if self.people.named(each) is None:
                for name in (each.external_id, each.email):
                    if name:
                        self.new_lines.setdefault(name.lower(), each.line)


def plan(wanted: Wanted, setting: Setting) -> Step | Rejected:
    """Return what *wanted* means in this *setting*, or why it can't be."""
    try:
        return plan_or_raise(wanted, setting)
    except Unusable as problem:
        return Rejected(wanted.line, problem.field, problem.message)


def absent(known: Known, line: int, setting: Setting, effective_at: datetime | None) -> Step:
    """Return the step by which somebody leaves who isn't in a whole file."""
    wanted = Wanted(line=line, person_id=known.pk, is_active=False, effective_at=effective_at)
    return _change(wanted, known, setting)


def read_users(
    wanted: Sequence[Wanted], people: People, shop: Shop, *, trusts_references: bool
) -> tuple[dict[str, ShopUser], dict[str, ShopUser]]:
    """Return the shop's users whom people not yet in the roster may be, by address and reference.

    The shop's own references are believed to staff alone: those of one organization are nothing
    to another.
    """
    new = [each for each in wanted if people.named(each) is None]
    moved = [each for each in wanted if each.email and each.email.lower() not in people.by_email]
    emails = {each.email.lower() for each in [*new, *moved] if each.email}
    references = {each.external_id for each in new if each.external_id}
    found = shop.find(emails=emails, references=references if trusts_references else ())
    return (
        {user.email.lower(): user for user in found},
        {user.external_reference: user for user in found if user.external_reference},
    )


def members_elsewhere(roster: Roster, users: Iterable[int]) -> frozenset[str]:
    """Return which users (as references) are members of the roster's programs outside of it."""
    programs = list(roster.programs.values_list("pk", flat=True))
    inside = all_account_ids(roster)
    found: set[str] = set()
    for part in batched([str(user_id) for user_id in users], USERS_AT_ONCE):
        members = Member.objects.filter(program_id__in=programs, user_reference__in=part)
        outside = members.exclude(account_id__in=inside)
        found.update(outside.values_list("user_reference", flat=True))
    return frozenset(found)


def read_pending(people: Iterable[int] | None, roster: Roster) -> dict[int, frozenset[Planned]]:
    """Return what is planned for the roster's people (ids), or for those among them."""
    rows = PlannedChange.objects.filter(person__roster=roster, applied_at=None, cancelled_at=None)
    if people is not None:
        rows = rows.filter(person_id__in=list(people))
    found: dict[int, set[Planned]] = {}
    for change in rows:
        planned = (change.kind, change.account_id, change.effective_at)
        found.setdefault(change.person_id, set()).add(planned)
    return {person_id: frozenset(planned) for person_id, planned in found.items()}


def plan_or_raise(wanted: Wanted, setting: Setting) -> Step:
    """Return what *wanted* means in this *setting*; raises ``Unusable``."""
    known = setting.people.named(wanted)
    if known is None and wanted.person_id is not None:
        raise Unusable("person", "There is no such person.", "NOT_FOUND")
    user = None if known is not None else _user_of(wanted, setting)
    if user is not None:
        known = setting.people.by_user.get(str(user.id))
    _check_texts(wanted)
    if known is None:
        return _creation(wanted, user, setting)
    _claim(setting, wanted.line, "person", str(known.pk), "The line names the same person as")
    return _change(wanted, known, setting)


def _user_of(wanted: Wanted, setting: Setting) -> ShopUser | None:
    """Return the shop's user who is meant; staff is nobody's to enroll by a roster."""
    by_reference = setting.references.get(wanted.external_id) if wanted.external_id else None
    by_email = setting.users.get(wanted.email.lower()) if wanted.email else None
    if by_reference is not None and by_email is not None and by_reference.id != by_email.id:
        raise Unusable("email", "External id and e-mail address are those of two customers.")
    user = by_reference or by_email
    if user is not None and user.is_staff:
        raise Unusable("email", "This is the address of a staff account, which stays as it is.")
    if user is not None and str(user.id) in setting.elsewhere:
        raise Unusable("email", "They take part in one of the programs already, from elsewhere.")
    return user


def _check_texts(wanted: Wanted) -> None:
    for name in TEXTS:
        value = getattr(wanted, name)
        if value is None:
            continue
        longest = LONGEST.get(name, LONGEST_TEXT)
        if len(value) > longest:
            raise Unusable(name, f"This takes up to {longest} characters.")
        if CONTROL.search(value):
            raise Unusable(name, "This has characters that can't be kept.")
        if SPREADSHEET_ERROR.fullmatch(value):
            raise Unusable(name, "This is a spreadsheet's error.")
    if wanted.email:
        try:
            validate_email(wanted.email)
        except ValidationError:
            raise Unusable("email", f"“{wanted.email[:100]}” is no e-mail address.") from None


def _creation(wanted: Wanted, user: ShopUser | None, setting: Setting) -> Step:
    email = wanted.email or (user.email if user else "")
    if not email:
        raise Unusable("email", "Somebody new needs an e-mail address.")
    texts = {name: getattr(wanted, name) or "" for name in TEXTS}
    texts["email"] = email.lower()
    texts["user_name"] = wanted.user_name or texts["email"]
    _claim_names(setting, wanted.line, texts, None)
    if user is not None:
        # By their external reference on one line, and by their address on another.
        _claim(setting, wanted.line, "user", str(user.id), "The same customer is meant by")
    values: dict[str, Any] = {name: text for name, text in texts.items() if text}
    _place(wanted, None, values, setting)
    values.setdefault("account", setting.departments.root.account_id)
    if "new_department" in values:
        del values["account"]
    if wanted.manager:
        _manage(wanted, None, values, setting)
    if wanted.attributes:
        values["attributes"] = wanted.attributes
    values["is_active"] = wanted.is_active is not False
    return Step(
        line=wanted.line,
        action=Action.CREATE,
        user_id=user.id if user else None,
        values=values,
        effective_at=wanted.effective_at,
    )


def _change(wanted: Wanted, known: Known, setting: Setting) -> Step:
    values: dict[str, Any] = {}
    for name in TEXTS:
        value = getattr(wanted, name)
        if value is None or (name == "department" and setting.places):
            continue
        value = value.lower() if name == "email" else value
        if name in {"email", "user_name"} and not value:
            continue
        if value != known.text(name):
            values[name] = value
    if "email" in values and "user_name" not in values:
        if known.user_name == known.email and not setting.follows_text:
            values["user_name"] = values["email"]  # it was the address and nothing else
        _check_new_email(values["email"], known, setting)
    _claim_names(setting, wanted.line, values, known)
    _place(wanted, known, values, setting)
    if wanted.manager is not None:
        _manage(wanted, known, values, setting)
    if wanted.attributes is not None and wanted.attributes != known.attributes:
        values["attributes"] = wanted.attributes
    if wanted.is_active is not None and wanted.is_active != known.is_active:
        values["is_active"] = wanted.is_active
    _drop_what_is_planned(wanted, known, values, setting)
    return Step(
        line=wanted.line,
        action=_action(values),
        person_id=known.pk,
        version=known.version,
        values=values,
        before={name: _of(known, name) for name in values if name != "manager_line"},
        effective_at=wanted.effective_at if _is_dated(values) else None,
    )


def _check_new_email(email: str, known: Known, setting: Setting) -> None:
    user = setting.users.get(email)
    if user is not None and user.is_staff:
        raise Unusable("email", "This is the address of a staff account, which stays as it is.")
    if user is not None and known.owns_user and str(user.id) != known.user_reference:
        raise Unusable("email", "Another customer has this address.", "UNIQUE")


def _place(wanted: Wanted, known: Known | None, values: dict[str, Any], setting: Setting) -> None:
    """Find where somebody belongs; what they have said of it stays as they have said it."""
    if wanted.account_id is not None:
        department = setting.departments.by_id.get(wanted.account_id)
        if department is None:
            raise Unusable("account", "There is no such department.", "NOT_FOUND")
        if known is None or known.account_id != department.account_id:
            values["account"] = department.account_id
            if setting.places and wanted.department is None:
                values["department"] = department.name
        return
    text = wanted.department
    if not text or not setting.places:
        return
    if known is not None and setting.follows_text and text == known.department:
        return
    _place_by_name(text, known, values, setting)


def _place_by_name(
    text: str, known: Known | None, values: dict[str, Any], setting: Setting
) -> None:
    try:
        department = setting.departments.find(text)
        if department is None:
            check_name(text)
    except InvalidInput as problem:
        raise Unusable("department", problem.message) from problem
    if department is None:
        if not setting.creates_departments:
            raise Unusable("department", f"“{text[:100]}” is no department of this roster.")
        values["new_department"] = text
        values["department"] = text
    elif known is None or known.account_id != department.account_id:
        values["account"] = department.account_id
        values["department"] = text
    elif setting.follows_text and known.department != text:
        values["department"] = text


def _manage(wanted: Wanted, known: Known | None, values: dict[str, Any], setting: Setting) -> None:
    name = wanted.manager or ""
    if not name:
        if known is not None and known.manager_id is not None:
            values["manager"] = None
        return
    manager = setting.people.manager(name)
    if manager is not None:
        if known is not None and manager.pk == known.pk:
            raise Unusable("manager", "Nobody is their own manager.")
        if known is None or known.manager_id != manager.pk:
            values["manager"] = manager.pk
        return
    line = setting.new_lines.get(name.lower())
    if line is None:
        raise Unusable("manager", f"“{name[:100]}” is nobody in this roster or file.")
    if line == wanted.line:
        raise Unusable("manager", "Nobody is their own manager.")
    values["manager_line"] = line


def _drop_what_is_planned(
    wanted: Wanted, known: Known, values: dict[str, Any], setting: Setting
) -> None:
    """Leave out what is to happen at that very instant anyway."""
    due = wanted.effective_at
    if due is None or due <= setting.at:
        return
    pending = setting.pending.get(known.pk, frozenset())
    if "account" in values and (PlannedChange.Kind.MOVE, values["account"], due) in pending:
        del values["account"]
        values.pop("department", None)
    if "is_active" in values:
        kind = PlannedChange.Kind.RETURN if values["is_active"] else PlannedChange.Kind.LEAVE
        if (kind, None, due) in pending:
            del values["is_active"]


def _claim_names(
    setting: Setting, line: int, texts: Mapping[str, str], known: Known | None
) -> None:
    """Let nobody have a name that is somebody else's, now or by another line."""
    held = {
        "external_id": setting.people.by_external_id,
        "email": setting.people.by_email,
        "user_name": setting.people.by_user_name,
    }
    for name, holders in held.items():
        text = texts.get(name, "")
        if not text:
            continue
        folded = text if name == "external_id" else text.lower()
        holder = holders.get(folded)
        if holder is not None and (known is None or holder.pk != known.pk):
            raise Unusable(name, f"“{text[:100]}” is another person's.", "UNIQUE")
        _claim(setting, line, name, folded, f"“{text[:100]}” stands in the file before, on")


def _claim(setting: Setting, line: int, name: str, text: str, problem: str) -> None:
    first = setting.claimed.setdefault(name, {}).setdefault(text, line)
    if first != line:
        raise Unusable(name, f"{problem} line {first}.", "UNIQUE")


def _action(values: Mapping[str, Any]) -> str:
    if "is_active" in values:
        return Action.RETURN if values["is_active"] else Action.LEAVE
    if "account" in values or "new_department" in values:
        return Action.MOVE
    return Action.UPDATE if values else Action.UNCHANGED


def _is_dated(values: Mapping[str, Any]) -> bool:
    return not {"is_active", "account", "new_department"}.isdisjoint(values)


def _of(known: Known, name: str) -> Any:
    if name in TEXTS:
        return known.text(name)
    if name in {"account", "new_department"}:
        return known.account_id
    return {
        "is_active": known.is_active,
        "manager": known.manager_id,
        "attributes": dict(known.attributes or {}),
    }[name]
