"""What the added fields cost in Saleor's query complexity, each list by its page size."""

from __future__ import annotations

from typing import Any

ONE: dict[str, Any] = {"complexity": 1}
PAGE: dict[str, Any] = {"complexity": 1, "multipliers": ["first", "last"]}

FIGURES_OF_CYCLES = ("granted", "carriedIn", "spent", "lapsed", "withdrawn", "carriedOver")

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
        # Both reckon with all of a program's members.
        "programBudgetPlan": {"complexity": 50},
        "programBudgetRulesPreview": {"complexity": 50},
        "programBudgetCapPreview": {"complexity": 10},
        "programBudgetJobs": PAGE,
        "programBudgetAdjustment": ONE,
        "programBudgetAdjustments": PAGE,
        "programBudgetCodeBatch": ONE,
        "programBudgetCodeBatches": PAGE,
        "programBudgetCodes": PAGE,
        "programBudgetCodeAttempts": PAGE,
        "programBudgetCodeLockouts": PAGE,
        # Reads the whole journal.
        "programBudgetVerify": {"complexity": 1000},
    },
    "User": {"programBudgets": ONE},
    "Checkout": {"programBudget": {"complexity": 5}},
    "ProgramBudgetProgram": {"channels": ONE, "cycle": ONE, "cycles": PAGE, "groups": ONE},
    "ProgramBudgetGroup": {"program": ONE, "memberCount": ONE},
    "ProgramBudgetRulesPreview": {"accounts": PAGE},
    "ProgramBudgetPlannedChange": {"account": ONE},
    "ProgramBudgetCoverage": {"account": ONE},
    "ProgramBudgetCapPreview": {"account": ONE},
    "ProgramBudgetJob": {"program": ONE},
    "ProgramBudgetAdjustment": {"program": ONE, "account": ONE, "totals": ONE, "lines": PAGE},
    "ProgramBudgetAdjustmentLine": {"member": ONE},
    "ProgramBudgetCodeBatch": {
        "program": ONE,
        "account": ONE,
        "group": ONE,
        "replaces": ONE,
        "counts": ONE,
        "codes": PAGE,
    },
    "ProgramBudgetCode": {"batch": ONE, "member": ONE},
    "ProgramBudgetCodeAttempt": {"code": ONE, "batch": ONE, "email": ONE, "channel": ONE},
    "ProgramBudgetCycle": dict.fromkeys(FIGURES_OF_CYCLES, ONE),
    "ProgramBudget": {"items": ONE, "nextReset": ONE, "lapses": ONE, "rollovers": ONE, "lots": ONE},
    "ProgramBudgetAccount": {"children": ONE, "caps": ONE, "parent": ONE},
    "ProgramBudgetCap": {"account": ONE, "program": ONE, "cycle": ONE, "coverageRatio": ONE},
    "ProgramBudgetMember": {
        "program": ONE,
        "account": ONE,
        "user": ONE,
        "balance": ONE,
        "lots": ONE,
        "items": ONE,
        "nextReset": ONE,
        "lapses": ONE,
        "rollovers": ONE,
        "groups": ONE,
    },
    "ProgramBudgetLot": {"source": ONE},
    "ProgramBudgetHold": {"program": ONE, "member": ONE, "account": ONE},
    "ProgramBudgetEntry": {"program": ONE, "member": ONE, "account": ONE},
    "ProgramBudgetRefusedPurchase": {"program": ONE, "member": ONE, "account": ONE},
}
