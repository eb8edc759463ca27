"""What the added fields cost in Saleor's query complexity, each list by its page size."""

from __future__ import annotations

from typing import Any

ONE: dict[str, Any] = {"complexity": 1}
PAGE: dict[str, Any] = {"complexity": 1, "multipliers": ["first", "last"]}

COSTS: dict[str, dict[str, dict[str, Any]]] = {
    "Query": {
        "programBudgetProgram": ONE,
        "programBudgetPrograms": PAGE,
        "programBudgetAccount": ONE,
        "programBudgetAccounts": PAGE,
        "programBudgetMember": ONE,
        "programBudgetMembers": PAGE,
        "programBudgetHolds": PAGE,
        "programBudgetEntries": PAGE,
        "programBudgetRefusals": PAGE,
        # Reads the whole journal.
        "programBudgetVerify": {"complexity": 1000},
    },
    "User": {"programBudgets": ONE},
    "Checkout": {"programBudget": {"complexity": 5}},
    "ProgramBudgetProgram": {"channels": ONE, "cycle": ONE},
    "ProgramBudgetAccount": {"children": ONE, "caps": ONE, "parent": ONE},
    "ProgramBudgetCap": {"account": ONE, "program": ONE, "cycle": ONE, "coverageRatio": ONE},
    "ProgramBudgetMember": {
        "program": ONE,
        "account": ONE,
        "user": ONE,
        "balance": ONE,
        "lots": ONE,
    },
    "ProgramBudgetLot": {"source": ONE},
    "ProgramBudgetHold": {"program": ONE, "member": ONE, "account": ONE},
    "ProgramBudgetEntry": {"program": ONE, "member": ONE, "account": ONE},
    "ProgramBudgetRefusedPurchase": {"program": ONE, "member": ONE, "account": ONE},
}
