"""Staff enroll, move, deactivate and reactivate members, grant value, and look members up."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from saleor.account.models import User

from saleor_program_budgets import ledger
from saleor_program_budgets.models import Lot, Member
from tests.host.graphql.queries import ERRORS, amounts, data_of, error, errors_of, gid, top_errors
from tests.host.support.shop import balance_of

ENROLL = f"""
mutation ($program: ID!, $account: ID!, $users: [ID!], $emails: [String!]) {{
  programBudgetMemberEnroll(
    program: $program, account: $account, users: $users, emails: $emails
  ) {{
    members {{ email account {{ slug }} balance {{ available {{ amount }} }} }} {ERRORS}
  }}
}}
"""
MOVE = f"""
mutation ($id: ID!, $account: ID!) {{
  programBudgetMemberMove(id: $id, account: $account) {{
    member {{ account {{ slug }} }} {ERRORS}
  }}
}}
"""
DEACTIVATE = f"""
mutation ($id: ID!) {{
  programBudgetMemberDeactivate(id: $id) {{ member {{ isActive deactivatedAt }} {ERRORS} }}
}}
"""
REACTIVATE = f"""
mutation ($id: ID!) {{
  programBudgetMemberReactivate(id: $id) {{ member {{ isActive deactivatedAt }} {ERRORS} }}
}}
"""
GRANT = f"""
mutation (
  $member: ID!, $amount: PositiveDecimal!, $reason: String!, $expiresAt: DateTime, $key: String
) {{
  programBudgetGrant(
    member: $member, amount: $amount, reason: $reason, expiresAt: $expiresAt, idempotencyKey: $key
  ) {{
    member {{
      balance {{ granted {{ amount }} available {{ amount }} }}
      lots {{ origin amount {{ amount }} available {{ amount }} expiresAt reason }}
    }} {ERRORS}
  }}
}}
"""
ONE = """
query ($id: ID!) { programBudgetMember(id: $id) {
  email name userReference isActive program { slug } account { slug }
  balance {
    granted { amount } available { amount } held { amount } spent { amount } lapsed { amount }
    withdrawn { amount }
  }
} }
"""
LOTS = """
query ($id: ID!) { programBudgetMember(id: $id) { lots {
  id origin amount { amount } available { amount } spent { amount } lapsed { amount }
  withdrawn { amount } moved { amount } source { id origin amount { amount } }
} } }
"""
MANY = """
query (
  $first: Int!, $filter: ProgramBudgetMemberFilterInput, $search: String,
  $sortBy: ProgramBudgetMemberSortingInput
) {
  programBudgetMembers(first: $first, filter: $filter, search: $search, sortBy: $sortBy) {
    totalCount edges { node {
      email name program { slug } account { slug }
      balance { available { amount } } lots { amount { amount } }
    } }
  }
}
"""
USER = "query ($id: ID!) { programBudgetMember(id: $id) { user { email } } }"


@pytest.fixture
def client(staff_api_client, permission_manage_gift_card):
    staff_api_client.user.user_permissions.add(permission_manage_gift_card)
    return staff_api_client


@pytest.fixture
def ada(db):
    return User.objects.create(email="ada@example.com", first_name="Ada", last_name="Lovelace")


@pytest.fixture
def grace(db):
    return User.objects.create(email="grace@example.com", first_name="Grace", last_name="Hopper")


def member_id(member: Member) -> str:
    return gid("ProgramBudgetMember", member.pk)


def enrollment(store, **changes):
    return {
        "program": gid("ProgramBudgetProgram", store.program.pk),
        "account": gid("ProgramBudgetAccount", store.department.pk),
    } | changes


def emails(page):
    return [edge["node"]["email"] for edge in page["edges"]]


def test_enroll_by_id_and_by_email_each_once(client, store, ada, grace) -> None:
    payload = data_of(
        client,
        ENROLL,
        **enrollment(
            store, users=[gid("User", ada.pk)], emails=["ADA@example.com", " grace@example.com"]
        ),
    )

    assert payload == {
        "members": [
            {
                "email": email,
                "account": {"slug": "engineering"},
                "balance": {"available": {"amount": 300.0}},
            }
            for email in ("ada@example.com", "grace@example.com")
        ],
        "errors": [],
    }
    assert ledger.verify().differences == ()


def test_enrolling_a_member_again_changes_nothing(client, store, member, customer_user) -> None:
    payload = data_of(
        client,
        ENROLL,
        **enrollment(
            store,
            users=[gid("User", customer_user.pk)],
            account=gid("ProgramBudgetAccount", store.organization.pk),
        ),
    )

    assert payload["errors"] == []
    assert payload["members"][0]["account"] == {"slug": "engineering"}
    assert payload["members"][0]["balance"] == {"available": {"amount": 300.0}}
    assert Member.objects.count() == 1


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({}, "users", "REQUIRED"),
        ({"users": [], "emails": []}, "users", "REQUIRED"),
        ({"users": [gid("User", 0)]}, "users", "NOT_FOUND"),
        ({"users": [gid("Order", 1)]}, "users", "GRAPHQL_ERROR"),
        ({"emails": ["ada@example.com", "nobody@example.com"]}, "emails", "NOT_FOUND"),
        ({"emails": ["x@example.com"] * 1001}, "users", "LIMIT_EXCEEDED"),
        ({"program": gid("ProgramBudgetProgram", 0)}, "program", "NOT_FOUND"),
        ({"account": gid("ProgramBudgetAccount", 0)}, "account", "NOT_FOUND"),
    ],
)
def test_enroll_with_bad_input_enrolls_nobody(changes, field, code, client, store, ada) -> None:
    payload = data_of(client, ENROLL, **enrollment(store, **changes))

    assert errors_of(payload) == error(field, code)
    assert payload["members"] == []
    assert Member.objects.count() == 0


def test_unknown_addresses_are_named(client, store, ada) -> None:
    unknown = [f"{number}@example.com" for number in range(7)]

    payload = data_of(client, ENROLL, **enrollment(store, emails=["ada@example.com", *unknown]))

    assert payload["errors"][0]["message"] == (
        "No user has the address 0@example.com, 1@example.com, 2@example.com, 3@example.com, "
        "4@example.com and 2 more."
    )


def test_move(client, store, member) -> None:
    payload = data_of(
        client,
        MOVE,
        id=member_id(member),
        account=gid("ProgramBudgetAccount", store.organization.pk),
    )

    assert payload == {"member": {"account": {"slug": "acme"}}, "errors": []}


def test_deactivate_and_reactivate(client, member) -> None:
    inactive = data_of(client, DEACTIVATE, id=member_id(member))
    active = data_of(client, REACTIVATE, id=member_id(member))

    assert inactive["member"]["isActive"] is False
    assert inactive["member"]["deactivatedAt"] is not None
    assert active == {"member": {"isActive": True, "deactivatedAt": None}, "errors": []}
    assert balance_of(member).available == 30_000


def test_grant(client, member) -> None:
    payload = data_of(
        client,
        GRANT,
        member=member_id(member),
        amount=50.25,
        reason=" Anniversary ",
        expiresAt="2099-01-01T00:00:00+00:00",
    )

    assert payload["errors"] == []
    assert payload["member"]["balance"] == {
        "granted": {"amount": 350.25},
        "available": {"amount": 350.25},
    }
    assert payload["member"]["lots"][1] == {
        "origin": "GRANT",
        "amount": {"amount": 50.25},
        "available": {"amount": 50.25},
        "expiresAt": "2099-01-01T00:00:00+00:00",
        "reason": "Anniversary",
    }
    assert ledger.verify().differences == ()


def test_same_key_grants_once(client, member) -> None:
    request = {"member": member_id(member), "amount": 10, "reason": "bonus", "key": "once"}
    first = data_of(client, GRANT, **request)
    again = data_of(client, GRANT, **request)
    other = data_of(client, GRANT, **request | {"amount": 20})

    assert again == first
    assert errors_of(other) == error("idempotencyKey", "KEY_CONFLICT")
    assert balance_of(member).granted == 31_000


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"member": gid("ProgramBudgetMember", 0)}, "member", "NOT_FOUND"),
        ({"member": gid("User", 1)}, "member", "GRAPHQL_ERROR"),
        ({"amount": 0}, "amount", "INVALID_AMOUNT"),
        ({"amount": 0.001}, "amount", "INVALID_AMOUNT"),
        ({"reason": ""}, "reason", "REQUIRED"),
        ({"reason": "x" * 501}, "reason", "INVALID"),
        ({"expiresAt": "2020-01-01T00:00:00Z"}, "expiresAt", "INVALID"),
        ({"key": " "}, "idempotencyKey", "REQUIRED"),
    ],
)
def test_grant_with_bad_input(changes, field, code, client, member) -> None:
    request = {"member": member_id(member), "amount": 10, "reason": "bonus"} | changes

    payload = data_of(client, GRANT, **request)

    assert errors_of(payload) == error(field, code)
    assert Lot.objects.count() == 1


def test_grant_to_an_inactive_member(client, member) -> None:
    data_of(client, DEACTIVATE, id=member_id(member))

    payload = data_of(client, GRANT, member=member_id(member), amount=10, reason="bonus")

    assert errors_of(payload) == error("member", "INVALID")


@pytest.mark.parametrize("mutation", [DEACTIVATE, REACTIVATE], ids=["deactivate", "reactivate"])
def test_unknown_member(mutation, client, store) -> None:
    payload = data_of(client, mutation, id=gid("ProgramBudgetMember", 0))

    assert errors_of(payload) == error("id", "NOT_FOUND")


def test_manage_users_changes_members_but_grants_nothing(
    staff_api_client, permission_manage_users, store, member, ada
) -> None:
    staff_api_client.user.user_permissions.add(permission_manage_users)

    enrolled = staff_api_client.post_graphql(
        ENROLL.replace("balance { available { amount } }", ""),
        enrollment(store, emails=[ada.email]),
    )
    grant = {"member": member_id(member), "amount": 10, "reason": "bonus"}

    assert enrolled.json()["data"]["programBudgetMemberEnroll"]["errors"] == []
    assert top_errors(staff_api_client, GRANT, **grant) == ["PermissionDenied"]


def test_changing_members_needs_a_permission(
    staff_api_client, permission_manage_orders, store, member, ada
) -> None:
    staff_api_client.user.user_permissions.add(permission_manage_orders)
    department = gid("ProgramBudgetAccount", store.department.pk)

    for mutation, variables in (
        (ENROLL, enrollment(store, emails=[ada.email])),
        (MOVE, {"id": member_id(member), "account": department}),
        (DEACTIVATE, {"id": member_id(member)}),
        (REACTIVATE, {"id": member_id(member)}),
        (GRANT, {"member": member_id(member), "amount": 10, "reason": "bonus"}),
    ):
        assert top_errors(staff_api_client, mutation, **variables) == ["PermissionDenied"]
    assert (Member.objects.count(), Lot.objects.count()) == (1, 1)


def test_look_up(client, store, member, customer_user) -> None:
    found = data_of(client, ONE, id=member_id(member))

    assert found.pop("balance") == {
        "granted": {"amount": 300.0},
        "available": {"amount": 300.0},
        "held": {"amount": 0.0},
        "spent": {"amount": 0.0},
        "lapsed": {"amount": 0.0},
        "withdrawn": {"amount": 0.0},
    }
    assert found == {
        "email": customer_user.email,
        "name": customer_user.get_full_name(),
        "userReference": str(customer_user.pk),
        "isActive": True,
        "program": {"slug": "acme"},
        "account": {"slug": "engineering"},
    }
    assert data_of(client, ONE, id=gid("ProgramBudgetMember", 0)) is None


def test_a_renewed_lot_names_its_source(client, store, member, shopper, staff) -> None:
    store.change(refund_policy="grace")
    item = shopper.order().payment_transactions.get()
    Lot.objects.update(expires_at=timezone.now())
    staff.request(gid("TransactionItem", item.token), "REFUND", "25.00")

    lapsed, renewed = data_of(client, LOTS, id=member_id(member))["lots"]

    assert amounts(lapsed, "amount", "available", "spent", "lapsed", "withdrawn", "moved") == {
        "amount": 300.0,
        "available": 225.0,
        "spent": 50.0,
        "lapsed": 0.0,
        "withdrawn": 0.0,
        "moved": 25.0,
    }
    assert lapsed["source"] is None
    assert (renewed["origin"], renewed["amount"]) == ("REFUND", {"amount": 25.0})
    assert renewed["source"] == {
        "id": lapsed["id"],
        "origin": "ALLOTMENT",
        "amount": {"amount": 300.0},
    }


def test_the_user_needs_manage_users(client, permission_manage_users, member) -> None:
    assert top_errors(client, USER, id=member_id(member)) == ["PermissionDenied"]


def test_a_user_that_saleor_deleted_stays_a_member(client, member, customer_user) -> None:
    reference = str(customer_user.pk)
    customer_user.delete()

    found = data_of(client, ONE, id=member_id(member))

    assert (found["email"], found["name"], found["userReference"]) == (None, None, reference)


def test_list_filter_search_and_sort(client, store, ada, grace) -> None:
    first, second = store.enroll(ada, grace)
    data_of(client, DEACTIVATE, id=member_id(second))
    data_of(
        client,
        MOVE,
        id=member_id(first),
        account=gid("ProgramBudgetAccount", store.organization.pk),
    )

    def listed(**arguments):
        return emails(data_of(client, MANY, first=10, **arguments))

    assert listed() == [ada.email, grace.email]
    assert listed(search="hop gra") == [grace.email]
    assert listed(search="nobody") == []
    assert listed(filter={"isActive": True}) == [ada.email]
    assert listed(filter={"program": gid("ProgramBudgetProgram", store.program.pk)}) == [
        ada.email,
        grace.email,
    ]
    assert listed(filter={"program": gid("ProgramBudgetProgram", 0)}) == []
    assert listed(filter={"user": gid("User", ada.pk)}) == [ada.email]
    organization = gid("ProgramBudgetAccount", store.organization.pk)
    assert listed(filter={"account": organization}) == [ada.email]
    assert listed(filter={"underAccount": organization}) == [ada.email, grace.email]
    assert listed(filter={"underAccount": gid("ProgramBudgetAccount", 0)}) == []
    assert listed(sortBy={"field": "LAST_NAME", "direction": "ASC"}) == [grace.email, ada.email]
    assert top_errors(client, MANY, first=10, filter={"program": gid("Order", 1)}) == [
        "GraphQLError"
    ]


@pytest.mark.parametrize("size", [1, 3])
def test_list_costs_the_same_for_more_members(size, client, store, ada, grace, member) -> None:
    store.enroll(ada, grace)

    with CaptureQueriesContext(connection) as captured:
        page = data_of(client, MANY, first=size)

    ours = [query["sql"] for query in captured if "program_budgets_" in query["sql"]]
    assert (len(page["edges"]), len(ours)) == (size, 7)


@pytest.mark.parametrize("query", [ONE, MANY], ids=["one", "many"])
def test_looking_up_needs_a_permission(
    query, api_client, user_api_client, staff_api_client, member
):
    for client in (api_client, user_api_client, staff_api_client):
        assert top_errors(client, query, id=member_id(member), first=1) == ["PermissionDenied"]
