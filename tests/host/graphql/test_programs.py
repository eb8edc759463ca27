"""Staff set programs up, open and close them, and look them up."""

from __future__ import annotations

import pytest

from saleor_program_budgets.models import Cycle, Member, Program, ProgramChannel
from tests.host.graphql.queries import ERRORS, data_of, error, errors_of, gid, top_errors

FIELDS = """
  id name slug currency status overagePolicy includesShipping includesTax timeZone
  refundPolicy refundGraceDays returnsCodes opensAt closesAt holdTtlMinutes isOpen
  allotment { amount currency } channels { slug }
  cycle { number startsAt endsAt closedAt }
"""
CREATE = f"""
mutation ($input: ProgramBudgetProgramCreateInput!) {{
  programBudgetProgramCreate(input: $input) {{ program {{ {FIELDS} }} {ERRORS} }}
}}
"""
UPDATE = f"""
mutation ($id: ID!, $input: ProgramBudgetProgramInput!) {{
  programBudgetProgramUpdate(id: $id, input: $input) {{ program {{ {FIELDS} }} {ERRORS} }}
}}
"""
OPEN = f"""
mutation ($id: ID!) {{
  programBudgetProgramOpen(id: $id) {{ program {{ status isOpen cycle {{ number }} }} {ERRORS} }}
}}
"""
CLOSE = f"""
mutation ($id: ID!) {{
  programBudgetProgramClose(id: $id) {{ program {{ status isOpen }} {ERRORS} }}
}}
"""
ONE = """
query ($id: ID, $slug: String) { programBudgetProgram(id: $id, slug: $slug) { slug } }
"""
MANY = """
query (
  $first: Int!, $after: String, $filter: ProgramBudgetProgramFilterInput, $search: String,
  $sortBy: ProgramBudgetProgramSortingInput
) {
  programBudgetPrograms(
    first: $first, after: $after, filter: $filter, search: $search, sortBy: $sortBy
  ) {
    totalCount pageInfo { hasNextPage endCursor } edges { node { slug channels { slug } } }
  }
}
"""


@pytest.fixture
def client(staff_api_client, permission_manage_gift_card):
    staff_api_client.user.user_permissions.add(permission_manage_gift_card)
    return staff_api_client


def slugs(page):
    return [edge["node"]["slug"] for edge in page["edges"]]


def rules(**changes):
    return {"name": "Uniforms 2026", "currency": "USD", "allotment": 120.5} | changes


def test_create_with_all_rules(client, channel_USD) -> None:
    payload = data_of(
        client,
        CREATE,
        input=rules(
            slug="uniforms",
            channels=[gid("Channel", channel_USD.pk)],
            overagePolicy="PAY_DIFFERENCE",
            includesShipping=False,
            includesTax=False,
            timeZone="America/New_York",
            opensAt="2026-03-01T00:00:00+00:00",
            closesAt="2026-04-01T00:00:00+00:00",
            holdTtlMinutes=30,
            refundPolicy="GRACE",
            refundGraceDays=14,
            returnsCodes=False,
        ),
    )

    assert payload["errors"] == []
    program = Program.objects.get()
    assert payload["program"] == {
        "id": gid("ProgramBudgetProgram", program.pk),
        "name": "Uniforms 2026",
        "slug": "uniforms",
        "currency": "USD",
        "status": "DRAFT",
        "overagePolicy": "PAY_DIFFERENCE",
        "includesShipping": False,
        "includesTax": False,
        "timeZone": "America/New_York",
        "refundPolicy": "GRACE",
        "refundGraceDays": 14,
        "returnsCodes": False,
        "opensAt": "2026-03-01T00:00:00+00:00",
        "closesAt": "2026-04-01T00:00:00+00:00",
        "holdTtlMinutes": 30,
        "isOpen": False,
        "allotment": {"amount": 120.5, "currency": "USD"},
        "channels": [{"slug": channel_USD.slug}],
        "cycle": None,
    }


def test_create_with_defaults(client) -> None:
    payload = data_of(client, CREATE, input={"name": "Uniforms 2026", "currency": "USD"})

    assert payload["errors"] == []
    program = payload["program"]
    assert (program["slug"], program["overagePolicy"]) == ("uniforms-2026", "BLOCK")
    assert (program["allotment"]["amount"], program["holdTtlMinutes"]) == (0.0, 60)
    assert (program["refundPolicy"], program["refundGraceDays"]) == ("FORFEIT", 30)
    assert program["returnsCodes"] is True


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"name": "  "}, "name", "REQUIRED"),
        ({"name": "x" * 251}, "name", "INVALID"),
        ({"slug": "not a slug"}, "slug", "INVALID"),
        ({"slug": "acme"}, "slug", "UNIQUE"),
        ({"currency": "XXY"}, "currency", "INVALID"),
        ({"currency": "DOLLAR"}, "currency", "INVALID"),
        ({"allotment": 10.005}, "allotment", "INVALID_AMOUNT"),
        ({"allotment": None}, "allotment", "REQUIRED"),
        ({"timeZone": "Mars/Olympus"}, "timeZone", "INVALID"),
        ({"holdTtlMinutes": 0}, "holdTtlMinutes", "INVALID"),
        ({"refundPolicy": None}, "refundPolicy", "REQUIRED"),
        ({"refundGraceDays": 0}, "refundGraceDays", "INVALID"),
        ({"refundGraceDays": 3651}, "refundGraceDays", "INVALID"),
        (
            {"opensAt": "2026-04-01T00:00:00Z", "closesAt": "2026-04-01T00:00:00Z"},
            "closesAt",
            "INVALID",
        ),
        ({"channels": [gid("Channel", 0)]}, "channels", "NOT_FOUND"),
        ({"channels": ["nonsense"]}, "channels", "GRAPHQL_ERROR"),
    ],
)
def test_create_with_bad_input(changes, field, code, client, store) -> None:
    payload = data_of(client, CREATE, input=rules(**changes))

    assert errors_of(payload) == error(field, code)
    assert payload["program"] is None
    assert list(Program.objects.all()) == [store.program]


def test_negative_allotment_is_no_positive_decimal(client) -> None:
    assert top_errors(client, CREATE, input=rules(allotment=-1)) == ["GraphQLError"]


def test_channel_of_another_currency(client, channel_PLN) -> None:
    payload = data_of(client, CREATE, input=rules(channels=[gid("Channel", channel_PLN.pk)]))

    assert errors_of(payload) == error("channels", "CURRENCY_MISMATCH")
    assert Program.objects.count() == 0


def test_channel_of_another_program(client, store) -> None:
    payload = data_of(client, CREATE, input=rules(channels=[gid("Channel", store.channel.pk)]))

    assert errors_of(payload) == error("channels", "INVALID")
    assert Program.objects.count() == 1


def test_update_changes_only_what_is_given(client, store) -> None:
    payload = data_of(
        client,
        UPDATE,
        id=gid("ProgramBudgetProgram", store.program.pk),
        input={"allotment": 400, "closesAt": "2099-01-01T00:00:00+00:00"},
    )

    assert payload["errors"] == []
    assert payload["program"]["allotment"] == {"amount": 400.0, "currency": "USD"}
    assert payload["program"]["closesAt"] == "2099-01-01T00:00:00+00:00"
    assert payload["program"]["name"] == "Acme store"
    assert payload["program"]["channels"] == [{"slug": store.channel.slug}]


def test_update_keeps_and_changes_the_refund_policy(client, store) -> None:
    store.change(refund_policy="grace", refund_grace_days=7)
    program_id = gid("ProgramBudgetProgram", store.program.pk)

    kept = data_of(client, UPDATE, id=program_id, input={"name": "New name"})["program"]
    changed = data_of(client, UPDATE, id=program_id, input={"refundPolicy": "REISSUE"})["program"]

    assert (kept["refundPolicy"], kept["refundGraceDays"]) == ("GRACE", 7)
    assert (changed["refundPolicy"], changed["refundGraceDays"]) == ("REISSUE", 7)


def test_update_clears_the_window_and_the_channels(client, store) -> None:
    store.change(closes_at=store.program.created_at)

    payload = data_of(
        client,
        UPDATE,
        id=gid("ProgramBudgetProgram", store.program.pk),
        input={"closesAt": None, "channels": []},
    )

    assert payload["errors"] == []
    assert payload["program"]["closesAt"] is None
    assert ProgramChannel.objects.count() == 0


def test_update_in_another_currency_than_the_channels(client, store, channel_PLN) -> None:
    payload = data_of(
        client,
        UPDATE,
        id=gid("ProgramBudgetProgram", store.program.pk),
        input={"name": "New name", "channels": [gid("Channel", channel_PLN.pk)]},
    )

    assert errors_of(payload) == error("channels", "CURRENCY_MISMATCH")
    store.program.refresh_from_db()
    assert store.program.name == "Acme store"


def test_open_and_close(client, store) -> None:
    program_id = gid("ProgramBudgetProgram", store.program.pk)

    closed = data_of(client, CLOSE, id=program_id)
    opened = data_of(client, OPEN, id=program_id)

    assert closed == {"program": {"status": "CLOSED", "isOpen": False}, "errors": []}
    assert opened == {
        "program": {"status": "OPEN", "isOpen": True, "cycle": {"number": 1}},
        "errors": [],
    }
    assert Cycle.objects.count() == 1


@pytest.mark.parametrize("mutation", [OPEN, CLOSE], ids=["open", "close"])
@pytest.mark.parametrize(
    ("program_id", "code"),
    [
        (gid("ProgramBudgetProgram", 0), "NOT_FOUND"),
        (gid("ProgramBudgetProgram", "00000000-0000-0000-0000-000000000000"), "NOT_FOUND"),
        (gid("ProgramBudgetAccount", 1), "GRAPHQL_ERROR"),
    ],
)
def test_unknown_program(mutation, program_id, code, client, store) -> None:
    assert errors_of(data_of(client, mutation, id=program_id)) == error("id", code)


def test_unknown_program_on_update(client, store) -> None:
    payload = data_of(client, UPDATE, id=gid("ProgramBudgetProgram", 0), input={"name": "x"})

    assert errors_of(payload) == error("id", "NOT_FOUND")


@pytest.mark.parametrize(
    "permissions", [[], ["permission_manage_orders"], ["permission_manage_users"]]
)
def test_changing_programs_needs_manage_gift_card(
    permissions, request, staff_api_client, store
) -> None:
    for name in permissions:
        staff_api_client.user.user_permissions.add(request.getfixturevalue(name))
    program_id = gid("ProgramBudgetProgram", store.program.pk)

    for mutation, variables in (
        (CREATE, {"input": rules()}),
        (UPDATE, {"id": program_id, "input": {"name": "x"}}),
        (OPEN, {"id": program_id}),
        (CLOSE, {"id": program_id}),
    ):
        assert top_errors(staff_api_client, mutation, **variables) == ["PermissionDenied"]
    store.program.refresh_from_db()
    assert (store.program.name, store.program.status) == ("Acme store", Program.Status.OPEN)
    assert Member.objects.count() == 0


def test_look_up_by_id_and_slug(client, store) -> None:
    assert data_of(client, ONE, id=gid("ProgramBudgetProgram", store.program.pk)) == {
        "slug": "acme"
    }
    assert data_of(client, ONE, slug="acme") == {"slug": "acme"}
    assert data_of(client, ONE, slug="other") is None
    assert data_of(client, ONE, id=gid("ProgramBudgetProgram", 0)) is None
    assert (
        data_of(client, ONE, id=gid("ProgramBudgetProgram", "0" * 8 + "-0000" * 3 + "-" + "0" * 12))
        is None
    )
    assert top_errors(client, ONE, id=gid("Order", 1)) == ["GraphQLError"]
    assert top_errors(client, ONE) == ["GraphQLError"]
    assert top_errors(client, ONE, id="x", slug="acme") == ["GraphQLError"]


def test_list_filter_search_sort_and_page(client, store, channel_PLN) -> None:
    for name in ("Kits", "Boots"):
        data_of(client, CREATE, input=rules(name=name))

    assert slugs(data_of(client, MANY, first=10)) == ["acme", "boots", "kits"]
    assert slugs(data_of(client, MANY, first=10, filter={"status": "DRAFT"})) == ["boots", "kits"]
    assert slugs(data_of(client, MANY, first=10, search="kit")) == ["kits"]
    by_channel = {"channels": [gid("Channel", store.channel.pk), gid("Channel", channel_PLN.pk)]}
    assert slugs(data_of(client, MANY, first=10, filter=by_channel)) == ["acme"]
    newest = {"field": "CREATED_AT", "direction": "DESC"}
    first = data_of(client, MANY, first=2, sortBy=newest)
    assert (slugs(first), first["totalCount"]) == (["boots", "kits"], 3)
    rest = data_of(client, MANY, first=2, sortBy=newest, after=first["pageInfo"]["endCursor"])
    assert (slugs(rest), rest["pageInfo"]["hasNextPage"]) == (["acme"], False)


def test_list_takes_no_more_than_saleors_limit(client, store) -> None:
    assert top_errors(client, MANY, first=101) == ["GraphQLError"]


@pytest.mark.parametrize("query", [ONE, MANY], ids=["one", "many"])
def test_looking_up_needs_a_permission(query, api_client, user_api_client, staff_api_client, store):
    for client in (api_client, user_api_client, staff_api_client):
        assert top_errors(client, query, slug="acme", first=1) == ["PermissionDenied"]
