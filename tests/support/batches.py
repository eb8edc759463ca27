"""Batches of codes for tests: created, made and handed out in few words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from saleor_program_budgets import codes
from saleor_program_budgets.models import CodeBatch
from tests.support.world import TESTS, usd

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.support.world import World

CREDIT = CodeBatch.Kind.STORE_CREDIT
DISCOUNT = CodeBatch.Kind.DISCOUNT
DOWNLOAD = CodeBatch.Delivery.DOWNLOAD
EMAIL = CodeBatch.Delivery.EMAIL


class Shop:
    """Stands in for the shop's vouchers: which texts stand there."""

    def __init__(self) -> None:
        """Begin with none."""
        self.texts: list[str] = []
        self.withdrawn: list[str] = []

    def publish(self, batch: CodeBatch, texts: Sequence[str]) -> None:
        """Take codes in."""
        self.texts.extend(texts)

    def withdraw(self, texts: Sequence[str]) -> None:
        """Take codes out."""
        self.withdrawn.extend(texts)


def create(world: World, **changes: Any) -> CodeBatch:
    """Create a batch of store credit of 25.00; *changes* replace arguments of ``create_batch``."""
    request = {
        "program": world.program,
        "name": "Spring",
        "kind": CREDIT,
        "delivery": DOWNLOAD,
        "actor": TESTS,
        "at": world.at,
    }
    if changes.get("kind") == DISCOUNT:
        request["voucher_reference"] = "voucher"
    else:
        request["amount"] = usd("25.00")
    return codes.create_batch(**request | changes)


def make(world: World, batch: CodeBatch, *, shop: Shop | None = None, **changes: Any) -> CodeBatch:
    """Make a batch's codes."""
    publish = shop.publish if shop else None
    return codes.generate(batch=batch, publish=publish, at=world.at, **changes)


def made(world: World, *, shop: Shop | None = None, **changes: Any) -> CodeBatch:
    """Create a batch, and make its codes."""
    return make(world, create(world, **changes), shop=shop)


def hand_out(world: World, batch: CodeBatch) -> list[codes.Issued]:
    """Hand a batch's codes out."""
    return codes.hand_out(batch=batch, actor=TESTS, at=world.at)
