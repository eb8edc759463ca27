"""The auditor finds what was told and isn't so, and what is so and was told to nobody.

Each test plants one difference in a day that is otherwise as told.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest

from saleor_program_budgets import ledger, programs
from saleor_program_budgets.models import Hold, Lot, Member, Posting
from saleor_program_budgets.simulation.audit import books
from saleor_program_budgets.simulation.audit.auditor import Audit, Auditor
from saleor_program_budgets.simulation.audit.tally import Tally
from saleor_program_budgets.simulation.options import Fault, Plan
from saleor_program_budgets.simulation.shopping import SHOP
from saleor_program_budgets.simulation.trading import scripts
from saleor_program_budgets.simulation.trading.diary import (
    Answer,
    Event,
    Line,
    Op,
    Request,
    Status,
    read,
)
from saleor_program_budgets.simulation.trading.errands import Errand, Kind
from saleor_program_budgets.simulation.world import World, cents
from tests.core.simulation.conftest import NewClient
from tests.support.database import tamper

PLAN = Plan(members=4, departments=2, clients=1, orders=3, seconds=None, seed=1)
BUY = Errand(0, Kind.BUY, member=0, department=0, price=70_00, parts=2, pick=0.0)
ERRANDS = [
    BUY,
    replace(BUY, number=1, member=1, kind=Kind.BUY_IN_PARTS),
    replace(BUY, number=2, kind=Kind.REFUND),
    replace(BUY, number=3, kind=Kind.GRANT),
    replace(BUY, number=4, kind=Kind.ADD),
    replace(BUY, number=5, member=2, price=305_00),
    replace(BUY, number=6, member=3, kind=Kind.CHANGE_MIND),
    replace(BUY, number=7, kind=Kind.ADD_CAP),
    replace(BUY, number=8, member=2, kind=Kind.LEAVE),
    replace(BUY, number=9, kind=Kind.DEACTIVATE),
    replace(BUY, number=10, kind=Kind.REFUND),
    replace(BUY, number=11, kind=Kind.REACTIVATE),
]
type Lines = list[Line]
type Examine = Callable[..., Audit]


@pytest.fixture
def examine(acme: World, new_client: NewClient, diary: Path) -> Examine:
    """Return what audits the day, with the diary as it is or as *told* makes it."""
    before = books.read(acme)
    client = new_client()
    for errand in ERRANDS:
        scripts.run(client, errand)

    def audit(told: Callable[[Lines], Lines] = lambda lines: lines) -> Audit:
        programs.expire_due_holds(at=acme.clock() + timedelta(hours=2))
        tally = Tally(told(list(read(diary))))
        return Auditor(
            world=acme, plan=PLAN, tally=tally, before=before, books=books.read(acme)
        ).audit()

    return audit


def checks(audit: Audit) -> list[str]:
    return [finding.check for finding in audit.findings]


def order(number: int) -> Hold:
    """Return the hold that paid for an errand's order first."""
    return Hold.objects.filter(order_id__endswith=f"-c0-{number}").order_by("pk")[0]


def test_a_day_as_told_has_no_findings(examine: Examine) -> None:
    audit = examine()
    assert audit.findings == []
    assert audit.overspent == 0
    assert audit.is_clean
    assert {check: number for check, number in audit.compared.items() if not number} == {
        "repeats answered alike": 0,
        "rebuilds without a repair": 0,
    }


def test_a_lost_acknowledgement(examine: Examine) -> None:
    """A client was told of a hold that the journal doesn't have."""
    request = Request(op=Op.HOLD, key="lost", member=3, amount=20_00, checkout="gone")
    answer = Answer(hold=str(UUID(int=1)), amount=20_00, postings=(999_999,))
    audit = examine(
        lambda lines: [
            *lines,
            Line(event=Event.INTENT, at=0, errand=9, key="lost", request=request),
            Line(event=Event.ANSWER, at=0, errand=9, key="lost", answer=answer),
        ]
    )
    assert checks(audit) == ["holds as told", "postings as told"]
    assert str(audit.findings[0]) == (
        f"holds as told: lost: told [('{UUID(int=1)}', [2000])], found []"
    )


def test_an_order_that_was_paid_twice(examine: Examine, acme: World) -> None:
    """The same order is captured again, from a hold that nobody asked for."""
    held = programs.reserve(
        store=acme.store(),
        user_id=acme.people[3].user_id,
        amount=cents(70_00),
        order_id=order(0).order_id,
        channel_id=acme.channel,
        key="planted",
        actor=SHOP,
        at=acme.clock(),
    )
    ledger.capture(
        hold_id=held.hold_id,
        amount=cents(70_00),
        order_id=order(0).order_id,
        key="planted-capture",
        actor=SHOP,
        at=acme.clock(),
    )
    audit = examine()
    assert checks(audit) == ["orders paid once", "nothing unasked"]
    assert audit.findings[0].told == "7000 paid, 3500 refunded"
    assert audit.findings[0].found == "captured 14000, refunded 3500, still held 0"


def test_a_capture_that_was_posted_twice(examine: Examine) -> None:
    hold = order(0)
    tamper(
        "INSERT INTO program_budgets_posting"
        " (kind, program_id, hold_id, unit, amount, items, checkout_id, order_id, actor, cause,"
        "  at, created_at)"
        " SELECT kind, program_id, hold_id, unit, amount, items, checkout_id, order_id, actor,"
        "  cause, at, created_at FROM program_budgets_posting"
        " WHERE hold_id = %s AND kind = 'capture'",
        [hold.pk],
    )
    assert "orders paid once" in checks(examine())


def test_a_refund_that_nobody_was_told_of(examine: Examine, acme: World) -> None:
    programs.refund(
        hold=order(1),
        amount=cents(5_00),
        key="planted",
        actor=SHOP,
        at=acme.clock(),
        cause="planted",
    )
    assert checks(examine()) == ["orders paid once"]


def test_a_refusal_that_was_a_hold(examine: Examine) -> None:
    def refused(line: Line) -> Line:
        is_hold = line.event is Event.ANSWER and line.errand == 8
        return replace(line, answer=Answer(status=Status.REFUSED)) if is_hold else line

    audit = examine(lambda lines: [refused(line) for line in lines])
    assert checks(audit) == ["holds as told"]


def test_a_grant_that_was_told_and_not_posted(examine: Examine) -> None:
    request = Request(op=Op.GRANT, key="lost", member=3, amount=25_00)
    audit = examine(
        lambda lines: [
            *lines,
            Line(event=Event.INTENT, at=0, errand=9, key="lost", request=request),
            Line(event=Event.ANSWER, at=0, errand=9, key="lost", answer=Answer(amount=25_00)),
        ]
    )
    assert checks(audit) == ["grants as told", "members within grants"]


@pytest.mark.parametrize(
    ("what", "errand", "again"),
    [
        (Fault.LATE_RETRY, 0, Answer(hold="another", amount=70_00)),
        (Fault.DUPLICATE, 0, Answer(status=Status.REFUSED, code="CAP_REACHED")),
    ],
)
def test_a_repeat_with_another_answer(
    examine: Examine, what: Fault, errand: int, again: Answer
) -> None:
    def repeated(lines: Lines) -> Lines:
        first = next(line for line in lines if line.errand == errand and line.request)
        return [*lines, replace(first, event=Event.REPEAT, what=what, answer=again)]

    assert checks(examine(repeated)) == ["repeats answered alike"]


def test_a_checkout_that_became_two_orders(examine: Examine) -> None:
    def placed(lines: Lines) -> Lines:
        place = next(line for line in lines if line.request and line.request.op is Op.PLACE)
        twin = Answer(order=f"{place.request.order}-b")
        return [*lines, replace(place, event=Event.REPEAT, what=Fault.DUPLICATE, answer=twin)]

    assert checks(examine(placed)) == ["repeats answered alike"]


def test_a_leaver_who_kept_something(examine: Examine) -> None:
    """25.00 more were granted than the clawback has taken."""
    [clawback] = Posting.objects.filter(kind="clawback")
    lot = Lot.objects.filter(limit__member=clawback.member_id, origin="grant").get()
    tamper(
        "UPDATE program_budgets_entry SET amount = amount - sign(amount) * %s"
        " WHERE posting_id = %s AND lot_id = %s",
        [25_00, clawback.pk, lot.pk],
    )
    assert "leavers without a budget" in checks(examine())


def test_somebody_who_came_back_to_nothing(examine: Examine) -> None:
    [member] = Member.objects.filter(
        pk__in=Posting.objects.filter(kind="clawback").values("member")
    )
    programs.deactivate_member(member=member, actor=SHOP, at=member.joined_at)
    Member.objects.update(is_active=True, deactivated_at=None)
    audit = examine()
    assert checks(audit) == ["leavers without a budget"]
    assert audit.findings[0].told == "all given back"


def test_a_request_without_an_answer(examine: Examine) -> None:
    request = Request(op=Op.MOVE, key="open", member=3, department=0)
    line = Line(event=Event.INTENT, at=0, errand=9, key="open", request=request)
    assert checks(examine(lambda lines: [*lines, line])) == ["requests answered"]


def test_a_cap_that_counts_something_else(examine: Examine) -> None:
    tamper("UPDATE program_budgets_limit SET spent = spent + 1 WHERE kind = 'cap' AND spent > 0")
    assert set(checks(examine())) == {"caps within ceilings"}


def test_a_hold_that_passed_above_its_cap(examine: Examine) -> None:
    """The ceiling in force was lower than what the journal let through."""
    tamper(
        "UPDATE program_budgets_entry SET amount = -%s FROM program_budgets_limit budget"
        " WHERE budget.id = limit_id AND budget.kind = 'cap' AND bucket = 'funding'",
        [100_00],
    )
    audit = examine()
    assert set(checks(audit)) == {"holds within ceilings of then"}
    assert audit.overspent > 0
    assert not audit.is_clean
