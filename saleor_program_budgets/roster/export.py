"""A roster as a file, by which nothing changes if it is imported again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from saleor_program_budgets.roster.columns import Field
from saleor_program_budgets.roster.departments import read_departments
from saleor_program_budgets.roster.people import people_of
from saleor_program_budgets.roster.tables import write_csv

if TYPE_CHECKING:
    from collections.abc import Iterator

    from saleor_program_budgets.models import Roster

COLUMNS = (
    Field.EXTERNAL_ID,
    Field.EMAIL,
    Field.FIRST_NAME,
    Field.LAST_NAME,
    Field.DEPARTMENT,
    Field.TITLE,
    Field.EMPLOYEE_NUMBER,
    Field.COST_CENTER,
    Field.MANAGER,
    Field.ACTIVE,
)


def export_people(*, roster: Roster) -> Iterator[str]:
    """Yield the people of a roster as CSV, in the columns of an import, those who left included."""
    header = [str(column) for column in COLUMNS]
    return write_csv(header, _rows(roster))


def _rows(roster: Roster) -> Iterator[list[str]]:
    departments = read_departments(roster)
    names = {account_id: departments.name_of(account_id) for account_id in departments.by_id}
    people = (
        people_of(roster)
        .order_by("pk")
        .values_list(
            "external_id",
            "email",
            "first_name",
            "last_name",
            "account_id",
            "title",
            "employee_number",
            "cost_center",
            "manager__external_id",
            "manager__email",
            "manager__removed_at",
            "is_active",
        )
    )
    for row in people.iterator(chunk_size=5_000):
        *who, account_id, title, number, center = row[:8]
        external_id, email, removed_at, is_active = row[8:]
        manager = "" if removed_at is not None else external_id or email or ""
        active = "true" if is_active else "false"
        yield [*who, names[account_id], title, number, center, manager, active]
