"""The figures of a day of trading, computed from the diaries once it is over."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from saleor_program_budgets.simulation.options import Fault
from saleor_program_budgets.simulation.trading.diary import Event, Line, Op, Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from saleor_program_budgets.simulation.trading.supervision import Traded

#: How a fault can end, in the order of the report.
ENDINGS: Mapping[Fault, tuple[str, str]] = {
    Fault.KILL: ("taken up by a successor", "outlived"),
    Fault.DISCONNECT: ("asked again after the loss", "not noticed"),
    Fault.DUPLICATE: ("one outcome for both", "two outcomes"),
    Fault.LATE_RETRY: ("first answer again", "another answer"),
    Fault.TIMEOUT: ("asked again after the timeout", "answered in time"),
    Fault.SERIALIZATION: ("asked again after a refusal or conflict", "not concerned"),
    Fault.DEADLOCK: ("resolved by the server", "waited for"),
    Fault.CLOCK: ("carried out", ""),
    Fault.RESTART: ("recovered", ""),
}
#: Requests whose latency nobody waits for.
NOT_TIMED = frozenset({Op.EXPIRE, Op.END_RAISES, Op.SEAL, Op.REBUILD, Op.CLASH})


@dataclass(slots=True)
class Struck:
    """A fault that happened, and whether its request had to be made again."""

    at: float
    fault: Fault
    key: str
    was_felt: bool = False


@dataclass(slots=True)
class Figures:
    """What a report shows; times in seconds since trading began."""

    seconds: float
    latencies: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    orders_at: list[float] = field(default_factory=list)
    refused_at: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    faults: list[Struck] = field(default_factory=list)
    errors: Counter[str] = field(default_factory=Counter)
    replaced: int = 0
    deadlocks: int = 0

    @property
    def orders(self) -> int:
        """How many orders were captured."""
        return len(self.orders_at)

    def endings(self) -> list[tuple[Fault, int, str]]:
        """Return, for each kind of fault, how often it struck and how that ended."""
        by_kind: dict[Fault, list[Struck]] = defaultdict(list)
        for struck in self.faults:
            by_kind[struck.fault].append(struck)
        return [
            (fault, len(by_kind[fault]), self._ending(fault, by_kind[fault]))
            for fault in Fault
            if fault in by_kind
        ]

    def _ending(self, fault: Fault, struck: Sequence[Struck]) -> str:
        felt = sum(one.was_felt for one in struck)
        if fault is Fault.KILL:
            felt = min(self.replaced, len(struck))
        elif fault is Fault.DEADLOCK:
            felt = min(self.deadlocks, len(struck))
        elif fault in {Fault.DUPLICATE, Fault.LATE_RETRY}:
            felt = len(struck) - felt
        elif fault in {Fault.CLOCK, Fault.RESTART}:
            felt = len(struck)
        rest = len(struck) - felt
        one, other = ENDINGS[fault]
        said = [f"{felt} {one}"] if felt else []
        return ", ".join([*said, f"{rest} {other}"] if rest else said)


def figures(lines: Iterable[Line], traded: Traded, *, unlike: set[str]) -> Figures:
    """Compute the figures; *unlike* names the requests that got another answer when repeated."""
    found = Figures(seconds=traded.counts.seconds, replaced=sum(traded.replaced.values()))
    struck: dict[str, Struck] = {}
    for line in lines:
        at = line.at - traded.began
        if line.event is Event.ANSWER and line.answer is not None:
            if line.what not in NOT_TIMED:
                found.latencies[line.what].append(line.seconds)
            if line.answer.status is Status.REFUSED:
                found.refused_at[line.answer.code].append(at)
            elif line.what == Op.SETTLE:
                found.orders_at.append(at)
        elif line.event is Event.FAULT:
            fault = Struck(at, Fault(line.what), line.key, was_felt=line.key in unlike)
            found.faults.append(fault)
            struck[line.key] = fault
        elif line.event is Event.ERROR:
            found.errors[line.what] += 1
            found.deadlocks += line.what == "DeadlockDetected"
            if line.key in struck:
                struck[line.key].was_felt |= struck[line.key].fault not in {
                    Fault.DUPLICATE,
                    Fault.LATE_RETRY,
                }
    found.faults += [Struck(at - traded.began, Fault.RESTART, "") for at, _ in traded.crashes]
    return found


def percentile(timings: Sequence[float], share: float) -> float:
    """Return the time within which *share* of all were done."""
    ordered = sorted(timings)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)]
