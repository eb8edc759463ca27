"""A running Saleor, and what tests of the pages ask of it beside them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx

from dev.demo import people, shop
from dev.demo.api import Api, Session
from dev.demo.people import Person
from dev.demo.servers import STAFF_EMAIL, STAFF_PASSWORD
from dev.demo.shopper import Shopper
from saleor_program_budgets.manifest import manifest

if TYPE_CHECKING:
    from dev.demo.shop import Shop

ADA = Person("Ada", "Abara", "Engineering")
BEN = Person("Ben", "Bruun", "Sales")
FINANCE = Person("Fay", "Nance", "Finance")

_APPS = "{ apps(first: 100) { edges { node { id identifier appUrl extensions { id url } } } } }"
_GROUP = """
mutation ($name: String!, $permissions: [PermissionEnum!]!) {
  permissionGroupCreate(input: {name: $name, addPermissions: $permissions}) {
    group { id }
    errors { field message }
  }
}
"""
_STAFF = """
mutation ($email: String!, $groups: [ID!]!) {
  staffCreate(input: {email: $email, addGroups: $groups}) { errors { field message } }
}
"""
_PROGRAM = """
mutation {
  programBudgetAccountCreate(input: {name: "Globex", kind: ORGANIZATION}) { account { id } }
  programBudgetProgramCreate(
    input: {name: "Globex gear", currency: "USD", allotment: 250}
  ) { program { id } }
}
"""
_MEMBERS = """
mutation ($program: ID!, $account: ID!, $emails: [String!]!) {
  programBudgetProgramOpen(id: $program) { errors { field message } }
  programBudgetMemberEnroll(program: $program, account: $account, emails: $emails) {
    members { id name }
    errors { field message }
  }
  programBudgetCapSet(program: $program, account: $account, amount: 400, reason: "Test") {
    cap { id }
    errors { field message }
  }
}
"""


class RunningSaleor:
    """Saleor with a store that sells, and people who have registered; no program yet."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._api = Api(url)
        self.staff = Session(self._api, email=STAFF_EMAIL, password=STAFF_PASSWORD)
        self.finance = Session(self._api, email=FINANCE.email, password=people.PASSWORD)
        self.shop: Shop = shop.set_up(self.staff)
        people.register(self._api, [ADA, BEN, FINANCE])
        group = self.ask(_GROUP, name="Finance", permissions=["MANAGE_ORDERS"])
        self.ask(
            _STAFF,
            email=FINANCE.email,
            groups=[group["permissionGroupCreate"]["group"]["id"]],
        )
        apps = [edge["node"] for edge in self.ask(_APPS)["apps"]["edges"]]
        self.app = next(app for app in apps if app["identifier"] == manifest().gateway)

    def ask(self, query: str, **variables: Any) -> Any:
        """Run an operation as the administrator, and return its data; raises on any error."""
        answer = httpx.post(
            self.url,
            json={"query": query, "variables": variables},
            headers={"Authorization-Bearer": token_of(self.staff)},
            timeout=60,
        ).json()
        problems = [payload["errors"] for payload in _payloads(answer) if payload.get("errors")]
        if answer.get("errors") or problems:
            raise AssertionError(answer.get("errors") or problems)
        return answer["data"]

    def close(self) -> None:
        """Close the connections."""
        self._api.close()

    def shopper(self, person: Person) -> Shopper:
        """Sign a person in to the store."""
        session = Session(self._api, email=person.email, password=people.PASSWORD)
        return Shopper(person, session, self.shop)

    def extension(self, path: str) -> str:
        """Return the id of the App's extension whose address ends in *path*."""
        return next(row["id"] for row in self.app["extensions"] if row["url"].endswith(path))


def token_of(session: Session) -> str:
    """Return the token that somebody is signed in with: Saleor takes few logins at a time."""
    token = session._current_token()
    assert token is not None
    return token


@dataclass(frozen=True, slots=True)
class Globex:
    """A program that is open, with Ada and Ben under a cap, made through the API."""

    program: str
    account: str
    member: str


def globex(saleor: RunningSaleor) -> Globex:
    """Make it."""
    made = saleor.ask(_PROGRAM)
    program = made["programBudgetProgramCreate"]["program"]["id"]
    account = made["programBudgetAccountCreate"]["account"]["id"]
    enrolled = saleor.ask(_MEMBERS, program=program, account=account, emails=[ADA.email, BEN.email])
    members = enrolled["programBudgetMemberEnroll"]["members"]
    ada = next(member["id"] for member in members if member["name"] == "Ada Abara")
    return Globex(program, account, ada)


_TREE = """
mutation ($parent: ID!) {
  sales: programBudgetAccountCreate(
    input: {name: "Sales", slug: "hooli-sales", kind: TEAM, parent: $parent}
  ) {
    account { id }
    errors { field message }
  }
  engineering: programBudgetAccountCreate(
    input: {name: "Engineering", slug: "hooli-engineering", kind: TEAM, parent: $parent}
  ) {
    account { id }
    errors { field message }
  }
}
"""
_ENROLL = """
mutation ($program: ID!, $sales: ID!, $engineering: ID!, $ada: String!, $ben: String!) {
  programBudgetProgramOpen(id: $program) { errors { field message } }
  ada: programBudgetMemberEnroll(program: $program, account: $sales, emails: [$ada]) {
    members { id }
    errors { field message }
  }
  ben: programBudgetMemberEnroll(program: $program, account: $engineering, emails: [$ben]) {
    members { id }
    errors { field message }
  }
  programBudgetCapSet(program: $program, account: $sales, amount: 150, reason: "Test") {
    errors { field message }
  }
}
"""
_HOOLI = """
mutation {
  programBudgetAccountCreate(input: {name: "Hooli", kind: ORGANIZATION}) { account { id } }
  programBudgetProgramCreate(
    input: {name: "Hooli gear", currency: "USD", allotment: 200}
  ) { program { id } }
}
"""
_WHOSE_STORE = """
query ($channel: ID!) {
  programBudgetPrograms(first: 10, filter: {channels: [$channel]}) { edges { node { id } } }
}
"""
_STORES = """
mutation ($program: ID!, $channels: [ID!]!) {
  programBudgetProgramUpdate(id: $program, input: {channels: $channels}) {
    errors { field message }
  }
}
"""


@dataclass(frozen=True, slots=True)
class Hooli:
    """A program whose store is open, with Ada in Sales under a cap and Ben in Engineering."""

    program: str
    account: str
    sales: str
    engineering: str


def hooli(saleor: RunningSaleor) -> Hooli:
    """Make it, and let it have the store: whoever had it before takes orders no more."""
    made = saleor.ask(_HOOLI)
    program = made["programBudgetProgramCreate"]["program"]["id"]
    account = made["programBudgetAccountCreate"]["account"]["id"]
    teams = saleor.ask(_TREE, parent=account)
    company = Hooli(
        program, account, teams["sales"]["account"]["id"], teams["engineering"]["account"]["id"]
    )
    saleor.ask(
        _ENROLL,
        program=program,
        sales=company.sales,
        engineering=company.engineering,
        ada=ADA.email,
        ben=BEN.email,
    )
    channel = saleor.shop.channel_id
    for edge in saleor.ask(_WHOSE_STORE, channel=channel)["programBudgetPrograms"]["edges"]:
        saleor.ask(_STORES, program=edge["node"]["id"], channels=[])
    saleor.ask(_STORES, program=program, channels=[channel])
    return company


def _payloads(answer: dict[str, Any]) -> list[dict[str, Any]]:
    return [value for value in (answer.get("data") or {}).values() if isinstance(value, dict)]
