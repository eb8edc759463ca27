"""What a shopper does: apply the budget, place the order; and what the shop does afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import transaction

from saleor_program_budgets import ledger, programs
from saleor_program_budgets.ledger import Actor
from saleor_program_budgets.money import Amount

if TYPE_CHECKING:
    from saleor_program_budgets.ledger import Held, Settlement
    from saleor_program_budgets.models import Hold, Member
    from saleor_program_budgets.programs import Assessment
    from saleor_program_budgets.simulation.world import World


@dataclass(frozen=True, slots=True)
class Checkout:
    """One basket of one member, worth ``total``."""

    world: World
    member: Member
    total: Amount
    id: str

    @classmethod
    def fill(cls, world: World, member: Member, total: Amount) -> Checkout:
        """Start a checkout."""
        return cls(world, member, total, world.key("checkout").replace("simulation:", ""))

    @property
    def actor(self) -> Actor:
        """The shopper."""
        return Actor("user", self.member.user_reference)

    def look(self) -> Assessment:
        """See what the budget would cover."""
        return programs.assess(
            store=self.world.store(),
            user_id=self.member.user_id,
            due=self.total,
            checkout_id=self.id,
            at=self.world.clock(),
        )

    def apply_budget(self, amount: Amount | None = None, *, key: str = "") -> Held:
        """Hold *amount*, or the whole total, under *key* or a new one; raises the refusal."""
        return programs.reserve(
            store=self.world.store(),
            user_id=self.member.user_id,
            amount=amount or self.total,
            checkout_id=self.id,
            channel_id=self.world.channel,
            key=key or self.world.key("hold"),
            actor=self.actor,
            at=self.world.clock(),
        )

    def place(self, order_id: str = "") -> Order:
        """Pass the gate, in the transaction that would make the order; raises the refusal."""
        order_id = order_id or self.id.replace("checkout", "order")
        store = self.world.store()
        with transaction.atomic():
            programs.bind_to_order(
                store=store,
                user_id=self.member.user_id,
                checkout_id=self.id,
                order_id=order_id,
                due=self.total,
                at=self.world.clock(),
            )
        return Order(self.world, self.member, self.total, order_id)

    def abandon(self) -> list[Settlement]:
        """Leave, and give back what is held."""
        return programs.release_checkout(
            checkout_id=self.id,
            keep=None,
            cause="abandoned",
            actor=self.actor,
            at=self.world.clock(),
        )


@dataclass(frozen=True, slots=True)
class Order:
    """An order that was placed."""

    world: World
    member: Member
    total: Amount
    id: str

    def settle(self) -> list[Settlement]:
        """Capture what the order needs, and release the rest."""
        return programs.settle_order(
            order_id=self.id, due=self.total, actor=SHOP, at=self.world.clock()
        )

    def paid(self) -> Amount:
        """Return what the budget has paid of the order."""
        return Amount(sum(hold.captured for hold in self._holds()), self.total.currency)

    def refund(self, amount: Amount) -> None:
        """Return part of what was captured."""
        ledger.refund(
            hold_id=self._holds()[0].pk,
            amount=amount,
            key=self.world.key("refund"),
            actor=SHOP,
            at=self.world.clock(),
            cause="returned goods",
        )

    def cancel(self) -> list[Settlement]:
        """Give everything back."""
        return programs.return_order(
            order_id=self.id, cause="cancelled", actor=SHOP, at=self.world.clock()
        )

    def _holds(self) -> list[Hold]:
        return list(ledger.holds_of_order(order_id=self.id))


SHOP = Actor("app", "simulation")
