"""The account tree: organization, division, team, location, to any depth."""

from __future__ import annotations

from uuid import uuid4

from django.db import models
from tree_queries.models import TreeNode


class Account(TreeNode):  # type: ignore[django-manager-missing] # of the abstract parent
    """A node of the tree; caps stand on accounts, members belong to one.

    Other systems know it by ``external_id`` and ``key``, and see by ``version`` that it, or who
    belongs to it, has changed. One that was removed by such a system takes nobody any more.
    """

    class Kind(models.TextChoices):
        """What the node stands for; the rules are the same for all of them."""

        ORGANIZATION = "organization"
        DIVISION = "division"
        TEAM = "team"
        LOCATION = "location"

    parent = models.ForeignKey(
        "self", blank=True, null=True, on_delete=models.PROTECT, related_name="children"
    )
    name = models.CharField(max_length=250)
    slug = models.SlugField(max_length=255, unique=True)
    kind = models.CharField(max_length=16, choices=Kind.choices)
    key = models.UUIDField(default=uuid4, unique=True, editable=False)
    external_id = models.CharField(max_length=255, blank=True)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField(null=True, blank=True)
    removed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("name", "id")

    def __str__(self) -> str:
        return self.name
