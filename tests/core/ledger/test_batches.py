"""Sets of adjustments: each line as if it had come alone, all in one transaction."""

from collections.abc import Sequence

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from saleor_program_budgets import ledger
from saleor_program_budgets.errors import InvalidAmount
from saleor_program_budgets.ledger import Adjusting, Correction
from saleor_program_budgets.models import Lot, Member, Outcome, Posting
from saleor_program_budgets.money import Amount
from tests.support.database import snapshot
from tests.support.world import DAY, TESTS, World, lot_figures, usd


def line(member: Member | int, value: str, key: str, **changes: object) -> Adjusting:
    request = {
        "member_id": member if isinstance(member, int) else member.pk,
        "amount": usd(value),
        "expires_at": None,
        "reason": "a bonus",
        "key": key,
    }
    return Adjusting(**request | changes)


def adjust(world: World, *lines: Adjusting) -> dict[str, ledger.Result]:
    return ledger.adjust_each(lines=lines, cycle=world.cycle, actor=TESTS, at=world.at)


def undo(world: World, **postings: int) -> dict[str, ledger.Result]:
    return ledger.reverse_each(postings=postings, reason="a mistake", actor=TESTS, at=world.at)


def told(results: dict[str, ledger.Result]) -> Sequence[str]:
    return [
        str(result.amount.to_decimal()) + " again" * result.is_replay
        if isinstance(result, Correction)
        else str(result)
        for result in results.values()
    ]


def test_what_it_writes_is_what_single_adjustments_write(world: World) -> None:
    # Given two alike, one of whom is corrected in a set, and the other by one call after another.
    ann, bob = world.members(2, world.account("Acme"))
    expires_at = world.at + DAY
    adjust(world, line(ann, "5.00", "a", expires_at=expires_at), line(ann, "-304.00", "b"))
    for value, key in (("5.00", "c"), ("-304.00", "d")):
        ledger.adjust(
            member=bob,
            amount=usd(value),
            cycle=world.cycle,
            expires_at=expires_at if value == "5.00" else None,
            reason="a bonus",
            key=key,
            actor=TESTS,
            at=world.at,
        )

    def written(member: Member) -> list[object]:
        postings = Posting.objects.filter(member=member, kind="adjustment").order_by("pk")
        names = ("kind", "program", "cycle", "account", "unit", "amount", "actor", "cause", "at")
        entries = [
            sorted(
                posting.entries.values_list(
                    "bucket", "amount", "balance_before", "balance_after", "lot__origin"
                )
            )
            for posting in postings
        ]
        lots = [
            (lot.origin, lot.expires_at, lot.cycle, lot.reason, lot_figures(lot))
            for lot in Lot.objects.filter(limit__member=member).order_by("pk")
        ]
        return [list(postings.values_list(*names)), entries, lots]

    assert written(ann) == written(bob)
    alike = [
        {
            name: value
            for name, value in Outcome.objects.get(pk=key).result.items()
            if name != "posting"
        }
        for key in "abcd"
    ]
    assert alike[:2] == alike[2:]


def test_a_repeated_line_gets_the_first_outcome(world: World) -> None:
    ann = world.member()
    assert told(adjust(world, line(ann, "5.00", "a"))) == ["5.00"]
    before = snapshot()
    again = adjust(
        world, line(ann, "5.00", "a", expires_at=world.at + DAY), line(ann, "6.00", "a6")
    )
    assert told(again) == ["5.00 again", "6.00"]
    assert snapshot() != before
    conflict = "This idempotency key was already used for a different request."
    assert told(adjust(world, line(ann, "-5.00", "a"))) == [conflict]


def test_who_has_no_budget(world: World) -> None:
    ann = world.member()
    euros = line(ann, "1.00", "c", amount=Amount(-1, "EUR"))
    assert told(adjust(world, line(0, "5.00", "a"), line(ann, "5.00", "b"), euros)) == [
        "Not all of them have a budget in USD.",
        "5.00",
        "The member has no budget in EUR.",
    ]
    assert world.balance(ann) == {"available": "305.00"}


def test_nothing_at_all_and_zero(world: World) -> None:
    ann = world.member()
    before = snapshot()
    assert adjust(world) == undo(world) == {}
    with pytest.raises(InvalidAmount):
        adjust(world, line(ann, "5.00", "a"), line(ann, "0.00", "b"))
    assert snapshot() == before


def test_what_can_be_undone(world: World) -> None:
    ann, bob = world.members(2, world.account("Acme"))
    results = adjust(
        world, line(ann, "5.00", "a"), line(ann, "-20.00", "b"), line(bob, "7.00", "c")
    )
    a, b, c = (result.posting_id for result in results.values())
    allotment = Posting.objects.filter(kind="grant").first().pk
    world.hold(bob, "306.00")
    assert told(undo(world, u=a, v=b, w=c, x=allotment, y=0)) == [
        "5.00",
        "20.00",
        "What it gave has been used since, or there is no room for it any more.",
        "There is no such posting.",
        "There is no such posting.",
    ]
    assert world.balance(ann) == {"available": "300.00"}
    assert told(undo(world, u=a, z=a)) == ["5.00 again", "This was reversed already."]
    reversal = Posting.objects.get(reverses=b)
    assert (reversal.kind, reversal.cause, reversal.amount) == ("reversal", "a mistake", 20_00)


def test_one_statement_of_its_own(world: World) -> None:
    ann = world.member()
    cycle = world.cycle
    with CaptureQueriesContext(connection) as queries:
        ledger.adjust_each(
            lines=[line(ann, "5.00", "a"), line(ann, "-5.00", "b")],
            cycle=cycle,
            actor=TESTS,
            at=world.at,
        )
    assert len(queries) == 1
    with transaction.atomic(), pytest.raises(RuntimeError):
        adjust(world, line(ann, "5.00", "c"))
