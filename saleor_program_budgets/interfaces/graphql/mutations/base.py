"""What the mutations share: finding rows by global id, checking texts and keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

from django.core.exceptions import ValidationError
from django.core.validators import validate_slug
from django.utils.text import slugify
from graphql import GraphQLError
from saleor.graphql.core.mutations import MISSING_NODE_ERROR_MESSAGE_PREFIX, BaseMutation

from saleor_program_budgets.interfaces.graphql.common import node_or_none
from saleor_program_budgets.interfaces.graphql.errors import field_error
from saleor_program_budgets.programs import lists

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.db.models import QuerySet

LONGEST_NAME = 250
LONGEST_REASON = 500
LONGEST_KEY = 128


class BudgetMutation(BaseMutation):
    """A mutation of this extension. Its body translates, makes one domain call, translates."""

    class Meta:
        abstract = True

    @classmethod
    def find(
        cls, queryset: QuerySet[Any], global_id: str, graphene_type: Any, *, field: str = "id"
    ) -> Any:
        """Return the row; raises a field error in Saleor's words when there is none."""
        try:
            row = node_or_none(queryset, global_id, graphene_type)
        except GraphQLError as error:
            raise field_error(field, str(error), "graphql_error") from error
        if row is None:
            raise field_error(
                field, f"{MISSING_NODE_ERROR_MESSAGE_PREFIX} {global_id}", "not_found"
            )
        return row

    @classmethod
    def find_all(
        cls, queryset: QuerySet[Any], global_ids: Iterable[str], graphene_type: Any, *, field: str
    ) -> list[Any]:
        """Return the rows in one query, each once, in the order of the ids."""
        keys = {
            cls.get_global_id_or_error(global_id, only_type=graphene_type, field=field): global_id
            for global_id in global_ids
        }
        try:
            rows = {str(key): row for key, row in queryset.in_bulk(list(keys)).items()}
        except (ValueError, ValidationError):
            rows = {}
        missing = [global_id for key, global_id in keys.items() if key not in rows]
        if missing:
            names = ", ".join(missing[:5])
            raise field_error(field, f"{MISSING_NODE_ERROR_MESSAGE_PREFIX} {names}", "not_found")
        return [rows[key] for key in keys]


def checked_text(value: str | None, *, field: str, longest: int) -> str:
    """Return *value* without surrounding space; raises when it is empty or too long."""
    text = (value or "").strip()
    if not text:
        raise field_error(field, "This field can't be empty.", "required")
    if len(text) > longest:
        raise field_error(field, f"This field takes {longest} characters at most.", "invalid")
    return text


def checked_slug(given: str | None, *, name: str) -> str:
    """Return the slug given, or one made from *name*; raises when it isn't one."""
    slug = checked_text(given or slugify(name), field="slug", longest=255)
    try:
        validate_slug(slug)
    except ValidationError as error:
        raise ValidationError({"slug": error}) from error
    return slug


def list_in(info: Any, given: dict[str, Any]) -> bytes | None:
    """Return the list given as text or as a file, or ``None``."""
    text, name = given.get("csv"), given.get("file")
    if text is not None and name is not None:
        raise field_error("file", "Give the list as text or as a file, not both.", "invalid")
    if name is None:
        return None if text is None else text.encode()
    file = info.context.FILES.get(name)
    if file is None:
        raise field_error("file", "There is no such file in the request.", "not_found")
    content: bytes = file.read(lists.MOST_BYTES + 1)
    return content


def ledger_key(operation: str, given: str | None) -> str:
    """Return the ledger's key for a request: the client's, per operation, or a fresh one."""
    if given is None:
        return f"graphql:{operation}:{uuid4()}"
    key = checked_text(given, field="idempotency_key", longest=LONGEST_KEY)
    return f"graphql:{operation}:{key}"
