"""Who does what, drawn from the seed before anything happens.

Each errand has a random sequence of its own, named by seed, client and number. What a client does
as its tenth errand is thus the same in every run with that seed, whatever became of the other
nine, and whichever faults are switched on. When it happens, and beside what, is the operating
system's affair.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from enum import StrEnum
from itertools import count
from typing import TYPE_CHECKING

from saleor_program_budgets.simulation.options import Behaviour, Fault

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from saleor_program_budgets.simulation.options import Plan

PRICES = (15_00, 30_00, 65_00, 80_00, 130_00)
DELIVERY = 5_00
MISHAPS_IN_A_HUNDRED = 25
CLOCK_FAULTS_IN_A_HUNDRED = 60
REBUILDS_IN_A_HUNDRED = 10


class Kind(StrEnum):
    """What a client sets out to do."""

    BUY = "buy"
    BUY_IN_PARTS = "buy in parts"
    BUY_LESS = "buy less than held"
    CHANGE_MIND = "change one's mind"
    LEAVE = "leave a checkout behind"
    CANCEL_EARLY = "cancel while it is captured"
    REFUND = "refund"
    CANCEL = "cancel"
    DISPUTE = "refund and cancel at once"
    CHANGE_CAP = "change a cap"
    ADD_CAP = "add a cap"
    RAISE_CAP = "raise a cap for a while"
    GRANT = "grant"
    ADD = "correct a budget upwards"
    TAKE = "correct a budget downwards"
    UNDO = "undo a correction"
    MOVE = "move"
    DEACTIVATE = "deactivate"
    REACTIVATE = "reactivate"
    EXPIRE = "expire"
    EXPIRE_LATE = "expire late"
    EXPIRE_TWICE = "expire twice"
    EXPIRE_AT_ONCE = "expire twice at once"
    EXPIRE_AHEAD = "expire by a clock that is ahead"
    REBUILD = "compute the cache anew"
    CLASH = "lock against the order"


class Moment(StrEnum):
    """When in a request a mishap happens."""

    BEFORE = "before a statement"
    DURING = "during a statement"
    AFTER = "before its answer arrives"
    END = "before the answer is noted"


class Role(StrEnum):
    """What a process of the simulation is there for."""

    CLIENT = "client"
    JANITOR = "janitor"
    LOCKER = "locker"


@dataclass(frozen=True, slots=True)
class Mishap:
    """One thing to go wrong: with which request of the errand, and when in it.

    ``seconds`` says how long after a statement's start, or after how long it is timed out;
    ``pick`` chooses, from 0 to 1, among what there is to choose from.
    """

    fault: Fault
    step: int
    moment: Moment
    statement: int
    seconds: float
    pick: float


@dataclass(frozen=True, slots=True)
class Errand:
    """One thing to be done; ``pick`` chooses, from 0 to 1, among the client's own orders."""

    number: int
    kind: Kind
    member: int
    department: int
    price: int
    parts: int
    pick: float
    mishap: Mishap | None = None

    @property
    def is_purchase(self) -> bool:
        """Whether it counts as one of the orders asked for."""
        return self.kind in PURCHASES


PURCHASES = frozenset(
    {
        Kind.BUY,
        Kind.BUY_IN_PARTS,
        Kind.BUY_LESS,
        Kind.CHANGE_MIND,
        Kind.LEAVE,
        Kind.CANCEL_EARLY,
    }
)
#: How often each happens, and what has to be switched on for it.
WEIGHTS: Sequence[tuple[Kind, float, Behaviour | None]] = (
    (Kind.BUY, 46, None),
    (Kind.BUY_IN_PARTS, 8, None),
    (Kind.BUY_LESS, 6, None),
    (Kind.CHANGE_MIND, 7, None),
    (Kind.LEAVE, 6, Behaviour.EXPIRY),
    (Kind.CANCEL_EARLY, 3, Behaviour.REFUNDS),
    (Kind.REFUND, 8, Behaviour.REFUNDS),
    (Kind.CANCEL, 4, Behaviour.REFUNDS),
    (Kind.DISPUTE, 2, Behaviour.REFUNDS),
    (Kind.CHANGE_CAP, 4, Behaviour.CAP_CHANGES),
    (Kind.ADD_CAP, 0.5, Behaviour.CAP_CHANGES),
    (Kind.RAISE_CAP, 1.5, Behaviour.CAP_CHANGES),
    (Kind.GRANT, 2, Behaviour.GRANTS),
    (Kind.ADD, 1, Behaviour.CORRECTIONS),
    (Kind.TAKE, 1, Behaviour.CORRECTIONS),
    (Kind.UNDO, 1, Behaviour.CORRECTIONS),
    (Kind.MOVE, 2, Behaviour.MOVES),
    (Kind.DEACTIVATE, 1.5, Behaviour.LEAVERS),
    (Kind.REACTIVATE, 2.5, Behaviour.LEAVERS),
)
#: How many requests an errand makes, for mishaps to choose from; one, where it isn't said.
REQUESTS: Mapping[Kind, int] = {
    Kind.BUY: 3,
    Kind.BUY_IN_PARTS: 4,
    Kind.BUY_LESS: 3,
    Kind.CHANGE_MIND: 2,
    Kind.CANCEL_EARLY: 2,
    Kind.EXPIRE: 3,
}
LATE = (Kind.EXPIRE_LATE, Kind.EXPIRE_TWICE, Kind.EXPIRE_AT_ONCE, Kind.EXPIRE_AHEAD)
#: What befalls a single request, and so may be planned into any errand.
OF_ONE_REQUEST = (
    Fault.KILL,
    Fault.DISCONNECT,
    Fault.DUPLICATE,
    Fault.LATE_RETRY,
    Fault.TIMEOUT,
    Fault.SERIALIZATION,
)


def errands(plan: Plan, *, role: Role, client: int) -> Iterator[Errand]:
    """Yield what a client does, without end."""
    for number in count():
        choice = random.Random(f"{plan.seed}:{role}:{client}:{number}")  # noqa: S311 a repeatable run, not a secret
        yield Errand(
            number=number,
            kind=_kind(plan, role, choice),
            member=choice.randrange(plan.members),
            department=choice.randrange(plan.departments),
            price=choice.choice(PRICES) + DELIVERY,
            parts=choice.choice([1, 2, 3]),
            pick=choice.random(),
        )


def with_mishaps(
    wanted: Iterator[Errand], plan: Plan, *, role: Role, client: int
) -> Iterator[Errand]:
    """Plan mishaps into errands; they are drawn apart, so that the errands stay the same."""
    faults = [fault for fault in OF_ONE_REQUEST if fault in plan.faults]
    for errand in wanted:
        choice = random.Random(f"{plan.seed}:{role}:{client}:{errand.number}:mishap")  # noqa: S311 as above
        if not faults or choice.randrange(100) >= MISHAPS_IN_A_HUNDRED:
            yield errand
            continue
        mishap = Mishap(
            fault=choice.choice(faults),
            step=choice.randrange(REQUESTS.get(errand.kind, 1)),
            moment=choice.choice(list(Moment)),
            statement=choice.randrange(3),
            seconds=choice.uniform(0.0002, 0.004),
            pick=choice.random(),
        )
        yield Errand(
            errand.number,
            errand.kind,
            errand.member,
            errand.department,
            errand.price,
            errand.parts,
            errand.pick,
            mishap,
        )


def _kind(plan: Plan, role: Role, choice: random.Random) -> Kind:
    if role is Role.LOCKER:
        return Kind.CLASH
    if role is Role.JANITOR:
        is_wrong = choice.randrange(100) < CLOCK_FAULTS_IN_A_HUNDRED
        wrong = choice.choice(LATE)
        if (
            choice.randrange(100) < REBUILDS_IN_A_HUNDRED
            and Behaviour.CORRECTIONS in plan.behaviours
        ):
            return Kind.REBUILD
        return wrong if is_wrong and Fault.CLOCK in plan.faults else Kind.EXPIRE
    usual = [
        (kind, weight)
        for kind, weight, needs in WEIGHTS
        if needs is None or needs in plan.behaviours
    ]
    [kind] = choice.choices([kind for kind, _ in usual], [weight for _, weight in usual])
    return kind
