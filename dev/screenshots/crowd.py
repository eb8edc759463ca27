"""Fill Saleor's database with an organization of any size, and months of its orders.

    python -m dev.screenshots.crowd MEMBERS

Runs with Saleor's settings. Who buys what on which day follows from numbers, so it is the same
each time, up to now; the books are exact to the cent.
"""

import datetime as dt
import random
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import batched, cycle, product

import django

django.setup()

from django.contrib.auth import get_user_model  # noqa: E402 models need the set-up
from django.db import connection, transaction  # noqa: E402
from faker.providers.person.en_US import Provider as Names  # noqa: E402

from dev.bench import population  # noqa: E402
from saleor_program_budgets import accounts, errors, figures, ledger, programs  # noqa: E402
from saleor_program_budgets.models import Account, Cap, Cycle, Member, Program  # noqa: E402
from saleor_program_budgets.money import Amount  # noqa: E402

_REGIONS = (
    *("Northwest", "Southwest", "Midwest", "Great Lakes"),
    *("Northeast", "Southeast", "Texas", "Canada"),
)
_FUNCTIONS = ("Stores", "Logistics", "Field Service", "Sales", "Offices")
_TEAMS = 49
_DAYS = 150
_ORDERS_PER_MEMBER = 0.86
_OPEN_EVERY, _OPEN_EVERY_TODAY = 10**6, 12
_ALLOTMENT = Amount(300_00, "USD")
_CAP_USE = (0.62, 0.71, 0.86, 0.93, 0.99, 1.04, 0.78, 0.55)
"""Which part of its cap each division has used; above 1 the cap was lowered afterwards."""
_ROOT_CAP_USE = 0.74
_PLENTY = Amount(10**12, "USD")
_REFUSED = 24
_REFUSED_AMOUNT = Amount(65_00, "USD")
_USERS_AT_ONCE = 10_000
_ACTOR = ledger.Actor.system("demo")
_DAY = dt.timedelta(days=1)
_INTO_TEAMS = """
UPDATE program_budgets_member member
    SET account_id = (%(teams)s::bigint[])[1 + member.id %% cardinality(%(teams)s::bigint[])]
    WHERE account_id = %(division)s
"""


@dataclass(frozen=True, slots=True)
class Company:
    """An organization in three levels, and its program."""

    program: Program
    year: Cycle
    root: Account
    divisions: Sequence[Account]


def fill(*, members: int, now: dt.datetime) -> None:
    """Make the organization, enroll its members, and let them have ordered until *now*."""
    began = now - _DAYS * _DAY
    company = _found(began)
    _enroll(company, members=members, at=began)
    _cap_all(company, at=began)
    _trade(company, orders=round(members * _ORDERS_PER_MEMBER), began=began)
    _tighten_caps(company, at=now)
    figures.recount()
    _be_refused(company, now=now)
    population.tidy()


def _found(at: dt.datetime) -> Company:
    program = programs.create_program(
        slug="uniforms",
        rules=programs.Rules(name="Uniforms and gear", allotment=_ALLOTMENT),
        channel_ids=[],
        at=at,
    )
    year = programs.open_program(program=program, actor=_ACTOR, at=at)
    root = _account("Globex", Account.Kind.ORGANIZATION, None, at)
    divisions = [
        _account(f"{region} {function}", Account.Kind.DIVISION, root, at)
        for region, function in product(_REGIONS, _FUNCTIONS)
    ]
    for division in divisions:
        for number in range(1, _TEAMS + 1):
            _account(f"{division.name} {number:02}", Account.Kind.TEAM, division, at)
    return Company(program, year, root, divisions)


def _account(name: str, kind: Account.Kind, parent: Account | None, at: dt.datetime) -> Account:
    slug = name.lower().replace(" ", "-")
    return accounts.create_account(name=name, slug=slug, kind=kind, parent=parent, at=at)


def _enroll(company: Company, *, members: int, at: dt.datetime) -> None:
    users = _people(members)
    for number, division in enumerate(company.divisions):
        programs.enroll(
            program=company.program,
            user_ids=users[number :: len(company.divisions)],
            account=division,
            actor=_ACTOR,
            at=at,
        )
        teams = list(Account.objects.filter(parent=division).order_by("pk"))
        with connection.cursor() as cursor:
            cursor.execute(
                _INTO_TEAMS, {"teams": [team.pk for team in teams], "division": division.pk}
            )


def _people(count: int) -> list[int]:
    """Create customers; returns their ids."""
    model = get_user_model()
    chance = random.Random(1)  # noqa: S311  # names, and always the same ones
    first_names, last_names = sorted(Names.first_names), sorted(Names.last_names)
    ids = []
    for numbers in batched(range(count), _USERS_AT_ONCE):
        named = [(chance.choice(first_names), chance.choice(last_names), each) for each in numbers]
        users = [
            model(
                email=f"{first}.{last}.{number}@globex.example".lower(),
                first_name=first,
                last_name=last,
            )
            for first, last, number in named
        ]
        ids += [user.pk for user in model._default_manager.bulk_create(users)]
    return ids


def _trade(company: Company, *, orders: int, began: dt.datetime) -> None:
    population.install()
    member_ids = list(
        Member.objects.filter(program=company.program).order_by("pk").values_list("pk", flat=True)
    )
    first = 1
    for day, count in enumerate(_orders_by_day(orders)):
        every = _DAY / count
        starts_at = began + day * _DAY - first * every
        is_today = day == _DAYS - 1
        open_every = _OPEN_EVERY_TODAY if is_today else _OPEN_EVERY
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                "SELECT bench_trade(%s::bigint[], %s, %s, %s, %s, %s, make_interval(secs => %s))",
                [
                    *(member_ids, company.year.pk, first, count, open_every),
                    *(starts_at, every.total_seconds()),
                ],
            )
        first += count


def _orders_by_day(orders: int) -> Iterator[int]:
    """Fewer on two days of seven, and more in some weeks than in others."""
    chance = random.Random(2)  # noqa: S311  # a chart, and always the same one
    weights = [
        (0.35 if day % 7 >= 5 else 1.0) * chance.uniform(0.8, 1.2) * (1 + (day // 7) % 5 / 8)
        for day in range(_DAYS)
    ]
    for weight in weights:
        yield max(round(orders * weight / sum(weights)), 1)


def _cap_all(company: Company, *, at: dt.datetime) -> None:
    """Set caps that let everything pass, so that what is spent is counted under them."""
    for account in [company.root, *company.divisions]:
        _set_cap(company, account, _PLENTY, at)


def _tighten_caps(company: Company, *, at: dt.datetime) -> None:
    """Set caps as if each division were as far as `_CAP_USE` says."""
    for division, used in zip(company.divisions, cycle(_CAP_USE), strict=False):
        _set_cap(company, division, _rounded(_spent(division) / used), at)
    _set_cap(company, company.root, _rounded(_spent(company.root) / _ROOT_CAP_USE), at)


def _spent(account: Account) -> int:
    return Cap.objects.get(account=account).spent


def _rounded(minor: float) -> Amount:
    """An amount as somebody would decide it: three digits and noughts."""
    step = 10 ** max(len(str(int(minor))) - 3, 2)
    return Amount(int(minor / step) * step, "USD")


def _set_cap(company: Company, account: Account, amount: Amount, at: dt.datetime) -> None:
    programs.set_cap(
        account=account,
        program=company.program,
        amount=amount,
        reason="Budget approved",
        key=f"cap:{account.pk}:{amount.minor}",
        actor=_ACTOR,
        at=at,
    )


def _be_refused(company: Company, *, now: dt.datetime) -> None:
    """Have some try to buy in the divisions that are nearly through their caps."""
    spent = [
        division
        for division, used in zip(company.divisions, cycle(_CAP_USE), strict=False)
        if used > 1
    ]
    members = Member.objects.filter(account__parent__in=spent).order_by("user_reference")
    for number, member in enumerate(members[:_REFUSED]):
        at = now - number**2 * dt.timedelta(minutes=1)
        try:
            ledger.hold(
                member=member,
                cycle=company.year,
                amount=_REFUSED_AMOUNT,
                key=f"refused:{number}",
                expires_at=at + dt.timedelta(hours=1),
                actor=_ACTOR,
                at=at,
            )
        except errors.CapReached:
            continue
        raise RuntimeError(f"{member} wasn't refused")


if __name__ == "__main__":
    fill(members=int(sys.argv[1]), now=dt.datetime.now(dt.UTC))
