"""Acme's people come as a file: looked at first, then applied by Saleor's worker."""

import time
from collections.abc import Mapping, Sequence

from dev.demo.api import Session, Upload
from dev.demo.day import Deviation, expect
from dev.demo.people import Person, as_csv
from dev.demo.program import ORGANIZATION, Program
from dev.demo.report import Row

FILE_NAME = "people.csv"
_PATIENCE_SECONDS = 120


def bring_in(
    staff: Session, *, program: Program, everyone: Mapping[str, Sequence[Person]], known: int
) -> Row:
    """Upload the file, see that its preview is right, apply it and wait for it.

    Args:
        known: how many of the people are customers already.

    Raises:
        Deviation: the file did something else than it should.
    """
    count = sum(map(len, everyone.values()))
    roster = staff.run(
        "RosterCreate",
        input={
            "name": ORGANIZATION,
            "account": program.accounts[ORGANIZATION],
            "programs": [program.id],
        },
    )["roster"]["id"]
    preview = staff.run(
        "RosterImportPreview", roster=roster, file=Upload(FILE_NAME, as_csv(everyone))
    )["import"]
    expect("lines that can't be used", preview["rejectedCount"], 0)
    expect("what the lines do", preview["counts"], [{"action": "CREATE", "lines": count}])
    expect("customers before the import", _customers(staff), known)
    applied = staff.run("RosterImportApply", id=preview["id"])
    expect("whether a task applies it", applied["isQueued"], True)
    _wait(staff, preview["id"])
    expect("customers after the import", _customers(staff), count)
    expect("members of the program", staff.run("Members", program=program.id)["totalCount"], count)
    return Row(
        who="the administrator",
        what=f"imports {count} people from a CSV file",
        answer=f"{count} members, {count - known} new customers",
    )


def _wait(staff: Session, file_id: str) -> None:
    gives_up_at = time.monotonic() + _PATIENCE_SECONDS
    while (found := staff.run("RosterImport", id=file_id))["status"] != "APPLIED":
        progress = found["progress"]
        if time.monotonic() > gives_up_at or found["status"] != "APPLYING":
            raise Deviation(
                f"The file is {found['status']}: {progress['done']} of {progress['total']} lines."
            )
        time.sleep(0.2)
    expect("lines that failed", found["lines"]["totalCount"], 0)


def _customers(staff: Session) -> int:
    count: int = staff.run("Customers")["totalCount"]
    return count
