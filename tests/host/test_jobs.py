"""Jobs in Saleor's Celery: each is scheduled, leaves a record, and may run twice."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone

from saleor_program_budgets import ledger, tasks
from saleor_program_budgets.manifest import manifest
from saleor_program_budgets.models import JobRun, Lot, Program
from tests.host.graphql.queries import data_of
from tests.host.support.cycles import end_cycle
from tests.host.support.shop import balance_of

JOBS = """
{ programBudgetJobs(first: 10) { edges { node { name state done result error finishedAt } } } }
"""
SCHEDULED = {
    "fold-figures": 60,
    "renew": 60,
    "close-programs": 60,
    "sweep-leavers": 300,
    "lapse": 3600,
    "remind": 3600,
    "resume-codes": 300,
    "complete-credits": 60,
    "watch-codes": 300,
    "apply-planned": 60,
    "settle-people": 300,
    "resume-imports": 300,
    "invite": 60,
    "purge": 86400,
}


@pytest.fixture
def client(staff_api_client, permission_manage_gift_card):
    staff_api_client.user.user_permissions.add(permission_manage_gift_card)
    return staff_api_client


def runs_seen(client):
    return [edge["node"] for edge in data_of(client, JOBS)["edges"]]


def test_each_job_is_scheduled() -> None:
    schedules = {schedule.name: schedule for schedule in manifest().schedules}

    assert {name: schedules[name].seconds for name in SCHEDULED} == SCHEDULED
    for name in SCHEDULED:
        entry = settings.CELERY_BEAT_SCHEDULE[f"program-budgets-{name}"]
        assert entry["task"].rpartition(".")[2] == name.replace("-", "_")
        assert hasattr(tasks, name.replace("-", "_"))


def test_renewing_twice_changes_nothing_more(client, store, member) -> None:
    end_cycle(store)

    first, second = tasks.renew(), tasks.renew()

    assert first is not None
    assert second is not None
    [program] = first["programs"]
    assert (program["granted"], program["lapsed"], second["programs"]) == (30_000, 30_000, [])
    assert balance_of(member).available == 30_000
    [_, run] = runs_seen(client)
    assert (run["name"], run["state"], run["done"], run["error"]) == ("renew", "FINISHED", 1, "")
    assert json.loads(run["result"]) == first
    assert ledger.verify().differences == ()


def test_lapse_records_what_expired(client, store, member) -> None:
    Lot.objects.update(expires_at=timezone.now() - timedelta(hours=1))

    assert tasks.lapse() == {"limits": 1, "is_complete": True}
    assert tasks.lapse() == {"limits": 0, "is_complete": True}

    assert Lot.objects.get().lapsed == 30_000
    assert [run["name"] for run in runs_seen(client)] == ["lapse", "lapse"]


def test_programs_close_by_themselves(client, store, member) -> None:
    store.change(closes_at=timezone.now() - timedelta(seconds=1))

    assert tasks.close_programs() == {"closed": ["acme"]}
    assert tasks.close_programs() == {"closed": []}

    store.program.refresh_from_db()
    assert store.program.status == Program.Status.CLOSED


def test_states_of_runs(client, db) -> None:
    now = timezone.now()
    long_ago = now - timedelta(hours=1)
    JobRun.objects.create(name="renew", started_at=long_ago, heartbeat_at=long_ago)
    JobRun.objects.create(name="renew", started_at=now, heartbeat_at=now)
    JobRun.objects.create(
        name="renew", started_at=now, heartbeat_at=now, finished_at=now, error="ValueError: no"
    )
    JobRun.objects.create(name="renew", started_at=now, heartbeat_at=now, finished_at=now)

    assert [run["state"] for run in runs_seen(client)] == ["FINISHED", "FAILED", "RUNNING", "LOST"]
