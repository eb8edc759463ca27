"""The same hold by the ORM: what one would write without database functions.

One transaction: lock the member's budget and the caps in the ledger's order, check in Python, and
write what the ledger writes: hold, pin, posting, entries and outcome, and the figures of lot and
limits. Caps are one row each: shares need a lock that skips what others hold.
"""

from collections.abc import Callable, Sequence
from uuid import uuid4

from django.db import transaction
from django.db.models import Q

from dev.bench.crowd import Purchase, Workload
from dev.bench.purchases import CHECKOUT, EXPIRES_AT
from dev.bench.world import ACTOR, AT, Stage
from saleor_program_budgets.ledger.database import fingerprint
from saleor_program_budgets.models import (
    Account,
    Entry,
    Hold,
    HoldLot,
    Limit,
    Lot,
    Member,
    Outcome,
    Posting,
)

_CENT = 1


def holds(name: str, stage: Stage, member_of: Callable[[int], Member]) -> Workload:
    """Return the workload, each client with a member of its own."""

    def prepare(client: int) -> Purchase:
        member_id = member_of(client).pk
        return lambda: _hold(member_id, stage)

    return Workload(name, prepare)


@transaction.atomic
def _hold(member_id: int, stage: Stage) -> None:
    key = uuid4().hex
    budget = Limit.objects.select_for_update().get(kind=Limit.Kind.MEMBER, member_id=member_id)
    if Outcome.objects.filter(key=key).exists():
        return
    member = Member.objects.get(pk=member_id)
    if not member.is_active:
        raise ValueError("the member is inactive")
    lot = _usable_lot(budget)
    caps = list(
        Limit.objects.select_for_update()
        .filter(
            Q(program=None) | Q(program=stage.program, cycle=stage.cycle),
            kind=Limit.Kind.CAP,
            account__in=_with_ancestors(member.account_id),
            unit=budget.unit,
            is_open=True,
        )
        .order_by("lock_rank", "pk")
    )
    if any(limit.ceiling - limit.held - limit.spent < _CENT for limit in (budget, *caps)):
        raise ValueError("nothing is left")
    _write(key=key, member=member, stage=stage, budget=budget, lot=lot, caps=caps)


def _usable_lot(budget: Limit) -> Lot:
    usable = Lot.objects.filter(Q(expires_at=None) | Q(expires_at__gt=AT), limit=budget)
    for lot in usable.order_by("expires_at", "created_at", "id"):
        if lot.available >= _CENT:
            return lot
    raise ValueError("nothing is left")


def _with_ancestors(account_id: int) -> list[int]:
    ancestors = Account.objects.ancestors(account_id, include_self=True)
    return list(ancestors.values_list("pk", flat=True))


def _write(
    *, key: str, member: Member, stage: Stage, budget: Limit, lot: Lot, caps: Sequence[Limit]
) -> None:
    of = {
        "program": stage.program,
        "cycle": stage.cycle,
        "member": member,
        "account_id": member.account_id,
        "unit": budget.unit,
        "amount": _CENT,
        "checkout_id": CHECKOUT,
    }
    hold = Hold.objects.create(
        id=uuid4(),
        key=key,
        shares=[cap.pk for cap in caps],
        expires_at=EXPIRES_AT,
        created_at=AT,
        **of,
    )
    HoldLot.objects.create(hold=hold, lot=lot, position=1, amount=_CENT)
    posting = Posting.objects.create(
        kind=Posting.Kind.HOLD, hold=hold, actor=str(ACTOR), at=AT, created_at=AT, **of
    )
    entries = _lines(posting, budget, lot, lot.available, lot.held)
    lot.held += _CENT
    lot.save(update_fields=["held"])
    for limit in (budget, *caps):
        if limit.kind == Limit.Kind.CAP:
            available = limit.ceiling - limit.held - limit.spent
            entries += _lines(posting, limit, None, available, limit.held)
        limit.held += _CENT
        limit.save(update_fields=["held"])
    Entry.objects.bulk_create(entries)
    Outcome.objects.create(
        key=key,
        fingerprint=bytes.fromhex(fingerprint("hold", {"key": key, "member": member.pk})),
        result={"status": "held", "hold": str(hold.pk), "posting": posting.pk, "amount": _CENT},
        created_at=AT,
    )


def _lines(
    posting: Posting, limit: Limit, lot: Lot | None, available: int, held: int
) -> list[Entry]:
    return [
        Entry(
            posting=posting,
            limit=limit,
            lot=lot,
            bucket=bucket,
            amount=amount,
            balance_before=before,
            balance_after=before + amount,
        )
        for bucket, amount, before in (
            (Entry.Bucket.AVAILABLE, -_CENT, available),
            (Entry.Bucket.HELD, _CENT, held),
        )
    ]
