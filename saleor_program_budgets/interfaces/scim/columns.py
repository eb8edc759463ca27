"""What SCIM's attributes are in the database, and how each kind compares."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol
from uuid import UUID

from django.db.models import BooleanField, Case, F, Func, JSONField, Q, TextField, Value, When
from django.db.models.expressions import Combinable
from django.db.models.fields.json import KeyTextTransform, KeyTransform
from django.db.models.functions import Cast, Coalesce, JSONObject, Lower
from django.db.models.lookups import (
    Contains,
    EndsWith,
    Exact,
    GreaterThan,
    GreaterThanOrEqual,
    LessThan,
    LessThanOrEqual,
    StartsWith,
)
from scim2_models.path import CompareOperator

from saleor_program_budgets.interfaces.scim.mapping import ENTERPRISE
from saleor_program_budgets.interfaces.scim.schemas import GROUP, USER
from saleor_program_budgets.models import Roster

if TYPE_CHECKING:
    from collections.abc import Mapping

NONE = Q(pk__in=[])
ALL = ~NONE
_LOOKUPS: dict[CompareOperator, Any] = {
    CompareOperator.eq: Exact,
    CompareOperator.co: Contains,
    CompareOperator.sw: StartsWith,
    CompareOperator.ew: EndsWith,
    CompareOperator.gt: GreaterThan,
    CompareOperator.ge: GreaterThanOrEqual,
    CompareOperator.lt: LessThan,
    CompareOperator.le: LessThanOrEqual,
}
_ORDERING = frozenset(["gt", "ge", "lt", "le"])
_PARTIAL = frozenset(["co", "sw", "ew"])


class Unfit(Exception):
    """The operator has no meaning for the attribute."""


class Column(Protocol):
    """An attribute that has one value, or none."""

    def compare(self, op: CompareOperator, value: Any) -> Q:
        """Return the condition; *op* is any but ``ne``. Raises ``Unfit``."""
        ...

    def present(self) -> Q:
        """Return the condition that there is a value."""
        ...

    def order(self) -> list[Combinable]:
        """Return what to sort by in ascending order, those without a value last."""
        ...


@dataclass(frozen=True)
class Text:
    """A text; an empty one is none."""

    expression: Combinable
    is_exact: bool = False

    def compare(self, op: CompareOperator, value: Any) -> Q:
        """Compare as text, without its case unless the attribute is exact."""
        if value is None:
            return ~self.present() if op == CompareOperator.eq else NONE
        if not isinstance(value, str) or "\x00" in value:
            return NONE
        found = Q(_LOOKUPS[op](self._folded(), value if self.is_exact else value.lower()))
        return found & self.present() if op in _ORDERING | _PARTIAL else found

    def present(self) -> Q:
        """Say whether it isn't empty."""
        return ~Q(Exact(self.expression, ""))

    def order(self) -> list[Combinable]:
        """Sort as it is compared."""
        return [Case(When(self.present(), then=0), default=1), self._folded()]

    def _folded(self) -> Any:
        return self.expression if self.is_exact else Lower(self.expression)


@dataclass(frozen=True)
class Key:
    """An id, found by its index when it is compared as a whole."""

    name: str

    def compare(self, op: CompareOperator, value: Any) -> Q:
        """Compare as the text that an id is written as."""
        if op != CompareOperator.eq:
            return self._text().compare(op, value)
        try:
            key = UUID(value)
        except (TypeError, ValueError, AttributeError):
            return ~self.present() if value is None else NONE
        # Said twice for those who have none: so they are among those whose id is another.
        return self.present() & Q(**{self.name: key}) if str(key) == value else NONE

    def present(self) -> Q:
        """Say whether there is one."""
        return Q(**{f"{self.name}__isnull": False})

    def order(self) -> list[Combinable]:
        """Sort as text."""
        return self._text().order()

    def _text(self) -> Text:
        text = Cast(F(self.name), TextField())
        return Text(Coalesce(text, Value(""), output_field=TextField()), is_exact=True)


@dataclass(frozen=True)
class Flag:
    """Yes or no, never neither."""

    name: str

    def compare(self, op: CompareOperator, value: Any) -> Q:
        """Compare; the library has refused all operators but ``eq``."""
        return Q(**{self.name: value}) if isinstance(value, bool) else NONE

    def present(self) -> Q:
        """There is always one."""
        return ALL

    def order(self) -> list[Combinable]:
        """Sort no before yes."""
        return [F(self.name)]


@dataclass(frozen=True)
class Instant:
    """A point in time, always there."""

    expression: Combinable

    def compare(self, op: CompareOperator, value: Any) -> Q:
        """Compare; raises ``Unfit`` for parts of it."""
        if op in _PARTIAL:
            raise Unfit
        if not isinstance(value, datetime):
            return NONE
        instant = value if value.tzinfo else value.replace(tzinfo=UTC)
        return Q(_LOOKUPS[op](self.expression, instant))

    def present(self) -> Q:
        """There is always one."""
        return ALL

    def order(self) -> list[Combinable]:
        """Sort the earliest first."""
        return [self.expression]


@dataclass(frozen=True)
class Constant:
    """A value that is the same for all."""

    value: str | bool
    is_exact: bool = False

    def compare(self, op: CompareOperator, value: Any) -> Q:
        """Compare in Python."""
        if value is None:
            return NONE
        own, other = str(self.value), str(value)
        if not self.is_exact:
            own, other = own.lower(), other.lower()  # Entra writes "True"
        holds = {
            "eq": own == other,
            "co": other in own,
            "sw": own.startswith(other),
            "ew": own.endswith(other),
            "gt": own > other,
            "ge": own >= other,
            "lt": own < other,
            "le": own <= other,
        }
        return ALL if holds[op.value] else NONE

    def present(self) -> Q:
        """There is always one."""
        return ALL

    def order(self) -> list[Combinable]:
        """Sort by nothing."""
        return []


@dataclass(frozen=True)
class JsonList:
    """Values kept as they were said, in a list of objects."""

    name: str


@dataclass(frozen=True)
class Row:
    """Values that are rows, or one that may be missing: their parts, and when there are any."""

    parts: Mapping[str, Column]
    exists: Q = ALL


@dataclass(frozen=True)
class Table:
    """A resource type: its attributes by URN, those with several values apart."""

    columns: Mapping[str, Column]
    several: Mapping[str, JsonList | Row | Emails | Members] = field(default_factory=dict)
    sorts: Mapping[str, Column] = field(default_factory=dict)


@dataclass(frozen=True)
class Emails:
    """The addresses that were said if the person's is among them; else the person's alone."""

    said: JsonList
    own: Row
    is_said: Q


@dataclass(frozen=True)
class Members:
    """The people who belong to a department itself."""

    roster: Roster
    parts: Mapping[str, Column]


class _JsonPathExists(Func):
    function = "jsonb_path_exists"


def json_path_exists(target: Any, path: str, *values: Any) -> Any:
    """Return whether a JSON path finds something in *target*."""
    literal = Func(Value(path), template="(%(expressions)s)::jsonpath", output_field=TextField())
    found = _JsonPathExists(target, literal, *values, output_field=BooleanField())
    return Coalesce(found, Value(False), output_field=BooleanField())


def user_table(roster: Roster) -> Table:
    """Return where the attributes of a roster's users are."""
    core = f"urn:ietf:params:scim:schemas:core:2.0:{USER}:"
    columns: dict[str, Column] = {
        f"{core}id": Key("key"),
        f"{core}externalId": Text(F("external_id"), is_exact=True),
        f"{core}userName": Text(F("user_name")),
        f"{core}name.givenName": Text(F("first_name")),
        f"{core}name.familyName": Text(F("last_name")),
        f"{core}title": Text(F("title")),
        f"{core}active": Flag("is_active"),
        **_meta(core, USER, F("changed_at")),
        f"{ENTERPRISE}:employeeNumber": Text(F("employee_number")),
        f"{ENTERPRISE}:costCenter": Text(F("cost_center")),
        f"{ENTERPRISE}:department": Text(_department(roster)),
        f"{ENTERPRISE}:manager": Key("present_manager"),  # as Entra asks
        f"{ENTERPRISE}:manager.value": Key("present_manager"),
    }
    columns |= {f"{core}{name}": Text(_said(name)) for name in _SAID}
    columns |= {f"{core}name.{name}": Text(_said("name", name)) for name in _SAID_OF_NAME}
    columns |= {f"{ENTERPRISE}:{name}": Text(_said(ENTERPRISE, name)) for name in _SAID_OF_WORK}
    groups = Row(
        {
            "value": Key("account__key"),
            "display": Text(F("account__name")),
            "type": Constant("direct"),
        },
        ~Q(account_id=roster.account_id),
    )
    several = {f"{core}{name}": JsonList(name) for name in _LISTS}
    return Table(
        columns,
        {**several, f"{core}groups": groups, f"{core}emails": _emails()},
        {f"{core}emails.value": Text(F("email"))},
    )


def group_table(roster: Roster) -> Table:
    """Return where the attributes of a roster's groups are."""
    core = f"urn:ietf:params:scim:schemas:core:2.0:{GROUP}:"
    return Table(
        {
            f"{core}id": Key("key"),
            f"{core}externalId": Text(F("external_id"), is_exact=True),
            f"{core}displayName": Text(F("name")),
            **_meta(core, GROUP, Coalesce(F("changed_at"), F("created_at"))),
        },
        {f"{core}members": Members(roster, {"value": Key("key"), "type": Constant(USER)})},
    )


_SAID = (
    *("displayName", "nickName", "profileUrl", "userType", "preferredLanguage"),
    *("locale", "timezone"),
)
_SAID_OF_NAME = ("formatted", "middleName", "honorificPrefix", "honorificSuffix")
_SAID_OF_WORK = ("organization", "division")
_LISTS = ("phoneNumbers", "ims", "photos", "addresses", "entitlements", "roles")


def _meta(core: str, kind: str, changed_at: Combinable) -> dict[str, Column]:
    return {
        f"{core}meta.resourceType": Constant(kind, is_exact=True),
        f"{core}meta.created": Instant(F("created_at")),
        f"{core}meta.lastModified": Instant(changed_at),
    }


def _said(*path: str) -> Any:
    *above, name = path
    source: Any = "attributes"
    for step in above:
        source = KeyTransform(step, source)
    return Coalesce(KeyTextTransform(name, source), Value(""), output_field=TextField())


def _department(roster: Roster) -> Any:
    if roster.placed_by != Roster.PlacedBy.DEPARTMENT:
        return F("department")
    is_root = When(account_id=roster.account_id, then=Value(""))
    return Case(is_root, default=F("department"), output_field=TextField())


def _emails() -> Emails:
    said = KeyTransform("emails", "attributes")
    lowered = Cast(Lower(Cast(said, TextField())), JSONField())
    own = JSONObject(email=Lower("email"))
    parts: dict[str, Column] = {
        "value": Text(F("email")),
        "type": Constant("work"),
        "primary": Constant(True),
    }
    is_said = Q(json_path_exists(lowered, "$[*] ? (@.value == $email)", own))
    return Emails(JsonList("emails"), Row(parts), is_said)
