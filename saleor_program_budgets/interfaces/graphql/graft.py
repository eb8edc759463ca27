"""Puts this plugin's fields, queries and mutations into Saleor's schema, once per process.

Saleor builds its schema when ``saleor.graphql.api`` is first imported, which ``django.setup()``
doesn't do. Building it a second time would cost every process seconds and megabytes, and
importing it from ``ready()`` would make workers and management commands pay as well. So an
import hook waits for the module that defines ``build_federated_schema``, stands in front of
that function for exactly the call Saleor's own API makes, and then is gone.
"""

from __future__ import annotations

import functools
import importlib.util
import sys
from importlib.abc import Loader, MetaPathFinder
from typing import TYPE_CHECKING, Any, NamedTuple

from django.core.exceptions import ImproperlyConfigured

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType

    import graphene

API_MODULE = "saleor.graphql.api"
BUILDER_MODULE = "saleor.graphql.core.federation.schema"
BUILDER = "build_federated_schema"


class AddedField(NamedTuple):
    """One field put on a type of Saleor's: its name in Python, the field, its resolver."""

    name: str
    field: graphene.Field
    resolver: Callable[..., Any]


class Extension(NamedTuple):
    """Everything the schema gains."""

    query: type[graphene.ObjectType]
    mutation: type[graphene.ObjectType]
    fields: Mapping[type[graphene.ObjectType], Sequence[AddedField]]
    costs: Mapping[str, Mapping[str, Mapping[str, Any]]]


def install() -> None:
    """Wait for Saleor to build its schema, and extend it then. Safe to call again.

    Raises ``ImproperlyConfigured`` when the schema exists already: a store whose order-making
    mutations are not guarded must not start.
    """
    if any(isinstance(finder, _BuilderFinder) for finder in sys.meta_path):
        return
    builder_module = sys.modules.get(BUILDER_MODULE)
    if builder_module is None:
        sys.meta_path.insert(0, _BuilderFinder())
    elif API_MODULE not in sys.modules:
        _wrap_builder(builder_module)
    elif not is_grafted():
        raise ImproperlyConfigured(
            f"{API_MODULE} was imported before the apps were ready, so Program Budgets can't "
            "extend Saleor's GraphQL schema. Look for a plugin or an app that imports it early."
        )


def is_grafted() -> bool:
    """Say whether Saleor's schema, as built in this process, carries the extension."""
    schema = getattr(sys.modules.get(API_MODULE), "schema", None)
    return schema is not None and "programBudgetPrograms" in schema.get_query_type().fields


class _BuilderFinder(MetaPathFinder):
    """Finds the builder's module once, as it would be found anyway, and wraps its loader."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        del path, target
        if fullname != BUILDER_MODULE:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(fullname)
        if spec is not None and spec.loader is not None:
            spec.loader = _BuilderLoader(spec.loader)
        return spec


class _BuilderLoader(Loader):
    """Loads the builder's module with its own loader, then wraps the builder."""

    def __init__(self, own: Loader) -> None:
        self._own = own

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._own.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        module.__loader__ = self._own
        if module.__spec__ is not None:
            module.__spec__.loader = self._own
        self._own.exec_module(module)
        _wrap_builder(module)


def _wrap_builder(module: ModuleType) -> None:
    """Stand in front of the builder until Saleor's API has called it."""
    build = getattr(module, BUILDER)
    if getattr(build, "extends_with_program_budgets", False):
        return

    @functools.wraps(build)
    def build_extended(query: Any, mutation: Any, *args: Any, **kwargs: Any) -> Any:
        if query.__module__ != API_MODULE:
            return build(query, mutation, *args, **kwargs)
        if getattr(module, BUILDER) is build_extended:
            setattr(module, BUILDER, build)
        extended_query, extended_mutation = _extend(query, mutation)
        return build(extended_query, extended_mutation, *args, **kwargs)

    build_extended.extends_with_program_budgets = True  # type: ignore[attr-defined]
    setattr(module, BUILDER, build_extended)


def _extend(query: Any, mutation: Any) -> tuple[Any, Any]:
    """Return Saleor's root types with ours in front, after adding fields and costs in place."""
    from saleor.graphql.query_cost_map import COST_MAP

    from saleor_program_budgets.interfaces.graphql.schema import EXTENSION

    for saleor_type, fields in EXTENSION.fields.items():
        for name, field, resolver in fields:
            saleor_type._meta.fields[name] = field
            setattr(saleor_type, f"resolve_{name}", staticmethod(resolver))
    for type_name, costs in EXTENSION.costs.items():
        COST_MAP.setdefault(type_name, {}).update(costs)
    return (
        type("Query", (EXTENSION.query, query), {}),
        type("Mutation", (EXTENSION.mutation, mutation), {}),
    )
