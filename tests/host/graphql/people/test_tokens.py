"""Staff make, replace and revoke the tokens of identity systems."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from saleor_program_budgets import roster as rosters
from saleor_program_budgets.models import RosterToken
from tests.host.graphql.people.requests import CREATE_TOKEN, REVOKE_TOKEN, ROTATE_TOKEN, TOKENS
from tests.host.graphql.queries import data_of, error, errors_of, gid, top_errors


@pytest.fixture
def made(client, roster_id):
    payload = data_of(client, CREATE_TOKEN, roster=roster_id, name=" Entra ")
    assert payload["errors"] == []
    return payload


def token_of(secret):
    return rosters.find_token(secret=secret, at=timezone.now())


def test_a_token_is_shown_once(made, client, roster, roster_id) -> None:
    token = RosterToken.objects.get()
    assert token_of(made["secret"]) == token
    assert made["token"] == {
        "id": gid("ProgramBudgetRosterToken", token.pk),
        "name": "Entra",
        "hint": made["secret"][:10],
        "isActive": True,
        "expiresAt": None,
        "revokedAt": None,
        "revokedBy": "",
    }

    [listed] = data_of(client, TOKENS, id=roster_id)["tokens"]

    assert listed.pop("lastUsedAt") is not None
    assert listed == made["token"] | {"createdBy": f"staff:{client.user.pk}"}


def test_rotate(made, client) -> None:
    old_id = made["token"]["id"]

    new = data_of(client, ROTATE_TOKEN, id=old_id, hours=1)

    assert (new["errors"], new["token"]["name"]) == ([], "Entra")
    assert token_of(new["secret"]) is not None
    assert token_of(made["secret"]) is not None
    RosterToken.objects.filter(replaced_by=None).delete()
    late = timezone.now() + timedelta(hours=1)
    assert rosters.find_token(secret=made["secret"], at=late) is None


def test_rotate_at_once(made, client, roster_id) -> None:
    data_of(client, ROTATE_TOKEN, id=made["token"]["id"])

    assert token_of(made["secret"]) is None
    again = data_of(client, ROTATE_TOKEN, id=made["token"]["id"])
    assert (again["secret"], errors_of(again)) == (None, error("id", "INVALID"))
    listed = data_of(client, TOKENS, id=roster_id)["tokens"]
    assert [each["isActive"] for each in listed] == [True, False]


def test_revoke(made, client) -> None:
    first = data_of(client, REVOKE_TOKEN, id=made["token"]["id"])
    again = data_of(client, REVOKE_TOKEN, id=made["token"]["id"])

    assert first == again
    assert (first["token"]["isActive"], first["token"]["revokedBy"]) == (
        *(False, f"staff:{client.user.pk}"),
    )
    assert token_of(made["secret"]) is None


@pytest.mark.parametrize("hours", [-1, 721, 2_000_000_000])
def test_an_overlap_has_its_limits(hours, made, client) -> None:
    payload = data_of(client, ROTATE_TOKEN, id=made["token"]["id"], hours=hours)

    assert errors_of(payload) == error("overlapHours", "INVALID")
    assert RosterToken.objects.count() == 1


@pytest.mark.parametrize(
    ("given", "field", "code"),
    [
        ({"roster": gid("ProgramBudgetRoster", 0)}, "roster", "NOT_FOUND"),
        ({"name": " "}, "name", "REQUIRED"),
        ({"name": "x" * 251}, "name", "INVALID"),
        ({"expiresAt": "2020-01-01T00:00:00+00:00"}, "expiresAt", "INVALID"),
    ],
)
def test_create_with_bad_input(given, field, code, client, roster_id) -> None:
    payload = data_of(client, CREATE_TOKEN, **{"roster": roster_id, "name": "Okta"} | given)

    assert errors_of(payload) == error(field, code)
    assert not RosterToken.objects.exists()


def test_unknown_tokens(client) -> None:
    nothing = gid("ProgramBudgetRosterToken", 0)
    for query in (ROTATE_TOKEN, REVOKE_TOKEN):
        assert errors_of(data_of(client, query, id=nothing)) == error("id", "NOT_FOUND")


def test_tokens_are_for_who_sets_programs_up(
    staff_api_client, permission_manage_users, roster_id
) -> None:
    staff_api_client.user.user_permissions.add(permission_manage_users)

    assert top_errors(staff_api_client, TOKENS, id=roster_id) == ["PermissionDenied"]
