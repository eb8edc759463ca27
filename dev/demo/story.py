"""The acts: who buys what, and what Saleor must answer.

Every answer is compared with what the story claims; the first that deviates ends the day.
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from threading import Barrier

from dev.demo.codes import codes
from dev.demo.day import Day, Deviation, expect, words
from dev.demo.people import Person
from dev.demo.program import ALLOTMENT, money
from dev.demo.report import Row
from dev.demo.shopper import Basket, Placed, Refused, Shopper

type Act = Callable[[Day], None]

AT_ONCE = 20
_BUYERS = 10  # with two checkouts each
_PASS_AT_ONCE = 5

_ZIP, _BOTTLE = "quarter-zip", "water bottle"
_GEAR: Basket = {_ZIP: 2, _BOTTLE: 1}
_FOUR_ZIPS: Basket = {_ZIP: 4}
_ONE_ZIP: Basket = {_ZIP: 1}
_ONE_BOTTLE: Basket = {_BOTTLE: 1}
#: What these cost, delivered.
_GEAR_TOTAL, _FOUR_ZIPS_TOTAL, _ONE_ZIP_TOTAL, _ONE_BOTTLE_TOTAL = (
    "150.00",
    "265.00",
    "70.00",
    "20.00",
)


def shoppers(everyone: Mapping[str, Sequence[Person]]) -> set[Person]:
    """Who needs a password, because the story has them shop."""
    cast = {"Engineering": 1, "Sales": 1, "Operations": 3, "Marketing": 1 + _BUYERS}
    return {person for department, count in cast.items() for person in everyone[department][:count]}


def acts() -> list[tuple[str, Act]]:
    """The acts in their order, each with what it shows."""
    return [
        ("an order that the budget covers", covered),
        ("one that is short: refused, then paid with the difference", short),
        ("one paid by Saleor's own payment mutations", through_the_gateway),
        ("a department at its cap, until the cap is raised", at_the_cap),
        (f"{AT_ONCE} checkouts at once against the last 100.00", at_once),
        ("the cap raised for an hour", for_an_hour),
        ("a refund", refund),
        ("a code for everybody: one redeemed, one stolen", codes),
    ]


def covered(day: Day) -> None:
    """A budget of 300.00 covers 150.00."""
    ada = day.sign_in("Engineering", 0)
    expect("the budget at the start", ada.available(), Decimal(ALLOTMENT))
    day.order(ada, _GEAR, total=_GEAR_TOTAL, left="150.00")


def short(day: Day) -> None:
    """The other 150.00 don't cover 265.00, until the shopper may pay the difference."""
    ada = day.sign_in("Engineering", 0)
    checkout = ada.fill(_FOUR_ZIPS)
    expect("the shortfall shown", money(_budget(ada, checkout)["shortfall"]), Decimal("115.00"))
    refusal = ada.apply_budget(checkout)
    day.expect_refusal(ada, refusal, code="BALANCE_SHORT", shortfall="115.00")
    if not isinstance(ada.complete(checkout), Refused):
        raise Deviation("an order was placed although the budget is short")
    day.rows.append(
        Row(
            who=str(ada.person),
            what=words(_FOUR_ZIPS),
            answer="refused: short by 115.00",
            total=Decimal(_FOUR_ZIPS_TOTAL),
            left=Decimal("150.00"),
        )
    )
    day.program.set_overage_policy("PAY_DIFFERENCE")
    day.rows.append(Row("the administrator", "lets shoppers pay the difference", "done"))
    day.place(
        ada,
        checkout,
        f"the same {words(_FOUR_ZIPS)}",
        refusal=ada.apply_budget(checkout),
        left="0.00",
        budget="150.00",
        card="115.00",
    )
    day.program.set_overage_policy("BLOCK")


def through_the_gateway(day: Day) -> None:
    """A storefront that knows nothing of the plugin but its gateway."""
    shopper = day.sign_in("Sales", 0)
    day.order(shopper, _ONE_ZIP, total=_ONE_ZIP_TOTAL, left="230.00", by_gateway=True)


def at_the_cap(day: Day) -> None:
    """Two orders use up the department's 300.00; then nobody in it gets through."""
    members = [day.sign_in("Operations", number) for number in range(3)]
    for member in members[:2]:
        day.order(member, _GEAR, total=_GEAR_TOTAL, left="150.00")
    _expect_nothing_left(day, "Operations")
    checkouts = [member.fill(_ONE_BOTTLE) for member in members]
    for member, checkout in zip(members, checkouts, strict=True):
        refusal = member.apply_budget(checkout)
        day.expect_refusal(member, refusal, code="CAP_REACHED", shortfall=_ONE_BOTTLE_TOTAL)
    day.rows.append(
        Row(
            who="each of these and a third",
            what=words(_ONE_BOTTLE),
            answer="refused: the cap is short by 20.00",
            total=Decimal(_ONE_BOTTLE_TOTAL),
        )
    )
    day.program.set_cap(account="Operations", amount="13000.00", reason="budget approved")
    day.rows.append(Row("the administrator", "raises Operations' cap", "13,000.00"))
    for member, checkout, left in zip(
        members, checkouts, ["130.00", "130.00", "280.00"], strict=True
    ):
        day.place(
            member,
            checkout,
            f"the same {words(_ONE_BOTTLE)}",
            refusal=member.apply_budget(checkout),
            left=left,
            budget=_ONE_BOTTLE_TOTAL,
        )


def at_once(day: Day) -> None:
    """Marketing's cap leaves 100.00; ten of its people order twice for 20.00 in one moment."""
    day.order(day.sign_in("Marketing", 0), _GEAR, total=_GEAR_TOTAL, left="150.00")
    available = money(day.program.caps()["Marketing"]["available"])
    expect("what the cap leaves", available, Decimal("100.00"))
    outcomes = _buy_at_once(day)
    placed = [outcome for outcome in outcomes if isinstance(outcome, Placed)]
    codes = {outcome.code for outcome in outcomes if isinstance(outcome, Refused)}
    expect("how many got through", len(placed), _PASS_AT_ONCE)
    expect("why the others did not", codes, {"CAP_REACHED"})
    _expect_nothing_left(day, "Marketing")
    day.orders += placed
    day.spent += _PASS_AT_ONCE * Decimal(_ONE_BOTTLE_TOTAL)
    day.refused += AT_ONCE - _PASS_AT_ONCE
    day.rows.append(
        Row(
            who=f"{_BUYERS} others in Marketing",
            what=f"{AT_ONCE} times {words(_ONE_BOTTLE)} at once",
            answer=f"{_PASS_AT_ONCE} orders, {AT_ONCE - _PASS_AT_ONCE} refused: the cap is reached",
            total=AT_ONCE * Decimal(_ONE_BOTTLE_TOTAL),
            from_budget=_PASS_AT_ONCE * Decimal(_ONE_BOTTLE_TOTAL),
        )
    )


def for_an_hour(day: Day) -> None:
    """Marketing has nothing left; a raise that ends by itself lets one more order through."""
    member = day.sign_in("Marketing", 0)
    cap = day.program.raise_cap(
        account="Marketing", amount=_ONE_BOTTLE_TOTAL, hours=1, reason="trade fair"
    )
    expect("the raised cap", money(cap["ceiling"]), Decimal("270.00"))
    expect("what of it is a raise", money(cap["raised"]), Decimal(_ONE_BOTTLE_TOTAL))
    day.rows.append(Row("the administrator", "raises Marketing's cap for an hour", "270.00"))
    day.order(member, _ONE_BOTTLE, total=_ONE_BOTTLE_TOTAL, left="130.00")
    _expect_nothing_left(day, "Marketing")


def refund(day: Day) -> None:
    """One quarter-zip of the first order comes back, and its price goes back to the budget."""
    ada = day.sign_in("Engineering", 0)
    order = day.orders[0]
    (payment,) = day.staff.run("OrderPayments", order=order.id)["transactions"]
    expect("what the order was charged", money(payment["chargedAmount"]), Decimal(_GEAR_TOTAL))
    day.staff.run("Refund", transaction=payment["id"], amount="65.00")
    (payment,) = day.staff.run("OrderPayments", order=order.id)["transactions"]
    expect("what the order was refunded", money(payment["refundedAmount"]), Decimal("65.00"))
    expect("the budget after the refund", ada.available(), Decimal("65.00"))
    day.spent -= Decimal("65.00")
    day.rows.append(
        Row(
            who="staff",
            what=f"refund 1 {_ZIP} of order {order.number}",
            answer=f"back in {ada.person.first_name}'s budget",
            from_budget=Decimal("-65.00"),
            left=Decimal("65.00"),
        )
    )


def _buy_at_once(day: Day) -> list[Placed | Refused]:
    """Ready twenty checkouts, and then apply the budget to all and complete them in one moment."""
    members = [day.sign_in("Marketing", number) for number in range(1, _BUYERS + 1)]
    members *= AT_ONCE // _BUYERS
    start = Barrier(AT_ONCE)

    def buy(member: Shopper, checkout: str) -> Placed | Refused:
        start.wait()
        return member.apply_budget(checkout) or member.complete(checkout)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        checkouts = list(pool.map(lambda member: member.fill(_ONE_BOTTLE), members))
        return list(pool.map(buy, members, checkouts))


def _budget(member: Shopper, checkout: str) -> Mapping[str, Mapping[str, object]]:
    shown: Mapping[str, Mapping[str, object]] = member.look(checkout)["programBudget"]
    return shown


def _expect_nothing_left(day: Day, department: str) -> None:
    available = money(day.program.caps()[department]["available"])
    expect(f"what {department} has left", available, Decimal("0.00"))
