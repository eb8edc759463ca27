"""Redemption codes as the schema reads them, and their dataloaders."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from django.db.models import Count
from django.utils import timezone
from saleor.channel.models import Channel
from saleor.graphql.core.dataloaders import DataLoader

from saleor_program_budgets import codes
from saleor_program_budgets.models import CodeBatch, RedemptionCode

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.db.models import QuerySet


def batches_in(using: str | None = None) -> QuerySet[CodeBatch]:
    """Return the batches without what is large or secret about them."""
    return CodeBatch.objects.using(using).defer("recipients", "secret")


def codes_in(using: str | None = None) -> QuerySet[Any]:
    """Return the codes, each with its state now."""
    return codes.codes_with_state(RedemptionCode.objects.using(using), at=timezone.now())


class CodeBatchByIdLoader(DataLoader):
    """Batches by id."""

    context_key = "program_budgets_code_batch_by_id"

    def batch_load(self, keys: Iterable[int]) -> list[CodeBatch | None]:
        """Load in one query."""
        keys = list(keys)
        rows = batches_in(self.database_connection_name).in_bulk(keys)
        return [rows.get(key) for key in keys]


class CodeByIdLoader(DataLoader):
    """Codes by id, each with its state now."""

    context_key = "program_budgets_code_by_id"

    def batch_load(self, keys: Iterable[int]) -> list[RedemptionCode | None]:
        """Load in one query."""
        keys = list(keys)
        rows = codes_in(self.database_connection_name).in_bulk(keys)
        return [rows.get(key) for key in keys]


class CountsByCodeBatchIdLoader(DataLoader):
    """How many codes of each batch are in each state now."""

    context_key = "program_budgets_counts_by_code_batch_id"

    def batch_load(self, keys: Iterable[int]) -> list[dict[str, int]]:
        """Load in one query."""
        counts: defaultdict[int, dict[str, int]] = defaultdict(dict)
        rows = (
            codes_in(self.database_connection_name)
            .filter(batch__in=keys)
            .order_by()
            .values("batch_id", "state")
            .annotate(count=Count("pk"))
        )
        for batch_id, state, count in rows.values_list("batch_id", "state", "count"):
            counts[batch_id][state] = count
        return [counts[key] for key in keys]


class ChannelByIdLoader(DataLoader):
    """Channels by id; a deleted one is ``None``. Saleor's own has moved between versions."""

    context_key = "program_budgets_channel_by_id"

    def batch_load(self, keys: Iterable[int]) -> list[Channel | None]:
        """Load in one query."""
        keys = list(keys)
        rows = Channel.objects.using(self.database_connection_name).in_bulk(keys)
        return [rows.get(key) for key in keys]
