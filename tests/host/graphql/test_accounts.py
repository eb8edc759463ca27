"""Staff build the account tree, put caps on it and read them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from freezegun import freeze_time

from saleor_program_budgets import ledger
from saleor_program_budgets.models import Account, Cap, Limit, Posting, Raise
from tests.host.graphql.queries import (
    APPLY,
    ERRORS,
    amounts,
    data_of,
    error,
    errors_of,
    gid,
    top_errors,
)
from tests.host.support.shop import global_id

CREATE = f"""
mutation ($input: ProgramBudgetAccountCreateInput!) {{
  programBudgetAccountCreate(input: $input) {{
    account {{ name slug kind parent {{ slug }} }} {ERRORS}
  }}
}}
"""
RENAME = f"""
mutation ($id: ID!, $name: String!) {{
  programBudgetAccountUpdate(id: $id, name: $name) {{ account {{ name slug }} {ERRORS} }}
}}
"""
MOVE = f"""
mutation ($id: ID!, $parent: ID) {{
  programBudgetAccountMove(id: $id, parent: $parent) {{
    account {{ parent {{ slug }} }} {ERRORS}
  }}
}}
"""
CAP = """
  ceiling { amount currency } held { amount } spent { amount } available { amount }
  overhang { amount } raised { amount } raiseEndsAt allotted { amount } coverageRatio
  program { slug } cycle { number } account { slug }
"""
SET_CAP = f"""
mutation (
  $account: ID!, $program: ID, $amount: PositiveDecimal!, $currency: String, $reason: String!,
  $key: String
) {{
  programBudgetCapSet(
    account: $account, program: $program, amount: $amount, currency: $currency, reason: $reason,
    idempotencyKey: $key
  ) {{ cap {{ {CAP} }} {ERRORS} }}
}}
"""
RAISE_CAP = f"""
mutation (
  $cap: ID!, $amount: PositiveDecimal!, $endsAt: DateTime!, $reason: String!, $key: String
) {{
  programBudgetCapRaise(
    cap: $cap, amount: $amount, endsAt: $endsAt, reason: $reason, idempotencyKey: $key
  ) {{ cap {{ {CAP} }} {ERRORS} }}
}}
"""
ONE = f"""
query ($id: ID, $slug: String) {{
  programBudgetAccount(id: $id, slug: $slug) {{
    slug children {{ slug }} caps {{ {CAP} }}
  }}
}}
"""
MANY = f"""
query ($first: Int!, $filter: ProgramBudgetAccountFilterInput, $search: String) {{
  programBudgetAccounts(first: $first, filter: $filter, search: $search) {{
    totalCount edges {{ node {{
      slug parent {{ slug }} children {{ slug }} caps {{ {CAP} }}
    }} }}
  }}
}}
"""


@pytest.fixture
def client(staff_api_client, permission_manage_gift_card):
    staff_api_client.user.user_permissions.add(permission_manage_gift_card)
    return staff_api_client


def account_id(account: Account) -> str:
    return gid("ProgramBudgetAccount", account.pk)


def slugs(page):
    return [edge["node"]["slug"] for edge in page["edges"]]


def cap_of(store, **changes):
    return {
        "account": account_id(store.department),
        "program": gid("ProgramBudgetProgram", store.program.pk),
        "amount": 1000,
        "reason": "budget 2026",
    } | changes


def test_create_below_a_parent(client, store) -> None:
    parent = account_id(store.department)

    payload = data_of(
        client, CREATE, input={"name": "Platform team", "kind": "TEAM", "parent": parent}
    )

    assert payload == {
        "account": {
            "name": "Platform team",
            "slug": "platform-team",
            "kind": "TEAM",
            "parent": {"slug": "engineering"},
        },
        "errors": [],
    }


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"name": ""}, "name", "REQUIRED"),
        ({"name": "x" * 251}, "name", "INVALID"),
        ({"slug": "acme"}, "slug", "UNIQUE"),
        ({"slug": "not a slug"}, "slug", "INVALID"),
        ({"name": "部門"}, "slug", "REQUIRED"),
        ({"parent": gid("ProgramBudgetAccount", 0)}, "parent", "NOT_FOUND"),
        ({"parent": gid("ProgramBudgetProgram", 1)}, "parent", "GRAPHQL_ERROR"),
    ],
)
def test_create_with_bad_input(changes, field, code, client, store) -> None:
    payload = data_of(client, CREATE, input={"name": "Sales", "kind": "TEAM"} | changes)

    assert errors_of(payload) == error(field, code)
    assert Account.objects.count() == 2


def test_rename(client, store) -> None:
    payload = data_of(client, RENAME, id=account_id(store.department), name=" R&D ")

    assert payload == {"account": {"name": "R&D", "slug": "engineering"}, "errors": []}


def test_move_to_the_root_and_back(client, store) -> None:
    department, organization = account_id(store.department), account_id(store.organization)

    alone = data_of(client, MOVE, id=department)
    below = data_of(client, MOVE, id=department, parent=organization)

    assert alone == {"account": {"parent": None}, "errors": []}
    assert below == {"account": {"parent": {"slug": "acme"}}, "errors": []}


def test_move_below_itself(client, store) -> None:
    payload = data_of(
        client, MOVE, id=account_id(store.organization), parent=account_id(store.department)
    )

    assert errors_of(payload) == error("parent", "INVALID")
    store.organization.refresh_from_db()
    assert store.organization.parent_id is None


def test_set_a_cap_for_a_program(client, store, member) -> None:
    payload = data_of(client, SET_CAP, **cap_of(store))

    assert payload["errors"] == []
    assert payload["cap"] == {
        "ceiling": {"amount": 1000.0, "currency": "USD"},
        "held": {"amount": 0.0},
        "spent": {"amount": 0.0},
        "available": {"amount": 1000.0},
        "overhang": {"amount": 0.0},
        "raised": {"amount": 0.0},
        "raiseEndsAt": None,
        "allotted": {"amount": 300.0},
        "coverageRatio": 1000 / 300,
        "program": {"slug": "acme"},
        "cycle": {"number": 1},
        "account": {"slug": "engineering"},
    }


def test_set_a_cap_for_all_programs(client, store) -> None:
    payload = data_of(client, SET_CAP, **cap_of(store, program=None, currency="USD"))

    assert payload["errors"] == []
    assert (payload["cap"]["program"], payload["cap"]["cycle"]) == (None, None)
    assert (payload["cap"]["allotted"], payload["cap"]["coverageRatio"]) == ({"amount": 0.0}, None)


def test_lowering_below_use_shows_the_overhang(client, store, member, shopper) -> None:
    data_of(client, SET_CAP, **cap_of(store, amount=100))
    data_of(shopper.client, APPLY, id=global_id(shopper.checkout()))

    cap = data_of(client, SET_CAP, **cap_of(store, amount=50, reason="cut"))["cap"]

    assert amounts(cap, "ceiling", "held", "available", "overhang") == {
        "ceiling": 50.0,
        "held": 75.0,
        "available": 0.0,
        "overhang": 25.0,
    }
    assert ledger.verify().differences == ()


def test_same_key_sets_a_cap_once(client, store) -> None:
    first = data_of(client, SET_CAP, **cap_of(store, key="once"))
    again = data_of(client, SET_CAP, **cap_of(store, key="once"))
    other = data_of(client, SET_CAP, **cap_of(store, key="once", amount=2000))

    assert again == first
    assert errors_of(other) == error("idempotencyKey", "KEY_CONFLICT")
    assert [cap.ceiling for cap in Cap.objects.all()] == [100_000]


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"account": gid("ProgramBudgetAccount", 0)}, "account", "NOT_FOUND"),
        ({"program": gid("ProgramBudgetProgram", 0)}, "program", "NOT_FOUND"),
        ({"program": None}, "currency", "REQUIRED"),
        ({"program": None, "currency": "EUR"}, "currency", "INVALID"),
        ({"currency": "EUR"}, "currency", "CURRENCY_MISMATCH"),
        ({"amount": 0.001}, "amount", "INVALID_AMOUNT"),
        ({"amount": 1e15}, "amount", "INVALID_AMOUNT"),
        ({"reason": " "}, "reason", "REQUIRED"),
        ({"reason": "x" * 501}, "reason", "INVALID"),
        ({"key": ""}, "idempotencyKey", "REQUIRED"),
        ({"key": "x" * 129}, "idempotencyKey", "INVALID"),
    ],
)
def test_cap_with_bad_input(changes, field, code, client, store) -> None:
    payload = data_of(client, SET_CAP, **cap_of(store, **changes))

    assert errors_of(payload) == error(field, code)
    assert not Cap.objects.exists()


def raise_of(raised: Cap, **changes):
    return {
        "cap": gid("ProgramBudgetCap", raised.pk),
        "amount": 50,
        "endsAt": "2099-01-01T00:00:00+00:00",
        "reason": "trade fair",
    } | changes


def test_raise_a_cap_for_a_while(client, store) -> None:
    cap = store.cap(store.department, 10_000)

    payload = data_of(client, RAISE_CAP, **raise_of(cap))

    assert payload["errors"] == []
    assert amounts(payload["cap"], "ceiling", "raised", "available") == {
        "ceiling": 150.0,
        "raised": 50.0,
        "available": 150.0,
    }
    assert payload["cap"]["raiseEndsAt"] == "2099-01-01T00:00:00+00:00"
    posting = Posting.objects.filter(kind="ceiling").latest("pk")
    assert (posting.amount, posting.cause) == (5_000, "trade fair")
    assert posting.actor == f"staff:{client.user.pk}"
    assert ledger.verify().differences == ()


def test_setting_a_raised_cap_keeps_the_raise_on_top(client, store) -> None:
    cap = store.cap(store.department, 10_000)
    data_of(client, RAISE_CAP, **raise_of(cap))

    set_again = data_of(client, SET_CAP, **cap_of(store, amount=200))["cap"]

    assert amounts(set_again, "ceiling", "raised") == {"ceiling": 250.0, "raised": 50.0}


def test_a_raise_that_is_over_is_not_shown(client, store) -> None:
    cap = store.cap(store.department, 10_000)
    ends_at = timezone.now() + timedelta(minutes=2)
    data_of(client, RAISE_CAP, **raise_of(cap, endsAt=ends_at.isoformat()))

    with freeze_time(ends_at - timedelta(microseconds=1)):
        [before] = data_of(client, ONE, slug="engineering")["caps"]
    with freeze_time(ends_at):
        [after] = data_of(client, ONE, slug="engineering")["caps"]

    names = ("ceiling", "raised", "available")
    assert amounts(before, *names) == {"ceiling": 150.0, "raised": 50.0, "available": 150.0}
    assert before["raiseEndsAt"] == ends_at.isoformat()
    assert amounts(after, *names) == {"ceiling": 100.0, "raised": 0.0, "available": 100.0}
    assert after["raiseEndsAt"] is None


def test_the_earliest_of_two_raises_is_shown(client, store) -> None:
    cap = store.cap(store.department, 10_000)
    data_of(client, RAISE_CAP, **raise_of(cap))

    payload = data_of(client, RAISE_CAP, **raise_of(cap, endsAt="2098-01-01T00:00:00+00:00"))

    assert payload["cap"]["raised"] == {"amount": 100.0}
    assert payload["cap"]["raiseEndsAt"] == "2098-01-01T00:00:00+00:00"


def test_same_key_raises_a_cap_once(client, store) -> None:
    cap = store.cap(store.department, 10_000)
    first = data_of(client, RAISE_CAP, **raise_of(cap, key="once"))
    again = data_of(client, RAISE_CAP, **raise_of(cap, key="once"))
    other = data_of(client, RAISE_CAP, **raise_of(cap, key="once", amount=60))

    assert first["errors"] == []
    assert again == first
    assert errors_of(other) == error("idempotencyKey", "KEY_CONFLICT")
    assert [cap.ceiling for cap in Cap.objects.all()] == [15_000]


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"cap": gid("ProgramBudgetCap", 0)}, "cap", "NOT_FOUND"),
        ({"cap": gid("ProgramBudgetAccount", 1)}, "cap", "GRAPHQL_ERROR"),
        ({"amount": 0}, "amount", "INVALID_AMOUNT"),
        ({"amount": 0.001}, "amount", "INVALID_AMOUNT"),
        ({"amount": 1e15}, "amount", "INVALID_AMOUNT"),
        ({"endsAt": "2020-01-01T00:00:00Z"}, "endsAt", "INVALID"),
        ({"reason": " "}, "reason", "REQUIRED"),
        ({"reason": "x" * 501}, "reason", "INVALID"),
        ({"key": ""}, "idempotencyKey", "REQUIRED"),
    ],
)
def test_raise_with_bad_input(changes, field, code, client, store) -> None:
    cap = store.cap(store.department, 10_000)

    payload = data_of(client, RAISE_CAP, **raise_of(cap, **changes))

    assert errors_of(payload) == error(field, code)
    assert (Cap.objects.get().ceiling, Raise.objects.count()) == (10_000, 0)


def test_raise_of_a_closed_cycles_cap(client, store) -> None:
    cap = store.cap(store.department, 10_000)
    Limit.objects.update(is_open=False)

    assert errors_of(data_of(client, RAISE_CAP, **raise_of(cap))) == error("cap", "INVALID")


def test_changing_accounts_needs_manage_gift_card(
    staff_api_client, permission_manage_orders, permission_manage_users, store
) -> None:
    staff_api_client.user.user_permissions.add(permission_manage_orders, permission_manage_users)
    department = account_id(store.department)
    cap = store.cap(store.organization, 10_000)

    for mutation, variables in (
        (CREATE, {"input": {"name": "Sales", "kind": "TEAM"}}),
        (RENAME, {"id": department, "name": "x"}),
        (MOVE, {"id": department}),
        (SET_CAP, cap_of(store)),
        (RAISE_CAP, raise_of(cap)),
    ):
        assert top_errors(staff_api_client, mutation, **variables) == ["PermissionDenied"]
    assert Account.objects.count() == 2
    assert [cap.ceiling for cap in Cap.objects.all()] == [10_000]


def test_look_up(client, store) -> None:
    store.cap(store.organization, 5_000)

    account = data_of(client, ONE, slug="acme")

    assert account["children"] == [{"slug": "engineering"}]
    assert [cap["ceiling"]["amount"] for cap in account["caps"]] == [50.0]
    assert data_of(client, ONE, id=account_id(store.department))["slug"] == "engineering"
    assert data_of(client, ONE, id=gid("ProgramBudgetAccount", 0)) is None


def test_list_filter_and_search(client, store) -> None:
    assert slugs(data_of(client, MANY, first=10)) == ["acme", "engineering"]
    assert slugs(data_of(client, MANY, first=10, filter={"isRoot": True})) == ["acme"]
    assert slugs(data_of(client, MANY, first=10, filter={"kind": "TEAM"})) == ["engineering"]
    below = {"parent": account_id(store.organization)}
    assert slugs(data_of(client, MANY, first=10, filter=below)) == ["engineering"]
    assert slugs(data_of(client, MANY, first=10, search="corp")) == ["acme"]
    nobody = {"parent": gid("ProgramBudgetAccount", "0" * 8 + "-0000" * 3 + "-" + "0" * 12)}
    assert top_errors(client, MANY, first=10, filter=nobody) == ["GraphQLError"]


@pytest.mark.parametrize("size", [1, 3])
def test_list_costs_the_same_for_more_accounts(size, client, store, member) -> None:
    store.cap(store.organization, 100_000)
    for number in range(3):
        account = data_of(
            client,
            CREATE,
            input={
                "name": f"Team {number}",
                "kind": "TEAM",
                "parent": account_id(store.department),
            },
        )
        team = Account.objects.get(slug=account["account"]["slug"])
        store.cap(team, 10_000 + number)

    with CaptureQueriesContext(connection) as captured:
        page = data_of(client, MANY, first=size, search="team")

    ours = [query["sql"] for query in captured if "program_budgets_" in query["sql"]]
    assert (len(page["edges"]), len(ours)) == (size, 10)


@pytest.mark.parametrize("query", [ONE, MANY], ids=["one", "many"])
def test_looking_up_needs_a_permission(query, api_client, user_api_client, staff_api_client, store):
    for client in (api_client, user_api_client, staff_api_client):
        assert top_errors(client, query, slug="acme", first=1) == ["PermissionDenied"]
