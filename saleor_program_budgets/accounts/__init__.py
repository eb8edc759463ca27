"""The account tree: made, renamed and moved here; read through ``Account.objects``."""

from saleor_program_budgets.accounts.operations import (
    create_account,
    create_accounts,
    depth_of,
    lock_tree,
    move_account,
    rename_account,
)

__all__ = [
    "create_account",
    "create_accounts",
    "depth_of",
    "lock_tree",
    "move_account",
    "rename_account",
]
