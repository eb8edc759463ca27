"""A diary keeps what was written, whatever happens to who wrote it."""

from pathlib import Path

import pytest

from saleor_program_budgets.simulation.trading.diary import (
    Answer,
    Diary,
    Event,
    Op,
    Reader,
    Request,
    Status,
    read,
)

HOLD = Request(op=Op.HOLD, key="h", member=3, amount=20_00, checkout="checkout-1")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "client-0.jsonl"


def test_what_was_written_is_read_back(path: Path) -> None:
    diary = Diary(path)
    diary.errand = 4
    answer = Answer(status=Status.REFUSED, code="CAP_REACHED", postings=(1, 2))
    diary.write(Event.INTENT, key="h", request=HOLD)
    diary.write(Event.ANSWER, key="h", answer=answer, what=Op.HOLD, seconds=0.5)
    diary.close()
    intent, answered = read(path)
    assert (intent.event, intent.errand, intent.request) == (Event.INTENT, 4, HOLD)
    assert (answered.answer, answered.what, answered.seconds) == (answer, "hold", 0.5)
    assert intent.at <= answered.at


def test_a_successor_goes_on_after_the_last_whole_line(path: Path) -> None:
    Diary(path).write(Event.INTENT, key="h", request=HOLD)
    with path.open("a") as file:
        file.write('{"event": "answ')
    Diary(path).write(Event.DONE)
    assert [line.event for line in read(path)] == [Event.INTENT, Event.DONE]


def test_a_reader_waits_for_lines_to_be_whole(path: Path) -> None:
    reader = Reader(path)
    assert list(reader.new()) == []
    Diary(path).write(Event.DONE)
    assert [line.event for line in reader.new()] == [Event.DONE]
    with path.open("a") as file:
        file.write('{"event": "fault"')
        file.flush()
        assert list(reader.new()) == []
        file.write(', "what": "kill"}\n')
    assert [line.what for line in reader.new()] == ["kill"]
