"""What the roster refuses, as SCIM errors: one table."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from scim2_models import (
    InvalidValueException,
    NotFoundException,
    PreconditionFailedException,
    SCIMException,
    UniquenessException,
)

from saleor_program_budgets.errors import BudgetError, InvalidInput, NotFound
from saleor_program_budgets.programs.jobs import AlreadyRunning
from saleor_program_budgets.roster.wanted import Changed, Taken

if TYPE_CHECKING:
    from collections.abc import Iterator


class Busy(SCIMException):
    """What was asked for is under way already; to be asked for again (503)."""

    status = 503
    _default_detail = "This is being worked on already. Try again in a few seconds."


FAILURES: tuple[tuple[type[BudgetError], type[SCIMException]], ...] = (
    (AlreadyRunning, Busy),
    (Taken, UniquenessException),
    (NotFound, InvalidValueException),  # something named in the body: the resource was found
    (InvalidInput, InvalidValueException),
    (Changed, PreconditionFailedException),
)
"""The first that fits counts."""

ATTRIBUTES = {
    "user_name": "userName",
    "external_id": "externalId",
    "email": "emails",
    "first_name": "name.givenName",
    "last_name": "name.familyName",
    "employee_number": "employeeNumber",
    "cost_center": "costCenter",
    "is_active": "active",
}
"""What SCIM calls a value, where the roster calls it otherwise."""


@contextmanager
def translated(**names: str) -> Iterator[None]:
    """Raise what the roster refuses as the SCIM error that it is.

    *names* are what SCIM calls the values here, beyond the usual names.
    """
    try:
        yield
    except BudgetError as problem:
        raise scim_error(problem, names) from problem


def scim_error(problem: BudgetError, names: dict[str, str]) -> SCIMException:
    """Return the SCIM error of what the roster refuses; raises *problem* itself if it has none."""
    if isinstance(problem, InvalidInput) and problem.code == "UNIQUE":
        return UniquenessException(detail=_detail(problem, names))
    for kind, error in FAILURES:
        if isinstance(problem, kind):
            return error(detail=_detail(problem, names))
    raise problem


def not_found(kind: str, key: str) -> NotFoundException:
    """Return the one answer for what isn't there, isn't an id, or is another roster's."""
    return NotFoundException(detail=f"{kind} {key!r} not found")


def _detail(problem: BudgetError, names: dict[str, str]) -> str | None:
    if isinstance(problem, AlreadyRunning):
        return None
    if not isinstance(problem, InvalidInput):
        return str(problem)
    field = names.get(problem.field) or ATTRIBUTES.get(problem.field, problem.field)
    return f"{field}: {problem.message}"
