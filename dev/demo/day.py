"""What the acts of the story share: who takes part, what has happened, and how it is checked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from dev.demo import people, shopper
from dev.demo.api import Api, Session
from dev.demo.people import Person
from dev.demo.program import Program, money
from dev.demo.report import Row
from dev.demo.shop import CURRENCY, Shop
from dev.demo.shopper import Basket, Placed, Refused, Shopper


class Deviation(Exception):
    """Saleor did something else than the story claims."""


@dataclass(slots=True)
class Day:
    """The state of the story."""

    api: Api
    staff: Session
    shop: Shop
    program: Program
    people: Mapping[str, Sequence[Person]]
    sessions: dict[Person, Session] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list)
    orders: list[Placed] = field(default_factory=list)
    #: What the budgets must have paid in the end, and how many purchases they refused.
    spent: Decimal = Decimal("0.00")
    refused: int = 0

    def sign_in(self, department: str, number: int) -> Shopper:
        """Sign in the department's person of that number; they stay signed in for the day."""
        person = self.people[department][number]
        if person not in self.sessions:
            self.sessions[person] = people.log_in(self.api, person)
        return Shopper(person, self.sessions[person], self.shop)

    def order(
        self, member: Shopper, basket: Basket, *, total: str, left: str, by_gateway: bool = False
    ) -> None:
        """Have somebody buy a basket from their budget alone."""
        checkout = member.fill(basket)
        due = money(member.look(checkout)["totalPrice"]["gross"])
        expect(f"the total for {member.person}", due, Decimal(total))
        apply = member.pay_through_gateway if by_gateway else member.apply_budget
        self.place(
            member, checkout, words(basket), refusal=apply(checkout), left=left, budget=total
        )

    def place(
        self,
        member: Shopper,
        checkout: str,
        what: str,
        *,
        refusal: Refused | None,
        left: str,
        budget: str,
        card: str | None = None,
    ) -> None:
        """Complete a checkout that the budget was applied to, and see that an order comes of it.

        Args:
            member: whose checkout it is.
            checkout: its id.
            what: what is in it, in words.
            refusal: what applying the budget was answered.
            left: what the member's budget must have left afterwards.
            budget: what the budget pays.
            card: what is paid otherwise.
        """
        expect(f"the budget's answer to {member.person}", refusal, None)
        if card:
            session = Session(self.api, token=self.shop.card_token)
            shopper.pay_by_card(session, checkout=checkout, amount=card, currency=CURRENCY)
        outcome = member.complete(checkout)
        if isinstance(outcome, Refused):
            raise Deviation(f"{member.person} got no order: {outcome.message}")
        expect(f"what {member.person} has left", member.available(), Decimal(left))
        self.orders.append(outcome)
        self.spent += Decimal(budget)
        self.rows.append(
            Row(
                who=str(member.person),
                what=what,
                answer=f"order {outcome.number}",
                total=Decimal(budget) + Decimal(card or 0),
                from_budget=Decimal(budget),
                by_card=Decimal(card) if card else None,
                left=Decimal(left),
            )
        )

    def expect_refusal(
        self, member: Shopper, refusal: Refused | None, *, code: str, shortfall: str
    ) -> None:
        """See that applying the budget was refused for the right reason, by the right amount."""
        if refusal is None:
            raise Deviation(f"{member.person} was not refused with {code}")
        expect(f"why {member.person} was refused", refusal.code, code)
        expect(f"{member.person}'s shortfall", refusal.shortfall, Decimal(shortfall))
        self.refused += 1


def expect(claim: str, actual: object, expected: object) -> None:
    """Raise `Deviation` unless what is so is what was claimed."""
    if actual != expected:
        raise Deviation(f"{claim}: expected {expected}, found {actual}")


def words(basket: Basket) -> str:
    """A basket in words: `2 quarter-zips, 1 water bottle`."""
    return ", ".join(
        f"{quantity} {product}{'' if quantity == 1 else 's'}"
        for product, quantity in basket.items()
    )
