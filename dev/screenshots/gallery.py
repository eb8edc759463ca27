"""The pictures as a table of a document."""

from pathlib import Path

from dev.screenshots.options import STATES
from dev.screenshots.photographs import SUBJECTS, Subject

_BEGIN, _END = "<!-- screenshots -->", "<!-- /screenshots -->"
_HEADINGS = {"empty": "newly installed", "normal": "a day of trading", "large": "84,000 members"}
_SHOWN_WIDTH = 260


def replace(document: Path, folder: Path) -> None:
    """Show what there is in the folder between the document's marks; raises where it has none."""
    before, found, rest = document.read_text(encoding="utf-8").partition(_BEGIN)
    _, closed, after = rest.partition(_END)
    if not found or not closed:
        raise ValueError(f"{document} has no “{_BEGIN} … {_END}”")
    place = folder.relative_to(document.parent)
    lines = [
        f"| | {' | '.join(_HEADINGS[state] for state in STATES)} |",
        f"|---|{'---|' * len(STATES)}",
        *(_line(subject, folder, place) for subject in SUBJECTS),
    ]
    table = "\n".join(lines)
    document.write_text(f"{before}{_BEGIN}\n\n{table}\n\n{_END}{after}", encoding="utf-8")


def _line(subject: Subject, folder: Path, place: Path) -> str:
    cells = [_cell(subject, state, folder, place) for state in STATES]
    return f"| {subject.title} | {' | '.join(cells)} |"


def _cell(subject: Subject, state: str, folder: Path, place: Path) -> str:
    name = f"{state}-{subject.name}"
    if not (folder / f"{name}-light.webp").exists():
        return ""
    light, dark = f"{place}/{name}-light.webp", f"{place}/{name}-dark.webp"
    alternative = f"{subject.title}, {_HEADINGS[state]}"
    return (
        f'<a href="{light}"><picture><source media="(prefers-color-scheme: dark)" srcset="{dark}">'
        f'<img src="{light}" alt="{alternative}" width="{_SHOWN_WIDTH}"></picture></a>'
        f"<br>[light]({light}) · [dark]({dark})"
    )
