"""Refused tries: written down for staff with the true reason, and watched for leaks."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db.models import Count, F, Q

from saleor_program_budgets.codes.callers import Caller
from saleor_program_budgets.codes.digests import digest_of
from saleor_program_budgets.codes.lookup import RUN
from saleor_program_budgets.codes.symbols import LONGEST_TYPED, canonical
from saleor_program_budgets.codes.throttle import count_wrong
from saleor_program_budgets.errors import InvalidInput
from saleor_program_budgets.ledger import Actor
from saleor_program_budgets.models import CodeAttempt, CodeBatch, CodeLockout

if TYPE_CHECKING:
    from django.db.models import Model, QuerySet

    from saleor_program_budgets.codes.lookup import Found

Reason = CodeAttempt.Reason

LEAK_CODES = 5
"""So many different codes of a batch, tried by others within a day, are no mistake."""
LEAK_HOURS = 24
KEPT_UNKNOWN_DAYS = 30
KEPT_DAYS = 400
"""A year's, and some more: who looks back at a campaign finds it."""
PURGE_BATCH = 5_000


def record_refused(
    *,
    text: str,
    found: Found | None,
    reason: CodeAttempt.Reason,
    caller: Caller,
    at: datetime,
) -> CodeAttempt:
    """Write a refused try down, and count it; the same work whatever the reason."""
    return record_described(
        describe_refused(text=text, found=found, reason=reason, caller=caller, at=at)
    )


def describe_refused(
    *,
    text: str,
    found: Found | None,
    reason: CodeAttempt.Reason,
    caller: Caller,
    at: datetime,
) -> dict[str, Any]:
    """Return a refused try as JSON, for who writes it down later, with ``record_described``.

    Where the refusal rolls a transaction back, that has to happen outside of it. What was typed
    isn't in it.
    """
    return {
        "digest": _digest(text, found).hex(),
        "code": found.code.pk if found else None,
        "batch": found.code.batch_id if found else None,
        "reason": reason.value,
        "user": caller.user_id,
        "actor": [caller.actor.kind, caller.actor.reference],
        "channel": caller.channel_id,
        "place": caller.place.value,
        "address": caller.address,
        "checkout": caller.checkout_id,
        "order": caller.order_id,
        "at": at.isoformat(),
    }


def record_described(described: dict[str, Any]) -> CodeAttempt:
    """Write a described try down, and count it: one row, and the counters of the throttle."""
    caller = Caller(
        user_id=described["user"],
        actor=Actor(*described["actor"]),
        channel_id=described["channel"],
        place=CodeAttempt.Place(described["place"]),
        address=described["address"],
        checkout_id=described["checkout"],
        order_id=described["order"],
    )
    at = datetime.fromisoformat(described["at"])
    address = caller.network_address
    attempt = CodeAttempt.objects.create(
        code_id=described["code"],
        batch_id=described["batch"],
        digest=bytes.fromhex(described["digest"]),
        reason=described["reason"],
        place=caller.place,
        user_reference="" if caller.user_id is None else str(caller.user_id),
        actor=str(caller.actor),
        address=None if address is None else str(address),
        channel_id=caller.channel_id,
        checkout_id=caller.checkout_id,
        order_id=caller.order_id,
        tried_at=at,
    )
    count_wrong(caller, at)
    return attempt


def _digest(text: str, found: Found | None) -> bytes:
    """Return by what equal texts are told from others, also those that can't be a code."""
    if found is not None:
        return bytes(found.code.digest)
    symbols = canonical(text)
    if symbols is None:
        # As ASCII, since what a browser sends needn't be characters at all.
        symbols = text[: LONGEST_TYPED + 1].encode("unicode_escape").decode("ascii")
    return digest_of(symbols)


def watch(*, at: datetime) -> list[CodeBatch]:
    """Return the batches that seem to have leaked by *at*; each once, until staff dismiss it.

    Of such a batch five different codes were tried by others than their members within a day,
    since the last alarm was dismissed.
    """
    tried = CodeAttempt.objects.filter(
        # An alarm that was given stands until it is dismissed; then what came later counts.
        Q(batch__leak_noticed_at=None) | Q(tried_at__gt=F("batch__leak_dismissed_at")),
        batch__isnull=False,
        # Members who forget to sign in are anonymous too: of many of them nothing has leaked.
        reason=Reason.NOT_YOURS,
        tried_at__gt=at - timedelta(hours=LEAK_HOURS),
        tried_at__lte=at,
    )
    by_batch = tried.order_by().values("batch").annotate(codes=Count("code", distinct=True))
    leaking = by_batch.filter(codes__gte=LEAK_CODES).values_list("batch", flat=True)
    quiet = Q(leak_noticed_at=None) | Q(leak_dismissed_at__isnull=False)
    noticed = [
        pk
        for pk in sorted(leaking)
        if CodeBatch.objects.filter(quiet, pk=pk).update(leak_noticed_at=at, leak_dismissed_at=None)
    ]
    found = CodeBatch.objects.filter(pk__in=noticed).select_related("program").order_by("pk")
    return list(found.defer(*RUN))


def dismiss_leak(*, batch: CodeBatch, at: datetime) -> CodeBatch:
    """Note that staff have seen the alarm; repeating it changes nothing.

    From then on tries count towards a new one. Raises ``InvalidInput`` where there was none.
    """
    noticed = CodeBatch.objects.filter(pk=batch.pk, leak_noticed_at__isnull=False)
    noticed.filter(leak_dismissed_at=None).update(leak_dismissed_at=at)
    batch.refresh_from_db(fields=["leak_noticed_at", "leak_dismissed_at"])
    if batch.leak_noticed_at is None:
        raise InvalidInput("batch", "There is no alarm about this batch.")
    return batch


def purge(*, at: datetime, batch: int = PURGE_BATCH) -> int:
    """Forget tries of unknown codes after 30 days, all others and lock-outs after 400.

    Set by set, each a transaction of its own; returns how many rows that were.
    """
    long_ago = at - timedelta(days=KEPT_DAYS)
    unknown = CodeAttempt.objects.filter(
        reason=Reason.UNKNOWN, tried_at__lte=at - timedelta(days=KEPT_UNKNOWN_DAYS)
    )
    return (
        _forget(unknown.order_by("tried_at"), batch)
        + _forget(CodeAttempt.objects.filter(tried_at__lte=long_ago).order_by("tried_at"), batch)
        + _forget(CodeLockout.objects.filter(ends_at__lte=long_ago).order_by("pk"), batch)
    )


def _forget[Row: Model](rows: QuerySet[Row], batch: int) -> int:
    forgotten = 0
    while found := list(rows.values_list("pk", flat=True)[:batch]):
        rows.model._default_manager.filter(pk__in=found).delete()
        forgotten += len(found)
    return forgotten
