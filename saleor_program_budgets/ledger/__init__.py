"""The one writer of money.

Operations post, queries read, ``verify`` proves. What they promise is in docs/ledger.md.
"""

from saleor_program_budgets.ledger.binding import (
    bind,
    due_holds,
    hold_under,
    holds_of_checkout,
    holds_of_order,
    is_answered,
    lock,
    unsettled_orders,
    usable_holds,
    with_last_posting,
)
from saleor_program_budgets.ledger.caps import end_due_raises, raise_cap, set_cap, set_ceiling
from saleor_program_budgets.ledger.corrections import rebuild, reverse
from saleor_program_budgets.ledger.funding import adjust, claw_back, grant, open_member_limits
from saleor_program_budgets.ledger.holds import (
    capture,
    expire,
    hold,
    refund,
    release,
    release_unbound,
)
from saleor_program_budgets.ledger.queries import (
    Balance,
    balances,
    caps_on,
    caps_over,
    cycle_figures,
)
from saleor_program_budgets.ledger.records import (
    Actor,
    Correction,
    Granted,
    Held,
    Rebuilt,
    Renewal,
    Settlement,
)
from saleor_program_budgets.ledger.refusals import (
    balance_short,
    cap_reached,
    record_refusal,
    refuse,
)
from saleor_program_budgets.ledger.sealing import Ending, Head, Sealed, heads, seal
from saleor_program_budgets.ledger.verification import Difference, Verification, verify

__all__ = [
    "Actor",
    "Balance",
    "Correction",
    "Difference",
    "Ending",
    "Granted",
    "Head",
    "Held",
    "Rebuilt",
    "Renewal",
    "Sealed",
    "Settlement",
    "Verification",
    "adjust",
    "balance_short",
    "balances",
    "bind",
    "cap_reached",
    "caps_on",
    "caps_over",
    "capture",
    "claw_back",
    "cycle_figures",
    "due_holds",
    "end_due_raises",
    "expire",
    "grant",
    "heads",
    "hold",
    "hold_under",
    "holds_of_checkout",
    "holds_of_order",
    "is_answered",
    "lock",
    "open_member_limits",
    "raise_cap",
    "rebuild",
    "record_refusal",
    "refund",
    "refuse",
    "release",
    "release_unbound",
    "reverse",
    "seal",
    "set_cap",
    "set_ceiling",
    "unsettled_orders",
    "usable_holds",
    "verify",
    "with_last_posting",
]
