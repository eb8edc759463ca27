"""A shopper, as a storefront acts for them."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from dev.demo.api import ApiError, Session
from dev.demo.people import Person
from dev.demo.program import money
from dev.demo.shop import ADDRESS, Shop
from saleor_program_budgets.manifest import manifest

type Basket = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Placed:
    """An order."""

    id: str
    number: str


@dataclass(frozen=True, slots=True)
class Refused:
    """Why something was refused, in the shopper's words."""

    code: str
    message: str
    shortfall: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Shopper:
    """Somebody signed in to the store."""

    person: Person
    session: Session
    shop: Shop

    def fill(self, basket: Basket) -> str:
        """Put a basket into a checkout with addresses and delivery; returns its id."""
        lines = [
            {"variantId": self.shop.variants[product], "quantity": quantity}
            for product, quantity in basket.items()
        ]
        checkout = self.session.run(
            "CheckoutCreate",
            input={
                "channel": self.shop.channel,
                "email": self.person.email,
                "lines": lines,
                "shippingAddress": ADDRESS,
                "billingAddress": ADDRESS,
            },
        )["checkout"]
        self.session.run(
            "DeliveryMethodUpdate",
            checkout=checkout["id"],
            method=checkout["shippingMethods"][0]["id"],
        )
        identifier: str = checkout["id"]
        return identifier

    def look(self, checkout: str) -> dict[str, Any]:
        """The checkout's total and how it stands against the budget."""
        found: dict[str, Any] = self.session.run("CheckoutBudget", checkout=checkout)
        return found

    def available(self) -> Decimal:
        """What the shopper's budget has left."""
        (budget,) = self.session.run("MyBudget")["programBudgets"]
        return money(budget["available"])

    def apply_budget(self, checkout: str) -> Refused | None:
        """Apply the budget in the plugin's one step; says why not if it was refused."""
        errors = self.session.attempt("BudgetApply", checkout=checkout)["errors"]
        return _refused(errors[0]) if errors else None

    def pay_through_gateway(self, checkout: str) -> Refused | None:
        """Apply the budget as any storefront pays: through Saleor's own payment mutations."""
        gateway = manifest().gateway
        config = self.session.run("GatewayInitialize", checkout=checkout, gateway=gateway)
        if problems := config["gatewayConfigs"][0]["errors"]:
            raise ApiError(f"GatewayInitialize: {problems}")
        payment = self.session.run("TransactionInitialize", checkout=checkout, gateway=gateway)
        event = payment["transactionEvent"]
        if event["type"] == "AUTHORIZATION_SUCCESS":
            return None
        data = payment["data"] or {}
        shortfall = data.get("shortfall")
        return Refused(data["code"], event["message"], Decimal(shortfall) if shortfall else None)

    def enter_code(self, checkout: str, code: str) -> Refused | None:
        """Enter a code where vouchers and gift cards go; says why not if it was refused."""
        errors = self.session.attempt("PromoCodeAdd", checkout=checkout, code=code)["errors"]
        return _refused(errors[0]) if errors else None

    def complete(self, checkout: str) -> Placed | Refused:
        """Place the order."""
        answer = self.session.attempt("CheckoutComplete", checkout=checkout)
        if answer["errors"]:
            return _refused(answer["errors"][0])
        return Placed(answer["order"]["id"], answer["order"]["number"])


def pay_by_card(card: Session, *, checkout: str, amount: str, currency: str) -> None:
    """Pay a part of the checkout by other means: what a payment app reports to Saleor."""
    card.run(
        "CardPayment",
        checkout=checkout,
        transaction={
            "name": "Card",
            "pspReference": f"card-{checkout}",
            "amountCharged": {"amount": amount, "currency": currency},
            "availableActions": ["REFUND"],
        },
    )


def _refused(error: Mapping[str, Any]) -> Refused:
    shortfall = error.get("shortfall")
    return Refused(error["code"], error["message"], money(shortfall) if shortfall else None)
