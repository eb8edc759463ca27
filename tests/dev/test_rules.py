"""docs/rules.md names tests: each of them exists, and no rule goes without one."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from dev.mutations.breaks import BREAKS
from dev.paths import ROOT

RULES = (ROOT / "docs" / "rules.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"`([\w/]+\.py)::(\w+)`", RULES)))
ROWS = [line for line in RULES.splitlines() if line.startswith("| ")]


@cache
def _tests_of(path: Path) -> frozenset[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef))


@pytest.mark.parametrize(("path", "name"), NAMED)
def test_a_named_test_exists(path: str, name: str) -> None:
    assert name in _tests_of(ROOT / "tests" / path)


def test_every_rule_names_a_test() -> None:
    heads = {
        "| rule | shown by |",
        "| period | looked at by |",
        "| what is broken | noticed by |",
    }
    without = [row for row in ROWS if row not in heads and "::test_" not in row]
    assert without == []


def test_every_break_is_listed() -> None:
    table = RULES.partition("## Broken on purpose")[2].partition("\n## ")[0]
    listed = re.findall(r"^\| (.+) \| `", table, re.MULTILINE)
    assert listed == [broken.name for broken in BREAKS]


def test_every_example_shows_a_rule() -> None:
    shown = {path for path, _ in NAMED}
    examples = (ROOT / "tests" / "examples").glob("test_*.py")
    assert sorted(f"examples/{path.name}" for path in examples) == sorted(
        path for path in shown if path.startswith("examples/")
    )
