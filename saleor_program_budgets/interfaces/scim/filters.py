"""SCIM filters and orders as conditions and orders of the database.

``present_manager`` is an annotation: the manager's id, if that person is still there.
"""

from __future__ import annotations

import json
from functools import reduce
from operator import and_, or_
from typing import TYPE_CHECKING, Any

from django.db.models import Exists, OuterRef, Q
from scim2_models import InvalidFilterException, InvalidPathException, ScimFilter
from scim2_models.path import (
    AttrPath,
    CompareOperator,
    Comparison,
    FilterNode,
    FilterVisitor,
    LogicalExpr,
    LogicalOperator,
    Not,
    Present,
    ValuePath,
    coerce_value,
)

from saleor_program_budgets.interfaces.scim.columns import (
    ALL,
    NONE,
    Emails,
    JsonList,
    Members,
    Row,
    Table,
    Unfit,
    json_path_exists,
)
from saleor_program_budgets.roster.people import people_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.db.models.expressions import Combinable
    from scim2_models import AttributeBinding, SearchRequest

    from saleor_program_budgets.interfaces.scim.columns import Column

_ANY = Present(AttrPath("value"))
"""Stands for no condition on the values of an attribute but that there is one."""


def condition(scim_filter: Any, model: Any, table: Table) -> Q:
    """Return *scim_filter* as a condition on the rows of *table*, whose resources are *model*'s.

    What *model* doesn't have matches nothing (RFC 7644 §3.4.2.1). Raises
    ``InvalidFilterException``, naming the attribute, for what the database can't be asked.
    """
    bound: Any = ScimFilter[model](str(scim_filter))
    return _Conditions(bound, table).visit(bound.ast)


def ordering(search: SearchRequest[Any], model: Any, table: Table) -> list[Any]:
    """Return what to sort by; without a wish, or equal, by age.

    Raises ``InvalidPathException`` for what the database can't be asked.
    """
    if search.sort_by is None:
        return ["pk"]
    binding = search.sort_binding(model)
    urn = binding.urn if binding else ""
    column = table.columns.get(urn) or table.sorts.get(urn)
    if column is None:
        raise InvalidPathException(
            path=str(search.sort_by), detail=f"Sorting by {str(search.sort_by)!r} isn't offered."
        )
    is_descending = search.sort_order == search.SortOrder.descending
    return [*(_directed(part, is_descending) for part in column.order()), "pk"]


def _directed(expression: Combinable, is_descending: bool) -> Any:
    sortable: Any = expression
    return sortable.desc() if is_descending else sortable.asc()


def _unsupported(attribute: str) -> InvalidFilterException:
    return InvalidFilterException(detail=f"Filtering by {attribute!r} this way isn't offered.")


def _joined(op: LogicalOperator, terms: list[Q]) -> Q:
    return reduce(and_ if op == LogicalOperator.and_ else or_, terms)


def _compared(column: Column | None, node: Comparison, value: Any, name: str) -> Q:
    """Return one comparison; what isn't equal is all the rest (RFC 7644 §3.4.2.2)."""
    if column is None:
        raise _unsupported(name)
    try:
        if node.op == CompareOperator.ne:
            return ~column.compare(CompareOperator.eq, value)
        return column.compare(node.op, value)
    except Unfit as problem:
        raise _unsupported(name) from problem


class _Logic(FilterVisitor[Q]):
    def visit_not(self, node: Not) -> Q:
        return ~self.visit(node.expr)

    def visit_logical_expr(self, node: LogicalExpr) -> Q:
        return _joined(node.op, [self.visit(term) for term in node.terms])


class _Conditions(_Logic):
    """Conditions on the resources themselves."""

    def __init__(self, scim_filter: Any, table: Table) -> None:
        self.filter = scim_filter
        self.table = table

    def visit_comparison(self, node: Comparison) -> Q:
        """Compare an attribute; of several values one has to fit, or none for ``ne``."""
        binding = self.filter.resolve_comparison(node.attr_path, strict=False)
        if binding is None:
            return NONE
        if not binding.is_multivalued:
            value = coerce_value(binding, node.value, node.op)
            return _compared(self.table.columns.get(binding.urn), node, value, binding.urn)
        if binding.sub_field_name is None:
            raise _unsupported(binding.urn)
        part = AttrPath(_part_name(binding))
        if node.op == CompareOperator.ne:
            return ~self._any(binding, Comparison(part, CompareOperator.eq, node.value))
        return self._any(binding, Comparison(part, node.op, node.value))

    def visit_present(self, node: Present) -> Q:
        """Say whether there is a value, or a value of one of the parts."""
        binding = self.filter.resolve(node.attr_path, strict=False)
        if binding is None:
            return NONE
        if binding.is_multivalued:
            if binding.sub_field_name is None:
                return self._any(binding, _ANY)
            return self._any(binding, Present(AttrPath(_part_name(binding))))
        column = self.table.columns.get(binding.urn)
        parts = [
            part.present()
            for urn, part in self.table.columns.items()
            if column is part or urn.startswith(f"{binding.urn}.")
        ]
        if not parts:
            raise _unsupported(binding.urn)
        return reduce(or_, parts)

    def visit_value_path(self, node: ValuePath) -> Q:
        """Say whether one of several values fits in all that is asked."""
        binding = self.filter.resolve(node.attr_path, strict=False)
        return NONE if binding is None else self._any(binding, node.val_filter)

    def _any(self, binding: AttributeBinding, inner: FilterNode) -> Q:
        urn = binding.urn.removesuffix(f".{_part_name(binding)}")
        several = self.table.several.get(urn)
        if several is None:
            raise _unsupported(urn)
        if isinstance(several, JsonList):
            return _any_said(several, inner, binding.field_type, urn)
        if isinstance(several, Emails):
            said = _any_said(several.said, inner, binding.field_type, urn)
            return (several.is_said & said) | (~several.is_said & _any_row(several.own, inner, urn))
        if isinstance(several, Members):
            return _any_member(several, inner, urn)
        return _any_row(several, inner, urn)


def _part_name(binding: AttributeBinding) -> str:
    """Return how the bound part of a complex attribute is called in SCIM."""
    return binding.urn.rpartition(".")[2] if binding.sub_field_name else ""


def _any_row(row: Row, inner: FilterNode, urn: str) -> Q:
    return row.exists & _Parts(row.parts, urn).visit(inner)


def _any_member(members: Members, inner: FilterNode, urn: str) -> Q:
    found = people_of(members.roster).filter(account=OuterRef("pk"))
    return Q(Exists(found.filter(_Parts(members.parts, urn).visit(inner))))


class _Parts(_Logic):
    """Conditions on one value of several, whose parts are columns."""

    def __init__(self, parts: Mapping[str, Column], urn: str) -> None:
        self.parts = parts
        self.urn = urn

    def visit_comparison(self, node: Comparison) -> Q:
        name = node.attr_path.attr.lower()
        return _compared(self.parts.get(name), node, node.value, f"{self.urn}.{name}")

    def visit_present(self, node: Present) -> Q:
        if node is _ANY:
            return ALL
        part = self.parts.get(node.attr_path.attr.lower())
        return NONE if part is None else part.present()

    def visit_value_path(self, node: ValuePath) -> Q:
        raise _unsupported(self.urn)


# Values in JSON --------------------------------------------------------------------------------


def _any_said(said: JsonList, inner: FilterNode, model: Any, urn: str) -> Q:
    predicate = _JsonPredicates(model, urn).visit(inner)
    return Q(json_path_exists("attributes", f'$."{said.name}"[*] ? ({predicate})'))


class _JsonPredicates(FilterVisitor[str]):
    """Conditions on one value of several, in the language of PostgreSQL's JSON paths."""

    def __init__(self, model: Any, urn: str) -> None:
        self.urn = urn
        self.names = {
            alias.lower(): (alias, model.get_field_root_type(name))
            for name, info in model.model_fields.items()
            for alias in [info.serialization_alias or name]
        }

    def visit_comparison(self, node: Comparison) -> str:
        """Compare a part, without its case; raises for order among texts."""
        name, kind = self._part(node.attr_path)
        part = f'@."{name}"'
        if node.value is None:
            exists = f"exists({part})"
            return {"eq": f"!({exists})", "ne": exists}.get(node.op.value, "1 == 2")
        if kind is bool:
            flag = str(node.value).lower()
            if node.op not in {CompareOperator.eq, CompareOperator.ne} or flag not in _FLAGS:
                raise _unsupported(f"{self.urn}.{name}")
            holds = f"{part} == {flag}"
        else:
            pattern = _PATTERNS.get(node.op)
            if pattern is None or kind is bytes:
                raise _unsupported(f"{self.urn}.{name}")
            text = str(node.value)
            if "\x00" in text:
                return "1 == 2"
            written = json.dumps(pattern.format(_quoted(text)), ensure_ascii=False)
            holds = f'{part} like_regex {written} flag "i"'
        return f"!({holds})" if node.op == CompareOperator.ne else f"({holds})"

    def visit_present(self, node: Present) -> str:
        if node is _ANY:
            return "1 == 1"
        name, _ = self._part(node.attr_path)
        return f'exists(@."{name}" ? (@ != ""))'

    def visit_not(self, node: Not) -> str:
        return f"!({self.visit(node.expr)})"

    def visit_logical_expr(self, node: LogicalExpr) -> str:
        joiner = " && " if node.op == LogicalOperator.and_ else " || "
        return "(" + joiner.join(self.visit(term) for term in node.terms) + ")"

    def visit_value_path(self, node: ValuePath) -> str:
        raise _unsupported(self.urn)

    def _part(self, path: AttrPath) -> tuple[str, Any]:
        found = self.names.get(path.attr.lower())
        if found is None:
            raise _unsupported(f"{self.urn}.{path.attr}")
        return found


_FLAGS = frozenset({"true", "false"})
_PATTERNS = {
    CompareOperator.eq: "^{}$",
    CompareOperator.ne: "^{}$",
    CompareOperator.co: "{}",
    CompareOperator.sw: "^{}",
    CompareOperator.ew: "{}$",
}


def _quoted(text: str) -> str:
    """Return a regular expression that is *text* and nothing else."""
    return "".join(f"\\{letter}" if letter in r"\^$.|?*+()[]{}" else letter for letter in text)
