"""A client: runs its errands, makes a request again until it is answered, keeps its diary.

It knows nothing but what its diary says. A successor of one that was killed opens the same diary,
finds the errand that isn't done, and goes through it again: what was answered isn't asked again,
what was about to be asked is asked under the same key.
"""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from django.db import connections

from saleor_program_budgets.simulation import databases
from saleor_program_budgets.simulation.databases import NO_ANSWER
from saleor_program_budgets.simulation.options import Fault
from saleor_program_budgets.simulation.trading.desk import carry_out
from saleor_program_budgets.simulation.trading.diary import (
    REPEATABLE,
    Answer,
    Diary,
    Event,
    Line,
    Op,
    Request,
    Status,
    read,
)
from saleor_program_budgets.simulation.trading.mishaps import befalling

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from saleor_program_budgets.simulation.trading.errands import Errand, Mishap
    from saleor_program_budgets.simulation.world import World

PATIENCE_SECONDS = 60.0
"""For how long a request is made again before the client gives up."""
PAUSE_SECONDS = 0.01
REMEMBERED = 200
"""How many requests, and how many orders, a client can come back to."""


@dataclass(slots=True)
class Memory:
    """What the diary says, as far as the client needs it to go on."""

    errand: int = 0
    intents: dict[str, Request] = field(default_factory=dict)
    answers: dict[str, Answer] = field(default_factory=dict)
    mishap_struck: bool = False
    refundable: dict[str, Request] = field(default_factory=dict)
    correctable: dict[str, int] = field(default_factory=dict)
    repeatable: dict[str, tuple[Request, Answer]] = field(default_factory=dict)

    def note(self, line: Line) -> None:
        """Take in a line, which is in the diary already."""
        if line.event is Event.INTENT and line.request is not None:
            self.intents[line.request.key] = line.request
        elif line.event is Event.ANSWER and line.answer is not None:
            self.answers[line.key] = line.answer
            self._draw(self.intents[line.key], line.answer)
        elif line.event is Event.FAULT:
            self.mishap_struck = True
        elif line.event is Event.DONE:
            self.errand = line.errand + 1
            self.mishap_struck = False
            self.intents, self.answers = {}, {}

    def _draw(self, request: Request, answer: Answer) -> None:
        """Remember what later errands come back to: requests to repeat, orders to refund."""
        if request.op in REPEATABLE and answer.status in {Status.DONE, Status.REFUSED}:
            self.repeatable[request.key] = (request, answer)
        if answer.status is Status.DONE and request.refundable and request.op is Op.SETTLE:
            self.refundable[request.order] = request
        elif request.op is Op.RETURN:
            self.refundable.pop(request.order, None)
        elif request.op is Op.REFUND and (order := self.refundable.pop(request.order, None)):
            left = order.refundable - request.amount
            if left > 0:
                self.refundable[request.order] = replace(order, refundable=left)
        elif request.op is Op.ADJUST and answer.postings:
            self.correctable[request.key] = answer.postings[0]
        for remembered in (self.repeatable, self.refundable, self.correctable):
            while len(remembered) > REMEMBERED:
                del remembered[next(iter(remembered))]


class Client:
    """One client at work; it runs in a process of its own."""

    def __init__(self, *, world: World, name: str, diary: Path) -> None:
        """Take up where the diary ends."""
        self.world = world
        self.name = name
        self.memory = Memory()
        for line in read(diary) if diary.exists() else ():
            self.memory.note(line)
        self._diary = Diary(diary)
        self._helper = ThreadPoolExecutor(1)  # with a connection of its own, which it keeps
        self._mishap: Mishap | None = None
        self._step = 0

    def has_begun(self, errand: Errand) -> bool:
        """Say whether a predecessor left off in the middle of the errand."""
        return errand.number == self.memory.errand and bool(self.memory.intents)

    def begin(self, errand: Errand) -> None:
        """Turn to an errand: number its requests from the start, expect its mishap."""
        self._diary.errand = errand.number
        self._step = 0
        self._mishap = None if self.memory.mishap_struck else errand.mishap
        if self._mishap is not None and self._mishap.fault is Fault.LATE_RETRY:
            self._repeat_late(self._mishap)

    def end(self) -> None:
        """Put the errand away."""
        self._write(Event.DONE)

    def fail(self, error: Exception) -> None:
        """Note something that no fault explains."""
        self._write(Event.FAILURE, what=f"{type(error).__name__}: {error}")

    def close(self) -> None:
        """Leave: close the connections and the diary."""
        self._helper.submit(connections.close_all)
        self._helper.shutdown()
        connections.close_all()
        self._diary.close()

    def key(self, errand: Errand, step: str) -> str:
        """Return the key of one request of an errand, the same in every attempt at it."""
        return f"simulation:{self.world.program.pk}:{self.name}:{errand.number}:{step}"

    def chosen(self, key: str) -> Request | None:
        """Return the request that was decided on under this key, if it was."""
        return self.memory.intents.get(key)

    def ask(self, request: Request) -> Answer:
        """Make a request until it is answered; its mishap befalls the first attempt."""
        mishap = self._next_mishap()
        request, known = self._intend(request)
        if known is not None:
            return known
        began = time.perf_counter()
        if mishap is not None and mishap.fault is Fault.DUPLICATE:
            answer = self._ask_twice(request)
        else:
            answer = self._insist(request, mishap)
        return self._noted(request, answer, began)

    def ask_at_once(self, first: Request, second: Request) -> list[Answer]:
        """Make two requests in the same moment, on two connections."""
        self._next_mishap()
        pairs = [self._intend(first), self._intend(second)]
        began = time.perf_counter()
        open_ones = [request for request, known in pairs if known is None]
        answers = iter(self._at_once(open_ones))
        return [
            known if known is not None else self._noted(request, next(answers), began)
            for request, known in pairs
        ]

    def note_fault(self, fault: Fault, what: str, *, key: str = "") -> None:
        """Put down that something goes wrong on purpose, before it does."""
        self._write(Event.FAULT, key=key, what=fault, details={"how": what})

    def _write(self, event: Event, **details: Any) -> None:
        self._diary.write(event, **details)
        self.memory.note(Line(event=event, at=0.0, errand=self._diary.errand, **details))

    def _next_mishap(self) -> Mishap | None:
        mishap, step = self._mishap, self._step
        self._step += 1
        return mishap if mishap is not None and mishap.step == step else None

    def _intend(self, request: Request) -> tuple[Request, Answer | None]:
        """Put the intent down, or find what a predecessor intended and was answered."""
        decided = self.memory.intents.get(request.key)
        if decided is None:
            self._write(Event.INTENT, key=request.key, request=request)
        return decided or request, self.memory.answers.get(request.key)

    def _noted(self, request: Request, answer: Answer, began: float) -> Answer:
        seconds = time.perf_counter() - began
        self._write(Event.ANSWER, key=request.key, answer=answer, what=request.op, seconds=seconds)
        return answer

    def _insist(self, request: Request, mishap: Mishap | None = None) -> Answer:
        until = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                if mishap is None or mishap.fault is Fault.LATE_RETRY:
                    return carry_out(self.world, request)
                self.note_fault(mishap.fault, mishap.moment, key=request.key)
                befell, mishap = mishap, None
                with befalling(befell):
                    return carry_out(self.world, request)
            except NO_ANSWER as error:
                if time.monotonic() > until:
                    raise
                self._diary.write(Event.ERROR, key=request.key, what=reason(error))
                databases.connection().close_if_unusable_or_obsolete()
                time.sleep(PAUSE_SECONDS)

    def _at_once(self, requests: Sequence[Request]) -> list[Answer]:
        """Make requests in the same moment: the first one here, another on the helper's thread."""
        start = threading.Barrier(max(len(requests), 1))

        def ask(request: Request) -> Answer:
            start.wait(PATIENCE_SECONDS)
            return self._insist(request)

        others = [self._helper.submit(ask, request) for request in requests[1:]]
        return [ask(request) for request in requests[:1]] + [other.result() for other in others]

    def _ask_twice(self, request: Request) -> Answer:
        """Make the request twice at once; an order is placed as two orders, of which one passes."""
        self.note_fault(Fault.DUPLICATE, "twice at once", key=request.key)
        twin = request
        if request.op is Op.PLACE:
            twin = replace(request, order=f"{request.order}-b")
        answers = self._at_once([request, twin])
        self._diary.write(Event.REPEAT, request=twin, key=request.key, answer=answers[1])
        return next((answer for answer in answers if answer.status is Status.DONE), answers[0])

    def _repeat_late(self, mishap: Mishap) -> None:
        """Make a request of long ago again; it was answered then."""
        known = list(self.memory.repeatable.values())
        if not known:
            return
        request, _ = known[int(mishap.pick * len(known))]
        self.note_fault(Fault.LATE_RETRY, request.op, key=request.key)
        answer = self._insist(request)
        self._diary.write(
            Event.REPEAT, request=request, key=request.key, answer=answer, what=Fault.LATE_RETRY
        )


def reason(error: Exception) -> str:
    """Name why an attempt got no answer: the database's own name for it, where it gave one."""
    cause = error.__cause__
    while cause is not None and cause.__cause__ is not None:
        cause = cause.__cause__
    return type(cause).__name__ if getattr(cause, "sqlstate", None) else "connection lost"
