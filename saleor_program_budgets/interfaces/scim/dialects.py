"""What identity systems send that the protocol's library doesn't read, put as the RFC has it.

Seen in what vendors document and send:

- Microsoft Entra names a manager by a bare id, or by a list with one object.
- Entra's PATCH without a path has keys such as ``emails[type eq "work"].value``.
- Entra's *Remove* carries what it removes, with nulls and ``$ref`` beside the value.
- Okta and others take a single value away by replacing it with an empty string or null.

Whatever isn't understood here is passed on as it came: the library says what is wrong with it.
"""

from __future__ import annotations

import json
from typing import Any

from scim2_models import InvalidSyntaxException, InvalidValueException

MANAGER = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:user:manager"
ENTERPRISE = MANAGER.rpartition(":")[0]
SEVERAL = frozenset(
    {
        "members",
        "emails",
        "phonenumbers",
        "ims",
        "photos",
        "addresses",
        "entitlements",
        "roles",
        "x509certificates",
    }
)
"""The attributes that have several values, of which a removal may name some."""
_UNREADABLE = "The request body is not JSON that can be read."


def normalised(body: bytes) -> bytes:
    """Return a request's body as the RFC has it.

    Raises ``InvalidValueException`` for characters that no text can have, and
    ``InvalidSyntaxException`` for JSON that is nested too deep.
    """
    if not body:
        return body
    try:
        content = json.loads(body)
        _check_texts(content)
        return json.dumps(_content(content), allow_nan=False).encode()
    except RecursionError as problem:
        raise InvalidSyntaxException(detail=_UNREADABLE) from problem
    except ValueError:
        return body


def _content(content: Any) -> Any:
    if not isinstance(content, dict):
        return content
    operations = _key(content, "Operations")
    if operations is None:
        return _resource(content)
    if not isinstance(content[operations], list):
        return content
    if any(isinstance(each, dict) and _key(each, "method") for each in content[operations]):
        return content | {operations: [_bulk(each) for each in content[operations]]}
    changes = [change for each in content[operations] for change in _changes(each)]
    return content | {operations: changes}


def _bulk(operation: Any) -> Any:
    data = _key(operation, "data") if isinstance(operation, dict) else None
    return operation | {data: _content(operation[data])} if data else operation


def _resource(content: dict[str, Any]) -> dict[str, Any]:
    enterprise = _key(content, ENTERPRISE)
    if enterprise is None or not isinstance(content[enterprise], dict):
        return content
    inner = content[enterprise]
    manager = _key(inner, "manager")
    if manager is None:
        return content
    return content | {enterprise: inner | {manager: _manager(inner[manager])}}


def _changes(operation: Any) -> list[Any]:
    """Return the operations of a PATCH that one operation stands for."""
    if not isinstance(operation, dict):
        return [operation]
    op, path, value = (_key(operation, name) for name in ("op", "path", "value"))
    change = {
        name: operation[key]
        for name, key in (("op", op), ("path", path), ("value", value))
        if key is not None
    }
    if not change.get("path"):
        change.pop("path", None)
    if not isinstance(change.get("op"), str) or not isinstance(change.get("path", ""), str):
        return [operation]
    change["op"] = change["op"].lower()
    if change["op"] == "remove":
        return [_removal(change)]
    if "path" not in change:
        return _without_path(change)
    return [_assignment(change)]


def _removal(change: dict[str, Any]) -> dict[str, Any]:
    """Keep what a removal names only where there are several values, and only its value."""
    if "value" not in change:
        return change
    values = change["value"] if isinstance(change["value"], list) else [change["value"]]
    named = [
        {"value": each["value"]} if each.get("value") else _without_nulls(each)
        for each in values
        if isinstance(each, dict)
    ]
    if change.get("path", "").rpartition(":")[2].lower() in SEVERAL and named:
        return change | {"value": named}
    return {name: part for name, part in change.items() if name != "value"}


def _without_path(change: dict[str, Any]) -> list[Any]:
    """Let each key that selects among values be an operation of its own, after all the others."""
    value = change.get("value")
    if not isinstance(value, dict):
        return [change]
    selecting = {key: value[key] for key in value if "[" in key}
    others = {
        key: _manager(part) if key.lower() == MANAGER else part
        for key, part in value.items()
        if key not in selecting
    }
    if "[" not in "".join(value):
        others = _resource(others)
    changes = [change | {"value": others}] if others or not selecting else []
    return changes + [
        {"op": change["op"], "path": key, "value": part} for key, part in selecting.items()
    ]


def _assignment(change: dict[str, Any]) -> dict[str, Any]:
    if change["path"].lower() != MANAGER:
        return change
    manager = _manager(change.get("value"))
    if manager is None:
        return {"op": "remove", "path": change["path"]}
    return change | {"value": manager}


def _manager(value: Any) -> Any:
    """Return the manager as an object; none where no one is named."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, str):
        value = {"value": value}
    if isinstance(value, dict) and not any(value.values()):
        return None
    return value


def _without_nulls(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _key(content: dict[str, Any], name: str) -> str | None:
    """Return how *name* is spelled here: the names of attributes have no case."""
    return next((key for key in content if key.lower() == name.lower()), None)


def _check_texts(content: Any) -> None:
    """Refuse what no database keeps: the character NUL, and halves of a character."""
    if isinstance(content, str):
        if "\x00" in content or any("\ud800" <= letter <= "\udfff" for letter in content):
            raise InvalidValueException(detail="The request body has characters that no text has.")
    elif isinstance(content, dict):
        for key, value in content.items():
            _check_texts(key)
            _check_texts(value)
    elif isinstance(content, list):
        for value in content:
            _check_texts(value)
