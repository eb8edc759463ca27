"""Runs of jobs: when each ran, how far it came, and what it did."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import models
from django.db.models import Q

from saleor_program_budgets.models.programs import Program

SILENCE = timedelta(minutes=10)
"""A run that was heard of this long ago, and has not finished, has died."""


class JobRun(models.Model):
    """One run of a job; ``done`` of ``total`` is as far as it has come."""

    name = models.CharField(max_length=64)
    program = models.ForeignKey(Program, on_delete=models.CASCADE, null=True, related_name="runs")
    started_at = models.DateTimeField()
    heartbeat_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    done = models.PositiveBigIntegerField(default=0)
    total = models.PositiveBigIntegerField(null=True, blank=True)
    result = models.JSONField(default=dict)
    error = models.TextField(blank=True)

    class Meta:
        ordering = ("-id",)
        indexes = (
            models.Index(fields=("name", "id"), name="job_run_name"),
            models.Index(
                fields=("name", "started_at"), name="job_run_open", condition=Q(finished_at=None)
            ),
        )

    def __str__(self) -> str:
        return f"{self.name} {self.pk}"

    def has_died(self, *, at: datetime) -> bool:
        """Say whether the run stopped without a word: nothing was heard of it for minutes."""
        return self.finished_at is None and self.heartbeat_at <= at - SILENCE
