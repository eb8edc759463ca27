"""The account tree: made, renamed and moved here; read through ``Account.objects``."""

from saleor_program_budgets.accounts.operations import (
    create_account,
    depth_of,
    move_account,
    rename_account,
)

__all__ = ["create_account", "depth_of", "move_account", "rename_account"]
