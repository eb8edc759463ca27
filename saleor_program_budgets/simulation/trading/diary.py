"""A client's diary: what it set out to do and what it was told, kept whatever happens to it.

One line of JSON an event, handed to the operating system in one call before the client goes on,
so that a client that is killed leaves all it knew to its successor and to the auditor.
"""

from __future__ import annotations

import json
import os
import time
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path


class Event(StrEnum):
    """What a line of a diary says."""

    INTENT = "intent"  # a request is about to be made
    ANSWER = "answer"  # what it was answered, at last
    REPEAT = "repeat"  # what the same request was answered when it was made again
    ERROR = "error"  # an attempt that ended without an answer
    FAULT = "fault"  # something is about to go wrong on purpose
    DONE = "done"  # the errand is over
    FAILURE = "failure"  # the client gave up: something that no fault explains


class Op(StrEnum):
    """What a request asks for."""

    HOLD = "hold"
    PLACE = "place"
    SETTLE = "capture"
    RELEASE = "release"
    REFUND = "refund"
    RETURN = "cancel"
    CAP = "cap"
    CAP_ALL = "cap for all programs"
    RAISE = "raise a cap"
    END_RAISES = "end raises"
    GRANT = "grant"
    ADJUST = "adjust"
    REVERSE = "reverse"
    REBUILD = "rebuild"
    MOVE = "move"
    DEACTIVATE = "deactivate"
    REACTIVATE = "reactivate"
    EXPIRE = "expire"
    SEAL = "seal"
    CLASH = "clash"


#: Requests with an idempotency key: repeated, they get the first answer word for word.
KEYED = frozenset(
    {Op.HOLD, Op.REFUND, Op.CAP, Op.CAP_ALL, Op.RAISE, Op.GRANT, Op.ADJUST, Op.REVERSE}
)
#: Requests that may be repeated at any later time without changing anything.
REPEATABLE = KEYED | {Op.SETTLE, Op.RELEASE, Op.RETURN}


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One call of the public API, complete: it can be repeated from this alone.

    ``key`` names the request; it is the idempotency key of those that take one. Amounts are in
    minor units.
    """

    op: Op
    key: str
    member: int | None = None
    department: int | None = None
    amount: int = 0
    checkout: str = ""
    order: str = ""
    hold: str = ""
    refundable: int = 0
    posting: int = 0
    until: str = ""
    seconds: float = 0.0


class Status(StrEnum):
    """How a request was answered."""

    DONE = "done"
    REFUSED = "refused"
    NOT_HELD = "not held"
    NOT_POSSIBLE = "not possible"
    INVALID = "invalid"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back; ``amount`` is what was held, captured, given back or granted."""

    status: Status = Status.DONE
    code: str = ""
    hold: str = ""
    order: str = ""
    amount: int = 0
    postings: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a diary."""

    event: Event
    at: float
    errand: int
    key: str = ""
    request: Request | None = None
    answer: Answer | None = None
    seconds: float = 0.0
    what: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> str:
        """Write it as one line, leaving out what says nothing."""
        return json.dumps({name: value for name, value in asdict(self).items() if value})

    @classmethod
    def from_json(cls, text: str) -> Line:
        """Read what ``to_json`` wrote."""
        fields = json.loads(text)
        if request := fields.pop("request", None):
            fields["request"] = Request(**request | {"op": Op(request["op"])})
        if answer := fields.pop("answer", None):
            status, postings = Status(answer["status"]), tuple(answer["postings"])
            fields["answer"] = Answer(**answer | {"status": status, "postings": postings})
        return cls(**{"at": 0.0, "errand": 0} | fields | {"event": Event(fields["event"])})


class Diary:
    """The diary of one client, open for writing at its end."""

    def __init__(self, path: Path) -> None:
        """Open or begin the diary at *path*; a line that a predecessor left torn is dropped."""
        whole = path.read_bytes().rpartition(b"\n") if path.exists() else (b"", b"", b"")
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT)
        os.truncate(self._file, len(whole[0]) + len(whole[1]))
        os.lseek(self._file, 0, os.SEEK_END)
        self.errand = 0

    def write(self, event: Event, **details: Any) -> None:
        """Put down an event of the present errand, now."""
        line = Line(event=event, at=time.monotonic(), errand=self.errand, **details)
        os.write(self._file, f"{line.to_json()}\n".encode())

    def close(self) -> None:
        """Close the file; everything is in it already."""
        os.close(self._file)


class Reader:
    """Reads a diary while it is written: each call yields what is new and whole."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0

    def new(self) -> Iterator[Line]:
        """Yield the lines that have come since the last call."""
        if not self._path.exists():
            return
        with self._path.open("rb") as file:
            file.seek(self._offset)
            for text in file:
                if not text.endswith(b"\n"):
                    return
                self._offset += len(text)
                yield Line.from_json(text.decode())


def read(path: Path) -> Iterator[Line]:
    """Yield all lines of a diary."""
    return Reader(path).new()
