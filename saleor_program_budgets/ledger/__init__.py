"""The one writer of money.

Operations post, queries read, ``verify`` proves. What they promise is in docs/ledger.md.
"""

from saleor_program_budgets.ledger.binding import (
    bind,
    due_holds,
    holds_of_checkout,
    holds_of_order,
    lock,
    unsettled_orders,
    usable_holds,
)
from saleor_program_budgets.ledger.operations import (
    capture,
    expire,
    grant,
    hold,
    open_member_limits,
    record_refusal,
    refund,
    release,
    release_unbound,
    set_cap,
    set_ceiling,
)
from saleor_program_budgets.ledger.queries import Balance, balances, caps_over
from saleor_program_budgets.ledger.records import Actor, Granted, Held, Settlement
from saleor_program_budgets.ledger.refusals import balance_short, cap_reached
from saleor_program_budgets.ledger.verification import Difference, Verification, verify

__all__ = [
    "Actor",
    "Balance",
    "Difference",
    "Granted",
    "Held",
    "Settlement",
    "Verification",
    "balance_short",
    "balances",
    "bind",
    "cap_reached",
    "caps_over",
    "capture",
    "due_holds",
    "expire",
    "grant",
    "hold",
    "holds_of_checkout",
    "holds_of_order",
    "lock",
    "open_member_limits",
    "record_refusal",
    "refund",
    "release",
    "release_unbound",
    "set_cap",
    "set_ceiling",
    "unsettled_orders",
    "usable_holds",
    "verify",
]
