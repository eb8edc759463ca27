"""The shopper's component under the plugin's address, for pages of other origins to load.

It holds no data: what it shows, it asks of ``/graphql/`` with the shopper's own token.
"""

from __future__ import annotations

import hashlib
from functools import cache
from http import HTTPStatus
from importlib.resources import files
from typing import TYPE_CHECKING

from django.http import HttpResponse, HttpResponseNotFound
from django.utils.cache import patch_vary_headers
from django.views.decorators.cache import cache_control
from django.views.decorators.http import condition, require_safe

if TYPE_CHECKING:
    from django.http import HttpRequest

ROOT = "storefront"
"""Under the plugin's address."""
MODULE = "program-budget.js"
_MAX_AGE_SECONDS = 3600
"""How long a browser takes it without asking: so long an old one is used after an upgrade."""


def handle(request: HttpRequest, path: str) -> HttpResponse:
    """Answer a request for *path* below the plugin's address."""
    if path.strip("/") != f"{ROOT}/{MODULE}":
        return HttpResponseNotFound()
    response = _module(request)
    if response.status_code != HTTPStatus.METHOD_NOT_ALLOWED:
        # Saleor's own server replaces this by what ALLOWED_GRAPHQL_ORIGINS says; others keep it.
        response.headers["Access-Control-Allow-Origin"] = "*"
        response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
        patch_vary_headers(response, ["Origin"])
    return response


@cache
def module() -> bytes:
    """Return the component."""
    return (files(__package__) / MODULE).read_bytes()


@cache
def _etag() -> str:
    """Return a weak tag: Saleor compresses on the way, so bytes may differ."""
    return f'W/"{hashlib.sha256(module()).hexdigest()[:32]}"'


@require_safe
@cache_control(public=True, max_age=_MAX_AGE_SECONDS)
@condition(etag_func=lambda _request: _etag())
def _module(_request: HttpRequest) -> HttpResponse:
    return HttpResponse(module(), content_type="text/javascript; charset=utf-8")
