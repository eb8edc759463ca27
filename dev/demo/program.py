"""The program as its administrator sets it up and changes it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from dev.demo.api import Session
from dev.demo.shop import CURRENCY

NAME = "Acme merchandise"
ORGANIZATION = "Acme Corp"
ALLOTMENT = "300.00"
#: Two departments are nearly through their money, as far as the story goes.
CAPS = {
    ORGANIZATION: "84000.00",
    "Engineering": "25000.00",
    "Sales": "33000.00",
    "Marketing": "250.00",
    "Operations": "300.00",
}


@dataclass(frozen=True, slots=True)
class Program:
    """The program and its accounts by name, as global ids."""

    staff: Session
    id: str
    accounts: Mapping[str, str]

    def set_cap(self, *, account: str, amount: str, reason: str) -> None:
        """Set what an account, with everything below it, may spend in this cycle."""
        self.staff.run(
            "CapSet",
            program=self.id,
            account=self.accounts[account],
            amount=amount,
            reason=reason,
        )

    def raise_cap(
        self, *, account: str, amount: str, hours: int, reason: str
    ) -> Mapping[str, Mapping[str, Any]]:
        """Raise an account's cap for some hours; returns the cap."""
        raised: Mapping[str, Mapping[str, Any]] = self.staff.run(
            "CapRaise",
            cap=self.caps()[account]["id"],
            amount=amount,
            endsAt=(datetime.now(UTC) + timedelta(hours=hours)).isoformat(),
            reason=reason,
        )["cap"]
        return raised

    def set_overage_policy(self, policy: str) -> None:
        """Choose what happens to a purchase above the budget: BLOCK or PAY_DIFFERENCE."""
        self.staff.run("ProgramUpdate", id=self.id, input={"overagePolicy": policy})

    def caps(self) -> dict[str, dict[str, Any]]:
        """Each account's cap with its figures, by the account's name."""
        edges = self.staff.run("Figures")["edges"]
        nodes = [edge["node"] for edge in edges if edge["node"]["id"] in self.accounts.values()]
        return {node["name"]: node["caps"][0] for node in nodes}

    def refusals(self) -> int:
        """How many purchases were refused."""
        count: int = self.staff.run("Refusals")["totalCount"]
        return count

    def verify(self) -> dict[str, Any]:
        """Have every balance recomputed from the journal."""
        proof: dict[str, Any] = self.staff.run("Verify")
        return proof


def set_up(staff: Session, *, channel_id: str, departments: Sequence[str]) -> Program:
    """Make the account tree and the program, open it and set the caps."""
    accounts = _create_accounts(staff, departments=departments)
    program_id = staff.run(
        "ProgramCreate",
        input={
            "name": NAME,
            "currency": CURRENCY,
            "allotment": ALLOTMENT,
            "overagePolicy": "BLOCK",
            "channels": [channel_id],
        },
    )["program"]["id"]
    staff.run("ProgramOpen", id=program_id)
    program = Program(staff, program_id, accounts)
    for account, amount in CAPS.items():
        program.set_cap(account=account, amount=amount, reason="budget for the year")
    return program


def money(value: Mapping[str, Any]) -> Decimal:
    """Saleor's amount, which JSON carries as a float, in whole cents."""
    return Decimal(str(value["amount"])).quantize(Decimal("0.01"))


def _create_accounts(staff: Session, *, departments: Sequence[str]) -> dict[str, str]:
    root: str = staff.run("AccountCreate", input={"name": ORGANIZATION, "kind": "ORGANIZATION"})[
        "account"
    ]["id"]
    return {ORGANIZATION: root} | {
        department: staff.run(
            "AccountCreate", input={"name": department, "kind": "DIVISION", "parent": root}
        )["account"]["id"]
        for department in departments
    }
