"""What Saleor does to a customer, and what becomes of their membership: by Saleor's mutations."""

from __future__ import annotations

from typing import Any

import pytest
from saleor.account.models import User
from saleor.core.tokens import account_delete_token_generator
from saleor.graphql.tests.fixtures import ApiClient

from saleor_program_budgets import ledger, tasks
from saleor_program_budgets.models import JobRun, Member, Posting
from tests.host.graphql.queries import data_of, gid
from tests.host.support.shop import balance_of

UPDATE = """
mutation ($id: ID!, $input: CustomerInput!) {
  customerUpdate(id: $id, input: $input) { errors { field message } }
}
"""
DELETE = "mutation ($id: ID!) { customerDelete(id: $id) { errors { field message } } }"
BULK_DELETE = """
mutation ($ids: [ID!]!) { customerBulkDelete(ids: $ids) { count errors { field message } } }
"""
BULK_ACTIVE = """
mutation ($ids: [ID!]!, $isActive: Boolean!) {
  userBulkSetActive(ids: $ids, isActive: $isActive) { count errors { field message } }
}
"""
OWN_DELETE = "mutation ($token: String!) { accountDelete(token: $token) { errors { field } } }"


@pytest.fixture
def manager(staff_api_client, permission_manage_users):
    staff_api_client.user.user_permissions.add(permission_manage_users)
    return staff_api_client


def user_id(member: Member) -> str:
    return gid("User", int(member.user_reference))


def update(manager, member: Member, **changes: Any) -> None:
    assert data_of(manager, UPDATE, id=user_id(member), input=changes)["errors"] == []
    member.refresh_from_db()


def stands(member: Member) -> tuple[bool, bool, int]:
    """Return whether the member is active, left with the user, and what they have."""
    member.refresh_from_db()
    return member.is_active, member.left_with_user, balance_of(member).available


def test_deactivated_and_activated_again(manager, member) -> None:
    update(manager, member, isActive=False)

    assert stands(member) == (False, True, 0)
    clawback = Posting.objects.get(kind=Posting.Kind.CLAWBACK)
    assert (clawback.amount, clawback.cause) == (30_000, "the user was deactivated")
    assert clawback.actor == f"staff:{manager.user.pk}"

    update(manager, member, isActive=True)

    assert stands(member) == (True, False, 30_000)
    assert ledger.verify().differences == ()


def test_who_was_deactivated_as_a_member_does_not_come_back_with_the_user(manager, member) -> None:
    query = """
    mutation ($id: ID!) { programBudgetMemberDeactivate(id: $id) { errors { code } } }
    """
    assert data_of(manager, query, id=gid("ProgramBudgetMember", member.pk))["errors"] == []
    update(manager, member, isActive=False)
    update(manager, member, isActive=True)

    assert stands(member) == (False, False, 0)


def test_deactivated_as_a_member_after_the_user_left_stays_so(manager, member) -> None:
    query = """
    mutation ($id: ID!) { programBudgetMemberDeactivate(id: $id) { errors { code } } }
    """
    update(manager, member, isActive=False)
    assert data_of(manager, query, id=gid("ProgramBudgetMember", member.pk))["errors"] == []
    update(manager, member, isActive=True)

    assert stands(member) == (False, False, 0)


def test_another_address_or_name_changes_nothing(manager, member) -> None:
    update(manager, member, email="ada.king@example.com", firstName="Ada", lastName="King")

    assert stands(member) == (True, False, 30_000)
    assert Posting.objects.filter(member=member).count() == 1
    again = ApiClient(user=User.objects.get(pk=member.user_id))
    assert data_of(again, "{ me { programBudgets { available { amount } } } }") == {
        "programBudgets": [{"available": {"amount": 300.0}}]
    }


@pytest.mark.parametrize("is_bulk", [False, True])
def test_deleted(is_bulk, manager, member) -> None:
    reference = member.user_reference
    if is_bulk:
        answer = data_of(manager, BULK_DELETE, ids=[user_id(member)])
    else:
        answer = data_of(manager, DELETE, id=user_id(member))
    assert answer["errors"] == []

    assert stands(member) == (False, True, 0)
    assert (member.user_id, member.user_reference) == (None, reference)
    assert ledger.verify().differences == ()


def test_deleted_by_themselves(member, user_api_client) -> None:
    token = account_delete_token_generator.make_token(user_api_client.user)

    assert data_of(user_api_client, OWN_DELETE, token=token)["errors"] == []

    assert stands(member) == (False, True, 0)


def test_bulk_activation_fires_no_hook_and_is_swept(manager, member) -> None:
    data_of(manager, BULK_ACTIVE, ids=[user_id(member)], isActive=False)
    assert stands(member) == (True, False, 30_000)

    tasks.sweep_leavers()

    assert stands(member) == (False, True, 0)
    data_of(manager, BULK_ACTIVE, ids=[user_id(member)], isActive=True)
    tasks.sweep_leavers()
    assert stands(member) == (True, False, 30_000)
    runs = JobRun.objects.filter(name="leavers").order_by("pk")
    assert [(run.result["deactivated"], run.result["returned"]) for run in runs] == [(1, 0), (0, 1)]


def test_deleted_past_all_hooks_is_swept(member) -> None:
    User.objects.filter(pk=member.user_id).delete()

    tasks.sweep_leavers()
    tasks.sweep_leavers()

    assert stands(member) == (False, True, 0)
    assert Posting.objects.filter(kind=Posting.Kind.CLAWBACK).count() == 1


def test_a_shopper_deleted_with_an_open_hold_loses_the_rest(manager, member, shopper) -> None:
    shopper.apply(shopper.checkout())
    data_of(manager, DELETE, id=user_id(member))

    assert stands(member)[:2] == (False, True)
    assert balance_of(member).available == 0
    assert ledger.verify().differences == ()
