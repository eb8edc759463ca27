"""Staff who may issue codes, and what they issue."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from saleor.account.models import User

from saleor_program_budgets.models import CodeBatch
from tests.host.graphql.codes.requests import CREATE
from tests.host.graphql.queries import data_of, gid


@pytest.fixture
def client(staff_api_client, permission_manage_gift_card, permission_manage_discounts) -> Any:
    staff_api_client.user.user_permissions.add(
        permission_manage_gift_card, permission_manage_discounts
    )
    return staff_api_client


@pytest.fixture
def ada(store, member):
    """Enroll somebody else, after the customer."""
    user = User.objects.create(email="ada@example.com", first_name="Ada", last_name="Lovelace")
    return store.enroll(user)[0]


@pytest.fixture
def program_id(store) -> str:
    return gid("ProgramBudgetProgram", store.program.pk)


@pytest.fixture
def create(client, program_id) -> Callable[..., Any]:
    """Return a call that has store-credit codes of 25.00 made, and gives the payload."""

    def call(**given: Any) -> Any:
        given = {"name": "Anniversary", "kind": "STORE_CREDIT", "amount": 25} | given
        return data_of(client, CREATE, program=program_id, input=given)

    return call


@pytest.fixture
def credit(create, member, ada) -> CodeBatch:
    """Return a batch of two store-credit codes."""
    assert create()["errors"] == []
    return CodeBatch.objects.get()


@pytest.fixture
def discounts(create, member, ada, voucher) -> CodeBatch:
    """Return a batch of two discount codes."""
    payload = create(kind="DISCOUNT", amount=None, voucher=gid("Voucher", voucher.pk))
    assert payload["errors"] == []
    return CodeBatch.objects.get()


@pytest.fixture(autouse=True)
def _nobody_locked_out(forget_tries: Callable[[], None]) -> None:
    """Start without counted tries."""
