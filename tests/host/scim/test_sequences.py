"""Identity systems as they are: what they send, step by step, and the answers they need."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

SEQUENCES = sorted((Path(__file__).parent / "sequences").glob("*.json"))


def filled(content: Any, saved: dict[str, str]) -> Any:
    """Return *content* with ``{name}`` standing for what was saved under that name."""
    if isinstance(content, dict):
        return {key: filled(value, saved) for key, value in content.items()}
    if isinstance(content, list):
        return [filled(value, saved) for value in content]
    if isinstance(content, str):
        for name, value in saved.items():
            content = content.replace(f"{{{name}}}", value)
    return content


def part_of(actual: Any, expected: Any) -> Any:
    """Return as much of *actual* as *expected* speaks of; lists have to be as long."""
    if isinstance(expected, dict) and isinstance(actual, dict):
        return {
            key: part_of(actual[key], value) for key, value in expected.items() if key in actual
        }
    if isinstance(expected, list) and isinstance(actual, list) and len(actual) == len(expected):
        return [part_of(*pair) for pair in zip(actual, expected, strict=True)]
    return actual


@pytest.mark.parametrize("path", SEQUENCES, ids=lambda path: path.stem)
def test_sequence(path, scim) -> None:
    saved: dict[str, str] = {}
    for step in json.loads(path.read_text())["steps"]:
        title = step["title"]
        answer = scim.send(
            step["method"], filled(step["path"], saved), filled(step.get("body"), saved)
        )

        assert answer.status == step["status"], (title, answer.body)
        expected = filled(step.get("answer", {}), saved)
        assert part_of(answer.body or {}, expected) == expected, title
        lacking = [name for name in step.get("lacks", []) if name in answer.body]
        assert lacking == [], title
        saved |= {name: answer.body[key] for name, key in step.get("saves", {}).items()}
