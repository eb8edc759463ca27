"""Celery tasks: thin, bounded, safe to run twice. Their schedules stand in plugin.toml."""

from __future__ import annotations

import functools
import logging
from datetime import datetime
from typing import Any

from django.utils import timezone
from saleor.celeryconf import app
from saleor.checkout.models import Checkout
from saleor.core.db.connection import allow_writer

from saleor_program_budgets import codes, figures, ledger, programs, roster
from saleor_program_budgets.interfaces import (
    batches,
    code_mail,
    customer_events,
    housekeeping,
    invitations,
    issuing,
    notifications,
    orders,
    reconciliation,
    roster_files,
    totals,
    transactions,
    voucher_usage,
    vouchers,
)
from saleor_program_budgets.ledger import Actor
from saleor_program_budgets.models import JobRun, Program
from saleor_program_budgets.money import Amount
from saleor_program_budgets.programs import jobs, upkeep

logger = logging.getLogger(__name__)

WAIT_FOR_ANOTHER_SECONDS = 30


@app.task
@allow_writer()
def expire_holds() -> int:
    """Expire holds whose time is up, and tell Saleor."""
    return reconciliation.expire_holds(at=timezone.now())


@app.task
@allow_writer()
def end_raises() -> int:
    """Record the end of temporary raises that are over."""
    return ledger.end_due_raises(at=timezone.now())


@app.task
@allow_writer()
def reconcile() -> dict[str, int]:
    """Settle and report what a crash left undone."""
    repaired = reconciliation.reconcile(at=timezone.now())
    counts = {
        "settled": repaired.settled,
        "returned": repaired.returned,
        "reported": repaired.reported,
    }
    if any(counts.values()):
        logger.warning("Reconciliation repaired %s", counts)
    return counts


@app.task
@allow_writer()
def verify() -> bool:
    """Prove the ledger and the figures; every difference is logged as an error."""
    verification = figures.prove()
    for difference in verification.differences:
        logger.error("The ledger contradicts its journal: %s", difference)
    return verification.is_clean


@app.task
@allow_writer()
def seal() -> int:
    """Chain what was posted since the last run; the new heads are logged, to be kept elsewhere."""
    sealed = ledger.seal(at=timezone.now())
    for head in sealed.heads:
        logger.info("Sealed the journal: %s", head)
    if sealed.ending is not ledger.Ending.COMPLETE:
        logger.warning("Not all of the journal is sealed: %s", sealed.ending)
    return sealed.postings


@app.task
@allow_writer()
def fold_figures() -> dict[str, Any] | None:
    """Add what has changed to the totals of figures."""
    return _result_of(figures.fold(at=timezone.now()))


@app.task
@allow_writer()
def renew() -> dict[str, Any] | None:
    """End the cycles that are over and renew their members."""
    return _result_of(upkeep.renew_programs(at=timezone.now()))


@app.task
@allow_writer()
def lapse() -> dict[str, Any] | None:
    """Record what has lapsed."""
    return _result_of(upkeep.lapse_lots(at=timezone.now()))


@app.task
@allow_writer()
def close_programs() -> dict[str, Any] | None:
    """Close the programs whose window is over."""
    return _result_of(upkeep.close_programs(at=timezone.now()))


@app.task
@allow_writer()
def sweep_leavers() -> dict[str, Any] | None:
    """Bring memberships in line with Saleor's users."""
    return _result_of(upkeep.sweep_leavers(at=timezone.now()))


@app.task
@allow_writer()
def remind() -> dict[str, Any] | None:
    """Remind members of what lapses soon."""
    return _result_of(notifications.send_reminders(at=timezone.now()))


@app.task
@allow_writer()
def go_on_with_adjustment(adjustment_id: int, undo_reason: str | None, actor: str) -> None:
    """Apply or undo an adjustment; asks for another run while lines are left."""
    again = functools.partial(
        go_on_with_adjustment.apply_async, (adjustment_id, undo_reason, actor)
    )
    try:
        is_left = batches.go_on(
            adjustment_id=adjustment_id,
            undo_reason=undo_reason,
            actor=batches.actor_named(actor),
            at=timezone.now(),
        )
    except jobs.AlreadyRunning:
        again(countdown=WAIT_FOR_ANOTHER_SECONDS)
        return
    if is_left:
        again()


@app.task
@allow_writer()
def go_on_with_codes(batch_id: int, *, waits: bool = True) -> None:
    """Make a batch's codes, or send them; asks for another run while any are left.

    Beside another run for the program it *waits*, or leaves it at that.
    """
    again = functools.partial(go_on_with_codes.apply_async, (batch_id,), {"waits": waits})
    try:
        is_left = issuing.go_on(batch_id=batch_id, at=timezone.now())
    except jobs.AlreadyRunning:
        if waits:
            again(countdown=WAIT_FOR_ANOTHER_SECONDS)
        return
    if is_left:
        again()


@app.task
@allow_writer()
def resume_codes() -> int:
    """Take up the batches of codes whose task was lost."""
    return issuing.resume(at=timezone.now())


@app.task
@allow_writer()
def complete_credits() -> dict[str, Any] | None:
    """Grant what was redeemed by a code and, after a crash, not granted."""
    return _result_of(issuing.complete_credits(at=timezone.now()))


@app.task
@allow_writer()
def watch_codes() -> dict[str, Any] | None:
    """Alarm staff about batches of codes that seem to have leaked."""
    return _result_of(code_mail.watch_codes(at=timezone.now()))


@app.task
@allow_writer()
def purge() -> dict[str, Any] | None:
    """Forget what was kept for a while only."""
    return _result_of(housekeeping.purge(at=timezone.now()))


@app.task
@allow_writer()
def go_on_with_import(
    import_id: int, confirmed_leavers: int | None, actor: str, *, waits: bool = True
) -> None:
    """Apply a file of people; asks for another run while any of it is left.

    Beside another file it *waits*, or leaves it at that.
    """
    again = functools.partial(
        go_on_with_import.apply_async, (import_id, confirmed_leavers, actor), {"waits": waits}
    )
    try:
        is_left = roster_files.go_on(
            import_id=import_id,
            confirmed_leavers=confirmed_leavers,
            actor=batches.actor_named(actor),
            at=timezone.now(),
        )
    except jobs.AlreadyRunning:
        if waits:
            again(countdown=WAIT_FOR_ANOTHER_SECONDS)
        return
    if is_left:
        again()


@app.task
@allow_writer()
def resume_imports() -> int:
    """Take up the files of people whose task was lost."""
    return roster_files.resume()


@app.task
@allow_writer()
def apply_planned() -> dict[str, Any] | None:
    """Let what was planned for people happen that is due."""
    return _result_of(roster.apply_planned(at=timezone.now()))


@app.task
@allow_writer()
def settle_people() -> dict[str, Any] | None:
    """Bring memberships in line with people, where a crash kept that from being done."""
    return _result_of(roster.settle_people(at=timezone.now()))


@app.task
@allow_writer()
def invite() -> dict[str, Any] | None:
    """Invite people whom a roster made to set a password."""
    return _result_of(invitations.invite(at=timezone.now()))


@app.task
@allow_writer()
def announce_customers(method: str, users: list[int]) -> int:
    """Tell plugins and webhooks of customers; says for how many it failed."""
    return customer_events.tell(method=method, users=users)


def _result_of(record: JobRun | None) -> dict[str, Any] | None:
    """Return what a run did, for Celery's own log; ``None`` where another one is under way."""
    return record.result if record is not None else None


@app.task
@allow_writer()
def settle_order(order_id: str) -> int:
    """Bring an order's holds in line with the order."""
    return orders.settle(order_id=order_id, actor=Actor.system("orders"), at=timezone.now())


@app.task
@allow_writer()
def trim_checkout(checkout_id: str) -> int:
    """Give back what is held for a checkout beyond its total; returns how many holds shrank."""
    checkout = Checkout.objects.filter(pk=checkout_id).first()
    if checkout is None:
        return 0
    store = programs.find_store(channel_id=str(checkout.channel_id))
    if store is None:
        return 0
    released = programs.release_checkout(
        checkout_id=str(checkout.pk),
        keep=totals.refreshed_due_of_checkout(program=store.program, checkout=checkout),
        keep_items=totals.items_of_checkout(program=store.program, checkout=checkout),
        cause="the checkout's total went down",
        actor=Actor.system("trimming"),
        at=timezone.now(),
    )
    for settlement in released:
        transactions.report(settlement.hold_id)
    return len(released)


@app.task
@allow_writer()
def restore_codes() -> int:
    """Bring discount codes and what Saleor has and notes of them in line."""
    vouchers.revoke_orphans(at=timezone.now())
    restored = voucher_usage.restore(at=timezone.now())
    if restored:
        logger.info("%s redemption codes were brought in line", restored)
    return restored


@app.task
@allow_writer()
def record_attempt(described: dict[str, Any]) -> None:
    """Write down a redemption code that was refused inside a transaction of Saleor's."""
    codes.record_described(described)


@app.task
@allow_writer()
def record_refusal(
    *,
    code: str,
    program_id: int,
    user_id: int | None,
    requested: int | None,
    available: int | None,
    unit: str,
    channel_id: str,
    checkout_id: str,
    order_id: str,
    at: str,
) -> None:
    """Write down a refusal that was raised inside a transaction of Saleor's."""
    program = Program.objects.get(pk=program_id)
    ledger.record_refusal(
        code=code,
        requested=None if requested is None else Amount(requested, unit),
        available=None if available is None else Amount(available, unit),
        program=program,
        member=programs.find_member(program=program, user_id=user_id),
        user_reference=str(user_id or ""),
        channel_id=channel_id,
        checkout_id=checkout_id,
        order_id=order_id,
        actor=Actor("user", str(user_id or "anonymous")),
        at=datetime.fromisoformat(at),
    )
