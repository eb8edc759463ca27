"""What is staged in each program, to be told: one of its people, and its administrator.

Everything that a line says is read from the ledger after the event. A claim that isn't so is a
finding, and the year has failed.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from saleor_program_budgets import ledger, programs
from saleor_program_budgets.errors import CapReached, ProgramClosed, Refusal
from saleor_program_budgets.models import Lot, Rollover
from saleor_program_budgets.simulation.year.chronicle import Line
from saleor_program_budgets.simulation.year.course import OFFICE

if TYPE_CHECKING:
    from collections.abc import Callable

    from saleor_program_budgets.models import Member
    from saleor_program_budgets.simulation.year.chronicle import Chronicle
    from saleor_program_budgets.simulation.year.course import Course

DAY = timedelta(days=1)


class Story:
    """The acts of one program; *lead* lives by them alone."""

    def __init__(self, course: Course, lead: Member, chronicle: Chronicle, year: int) -> None:
        """Nothing happens before ``plan``."""
        self.course = course
        self.lead = lead
        self.findings: list[str] = []
        self._chronicle = chronicle
        self._year = year
        self._orders: dict[str, str] = {}

    @property
    def who(self) -> str:
        """The lead's name."""
        return self.course.name_of(self.lead)

    def plan(self) -> None:
        """Enter the acts of this program into the agenda."""
        acts = ACTS.get(self.course.name)
        if acts is not None:
            acts(self)

    def on(self, month: int, day: int, act: Callable[[], None], *, hour: int = 12) -> None:
        """Let *act* happen at that hour of the program's wall clock."""
        at = datetime(self._year, month, day, hour, tzinfo=self.course.scheme.zone)
        self.course.agenda.enter(at, act)

    def say(self, text: str) -> None:
        """Tell what happened just now."""
        self._chronicle.add(Line(self.course.now, self.course, text))

    def expect(self, what: str, found: object, claimed: object) -> None:
        """Note a finding unless the two are equal."""
        if found != claimed:
            self.findings.append(
                f"{self.course.name}: {what}: {found}, where the story claims {claimed}"
            )

    # What the lead does

    def buy(self, minor: int, *, name: str = "", settles: bool = True) -> None:
        """Order for so much; the order is kept under *name*, settled or not."""
        course, due = self.course, self.course.amount(minor)
        checkout = course.key("checkout")
        course.reserve(self.lead, due, checkout=checkout)
        order = course.place(self.lead, due, checkout=checkout)
        self._orders[name] = order
        if settles:
            course.settle(order, due)
            self.say(f"{self.who} buys for {due}, {course.left(self.lead)} left")
        else:
            self.say(f"{self.who} orders for {due}, which stay held; {course.left(self.lead)} left")

    def ship(self, name: str, minor: int) -> None:
        """Capture an order that was placed before."""
        due = self.course.amount(minor)
        self.course.settle(self._orders[name], due)
        self.say(f"{self.who}'s order is shipped: {due} captured, whatever has ended since")

    def cancel_after_the_close(self, name: str) -> None:
        """Release an order of the period before: what it would have carried follows."""
        before = self._carried()
        self.course.cancel(self._orders[name])
        self.say(
            f"{self.who}'s order from before the closing night is cancelled: "
            f"{self.course.amount(self._carried() - before)} follow what was carried"
        )

    def refund(self, name: str, what: str) -> None:
        """Return half of an order, of which the lot has lapsed."""
        amount = self.course.refund(self._orders[name], 0.5)
        lot = Lot.objects.filter(limit__member=self.lead, origin=Lot.Origin.REFUND).latest("pk")
        self.expect("what the refund is worth", lot.amount, amount.minor)
        until = lot.expires_at and lot.expires_at.astimezone(self.course.scheme.zone)
        self.say(
            f"{amount} of what {self.who} bought before the closing night are refunded: "
            f"{what} until {until:%-d %b %H:%M}"
        )

    def be_refused(self, minor: int, refusal: type[Refusal]) -> None:
        """Try to buy, and be refused for that reason."""
        due = self.course.amount(minor)
        try:
            self.course.reserve(self.lead, due, checkout=self.course.key("checkout"))
        except Refusal as refused:
            self.expect("why the purchase is refused", type(refused), refusal)
            self.course.refused[refused.code] += 1
            self.say(f"{self.who} is refused: {refused}".rstrip("."))
        else:
            self.expect("a purchase", "passed", "refused")

    def leave(self) -> None:
        """Leave; what is left is taken back."""
        held = self._held()
        [taken, *_] = self.course.leave(self.lead)
        self.expect("what a leaver has", self.course.left(self.lead).minor, 0)
        stays = f", {self.course.amount(held)} of an open order stay held" if held else ""
        self.say(f"{self.who} leaves: {self.course.amount(-taken.amount.minor)} taken back{stays}")

    def come_back(self) -> None:
        """Come back; what was taken back and hasn't lapsed is given back."""
        self.course.come_back(self.lead)
        self.say(f"{self.who} comes back, and has {self.course.left(self.lead)}")

    def _held(self) -> int:
        return sum(limit.held for limit in self.lead.limits.exclude(unit="ITEM"))

    def _carried(self) -> int:
        return sum(
            Rollover.objects.filter(limit__member=self.lead).values_list("carried", flat=True)
        )

    # What the administrator does

    def join(self, person: int, department: str) -> None:
        """Enroll somebody in mid-cycle."""
        [member] = self.course.enroll([person], department, at=self.course.now)
        self.say(f"{self.course.name_of(member)} joins, and gets {self.course.left(member)}")

    def lower_cap(self, department: str) -> None:
        """Lower a department's cap to half of what it has used."""
        used = _used(self.course, department)
        self.course.cap(department, self.course.amount(used // 2), "the money is needed elsewhere")
        cap = self.course.cap_of(department)
        self.expect("the overhang", cap.overhang, used - used // 2)
        self.say(
            f"{department}'s cap is lowered to {self.course.amount(cap.ceiling)}, an overhang of "
            f"{self.course.amount(cap.overhang)}"
        )

    def look_at_cap(self, department: str) -> None:
        """See that the cap starts anew in the new cycle."""
        cap = self.course.cap_of(department)
        self.expect("the overhang in the new cycle", cap.overhang, 0)
        self.say(
            f"{department}'s cap stands again: {self.course.amount(cap.held + cap.spent)} of "
            f"{self.course.amount(cap.ceiling)} used in the new cycle"
        )

    def raise_cap(self, department: str, minor: int, *, days: int) -> None:
        """Raise a cap for some days."""
        cap = self.course.cap_of(department)
        before, ends_at = cap.ceiling, self.course.now + days * DAY
        programs.raise_cap(
            cap=cap,
            amount=self.course.amount(minor),
            ends_at=ends_at,
            reason="trade fair",
            key=self.course.key("raise"),
            actor=OFFICE,
            at=self.course.now,
        )
        raised = self.course.cap_of(department)
        self.expect("the raised cap", raised.ceiling, before + minor)
        self.say(f"{department}'s cap is {self.course.amount(raised.ceiling)} for {days} days")

    def lift_cap(self, department: str, minor: int) -> None:
        """Give a department room again."""
        self.course.cap(department, self.course.amount(minor), "the money is there again")
        self.say(f"{department}'s cap is {self.course.amount(minor)}")

    def change_allotment(self, minor: int) -> None:
        """Change the rules in mid-cycle: the open cycle stands."""
        before = self.course.left(self.lead)
        program = self.course.program
        program.refresh_from_db()
        rules = replace(self.course.scheme.rules, allotment=self.course.amount(minor))
        programs.update_program(program=program, rules=rules, at=self.course.now)
        self.expect("a budget after new rules", self.course.left(self.lead), before)
        self.say(f"the allotment will be {self.course.amount(minor)} from the next cycle on")

    def grant_by_mistake(self, minor: int) -> None:
        """Grant to the wrong one, and take it back."""
        before = self.course.left(self.lead)
        done = self.course.adjust(self.lead, self.course.amount(minor), "a prize")
        if done.posting_id is not None:
            ledger.reverse(
                posting_id=done.posting_id,
                reason="somebody else's prize",
                key=self.course.key("reverse"),
                actor=OFFICE,
                at=self.course.now,
            )
        self.expect("a budget after a reversal", self.course.left(self.lead), before)
        self.say(f"{self.course.amount(minor)} granted to {self.who} by mistake, and reversed")


def _used(course: Course, department: str) -> int:
    cap = course.cap_of(department)
    return cap.held + cap.spent


def _merchandise(story: Story) -> None:
    story.on(1, 12, lambda: story.buy(12_60))
    story.on(2, 26, lambda: story.buy(45_00, name="winter", settles=False))
    story.on(3, 5, lambda: story.cancel_after_the_close("winter"))
    story.on(4, 8, lambda: story.grant_by_mistake(100_00))
    story.on(5, 18, lambda: story.buy(15_00, name="farewell", settles=False))
    story.on(5, 19, story.leave)
    story.on(5, 21, lambda: story.ship("farewell", 15_00))
    story.on(5, 27, story.come_back)
    story.on(6, 13, lambda: story.buy(12_00))
    story.on(6, 14, lambda: story.lower_cap("Engineering"))
    story.on(6, 15, lambda: story.be_refused(20_00, CapReached))
    story.on(6, 20, lambda: story.change_allotment(60_00))
    story.on(7, 1, lambda: story.look_at_cap("Engineering"))
    story.on(7, 2, lambda: story.lift_cap("Engineering", 4_000_00))
    story.on(10, 5, lambda: story.lift_cap("Engineering", 1_00))
    story.on(10, 6, lambda: story.be_refused(20_00, CapReached))
    story.on(10, 7, lambda: story.raise_cap("Engineering", 5_000_00, days=7))
    story.on(10, 8, lambda: story.buy(20_00))
    story.on(10, 15, lambda: story.be_refused(20_00, CapReached))
    story.on(10, 20, lambda: story.lift_cap("Engineering", 4_000_00))


def _home_office(story: Story) -> None:
    story.on(3, 18, lambda: story.buy(120_00, name="desk"))
    story.on(4, 14, lambda: story.refund("desk", "kept (GRACE)"))


def _rewards(story: Story) -> None:
    story.on(3, 9, lambda: story.buy(60_00, name="voucher"))
    story.on(4, 20, lambda: story.refund("voucher", "part of the open cycle (REISSUE)"))


def _thank_you(story: Story) -> None:
    story.on(2, 3, lambda: story.buy(25_00))


def _uniforms(story: Story) -> None:
    story.on(2, 25, lambda: story.be_refused(95_00, ProgramClosed))
    story.on(4, 30, lambda: story.buy(95_00, name="kit", settles=False), hour=23)
    story.on(5, 1, lambda: story.be_refused(20_00, ProgramClosed), hour=0)
    story.on(5, 4, lambda: story.ship("kit", 95_00))


ACTS: dict[str, Callable[[Story], None]] = {
    "Merchandise": _merchandise,
    "Home office": _home_office,
    "Rewards": _rewards,
    "Thank you": _thank_you,
    "Uniforms": _uniforms,
}
"""Which acts belong to which program."""
