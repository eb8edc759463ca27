"""What the plugin does on its own: schedules, its App, the version check, its tasks."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
import saleor
from django.conf import settings
from django.core.checks import run_checks
from django.utils import timezone
from saleor.app.models import App
from saleor.celeryconf import app as celery

from saleor_program_budgets import ledger, programs, tasks
from saleor_program_budgets.interfaces import startup
from saleor_program_budgets.interfaces.dashboard.app import register
from saleor_program_budgets.interfaces.identity import GATEWAY_ID
from saleor_program_budgets.manifest import manifest
from saleor_program_budgets.models import Cap, Hold, Limit, Posting, Raise
from tests.host.support.shop import ACTOR, balance_of, usd

if TYPE_CHECKING:
    from saleor_program_budgets.models import Member
    from tests.host.support.shop import ProgramStore, Shopper

pytestmark = pytest.mark.django_db


def test_every_schedule_names_a_task_that_celery_knows() -> None:
    celery.loader.import_default_modules()

    for schedule in manifest().schedules:
        entry = settings.CELERY_BEAT_SCHEDULE[f"program-budgets-{schedule.name}"]
        assert entry == {"task": schedule.task, "schedule": float(schedule.seconds)}
        assert schedule.task in celery.tasks


def test_a_merchants_own_schedule_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    own = {"program-budgets-reconcile": {"task": "x", "schedule": 5.0}}
    monkeypatch.setattr(settings, "CELERY_BEAT_SCHEDULE", own)

    startup.schedule_jobs()

    assert own["program-budgets-reconcile"] == {"task": "x", "schedule": 5.0}
    assert set(own) == {f"program-budgets-{schedule.name}" for schedule in manifest().schedules}


@pytest.mark.parametrize("version", ["3.21.0", "3.24.0-a.0", "3.24.9"])
def test_supported_saleor_passes_the_check(monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    monkeypatch.setattr(saleor, "__version__", version)

    assert [check for check in run_checks() if check.id == startup.UNSUPPORTED] == []


@pytest.mark.parametrize("version", ["3.20.120", "3.25.0", "4.0.0"])
def test_unsupported_saleor_is_named(monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    monkeypatch.setattr(saleor, "__version__", version)

    (check,) = (check for check in run_checks() if check.id == startup.UNSUPPORTED)

    assert f"this is Saleor {version}" in check.msg
    assert "3.21 up to, but not including, 3.25" in check.msg


def test_app_is_registered_once_and_follows_the_manifest() -> None:
    App.objects.filter(identifier=GATEWAY_ID).delete()

    first, again = register(), register()

    assert first == again
    app = App.objects.get(identifier=GATEWAY_ID)
    assert (app.name, app.version, app.type) == (
        manifest().name,
        manifest().version,
        "thirdparty",
    )
    assert app.is_active


def test_deactivated_app_stays_inactive_and_a_removed_one_removed() -> None:
    app = register()
    assert app is not None
    App.objects.update(is_active=False)
    register()
    app.refresh_from_db()
    assert not app.is_active

    App.objects.update(removed_at=timezone.now())

    assert register() is None
    assert App.objects.filter(identifier=GATEWAY_ID).count() == 1


def test_expiry_task_expires_what_is_due(shopper: Shopper, member: Member) -> None:
    shopper.apply(shopper.checkout())
    Hold.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

    assert tasks.expire_holds() == 1
    assert balance_of(member).available == 30_000


def test_raises_task_ends_what_is_over(store: ProgramStore) -> None:
    at = timezone.now()
    cap = store.cap(store.department, 10_000)
    programs.raise_cap(
        cap=cap,
        amount=usd(5_000),
        ends_at=at + timedelta(hours=1),
        reason="fair",
        key="raise",
        actor=ACTOR,
        at=at,
    )
    assert tasks.end_raises() == 0
    Raise.objects.update(ends_at=timezone.now())

    assert tasks.end_raises() == 1
    assert tasks.end_raises() == 0
    cap = Cap.objects.get()
    assert (cap.ceiling, cap.raised, cap.raise_ends_at) == (10_000, 0, None)


def test_verify_task_logs_each_difference(member: Member, caplog: Any) -> None:
    assert tasks.verify() is True

    Limit.objects.filter(member=member).update(ceiling=1)

    assert tasks.verify() is False
    logged = [
        (record.levelname, record.args[0].check)
        for record in caplog.records
        if record.name == tasks.__name__
    ]
    assert logged == [
        ("ERROR", "members_match_lots"),
        ("ERROR", "figures_match_ledger"),
    ]


def test_seal_task_seals_what_was_posted_and_logs_the_heads(member: Member, caplog: Any) -> None:
    caplog.set_level("INFO", logger=tasks.__name__)

    assert tasks.seal() == Posting.objects.count() > 0
    assert tasks.seal() == 0

    logged = [record.message for record in caplog.records if record.name == tasks.__name__]
    assert logged == [f"Sealed the journal: {head}" for head in ledger.heads()]


def test_seal_task_says_when_it_could_not(monkeypatch: pytest.MonkeyPatch, caplog: Any) -> None:
    stopped = ledger.Sealed(0, (), ledger.Ending.POSTING_UNDER_WAY)
    monkeypatch.setattr(ledger, "seal", lambda **_: stopped)

    assert tasks.seal() == 0

    [record] = [record for record in caplog.records if record.name == tasks.__name__]
    assert (record.levelname, record.message) == (
        "WARNING",
        "Not all of the journal is sealed: a posting was under way for too long",
    )


def test_trimming_a_checkout_that_is_gone_or_ordinary_does_nothing(
    shopper: Shopper, member: Member
) -> None:
    checkout = shopper.checkout()
    pk = str(checkout.pk)
    checkout.delete()

    assert tasks.trim_checkout(pk) == 0
