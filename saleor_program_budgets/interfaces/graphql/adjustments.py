"""The dataloader for adjustments of many members."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from django.db.models import Count, Sum
from saleor.graphql.core.dataloaders import DataLoader

from saleor_program_budgets.models import AdjustmentLine

if TYPE_CHECKING:
    from collections.abc import Iterable


class TotalsByAdjustmentIdLoader(DataLoader):
    """Per adjustment: by status how many lines there are, and their sum in minor units."""

    context_key = "program_budgets_totals_by_adjustment_id"

    def batch_load(self, keys: Iterable[int]) -> list[dict[str, tuple[int, int]]]:
        """Load in one query."""
        totals: defaultdict[int, dict[str, tuple[int, int]]] = defaultdict(dict)
        rows = (
            AdjustmentLine.objects.using(self.database_connection_name)
            .filter(adjustment_id__in=keys)
            .order_by()
            .values("adjustment_id", "status")
            .annotate(count=Count("pk"), total=Sum("amount"))
            .values_list("adjustment_id", "status", "count", "total")
        )
        for adjustment_id, status, count, total in rows:
            totals[adjustment_id][status] = (count, total)
        return [totals[key] for key in keys]
