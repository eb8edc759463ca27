"""Saleor's GraphQL API over HTTP, as a shopper, a member of staff or an app sees it."""

import json
import re
import time
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from threading import Lock
from typing import Any

import httpx

#: Saleor's access tokens last five minutes.
_TOKEN_SECONDS = 240
_REQUEST_SECONDS = 60
_CONNECTIONS = 40
_OPERATION = re.compile(r"^(?:query|mutation) (\w+).*?^}$", re.MULTILINE | re.DOTALL)


class ApiError(Exception):
    """Saleor answered with an error where none was expected."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A file, as the value of one of an operation's variables."""

    name: str
    content: bytes
    kind: str = "text/csv"


class Api:
    """One Saleor, reached over HTTP; safe to use from several threads."""

    def __init__(self, url: str, *, transport: httpx.BaseTransport | None = None) -> None:
        self.url = url
        #: Saleor takes one login at a time from an address.
        self.logging_in = Lock()
        self._http = httpx.Client(
            timeout=_REQUEST_SECONDS,
            limits=httpx.Limits(max_connections=_CONNECTIONS),
            transport=transport,
        )

    def send(self, name: str, variables: dict[str, Any], *, token: str | None) -> dict[str, Any]:
        """Run one of the named operations and return its data.

        Raises:
            ApiError: it wasn't executed, or not to the end.
        """
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        files = {key: value for key, value in variables.items() if isinstance(value, Upload)}
        body = {
            "query": operations()[name],
            "variables": {**variables, **dict.fromkeys(files)},
            "operationName": name,
        }
        if files:
            response = self._http.post(self.url, files=_parts(body, files), headers=headers)
        else:
            response = self._http.post(self.url, json=body, headers=headers)
        try:
            answer = response.json()
        except ValueError:
            raise ApiError(f"{name}: HTTP {response.status_code}: {response.text[:500]}") from None
        if answer.get("errors"):
            messages = "; ".join(error["message"] for error in answer["errors"])
            raise ApiError(f"{name}: {messages}")
        data: dict[str, Any] = answer["data"]
        return data

    def close(self) -> None:
        """Close the connections."""
        self._http.close()


class Session:
    """What one identity does: a person with a password, or an app with its token."""

    def __init__(self, api: Api, *, email: str = "", password: str = "", token: str = "") -> None:
        self._api = api
        self._credentials = {"email": email, "password": password}
        self._token: str | None = token or None
        self._fetched_at = float("inf") if token else float("-inf")

    def run(self, name: str, **variables: Any) -> Any:
        """Run an operation and return the payload of its one field.

        Raises:
            ApiError: the payload lists errors.
        """
        payload = self.attempt(name, **variables)
        if isinstance(payload, dict) and payload.get("errors"):
            raise ApiError(f"{name}: {payload['errors']}")
        return payload

    def attempt(self, name: str, **variables: Any) -> Any:
        """As `run`, but hand a payload with errors back: the caller expects some."""
        data = self._api.send(name, variables, token=self._current_token())
        (payload,) = data.values()
        return payload

    def token(self) -> str:
        """The token that it acts with at the moment; raises `ApiError` for one without identity."""
        token = self._current_token()
        if token is None:
            raise ApiError("Nobody is signed in.")
        return token

    def _current_token(self) -> str | None:
        with self._api.logging_in:
            is_fresh = time.monotonic() - self._fetched_at < _TOKEN_SECONDS
            if self._credentials["email"] and not is_fresh:
                self._log_in()
            return self._token

    def _log_in(self) -> None:
        login = self._api.send("Login", self._credentials, token=None)["tokenCreate"]
        if login["errors"]:
            raise ApiError(f"Login of {self._credentials['email']}: {login['errors']}")
        self._token, self._fetched_at = login["token"], time.monotonic()


def _parts(
    body: dict[str, Any], files: dict[str, Upload]
) -> dict[str, tuple[str | None, bytes, str]]:
    """A request with files, by the GraphQL multipart request specification."""
    places = {key: [f"variables.{key}"] for key in files}
    return {
        "operations": (None, json.dumps(body).encode(), "application/json"),
        "map": (None, json.dumps(places).encode(), "application/json"),
        **{key: (file.name, file.content, file.kind) for key, file in files.items()},
    }


@lru_cache(maxsize=1)
def operations() -> dict[str, str]:
    """The documents beside, by operation name."""
    folder = files(__package__) / "operations"
    texts = [file.read_text(encoding="utf-8") for file in folder.iterdir()]
    return {found[1]: found[0] for text in texts for found in _OPERATION.finditer(text)}
