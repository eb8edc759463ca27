"""Rules about orders: placed at the gate, settled, given back, abandoned."""

from __future__ import annotations

from django.db import transaction
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from saleor_program_budgets import ledger, programs
from tests.properties.machine.bench import PLACES, Bench, cents
from tests.properties.reference.orders import Step


class OrderRules(Bench):
    """What the host does with holds."""

    @rule(place=PLACES, checkout=PLACES, due=st.integers(0, 80), order=PLACES)
    def place_order(self, place: int, checkout: int, due: int, order: int) -> None:
        """Pass the gate with a new order or (one in five) one that stands, for what is due."""
        member, person = self.person(place)
        checkout_id = self.checkout(member, checkout)
        is_known = order % 5 == 0 and bool(self.orders)
        order_id = self.orders[order % len(self.orders)] if is_known else self.world.key("order")
        if due > 40:  # more often than chance would have it, exactly what is held
            usable = self.model.usable(member.pk, checkout_id, order_id)
            due = sum(hold.remaining for hold in usable)

        def run() -> None:
            store = programs.find_store(channel_id=self.model.programs[person.program].channel)
            request = {
                "store": store,
                "user_id": person.user,
                "checkout_id": checkout_id,
                "order_id": order_id,
                "due": cents(due),
                "at": self.world.at,
            }
            with transaction.atomic():
                programs.check_covered(**request)
                programs.bind_to_order(**request)

        refused = self.model.bind(member.pk, checkout_id, order_id, due)
        self.perform("place order again" if is_known else "place order", run, refused)
        if refused is None and not is_known:
            self.orders.append(order_id)

    @precondition(lambda self: self.orders)
    @rule(place=PLACES, due=st.integers(0, 80))
    def settle_order(self, place: int, due: int) -> None:
        order_id = self.orders[-1 - place % len(self.orders)]
        expected = self.model.settle(order_id, due)
        for steps in (expected, []):
            settled = programs.settle_order(
                order_id=order_id, due=cents(due), actor=self.world.actor, at=self.world.at
            )
            assert _steps(settled) == steps
        self.count("settle order", "some" if expected else "nothing to do")

    @precondition(lambda self: self.orders)
    @rule(place=PLACES)
    def return_order(self, place: int) -> None:
        order_id = self.orders[-1 - place % len(self.orders)]
        renewed = len(self.model.new_lots)
        expected = self.model.give_back_order(order_id)
        for steps in (expected, []):
            returned = programs.return_order(
                order_id=order_id, cause="a test", actor=self.world.actor, at=self.world.at
            )
            assert _steps(returned) == steps
        self.count("return order", "some" if expected else "nothing to do")
        if len(self.model.new_lots) > renewed:
            self.count("return order", "with a renewed lot")

    @precondition(
        lambda self: (
            self.steps % 6 == 0
            or any(hold.remains and not hold.order for hold in self.model.holds.values())
        )
    )
    @rule(place=PLACES, checkout=PLACES, keep=st.one_of(st.none(), st.integers(1, 60)))
    def release_checkout(self, place: int, checkout: int, keep: int | None) -> None:
        member, _ = self.person(place)
        checkout_id = self.checkout(member, checkout)
        released = programs.release_checkout(
            checkout_id=checkout_id,
            keep=None if keep is None else cents(keep),
            cause="a test",
            actor=self.world.actor,
            at=self.world.at,
        )
        expected = self.model.give_back_checkout(checkout_id, keep)
        assert _steps(released) == expected
        self.count("release checkout", "some" if expected else "nothing to do")


def _steps(settlements: list[ledger.Settlement]) -> list[Step]:
    return [(settlement.amount.minor, settlement.items) for settlement in settlements]
