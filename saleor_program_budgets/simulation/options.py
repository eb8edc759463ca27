"""What a run is asked for: its size, what goes on in it, and what goes wrong."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Behaviour(StrEnum):
    """What may go on beside people buying."""

    REFUNDS = "refunds"
    CAP_CHANGES = "cap-changes"
    EXPIRY = "expiry"
    GRANTS = "grants"
    CORRECTIONS = "corrections"
    MOVES = "moves"
    LEAVERS = "leavers"


class Fault(StrEnum):
    """What may go wrong on purpose."""

    KILL = "kill"
    DISCONNECT = "disconnect"
    DUPLICATE = "duplicate"
    LATE_RETRY = "late-retry"
    TIMEOUT = "timeout"
    SERIALIZATION = "serialization"
    DEADLOCK = "deadlock"
    CLOCK = "clock"
    RESTART = "restart"


class Unfit(Exception):
    """A run can't be made like this; says why, for the command line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One run; ``orders`` (purchases to be tried) or ``seconds`` ends its trading."""

    members: int
    departments: int
    clients: int
    orders: int | None
    seconds: float | None
    seed: int
    behaviours: frozenset[Behaviour] = frozenset(Behaviour)
    faults: frozenset[Fault] = frozenset()
    tells_story: bool = True

    @property
    def trades(self) -> bool:
        """Whether anybody trades at all."""
        return self.orders is None or self.orders > 0

    def command(self) -> str:
        """Return the command line that repeats exactly this."""
        is_timed = self.seconds is not None
        length = f"--seconds {self.seconds:g}" if is_timed else f"--orders {self.orders}"
        words = [
            "python -m saleor_program_budgets.simulation",
            f"--seed {self.seed} --members {self.members} --departments {self.departments}",
            f"--clients {self.clients} {length}",
            f"--with {named(self.behaviours, of=Behaviour)}",
            f"--faults {named(self.faults, of=Fault)}",
        ]
        return " ".join(words if self.tells_story else [*words, "--no-story"])


def chosen[Choice: StrEnum](text: str, *, of: type[Choice]) -> frozenset[Choice]:
    """Return what *text* names: ``all``, ``none``, or names with commas between them.

    Raises ``ValueError`` with the names there are.
    """
    if text == "all":
        return frozenset(of)
    if text == "none":
        return frozenset()
    names = [name.strip() for name in text.split(",")]
    unknown = [name for name in names if name not in set(of)]
    if unknown:
        raise ValueError(
            f"there is no “{unknown[0]}”: choose from {', '.join(of)}, or say all or none"
        )
    return frozenset(of(name) for name in names)


def named[Choice: StrEnum](choice: frozenset[Choice], *, of: type[Choice]) -> str:
    """Write a choice as ``chosen`` reads it."""
    if choice == frozenset(of):
        return "all"
    return ",".join(one for one in of if one in choice) or "none"
