"""What the command line of the screenshots says."""

from pathlib import Path

import pytest

from dev.screenshots.options import PICTURES, STATES, Options, parse


def test_everything_is_photographed_and_nothing_timed() -> None:
    assert parse([]) == Options(states=STATES, members=84_000, folder=PICTURES, figures=None)


def test_one_state_and_the_boards_times() -> None:
    assert parse(["large", "--members", "300", "--output", "x", "--measure", "y.md"]) == Options(
        states=["large"], members=300, folder=Path("x"), figures=Path("y.md")
    )


def test_a_state_that_there_is_not(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse(["huge"])

    assert "no such state: huge (there are empty, normal, large)" in capsys.readouterr().err
