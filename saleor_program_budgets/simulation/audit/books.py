"""What the journal has, read row by row; its caches and ``verify`` are left out on purpose."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.db.models import F

from saleor_program_budgets.models import Entry, Hold, Limit, Member, Posting

if TYPE_CHECKING:
    from collections.abc import Sequence

    from saleor_program_budgets.simulation.world import World

Kind = Posting.Kind
Bucket = Entry.Bucket
#: Value that has left a lot for good.
GONE = (Bucket.LAPSED, Bucket.WITHDRAWN, Bucket.MOVED)
#: What withdraws from who has left, beside corrections, which anybody may meet.
TAKES_BACK = (Kind.CLAWBACK, Kind.RELEASE, Kind.EXPIRE, Kind.REFUND)


@dataclass(slots=True)
class HoldRecord:
    """A hold with the amounts of its postings, in minor units."""

    id: str
    key: str
    member: int
    account: int
    checkout: str
    order: str
    postings: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))

    def sum_of(self, *kinds: str) -> int:
        """Add up its postings of these kinds."""
        return sum(sum(self.postings[kind]) for kind in kinds)

    @property
    def captured(self) -> int:
        """What was captured, refunded or not."""
        return self.sum_of(Kind.CAPTURE)

    @property
    def refunded(self) -> int:
        """What was given back of what was captured."""
        return self.sum_of(Kind.REFUND)

    @property
    def remaining(self) -> int:
        """What is still held."""
        return self.sum_of(Kind.HOLD) - self.captured - self.sum_of(Kind.RELEASE, Kind.EXPIRE)

    @property
    def used(self) -> int:
        """What it takes of the budget now."""
        return self.remaining + self.captured - self.refunded


@dataclass(frozen=True, slots=True)
class CapStep:
    """What one posting did to one cap: to its ceiling, and to what is used of it."""

    posting: int
    kind: str
    cap: int
    ceiling: int
    used: int


@dataclass(frozen=True, slots=True)
class Clawback:
    """That a leaver's budget was taken back, and what it left them to spend."""

    posting: int
    member: int
    left: int


@dataclass(slots=True)
class Leavers:
    """What was taken back from whom: by ``clawed`` and not given back, and ``taken`` in all.

    Beside the clawbacks that is what came back to somebody who had left. ``active`` are those who
    are there in the end.
    """

    clawed: Counter[int] = field(default_factory=Counter)
    taken: Counter[int] = field(default_factory=Counter)
    clawbacks: list[Clawback] = field(default_factory=list)
    active: set[int] = field(default_factory=set)


@dataclass(slots=True)
class Books:
    """The journal of one program, as far as the auditor compares it.

    ``causes`` counts what was granted or corrected by its reason; ``granted`` is what each member
    was given, less what was taken back by corrections; ``counted`` is what each cap counts as used.
    """

    holds: list[HoldRecord]
    ids: dict[str, set[int]]
    causes: Counter[str]
    granted: Counter[int]
    leavers: Leavers
    steps: Sequence[CapStep]
    counted: dict[str, int]


def read(world: World) -> Books:
    """Read the journal of the world's program."""
    holds = {
        pk: HoldRecord(str(pk), key, member, account, checkout, order)
        for pk, key, member, account, checkout, order in Hold.objects.filter(
            program=world.program
        ).values_list("pk", "key", "member_id", "account_id", "checkout_id", "order_id")
    }
    ids: dict[str, set[int]] = defaultdict(set)
    causes: Counter[str] = Counter()
    rows = Posting.objects.filter(program=world.program).order_by("pk")
    for pk, kind, hold, amount, cause in rows.values_list(
        "pk", "kind", "hold_id", "amount", "cause"
    ):
        ids[kind].add(pk)
        if kind in {Kind.GRANT, Kind.ADJUSTMENT}:
            causes[cause] += 1
        elif hold in holds:
            holds[hold].postings[kind].append(amount)
    leavers = _leavers(world)
    return Books(
        holds=list(holds.values()),
        ids=ids,
        causes=causes,
        granted=_granted(world) + leavers.taken,
        leavers=leavers,
        steps=_steps(world),
        counted={cap.account: cap.used for cap in world.caps()},
    )


def _granted(world: World) -> Counter[int]:
    """Add up what entered each member's lots and didn't leave them for good."""
    granted: Counter[int] = Counter()
    lines = Entry.objects.filter(
        lot__isnull=False, limit__program=world.program, bucket__in=[Bucket.FUNDING, *GONE]
    )
    for member, amount in lines.values_list("limit__member_id", "amount"):
        granted[member] -= amount
    return granted


def _leavers(world: World) -> Leavers:
    """Go through the members' lines in the journal's order, which is that of their locks."""
    found = Leavers()
    found.active = set(
        Member.objects.filter(program=world.program, is_active=True).values_list("pk", flat=True)
    )
    available: Counter[int] = Counter()
    lines = (
        Entry.objects.filter(lot__isnull=False, limit__program=world.program)
        .order_by("posting_id", "pk")
        .values_list(
            "posting_id",
            "posting__kind",
            "posting__reverses__kind",
            "limit__member_id",
            "bucket",
            "amount",
        )
    )
    for posting, kind, undone, member, bucket, amount in lines:
        if bucket == Bucket.WITHDRAWN and (kind in TAKES_BACK or undone in TAKES_BACK):
            found.taken[member] += amount
            found.clawed[member] += amount if Kind.CLAWBACK in {kind, undone} else 0
        if bucket == Bucket.AVAILABLE:
            available[member] += amount
        if kind == Kind.CLAWBACK:
            if found.clawbacks and found.clawbacks[-1].posting == posting:
                found.clawbacks.pop()
            found.clawbacks.append(Clawback(posting, member, available[member]))
    return found


def _steps(world: World) -> list[CapStep]:
    """Return what happened to the world's caps, in the journal's order; shares summed up."""
    accounts = [world.organization.pk, *(account.pk for account in world.accounts.values())]
    lines = (
        Entry.objects.filter(limit__kind=Limit.Kind.CAP, limit__account__in=accounts)
        .annotate(cap=F("limit__cap_id"), kind=F("posting__kind"))
        .order_by("posting_id", "cap")
        .values_list("posting_id", "kind", "cap", "bucket", "amount")
    )
    steps: list[CapStep] = []
    for posting, kind, cap, bucket, amount in lines:
        ceiling = -amount if bucket == Bucket.FUNDING else 0
        used = amount if bucket in {Bucket.HELD, Bucket.SPENT} else 0
        if steps and (steps[-1].posting, steps[-1].cap) == (posting, cap):
            last = steps.pop()
            ceiling, used = ceiling + last.ceiling, used + last.used
        steps.append(CapStep(posting, kind, cap, ceiling, used))
    return steps
