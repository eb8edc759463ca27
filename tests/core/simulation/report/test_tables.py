"""Tables for a terminal."""

from saleor_program_budgets.simulation.report.tables import table


def test_columns_line_up() -> None:
    assert table(["a", "long"], [["xyz", "1"]], right={1}) == "a    long\n───  ────\nxyz     1"
