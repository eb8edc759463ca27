"""The store that shoppers see: one static page, and the payment app behind its card button."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Any

from dev.demo import local
from dev.demo.api import Api, ApiError, Session
from dev.demo.people import Person
from dev.demo.program import money
from dev.demo.shop import CURRENCY
from dev.demo.shopper import pay_by_card

#: Pays what is left of a checkout by card, given its id.
type Pay = Callable[[str], None]

_PAGE = Path(__file__).parent / "page"
_LARGEST_BODY = 4096
_SECURITY = (
    "default-src 'none'; connect-src 'self' {saleor}; script-src 'self' {saleor}; "
    "style-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


@contextmanager
def running(
    api_url: str,
    *,
    channel: str,
    shoppers: Sequence[Person],
    password: str,
    pay: Pay,
) -> Iterator[str]:
    """Serve the page on a free port of this machine alone; yields its address.

    Args:
        api_url: where the page finds Saleor.
        channel: slug of the channel it sells in.
        shoppers: who can sign in with one click; the page shows them all.
        password: theirs.
        pay: what the card button does.
    """
    settings = {
        "apiUrl": api_url,
        "channel": channel,
        "password": password,
        "shoppers": [
            {"email": person.email, "name": f"{person}"} for person in sorted(shoppers, key=str)
        ],
    }
    page = partial(
        _Store,
        pay=pay,
        directory=_PAGE,
        security=_SECURITY.format(saleor=local.origin(api_url)),
        settings=settings,
    )
    with local.serving(page) as address:
        yield address


def payments(api: Api, *, card_token: str) -> Pay:
    """Return what pays all that is left of a checkout, as a payment app reports it to Saleor."""
    card = Session(api, token=card_token)

    def pay(checkout: str) -> None:
        budget = card.run("CheckoutBudget", checkout=checkout)["programBudget"]
        left = str(money(budget["remainingToPay"]))
        pay_by_card(card, checkout=checkout, amount=left, currency=CURRENCY)

    return pay


class _Store(local.Page):
    """Serves the page, and takes card payments."""

    def __init__(self, *args: Any, pay: Pay, **kwargs: Any) -> None:
        self._pay = pay
        super().__init__(*args, **kwargs)

    def do_POST(self) -> None:  # noqa: N802  # by the name of the method
        """Pay what is left of the checkout that the body names."""
        # Only this page: a form of another page can't send JSON without being asked for leave.
        is_ours = self.headers.get("Content-Type") == "application/json"
        length = int(self.headers.get("Content-Length") or 0)
        if self.path != "/card" or not is_ours or length > _LARGEST_BODY:
            self.answer(HTTPStatus.NOT_FOUND, {})
            return
        try:
            self._pay(str(json.loads(self.rfile.read(length))["checkout"]))
        except (ApiError, ValueError, KeyError, TypeError) as problem:
            self.answer(HTTPStatus.BAD_REQUEST, {"message": str(problem)})
        else:
            self.answer(HTTPStatus.OK, {})
