"""Seals: blocks of the journal, each chained to the one before it."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models

from saleor_program_budgets.models.programs import Program


class Seal(models.Model):
    """A block of one program's postings (or of those of no program), in order of id.

    ``digests`` has one for each of ``posting_ids``, over the posting and its entries. ``digest``
    is over this row and the ``previous`` one's digest, so that nothing sealed can be changed
    without changing every later seal.
    """

    program = models.ForeignKey(
        Program, on_delete=models.PROTECT, null=True, related_name="seals", db_index=False
    )
    number = models.BigIntegerField()
    posting_ids = ArrayField(models.BigIntegerField())
    last_posting_id = models.BigIntegerField(unique=True)
    digests = ArrayField(models.BinaryField())
    previous = models.BinaryField()
    digest = models.BinaryField()
    sealed_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=models.Q(number__gte=1), name="seal_number_counts_from_one"
            ),
            models.UniqueConstraint(
                fields=("program", "number"), nulls_distinct=False, name="seal_number_once"
            ),
        )

    def __str__(self) -> str:
        return f"{self.program_id}/{self.number}"
