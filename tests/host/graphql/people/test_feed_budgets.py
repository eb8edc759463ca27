"""An organization's own system gives people value, sets caps, and has the program renewed."""

from __future__ import annotations

import pytest

from saleor_program_budgets import ledger
from saleor_program_budgets.interfaces.graphql.mutations import feed_budgets
from saleor_program_budgets.models import Account, Cap, Member
from tests.host.graphql.people.conftest import person_id
from tests.host.graphql.people.requests import CAPS, GRANT, RENEW
from tests.host.graphql.queries import data_of, error, errors_of, gid
from tests.host.support.cycles import end_cycle
from tests.host.support.shop import balance_of
from tests.support.database import snapshot


@pytest.fixture
def erp(app_api_client, permission_manage_gift_card):
    app_api_client.app.permissions.set([permission_manage_gift_card])
    return app_api_client


@pytest.fixture
def grant(erp, program_id):
    def call(*grants, **given):
        return data_of(erp, GRANT, **{"program": program_id, "grants": grants} | given)

    return call


@pytest.fixture
def caps(erp, program_id):
    def call(*rows, **given):
        given = {"program": program_id, "caps": rows, "reason": "budget 2026"} | given
        return data_of(erp, CAPS, **given)

    return call


def gift(person, amount=25.5, *, key="1", **given):
    return {"person": person, "amount": amount, "reason": "anniversary", "key": key} | given


def told(payload, name):
    assert payload["errors"] == []
    assert [each["index"] for each in payload["results"]] == list(range(len(payload["results"])))
    return [errors_of(each) or each[name] for each in payload["results"]]


def test_grants_are_made_once(grant, ada, grace) -> None:
    rows = [
        gift({"externalId": "ada"}),
        gift({"email": "Grace@example.com"}, 10, key="2"),
        gift({"id": person_id(ada)}, 1, key="3", expiresAt="2099-01-01T00:00:00+00:00"),
    ]

    first = grant(*rows)
    before = snapshot()
    again = grant(*rows)

    assert told(first, "isReplay") == [False, False, False]
    assert told(again, "isReplay") == [True, True, True]
    assert told(first, "member") == told(again, "member")
    assert [each["member"]["balance"]["available"]["amount"] for each in first["results"]] == [
        *(326.5, 310.0, 326.5)
    ]
    assert snapshot() == before
    assert ledger.verify().differences == ()


def test_grants_answer_one_by_one(grant, ada) -> None:
    ada_ = {"externalId": "ada"}
    rows = [
        (gift(ada_, key="fine"), False),
        (gift(ada_, 0, key="zero"), error("amount", "INVALID_AMOUNT")),
        (gift(ada_, 0.001, key="precise"), error("amount", "INVALID_AMOUNT")),
        (gift(ada_, key="fine"), error("key", "UNIQUE")),
        (gift(ada_, key=" "), error("key", "REQUIRED")),
        (gift(ada_, key="x\x00"), error("key", "INVALID")),
        (gift(ada_, key="reason", reason=""), error("reason", "REQUIRED")),
        (gift({}, key="nobody"), error("person", "INVALID")),
        (gift({"externalId": "x"}, key="unknown"), error("person", "NOT_FOUND")),
        (gift({"id": gid("Order", 1)}, key="type"), error("id", "GRAPHQL_ERROR")),
        (
            gift(ada_, key="over", expiresAt="2020-01-01T00:00:00+00:00"),
            error("expiresAt", "INVALID"),
        ),
    ]

    assert told(grant(*(row for row, _ in rows)), "isReplay") == [
        expected or False for _, expected in rows
    ]
    assert told(grant(gift(ada_, 30, key="fine")), "isReplay") == [error("key", "KEY_CONFLICT")]
    [member] = Member.objects.all()
    assert balance_of(member).available == 32_550


def test_requests_about_nothing(grant, caps, ada) -> None:
    nothing = gid("ProgramBudgetProgram", 0)
    assert errors_of(grant(program=nothing)) == error("program", "NOT_FOUND")
    assert errors_of(caps(program=nothing)) == error("program", "NOT_FOUND")
    assert errors_of(caps(reason=" ")) == error("reason", "REQUIRED")
    many = [gift({"externalId": "ada"}, key=str(number)) for number in range(1001)]
    assert errors_of(grant(*many)) == error("grants", "LIMIT_EXCEEDED")
    assert (grant()["results"], caps()["results"]) == ([], [])


def test_caps_of_accounts_and_departments(caps, store, roster_id) -> None:
    Account.objects.filter(pk=store.department.pk).update(external_id="eng")
    rows = [
        {
            "account": gid("ProgramBudgetAccount", store.organization.pk),
            "amount": 1000,
            "key": "acme-1",
        },
        {"roster": roster_id, "departmentExternalId": "eng", "amount": 0, "key": "eng-1"},
    ]

    first = caps(*rows)
    before = snapshot()

    assert told(first, "cap") == [
        {"account": {"slug": "acme"}, "ceiling": {"amount": 1000.0}},
        {"account": {"slug": "engineering"}, "ceiling": {"amount": 0.0}},
    ]
    assert caps(*rows) == first
    assert snapshot() == before
    assert ledger.verify().differences == ()


def test_caps_answer_one_by_one(caps, store, roster_id) -> None:
    account = {"account": gid("ProgramBudgetAccount", store.department.pk)}
    good = {"amount": 5, "key": "good"}
    rows = [
        account | good,
        account | good,
        account | {"amount": 0.001, "key": "precise"},
        account | {"amount": 1, "key": ""},
        {"amount": 1, "key": "none"},
        {"roster": roster_id, "amount": 1, "key": "half"},
        {"account": gid("ProgramBudgetAccount", 0), "amount": 1, "key": "unknown"},
        {"roster": roster_id, "departmentExternalId": "x", "amount": 1, "key": "department"},
        {
            "roster": gid("ProgramBudgetRoster", 0),
            "departmentExternalId": "x",
            "amount": 1,
            "key": "roster",
        },
    ]

    assert told(caps(*rows), "cap") == [
        {"account": {"slug": "engineering"}, "ceiling": {"amount": 5.0}},
        error("key", "UNIQUE"),
        error("amount", "INVALID_AMOUNT"),
        error("key", "REQUIRED"),
        error("account", "REQUIRED"),
        error("account", "REQUIRED"),
        error("account", "NOT_FOUND"),
        error("departmentExternalId", "NOT_FOUND"),
        error("roster", "NOT_FOUND"),
    ]
    assert told(caps(account | {"amount": 6, "key": "good"}), "cap") == [
        error("key", "KEY_CONFLICT")
    ]
    assert Cap.objects.get().ceiling == 500


def test_a_program_is_brought_up_to_now(erp, store, program_id, ada, grace) -> None:
    assert data_of(erp, RENEW, program=program_id) == {
        "program": {"slug": "acme"},
        "cycle": {"number": 1},
        "renewed": 0,
        "isComplete": True,
        "errors": [],
    }
    end_cycle(store)

    renewed = data_of(erp, RENEW, program=program_id)

    assert (renewed["cycle"], renewed["renewed"], renewed["isComplete"]) == ({"number": 2}, 2, True)
    before = snapshot()
    assert data_of(erp, RENEW, program=program_id) == renewed | {"renewed": 0}
    assert snapshot() == before


def test_what_takes_long_is_left_to_the_job(
    erp, store, program_id, ada, grace, monkeypatch
) -> None:
    monkeypatch.setattr(feed_budgets, "RENEWAL_SECONDS", 0)
    end_cycle(store)

    renewed = data_of(erp, RENEW, program=program_id)

    assert (renewed["cycle"], renewed["isComplete"]) == ({"number": 2}, False)


def test_a_program_that_is_not_open_rests(erp, store, program_id) -> None:
    store.change(status="closed")

    assert errors_of(data_of(erp, RENEW, program=program_id)) == error("program", "PROGRAM_CLOSED")
    nothing = gid("ProgramBudgetProgram", 0)
    assert errors_of(data_of(erp, RENEW, program=nothing)) == error("program", "NOT_FOUND")
