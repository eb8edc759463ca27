"""Dataloaders: a page of any list costs the same number of queries as one row."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, ClassVar

from django.conf import settings
from django.db.models import Min
from django.utils import timezone
from promise import Promise
from saleor.channel.models import Channel
from saleor.core.db.connection import allow_writer, allow_writer_in_context
from saleor.graphql.core.dataloaders import DataLoader

from saleor_program_budgets import ledger
from saleor_program_budgets.models import (
    Account,
    Cap,
    Cycle,
    Lot,
    Member,
    Program,
    ProgramChannel,
)
from saleor_program_budgets.programs import find_stores, up_to_date

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.db.models import Model


class _ById(DataLoader):
    """Rows of one model by primary key; a missing one is ``None``."""

    model: ClassVar[type[Model]]

    def batch_load(self, keys: Iterable[Any]) -> list[Any]:
        """Load in one query."""
        keys = list(keys)
        rows = self.model._default_manager.using(self.database_connection_name).in_bulk(keys)
        return [rows.get(key) for key in keys]


class ProgramByIdLoader(_ById):
    """Programs by id."""

    context_key = "program_budgets_program_by_id"
    model = Program


class AccountByIdLoader(_ById):
    """Accounts by id."""

    context_key = "program_budgets_account_by_id"
    model = Account


class MemberByIdLoader(_ById):
    """Members by id."""

    context_key = "program_budgets_member_by_id"
    model = Member


class CycleByIdLoader(_ById):
    """Cycles by id."""

    context_key = "program_budgets_cycle_by_id"
    model = Cycle


class LotByIdLoader(DataLoader):
    """Lots by id, each with the limit that says its unit."""

    context_key = "program_budgets_lot_by_id"

    def batch_load(self, keys: Iterable[int]) -> list[Lot | None]:
        """Load in one query."""
        keys = list(keys)
        lots = Lot.objects.using(self.database_connection_name).select_related("limit")
        rows = lots.in_bulk(keys)
        return [rows.get(key) for key in keys]


class OpenCycleByProgramIdLoader(DataLoader):
    """The open cycle of each program, or ``None``."""

    context_key = "program_budgets_open_cycle_by_program_id"

    def batch_load(self, keys: Iterable[int]) -> list[Cycle | None]:
        """Load in one query; the database allows one open cycle a program."""
        cycles = Cycle.objects.using(self.database_connection_name).filter(
            program_id__in=keys, closed_at=None
        )
        by_program = {cycle.program_id: cycle for cycle in cycles}
        return [by_program.get(key) for key in keys]


class BalanceByMemberLoader(DataLoader):
    """Each member's balance now, by (member id, program id)."""

    context_key = "program_budgets_balance_by_member"
    in_items: ClassVar[bool] = False

    def batch_load(self, keys: Iterable[tuple[int, int]]) -> Promise[list[ledger.Balance]]:
        """Load the open cycles in one query, then the balances in one per cycle."""
        keys = list(keys)
        members: defaultdict[int, list[int]] = defaultdict(list)
        for member_id, program_id in keys:
            members[program_id].append(member_id)

        def with_cycles(cycles: list[Cycle | None]) -> list[ledger.Balance]:
            found: dict[int, ledger.Balance] = {}
            with allow_writer_in_context(self.context):
                for member_ids, cycle in zip(members.values(), cycles, strict=True):
                    found |= ledger.balances(
                        members=member_ids,
                        cycle=cycle,
                        at=timezone.now(),
                        in_items=self.in_items,
                        using=self.database_connection_name,
                    )
            return [found.get(member_id, ledger.Balance()) for member_id, _ in keys]

        cycles = OpenCycleByProgramIdLoader(self.context).load_many(list(members))
        return cycles.then(with_cycles)


class ItemsByMemberLoader(BalanceByMemberLoader):
    """Each member's balance in pieces now, by (member id, program id)."""

    context_key = "program_budgets_items_by_member"
    in_items = True


class MembershipsByUserIdLoader(DataLoader):
    """A user's memberships in programs that have left draft, in order of joining.

    Each says when it ``renews_at``. What is due is renewed on the spot, as for a purchase; a
    program that was closed rests.
    """

    context_key = "program_budgets_memberships_by_user_id"

    def batch_load(self, keys: Iterable[int]) -> list[list[Member]]:
        """Load in one query, with program and account."""
        keys = list(keys)
        members, at = self._load(keys, self.database_connection_name), timezone.now()
        behind = [
            each
            for each in members
            if each.renews_at
            and each.renews_at <= at
            and each.program.status == Program.Status.OPEN
        ]
        if behind:
            with allow_writer():
                for member in behind:
                    up_to_date(member, at=at)
                members = self._load(keys, settings.DATABASE_CONNECTION_DEFAULT_NAME)
        by_user: defaultdict[int | None, list[Member]] = defaultdict(list)
        for member in members:
            by_user[member.user_id].append(member)
        return [by_user[key] for key in keys]

    @staticmethod
    def _load(keys: list[int], using: str) -> list[Any]:
        return list(
            Member.objects.using(using)
            .filter(user_id__in=keys)
            .exclude(program__status=Program.Status.DRAFT)
            .select_related("program", "account")
            .annotate(renews_at=Min("limits__renews_at"))
            .order_by("joined_at", "pk")
        )


class LotsByMemberIdLoader(DataLoader):
    """A member's lots in the order in which they are consumed."""

    context_key = "program_budgets_lots_by_member_id"

    def batch_load(self, keys: Iterable[int]) -> list[list[Lot]]:
        """Load in one query: by expiry, never-expiring last, then by age."""
        by_member: defaultdict[int | None, list[Lot]] = defaultdict(list)
        lots = (
            Lot.objects.using(self.database_connection_name)
            .filter(limit__member_id__in=keys)
            .select_related("limit")
            .order_by("expires_at", "created_at", "pk")
        )
        for lot in lots:
            by_member[lot.limit.member_id].append(lot)
        return [by_member[key] for key in keys]


class ChildrenByAccountIdLoader(DataLoader):
    """The accounts directly below each account."""

    context_key = "program_budgets_children_by_account_id"

    def batch_load(self, keys: Iterable[int]) -> list[list[Account]]:
        """Load in one query, by name."""
        by_parent: defaultdict[int | None, list[Account]] = defaultdict(list)
        children = (
            Account.objects.using(self.database_connection_name)
            .without_tree_fields()
            .filter(parent_id__in=keys)
            .order_by("name", "pk")
        )
        for child in children:
            by_parent[child.parent_id].append(child)
        return [by_parent[key] for key in keys]


class CapsByAccountIdLoader(DataLoader):
    """The caps that stand on each account now."""

    context_key = "program_budgets_caps_by_account_id"

    def batch_load(self, keys: Iterable[int]) -> list[list[Cap]]:
        """Load in one query: open caps, for all programs first."""
        by_account: defaultdict[int | None, list[Cap]] = defaultdict(list)
        with allow_writer_in_context(self.context):
            caps = ledger.caps_on(
                accounts=keys, at=timezone.now(), using=self.database_connection_name
            )
        for cap in sorted(caps, key=lambda cap: (cap.program_id is not None, cap.pk)):
            by_account[cap.account_id].append(cap)
        return [by_account[key] for key in keys]


class ChannelsByProgramIdLoader(DataLoader):
    """The channels that each program is the store of."""

    context_key = "program_budgets_channels_by_program_id"

    def batch_load(self, keys: Iterable[int]) -> list[list[Channel]]:
        """Load in two queries; a channel deleted in Saleor is left out."""
        links = list(
            ProgramChannel.objects.using(self.database_connection_name)
            .filter(program_id__in=keys)
            .order_by("pk")
        )
        channels = Channel.objects.using(self.database_connection_name).in_bulk(
            [int(link.channel_id) for link in links]
        )
        by_program: defaultdict[int, list[Channel]] = defaultdict(list)
        for link in links:
            channel = channels.get(int(link.channel_id))
            if channel is not None:
                by_program[link.program_id].append(channel)
        return [by_program[key] for key in keys]


class StoreByChannelIdLoader(DataLoader):
    """The program store that each channel is, or ``None``."""

    context_key = "program_budgets_store_by_channel_id"

    def batch_load(self, keys: Iterable[int]) -> list[Any]:
        """Ask the core once for all channels."""
        stores = find_stores(
            channel_ids=[str(key) for key in keys], using=self.database_connection_name
        )
        return [stores.get(str(key)) for key in keys]
