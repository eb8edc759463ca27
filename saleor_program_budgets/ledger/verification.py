"""``verify``: recompute every balance from the journal and name each difference."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING

from django.db import connections, router, transaction

from saleor_program_budgets.models import Entry, Hold, Limit, Lot, Posting

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.db.backends.utils import CursorWrapper

SHOWN_PER_CHECK = 100
WORK_MEMORY = "64MB"
"""What a sort or a hash may take: with the server's default a large journal goes through files."""
READ_BESIDE = frozenset({"postings_balance", "references", "seal_contents"})
"""What takes about as long as all other checks together."""
_SNAPSHOT = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"


@dataclass(frozen=True, slots=True)
class Difference:
    """One row that contradicts the journal."""

    check: str
    subject: str
    expected: str
    found: str

    def __str__(self) -> str:
        return f"{self.check}: {self.subject}: expected {self.expected}, found {self.found}"


@dataclass(frozen=True, slots=True)
class Verification:
    """What was compared, and the differences (at most 100 of each check)."""

    differences: tuple[Difference, ...]
    limits: int
    lots: int
    holds: int
    postings: int
    entries: int
    overspent: dict[str, int]

    @property
    def is_clean(self) -> bool:
        """Whether cache and journal agree and nothing is overspent."""
        return not self.differences


@lru_cache(maxsize=1)
def checks() -> dict[str, str]:
    """Return the checks by name: each SQL file beside yields subject, expected, found."""
    folder = files(__package__) / "checks"
    return {
        file.name.removesuffix(".sql"): file.read_text(encoding="utf-8")
        for file in sorted(folder.iterdir(), key=lambda file: file.name)
        if file.name.endswith(".sql")
    }


def verify() -> Verification:
    """Compare limits, lots and holds with the journal, and it with its seals, in one snapshot.

    Takes no lock: purchases go on meanwhile. Outside of a transaction it reads over two
    connections at once. ``overspent`` is, per unit, what is used beyond ceilings; anything but
    zero means the promise was broken.
    """
    alias = router.db_for_write(Posting)
    is_alone = not connections[alias].in_atomic_block
    with (
        transaction.atomic(using=alias),
        connections[alias].cursor() as cursor,
        ThreadPoolExecutor(max_workers=1) as pool,
    ):
        here = set(checks())
        beside: Future[list[Difference]] | None = None
        if is_alone:
            cursor.execute(_SNAPSHOT)
            cursor.execute("SELECT pg_export_snapshot()")
            [snapshot] = cursor.fetchone()
            here -= READ_BESIDE
            beside = pool.submit(_compare_beside, alias, snapshot)
        differences = _compare(cursor, here)
        cursor.execute(
            "SELECT unit, sum(greatest(held + spent - ceiling - overhang, 0))::bigint"
            " FROM program_budgets_limit GROUP BY unit"
        )
        overspent = dict(cursor.fetchall())
        verification = Verification(
            differences=tuple(differences),
            limits=Limit.objects.using(alias).count(),
            lots=Lot.objects.using(alias).count(),
            holds=Hold.objects.using(alias).count(),
            postings=Posting.objects.using(alias).count(),
            entries=Entry.objects.using(alias).count(),
            overspent=overspent,
        )
        if beside is None:
            return verification
        both = sorted(differences + beside.result(), key=lambda difference: difference.check)
        return replace(verification, differences=tuple(both))


def _compare(cursor: CursorWrapper, names: Iterable[str]) -> list[Difference]:
    differences: list[Difference] = []
    cursor.execute(f"SET LOCAL work_mem TO '{WORK_MEMORY}'")
    for name in sorted(names):
        # The queries are files of this package.
        shown = f"SELECT * FROM ({checks()[name]}) difference LIMIT {SHOWN_PER_CHECK}"  # noqa: S608
        cursor.execute(shown)
        differences += [Difference(name, *row) for row in cursor.fetchall()]
    return differences


def _compare_beside(alias: str, snapshot: str) -> list[Difference]:
    """Run the checks of READ_BESIDE on a connection of this thread's own."""
    try:
        with transaction.atomic(using=alias), connections[alias].cursor() as cursor:
            cursor.execute(_SNAPSHOT)
            cursor.execute("SET TRANSACTION SNAPSHOT %s", [snapshot])
            return _compare(cursor, READ_BESIDE)
    finally:
        connections[alias].close()
