"""A roster over a program store, and a client that has its token."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client
from django.utils import timezone

from saleor_program_budgets import accounts, roster
from saleor_program_budgets.models import Account, Person, Roster
from tests.host.support.shop import ACTOR

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpResponse

    from saleor_program_budgets.models import RosterToken
    from tests.host.support.shop import ProgramStore

ROOT = "/plugins/global/program-budgets/scim/v2"
USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
WORK = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
BULK = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"


@dataclass(frozen=True)
class Answer:
    """A response, with its body read."""

    status: int
    body: Any
    headers: Any


class Scim:
    """A SCIM client of one roster."""

    def __init__(self, roster: Roster, token: RosterToken, secret: str) -> None:
        self.roster = roster
        self.token = token
        self.secret = secret

    def send(
        self, method: str, path: str, body: Any = None, *, raw: bytes | None = None, **headers: str
    ) -> Answer:
        """Send a request below the service's address."""
        content = raw if raw is not None else (b"" if body is None else json.dumps(body).encode())
        response: HttpResponse = Client(raise_request_exception=True).generic(
            method,
            f"{ROOT}{path}",
            content,
            content_type=headers.pop("content_type", "application/scim+json"),
            headers={"Authorization": f"Bearer {self.secret}", **headers},
        )
        text = response.content
        return Answer(response.status_code, json.loads(text) if text else None, response.headers)

    def get(self, path: str, **headers: str) -> Answer:
        return self.send("GET", path, **headers)

    def found(self, kind: str, search: str) -> list[str]:
        """Return the names of what a filter finds."""
        answer = self.send("POST", f"/{kind}/.search", {"filter": search})
        assert answer.status == 200, answer.body
        name = "userName" if kind == "Users" else "displayName"
        return [each[name] for each in answer.body["Resources"]]

    def user(self, name: str, /, **more: Any) -> dict[str, Any]:
        """Create a user with the address ``name@acme.example``."""
        body = {"schemas": [USER], "userName": f"{name}@acme.example", "active": True, **more}
        answer = self.send("POST", "/Users", body)
        assert answer.status == 201, answer.body
        return answer.body

    def group(self, name: str, *members: dict[str, Any]) -> dict[str, Any]:
        """Create a group."""
        body = {
            "schemas": [GROUP],
            "displayName": name,
            "members": [{"value": member["id"]} for member in members],
        }
        answer = self.send("POST", "/Groups", body)
        assert answer.status == 201, answer.body
        return answer.body

    def patch(self, path: str, *operations: dict[str, Any], **headers: str) -> Answer:
        """Send a PATCH."""
        body = {"schemas": [PATCH], "Operations": list(operations)}
        return self.send("PATCH", path, body, **headers)


def person_of(user: dict[str, Any]) -> Person:
    """Return the person that a user of SCIM's is."""
    return Person.objects.select_related("account").get(key=user["id"])


@pytest.fixture
def connect() -> Callable[..., Scim]:
    """Return what connects an identity system to a new roster."""

    def connect(account: Account, *programs: Any, **options: Any) -> Scim:
        at = timezone.now()
        made = roster.create_roster(
            name=account.name, account=account, programs=programs, actor=ACTOR, at=at, **options
        )
        token, secret = roster.create_token(roster=made, name="Okta", actor=ACTOR, at=at)
        return Scim(made, token, secret)

    return connect


@pytest.fixture
def scim(store: ProgramStore, connect: Callable[..., Scim]) -> Scim:
    """Return an identity system connected to the store's organization."""
    return connect(store.organization, store.program)


@pytest.fixture
def other(store: ProgramStore, connect: Callable[..., Scim]) -> Scim:
    """Return another organization's identity system, with people and a group of its own."""
    globex = accounts.create_account(
        name="Globex",
        slug="globex",
        kind=Account.Kind.ORGANIZATION,
        parent=None,
        at=timezone.now(),
    )
    return connect(globex, store.program)
