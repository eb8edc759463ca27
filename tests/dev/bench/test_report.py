"""Tables for a terminal and for a document."""

from pathlib import Path

import pytest

from dev.bench import report
from dev.bench.report import Table

TABLE = Table("Speed", ["what", "a second", "met"], [["hold", "1,234", "yes"], ["x", "7", "no"]])


def test_markdown_aligns_numbers_to_the_right() -> None:
    assert TABLE.as_markdown() == (
        "**Speed**\n\n"
        "| what | a second | met |\n"
        "| --- | --: | --- |\n"
        "| hold | 1,234 | yes |\n"
        "| x | 7 | no |"
    )


def test_a_section_is_replaced_and_the_rest_stays(tmp_path: Path) -> None:
    document = tmp_path / "benchmarks.md"
    document.write_text("a\n<!-- bench:hot -->\nold\n<!-- /bench:hot -->\nb\n")

    report.replace(document, "hot", ["new"])
    report.replace(document, "hot", ["newer", "still"])

    assert document.read_text() == (
        "a\n<!-- bench:hot -->\n\nnewer\n\nstill\n\n<!-- /bench:hot -->\nb\n"
    )


def test_a_document_without_the_section_is_refused(tmp_path: Path) -> None:
    document = tmp_path / "benchmarks.md"
    document.write_text("a\n")

    with pytest.raises(ValueError, match="bench:hot"):
        report.replace(document, "hot", ["new"])


@pytest.mark.parametrize(
    ("bytes_", "shown"), [(999, "999 B"), (4_600, "4.6 kB"), (3.2e9, "3.2 GB")]
)
def test_bytes_are_shown_in_the_unit_that_suits(bytes_: float, shown: str) -> None:
    assert report.size(bytes_) == shown
