"""A client asks until it is answered, and its successor takes up where it left off."""

from dataclasses import replace
from pathlib import Path

import pytest
from django.db import OperationalError

from saleor_program_budgets.models import Hold, Posting
from saleor_program_budgets.simulation.options import Fault
from saleor_program_budgets.simulation.trading import client as client_module
from saleor_program_budgets.simulation.trading import scripts
from saleor_program_budgets.simulation.trading.client import Client, reason
from saleor_program_budgets.simulation.trading.desk import carry_out
from saleor_program_budgets.simulation.trading.diary import Answer, Event, Request, Status, read
from saleor_program_budgets.simulation.trading.errands import Errand, Kind, Mishap, Moment
from saleor_program_budgets.simulation.world import World
from tests.core.simulation.conftest import NewClient

BUY = Errand(0, Kind.BUY, member=0, department=0, price=70_00, parts=2, pick=0.0)
REFUND = replace(BUY, number=1, kind=Kind.REFUND)


def postings() -> dict[str, list[int]]:
    """Return the amounts posted for holds, by kind."""
    rows = Posting.objects.filter(hold__isnull=False).order_by("pk").values_list("kind", "amount")
    found: dict[str, list[int]] = {}
    for kind, amount in rows:
        found.setdefault(kind, []).append(amount)
    return found


def events(diary: Path) -> list[str]:
    return [line.event for line in read(diary)]


class Killed(BaseException):
    """Stands for SIGKILL, in a test that has to survive it."""


def dying(after: int, *, is_done: bool) -> object:
    """Return a desk at which the client dies with a request, before or after it is carried out."""
    left = [after]

    def carry(world: World, request: Request) -> Answer:
        left[0] -= 1
        if left[0] >= 0:
            return carry_out(world, request)
        if is_done:
            carry_out(world, request)
        raise Killed

    return carry


def test_an_order_is_bought_and_a_part_refunded(new_client: NewClient, diary: Path) -> None:
    client = new_client()
    scripts.run(client, BUY)
    scripts.run(client, REFUND)
    assert postings() == {"hold": [70_00], "capture": [70_00], "refund": [35_00]}
    assert events(diary) == [*["intent", "answer"] * 3, "done", "intent", "answer", "done"]


@pytest.mark.parametrize("is_done", [False, True])
@pytest.mark.parametrize("after", [0, 1, 2, 3])
def test_a_successor_repeats_what_was_not_answered(
    new_client: NewClient, monkeypatch: pytest.MonkeyPatch, after: int, is_done: bool
) -> None:
    def day(client: Client) -> None:
        for errand in (BUY, REFUND):
            if errand.number >= client.memory.errand:
                scripts.run(client, errand)

    monkeypatch.setattr(client_module, "carry_out", dying(after, is_done=is_done))
    with pytest.raises(Killed):
        day(new_client())
    monkeypatch.setattr(client_module, "carry_out", carry_out)
    day(new_client())
    assert postings() == {"hold": [70_00], "capture": [70_00], "refund": [35_00]}


def test_an_answer_that_was_lost_is_asked_for_again(
    new_client: NewClient, diary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    losses = iter([True, False])

    def losing(world: World, request: Request) -> Answer:
        answer = carry_out(world, request)
        if next(losses, False):
            raise OperationalError("the connection was lost")
        return answer

    monkeypatch.setattr(client_module, "carry_out", losing)
    monkeypatch.setattr(client_module.databases, "connection", StillConnected)
    scripts.run(new_client(), BUY)
    assert Hold.objects.count() == 1
    assert events(diary)[:3] == ["intent", "error", "answer"]
    assert next(read(diary)).request is not None


class StillConnected:
    """The test's connection, which it still needs: nobody closes it."""

    def close_if_unusable_or_obsolete(self) -> None:
        return None


def test_a_late_retry_gets_the_first_answer(new_client: NewClient, diary: Path) -> None:
    late = Mishap(Fault.LATE_RETRY, 0, Moment.END, 0, seconds=0.0, pick=0.0)
    client = new_client()
    scripts.run(client, BUY)
    scripts.run(client, replace(BUY, number=1, mishap=late))
    [repeat] = [line for line in read(diary) if line.event is Event.REPEAT]
    [first] = [
        line for line in read(diary) if line.event is Event.ANSWER and line.key == repeat.key
    ]
    assert repeat.answer == first.answer
    assert postings() == {"hold": [70_00] * 2, "capture": [70_00] * 2}


def test_a_mishap_befalls_an_errand_once(new_client: NewClient, diary: Path) -> None:
    first = new_client()
    first.note_fault(Fault.KILL, Moment.BEFORE)
    kill = Mishap(Fault.KILL, 0, Moment.BEFORE, 0, seconds=0.0, pick=0.0)
    scripts.run(new_client(), replace(BUY, mishap=kill))  # and isn't killed
    assert events(diary)[-1] == "done"


def test_a_refusal_ends_the_purchase(new_client: NewClient, diary: Path) -> None:
    scripts.run(new_client(), replace(BUY, price=305_00))
    [answer] = [line.answer for line in read(diary) if line.answer]
    assert (answer.status, answer.code) == (Status.REFUSED, "BALANCE_SHORT")
    assert postings() == {}


def test_a_loss_is_named_as_the_database_names_it() -> None:
    assert reason(OperationalError("gone")) == "connection lost"
