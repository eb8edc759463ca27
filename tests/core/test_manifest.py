"""plugin.toml is read into types, and a mistake in it is named."""

from saleor_program_budgets.manifest import manifest


def test_shipped_manifest_is_read() -> None:
    assert manifest().gateway == "saleor.program-budgets"
