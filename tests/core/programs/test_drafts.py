"""Corrections of many members, looked at before: what a draft says, and how long it is kept."""

import datetime as dt
import time

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.test.utils import CaptureQueriesContext

from saleor_program_budgets import programs
from saleor_program_budgets.errors import InvalidInput
from saleor_program_budgets.models import Adjustment, AdjustmentLine
from saleor_program_budgets.money import Amount
from saleor_program_budgets.programs import lists
from tests.support.adjustments import apply, at_work_on, lines, of_list, preview, rejected
from tests.support.database import snapshot
from tests.support.world import DAY, INSTANT, START, World, usd


def test_a_list(world: World) -> None:
    acme = world.account("Acme")
    ann, bob, eve = world.members(3, acme)
    get_user_model().objects.filter(pk=bob.user_id).update(email="Bob@Example.com")
    batch = of_list(
        world,
        f"{ann.pk},,25.00,welcome,2026-03-31",
        "",
        ",bOB@example.com,-5,,",
        f'{eve.pk},,"1.5","back, at last",',
        header="Member_id, EMAIL ,amount,reason,expires_on",
    )
    found = batch.lines.values_list("number", "member", "amount", "reason", "expires_at")
    assert list(found) == [
        (2, ann.pk, 25_00, "welcome", dt.datetime(2026, 4, 1, tzinfo=dt.UTC)),
        (4, bob.pk, -5_00, "a bonus", None),
        (5, eve.pk, 1_50, "back, at last", None),
    ]
    apply(world, batch)
    balances = [world.balance(member)["available"] for member in (ann, bob, eve)]
    assert balances == ["325.00", "295.00", "301.50"]


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ("0,1.00,,", "member_id"),
        ("x,1.00,,", "member_id"),
        ("99999999999999999999,1.00,,", "member_id"),
        (",1.00,,", "member"),
        ("{ann},,,", "amount"),
        ("{ann},0,,", "amount"),
        ("{ann},1.001,,", "amount"),
        ("{ann},NaN,,", "amount"),
        ("{ann},1e99,,", "amount"),
        ("{ann},-300.01,,", "amount"),
        ('{ann},"1,000.00",,', "amount"),
        ("{ann},1.00," + "x" * 501 + ",", "reason"),
        ("{ann},1.00,\x00,", "reason"),
        ("{ann},1.00,,2026-01-04", "expires_on"),
        ("{ann},1.00,,31.12.2026", "expires_on"),
        ("{ann},1.00,,9999-12-31", "expires_on"),
        ("{ann},1.00,,,more", "line"),
    ],
)
def test_a_line_that_cannot_be_used(world: World, line: str, field: str) -> None:
    ann = world.member()
    header = "member_id,amount,reason,expires_on"
    batch = of_list(world, line.replace("{ann}", str(ann.pk)), f"{ann.pk},1.00,,", header=header)
    assert rejected(batch) == [(2, field)]
    assert [number for number, *_ in lines(batch)] == [3]


def test_an_expiry_today_lasts_until_midnight_of_the_program(world: World) -> None:
    world.open_program(time_zone="America/New_York")
    ann = world.member()
    batch = of_list(world, f"{ann.pk},1.00,2026-01-05", header="member_id,amount,expires_on")
    assert batch.lines.get().expires_at == dt.datetime(2026, 1, 6, 5, tzinfo=dt.UTC)


def test_a_name_of_several_or_of_another_programs_members(world: World) -> None:
    ann, bob = world.members(2, world.account("Acme"))
    stranger = world.member(program=world.open_program(channel="other"))
    get_user_model().objects.filter(pk__in=[ann.user_id, bob.user_id]).update(email="a@example.com")
    get_user_model().objects.filter(pk=stranger.user_id).update(email="s@example.com")
    batch = of_list(world, "a@example.com,1.00", "s@example.com,1.00", header="email,amount")
    assert [problem["message"] for problem in batch.rejected] == [
        "“a@example.com” names several members.",
        "“s@example.com” is no member of this program.",
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "The header needs “amount” and one of member_id, email, external_user_id."),
        (b"amount\n1", "The header needs “amount” and one of member_id, email, external_user_id."),
        (
            b"member_id\n1",
            "The header needs “amount” and one of member_id, email, external_user_id.",
        ),
        (b"email,amount,email\n", "A column stands in the header twice."),
        (b"email,amount\n\n\xff,1", "Save the list as UTF-8: line 3 isn't."),
        (b'email,amount\n"x"y,1', "Line 2 isn't CSV: ',' expected after '\"'."),
        (b"external_user_id,amount\nx,1", "The users of this shop have no external ids."),
        (
            b"mail,amount\nx,1",
            f"“mail” is no column of a list; those are {', '.join(lists.COLUMNS)}.",
        ),
    ],
)
def test_what_is_no_list(world: World, content: bytes, message: str) -> None:
    world.open_program()
    with pytest.raises(InvalidInput) as error:
        preview(world, csv=content)
    assert (error.value.field, error.value.message) == ("csv", message)
    assert not Adjustment.objects.exists()


def test_a_list_as_spreadsheets_save_it(world: World) -> None:
    ann = world.member()
    batch = preview(world, csv=f"\ufeffmember_id;amount\r\n{ann.pk};1.00\r\n".encode())
    assert lines(batch) == [(2, 1_00, "draft", "")]


def test_the_bounds_of_a_list(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    ann = world.member()
    assert (lists.MOST_LINES, lists.MOST_BYTES) == (100_000, 20_971_520)
    monkeypatch.setattr(lists, "MOST_LINES", 2)
    assert len(lines(of_list(world, f"{ann.pk},1", f"{ann.pk},1"))) == 2
    with pytest.raises(InvalidInput, match="up to 2 lines"):
        of_list(world, f"{ann.pk},1", f"{ann.pk},1", f"{ann.pk},1")
    with pytest.raises(InvalidInput, match="up to 20 MB"):
        preview(world, csv=b" " * (lists.MOST_BYTES + 1))


def test_the_first_hundred_bad_lines_are_named_and_all_counted(world: World) -> None:
    world.open_program()
    batch = of_list(world, *["x,1.00"] * 101)
    assert (len(batch.rejected), batch.rejected_count) == (100, 101)
    assert batch.rejected[99]["line"] == 101


def test_a_hundred_thousand_bad_lines(world: World) -> None:
    world.open_program()
    began = time.monotonic()
    batch = of_list(world, *["nobody@example.com,1.00"] * 100_000, header="email,amount")
    assert (len(batch.rejected), batch.rejected_count) == (100, 100_000)
    assert time.monotonic() - began < 30


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"reason": " "}, "reason"),
        ({"reason": "x" * 501}, "reason"),
        ({"amount": None}, "amount"),
        ({"amount": usd("0.00")}, "amount"),
        ({"amount": Amount(1, "EUR")}, "amount"),
        ({"csv": b"x"}, "member"),
        ({"member": None}, "member"),
        ({"member": None, "csv": b"x"}, "amount"),
        ({"expires_at": START}, "expires_at"),
    ],
)
def test_a_request_that_makes_no_sense(
    world: World, changes: dict[str, object], field: str
) -> None:
    ann = world.member()
    with pytest.raises(InvalidInput) as error:
        preview(world, **{"member": ann, "amount": usd("1.00")} | changes)
    assert error.value.field == field
    assert not Adjustment.objects.exists()


def test_whom_it_cannot_be_for(world: World) -> None:
    stranger = world.member(program=world.open_program(channel="other"))
    world._program = world.open_program(channel="mine")
    for target, field in [
        ({"member": stranger}, "member"),
        ({"account": stranger.account}, "account"),
    ]:
        with pytest.raises(InvalidInput) as error:
            preview(world, amount=usd("1.00"), **target)
        assert error.value.field == field


@pytest.mark.parametrize("size", [1, 3])
def test_a_preview_costs_the_same_for_any_number(world: World, size: int) -> None:
    acme = world.account("Acme")
    world.members(size, acme)
    with CaptureQueriesContext(connection) as queries:
        batch = preview(world, account=acme, amount=usd("5.00"))
    assert batch.lines.count() == size
    # Whom it is for, the cycle, balances, the batch, its lines; savepoints.
    assert len([query for query in queries if "SAVEPOINT" not in query["sql"]]) == 5


def test_a_draft_is_kept_for_thirty_days(world: World) -> None:
    ann = world.member()
    _, applied = (preview(world, member=ann, amount=usd("5.00")) for _ in range(2))
    apply(world, applied)
    world.at += DAY
    young = preview(world, member=ann, amount=usd("5.00"))
    before = snapshot()
    assert programs.purge_drafts(at=START + 30 * DAY - INSTANT) == 0
    assert snapshot() == before
    assert programs.purge_drafts(at=START + 30 * DAY) == 1
    assert set(Adjustment.objects.all()) == {applied, young}
    assert {line.adjustment for line in AdjustmentLine.objects.all()} == {applied, young}
    assert programs.purge_drafts(at=START + 30 * DAY) == 0


def test_a_draft_that_is_being_applied_is_not_purged(committed_world: World) -> None:
    world = committed_world
    batch = preview(world, member=world.member(), amount=usd("5.00"))
    with at_work_on(batch):
        assert programs.purge_drafts(at=START + 60 * DAY) == 0
    assert programs.purge_drafts(at=START + 60 * DAY) == 1
