"""The act of the codes: 304 are issued, one is redeemed, and one is tried by somebody else."""

import csv
import io
import time
from decimal import Decimal
from typing import Any

from dev.demo.day import Day, Deviation, expect
from dev.demo.report import Row

CREDIT = "10.00"
PREFIX = "ACME"
_UNKNOWN = f"{PREFIX}-0000-0000-0000"
_PATIENCE_SECONDS = 60


def codes(day: Day) -> None:
    """Ada's code adds 10.00 to her budget; to Elif, Ben's doesn't exist."""
    everybody = sum(map(len, day.people.values()))
    batch = _issue(day)
    texts = _hand_out(day, batch)
    expect("how many codes were handed out", len(texts), everybody)
    day.rows.append(Row("the administrator", f"issues {everybody} codes for {CREDIT}", "done"))
    _redeem(day, texts)
    _steal(day, batch, texts)


def _issue(day: Day) -> str:
    """Have the codes made; returns the batch's id."""
    worth = {"name": "Summer party", "kind": "STORE_CREDIT", "amount": CREDIT, "prefix": PREFIX}
    batch: str = day.staff.run("CodesIssue", program=day.program.id, input=worth)["batch"]["id"]
    gives_up_at = time.monotonic() + _PATIENCE_SECONDS
    while (made := day.staff.run("CodesMade", batch=batch))["status"] != "READY":
        if time.monotonic() > gives_up_at:
            raise Deviation(f"{made['made']} of {made['total']} codes were made. {made['error']}")
        time.sleep(0.2)
    return batch


def _hand_out(day: Day, batch: str) -> dict[str, str]:
    """Return the codes by their members' addresses; a second time there are none."""
    text = day.staff.run("CodesHandOut", batch=batch)["csv"]
    (error,) = day.staff.attempt("CodesHandOut", batch=batch)["errors"]
    expect("why codes leave once", error["code"], "ALREADY_DELIVERED")
    return {line["email"]: line["code"] for line in csv.DictReader(io.StringIO(text))}


def _redeem(day: Day, texts: dict[str, str]) -> None:
    ada = day.sign_in("Engineering", 0)
    left = ada.available() + Decimal(CREDIT)
    checkout = ada.fill({"water bottle": 1})
    code = texts[ada.person.email]
    expect("the answer to a code", ada.enter_code(checkout, code.lower()), None)
    expect("the budget with the code's credit", ada.available(), left)
    if ada.enter_code(checkout, code) is None:
        raise Deviation("a code was redeemed twice")
    day.rows.append(Row(str(ada.person), "redeems her code", f"{CREDIT} more", left=left))


def _steal(day: Day, batch: str, texts: dict[str, str]) -> None:
    thief, owner = day.sign_in("Sales", 0), day.people["Engineering"][1]
    checkout = thief.fill({"water bottle": 1})
    stolen = thief.enter_code(checkout, texts[owner.email])
    expect("the answer to a stolen code", stolen, thief.enter_code(checkout, _UNKNOWN))
    expect("the thief's budget", thief.available(), Decimal("230.00"))
    tried = [edge["node"] for edge in day.staff.run("CodesTried", batch=batch)["edges"]]
    expect(
        "the tries that staff see",
        [_in_short(attempt) for attempt in tried],
        [("NOT_YOURS", thief.person.email, owner.email), *_of_ada(day)],
    )
    answer = stolen.message.rstrip(".") if stolen else ""
    day.rows.append(Row(str(thief.person), f"tries {owner.first_name}'s code", f"“{answer}”"))


def _in_short(attempt: dict[str, Any]) -> tuple[str, str, str]:
    return attempt["reason"], attempt["email"], attempt["code"]["member"]["email"]


def _of_ada(day: Day) -> list[tuple[str, str, str]]:
    address = day.people["Engineering"][0].email
    return [("REDEEMED", address, address)]
