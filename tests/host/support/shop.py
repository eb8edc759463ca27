"""A program store, and a driver that shops in it through Saleor's public API."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import graphene
from django.utils import timezone
from saleor.checkout.models import Checkout
from saleor.order.models import Order

from saleor_program_budgets import accounts, ledger, programs
from saleor_program_budgets.interfaces.identity import GATEWAY_ID
from saleor_program_budgets.models import Account, Cap, Hold, Member, Program
from saleor_program_budgets.money import Amount

if TYPE_CHECKING:
    from saleor.account.models import User
    from saleor.channel.models import Channel
    from saleor.graphql.tests.fixtures import ApiClient

REFUSED = [("programBudget", "GRAPHQL_ERROR")]
"""How Saleor tells of a gate's refusal: field and code."""
ACTOR = ledger.Actor.system("tests")
ADDRESS = {
    "firstName": "Ada",
    "lastName": "Lovelace",
    "streetAddress1": "1 Main Street",
    "city": "New York",
    "country": "US",
    "countryArea": "NY",
    "postalCode": "10001",
}


def usd(minor: int) -> Amount:
    """Return *minor* cents."""
    return Amount(minor, "USD")


@dataclass(frozen=True)
class ProgramStore:
    """Acme with one department; a program with 300.00 for each member, on one channel."""

    program: Program
    organization: Account
    department: Account
    channel: Channel

    def enroll(self, *users: User) -> list[Member]:
        """Enroll users in the department."""
        return programs.enroll(
            program=self.program,
            user_ids=[user.pk for user in users],
            account=self.department,
            actor=ACTOR,
            at=timezone.now(),
        )

    def cap(self, account: Account, minor: int) -> Cap:
        """Set the account's cap for the program."""
        return programs.set_cap(
            account=account,
            program=self.program,
            amount=usd(minor),
            reason="test",
            key=f"cap:{account.pk}:{minor}",
            actor=ACTOR,
            at=timezone.now(),
        )

    def change(self, **fields: Any) -> None:
        """Change the program's columns."""
        Program.objects.filter(pk=self.program.pk).update(**fields)
        self.program.refresh_from_db()


def open_store(channel: Channel, *, allotment: int = 30_000) -> ProgramStore:
    """Open a BLOCK program on *channel*."""
    at = timezone.now()
    organization = accounts.create_account(
        name="Acme Corp", slug="acme", kind=Account.Kind.ORGANIZATION, parent=None, at=at
    )
    department = accounts.create_account(
        name="Engineering", slug="engineering", kind=Account.Kind.TEAM, parent=organization, at=at
    )
    program = programs.create_program(
        slug="acme",
        rules=programs.Rules(name="Acme store", allotment=usd(allotment)),
        channel_ids=[str(channel.pk)],
        at=at,
    )
    programs.open_program(program=program, actor=ACTOR, at=at)
    return ProgramStore(program, organization, department, channel)


class Shopper:
    """One API client going through a checkout."""

    def __init__(self, client: ApiClient, channel: Channel, variant_id: str) -> None:
        self.client = client
        self.channel = channel
        self.variant_id = variant_id

    def call(self, query: str, *, client: ApiClient | None = None, **variables: Any) -> Any:
        """Post a GraphQL request and return its data; top-level errors fail the test."""
        response = (client or self.client).post_graphql(query, variables, check_no_permission=False)
        content = response.json()
        assert "errors" not in content, content["errors"]
        return next(iter(content["data"].values()))

    def checkout(self, *, quantity: int = 1) -> Checkout:
        """Put the product into a checkout that is ready to be paid."""
        created = self.call(
            CHECKOUT_CREATE,
            input={
                "channel": self.channel.slug,
                "email": "shopper@example.com",
                "lines": [{"variantId": self.variant_id, "quantity": quantity}],
                "shippingAddress": ADDRESS,
                "billingAddress": ADDRESS,
            },
        )
        assert created["errors"] == []
        checkout_id = created["checkout"]["id"]
        method = created["checkout"]["shippingMethods"][0]["id"]
        delivered = self.call(DELIVERY_UPDATE, id=checkout_id, method=method)
        assert delivered["errors"] == []
        return Checkout.objects.get(pk=graphene.Node.from_global_id(checkout_id)[1])

    def set_quantity(self, checkout: Checkout, quantity: int) -> None:
        """Change how many of the product are in the checkout."""
        answer = self.call(
            LINES_UPDATE,
            id=global_id(checkout),
            lines=[{"variantId": self.variant_id, "quantity": quantity}],
        )
        assert answer["errors"] == []

    def apply(
        self,
        source: Checkout | Order,
        amount: str | None = None,
        *,
        key: str | None = None,
        data: Any = None,
        client: ApiClient | None = None,
    ) -> Any:
        """Call transactionInitialize with the budget's gateway."""
        return self.call(
            TRANSACTION_INITIALIZE,
            client=client,
            id=global_id(source),
            amount=amount and Decimal(amount),
            key=key,
            gateway={"id": GATEWAY_ID, "data": data},
        )

    def complete(self, checkout: Checkout, *, client: ApiClient | None = None) -> Any:
        """Call checkoutComplete."""
        return self.call(CHECKOUT_COMPLETE, client=client, id=global_id(checkout))

    def order(self, *, quantity: int = 1) -> Order:
        """Place an order that the budget pays for."""
        checkout = self.checkout(quantity=quantity)
        assert self.apply(checkout)["transactionEvent"]["type"] == "AUTHORIZATION_SUCCESS"
        completed = self.complete(checkout)
        assert completed["errors"] == []
        return order_of(completed)


class Staff:
    """A staff member who may do anything with payments and orders."""

    def __init__(self, client: ApiClient) -> None:
        self.client = client

    def call(self, query: str, **variables: Any) -> Any:
        """Post a GraphQL request and return its data; top-level errors fail the test."""
        response = self.client.post_graphql(query, variables, check_no_permission=False)
        content = response.json()
        assert "errors" not in content, content["errors"]
        return next(iter(content["data"].values()))

    def request(self, transaction_id: str, action: str, amount: str | None) -> None:
        """Ask for an action on a transaction."""
        answer = self.call(
            TRANSACTION_REQUEST,
            id=transaction_id,
            action=action,
            amount=amount and Decimal(amount),
        )
        assert answer["errors"] == []

    def pay(self, checkout: Checkout, amount: str) -> None:
        """Pay part of a checkout by other means, as a payment app reports it."""
        answer = self.call(
            TRANSACTION_CREATE,
            id=global_id(checkout),
            transaction={
                "name": "Card",
                "amountAuthorized": {"amount": Decimal(amount), "currency": "USD"},
            },
        )
        assert answer["errors"] == []


def order_of(completed: Any) -> Order:
    """Return the order that a completion answered with."""
    return Order.objects.get(pk=graphene.Node.from_global_id(completed["order"]["id"])[1])


def global_id(node: Checkout | Order) -> str:
    """Return the node's global id."""
    return graphene.Node.to_global_id(type(node).__name__, node.pk)


def balance_of(member: Member) -> ledger.Balance:
    """Return the member's balance now."""
    cycle = member.program.cycles.get(closed_at=None)
    return ledger.balances(members=[member.pk], cycle=cycle, at=timezone.now())[member.pk]


def figures(holds: Any = None) -> list[tuple[int, int, int, int]]:
    """Return amount, captured, released and refunded of each hold, by age."""
    rows = Hold.objects.all() if holds is None else holds
    return list(
        rows.order_by("created_at", "id").values_list("amount", "captured", "released", "refunded")
    )


CHECKOUT_CREATE = """
mutation ($input: CheckoutCreateInput!) {
  checkoutCreate(input: $input) {
    checkout { id shippingMethods { id } }
    errors { field message code }
  }
}
"""
DELIVERY_UPDATE = """
mutation ($id: ID!, $method: ID!) {
  checkoutDeliveryMethodUpdate(id: $id, deliveryMethodId: $method) {
    checkout { id }
    errors { field message code }
  }
}
"""
LINES_UPDATE = """
mutation ($id: ID!, $lines: [CheckoutLineUpdateInput!]!) {
  checkoutLinesUpdate(id: $id, lines: $lines) { checkout { id } errors { field message code } }
}
"""
TRANSACTION_INITIALIZE = """
mutation ($id: ID!, $amount: PositiveDecimal, $key: String, $gateway: PaymentGatewayToInitialize!) {
  transactionInitialize(
    id: $id, amount: $amount, idempotencyKey: $key, paymentGateway: $gateway
  ) {
    transaction { id pspReference actions authorizedAmount { amount } chargedAmount { amount } }
    transactionEvent { type pspReference message amount { amount } }
    data
    errors { field message code }
  }
}
"""
TRANSACTION_REQUEST = """
mutation ($id: ID!, $action: TransactionActionEnum!, $amount: PositiveDecimal) {
  transactionRequestAction(id: $id, actionType: $action, amount: $amount) {
    errors { field message code }
  }
}
"""
TRANSACTION_CREATE = """
mutation ($id: ID!, $transaction: TransactionCreateInput!) {
  transactionCreate(id: $id, transaction: $transaction) { errors { field message code } }
}
"""
CHECKOUT_COMPLETE = """
mutation ($id: ID!) {
  checkoutComplete(id: $id) {
    order { id chargeStatus authorizeStatus total { gross { amount } } }
    errors { field message code }
  }
}
"""


def fields(answer: dict[str, Any]) -> list[tuple[str, str]]:
    """Return field and code of each error."""
    return [(error["field"], error["code"]) for error in answer["errors"]]
