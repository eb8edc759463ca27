"""Fields whose resolvers would otherwise be written out dozens of times."""

from __future__ import annotations

from operator import attrgetter
from typing import Any

import graphene
from saleor.graphql.core.types import Money

from saleor_program_budgets.interfaces.graphql.common import minor_to_money, to_global_id


def money_field(
    attribute: str, description: str, *, unit: str = "unit", required: bool = True
) -> graphene.Field:
    """Return a money field over a column of minor units; *unit* is the path to the currency."""
    minor, currency = attrgetter(attribute), attrgetter(unit)

    def resolve(root: Any, _info: Any) -> Any:
        return minor_to_money(minor(root), currency(root))

    return graphene.Field(Money, required=required, description=description, resolver=resolve)


def linked_field(
    type_: Any, loader: Any, key: str, description: str, *, required: bool = False
) -> graphene.Field:
    """Return a field that loads the object whose key stands under the path *key*, if any."""
    *path, name = key.split(".")

    def resolve(root: Any, info: Any) -> Any:
        owner = attrgetter(".".join(path))(root) if path else root
        found = None if owner is None else getattr(owner, name)
        return None if found is None else loader(info.context).load(found)

    return graphene.Field(type_, required=required, description=description, resolver=resolve)


def linked_list_field(type_: Any, loader: Any, description: str) -> graphene.Field:
    """Return a list field that is loaded by the root's own key."""

    def resolve(root: Any, info: Any) -> Any:
        return loader(info.context).load(root.pk)

    return graphene.Field(type_, required=True, description=description, resolver=resolve)


def global_id_field(type_name: str, key: str, description: str) -> graphene.Field:
    """Return the global id of an object of Saleor's that is named by opaque id."""
    find_key = attrgetter(key)

    def resolve(root: Any, _info: Any) -> str | None:
        return to_global_id(type_name, find_key(root))

    return graphene.Field(graphene.ID, description=description, resolver=resolve)


def read_field(type_: Any, path: str, description: str) -> graphene.Field:
    """Return a required field that reads the value under *path*."""
    read = attrgetter(path)

    def resolve(root: Any, _info: Any) -> Any:
        return read(root)

    return graphene.Field(type_, required=True, description=description, resolver=resolve)
