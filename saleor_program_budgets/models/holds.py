"""Holds: budget reserved for one checkout or order until it is captured or given back.

They carry ids of members and programs without foreign key constraints, as the journal does: a
constraint would lock a row that every purchase shares. ``verify`` looks for ids that name nothing.
"""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from saleor_program_budgets.models.accounts import Account
from saleor_program_budgets.models.constraints import none_negative
from saleor_program_budgets.models.limits import Lot
from saleor_program_budgets.models.programs import Cycle, Member, Program

REMAINS = Q(
    amount__gt=F("captured")
    + F("released")
    + F("items_captured")
    + F("items_released")
    - F("items")
)
"""Holds that still reserve something."""


class Hold(models.Model):
    """A reservation of money and of items; of each, ``remaining = amount - captured - released``.

    ``shares`` are the rows of caps that it was taken under; it stays there when the member moves.
    Checkouts, orders and channels are named by opaque ids: Saleor deletes checkouts, and the
    hold outlives them. A hold with an ``order_id`` is *bound*: the order exists, so the hold no
    longer expires by time.
    """

    id = models.UUIDField(primary_key=True, editable=False)
    key = models.CharField(max_length=255)
    program = models.ForeignKey(
        Program, on_delete=models.PROTECT, db_constraint=False, db_index=False
    )
    cycle = models.ForeignKey(Cycle, on_delete=models.PROTECT, db_constraint=False, db_index=False)
    member = models.ForeignKey(
        Member, on_delete=models.PROTECT, db_constraint=False, related_name="holds"
    )
    account = models.ForeignKey(
        Account, on_delete=models.PROTECT, db_constraint=False, db_index=False
    )
    unit = models.CharField(max_length=16)
    amount = models.BigIntegerField()
    captured = models.BigIntegerField(default=0)
    released = models.BigIntegerField(default=0)
    refunded = models.BigIntegerField(default=0)
    items = models.BigIntegerField(default=0)
    items_captured = models.BigIntegerField(default=0)
    items_released = models.BigIntegerField(default=0)
    items_refunded = models.BigIntegerField(default=0)
    shares = ArrayField(models.BigIntegerField(), default=list)
    checkout_id = models.CharField(max_length=36, blank=True)
    order_id = models.CharField(max_length=36, blank=True)
    bound_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField()
    created_at = models.DateTimeField()

    class Meta:
        constraints = (
            # Something is held, is settled once, and refunds stay within captures.
            none_negative(
                F("amount") + F("items") - models.Value(1, output_field=models.BigIntegerField()),
                F("refunded"),
                F("released"),
                F("captured") - F("refunded"),
                F("amount") - F("captured") - F("released"),
                F("items_refunded"),
                F("items_released"),
                F("items_captured") - F("items_refunded"),
                F("items") - F("items_captured") - F("items_released"),
                name="hold_settled_once",
            ),
        )
        indexes = (
            models.Index(fields=("checkout_id",), name="hold_checkout"),
            models.Index(fields=("order_id",), name="hold_order", condition=~Q(order_id="")),
            models.Index(
                fields=("expires_at",), name="hold_due", condition=REMAINS & Q(order_id="")
            ),
            models.Index(
                fields=("created_at",), name="hold_unsettled", condition=REMAINS & ~Q(order_id="")
            ),
            models.Index(fields=("program", "created_at"), name="hold_program"),
            models.Index(fields=("account", "created_at"), name="hold_account"),
        )

    def __str__(self) -> str:
        return str(self.id)

    @property
    def remaining(self) -> int:
        """Minor units still held."""
        return self.amount - self.captured - self.released

    @property
    def items_remaining(self) -> int:
        """Items still held."""
        return self.items - self.items_captured - self.items_released


class HoldLot(models.Model):
    """What a hold pinned of one lot, in order of consumption."""

    hold = models.ForeignKey(
        Hold, on_delete=models.PROTECT, db_constraint=False, db_index=False, related_name="lots"
    )
    lot = models.ForeignKey(Lot, on_delete=models.PROTECT, db_constraint=False, db_index=False)
    position = models.PositiveSmallIntegerField()
    amount = models.BigIntegerField()
    captured = models.BigIntegerField(default=0)
    released = models.BigIntegerField(default=0)
    refunded = models.BigIntegerField(default=0)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("hold", "position"), name="hold_lot_position_once"),
            none_negative(
                F("refunded"),
                F("released"),
                F("captured") - F("refunded"),
                F("amount") - F("captured") - F("released"),
                name="hold_lot_settled_once",
            ),
        )

    def __str__(self) -> str:
        return f"{self.hold_id}/{self.position}"
