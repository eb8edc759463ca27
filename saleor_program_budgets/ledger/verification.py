"""``verify``: recompute every balance from the journal and name each difference."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

from django.db import connections, router, transaction

from saleor_program_budgets.models import Entry, Hold, Limit, Lot, Posting

SHOWN_PER_CHECK = 100


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
    """Compare limits, lots and holds with the journal, in one consistent snapshot.

    Takes no lock: purchases go on meanwhile. ``overspent`` is, per unit, what is used beyond
    ceilings; anything but zero means the promise was broken.
    """
    alias = router.db_for_write(Posting)
    with transaction.atomic(using=alias), connections[alias].cursor() as cursor:
        if not connections[alias].savepoint_ids:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        differences: list[Difference] = []
        for name, query in checks().items():
            # The queries are files of this package.
            shown = f"SELECT * FROM ({query}) difference LIMIT {SHOWN_PER_CHECK}"  # noqa: S608
            cursor.execute(shown)
            differences += [Difference(name, *row) for row in cursor.fetchall()]
        cursor.execute(
            "SELECT unit, sum(greatest(held + spent - ceiling - overhang, 0))::bigint"
            " FROM program_budgets_limit GROUP BY unit"
        )
        overspent = dict(cursor.fetchall())
        return Verification(
            differences=tuple(differences),
            limits=Limit.objects.using(alias).count(),
            lots=Lot.objects.using(alias).count(),
            holds=Hold.objects.using(alias).count(),
            postings=Posting.objects.using(alias).count(),
            entries=Entry.objects.using(alias).count(),
            overspent=overspent,
        )
