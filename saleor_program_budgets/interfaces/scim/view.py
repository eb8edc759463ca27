"""SCIM under the plugin's address: a request of Django in, a response out.

A token names one roster, and everything else follows from it. Nobody else's word counts here:
no session, no user's or app's token.
"""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from saleor.core.utils import build_absolute_uri

from saleor_program_budgets import roster
from saleor_program_budgets.interfaces.identity import PLUGIN_ID
from saleor_program_budgets.ledger import Actor
from saleor_program_budgets.models import Source

if TYPE_CHECKING:
    from datetime import datetime

    from scim2_server.requests import ScimRequest
    from scim2_server.responses import ScimResponse

    from saleor_program_budgets.models import RosterToken

ROOT = "scim/v2"
"""Under the plugin's address."""
LARGEST_BODY = 8 * 1024 * 1024
"""In bytes: a group of 20,000 with all its references is half of that."""
RETRY_SECONDS = 5
_OPEN = ("GET", "/ServiceProviderConfig")
"""By which systems find out how to authenticate (RFC 7644 §4)."""


def handle(request: HttpRequest, path: str) -> HttpResponse:
    """Answer a request for *path* below the plugin's address, such as ``/scim/v2/Users``."""
    from scim2_models import SCIMException

    from saleor_program_budgets.interfaces.scim.service import SERVICE

    try:
        answer = _answer(request, path.strip("/").removeprefix(ROOT))
    except SCIMException as problem:
        answer = SERVICE.error_response(problem)
    return _response(answer)


def _answer(request: HttpRequest, path: str) -> ScimResponse:
    """Serve a request; raises ``SCIMException`` for whatever is wrong with it."""
    from scim2_models import UnauthorizedException

    from saleor_program_budgets.interfaces.scim.service import SERVICE, RosterHandler
    from saleor_program_budgets.interfaces.scim.storage import RosterStorage

    at = timezone.now()
    if (request.method, path) == _OPEN:
        return SERVICE.service_provider_config(f"{_base_url()}{path}", _query(request))
    token = _token(request, at)
    if token is None:
        raise UnauthorizedException(detail="A roster's token is needed, and this is none.")
    storage = RosterStorage(roster=token.roster, origin=_origin(token), at=at)
    return RosterHandler(SERVICE, storage).handle(_scim_request(request, path, token))


def _token(request: HttpRequest, at: datetime) -> RosterToken | None:
    scheme, _, secret = request.headers.get("Authorization", "").strip().partition(" ")
    if scheme.lower() != "bearer" or not secret.strip():
        return None
    return roster.find_token(secret=secret.strip(), at=at)


def _origin(token: RosterToken) -> roster.Origin:
    return roster.Origin(
        source=Source.SCIM, actor=Actor("scim", str(token.pk)), reference=str(token.pk)
    )


def _scim_request(request: HttpRequest, path: str, token: RosterToken) -> ScimRequest:
    from scim2_server.requests import ScimRequest

    return ScimRequest(
        method=request.method or "",
        base_url=_base_url(),
        path=path,
        query=_query(request),
        headers=dict(request.headers),
        body=_body(request),
        subject=token,
    )


def _base_url() -> str:
    """Return the address of the service as the shop gives it: not as the client came by it."""
    return build_absolute_uri(f"{reverse('plugins-global', args=[PLUGIN_ID])}{ROOT}")


def _query(request: HttpRequest) -> dict[str, str]:
    from scim2_models import InvalidValueException

    query = request.GET.dict()
    if any("\x00" in text for pair in query.items() for text in pair):
        raise InvalidValueException(detail="The address has characters that no text has.")
    return query


def _body(request: HttpRequest) -> bytes:
    """Read the body, which Django would refuse at a size that a large group has."""
    from scim2_models import PayloadTooLargeException

    body = request.read(LARGEST_BODY + 1)
    if len(body) > LARGEST_BODY:
        raise PayloadTooLargeException(detail=f"A request takes up to {LARGEST_BODY} bytes.")
    return body


def _response(answer: ScimResponse) -> HttpResponse:
    headers: dict[str, Any] = {**answer.headers, "Cache-Control": "no-store"}
    if answer.status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers["Retry-After"] = RETRY_SECONDS
    if answer.body is None:
        response = HttpResponse(status=answer.status, headers=headers)
        del response.headers["Content-Type"]
        return response
    return HttpResponse(json.dumps(answer.body), status=answer.status, headers=headers)
