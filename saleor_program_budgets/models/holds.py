"""Holds: budget reserved for one checkout or order until it is captured or given back."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import F, Q

from saleor_program_budgets.models.accounts import Account
from saleor_program_budgets.models.limits import Limit, Lot
from saleor_program_budgets.models.programs import Cycle, Member, Program


class Hold(models.Model):
    """A reservation: ``remaining = amount - captured - released``.

    Checkouts, orders and channels are named by opaque ids: Saleor deletes checkouts, and the
    hold outlives them. A hold with an ``order_id`` is *bound*: the order exists, so the hold no
    longer expires by time.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    key = models.CharField(max_length=255, unique=True)
    program = models.ForeignKey(Program, on_delete=models.PROTECT)
    cycle = models.ForeignKey(Cycle, on_delete=models.PROTECT)
    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="holds")
    account = models.ForeignKey(Account, on_delete=models.PROTECT)
    unit = models.CharField(max_length=16)
    amount = models.BigIntegerField()
    captured = models.BigIntegerField(default=0)
    released = models.BigIntegerField(default=0)
    refunded = models.BigIntegerField(default=0)
    checkout_id = models.CharField(max_length=36, blank=True)
    order_id = models.CharField(max_length=36, blank=True)
    bound_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField()
    created_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(captured__gte=0) & Q(released__gte=0) & Q(refunded__gte=0),
                name="hold_nothing_negative",
            ),
            models.CheckConstraint(condition=Q(amount__gt=0), name="hold_amount_positive"),
            models.CheckConstraint(
                condition=Q(amount__gte=F("captured") + F("released")),
                name="hold_settled_once",
            ),
            models.CheckConstraint(
                condition=Q(captured__gte=F("refunded")),
                name="hold_refunds_within_captures",
            ),
        )
        indexes = (
            models.Index(
                fields=("checkout_id",),
                name="hold_checkout",
                condition=~Q(checkout_id=""),
            ),
            models.Index(fields=("order_id",), name="hold_order", condition=~Q(order_id="")),
            models.Index(
                fields=("expires_at",),
                name="hold_due",
                condition=Q(order_id="", amount__gt=F("captured") + F("released")),
            ),
        )

    def __str__(self) -> str:
        return str(self.id)

    @property
    def remaining(self) -> int:
        """Minor units still held."""
        return self.amount - self.captured - self.released


class HoldLot(models.Model):
    """What a hold pinned of one lot, in order of consumption."""

    hold = models.ForeignKey(Hold, on_delete=models.PROTECT, related_name="lots")
    lot = models.ForeignKey(Lot, on_delete=models.PROTECT)
    position = models.PositiveSmallIntegerField()
    amount = models.BigIntegerField()
    captured = models.BigIntegerField(default=0)
    released = models.BigIntegerField(default=0)
    refunded = models.BigIntegerField(default=0)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("hold", "position"), name="hold_lot_position_once"),
            models.CheckConstraint(
                condition=Q(amount__gte=F("captured") + F("released"))
                & Q(captured__gte=F("refunded"))
                & Q(captured__gte=0)
                & Q(released__gte=0)
                & Q(refunded__gte=0),
                name="hold_lot_settled_once",
            ),
        )

    def __str__(self) -> str:
        return f"{self.hold_id}/{self.position}"


class HoldLimit(models.Model):
    """A cap that a hold was taken under; it stays there when the member moves."""

    hold = models.ForeignKey(Hold, on_delete=models.PROTECT, related_name="caps")
    limit = models.ForeignKey(Limit, on_delete=models.PROTECT)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("hold", "limit"), name="hold_limit_once"),)

    def __str__(self) -> str:
        return f"{self.hold_id}/{self.limit_id}"
