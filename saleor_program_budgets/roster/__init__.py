"""People: who belongs to which account, from files, from identity systems, from staff."""

from saleor_program_budgets.roster.departments import (
    accounts_of,
    put_department,
    read_departments,
)
from saleor_program_budgets.roster.export import export_people
from saleor_program_budgets.roster.freshness import Stale, leavers_of
from saleor_program_budgets.roster.imports import apply_import, discard_import, purge_imports
from saleor_program_budgets.roster.operations import (
    MOST_AT_ONCE,
    create_roster,
    place,
    put,
    put_one,
    remove_department,
    remove_person,
    update_roster,
)
from saleor_program_budgets.roster.people import people_of
from saleor_program_budgets.roster.planned import cancel_planned, plan_change
from saleor_program_budgets.roster.previews import preview_import
from saleor_program_budgets.roster.rows import Rejected
from saleor_program_budgets.roster.schedule import apply_planned
from saleor_program_budgets.roster.settling import settle, settle_people
from saleor_program_budgets.roster.shop import Profile, Shop, ShopUser
from saleor_program_budgets.roster.tokens import (
    create_token,
    find_token,
    revoke_token,
    rotate_token,
)
from saleor_program_budgets.roster.wanted import Changed, Origin, Taken, Wanted

__all__ = [
    "MOST_AT_ONCE",
    "Changed",
    "Origin",
    "Profile",
    "Rejected",
    "Shop",
    "ShopUser",
    "Stale",
    "Taken",
    "Wanted",
    "accounts_of",
    "apply_import",
    "apply_planned",
    "cancel_planned",
    "create_roster",
    "create_token",
    "discard_import",
    "export_people",
    "find_token",
    "leavers_of",
    "people_of",
    "place",
    "plan_change",
    "preview_import",
    "purge_imports",
    "put",
    "put_department",
    "put_one",
    "read_departments",
    "remove_department",
    "remove_person",
    "revoke_token",
    "rotate_token",
    "settle",
    "settle_people",
    "update_roster",
]
