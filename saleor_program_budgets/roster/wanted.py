"""What somebody says of a person, and by whom it is said."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from saleor_program_budgets.errors import BudgetError, InvalidInput

if TYPE_CHECKING:
    from datetime import datetime

    from saleor_program_budgets.ledger import Actor
    from saleor_program_budgets.models import Source


@dataclass(frozen=True, slots=True)
class Origin:
    """Through what a change comes, and by whom: a file's id, a token's id, a member of staff."""

    source: Source
    actor: Actor
    reference: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """How a person is to be; ``None`` leaves a value as it is.

    Who is meant is said by ``person_id``, or else by external id, then by e-mail, then by user
    name. ``department`` names an account of the roster, by its external id, its name or a path
    of names (``Sales / North``); ``account_id`` names it directly. ``manager`` is another person's
    external id, e-mail address or key, and empty for none. What lies ahead at ``effective_at``,
    where somebody belongs and whether they are active, happens then.
    """

    line: int = 0
    person_id: int | None = None
    external_id: str | None = None
    email: str | None = None
    user_name: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    title: str | None = None
    employee_number: str | None = None
    cost_center: str | None = None
    department: str | None = None
    account_id: int | None = None
    manager: str | None = None
    attributes: dict[str, Any] | None = None
    is_active: bool | None = None
    effective_at: datetime | None = None


class Taken(InvalidInput):
    """A name that is to be one person's alone is another's of the same roster."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(field, message, code="UNIQUE")


class Changed(BudgetError):
    """The person isn't as the caller knew them any more; look again."""
