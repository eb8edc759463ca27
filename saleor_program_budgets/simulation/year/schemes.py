"""The programs of the year: their rules, their people, and how much goes on in each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from saleor_program_budgets.models import Program
from saleor_program_budgets.money import Amount
from saleor_program_budgets.programs import Rules

if TYPE_CHECKING:
    from collections.abc import Sequence

BERLIN = "Europe/Berlin"
NEW_YORK = "America/New_York"
HOLD_TTL_MINUTES = 3 * 24 * 60
"""So long that some holds live through a closing night."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheme:
    """A program as it is planned; ``team`` is the department whose group has better terms.

    ``prices`` are the cheapest and the dearest order in minor units, and ``orders`` how many each
    member tries to place in the year.
    """

    rules: Rules
    departments: Sequence[str]
    opens_at: datetime
    prices: tuple[int, int]
    orders: float
    team: str = ""

    @property
    def currency(self) -> str:
        """The currency of the program."""
        return self.rules.allotment.currency

    @property
    def zone(self) -> ZoneInfo:
        """The program's time zone."""
        return ZoneInfo(self.rules.time_zone)


def midnight(year: int, month: int, day: int, time_zone: str) -> datetime:
    """Return the instant a day begins in *time_zone*."""
    return datetime(year, month, day, tzinfo=ZoneInfo(time_zone))


def schemes(year: int) -> list[Scheme]:
    """Return the programs that run side by side in *year*."""
    return [
        _merchandise(year),
        _home_office(year),
        _rewards(year),
        _thank_you(year),
        _uniforms(year),
    ]


def _merchandise(year: int) -> Scheme:
    start = midnight(year, 1, 1, NEW_YORK)
    return Scheme(
        rules=Rules(
            name="Merchandise",
            time_zone=NEW_YORK,
            cycle_length=Program.CycleLength.MONTHLY,
            cycle_anchor=start,
            allotment=_usd("50.00"),
            proration=Program.Proration.DAILY,
            carries_forward=True,
            carry_limit=_usd("20.00"),
            carry_days=30,
            reminder_days=(),
            hold_ttl_minutes=HOLD_TTL_MINUTES,
        ),
        departments=("Engineering", "Operations"),
        opens_at=start,
        prices=(6_00, 55_00),
        orders=1.2,
    )


def _home_office(year: int) -> Scheme:
    """A fiscal year that is three quarters over when the simulated year begins."""
    return Scheme(
        rules=Rules(
            name="Home office",
            time_zone=BERLIN,
            cycle_length=Program.CycleLength.ANNUAL,
            cycle_anchor=midnight(year - 1, 4, 1, BERLIN),
            allotment=_eur("300.00"),
            proration=Program.Proration.MONTHLY,
            refund_policy=Program.RefundPolicy.GRACE,
            refund_grace_days=45,
            reminder_days=(30, 7),
            hold_ttl_minutes=HOLD_TTL_MINUTES,
        ),
        departments=("Marketing",),
        opens_at=midnight(year, 1, 1, BERLIN),
        prices=(20_00, 160_00),
        orders=1.5,
    )


def _rewards(year: int) -> Scheme:
    start = midnight(year, 1, 1, BERLIN)
    return Scheme(
        rules=Rules(
            name="Rewards",
            time_zone=BERLIN,
            cycle_length=Program.CycleLength.QUARTERLY,
            cycle_anchor=start,
            allotment=_eur("100.00"),
            proration=Program.Proration.NEXT_CYCLE,
            refund_policy=Program.RefundPolicy.REISSUE,
            reminder_days=(),
            hold_ttl_minutes=HOLD_TTL_MINUTES,
        ),
        departments=("Sales", "Marketing"),
        opens_at=start,
        prices=(10_00, 120_00),
        orders=0.6,
        team="Sales",
    )


def _thank_you(year: int) -> Scheme:
    return Scheme(
        rules=Rules(
            name="Thank you",
            time_zone=NEW_YORK,
            cycle_length=Program.CycleLength.ANNIVERSARY,
            allotment=_usd("80.00"),
            carries_forward=True,
            carry_days=90,
            reminder_days=(),
            hold_ttl_minutes=HOLD_TTL_MINUTES,
        ),
        departments=("Operations",),
        opens_at=midnight(year, 1, 1, NEW_YORK),
        prices=(10_00, 80_00),
        orders=1,
    )


def _uniforms(year: int) -> Scheme:
    """One kit each, in a window that opens and closes by itself."""
    return Scheme(
        rules=Rules(
            name="Uniforms",
            time_zone=NEW_YORK,
            cycle_length=Program.CycleLength.WINDOW,
            opens_at=midnight(year, 3, 1, NEW_YORK),
            closes_at=midnight(year, 5, 1, NEW_YORK),
            allotment=_usd("120.00"),
            allotment_items=1,
            reminder_days=(7,),
            hold_ttl_minutes=HOLD_TTL_MINUTES,
        ),
        departments=("Operations",),
        opens_at=midnight(year, 1, 1, NEW_YORK) + timedelta(days=40),
        prices=(90_00, 120_00),
        orders=0.8,
    )


def _usd(value: str) -> Amount:
    return Amount.from_decimal(Decimal(value), "USD")


def _eur(value: str) -> Amount:
    return Amount.from_decimal(Decimal(value), "EUR")
