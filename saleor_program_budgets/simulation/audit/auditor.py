"""Comparing what clients were told with what the journal has; independent of ``verify``."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from saleor_program_budgets.simulation.options import Behaviour
from saleor_program_budgets.simulation.trading.desk import grant_reason
from saleor_program_budgets.simulation.trading.diary import KEYED, Answer, Op, Status
from saleor_program_budgets.simulation.world import ALLOTMENT, cents, money, organization_cap

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from saleor_program_budgets.simulation.audit.books import Books, HoldRecord
    from saleor_program_budgets.simulation.audit.tally import Sale, Tally, Told
    from saleor_program_budgets.simulation.options import Plan
    from saleor_program_budgets.simulation.world import World

UNANSWERED = Answer()
#: Answers that leave no outcome behind: the same request may pass later.
UNRECORDED = frozenset({Status.NOT_HELD, Status.NOT_POSSIBLE})
#: Which kind of posting answers to a request names.
POSTED = {
    Op.HOLD: "hold",
    Op.REFUND: "refund",
    Op.ADJUST: "adjustment",
    Op.REVERSE: "reversal",
    Op.RAISE: "ceiling",
}
ALIKE = "repeats answered alike"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that was told and isn't so, or is so and was told to nobody."""

    check: str
    subject: str
    told: str
    found: str

    def __str__(self) -> str:
        return f"{self.check}: {self.subject}: told {self.told}, found {self.found}"


@dataclass(slots=True)
class Audit:
    """What was compared, by check, and what differs; ``overspent`` is in minor units."""

    compared: dict[str, int] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    overspent: int = 0

    @property
    def is_clean(self) -> bool:
        """Whether everything was as told, and nothing overspent."""
        return not self.findings and not self.overspent


class Auditor:
    """Goes through the tally and the books, check by check.

    A check yields one result for each thing it compares: nothing, or what was told and found.
    """

    def __init__(
        self, *, world: World, plan: Plan, tally: Tally, before: Books, books: Books
    ) -> None:
        """*before* is what the books had when trading began; the clients know nothing of it."""
        self._world, self._plan, self._tally = world, plan, tally
        self._before, self._books = before, books
        self._sales = tally.sales()
        old = {hold.id for hold in before.holds}
        self._new = [hold for hold in books.holds if hold.id not in old]
        self._by_key: dict[str, list[HoldRecord]] = defaultdict(list)
        self._by_order: dict[str, list[HoldRecord]] = defaultdict(list)
        for hold in books.holds:
            self._by_key[hold.key].append(hold)
            if hold.order:
                self._by_order[hold.order].append(hold)
        self._audit = Audit()

    def audit(self) -> Audit:
        """Run all checks."""
        for name, check in _CHECKS.items():
            self._audit.compared[name] = 0
            for difference in check(self):
                self._audit.compared[name] += 1
                if difference is not None:
                    self._audit.findings.append(Finding(name, *difference))
        return self._audit

    def answers(self) -> Iterator[_Result]:
        """Every request was answered in the end, and none for having been asked wrongly.

        Who isn't a member any more may be told so, and who asks for a raise after its end.
        """
        for key, told in self._tally.told.items():
            is_right = told.answer is not None and (
                told.answer.status is not Status.INVALID
                or told.answer.code in {"member", "ends_at"}
            )
            yield _unless(is_right, key, told.answer or "nothing", "a request to be answered")

    def holds(self) -> Iterator[_Result]:
        """What was told to be held is a hold, once; what was refused is none."""
        for told in self._tally.of(Op.HOLD):
            key, answer = told.request.key, told.answer or UNANSWERED
            expected = [(answer.hold, [told.request.amount])] if told.is_done else []
            found = [(row.id, row.postings["hold"]) for row in self._by_key[key]]
            yield _unless(found == expected, key, expected, found)

    def repeats(self) -> Iterator[_Result]:
        """A request made again gets the first answer, or changes nothing."""
        for told in self._tally.told.values():
            for again in [*(answer for _, answer in told.twins), *told.late]:
                yield _unless(
                    self._is_alike(told, again, is_late=again in told.late),
                    told.request.key,
                    told.answer,
                    again,
                )

    def _is_alike(self, told: Told, again: Answer, *, is_late: bool) -> bool:
        if not is_late and again.status in UNRECORDED:
            return True  # of two at once, one came before there was room
        if told.request.op in KEYED:
            return again == told.answer
        if told.request.op is Op.PLACE:  # as two orders: one of them stands at most
            stands = (told.answer or UNANSWERED).order
            return again.status is not Status.DONE or again.order == stands
        return not is_late or not again.postings

    def orders(self) -> Iterator[_Result]:
        """Every order is paid once, to the last unit, and given back as far as was told."""
        for sale in self._sales.values():
            rows = self._by_order[sale.order]
            captured = sum(row.captured for row in rows)
            refunded = sum(row.refunded for row in rows)
            remaining = sum(row.remaining for row in rows)
            is_undone = sale.is_returned and captured == refunded <= sale.due
            is_back = refunded == (captured if sale.is_returned else sale.refunded)
            is_so = (captured == sale.due or is_undone) and is_back and not remaining
            found = f"captured {captured}, refunded {refunded}, still held {remaining}"
            yield _unless(is_so, sale.order, _said(sale), found)

    def postings(self) -> Iterator[_Result]:
        """Every posting that a client was told of is in the journal."""
        for op, kind in POSTED.items():
            for told in self._tally.of(op):
                if told.is_done and told.answer is not None:
                    is_so = set(told.answer.postings) <= self._books.ids[kind]
                    yield _unless(is_so, told.request.key, told.answer, "no such posting")

    def grants(self) -> Iterator[_Result]:
        """Every grant and correction that was told was posted once, and none that was refused."""
        for told in self._tally.of(Op.GRANT, Op.ADJUST):
            times = self._books.causes[grant_reason(told.request.key)]
            yield _unless(times == told.is_done, told.request.key, told.answer, f"{times} postings")

    def rebuilds(self) -> Iterator[_Result]:
        """Computing the cache anew in mid-trade found nothing to repair."""
        for told in self._tally.of(Op.REBUILD):
            wrong = (told.answer or UNANSWERED).amount
            yield _unless(not wrong, told.request.key, "nothing to repair", f"{wrong} rows")

    def nobody_asked(self) -> Iterator[_Result]:
        """Nothing has come into the journal that no client asked for."""
        for hold in self._new:
            is_known = hold.key in self._tally.told
            yield _unless(is_known, f"hold {hold.id}", "nothing", f"{hold.used} in use")
            if hold.order not in self._sales:
                found = f"captured {hold.captured} for “{hold.order}”"
                is_idle = not hold.captured and not hold.order
                yield _unless(is_idle, f"hold {hold.id}", "no such order", found)
        asked = {grant_reason(request.key) for request in self._tally.done(Op.GRANT, Op.ADJUST)}
        for reason, times in (self._books.causes - self._before.causes).items():
            yield _unless(reason in asked, f"grant “{reason}”", "nothing", f"{times} of it")

    def left_behind(self) -> Iterator[_Result]:
        """What was given back, or has expired, is no longer held."""
        released = {request.checkout for request in self._tally.done(Op.RELEASE)}
        for hold in self._new:
            is_over = hold.checkout in released or Behaviour.EXPIRY in self._plan.behaviours
            if hold.order not in self._sales and is_over:
                yield _unless(not hold.used, hold.key, "nothing in use", hold.used)

    def members(self) -> Iterator[_Result]:
        """Nobody uses more than they were granted, by what was told and by the journal."""
        told: Counter[int] = Counter()
        for sale in self._sales.values():
            told[self._world.people[sale.member].pk] += sale.used
        for hold in self._before.holds:
            told[hold.member] += hold.used
        used: Counter[int] = Counter()
        for hold in self._books.holds:
            used[hold.member] += hold.used
        granted = self._tally.granted()
        for place, member in enumerate(self._world.people):
            name, most = f"member {place}", money(ALLOTMENT).minor + granted[place]
            left = most - self._books.leavers.taken[member.pk]
            yield self._within(name, max(told[member.pk], used[member.pk]), left)
            found = self._books.granted[member.pk]
            yield _unless(found == most, name, f"{most} granted", found)

    def leavers(self) -> Iterator[_Result]:
        """Who left was left nothing, and who is there has back what was taken."""
        leavers = self._books.leavers
        for clawback in leavers.clawbacks:
            subject = f"member {clawback.member} after posting {clawback.posting}"
            yield _unless(not clawback.left, subject, "nothing left", clawback.left)
        for member in leavers.active & leavers.clawed.keys():
            taken = leavers.clawed[member]
            yield _unless(not taken, f"member {member}", "all given back", f"{taken} taken")

    def caps(self) -> Iterator[_Result]:
        """No account uses more than its ceiling ever was; its caps count all that is used."""
        used: Counter[int] = Counter()
        for hold in self._books.holds:
            used[hold.account] += hold.used
        departments = self._world.departments
        first = [money(department.cap).minor for department in departments]
        highest = self._tally.highest_ceilings(at_first=first)
        for department, most in zip(departments, highest, strict=True):
            account = self._world.accounts[department.name]
            yield self._within(department.name, used[account.pk], most)
            yield self._counted(department.name, used[account.pk])
        organization = self._world.organization.name
        most = money(organization_cap(len(self._world.people))).minor
        yield self._within(organization, used.total(), most)
        yield self._counted(organization, used.total())

    def holds_under_caps(self) -> Iterator[_Result]:
        """Every hold, when it was posted, left each cap above it within its ceiling of then."""
        ceilings: Counter[int] = Counter()
        used: Counter[int] = Counter()
        for step in self._books.steps:
            ceilings[step.cap] += step.ceiling
            used[step.cap] += step.used
            if step.kind == "hold":
                subject = f"cap {step.cap} after posting {step.posting}"
                yield self._within(subject, used[step.cap], ceilings[step.cap])

    def _within(self, name: str, used: int, most: int) -> _Result:
        self._audit.overspent += max(used - most, 0)
        return _unless(used <= most, name, f"at most {cents(most)}", cents(used))

    def _counted(self, name: str, used: int) -> _Result:
        """Compare with every cap on the account, also with one that was added in mid-trade."""
        caps = self._books.counted.items()
        counted = {cap: counts for cap, counts in caps if cap.partition(",")[0] == name}
        return _unless(set(counted.values()) == {used}, name, used, counted)


type _Result = tuple[str, str, str] | None

_CHECKS: dict[str, Callable[[Auditor], Iterator[_Result]]] = {
    "requests answered": Auditor.answers,
    "holds as told": Auditor.holds,
    ALIKE: Auditor.repeats,
    "orders paid once": Auditor.orders,
    "postings as told": Auditor.postings,
    "grants as told": Auditor.grants,
    "nothing unasked": Auditor.nobody_asked,
    "nothing left behind": Auditor.left_behind,
    "members within grants": Auditor.members,
    "leavers without a budget": Auditor.leavers,
    "caps within ceilings": Auditor.caps,
    "holds within ceilings of then": Auditor.holds_under_caps,
    "rebuilds without a repair": Auditor.rebuilds,
}


def summary(audit: Audit) -> Sequence[tuple[str, int, int]]:
    """Return each check with how much it compared and how much of it differs."""
    differing = Counter(finding.check for finding in audit.findings)
    return [(check, number, differing[check]) for check, number in audit.compared.items()]


def _unless(is_so: bool, subject: str, told: object, found: object) -> _Result:  # noqa: FBT001 a condition
    return None if is_so else (subject, str(told), str(found))


def _said(sale: Sale) -> str:
    fate = "cancelled" if sale.is_returned else f"{sale.refunded} refunded"
    return f"{sale.due} paid, {fate}"
