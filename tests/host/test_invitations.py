"""Whom a roster made is invited by Saleor's own mail to set a password, once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.utils import timezone

from saleor_program_budgets import roster, tasks
from saleor_program_budgets.errors import InvalidInput
from saleor_program_budgets.interfaces import invitations
from saleor_program_budgets.interfaces.shop import SaleorShop
from saleor_program_budgets.ledger import Actor
from saleor_program_budgets.models import JobRun, Person
from tests.host.graphql.queries import data_of
from tests.host.support.mail import MailPlugin

URL = "https://www.example.com/welcome"
SET_PASSWORD = """
mutation ($email: String!, $token: String!, $password: String!) {
  setPassword(email: $email, token: $token, password: $password) {
    user { email isConfirmed } errors { field code }
  }
}
"""


@pytest.fixture
def people(store, mail):
    """Return what makes people of a roster that invites; their numbers are in their addresses."""
    at = timezone.now()
    placed = roster.create_roster(
        name="Acme",
        account=store.organization,
        programs=[store.program],
        invitation_url=URL,
        actor=Actor.system("tests"),
        at=at,
    )
    shop = SaleorShop()

    def create(count: int, **values: Any) -> list[Person]:
        known = Person.objects.count()
        emails = [f"p{known + number:02}@acme.example" for number in range(count)]
        ids = shop.create([roster.Profile(email, "Pat", "Doe") for email in emails])
        given: dict[str, Any] = {"created_at": at, "changed_at": at, "is_invited": False, **values}
        return [
            Person.objects.create(
                roster=placed,
                user_id=ids[email],
                user_reference=str(ids[email]),
                owns_user=True,
                account=store.organization,
                user_name=email,
                email=email,
                **given,
            )
            for email in emails
        ]

    return create


def sent() -> list[str]:
    return [payload["recipient_email"] for _, payload in MailPlugin.sent]


def left() -> int:
    return Person.objects.filter(is_invited=False).count()


def break_for(monkeypatch, *emails: str) -> None:
    """Let the mail to these addresses fail; to others it goes out."""
    whole = MailPlugin.notify

    def notify(self, event: str, payload_func: Any, previous_value: Any) -> Any:
        if payload_func()["recipient_email"] in emails:
            raise OSError("no such mailbox")
        return whole(self, event, payload_func, previous_value)

    monkeypatch.setattr(MailPlugin, "notify", notify)


def test_an_invitation_is_sent_once(store, people) -> None:
    [person] = people(1)

    results = [tasks.invite(), tasks.invite()]

    [(event, payload)] = MailPlugin.sent
    assert event == "account_set_customer_password"
    assert payload["recipient_email"] == person.email
    assert payload["channel_slug"] == store.channel.slug
    link = urlsplit(payload["password_set_url"])
    assert f"{link.scheme}://{link.netloc}{link.path}" == URL
    assert parse_qs(link.query) == {"email": [person.email], "token": [payload["token"]]}
    assert results == [
        {"invited": 1, "passed_over": 0, "failed": 0, "is_complete": True},
        {"invited": 0, "passed_over": 0, "failed": 0, "is_complete": True},
    ]
    assert left() == 0


def test_the_token_sets_a_password_and_confirms(people, api_client) -> None:
    [person] = people(1)
    tasks.invite()
    token = MailPlugin.sent[0][1]["token"]

    answer = data_of(
        api_client, SET_PASSWORD, email=person.email, token=token, password="Merchandise-2025"
    )

    assert answer == {"user": {"email": person.email, "isConfirmed": True}, "errors": []}
    person.user.refresh_from_db()
    assert person.user.check_password("Merchandise-2025")


def test_apps_are_told_as_well(people, monkeypatch) -> None:
    told: list[tuple[Any, ...]] = []

    def hear(_self, *said: Any, token: str, redirect_url: str, previous_value: Any) -> Any:
        told.append((*said, token, redirect_url))
        return previous_value

    monkeypatch.setattr(MailPlugin, "account_set_password_requested", hear, raising=False)
    [person] = people(1)

    tasks.invite()

    payload = MailPlugin.sent[0][1]
    [(user, channel, token, link)] = told
    assert (user, channel) == (person.user, payload["channel_slug"])
    assert (token, link) == (payload["token"], payload["password_set_url"])


def test_without_a_channel_no_channel_is_named(store, people, monkeypatch) -> None:
    store.program.channels.all().delete()
    monkeypatch.setattr(MailPlugin, "CONFIGURATION_PER_CHANNEL", False)
    people(1)

    tasks.invite()

    assert MailPlugin.sent[0][1]["channel_slug"] is None


@pytest.mark.parametrize(
    ("of_person", "of_user"),
    [
        ({"is_active": False}, {}),
        ({"removed_at": timezone.now()}, {}),
        ({}, {"is_active": False}),
        ({}, {"is_staff": True}),
        ({}, {"password": "pbkdf2_sha256$1$a$b"}),
    ],
)
def test_some_are_passed_over(people, of_person, of_user) -> None:
    [person] = people(1, **of_person)
    type(person.user).objects.filter(pk=person.user_id).update(**of_user, last_name="Changed")

    result = tasks.invite()

    assert result is not None
    assert (result["passed_over"], MailPlugin.sent, left()) == (1, [], 0)


def test_a_deleted_user_and_a_roster_that_invites_no_more_are_passed_over(people) -> None:
    gone, other = people(2)
    Person.objects.filter(pk=gone.pk).update(user=None)
    type(other.roster).objects.update(invitation_url="")

    result = tasks.invite()

    assert result is not None
    assert (result["passed_over"], MailPlugin.sent, left()) == (2, [], 0)


def test_what_fails_keeps_nobody_waiting_and_is_tried_again(people, monkeypatch) -> None:
    first, second, third = people(3)
    with monkeypatch.context() as broken:
        break_for(broken, second.email)

        result = tasks.invite()

    assert result == {
        "invited": 2,
        "passed_over": 0,
        "failed": 1,
        "is_complete": True,
        "error": "OSError: no such mailbox",
    }
    assert (sent(), left()) == ([first.email, third.email], 1)
    tasks.invite()
    assert (sent()[2:], left()) == ([second.email], 0)


def test_ten_failures_in_a_row_end_a_run_and_the_next_goes_on_behind_them(
    people, monkeypatch
) -> None:
    broken, fine = people(10), people(2)
    break_for(monkeypatch, *(person.email for person in broken))

    first, second = tasks.invite(), tasks.invite()

    assert first is not None
    assert (first["failed"], first["invited"], first["is_complete"]) == (10, 0, False)
    assert first["last"] == broken[-1].pk
    assert second is not None
    assert (second["failed"], second["invited"], second["is_complete"]) == (10, 2, False)
    assert sent() == [person.email for person in fine]


def test_what_cannot_be_sent_for_a_week_is_given_up(people, monkeypatch) -> None:
    monkeypatch.setattr(MailPlugin, "is_broken", True)
    people(1, created_at=timezone.now() - timedelta(days=6))
    people(1, created_at=timezone.now() - timedelta(days=7))

    result = tasks.invite()

    assert result is not None
    assert (result["failed"], left()) == (2, 1)


def test_a_run_ends_in_time_and_the_next_goes_on(people) -> None:
    people(3)

    record = invitations.invite(at=timezone.now(), budget_seconds=0)

    assert record is not None
    assert (record.result["invited"], record.result["is_complete"], left()) == (1, False, 2)
    tasks.invite()
    assert (len(set(sent())), left()) == (3, 0)
    assert JobRun.objects.filter(name="invite").count() == 2


@pytest.mark.parametrize("url", ["", URL, "http://www.example.com"])
def test_a_right_address(url) -> None:
    invitations.check_invitation_url(url)


@pytest.mark.parametrize(
    "url", ["welcome", "https://evil.example/welcome", "javascript://www.example.com/%0aalert(1)"]
)
def test_a_wrong_address(url) -> None:
    with pytest.raises(InvalidInput) as refused:
        invitations.check_invitation_url(url)

    assert refused.value.field == "invitation_url"
