"""What the clients were told, put together from their diaries alone."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from saleor_program_budgets.simulation.options import Fault
from saleor_program_budgets.simulation.trading.diary import Answer, Event, Line, Op, Request, Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


@dataclass(slots=True)
class Told:
    """One request, its answer, and what it was answered when it was made again."""

    request: Request
    answer: Answer | None = None
    twins: list[tuple[Request, Answer]] = field(default_factory=list)
    late: list[Answer] = field(default_factory=list)

    @property
    def is_done(self) -> bool:
        """Whether it was carried out, as far as the client knows."""
        return self.answer is not None and self.answer.status is Status.DONE


@dataclass(slots=True)
class Sale:
    """An order that a client was told to stand, and what became of it; amounts in minor units."""

    order: str
    checkout: str
    member: int
    due: int = 0
    refunded: int = 0
    is_settled: bool = False
    is_returned: bool = False

    @property
    def used(self) -> int:
        """What of the budget stays used."""
        return 0 if self.is_returned else self.due - self.refunded


class Tally:
    """All that was told, by key; and the orders that follow from it."""

    def __init__(self, lines: Iterable[Line]) -> None:
        """Read all diaries, in whatever order between clients."""
        self.told: dict[str, Told] = {}
        for line in lines:
            self._note(line)

    def _note(self, line: Line) -> None:
        if line.event is Event.INTENT and line.request is not None:
            self.told.setdefault(line.key, Told(line.request))
        elif line.event is Event.ANSWER:
            self.told[line.key].answer = line.answer
        elif line.event is Event.REPEAT and line.request is not None and line.answer is not None:
            if line.what == Fault.LATE_RETRY:
                self.told[line.key].late.append(line.answer)
            else:
                self.told[line.key].twins.append((line.request, line.answer))

    def of(self, *ops: Op) -> Iterator[Told]:
        """Yield what was told of these kinds of request."""
        return (told for told in self.told.values() if told.request.op in ops)

    def done(self, *ops: Op) -> Iterator[Request]:
        """Yield the requests of these kinds that were carried out."""
        return (told.request for told in self.of(*ops) if told.is_done)

    def sales(self) -> dict[str, Sale]:
        """Return the orders that stand, by id."""
        sales: dict[str, Sale] = {}
        for told in self.of(Op.PLACE):
            if told.is_done and told.answer is not None:
                request = told.request
                sales[told.answer.order] = Sale(
                    told.answer.order, request.checkout, request.member or 0
                )
        for request in self.done(Op.SETTLE):
            sales[request.order].due = request.amount
            sales[request.order].is_settled = True
        for request in self.done(Op.REFUND):
            sales[request.order].refunded += request.amount
        for request in self.done(Op.RETURN):
            sales[request.order].is_returned = True
        return sales

    def granted(self) -> dict[int, int]:
        """Return what each member was granted beside the allotment, corrections included."""
        sums: dict[int, int] = defaultdict(int)
        corrections: dict[int, Request] = {}
        for told in self.of(Op.GRANT, Op.ADJUST):
            if told.is_done and told.answer is not None:
                sums[told.request.member or 0] += told.request.amount
                corrections |= dict.fromkeys(told.answer.postings, told.request)
        for request in self.done(Op.REVERSE):
            undone = corrections[request.posting]
            sums[undone.member or 0] -= undone.amount
        return sums

    def highest_ceilings(self, *, at_first: list[int]) -> list[int]:
        """Return the most that each department's cap can have been, with all raises at once."""
        highest = list(at_first)
        for request in self.done(Op.CAP):
            place = request.department or 0
            highest[place] = max(highest[place], request.amount)
        for request in self.done(Op.RAISE):
            highest[request.department or 0] += request.amount
        return highest
