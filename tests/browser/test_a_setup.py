"""From nothing to a program that refuses one order and takes another, without leaving the frame."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

from dev.demo.shopper import Placed
from tests.browser.support.saleor import ADA, BEN

if TYPE_CHECKING:
    from collections.abc import Callable

    from dev.demo.shopper import Shopper
    from tests.browser.support.desk import Desk
    from tests.browser.support.saleor import RunningSaleor

PEOPLE = (
    "Mail;First;Last;Team\n"
    f"{ADA.email};Ada;Abara;Engineering\n"
    f"{BEN.email};Ben;Bruun;Sales\n"
    "not an address;Nobody;Here;Sales\n"
)


def test_from_nothing_to_the_first_order(
    administrator: Callable, desk: Desk, saleor: RunningSaleor
) -> None:
    frame = administrator("/setup")
    frame.get_by_label("Name", exact=True).fill("Acme merchandise")
    frame.get_by_text("Acme store (USD)").click()
    frame.get_by_label("Allotment per member").fill("100")
    frame.get_by_role("button", name="Save and continue").click()

    # Left, and taken up again where it was.
    expect(frame.get_by_role("heading", name="Set up Acme merchandise")).to_be_visible()
    frame.get_by_role("link", name="Programs", exact=True).first.click()
    row = frame.get_by_role("row", name="Acme merchandise")
    expect(row).to_contain_text("Draft")
    row.get_by_role("link", name="Continue set-up").click()

    _bring_people_in(frame)
    frame.get_by_role("button", name="Continue", exact=True).click()
    frame.get_by_role("button", name="Continue without codes").click()
    expect(frame.locator("dd").nth(0)).to_have_text("2")
    expect(frame.locator("dd").nth(1)).to_have_text("$200.00")
    frame.get_by_role("button", name="Open the program").click()
    expect(frame.get_by_role("heading", name="Acme merchandise", level=1)).to_be_visible()
    expect(frame.get_by_text("Open", exact=True).first).to_be_visible()

    shopper = saleor.shopper(ADA)
    refusal = shopper.apply_budget(shopper.fill({"quarter-zip": 2}))
    assert refusal is not None
    assert (refusal.code, str(refusal.shortfall)) == ("BALANCE_SHORT", "35.00")
    checkout = shopper.fill({"quarter-zip": 1})
    assert shopper.apply_budget(checkout) is None
    assert isinstance(shopper.complete(checkout), Placed)

    desk.window.reload()
    expect(desk.frame.locator("dd").nth(2)).to_have_text("$70.00")
    _board_follows(desk, shopper)


def _board_follows(desk: Desk, shopper: Shopper) -> None:
    """A purchase shows on a board that is open already, in under two seconds."""
    frame = desk.frame
    frame.get_by_role("link", name="Utilization").click()
    recent = frame.get_by_role("region", name="Recent redemptions")
    expect(recent.get_by_role("row", name="$70.00")).to_be_visible()
    checkout = shopper.fill({"water bottle": 1})
    assert shopper.apply_budget(checkout) is None

    assert isinstance(shopper.complete(checkout), Placed)

    bought = recent.get_by_role("row", name="$20.00")
    expect(bought).to_contain_text("Approved", timeout=2000)


def _bring_people_in(frame) -> None:
    organization = frame.get_by_role("combobox", name="Organization")
    expect(organization).to_have_value("A new organization")
    frame.get_by_label("Name", exact=True).fill("Acme Corp")
    frame.get_by_role("button", name="Choose", exact=True).click()
    frame.get_by_label("File of people").set_input_files(
        {"name": "people.csv", "mimeType": "text/csv", "buffer": PEOPLE.encode()}
    )
    frame.get_by_role("button", name="Look at the file").click()
    expect(frame.get_by_role("row", name="not an address")).to_have_count(0)
    expect(frame.get_by_role("region", name="Lines that are left out")).to_be_visible()
    frame.get_by_role("button", name="Bring in 2 lines").click()
    expect(frame.get_by_text("The people are in.")).to_be_visible()
