"""Only ``ledger/`` and its SQL write money: proven on the syntax tree, not by promise."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import saleor_program_budgets

PACKAGE = Path(saleor_program_budgets.__file__).parent
ROOT = PACKAGE.parent
MONEY = frozenset(
    {
        "Hold",
        "Lot",
        "Limit",
        "Entry",
        "Posting",
        "HoldLot",
        "Raise",
        "Outcome",
        "Refused",
        "Seal",
    }
)
#: Reverse relations by which a row of money can be reached without naming its model.
RELATED = frozenset({"holds", "lots", "limits", "caps", "entries", "postings", "seals"})
WRITES = frozenset(
    f"{prefix}{name}"
    for prefix in ("", "a")
    for name in (
        "create",
        "update",
        "delete",
        "bulk_create",
        "bulk_update",
        "get_or_create",
        "update_or_create",
        "save",
        "save_base",
        "_raw_delete",
        "add",
        "set",
        "remove",
        "clear",
    )
)
SQL_WRITE = re.compile(
    r"\b(insert\s+into|update|delete\s+from|truncate|merge\s+into|copy)\b[^;]*"
    r"program_budgets_(hold|lot|limit|entry|posting|holdlot|raise|outcome|refused|seal)\b",
    re.IGNORECASE,
)


def _modules() -> list[Path]:
    return sorted(
        path
        for path in PACKAGE.rglob("*.py")
        if PACKAGE / "ledger" not in path.parents and "node_modules" not in path.parts
    )


def writes_of_money(source: str) -> list[str]:
    """Return the places in *source* that write a row of money, as ``line: code``."""
    tree = ast.parse(source)
    rows = _names_of_rows(tree)
    return [f"{node.lineno}: {ast.unparse(node)}" for node in ast.walk(tree) if _writes(node, rows)]


def _writes(node: ast.AST, rows: frozenset[str]) -> bool:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return bool(SQL_WRITE.search(node.value))
    if not isinstance(node, ast.Call):
        return False
    if isinstance(node.func, ast.Name) and node.func.id in MONEY:
        return True  # building a row is the first half of writing it
    return (
        isinstance(node.func, ast.Attribute)
        and node.func.attr in WRITES
        and _is_money(node.func.value, rows)
    )


def _is_money(node: ast.expr, rows: frozenset[str]) -> bool:
    return any(
        (isinstance(part, ast.Name) and part.id in MONEY | rows)
        or (isinstance(part, ast.Attribute) and part.attr in MONEY | RELATED)
        for part in ast.walk(node)
    )


def _names_of_rows(tree: ast.AST) -> frozenset[str]:
    """Return the variables that hold rows of money: annotated so, assigned so, or looped over."""
    found: set[str] = set()
    for node in ast.walk(tree):
        targets: list[ast.expr] = []
        origin: ast.expr | None = None
        if isinstance(node, ast.arg) and node.annotation is not None:
            targets, origin = [ast.Name(node.arg)], node.annotation
        elif isinstance(node, ast.AnnAssign):
            targets, origin = [node.target], node.annotation
        elif isinstance(node, ast.Assign):
            targets, origin = node.targets, node.value
        elif isinstance(node, ast.For | ast.comprehension):
            targets, origin = [node.target], node.iter
        if origin is not None and _is_money(origin, frozenset()):
            found |= {part.id for target in targets for part in _names(target)}
    return frozenset(found)


def _names(node: ast.expr) -> Iterator[ast.Name]:
    return (part for part in ast.walk(node) if isinstance(part, ast.Name))


@pytest.mark.parametrize("path", _modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_module_above_the_ledger_writes_money(path: Path) -> None:
    assert writes_of_money(path.read_text(encoding="utf-8")) == []


def test_no_migration_writes_money_in_python() -> None:
    for path in sorted((ROOT / "migrations").glob("*.py")):
        assert writes_of_money(path.read_text(encoding="utf-8")) == [], path.name


@pytest.mark.parametrize(
    "source",
    [
        "Lot.objects.create(amount=1)",
        "models.Hold.objects.filter(pk=1).update(captured=1)",
        "Limit.objects.bulk_create(rows)",
        "Entry(amount=1)",
        "for hold in Hold.objects.all():\n    hold.delete()",
        "limit = Limit.objects.get()\nlimit.save()",
        "def pay(hold: Hold) -> None:\n    hold.save(update_fields=['captured'])",
        "member.limits.update(ceiling=1)",
        "account.caps.all().delete()",
        "cursor.execute('UPDATE program_budgets_limit SET spent = 0')",
        "cursor.execute('delete from program_budgets_entry')",
        "await Outcome.objects.acreate(key='k')",
    ],
)
def test_the_walk_sees_every_way_to_write(source: str) -> None:
    assert len(writes_of_money(source)) == 1


@pytest.mark.parametrize(
    "source",
    [
        "Hold.objects.filter(order_id='o').exists()",
        "Limit.objects.select_for_update().filter(member=member)",
        "Member.objects.filter(pk=1).update(is_active=False)",
        "cursor.execute('SELECT * FROM program_budgets_limit')",
        "ledger.hold(amount=amount)",
    ],
)
def test_the_walk_lets_reads_and_other_rows_pass(source: str) -> None:
    assert writes_of_money(source) == []


def test_the_ledger_is_where_money_is_written() -> None:
    written = {
        path.name: writes_of_money(path.read_text(encoding="utf-8"))
        for path in (PACKAGE / "ledger").glob("*.py")
    }
    assert {name for name, lines in written.items() if lines} == {
        "binding.py",
        "funding.py",
        "refusals.py",
    }
    sql = "\n".join(path.read_text() for path in (ROOT / "migrations" / "sql").glob("*.sql"))
    tables = {match.group(2).lower() for match in SQL_WRITE.finditer(sql)}
    assert tables >= {"hold", "lot", "limit", "entry", "posting", "outcome", "refused", "seal"}
