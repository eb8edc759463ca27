"""Acme Corp: its tree, its people and its program."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from itertools import count, cycle, islice
from typing import TYPE_CHECKING
from uuid import uuid4

from django.contrib.auth import get_user_model

from saleor_program_budgets import accounts, ledger, programs
from saleor_program_budgets.errors import LedgerInvariant
from saleor_program_budgets.models import Account, Cap, Member, Program
from saleor_program_budgets.money import Amount

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

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

    def store(self) -> Store:
        """Return the store as a shopper's request finds it."""
        store = programs.find_store(channel_id=self.channel)
        if store is None:
            raise LedgerInvariant("the simulation's channel has lost its program")
        return store

    def set_cap(self, account: Account, value: Decimal, reason: str) -> Cap:
        """Raise or lower an account's cap."""
        return programs.set_cap(
            account=account,
            program=self.program,
            amount=money(value),
            reason=reason,
            key=self.key("cap"),
            actor=ADMINISTRATOR,
            at=self.clock(),
        )

    def cap_of(self, account: Account) -> Cap:
        """Return an account's cap as it stands."""
        return Cap.objects.get(account=account, program=self.program)

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


def departments(*, members: int, count: int) -> list[Department]:
    """Share *members* among *count* departments, in the proportions of the usual four.

    Raises ``ValueError`` when the story would lack somebody.
    """
    if count < len(SIZES):
        raise ValueError(f"the story needs {len(SIZES)} departments")
    names = [*SIZES, *(f"Division {number}" for number in range(len(SIZES) + 1, count + 1))]
    weights = list(islice(cycle(SIZES.values()), count))
    sizes = [members * weight // sum(weights) for weight in weights]
    sizes[0] += members - sum(sizes)
    if min(sizes) < FEWEST_IN_A_DEPARTMENT:
        raise ValueError(
            f"the story needs {FEWEST_IN_A_DEPARTMENT} people in each department: more members"
        )
    return [Department(name, size) for name, size in zip(names, sizes, strict=True)]


def build(wanted: Sequence[Department], *, clock: Callable[[], datetime]) -> World:
    """Make the accounts, the program with its caps, and the people; open it."""
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
    world.set_cap(organization, ORGANIZATION_CAP * total // 304, "budget for the year")
    for department in wanted:
        cap = TIGHT_CAPS.get(department.name, department.cap)
        world.set_cap(world.accounts[department.name], cap, "budget for the year")
    world.members = {department.name: _enroll(world, department, run) for department in wanted}
    return world


def rules(overage_policy: Program.OveragePolicy) -> programs.Rules:
    """Return the program's rules with one or the other overage policy."""
    return programs.Rules(name=PROGRAM, allotment=money(ALLOTMENT), overage_policy=overage_policy)


def money(value: Decimal | str) -> Amount:
    """Return an amount in the program's currency."""
    return Amount.from_decimal(Decimal(value), CURRENCY)


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
