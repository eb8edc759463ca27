"""The board shows what is asked for, keeps it in its address, and leads to what is behind it."""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import FrameLocator, Locator

    from tests.browser.support.desk import Desk
    from tests.browser.support.saleor import Hooli


def test_drill_down_is_kept_in_the_address(
    administrator: Callable, desk: Desk, trading: Hooli
) -> None:
    frame = administrator(f"/utilization?program={trading.program}")
    accounts = frame.get_by_role("region", name="By account")
    expect(figure(frame, "Allocated")).to_have_text("$400.00")

    accounts.get_by_role("button", name="Hooli").click()
    accounts.get_by_role("button", name="Sales").click()

    expect(figure(frame, "Allocated")).to_have_text("$200.00")
    expect(frame.get_by_role("navigation", name="Account shown")).to_have_text("AllHooliSales")
    expect(frame.get_by_text("No account stands below this one.")).to_be_visible()
    asked = f"/utilization?{urlencode({'program': trading.program, 'account': trading.sales})}"
    assert desk.actions("updateRouting")[-1] == {"newRoute": asked}

    desk.window.reload()

    expect(figure(desk.frame, "Allocated")).to_have_text("$200.00")
    place = desk.frame.get_by_role("navigation", name="Account shown")
    expect(place).to_have_text("AllHooliSales")
    place.get_by_role("button", name="Hooli").click()
    expect(figure(desk.frame, "Allocated")).to_have_text("$400.00")
    place.get_by_role("button", name="All").click()
    expect(place).to_have_count(0)


def test_figures_of_a_department(administrator: Callable, trading: Hooli) -> None:
    frame = administrator(f"/utilization?program={trading.program}&account={trading.account}")

    expect(frame.get_by_role("region", name="By account").get_by_role("row")).to_have_count(3)
    assert table(frame, "By account") == [
        ["Engineering", "1", "$200.00", "$0.00", "$0.00", "$200.00", "–", "0%"],
        ["Sales", "1", "$200.00", "$70.00", "$20.00", "$110.00", "$150.00covers 75%", "60%"],
    ]


@pytest.mark.parametrize(
    ("account", "name", "title", "rows"),
    [
        ("sales", "Redeemed", "Purchases", ["Approved Ada Abara Sales $70.00 $70.00"]),
        ("sales", "Held", "Purchases", ["Pending Ada Abara Sales $20.00 –"]),
        ("sales", "Spent", "Purchases", ["Approved Ada Abara Sales $70.00 $70.00"]),
        ("sales", "Refused purchases", "Purchases", []),
        ("engineering", "Redeemed", "Purchases", []),
        (
            "engineering",
            "Refused purchases",
            "Purchases",
            ["Refused: balance short Ben Bruun Engineering $265.00 –"],
        ),
    ],
)
def test_a_figure_leads_to_its_purchases(
    administrator: Callable, trading: Hooli, account: str, name: str, title: str, rows: list[str]
) -> None:
    under = getattr(trading, account)
    frame = administrator(f"/utilization?program={trading.program}&account={under}")

    figure(frame, name).get_by_role("link").first.click()

    expect(frame.get_by_role("heading", name=title, level=1)).to_be_visible()
    expect(frame.get_by_text("No purchase matches.")).to_have_count(0 if rows else 1)
    expect(frame.get_by_role("table").get_by_role("row")).to_have_count(
        len(rows) + 1 if rows else 0
    )
    assert [" ".join(row[1:6]) for row in table(frame, "Purchases")] == rows


@pytest.mark.parametrize("account", ["sales", "engineering"])
@pytest.mark.parametrize("name", ["Allocated", "Remaining", "Active members", "Granted"])
def test_a_figure_leads_to_its_members(
    administrator: Callable, trading: Hooli, account: str, name: str
) -> None:
    under = getattr(trading, account)
    frame = administrator(f"/utilization?program={trading.program}&account={under}")

    figure(frame, name).get_by_role("link").click()

    expect(frame.get_by_role("heading", name="Members", level=1)).to_be_visible()
    expect(frame.get_by_text("1 member", exact=True)).to_be_visible()
    member = {"sales": "Ada Abara", "engineering": "Ben Bruun"}[account]
    expect(frame.get_by_role("link", name=member)).to_be_visible()


def test_a_figure_leads_to_its_entries(administrator: Callable, trading: Hooli) -> None:
    frame = administrator(f"/utilization?program={trading.program}")

    figure(frame, "Granted").get_by_role("link").click()

    expect(frame.get_by_role("heading", name="Entries", level=1)).to_be_visible()
    expect(frame.get_by_text("4 entries", exact=True)).to_be_visible()
    assert {tuple(row[1:5]) for row in table(frame, "History")} == {
        ("Grant", member, bucket, amount)
        for member in ("Ada Abara", "Ben Bruun")
        for bucket, amount in (("Funding", "-$200.00"), ("Available", "$200.00"))
    }


def test_a_period_is_applied(administrator: Callable, trading: Hooli) -> None:
    today = datetime.now(UTC).date()
    yesterday = today - timedelta(days=1)
    asked = f"program={trading.program}&account={trading.sales}"

    frame = administrator(f"/utilization?{asked}&from={yesterday}&to={yesterday}")
    expect(figure(frame, "Spent")).to_have_text("$0.00")
    figure(frame, "Spent").get_by_role("link").click()
    expect(frame.get_by_text("No purchase matches.")).to_be_visible()

    frame.get_by_label("To", exact=True).fill(str(today))
    expect(frame.get_by_text("1 purchase", exact=True)).to_be_visible()
    frame.get_by_label("From", exact=True).fill(str(today + timedelta(days=1)))
    expect(frame.get_by_text("No purchase matches.")).to_be_visible()


def test_entries_of_a_period(administrator: Callable, trading: Hooli) -> None:
    today = datetime.now(UTC).date()
    frame = administrator(f"/entries?program={trading.program}&kind=GRANT&from={today}&to={today}")
    expect(frame.get_by_text("4 entries", exact=True)).to_be_visible()

    frame.get_by_label("To", exact=True).fill(str(today - timedelta(days=1)))

    expect(frame.get_by_text("Nothing has happened yet.")).to_be_visible()


def test_csv_is_what_is_shown(administrator: Callable, desk: Desk, trading: Hooli) -> None:
    frame = administrator(f"/utilization?program={trading.program}&account={trading.account}")
    expect(frame.get_by_role("region", name="By account").get_by_role("row")).to_have_count(3)

    with desk.window.expect_download() as waited:
        frame.get_by_role("button", name="Download CSV").click()

    text = Path(waited.value.path()).read_text(encoding="utf-8")
    *lines, total = csv.DictReader(io.StringIO(text))
    assert [
        [
            line["account"],
            line["active_members"],
            _money(line["allocated"]),
            _money(line["redeemed"]),
            _money(line["held"]),
            _money(line["remaining"]),
            _cap(line),
        ]
        for line in lines
    ] == [row[:7] for row in table(frame, "By account")]
    assert {
        "Allocated": _money(total["allocated"]),
        "Redeemed": _money(total["redeemed"]),
        "Held": _money(total["held"]),
        "Remaining": _money(total["remaining"]),
        "Burn rate": f"{_money(total['burn_rate_per_day'])} a day",
        "Runs out": _day(total["runs_out_at"]),
        "Active members": total["active_members"],
        "Have redeemed": total["spenders"],
        "Overspent": _money(total["overspent"]),
        "Redemptions": total["redemptions"],
        "Refused purchases": total["refusals"],
    } == {name: value for name, value in figures(frame).items() if name in _IN_CSV}


_IN_CSV = {
    *("Allocated", "Redeemed", "Held", "Remaining", "Burn rate", "Runs out", "Active members"),
    *("Have redeemed", "Overspent", "Redemptions", "Refused purchases"),
}


def figure(frame: FrameLocator, name: str) -> Locator:
    """The figure under a name."""
    named = frame.locator("dt", has_text=re.compile(f"^{name}$"))
    return frame.locator("dl.figures > div").filter(has=named).locator("dd")


def figures(frame: FrameLocator) -> dict[str, str]:
    """All figures under their names."""
    found = frame.locator("dl.figures > div").all()
    return {each.locator("dt").inner_text(): each.locator("dd").inner_text() for each in found}


def table(frame: FrameLocator, label: str) -> list[list[str]]:
    """The rows of a table, cell by cell, without its heading."""
    rows = frame.get_by_role("region", name=label).locator("tbody tr").all()
    return [
        [cell.inner_text().replace("\n", "") for cell in row.locator("td").all()] for row in rows
    ]


def _money(text: str) -> str:
    return f"${Decimal(text):,.2f}"


def _cap(line: dict[str, str]) -> str:
    if not line["cap"]:
        return "–"
    return f"{_money(line['cap'])}covers {Decimal(line['coverage_ratio']):.0%}"


def _day(text: str) -> str:
    day = datetime.fromisoformat(text)
    return f"{day:%b} {day.day}, {day.year}"
