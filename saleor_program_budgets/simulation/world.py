"""Acme Corp: its tree, its people and its program."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import count, cycle, islice
from typing import TYPE_CHECKING
from uuid import uuid4

from django.contrib.auth import get_user_model

from saleor_program_budgets import accounts, ledger, programs
from saleor_program_budgets.errors import LedgerInvariant
from saleor_program_budgets.models import Account, Cap, Limit, Member, Program
from saleor_program_budgets.money import Amount

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from saleor_program_budgets.programs import Store

ORGANIZATION = "Acme Corp"
PROGRAM = "Acme merchandise"
CURRENCY = "USD"
ALLOTMENT = Decimal("300.00")
SIZES: Mapping[str, int] = {"Engineering": 84, "Sales": 112, "Marketing": 60, "Operations": 48}
ORGANIZATION_CAP = Decimal("84000.00")
#: Two departments are nearly through their money, as far as the story goes.
TIGHT_CAPS: Mapping[str, Decimal] = {
    "Marketing": Decimal("250.00"),
    "Operations": Decimal("300.00"),
}
FEWEST_IN_A_DEPARTMENT = 11
ADMINISTRATOR = ledger.Actor("staff", "simulation")


@dataclass(frozen=True, slots=True)
class Department:
    """A department to be made."""

    name: str
    size: int

    @property
    def cap(self) -> Decimal:
        """What it may use in all: its people's allotments, rounded down to whole thousands."""
        return max(self.size * ALLOTMENT // 1000 * 1000, Decimal("1000.00"))


@dataclass(frozen=True, slots=True)
class FastClock:
    """A clock that runs *pace* times as fast; all processes of this machine read the same."""

    starts_at: datetime
    started: float
    pace: float

    def __call__(self) -> datetime:
        """Say what time it is in the world."""
        passed = time.monotonic() - self.started
        return self.starts_at + timedelta(seconds=passed * self.pace)


@dataclass(frozen=True, slots=True)
class CapFigures:
    """What a cap reads at one moment, in minor units."""

    account: str
    ceiling: int
    used: int
    overhang: int

    @property
    def overspent(self) -> int:
        """What is used beyond the ceiling, save what a lowered ceiling left behind."""
        return max(self.used - self.ceiling - self.overhang, 0)


@dataclass(slots=True)
class World:
    """The running program; ``clock`` says what time it is."""

    clock: Callable[[], datetime]
    program: Program
    channel: str
    organization: Account
    departments: Sequence[Department]
    accounts: Mapping[str, Account] = field(default_factory=dict)
    members: Mapping[str, Sequence[Member]] = field(default_factory=dict)
    _keys: count[int] = field(default_factory=lambda: count(1))

    @property
    def people(self) -> list[Member]:
        """Everybody, department by department."""
        return [member for members in self.members.values() for member in members]

    def store(self) -> Store:
        """Return the store as a shopper's request finds it."""
        store = programs.find_store(channel_id=self.channel)
        if store is None:
            raise LedgerInvariant("the simulation's channel has lost its program")
        return store

    def set_cap(
        self,
        account: Account,
        value: Decimal,
        reason: str,
        *,
        key: str = "",
        of_all_programs: bool = False,
    ) -> None:
        """Raise or lower an account's cap, under *key* or a new one."""
        programs.set_cap(
            account=account,
            program=None if of_all_programs else self.program,
            amount=money(value),
            reason=reason,
            key=key or self.key("cap"),
            actor=ADMINISTRATOR,
            at=self.clock(),
        )

    def cap_of(self, account: Account) -> Cap:
        """Return an account's cap for the program as it stands."""
        return Cap.objects.get(account=account, program=self.program)

    def caps(self) -> list[CapFigures]:
        """Return the figures of every cap on the world's accounts, as they stand."""
        ids = [self.organization.pk, *(account.pk for account in self.accounts.values())]
        found = Cap.objects.filter(account__in=ids).select_related("account")
        return [
            CapFigures(
                _cap_name(cap.account, cap.program_id),
                cap.ceiling,
                cap.held + cap.spent,
                cap.overhang,
            )
            for cap in found.order_by("account", "program")
        ]

    def lock_cap(self, account: Account) -> None:
        """Lock the rows of the account's cap until the transaction ends, in no order at all."""
        rows = Limit.objects.filter(account=account, program=self.program, kind=Limit.Kind.CAP)
        list(rows.select_for_update().order_by("?"))

    def open_the_departments(self) -> None:
        """Give every department room for its people, as trading needs it."""
        for department in self.departments:
            account = self.accounts[department.name]
            self.set_cap(account, department.cap, "the tight quarter is over")

    def key(self, kind: str) -> str:
        """Return an idempotency key that nothing has used."""
        return f"simulation:{self.program.pk}:{kind}:{next(self._keys)}"

    def left(self, member: Member) -> Amount:
        """Return what the member has available."""
        cycle = self.store().cycle
        found = ledger.balances(members=[member.pk], cycle=cycle, at=self.clock())
        return Amount(found[member.pk].available, CURRENCY)


def _cap_name(account: Account | None, program_id: int | None) -> str:
    name = account.name if account else "?"
    return name if program_id else f"{name}, all programs"


def departments(*, members: int, count: int, for_story: bool = True) -> list[Department]:
    """Share *members* among *count* departments, in the proportions of the usual four.

    Raises ``ValueError`` when a department, or the story, would lack somebody.
    """
    if for_story and count < len(SIZES):
        raise ValueError(f"the story needs {len(SIZES)} departments, or --no-story")
    names = [*SIZES, *(f"Division {number}" for number in range(len(SIZES) + 1, count + 1))]
    weights = list(islice(cycle(SIZES.values()), count))
    sizes = [members * weight // sum(weights) for weight in weights]
    sizes[0] += members - sum(sizes)
    if for_story and min(sizes) < FEWEST_IN_A_DEPARTMENT:
        raise ValueError(
            f"the story needs {FEWEST_IN_A_DEPARTMENT} people in each department: more members, "
            "or --no-story"
        )
    if min(sizes) < 1:
        raise ValueError(f"{members} members leave one of {count} departments empty")
    return [Department(name, size) for name, size in zip(names, sizes, strict=False)]


def build(
    wanted: Sequence[Department], *, clock: Callable[[], datetime], for_story: bool = True
) -> World:
    """Make the accounts, the program with its caps, and the people; open it.

    For the story two departments are nearly through their money.
    """
    run = uuid4().hex[:8]
    at = clock()
    organization = accounts.create_account(
        name=ORGANIZATION,
        slug=f"acme-corp-{run}",
        kind=Account.Kind.ORGANIZATION,
        parent=None,
        at=at,
    )
    program = programs.create_program(
        slug=f"acme-merchandise-{run}",
        rules=rules(Program.OveragePolicy.BLOCK),
        channel_ids=[f"simulation-{run}"],
        at=at,
    )
    programs.open_program(program=program, actor=ADMINISTRATOR, at=at)
    world = World(clock, program, f"simulation-{run}", organization, wanted)
    world.accounts = {department.name: _account(world, department, run) for department in wanted}
    total = sum(department.size for department in wanted)
    world.set_cap(organization, organization_cap(total), "budget for the year")
    for department in wanted:
        tight = TIGHT_CAPS.get(department.name) if for_story else None
        world.set_cap(
            world.accounts[department.name], tight or department.cap, "budget for the year"
        )
    world.members = {department.name: _enroll(world, department, run) for department in wanted}
    return world


def organization_cap(members: int) -> Decimal:
    """Return what an organization of so many may use: 84,000.00 for the usual 304."""
    return ORGANIZATION_CAP * members // sum(SIZES.values())


def rules(overage_policy: Program.OveragePolicy, *, hold_ttl_minutes: int = 60) -> programs.Rules:
    """Return the program's rules with one or the other overage policy."""
    return programs.Rules(
        name=PROGRAM,
        allotment=money(ALLOTMENT),
        overage_policy=overage_policy,
        hold_ttl_minutes=hold_ttl_minutes,
    )


def money(value: Decimal | str) -> Amount:
    """Return an amount in the program's currency."""
    return Amount.from_decimal(Decimal(value), CURRENCY)


def cents(minor: int) -> Amount:
    """Return an amount in the program's currency, given in its minor unit."""
    return Amount(minor, CURRENCY)


def _account(world: World, department: Department, run: str) -> Account:
    return accounts.create_account(
        name=department.name,
        slug=f"{department.name.lower().replace(' ', '-')}-{run}",
        kind=Account.Kind.DIVISION,
        parent=world.organization,
        at=world.clock(),
    )


def _enroll(world: World, department: Department, run: str) -> list[Member]:
    """Make the department's users, of whatever model the installation has, and enroll them."""
    model = get_user_model()
    prefix = department.name.lower().replace(" ", "-")
    users = model._default_manager.bulk_create(
        [
            model(**{model.USERNAME_FIELD: f"{prefix}-{number}.{run}@acme.example"})
            for number in range(1, department.size + 1)
        ],
        batch_size=5_000,
    )
    return programs.enroll(
        program=world.program,
        user_ids=[user.pk for user in users],
        account=world.accounts[department.name],
        actor=ADMINISTRATOR,
        at=world.clock(),
    )
