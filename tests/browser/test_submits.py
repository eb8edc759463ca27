"""What forms say they do is done: each is sent, and the API asked what has come of it."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from tests.browser.support.saleor import ADA, BEN

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import FrameLocator, Locator, Route

    from tests.browser.support.desk import Desk
    from tests.browser.support.saleor import RunningSaleor

_MAKE = """
mutation {
  programBudgetAccountCreate(input: {name: "Umbrella", kind: ORGANIZATION}) { account { id } }
  programBudgetProgramCreate(
    input: {name: "Umbrella gear", currency: "USD", allotment: 90}
  ) { program { id } }
}
"""
_TEAM = """
mutation ($parent: ID!, $name: String!) {
  programBudgetAccountCreate(input: {name: $name, kind: TEAM, parent: $parent}) {
    account { id }
    errors { field message }
  }
}
"""
_ENROLL = """
mutation ($program: ID!, $account: ID!, $emails: [String!]!) {
  programBudgetProgramOpen(id: $program) { errors { field message } }
  programBudgetMemberEnroll(program: $program, account: $account, emails: $emails) {
    members { id email }
    errors { field message }
  }
}
"""
_ACCOUNT = """
query ($id: ID!) {
  programBudgetAccount(id: $id) {
    name
    kind
    parent { id }
    caps { program { id } ceiling { amount } raised { amount } raiseEndsAt }
  }
}
"""
_BELOW = """
query ($id: ID!) {
  programBudgetAccounts(first: 10, filter: {parent: $id}) {
    edges { node { name kind parent { id } } }
  }
}
"""
_MEMBER = """
query ($id: ID!) {
  programBudgetMember(id: $id) {
    isActive
    account { id }
    groups { name }
    balance { available { amount } withdrawn { amount } }
  }
}
"""
_BATCH = """
query ($id: ID!) {
  programBudgetCodeBatch(id: $id) {
    name
    kind
    status
    total
    amount { amount }
    counts { state codes }
  }
}
"""
_PROGRAM = """
query ($id: ID!) {
  programBudgetProgram(id: $id) {
    cycleLength
    cycleDates
    reminderDays
    timeZone
    groups { name allotment { amount } carriesForward memberCount }
  }
}
"""


@dataclass(frozen=True, slots=True)
class Umbrella:
    """A program of its own, since much is changed here."""

    program: str
    account: str
    hive: str
    lab: str
    ada: str
    ben: str


@pytest.fixture(scope="module")
def umbrella(saleor: RunningSaleor) -> Umbrella:
    made = saleor.ask(_MAKE)
    program = made["programBudgetProgramCreate"]["program"]["id"]
    account = made["programBudgetAccountCreate"]["account"]["id"]
    hive, lab = (
        saleor.ask(_TEAM, parent=account, name=name)["programBudgetAccountCreate"]["account"]["id"]
        for name in ("Umbrella Hive", "Umbrella Lab")
    )
    enrolled = saleor.ask(_ENROLL, program=program, account=hive, emails=[ADA.email, BEN.email])
    members = {
        member["email"]: member["id"] for member in enrolled["programBudgetMemberEnroll"]["members"]
    }
    return Umbrella(program, account, hive, lab, members[ADA.email], members[BEN.email])


def test_an_account_is_added(
    administrator: Callable, desk: Desk, saleor: RunningSaleor, umbrella: Umbrella
) -> None:
    frame = administrator("/accounts")
    dialog = _start(frame, "Umbrella", "Add below")
    dialog.get_by_label("Name").fill("Umbrella Sales")
    _choose(frame, dialog.get_by_role("combobox", name="Kind"), "Location")
    _submit(dialog, "Add an account")

    expect(frame.get_by_role("link", name="Umbrella Sales")).to_be_visible()
    found = saleor.ask(_BELOW, id=umbrella.account)["programBudgetAccounts"]["edges"]
    assert {"name": "Umbrella Sales", "kind": "LOCATION", "parent": {"id": umbrella.account}} in [
        edge["node"] for edge in found
    ]
    assert desk.actions("notification") == [{"status": "success", "title": "The account is added."}]


def test_two_accounts_may_have_one_name(
    administrator: Callable, saleor: RunningSaleor, umbrella: Umbrella
) -> None:
    frame = administrator("/accounts")
    dialog = _start(frame, "Umbrella Lab", "Add below")
    dialog.get_by_label("Name").fill("Umbrella Hive")
    _submit(dialog, "Add an account")

    (found,) = saleor.ask(_BELOW, id=umbrella.lab)["programBudgetAccounts"]["edges"]
    assert found["node"] == {
        "name": "Umbrella Hive",
        "kind": "TEAM",
        "parent": {"id": umbrella.lab},
    }


def test_an_account_is_renamed(
    administrator: Callable, saleor: RunningSaleor, umbrella: Umbrella
) -> None:
    renamed = _team(saleor, umbrella.account, "Umbrella Depot")
    frame = administrator("/accounts")
    dialog = _start(frame, "Umbrella Depot", "Rename")
    dialog.get_by_label("Name").fill("Umbrella North")
    _submit(dialog, "Rename")

    expect(frame.get_by_role("link", name="Umbrella North")).to_be_visible()
    assert _account(saleor, renamed)["name"] == "Umbrella North"


def test_an_account_is_moved(
    administrator: Callable, saleor: RunningSaleor, umbrella: Umbrella
) -> None:
    moved = _team(saleor, umbrella.account, "Umbrella Annex")
    frame = administrator("/accounts")
    dialog = _start(frame, "Umbrella Annex", "Move")
    _find(frame, dialog.get_by_role("combobox", name="Below"), "Umbrella Lab")
    _submit(dialog, "Move")

    assert _account(saleor, moved)["parent"] == {"id": umbrella.lab}


def test_a_cap_is_set_as_it_was_previewed(
    administrator: Callable, saleor: RunningSaleor, umbrella: Umbrella
) -> None:
    frame = administrator("/accounts")
    dialog = _start(frame, "Umbrella", "Set cap")
    _find(frame, dialog.get_by_role("combobox", name="Program"), "Umbrella gear")
    dialog.get_by_label("Ceiling").fill("150")
    dialog.get_by_label("Reason").fill("Budget of the year")
    expect(dialog.get_by_text("$180.00 is allotted to 2 members below it.")).to_be_visible()
    expect(dialog.get_by_text("$0.00 of it is used already.")).to_be_visible()
    _submit(dialog, "Set cap")

    expect(frame.get_by_role("row", name="Umbrella Organization").first).to_contain_text("$150.00")
    assert _account(saleor, umbrella.account)["caps"] == [
        {
            "program": {"id": umbrella.program},
            "ceiling": {"amount": 150.0},
            "raised": {"amount": 0.0},
            "raiseEndsAt": None,
        }
    ]


def test_a_cap_is_raised_for_a_while(
    administrator: Callable, saleor: RunningSaleor, umbrella: Umbrella
) -> None:
    saleor.ask(
        "mutation ($program: ID!, $account: ID!) { programBudgetCapSet("
        'program: $program, account: $account, amount: 60, reason: "Test") '
        "{ errors { field message } } }",
        program=umbrella.program,
        account=umbrella.hive,
    )
    until = (datetime.now(UTC) + timedelta(days=3)).replace(second=0, microsecond=0)
    frame = administrator("/accounts")
    dialog = _start(frame, "Umbrella Hive", "Raise for a while")
    dialog.get_by_label("By").fill("40")
    dialog.get_by_label("Until").fill(f"{until:%Y-%m-%dT%H:%M}")
    dialog.get_by_label("Reason").fill("The fair")
    _submit(dialog, "Raise for a while")

    expect(frame.get_by_role("row", name="Umbrella Hive").first).to_contain_text(
        "$40.00 of it until"
    )
    (cap,) = _account(saleor, umbrella.hive)["caps"]
    assert datetime.fromisoformat(cap.pop("raiseEndsAt")) == until
    assert cap == {
        "program": {"id": umbrella.program},
        "ceiling": {"amount": 100.0},
        "raised": {"amount": 40.0},
    }


def test_codes_are_issued_with_their_progress_and_downloaded(
    administrator: Callable, desk: Desk, saleor: RunningSaleor, umbrella: Umbrella
) -> None:
    desk.window.route("**/graphql/", _still_generating())
    batch = _issue(administrator("/codes"), desk, "Spring")
    frame = desk.frame
    expect(frame.get_by_text("Being made 1 of 2")).to_be_visible()
    expect(frame.get_by_role("meter", name="Codes are being made")).to_have_attribute(
        "aria-valuenow", "1"
    )
    expect(frame.get_by_text("Ready", exact=True)).to_be_visible()
    assert _batch(saleor, batch) == {
        "name": "Spring",
        "kind": "STORE_CREDIT",
        "status": "READY",
        "total": 2,
        "amount": {"amount": 5.0},
        "counts": {"ACTIVE": 2},
    }

    frame.get_by_role("button", name="Download codes").click()
    with desk.window.expect_download() as waited:
        frame.get_by_role("dialog").get_by_role("button", name="Download codes").click()

    text = Path(waited.value.path()).read_text(encoding="utf-8")
    people = [row["email"] for row in csv.DictReader(io.StringIO(text))]
    assert sorted(people) == sorted([ADA.email, BEN.email])
    expect(frame.get_by_text("Handed out", exact=True)).to_be_visible()
    expect(frame.get_by_role("button", name="Download codes")).to_have_count(0)
    assert _batch(saleor, batch)["status"] == "DELIVERED"


def test_a_batch_is_revoked(
    administrator: Callable, desk: Desk, saleor: RunningSaleor, umbrella: Umbrella
) -> None:
    batch = _issue(administrator("/codes"), desk, "Summer")
    expect(desk.frame.get_by_text("Ready", exact=True)).to_be_visible()
    desk.frame.get_by_role("button", name="Revoke").click()
    dialog = desk.frame.get_by_role("dialog")
    dialog.get_by_label("Reason").fill("Sent to the wrong people")
    _submit(dialog, "Revoke")

    expect(desk.frame.get_by_role("button", name="Revoke")).to_have_count(0)
    found = _batch(saleor, batch)
    assert (found["status"], found["counts"]) == ("REVOKED", {"REVOKED": 2})


def test_a_batch_is_reissued(
    administrator: Callable, desk: Desk, saleor: RunningSaleor, umbrella: Umbrella
) -> None:
    old = _issue(administrator("/codes"), desk, "Autumn")
    expect(desk.frame.get_by_text("Ready", exact=True)).to_be_visible()
    desk.frame.get_by_role("button", name="Reissue").click()
    _submit(desk.frame.get_by_role("dialog"), "Reissue")

    expect(desk.frame.get_by_text("Ready", exact=True)).to_be_visible()
    new = _shown(desk)
    assert new != old
    assert _batch(saleor, old)["counts"] == {"REVOKED": 2}
    assert _batch(saleor, new)["counts"] == {"ACTIVE": 2}


def test_a_member_is_moved(
    administrator: Callable, saleor: RunningSaleor, umbrella: Umbrella
) -> None:
    frame = administrator(f"/members/{umbrella.ada}")
    frame.get_by_role("button", name="Move").click()
    dialog = frame.get_by_role("dialog")
    _find(frame, dialog.get_by_role("combobox", name="Account"), "Umbrella Lab")
    _submit(dialog, "Move")

    expect(frame.get_by_text("· Umbrella Lab ·")).to_be_visible()
    assert _member(saleor, umbrella.ada)["account"] == {"id": umbrella.lab}


def test_a_member_is_deactivated_and_comes_back(
    administrator: Callable, saleor: RunningSaleor, umbrella: Umbrella
) -> None:
    frame = administrator(f"/members/{umbrella.ben}")
    frame.get_by_role("button", name="Deactivate").click()
    _submit(frame.get_by_role("dialog"), "Deactivate")

    expect(frame.get_by_text("Deactivated", exact=True)).to_be_visible()
    gone = _member(saleor, umbrella.ben)
    assert (gone["isActive"], gone["balance"]) == (
        False,
        {"available": {"amount": 0.0}, "withdrawn": {"amount": 90.0}},
    )

    frame.get_by_role("button", name="Reactivate").click()

    expect(frame.get_by_text("Active", exact=True)).to_be_visible()
    back = _member(saleor, umbrella.ben)
    assert (back["isActive"], back["balance"]["available"]) == (True, {"amount": 90.0})


def test_a_group_is_made_and_a_member_let_in(
    administrator: Callable, saleor: RunningSaleor, umbrella: Umbrella
) -> None:
    frame = administrator(f"/programs/{umbrella.program}")
    frame.get_by_role("button", name="Add a group").click()
    dialog = frame.get_by_role("dialog")
    dialog.get_by_label("Name").fill("Directors")
    dialog.get_by_label("Allotment per member").fill("500")
    _choose(frame, dialog.get_by_role("combobox", name="Carry forward"), "Yes")
    _submit(dialog, "Save")
    row = frame.get_by_role("row", name="Directors")
    expect(row).to_contain_text("$500.00")

    frame = administrator(f"/members/{umbrella.ada}")
    frame.get_by_role("button", name="Groups").click()
    frame.get_by_role("dialog").get_by_role("checkbox", name="Directors").click()
    _submit(frame.get_by_role("dialog"), "Save")

    expect(frame.get_by_text("· Directors ·")).to_be_visible()
    assert _member(saleor, umbrella.ada)["groups"] == [{"name": "Directors"}]
    assert _program(saleor, umbrella.program)["groups"] == [
        {
            "name": "Directors",
            "allotment": {"amount": 500.0},
            "carriesForward": True,
            "memberCount": 1,
        }
    ]


def test_periods_of_given_dates_and_reminders_are_saved(
    administrator: Callable, saleor: RunningSaleor, umbrella: Umbrella
) -> None:
    frame = administrator(f"/programs/{umbrella.program}")
    frame.get_by_role("button", name="Edit rules").click()
    frame.get_by_label("Time zone").fill("Europe/Berlin")
    _choose(frame, frame.get_by_role("combobox", name="Period"), "From date to date")
    frame.get_by_role("button", name="Add a date").click()
    for number, date in enumerate(("2027-01-01", "2027-07-01", "2028-01-01"), start=1):
        frame.get_by_label(f"Date {number}", exact=True).fill(f"{date}T00:00")
    frame.get_by_label("Remind members").fill("14, 3")
    frame.get_by_role("button", name="Save").click()

    expect(frame.get_by_role("button", name="Edit rules")).to_be_visible()
    found = _program(saleor, umbrella.program)
    assert (found["cycleLength"], found["reminderDays"], found["timeZone"]) == (
        "CUSTOM",
        [14, 3],
        "Europe/Berlin",
    )
    assert [datetime.fromisoformat(date) for date in found["cycleDates"]] == [
        datetime(2026, 12, 31, 23, tzinfo=UTC),
        datetime(2027, 6, 30, 22, tzinfo=UTC),
        datetime(2027, 12, 31, 23, tzinfo=UTC),
    ]


def _start(frame: FrameLocator, account: str, action: str) -> Locator:
    """Begin something with an account, through its menu; returns the dialog."""
    frame.get_by_role("button", name=f"Actions for {account}", exact=True).click()
    frame.get_by_role("menuitem", name=action).click()
    return frame.get_by_role("dialog")


def _submit(dialog: Locator, name: str) -> None:
    """Send a dialog's form; it closes once that is done."""
    dialog.get_by_role("button", name=name, exact=True).click()
    expect(dialog).to_have_count(0)


def _choose(frame: FrameLocator, field: Locator, option: str) -> None:
    field.click()
    frame.get_by_role("option", name=option, exact=True).click()


def _find(frame: FrameLocator, field: Locator, words: str) -> None:
    """Search for something, and choose the last of what is found under that name."""
    field.fill(words)
    option = frame.get_by_role("option", name=words).last
    # The component draws its list anew when the pointer comes, which a click would be lost in.
    option.hover()
    option.click()
    expect(field).to_have_value(re.compile(f"{words}$"))


def _issue(frame: FrameLocator, desk: Desk, name: str) -> str:
    """Issue codes worth 5.00 for the program; returns the batch's id."""
    frame.get_by_role("button", name="Issue codes").click()
    dialog = frame.get_by_role("dialog")
    _find(frame, dialog.get_by_role("combobox", name="Program"), "Umbrella gear")
    dialog.get_by_label("Name of the batch").fill(name)
    dialog.get_by_label("Worth").fill("5")
    _submit(dialog, "Issue codes")
    expect(frame.get_by_role("heading", name=name, level=1)).to_be_visible()
    return _shown(desk)


def _shown(desk: Desk) -> str:
    """The id in the address that the Dashboard was last told."""
    return str(desk.actions("updateRouting")[-1]["newRoute"]).rpartition("/")[2]


def _still_generating() -> Callable[[Route], None]:
    """Answer the first look at a batch as if half of it were made: two codes take no time."""
    looked: list[str] = []

    def answer(route: Route) -> None:
        if "query BatchById" not in (route.request.post_data or "") or looked:
            route.fallback()
            return
        looked.append("once")
        response = route.fetch()
        payload = response.json()
        payload["data"]["programBudgetCodeBatch"] |= {"status": "GENERATING", "made": 1}
        route.fulfill(response=response, json=payload)

    return answer


def _team(saleor: RunningSaleor, parent: str, name: str) -> str:
    made = saleor.ask(_TEAM, parent=parent, name=name)
    return str(made["programBudgetAccountCreate"]["account"]["id"])


def _account(saleor: RunningSaleor, account: str) -> dict[str, Any]:
    return dict(saleor.ask(_ACCOUNT, id=account)["programBudgetAccount"])


def _member(saleor: RunningSaleor, member: str) -> dict[str, Any]:
    return dict(saleor.ask(_MEMBER, id=member)["programBudgetMember"])


def _program(saleor: RunningSaleor, program: str) -> dict[str, Any]:
    return dict(saleor.ask(_PROGRAM, id=program)["programBudgetProgram"])


def _batch(saleor: RunningSaleor, batch: str) -> dict[str, Any]:
    """A batch, with how many of its codes stand how; states that none is in left out."""
    found = dict(saleor.ask(_BATCH, id=batch)["programBudgetCodeBatch"])
    counts = {each["state"]: each["codes"] for each in found["counts"] if each["codes"]}
    return found | {"counts": counts}
