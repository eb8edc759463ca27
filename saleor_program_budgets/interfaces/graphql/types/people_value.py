"""Values of people that changed or would change, as people read them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import graphene
from graphene.utils.str_converters import to_camel_case
from promise import Promise
from saleor.graphql.core.types import BaseObjectType

from saleor_program_budgets.interfaces.graphql.common import DOC_CATEGORY
from saleor_program_budgets.interfaces.graphql.loaders import AccountByIdLoader
from saleor_program_budgets.interfaces.graphql.people import PersonByIdLoader

if TYPE_CHECKING:
    from collections.abc import Mapping

SHOWN_AS = {"new_department": "account", "manager_line": "manager"}
"""What the core keeps under a name of its own, since it isn't there yet."""


class ProgramBudgetPeopleValue(BaseObjectType):
    """A value that changed, or would change."""

    field = graphene.String(
        required=True, description="Which value, as the fields of a person are named."
    )
    before = graphene.String(description="What it was; null if there was none.")
    after = graphene.String(description="What it is then; null if there is none.")

    class Meta:
        description = (
            "A value of a person that changed, or would change, as text: an account by its name, a "
            "manager by e-mail address."
        )
        doc_category = DOC_CATEGORY


def values_of(before: Mapping[str, Any], after: Mapping[str, Any], info: Any) -> Promise:
    """Return what changed from *before* to *after*, by name; accounts and managers are loaded."""
    names = list(dict.fromkeys([*before, *after]))
    texts = [_text(name, each.get(name), info) for name in names for each in (before, after)]

    def as_types(found: list[str | None]) -> list[ProgramBudgetPeopleValue]:
        return [
            ProgramBudgetPeopleValue(
                field=to_camel_case(SHOWN_AS.get(name, name)),
                before=found[2 * index],
                after=found[2 * index + 1],
            )
            for index, name in enumerate(names)
        ]

    return Promise.all(texts).then(as_types)


def _text(name: str, value: Any, info: Any) -> Any:
    """Return a value as text, or the promise of it."""
    if value is None or value == "":
        return None
    if name == "manager_line":
        return f"line {value}"
    if isinstance(value, bool):
        return "true" if value else "false"
    if name in {"account", "new_department"} and isinstance(value, int):
        account = AccountByIdLoader(info.context).load(value)
        return account.then(lambda found: found.name if found else None)
    if name == "manager" and isinstance(value, int):
        manager = PersonByIdLoader(info.context).load(value)
        return manager.then(lambda found: found.email if found else None)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
