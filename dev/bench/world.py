"""Organizations to buy under, set up by the project's own operations."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count

from django.contrib.auth import get_user_model

from saleor_program_budgets import accounts, ledger, programs
from saleor_program_budgets.models import Account, Cycle, Member, Program
from saleor_program_budgets.money import Amount

AT = dt.datetime(2026, 1, 5, 9, tzinfo=dt.UTC)
ACTOR = ledger.Actor.system("bench")
PLENTY = Amount(10**12, "USD")
_MEMBER_HAS = Amount(10**9, "USD")
_numbers = count(1)


@dataclass(frozen=True, slots=True)
class Stage:
    """An open program."""

    program: Program
    cycle: Cycle


@dataclass(frozen=True, slots=True)
class Department:
    """An account with a cap below a root with a cap, and its members."""

    account: Account
    root: Account
    members: Sequence[Member]


def open_stage() -> Stage:
    """Open a program whose members all have more than they will use."""
    program = programs.create_program(
        slug=f"bench-{next(_numbers)}",
        rules=programs.Rules(name="Bench", allotment=_MEMBER_HAS),
        channel_ids=[],
        at=AT,
    )
    return Stage(program, programs.open_program(program=program, actor=ACTOR, at=AT))


def add_root(stage: Stage, *, ceiling: Amount = PLENTY) -> Account:
    """Add an organization with a cap."""
    return _account(stage, None, ceiling)


def add_department(
    stage: Stage, *, root: Account, members: int, ceiling: Amount = PLENTY
) -> Department:
    """Add an account with a cap below an organization, and enroll new users there."""
    account = _account(stage, root, ceiling)
    model = get_user_model()
    users = model._default_manager.bulk_create(
        [model(username=f"member{next(_numbers)}") for _ in range(members)]
    )
    enrolled = programs.enroll(
        program=stage.program,
        user_ids=[user.pk for user in users],
        account=account,
        actor=ACTOR,
        at=AT,
    )
    return Department(account, root, enrolled)


def _account(stage: Stage, parent: Account | None, ceiling: Amount) -> Account:
    name = f"Account {next(_numbers)}"
    account = accounts.create_account(
        name=name,
        slug=name.lower().replace(" ", "-"),
        kind=Account.Kind.DIVISION if parent else Account.Kind.ORGANIZATION,
        parent=parent,
        at=AT,
    )
    programs.set_cap(
        account=account,
        program=stage.program,
        amount=ceiling,
        reason="bench",
        key=f"cap:{account.pk}",
        actor=ACTOR,
        at=AT,
    )
    return account
