"""The demo's operations, and what it makes of Saleor's answers."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from dev.demo.api import Api, ApiError, Session, Upload, operations

type Answers = Callable[[dict[str, Any]], Api]


@pytest.fixture
def answering() -> Answers:
    """An API that gives the same answer to whatever it is asked."""

    def make(answer: dict[str, Any]) -> Api:
        def respond(request: httpx.Request) -> httpx.Response:
            seen = json.loads(request.content)["operationName"]
            assert seen in operations()
            return httpx.Response(200, json=answer)

        return Api("http://saleor.test/graphql/", transport=httpx.MockTransport(respond))

    return make


def test_each_document_holds_the_operation_it_is_named_after() -> None:
    for name, document in operations().items():
        assert document.split("(")[0].split("{")[0].split()[1] == name
        assert document.count("{") == document.count("}")


def test_a_payload_is_the_one_field(answering: Answers) -> None:
    api = answering({"data": {"checkoutCreate": {"checkout": {"id": "x"}, "errors": []}}})
    assert Session(api).run("CheckoutCreate", input={})["checkout"] == {"id": "x"}


def test_errors_in_a_payload_raise_unless_they_are_expected(answering: Answers) -> None:
    errors = [{"field": None, "code": "BALANCE_SHORT", "message": "short"}]
    session = Session(answering({"data": {"programBudgetApply": {"errors": errors}}}))
    assert session.attempt("BudgetApply", checkout="x")["errors"] == errors
    with pytest.raises(ApiError, match=r"BudgetApply: .*BALANCE_SHORT"):
        session.run("BudgetApply", checkout="x")


def test_an_error_of_the_whole_request_always_raises(answering: Answers) -> None:
    session = Session(answering({"errors": [{"message": "Internal Server Error"}]}))
    with pytest.raises(ApiError, match=r"^Verify: Internal Server Error$"):
        session.attempt("Verify")


def test_a_file_is_sent_beside_the_operation() -> None:
    seen: list[httpx.Request] = []

    def respond(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json={"data": {"preview": {"errors": []}}})

    api = Api("http://saleor.test/graphql/", transport=httpx.MockTransport(respond))
    file = Upload("people.csv", b"email\nada@acme.example\n")

    Session(api).run("RosterImportPreview", roster="r", file=file)

    [request] = seen
    assert request.headers["Content-Type"].startswith("multipart/form-data")
    body = request.content.decode()
    assert '{"roster": "r", "file": null}' in body
    assert '{"file": ["variables.file"]}' in body
    assert 'name="file"; filename="people.csv"' in body
    assert "email\nada@acme.example\n" in body
