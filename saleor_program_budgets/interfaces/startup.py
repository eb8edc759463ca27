"""What the host ring does once, when Django is ready."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core import checks
from django.db.models.signals import post_migrate

from saleor_program_budgets.interfaces import gates
from saleor_program_budgets.interfaces.dashboard import app
from saleor_program_budgets.interfaces.graphql import graft
from saleor_program_budgets.manifest import manifest

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.apps import AppConfig

UNSUPPORTED = "program_budgets.W001"


def install(
    *,
    config: AppConfig,
    record_refusal: Callable[..., object],
    record_attempt: Callable[..., object],
) -> None:
    """Extend the schema, connect the gate, schedule the jobs, register the App on migrate."""
    graft.install()
    gates.install(record_refusal=record_refusal, record_attempt=record_attempt)
    schedule_jobs()
    post_migrate.connect(
        _register_app, sender=config, dispatch_uid="saleor_program_budgets.register_app"
    )
    checks.register(check_saleor_version)


def schedule_jobs() -> None:
    """Put the manifest's schedules where Saleor's beat finds them; a merchant's own win."""
    for schedule in manifest().schedules:
        settings.CELERY_BEAT_SCHEDULE.setdefault(
            f"program-budgets-{schedule.name}",
            {"task": schedule.task, "schedule": float(schedule.seconds)},
        )


def check_saleor_version(**_: Any) -> list[checks.CheckMessage]:
    """Name a Saleor version that this release of the plugin wasn't made for."""
    from saleor import __version__

    supported = manifest().saleor
    if supported.includes(__version__):
        return []
    at_least = ".".join(map(str, supported.minimum))
    below = ".".join(map(str, supported.below))
    return [
        checks.Warning(
            f"Program Budgets {manifest().version} supports Saleor {at_least} up to, but not "
            f"including, {below}; this is Saleor {__version__}.",
            hint="Install a release of saleor-program-budgets made for this Saleor.",
            id=UNSUPPORTED,
        )
    ]


def _register_app(sender: AppConfig, using: str, **_: Any) -> None:
    app.register(using=using)
