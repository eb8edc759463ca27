"""The list of modules that may not know Saleor is complete."""

import tomllib

from dev.paths import ROOT

PACKAGE = "saleor_program_budgets"
HOST_RING = {"plugin", "apps", "tasks", "management", "interfaces"}


def test_every_core_module_is_forbidden_to_import_saleor() -> None:
    document = tomllib.loads((ROOT / "pyproject.toml").read_text())
    [contract] = [
        contract
        for contract in document["tool"]["importlinter"]["contracts"]
        if contract["type"] == "forbidden"
    ]
    modules = {
        path.stem
        for path in (ROOT / PACKAGE).iterdir()
        if path.suffix == ".py" or (path / "__init__.py").exists()
    }

    expected = {f"{PACKAGE}.{module}" for module in modules - HOST_RING - {"__init__"}}
    assert set(contract["source_modules"]) == expected
