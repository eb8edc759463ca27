"""Check constraints, written so that they cost little.

PostgreSQL reads a table's constraints anew for each statement that writes to it, and evaluates
all of them for each row: on the tables of a purchase that was more than half of the work. One
constraint over one expression takes a fraction of several over many (docs/benchmarks.md).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models.functions import Least
from django.db.models.lookups import GreaterThanOrEqual

if TYPE_CHECKING:
    from django.db.models.expressions import Combinable


def none_negative(*figures: Combinable, name: str) -> models.CheckConstraint:
    """Return the constraint that none of *figures* (columns or sums of them) is below zero."""
    least = Least(*figures, output_field=models.BigIntegerField())
    return models.CheckConstraint(condition=GreaterThanOrEqual(least, 0), name=name)
