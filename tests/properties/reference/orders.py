"""From checkout to order, and back."""

from __future__ import annotations

from tests.properties.reference.purchases import Purchases
from tests.properties.reference.rows import MONEY, Hold, Refused

Step = tuple[int, int]
"""Money and items that one settlement moved."""


class Orders(Purchases):
    """What placing, settling, returning and abandoning do to holds."""

    def usable(self, member: int, checkout: str, order: str = "") -> list[Hold]:
        """Return the holds that an order from the checkout may rely on."""
        found = [
            hold
            for hold in self.holds.values()
            if hold.member == member
            and hold.remains
            and (
                (hold.order == order and order)
                or (not hold.order and hold.checkout == checkout and hold.expires_at > self.at)
            )
        ]
        return sorted(found, key=lambda hold: hold.age)

    def of_order(self, order: str) -> list[Hold]:
        holds = [hold for hold in self.holds.values() if hold.order == order]
        return sorted(holds, key=lambda hold: hold.age)

    def of_checkout(self, checkout: str) -> list[Hold]:
        """Return what a checkout still holds for no order, expired or not."""
        holds = [
            hold
            for hold in self.holds.values()
            if hold.checkout == checkout and not hold.order and hold.remains
        ]
        return sorted(holds, key=lambda hold: hold.age)

    def bind(self, member: int, checkout: str, order: str, due: int) -> Refused | None:
        person = self.people[member]
        program = self.programs[person.program]
        holds = self.usable(member, checkout, order)
        held = sum(hold.remaining for hold in holds)
        if held < due or not holds:
            if not program.takes_orders(self.at):
                return Refused("ProgramClosed")
            if not person.is_active:
                return Refused("MemberInactive")
        if held < due and not program.pays_difference:
            return Refused("NotCovered", held, MONEY)
        for hold in holds:
            hold.order = order
        return None

    def settle(self, order: str, due: int) -> list[Step]:
        """Capture *due*, and all items, over the order's holds; release the rest."""
        holds = self.of_order(order)
        self.catch_up_holders(holds)
        needed = due - sum(hold.total("captured") for hold in holds)
        steps: list[Step] = []
        for hold in holds:
            items, taken = hold.items_remaining, min(max(needed, 0), hold.remaining)
            rest = hold.remaining - taken
            if taken or items:
                self.capture(hold, taken, items, order=order)
                steps.append((taken, items))
            if rest:
                self.release(hold, rest, 0)
                steps.append((rest, 0))
            needed -= taken
        return steps

    def give_back_order(self, order: str) -> list[Step]:
        steps: list[Step] = []
        self.catch_up_holders(self.of_order(order))
        for hold in self.of_order(order):
            held = hold.remaining, hold.items_remaining
            spent = hold.total("refundable"), hold.total("refundable", "ITEM")
            if any(held):
                self.release(hold, *held)
                steps.append(held)
            if any(spent):
                self.refund(hold, *spent)
                steps.append(spent)
        return steps

    def give_back_checkout(self, checkout: str, keep: int | None) -> list[Step]:
        """Give back the newest first: money down to *keep* (``None``: nothing), and all items."""
        holds = self.of_checkout(checkout)
        self.catch_up_holders(holds)
        excess = sum(hold.remaining for hold in holds) - (keep or 0)
        steps: list[Step] = []
        for hold in reversed(holds):
            money, items = min(max(excess, 0), hold.remaining), hold.items_remaining
            if not money and not items:
                continue
            self.release(hold, money, items)
            steps.append((money, items))
            excess -= money
        return steps
