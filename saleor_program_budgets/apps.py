"""The Django app."""

from __future__ import annotations

from django.apps import AppConfig, apps


class ProgramBudgetsConfig(AppConfig):
    """Register the core's tables, and the host ring where there is a Saleor to host it."""

    name = "saleor_program_budgets"
    label = "program_budgets"
    verbose_name = "Program budgets"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Install the host ring; the core alone needs nothing at start-up."""
        if apps.is_installed("saleor.core"):
            from saleor_program_budgets import tasks
            from saleor_program_budgets.interfaces import startup

            startup.install(
                config=self,
                record_refusal=tasks.record_refusal.delay,
                record_attempt=tasks.record_attempt.delay,
            )
