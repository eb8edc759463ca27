"""The pictures that there are, as a table of a document."""

from pathlib import Path

import pytest

from dev.screenshots import gallery

CELL = (
    '<a href="shots/empty-jobs-light.webp"><picture>'
    '<source media="(prefers-color-scheme: dark)" srcset="shots/empty-jobs-dark.webp">'
    '<img src="shots/empty-jobs-light.webp" alt="Jobs, newly installed" width="260">'
    "</picture></a>"
    "<br>[light](shots/empty-jobs-light.webp) · [dark](shots/empty-jobs-dark.webp)"
)


@pytest.fixture
def document(tmp_path: Path) -> Path:
    (tmp_path / "shots").mkdir()
    (tmp_path / "shots" / "empty-jobs-light.webp").touch()
    path = tmp_path / "pages.md"
    path.write_text("Before.\n<!-- screenshots -->\nold\n<!-- /screenshots -->\nAfter.\n")
    return path


def test_pictures_stand_between_the_marks(document: Path) -> None:
    gallery.replace(document, document.parent / "shots")

    first, *lines, last = document.read_text().splitlines()
    assert (first, last) == ("Before.", "After.")
    assert f"| Jobs | {CELL} |  |  |" in lines
    assert "| Codes |  |  |  |" in lines
    assert "old" not in lines


def test_a_document_without_marks_is_left_alone(document: Path) -> None:
    document.write_text("Nothing.")

    with pytest.raises(ValueError, match="has no"):
        gallery.replace(document, document.parent / "shots")

    assert document.read_text() == "Nothing."
