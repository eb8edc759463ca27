"""The changes of a group that identity systems make most: somebody in, somebody out.

They are read off the PATCH as it stands. Whatever else it may say is left to the library, which
needs the group with all its members for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from scim2_models import PatchOperation
from scim2_models.path import CompareOperator, Comparison

from saleor_program_budgets.interfaces.scim.schemas import USER

if TYPE_CHECKING:
    from collections.abc import Iterable

    from scim2_models import PatchOp

MEMBERS = "members"
_PARTS = frozenset({"value", "$ref", "type", "display"})


class Push(NamedTuple):
    """Ids of who is to be a member, and of who is not."""

    added: list[str]
    removed: list[str]


def read_push(patch_op: PatchOp[Any]) -> Push | None:
    """Return what a PATCH of a group does to its members; ``None`` if it isn't just that."""
    is_member: dict[str, bool] = {}
    for operation in patch_op.operations or []:
        keys = _keys(operation)
        if keys is None:
            return None
        is_member |= dict.fromkeys(keys, operation.op == PatchOperation.Op.add)
    return Push(
        added=[key for key, comes in is_member.items() if comes],
        removed=[key for key, comes in is_member.items() if not comes],
    )


def _keys(operation: PatchOperation[Any]) -> list[str] | None:
    path = operation.path
    if path is None or operation.op == PatchOperation.Op.replace_:
        return None
    if str(path).lower() == MEMBERS:
        return _values(operation.value)
    selects = path.value_filter
    is_one = (
        isinstance(selects, Comparison)
        and operation.op == PatchOperation.Op.remove
        and str(path).lower().startswith(f"{MEMBERS}[")
        and str(path).endswith("]")
        and (selects.attr_path.attr.lower(), selects.op) == ("value", CompareOperator.eq)
        and isinstance(selects.value, str)
    )
    return [selects.value] if is_one and isinstance(selects, Comparison) else None


def _values(members: Any) -> list[str] | None:
    listed: Iterable[Any] = members if isinstance(members, list) else [members]
    keys = [_value(member) for member in listed]
    return None if None in keys else [key for key in keys if key]


def _value(member: Any) -> str | None:
    """Return a member's id; ``None`` for one who isn't written as a user is."""
    if not isinstance(member, dict) or not _PARTS.issuperset(member):
        return None
    kind, reference, key = (member.get(name) for name in ("type", "$ref", "value"))
    is_user = (kind or USER) == USER and "/Groups/" not in str(reference)
    return key if is_user and isinstance(key, str) and key else None
