"""The demo's store serves its page to a browser, and takes a card payment from that page alone."""

from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from dev.demo import store
from dev.demo.api import ApiError
from dev.demo.people import Person


@contextmanager
def opened(paid: list[str]) -> Iterator[httpx.Client]:
    """Open the store; what is paid is kept in *paid*, and `declined` isn't paid."""

    def pay(checkout: str) -> None:
        if checkout == "declined":
            raise ApiError("The card was declined.")
        paid.append(checkout)

    ada = Person("Ada", "Abara", "Engineering")
    with (
        store.running(
            "http://localhost:1234/graphql/", channel="acme", shoppers=[ada], password="p", pay=pay
        ) as url,
        httpx.Client(base_url=url) as client,
    ):
        yield client


def test_the_page_may_load_and_ask_saleor_and_nobody_else() -> None:
    with opened([]) as client:
        response = client.get("/")

    assert (response.status_code, response.headers["Content-Type"]) == (200, "text/html")
    assert response.headers["Content-Security-Policy"] == (
        "default-src 'none'; connect-src 'self' http://localhost:1234; "
        "script-src 'self' http://localhost:1234; style-src 'self'; img-src data:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


def test_the_page_is_told_where_it_is() -> None:
    with opened([]) as client:
        settings = client.get("/settings.json").json()

    assert settings == {
        "apiUrl": "http://localhost:1234/graphql/",
        "channel": "acme",
        "password": "p",
        "shoppers": [{"email": "ada.abara@acme.example", "name": "Ada Abara, Engineering"}],
    }


def test_only_the_pages_files_are_there() -> None:
    with opened([]) as client:
        found = [client.get(path).status_code for path in ("/store.js", "/../__init__.py", "/more")]

    assert found == [200, 404, 404]


def test_a_card_payment() -> None:
    paid: list[str] = []
    with opened(paid) as client:
        response = client.post("/card", json={"checkout": "C"})

    assert (response.status_code, paid) == (200, ["C"])


@pytest.mark.parametrize(
    ("request_", "status", "message"),
    [
        ({"json": {"checkout": "declined"}}, 400, "The card was declined."),
        ({"json": {}}, 400, "'checkout'"),
        ({"content": "{", "headers": {"Content-Type": "application/json"}}, 400, None),
        ({"data": {"checkout": "C"}}, 404, None),  # what a form of any other page could send
        ({"json": {"checkout": "C" * 5000}}, 404, None),
    ],
)
def test_a_card_payment_that_is_none(request_, status, message) -> None:
    paid: list[str] = []
    with opened(paid) as client:
        response = client.post("/card", **request_)

    assert (response.status_code, paid) == (status, [])
    if message is not None:
        assert response.json() == {"message": message}
