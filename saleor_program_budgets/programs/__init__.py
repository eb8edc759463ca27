"""Programs: their rules, their members, and what they let a purchase do."""

from saleor_program_budgets.programs.basis import Taxed, due_from
from saleor_program_budgets.programs.caps import raise_cap, set_cap
from saleor_program_budgets.programs.enrollment import (
    adjust,
    deactivate_member,
    enroll,
    grant,
    move_member,
    reactivate_member,
)
from saleor_program_budgets.programs.operations import (
    Rules,
    close_program,
    create_program,
    open_program,
    set_channels,
    update_program,
)
from saleor_program_budgets.programs.orders import (
    bind_to_order,
    check_covered,
    expire_due_holds,
    refund,
    release_checkout,
    return_order,
    settle_order,
)
from saleor_program_budgets.programs.purchases import (
    Assessment,
    assess,
    find_member,
    reserve,
)
from saleor_program_budgets.programs.store import Store, find_store, find_stores

__all__ = [
    "Assessment",
    "Rules",
    "Store",
    "Taxed",
    "adjust",
    "assess",
    "bind_to_order",
    "check_covered",
    "close_program",
    "create_program",
    "deactivate_member",
    "due_from",
    "enroll",
    "expire_due_holds",
    "find_member",
    "find_store",
    "find_stores",
    "grant",
    "move_member",
    "open_program",
    "raise_cap",
    "reactivate_member",
    "refund",
    "release_checkout",
    "reserve",
    "return_order",
    "set_cap",
    "set_channels",
    "settle_order",
    "update_program",
]
