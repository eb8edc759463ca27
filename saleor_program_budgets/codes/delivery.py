"""How the clear text leaves: as a download, or in an e-mail to each member.

The text of store credit leaves once: with it goes the secret that it is made from, and nobody can
make it again. Discount codes stand in the shop's vouchers in clear, and can be handed out again.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import timedelta
from itertools import chain
from typing import TYPE_CHECKING, Any

from django.db import router, transaction
from django.db.models import F

from saleor_program_budgets.codes import texts
from saleor_program_budgets.codes.generation import lock_name
from saleor_program_budgets.errors import InvalidInput
from saleor_program_budgets.ledger import Actor
from saleor_program_budgets.models import CodeBatch, RedemptionCode
from saleor_program_budgets.programs import jobs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime

    from django.db.models import QuerySet

MAILER = Actor.system("codes")
TRIED_DAYS = 7
MOST_FAILURES = 10
"""So many in a row, and it isn't the recipients."""
SET = 200
"""How many codes are read at once to be sent."""
READ_AT_ONCE = 5_000
DELIVERED = ("status", "secret", "delivered_by", "delivered_at")

_Row = Any
_Status = CodeBatch.Status
_Kind = CodeBatch.Kind
_Delivery = CodeBatch.Delivery


@dataclass(frozen=True, slots=True)
class Issued:
    """A code in clear, and whom it is for: ``email`` and ``name`` are their user's of today."""

    number: int
    member_id: int
    user_reference: str
    email: str
    name: str
    text: str


def hand_out(*, batch: CodeBatch, actor: Actor, at: datetime) -> list[Issued]:
    """Return a batch's codes in clear, without the revoked ones, and note that they have left.

    Those of store credit once: raises ``InvalidInput`` (code ``ALREADY_DELIVERED``) when they
    have left before, and for codes that go by e-mail. Also while they are being made, and for a
    revoked batch. Brings *batch* up to date.
    """
    with transaction.atomic(using=router.db_for_write(CodeBatch)):
        row = CodeBatch.objects.select_for_update(no_key=True).defer("recipients").get(pk=batch.pk)
        _require_made(row)
        if row.kind == _Kind.STORE_CREDIT:
            _require_undelivered(row)
        sets = _in_sets(row.codes.filter(revoked_at=None), READ_AT_ONCE)
        issued = list(_issued(row, chain.from_iterable(sets)))
        if row.status == _Status.READY and row.delivery == _Delivery.DOWNLOAD:
            row.status = _Status.DELIVERED
            row.secret = None
            row.delivered_by = str(actor)
            row.delivered_at = at
            row.save(update_fields=DELIVERED)
    batch.refresh_from_db(fields=DELIVERED)
    return issued


def send(
    *,
    batch: CodeBatch,
    deliver: Callable[[Issued], None],
    at: datetime,
    budget_seconds: float | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> CodeBatch:
    """Hand each code of an e-mail batch to *deliver*; once all are sent, the batch is DELIVERED.

    As long as it is READY, call it again: it goes on where it stopped. A code is noted as sent
    when *deliver* has returned, so that a crash may send one twice, and loses none. Who has no
    address any more gets none: ``sent`` then stays below ``total``.

    A code for which *deliver* raises is tried again after all others, and keeps none of them
    waiting; the error is raised when the run ends, or at once after 10 in a row. Once the codes
    are made for 7 days, what still fails is given up: its batch is DELIVERED without it.

    Raises ``InvalidInput`` for a batch that isn't made or isn't sent by e-mail, and
    ``AlreadyRunning``.
    """
    begun = time.monotonic()
    with jobs.only_one(lock_name(batch)):
        batch.refresh_from_db(fields=["status", "secret", "delivery", "total", "made_at"])
        if batch.status == _Status.DELIVERED:
            return batch
        _require_made(batch)
        if batch.delivery != _Delivery.EMAIL:
            raise InvalidInput("batch", "These codes are handed out as a download.")
        sent = batch.codes.exclude(sent_at=None).count()
        CodeBatch.objects.filter(pk=batch.pk).update(sent=sent)  # a crash may have left it behind
        sending = _Sending(batch, deliver, at)
        for found in _unsent(batch, at):
            if not sending.send_set(found):
                break
            if progress is not None:
                progress(found[-1].number, batch.total)
            if budget_seconds is not None and time.monotonic() - begun >= budget_seconds:
                break
        else:
            if sending.error is None or _is_given_up(batch, at):
                _finish(batch, at)
        batch.refresh_from_db(fields=[*DELIVERED, "sent"])
        if sending.error is not None and batch.status == _Status.READY:
            raise sending.error
    return batch


def _require_made(batch: CodeBatch) -> None:
    if batch.status == _Status.GENERATING:
        raise InvalidInput("batch", "The codes are still being made.")
    if batch.status == _Status.REVOKED:
        raise InvalidInput("batch", "The codes were revoked.")


def _require_undelivered(batch: CodeBatch) -> None:
    if batch.delivery == _Delivery.EMAIL:
        raise InvalidInput("batch", "These codes are sent by e-mail, each to its member.")
    if batch.status == _Status.DELIVERED:
        raise InvalidInput(
            "batch",
            "These codes were handed out before, and their text is kept nowhere. Reissue the batch"
            " to have new ones in their place.",
            code="ALREADY_DELIVERED",
        )


def _in_sets(codes: QuerySet[RedemptionCode], size: int) -> Iterator[list[_Row]]:
    """Yield a batch's codes with whom they are for, in order: rows, since there may be many."""
    rows = codes.order_by("number").values_list(
        "pk",
        "number",
        "member_id",
        "digest",
        "text",
        "name",
        "member__user_reference",
        "member__user__email",
        "member__user__first_name",
        "member__user__last_name",
        named=True,
    )
    last = 0
    while found := list(rows.filter(number__gt=last)[:size]):
        last = found[-1].number
        yield found


def _issued(batch: CodeBatch, codes: Iterable[_Row]) -> Iterator[Issued]:
    """Yield *codes*, from ``_in_sets()``, in clear."""
    secret = b"" if batch.kind == _Kind.DISCOUNT else texts.secret_of(batch)
    for code in codes:
        names = (code.member__user__first_name, code.member__user__last_name)
        yield Issued(
            number=code.number,
            member_id=code.member_id,
            user_reference=code.member__user_reference,
            email=code.member__user__email or "",
            name=" ".join(name for name in names if name),
            text=code.text
            or texts.text_again(
                batch=batch,
                secret=secret,
                number=code.number,
                name=code.name,
                digest=bytes(code.digest),
            ),
        )


def _unsent(batch: CodeBatch, at: datetime) -> Iterator[list[_Row]]:
    """Yield what is to be sent; first what wasn't tried yet, then what failed before this run."""
    unsent = batch.codes.filter(sent_at=None, revoked_at=None)
    yield from _in_sets(unsent.filter(send_failed_at=None), SET)
    yield from _in_sets(unsent.filter(send_failed_at__lt=at), SET)


class _Sending:
    """One run of sending; ``error`` is what failed last."""

    def __init__(self, batch: CodeBatch, deliver: Callable[[Issued], None], at: datetime) -> None:
        self.error: Exception | None = None
        self._batch, self._deliver, self._at = batch, deliver, at
        self._failed_in_a_row = 0

    def send_set(self, codes: list[_Row]) -> bool:
        """Send these codes; says whether to go on: not once too many failed, or all is revoked."""
        sent = 0
        try:
            for code, issued in zip(codes, _issued(self._batch, codes), strict=True):
                if issued.email and self._is_sent(code, issued):
                    sent += 1
                if self._failed_in_a_row == MOST_FAILURES:
                    break
        finally:
            under_way = CodeBatch.objects.filter(pk=self._batch.pk, status=_Status.READY)
            is_under_way = under_way.update(sent=F("sent") + sent) == 1
        return is_under_way and self._failed_in_a_row < MOST_FAILURES

    def _is_sent(self, code: _Row, issued: Issued) -> bool:
        found = RedemptionCode.objects.filter(pk=code.pk, sent_at=None)
        try:
            self._deliver(issued)
        except Exception as error:  # noqa: BLE001 whatever a deliverer raises; it is raised later
            found.update(send_failed_at=self._at)
            self.error = error
            self._failed_in_a_row += 1
            return False
        self._failed_in_a_row = 0
        return found.update(sent_at=self._at, send_failed_at=None) == 1


def _is_given_up(batch: CodeBatch, at: datetime) -> bool:
    return batch.made_at is not None and batch.made_at <= at - timedelta(days=TRIED_DAYS)


def _finish(batch: CodeBatch, at: datetime) -> None:
    CodeBatch.objects.filter(pk=batch.pk, status=_Status.READY).update(
        status=_Status.DELIVERED, secret=None, delivered_by=str(MAILER), delivered_at=at
    )
