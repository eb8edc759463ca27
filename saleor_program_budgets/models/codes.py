"""Redemption codes: issued in batches, each for one member, redeemed once."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from saleor_program_budgets.models.accounts import Account
from saleor_program_budgets.models.programs import Member, MemberGroup, Program


class CodeBatch(models.Model):
    """Codes made in one run, one for each of ``recipients`` (member ids), in their order.

    Once all of its ``total`` codes are made they say whom they are for, and the list is emptied.
    A code is its batch's ``prefix``, the member's name if it ``has_name``, and ``pattern`` with
    each X replaced by a random symbol. ``secret``, encrypted, is what the codes are made from; it
    is forgotten once their clear text has left, when nothing but digests is kept of it.

    A DISCOUNT code stands for a code of the shop's voucher ``voucher_reference``; a STORE_CREDIT
    code grants ``amount_minor`` of the program's currency, which lapses ``credit_days`` after the
    redemption, or at ``credit_expires_at``, or with the member's period. No code is redeemed from
    ``expires_at`` on.
    """

    class Kind(models.TextChoices):
        """What a code is worth."""

        DISCOUNT = "discount"
        STORE_CREDIT = "store_credit"

    class Source(models.TextChoices):
        """Whom the codes are for."""

        PROGRAM = "program"
        ACCOUNT = "account"
        GROUP = "group"
        LIST = "list"
        REISSUE = "reissue"

    class Delivery(models.TextChoices):
        """How the clear text leaves, once."""

        DOWNLOAD = "download"
        EMAIL = "email"

    class Status(models.TextChoices):
        """How far the run has come. READY: all codes are made; DELIVERED: they have left."""

        GENERATING = "generating"
        READY = "ready"
        DELIVERED = "delivered"
        REVOKED = "revoked"

    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="code_batches")
    name = models.CharField(max_length=250)
    kind = models.CharField(max_length=16, choices=Kind.choices)
    source = models.CharField(max_length=16, choices=Source.choices)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, null=True, related_name="+")
    group = models.ForeignKey(MemberGroup, on_delete=models.SET_NULL, null=True, related_name="+")
    replaces = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="+")
    delivery = models.CharField(max_length=16, choices=Delivery.choices)
    status = models.CharField(max_length=16, choices=Status.choices, default=Status.GENERATING)
    prefix = models.CharField(max_length=20, blank=True)
    pattern = models.CharField(max_length=64)
    has_name = models.BooleanField(default=False)
    amount_minor = models.BigIntegerField(null=True, blank=True)
    credit_days = models.PositiveIntegerField(null=True, blank=True)
    credit_expires_at = models.DateTimeField(null=True, blank=True)
    voucher_reference = models.CharField(max_length=36, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    recipients = ArrayField(models.BigIntegerField(), default=list, blank=True)
    total = models.PositiveIntegerField(default=0)
    secret = models.BinaryField(null=True)
    made = models.PositiveIntegerField(default=0)
    made_at = models.DateTimeField(null=True, blank=True)
    sent = models.PositiveIntegerField(default=0)
    rejected = models.JSONField(default=list)
    rejected_count = models.PositiveIntegerField(default=0)
    error = models.CharField(max_length=500, blank=True)
    created_by = models.CharField(max_length=64)
    created_at = models.DateTimeField()
    delivered_by = models.CharField(max_length=64, blank=True)
    delivered_at = models.DateTimeField(null=True, blank=True)
    revoked_by = models.CharField(max_length=64, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoke_reason = models.CharField(max_length=500, blank=True)
    leak_noticed_at = models.DateTimeField(null=True, blank=True)
    leak_dismissed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-id",)
        indexes = (models.Index(fields=("program", "id"), name="code_batch_program"),)
        constraints = (
            models.CheckConstraint(
                condition=Q(kind="discount", amount_minor=None) & ~Q(voucher_reference="")
                | Q(kind="store_credit", amount_minor__gt=0, voucher_reference=""),
                name="code_batch_worth_one_thing",
            ),
            models.CheckConstraint(
                condition=Q(credit_days=None) | Q(credit_expires_at=None),
                name="code_batch_credit_lapses_once",
            ),
            models.CheckConstraint(
                condition=Q(status__in=("generating", "ready")) | Q(secret=None),
                name="code_batch_forgets_its_secret",
            ),
        )

    def __str__(self) -> str:
        return f"code batch {self.pk}"


class RedemptionCode(models.Model):
    """One code, issued to one member; their user alone redeems it, once.

    ``digest`` is the keyed digest of its symbols. ``text`` is there for discount codes alone, as
    the shop's vouchers have it; ``name`` is what stands in it of the member's. Whether it is
    redeemed is said by its standing ``CodeRedemption``.
    """

    class State(models.TextChoices):
        """What has become of a code: worked out for an instant, and kept nowhere."""

        ACTIVE = "active"
        REDEEMED = "redeemed"
        REVOKED = "revoked"
        EXPIRED = "expired"

    batch = models.ForeignKey(
        CodeBatch, on_delete=models.PROTECT, related_name="codes", db_index=False
    )
    number = models.PositiveIntegerField()
    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="redemption_codes")
    digest = models.BinaryField(max_length=32, unique=True)
    text = models.CharField(max_length=255, blank=True)
    name = models.CharField(max_length=10, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    send_failed_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_by = models.CharField(max_length=64, blank=True)
    revoke_reason = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ("batch_id", "number")
        constraints = (models.UniqueConstraint(fields=("batch", "number"), name="code_once"),)
        indexes = (models.Index(fields=("text",), name="code_text", condition=~Q(text="")),)

    def __str__(self) -> str:
        return f"{self.batch_id}/{self.number}"


class CodeRedemption(models.Model):
    """That a code was redeemed: for an order, or by the posting that granted its credit.

    It stands until it is ``returned_at``; a code has one standing redemption at most. Store
    credit is due from ``redeemed_at`` on, and granted when ``posting_id`` is there.
    """

    code = models.ForeignKey(RedemptionCode, on_delete=models.PROTECT, related_name="redemptions")
    user_reference = models.CharField(max_length=36)
    order_id = models.CharField(max_length=36, blank=True)
    checkout_id = models.CharField(max_length=36, blank=True)
    posting_id = models.BigIntegerField(null=True, blank=True)
    redeemed_at = models.DateTimeField()
    returned_at = models.DateTimeField(null=True, blank=True)
    return_cause = models.CharField(max_length=100, blank=True)

    class Meta:
        ordering = ("id",)
        constraints = (
            models.UniqueConstraint(
                fields=("code",), condition=Q(returned_at=None), name="code_redeemed_once"
            ),
        )
        indexes = (
            models.Index(
                fields=("order_id",), name="code_redemption_order", condition=~Q(order_id="")
            ),
            models.Index(
                fields=("id",),
                name="code_credit_due",
                condition=Q(posting_id=None, order_id="", returned_at=None),
            ),
        )

    def __str__(self) -> str:
        return f"redemption {self.pk}"


class CodeAttempt(models.Model):
    """A try that was refused: who tried whose code where, and the true reason.

    ``code`` is empty for a text that is no code of ours; ``digest`` tells equal texts from others.
    Without constraints to other tables: writing one down costs the same whatever was tried.
    """

    class Reason(models.TextChoices):
        """Why it was refused; the shopper is told the same for all of them."""

        UNKNOWN = "unknown"
        LOCKED_OUT = "locked_out"
        NOT_YOURS = "not_yours"
        ANONYMOUS = "anonymous"
        WRONG_STORE = "wrong_store"
        PROGRAM_CLOSED = "program_closed"
        INACTIVE_MEMBER = "inactive_member"
        REVOKED = "revoked"
        EXPIRED = "expired"
        REDEEMED = "redeemed"

    class Place(models.TextChoices):
        """Where it was tried."""

        CHECKOUT = "checkout"
        COMPLETION = "completion"
        ACCOUNT = "account"
        DRAFT = "draft"
        BULK = "bulk"

    code = models.ForeignKey(
        RedemptionCode,
        on_delete=models.DO_NOTHING,
        null=True,
        related_name="attempts",
        db_constraint=False,
    )
    batch = models.ForeignKey(
        CodeBatch,
        on_delete=models.DO_NOTHING,
        null=True,
        related_name="attempts",
        db_constraint=False,
        db_index=False,
    )
    digest = models.BinaryField(max_length=32)
    reason = models.CharField(max_length=16, choices=Reason.choices)
    place = models.CharField(max_length=16, choices=Place.choices)
    user_reference = models.CharField(max_length=36, blank=True)
    actor = models.CharField(max_length=64, blank=True)
    address = models.GenericIPAddressField(null=True)
    channel_id = models.CharField(max_length=36, blank=True)
    checkout_id = models.CharField(max_length=36, blank=True)
    order_id = models.CharField(max_length=36, blank=True)
    tried_at = models.DateTimeField()

    class Meta:
        ordering = ("-id",)
        indexes = (
            models.Index(
                fields=("batch", "tried_at"),
                name="code_attempt_batch",
                condition=Q(batch__isnull=False),
            ),
            models.Index(fields=("tried_at",), name="code_attempt_time"),
        )

    def __str__(self) -> str:
        return f"attempt {self.pk}"


class CodeLockout(models.Model):
    """That a user, an address or a checkout tried too often: no code is taken until it ends."""

    class Subject(models.TextChoices):
        """What is locked out."""

        USER = "user"
        ADDRESS = "address"
        CHECKOUT = "checkout"

    subject = models.CharField(max_length=16, choices=Subject.choices)
    value = models.CharField(max_length=64)
    tries = models.PositiveIntegerField()
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    released_at = models.DateTimeField(null=True, blank=True)
    released_by = models.CharField(max_length=64, blank=True)

    class Meta:
        ordering = ("-id",)
        indexes = (
            models.Index(fields=("subject", "value", "ends_at"), name="code_lockout_subject"),
        )

    def __str__(self) -> str:
        return f"{self.subject} {self.value}"
