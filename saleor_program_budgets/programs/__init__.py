"""Programs: their rules, their members, and what they let a purchase do."""

from saleor_program_budgets.programs.adjustments import (
    adjustment_totals,
    apply_adjustment,
    undo_adjustment,
)
from saleor_program_budgets.programs.basis import Taxed, due_from
from saleor_program_budgets.programs.calendar import following_period
from saleor_program_budgets.programs.caps import raise_cap, set_cap
from saleor_program_budgets.programs.cycles import plan, renew_due, turn_due, up_to_date
from saleor_program_budgets.programs.drafts import preview_adjustment, purge_drafts
from saleor_program_budgets.programs.enrollment import (
    adjust,
    deactivate_member,
    enroll,
    grant,
    move_member,
    reactivate_member,
)
from saleor_program_budgets.programs.groups import (
    Overrides,
    create_group,
    delete_group,
    reorder_groups,
    set_group_members,
    update_group,
)
from saleor_program_budgets.programs.jobs import AlreadyRunning, last_runs
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
from saleor_program_budgets.programs.outlook import Lapse, Outlook, outlook
from saleor_program_budgets.programs.previews import (
    CapPreview,
    Change,
    Coverage,
    RulesPreview,
    Sums,
    preview_cap,
    preview_rules,
)
from saleor_program_budgets.programs.purchases import (
    Assessment,
    assess,
    find_member,
    reserve,
)
from saleor_program_budgets.programs.reminders import due_reminders, mark_sent
from saleor_program_budgets.programs.store import Store, find_store, find_stores
from saleor_program_budgets.programs.upkeep import (
    close_programs,
    lapse_lots,
    renew_programs,
    sweep_leavers,
)

__all__ = [
    "AlreadyRunning",
    "Assessment",
    "CapPreview",
    "Change",
    "Coverage",
    "Lapse",
    "Outlook",
    "Overrides",
    "Rules",
    "RulesPreview",
    "Store",
    "Sums",
    "Taxed",
    "adjust",
    "adjustment_totals",
    "apply_adjustment",
    "assess",
    "bind_to_order",
    "check_covered",
    "close_program",
    "close_programs",
    "create_group",
    "create_program",
    "deactivate_member",
    "delete_group",
    "due_from",
    "due_reminders",
    "enroll",
    "expire_due_holds",
    "find_member",
    "find_store",
    "find_stores",
    "following_period",
    "grant",
    "lapse_lots",
    "last_runs",
    "mark_sent",
    "move_member",
    "open_program",
    "outlook",
    "plan",
    "preview_adjustment",
    "preview_cap",
    "preview_rules",
    "purge_drafts",
    "raise_cap",
    "reactivate_member",
    "refund",
    "release_checkout",
    "renew_due",
    "renew_programs",
    "reorder_groups",
    "reserve",
    "return_order",
    "set_cap",
    "set_channels",
    "set_group_members",
    "settle_order",
    "sweep_leavers",
    "turn_due",
    "undo_adjustment",
    "up_to_date",
    "update_group",
    "update_program",
]
