"""A real Saleor with the demo's store, and the people who shop in it."""

from __future__ import annotations

import os
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import count
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from dev import databases, scratch
from dev.demo import people, program, servers, shop, store
from dev.demo.api import Api, Session
from dev.demo.people import Person
from dev.demo.program import money
from dev.demo.shopper import Shopper

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dev.demo.program import Program
    from dev.demo.shop import Shop

DEPARTMENT = "Sales"


@dataclass
class Scene:
    """What the tests of a session share; each has shoppers of its own."""

    api: Api
    staff: Session
    shop: Shop
    program: Program
    store_url: str
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def newcomer(self) -> Shopper:
        """Return a registered customer who is in no program."""
        person = Person("Nia", f"Novak-{next(self._numbers)}", DEPARTMENT)
        people.register(self.api, [person])
        return Shopper(person, people.log_in(self.api, person), self.shop)

    def member(self) -> Shopper:
        """Return a new member with 300.00."""
        shopper = self.newcomer()
        payload = self.run_as_staff(
            ENROLL,
            program=self.program.id,
            account=self.program.accounts[DEPARTMENT],
            emails=[shopper.person.email],
        )
        assert payload["errors"] == []
        return shopper

    def plain_checkout(self, shopper: Shopper) -> str:
        """Return a checkout of the shopper's in a channel that is no program store."""
        slug = f"plain-{next(self._numbers)}"
        self.staff.run(
            "ChannelCreate",
            input={
                "name": slug,
                "slug": slug,
                "currencyCode": shop.CURRENCY,
                "defaultCountry": "US",
                "isActive": True,
            },
        )
        made = shopper.session.run(
            "CheckoutCreate",
            input={"channel": slug, "email": shopper.person.email, "lines": []},
        )
        return made["checkout"]["id"]

    def run_as_staff(self, query: str, **variables: Any) -> Any:
        """Run a query that is none of the demo's and return its only field's data."""
        return post(self.api.url, query, variables, token=self.staff._current_token())


def post(url: str, query: str, variables: dict[str, Any], *, token: str | None) -> Any:
    """Post a request and return its only field's data."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    answer = httpx.post(
        url, json={"query": query, "variables": variables}, headers=headers, timeout=60
    ).json()
    assert "errors" not in answer, answer["errors"]
    (data,) = answer["data"].values()
    return data


def token_of(shopper: Shopper) -> str:
    """Return a token of the shopper's."""
    token = shopper.session._current_token()
    assert token is not None
    return token


def held(shopper: Shopper) -> Decimal:
    """Return what the shopper's budget reserves."""
    (budget,) = post(shopper.session._api.url, HELD, {}, token=token_of(shopper))["programBudgets"]
    return money(budget["held"])


@contextmanager
def opened() -> Iterator[Scene]:
    """Start Saleor on a database, a cache and a queue of its own, and open the store."""
    with ExitStack() as stack:
        api = Api(stack.enter_context(_saleor()).api_url)
        stack.callback(api.close)
        staff = Session(api, email=servers.STAFF_EMAIL, password=servers.STAFF_PASSWORD)
        sold_in = shop.set_up(staff)
        departments = list(people.DEPARTMENTS)
        budgets = program.set_up(staff, channel_id=sold_in.channel_id, departments=departments)
        store_url = stack.enter_context(
            store.running(
                api.url,
                channel=sold_in.channel,
                shoppers=[],
                password=people.PASSWORD,
                pay=store.payments(api, card_token=sold_in.card_token),
            )
        )
        yield Scene(api, staff, sold_in, budgets, store_url)


@contextmanager
def _saleor() -> Iterator[servers.Saleor]:
    """Start a Saleor that shares nothing with another one of this run."""
    template = os.environ["PROGRAM_BUDGETS_TEMPLATE"]
    with ExitStack() as stack:
        url = databases.temporary(os.environ["DATABASE_URL"], template=template, prefix="store")
        directory = stack.enter_context(scratch.run_directory(servers.ourselves()))
        own = {"DATABASE_URL": stack.enter_context(url)}
        for name, index in (("CACHE_URL", 2), ("CELERY_BROKER_URL", 3)):
            own[name] = f"{os.environ[name].rpartition('/')[0]}/{index}"
        with pytest.MonkeyPatch.context() as monkeypatch:
            for name, value in own.items():
                monkeypatch.setenv(name, value)
            saleor = stack.enter_context(servers.running(directory))
        yield saleor


ENROLL = """
mutation ($program: ID!, $account: ID!, $emails: [String!]) {
  programBudgetMemberEnroll(program: $program, account: $account, emails: $emails) {
    errors { field code message }
  }
}
"""
HELD = "{ me { programBudgets { held { amount } } } }"
