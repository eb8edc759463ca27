"""A story as it is lived: a program of its own, its events, its jobs, and what is left of it."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import Min

from saleor_program_budgets import accounts, ledger, programs
from saleor_program_budgets.errors import BudgetError, Refusal
from saleor_program_budgets.models import (
    Account,
    Cap,
    Hold,
    Lot,
    Member,
    Program,
)
from saleor_program_budgets.money import Amount
from tests.properties.late.story import BEGINS, CHECKOUTS, DEPARTMENTS, LASTS, MEMBERS
from tests.support.world import DAY, HOUR, INSTANT, TESTS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from saleor_program_budgets.programs import Store
    from tests.properties.late.story import Event, Story

CHANNEL = "late"


class Life:
    """A world in which a story happens; *is_prompt* says whether its jobs come in time."""

    def __init__(self, story: Story, *, name: str, is_prompt: bool) -> None:
        """Open the program and let everybody but the last join it."""
        self.story = story
        self.name = name
        self.is_prompt = is_prompt
        self.now = BEGINS
        self.number = 0
        root = self._account("root", None)
        self.departments = [self._account(f"d{number}", root) for number in range(DEPARTMENTS)]
        self.rules = dict(story.rules)
        self.program = programs.create_program(
            slug=name, rules=self._rules(), channel_ids=[CHANNEL + name], at=self.now
        )
        self.users = [
            get_user_model().objects.create(username=f"{name}-{number}").pk
            for number in range(MEMBERS)
        ]
        programs.open_program(program=self.program, actor=TESTS, at=self.now)
        self.cap(root, 900_00)
        for user in self.users[:-1]:
            self._enroll([user])
        self.group = programs.create_group(
            program=self.program, name="A group", overrides=self._overrides(), at=self.now
        )
        programs.set_group_members(group=self.group, add=[self._members()[0].pk], at=self.now)

    # What happens

    def live(self) -> list[Any]:
        """Let everything happen, all jobs once more at the end, and return what came of each."""
        outcomes = []
        for number, event in enumerate(self.story.events):
            self.number = number
            self._come_to(self.now + event.hours * HOUR)
            if not self.is_prompt:
                self._come_late(event)
            outcomes.append((self.number, event.kind, self._told(event)))
        self._come_to(self.now + LASTS)
        self._all_jobs()
        return outcomes

    def _told(self, event: Event) -> Any:
        """Return what is told to whoever does it: figures without ids, or why not."""
        do = getattr(self, f"_{event.kind.replace(' ', '_')}")
        try:
            return do(event)
        except Refusal as refusal:
            return refusal.code, str(refusal.requested), str(refusal.available)
        except BudgetError as error:
            return type(error).__name__, str(error)

    def _reserve(self, event: Event) -> Any:
        held = programs.reserve(
            store=self.store,
            user_id=self.users[event.member],
            amount=self._usd(event.amount),
            items=int(self.program.counts_items and event.amount % 3 == 0),
            checkout_id=self._checkout(event.place),
            channel_id=CHANNEL,
            key=self._key("reserve"),
            actor=TESTS,
            at=self.now,
        )
        return held.amount, held.available

    def _settle(self, event: Event) -> Any:
        """Let a checkout become an order, which needs a part of what is held, or all."""
        checkout = self._checkout(event.place)
        user = next(iter(Hold.objects.filter(checkout_id=checkout, order_id="")), None)
        if user is None:
            return None
        held = sum(
            hold.remaining
            for hold in Hold.objects.filter(
                checkout_id=checkout, order_id="", member=user.member, expires_at__gt=self.now
            )
        )
        due, order = self._usd(min(held, event.amount)), f"{checkout}-{self.number}"
        with transaction.atomic():
            programs.bind_to_order(
                store=self.store,
                user_id=user.member.user_id,
                checkout_id=checkout,
                order_id=order,
                due=due,
                at=self.now,
            )
        if event.amount % 5 == 0:
            return due  # it is settled another day, or cancelled before
        return self._settled(
            programs.settle_order(order_id=order, due=due, actor=TESTS, at=self.now)
        )

    def _give_back(self, event: Event) -> Any:
        return self._settled(
            programs.release_checkout(
                checkout_id=self._checkout(event.place),
                keep=self._usd(event.amount) if event.amount % 2 else None,
                cause="given back",
                actor=TESTS,
                at=self.now,
            )
        )

    def _return(self, event: Event) -> Any:
        order = self._order(event)
        if order is None:
            return None
        return self._settled(
            programs.return_order(order_id=order, cause="cancelled", actor=TESTS, at=self.now)
        )

    def _refund(self, event: Event) -> Any:
        order = self._order(event)
        hold = Hold.objects.filter(order_id=order, captured__gt=0).order_by("created_at").first()
        if order is None or hold is None:
            return None
        left = hold.captured - hold.refunded
        return self._settled(
            [
                programs.refund(
                    hold=hold,
                    amount=self._usd(min(event.amount, max(left, 1))),
                    key=self._key("refund"),
                    actor=TESTS,
                    at=self.now,
                    cause="returned",
                )
            ]
        )

    def _grant(self, event: Event) -> Any:
        ends = [None, self.now + DAY, self.now + 40 * DAY, "cycle"][event.place % 4]
        cycle = programs.turn_due(program=self.program, at=self.now)
        return programs.grant(
            member=self._member(event),
            amount=self._usd(event.amount),
            reason="well done",
            expires_at=(cycle.ends_at if cycle else None) if ends == "cycle" else ends,  # type: ignore[arg-type]
            key=self._key("grant"),
            actor=TESTS,
            at=self.now,
        ).total

    def _adjust(self, event: Event) -> Any:
        return programs.adjust(
            member=self._member(event),
            amount=self._usd(event.amount * (1 if event.place % 2 else -1)),
            reason="a correction",
            key=self._key("adjust"),
            actor=TESTS,
            at=self.now,
        ).amount

    def _move(self, event: Event) -> Any:
        account = self.departments[event.place % DEPARTMENTS]
        programs.move_member(member=self._member(event), account=account, at=self.now)

    def _deactivate(self, event: Event) -> Any:
        taken = programs.deactivate_member(member=self._member(event), actor=TESTS, at=self.now)
        return [one.amount for one in taken]

    def _reactivate(self, event: Event) -> Any:
        member = self._member(event)
        if not member.is_active:
            programs.reactivate_member(member=member, actor=TESTS, at=self.now)

    def _enroll_again(self, event: Event) -> Any:
        return len(self._enroll([self.users[event.member]]))

    def _join(self, _: Event) -> Any:
        return len(self._enroll(self.users))

    def _change_rules(self, event: Event) -> Any:
        changes = [
            {"allotment": event.amount},
            {"carries_forward": not self.rules["carries_forward"]},
            {"carry_days": event.amount % 40 + 1, "carry_limit": event.amount},
            {"time_zone": "Asia/Tokyo", "refund_policy": Program.RefundPolicy.GRACE},
        ][event.place % 4]
        before = self.rules
        self.rules = before | changes
        try:
            programs.update_program(program=self.program, rules=self._rules(), at=self.now)
        except BudgetError:
            self.rules = before
            raise

    def _change_groups(self, event: Event) -> Any:
        member = self._member(event).pk
        joins = {"add": [member]} if event.place % 2 else {"remove": [member]}
        return programs.set_group_members(group=self.group, **joins, at=self.now)

    def _set_cap(self, event: Event) -> Any:
        self.cap(self.departments[event.place % DEPARTMENTS], event.amount * 2)

    def _raise_cap(self, event: Event) -> Any:
        programs.turn_due(program=self.program, at=self.now)
        cap = Cap.objects.filter(account__in=self.departments, is_open=True).order_by("id").first()
        if cap is not None:
            programs.raise_cap(
                cap=cap,
                amount=self._usd(event.amount),
                ends_at=self.now + 20 * DAY,
                reason="a busy time",
                key=self._key("raise"),
                actor=TESTS,
                at=self.now,
            )

    # Jobs

    def _come_to(self, instant: dt.datetime) -> None:
        """Let time pass: what is due in between is done at its instant, if jobs are in time.

        Holds expire in time in any case: until then the money is held, job or no job.
        """
        while (due := self._next_due()) is not None and due <= instant:
            self.now = due
            programs.expire_due_holds(at=due)
            if self.is_prompt:
                programs.renew_due(program=self.program, at=due)
                ledger.lapse(actor=TESTS, at=due)
        self.now = instant

    def _next_due(self) -> dt.datetime | None:
        mine = {"limit__member__program": self.program}
        times: list[dt.datetime | None] = [
            Hold.objects.filter(program=self.program, pk__in=ledger.due_holds(at=_FAR)).aggregate(
                first=Min("expires_at")
            )["first"]
        ]
        if self.is_prompt:
            cycle = self.program.cycles.filter(closed_at=None).first()
            times += [
                cycle.ends_at if cycle else None,
                ledger.next_renewal(program=self.program),
                Lot.objects.filter(**mine, expires_at__gt=self.now).aggregate(
                    first=Min("expires_at")
                )["first"],
            ]
        return min((time for time in times if time is not None), default=None)

    def _come_late(self, event: Event) -> None:
        """Let jobs come as the story says: some, with a clock that stopped, in small batches."""
        at = self.now - event.late.hours_ago * HOUR
        if event.late.turns:
            programs.turn_due(program=self.program, at=at)
        if event.late.renews:
            programs.renew_due(program=self.program, at=at, batch=event.late.batch)
        if event.late.lapses:
            ledger.lapse(batch=event.late.batch, actor=TESTS, at=at)

    def _all_jobs(self) -> None:
        programs.expire_due_holds(at=self.now)
        programs.renew_due(program=self.program, at=self.now)
        while ledger.lapse(actor=TESTS, at=self.now):
            pass
        ledger.end_due_raises(at=self.now)

    # Names

    @property
    def store(self) -> Store:
        """The program's store, as a request finds it."""
        store = programs.find_store(channel_id=CHANNEL + self.name)
        assert store is not None
        return store

    def cap(self, account: Account, minor: int) -> None:
        """Set a cap."""
        programs.set_cap(
            account=account,
            program=self.program,
            amount=self._usd(minor),
            reason="a story",
            key=self._key(f"cap-{account.name}"),
            actor=TESTS,
            at=self.now,
        )

    def _account(self, name: str, parent: Account | None) -> Account:
        kind = Account.Kind.DIVISION if parent else Account.Kind.ORGANIZATION
        return accounts.create_account(
            name=name, slug=f"{self.name}-{name}", kind=kind, parent=parent, at=self.now
        )

    def _enroll(self, users: list[int]) -> list[Member]:
        return programs.enroll(
            program=self.program,
            user_ids=users,
            account=self.departments[0],
            actor=TESTS,
            at=self.now,
        )

    def _rules(self) -> programs.Rules:
        rules = self.rules | {"name": self.name, "allotment": self._usd(self.rules["allotment"])}
        if rules["carry_limit"] is not None:
            rules["carry_limit"] = self._usd(rules["carry_limit"])
        if rules["cycle_length"] == Program.CycleLength.CUSTOM:
            rules["cycle_dates"] = [BEGINS + days * DAY for days in (0, 20, 61, 120)]
        if rules["cycle_length"] == Program.CycleLength.WINDOW:
            rules["closes_at"] = BEGINS + 50 * DAY
        return programs.Rules(**rules)

    def _overrides(self) -> programs.Overrides:
        terms = dict(self.story.group)
        if not terms["carries_forward"]:
            terms |= {"carry_limit": None, "carry_days": None}
        for name in ("allotment", "carry_limit"):
            if terms[name] is not None:
                terms[name] = self._usd(terms[name])
        return programs.Overrides(**terms)

    def _members(self) -> list[Member]:
        return list(Member.objects.filter(program=self.program).order_by("pk"))

    def _member(self, event: Event) -> Member:
        members = self._members()
        return members[event.member % len(members)]

    def _checkout(self, place: int) -> str:
        return f"{self.name}-{place % CHECKOUTS}"

    def _order(self, event: Event) -> str | None:
        orders = (
            Hold.objects.filter(program=self.program)
            .exclude(order_id="")
            .order_by("created_at", "order_id")
            .values_list("order_id", flat=True)
        )
        found = list(dict.fromkeys(orders))
        return found[event.place % len(found)] if found else None

    def _key(self, kind: str) -> str:
        return f"{self.name}:{kind}:{self.number}:{self.now.isoformat()}"

    @staticmethod
    def _usd(minor: int) -> Amount:
        return Amount(minor, "USD")

    @staticmethod
    def _settled(settlements: Iterable[ledger.Settlement]) -> Any:
        return [
            (one.amount, one.captured, one.released, one.refunded, one.remaining, one.items)
            for one in settlements
        ]


_FAR = dt.datetime(2100, 1, 1, tzinfo=dt.UTC) - INSTANT
