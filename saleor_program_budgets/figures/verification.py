"""``verify``: count all figures anew, and name each that differs."""

from __future__ import annotations

from dataclasses import replace
from importlib.resources import files

from django.db import connections, router, transaction

from saleor_program_budgets import ledger
from saleor_program_budgets.ledger import Difference, Verification
from saleor_program_budgets.models import FigureChange

CHECK = "figures_match_ledger"
SHOWN = 100
WORK_MEMORY = "64MB"
"""What a sort or a hash may take: with the server's default a large journal goes through files."""


def prove() -> Verification:
    """Verify the ledger, and the figures with it; all differences are in one answer."""
    verification = ledger.verify()
    return replace(verification, differences=verification.differences + verify())


def verify() -> tuple[Difference, ...]:
    """Compare totals and waiting changes with the ledger, in one snapshot; at most 100 differences.

    Takes no lock. Expected and found are numbers in the order of ``Stock`` or of ``Flows``. That
    limits agree with the journal is for ``ledger.verify`` to show.
    """
    query = (files(__package__) / "checks" / f"{CHECK}.sql").read_text(encoding="utf-8")
    alias = router.db_for_write(FigureChange)
    with transaction.atomic(using=alias), connections[alias].cursor() as cursor:
        cursor.execute(f"SET LOCAL work_mem TO '{WORK_MEMORY}'")
        # The query is a file of this package.
        cursor.execute(f"SELECT * FROM ({query}) difference LIMIT {SHOWN}")  # noqa: S608
        return tuple(Difference(CHECK, *row) for row in cursor.fetchall())
