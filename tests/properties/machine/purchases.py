"""Rules about holding, and about settling what is held."""

from __future__ import annotations

import datetime as dt
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from saleor_program_budgets import ledger, programs
from saleor_program_budgets.models import Hold, Member, Program
from saleor_program_budgets.programs.orders import renewal_at
from tests.properties.books import digest
from tests.properties.machine.bench import PLACES, SELDOM, Bench, cents, observed
from tests.properties.reference.rows import ITEM, MONEY, Refused
from tests.properties.reference.rows import Hold as ModelHold

MONEYS = st.one_of(st.integers(0, 20), st.integers(1, 20), st.integers(1, 60))
ITEMS = st.sampled_from([0, 0, 1, 2, 3])
SUMS = st.one_of(st.tuples(MONEYS, ITEMS), st.tuples(st.just(0), st.integers(1, 3)))
WHOLES = st.sampled_from(["", "", "money", "items", "both"])


class PurchaseRules(Bench):
    """Hold, capture, release, expire, refund."""

    @rule(
        place=PLACES,
        asked=SUMS,
        minutes=st.sampled_from([30, 60, 120]),
        checkout=PLACES,
        order=PLACES,
    )
    def hold(
        self, place: int, asked: tuple[int, int], minutes: int, checkout: int, order: int
    ) -> None:
        """Hold money, items or both for a checkout, or (one in four) for an order that stands."""
        amount, items = asked
        member, person = self.person(place)
        expires_at = self.world.at + dt.timedelta(minutes=minutes)
        for_order = order % 4 == 0 and bool(self.orders)
        request = {
            "member": member,
            "cycle": self.cycles[person.program],
            "items": items,
            "checkout_id": self.checkout(member, checkout),
            "order_id": self.orders[order % len(self.orders)] if for_order else "",
            "key": self.world.key("hold"),
            "expires_at": expires_at,
            "actor": self.world.actor,
        }

        def run(more: int = 0) -> ledger.Held:
            return ledger.hold(**request, amount=cents(amount + more), at=self.world.at)

        refused = self.model.refusal(member.pk, amount, items)
        if not amount and not items:
            refused = Refused("InvalidAmount")
        held = self.perform(
            _kind("hold", amount, items),
            run,
            refused,
            misuse=(lambda: run(1)) if amount or items else None,
            is_answer_kept=True,
        )
        if refused is None:
            self._remember(held, member, amount, items, request)

    @rule(place=PLACES, asked=SUMS, checkout=PLACES)
    def reserve(self, place: int, asked: tuple[int, int], checkout: int) -> None:
        """Look, then hold, as a checkout does: through the rules of the program."""
        amount, items = asked
        member, person = self.person(place)
        checkout_id = self.checkout(member, checkout)
        if not self.is_behind:
            self._assess(member, checkout_id, amount)
        request = {
            "user_id": person.user,
            "items": items,
            "checkout_id": checkout_id,
            "channel_id": self.model.programs[person.program].channel,
            "key": self.world.key("reserve"),
            "actor": self.world.actor,
        }

        def run(more: int = 0) -> ledger.Held:
            store = programs.find_store(channel_id=request["channel_id"])
            return programs.reserve(
                **request, store=store, amount=cents(amount + more), at=self.world.at
            )

        self.model.turn(person.program)
        refused = self.model.refusal_before_limits(member.pk)
        is_understood = refused is not None or bool(amount or items)
        if not is_understood:
            refused = Refused("InvalidAmount")
        if refused is None and person.is_due(self.world.at):
            self.model.catch_up(member.pk)
            self.count("reserve", "renewed first")
        refused = refused or self.model.refusal(member.pk, amount, items)
        held = self.perform(
            _kind("reserve", amount, items),
            run,
            refused,
            misuse=(lambda: run(1)) if is_understood else None,
            is_answer_kept=True,
        )
        if refused is None:
            expires_at = self.world.at + dt.timedelta(minutes=60)
            self._remember(held, member, amount, items, request | {"expires_at": expires_at})

    def _remember(
        self,
        held: ledger.Held,
        member: Member,
        amount: int,
        items: int,
        request: dict[str, Any],
    ) -> None:
        self.model.hold(
            held.hold_id,
            member.pk,
            amount,
            items,
            checkout=request["checkout_id"],
            order=request.get("order_id", ""),
            expires_at=request["expires_at"],
        )
        assert held.amount == cents(amount)
        assert held.available == cents(self.model.available(member.pk))
        if self.is_spread(held.hold_id):
            self.count("hold", "in a share that isn't the first")

    def is_spread(self, hold_id: object) -> bool:
        shares = Hold.objects.get(pk=hold_id).shares
        return not set(shares) <= {cap.pk for cap in self.model.caps}

    def _assess(self, member: Member, checkout_id: str, due: int) -> None:
        person = self.model.people[member.pk]
        store = programs.find_store(channel_id=self.model.programs[person.program].channel)
        found = programs.assess(
            store=store,
            user_id=person.user,
            due=cents(due),
            checkout_id=checkout_id,
            at=self.world.at,
        )
        held_here = sum(hold.remaining for hold in self.model.usable(member.pk, checkout_id))
        rest = max(due - held_here, 0)
        usable, short = self.model.usable_for(member.pk, rest)
        refused = self.model.refusal_before_limits(member.pk)
        usable = 0 if refused else usable
        assert (
            found.available.minor,
            found.usable.minor,
            found.held_here.minor,
            found.shortfall.minor,
            found.refusal and observed(found.refusal),
        ) == (
            self.model.available(member.pk),
            usable,
            held_here,
            max(rest - usable, 0),
            refused or short,
        )

    @precondition(lambda self: self.model.holds)
    @rule(
        place=PLACES, amount=MONEYS, items=ITEMS, whole=WHOLES, fits=st.booleans(), any_hold=SELDOM
    )
    def capture(
        self, place: int, amount: int, items: int, whole: str, fits: bool, any_hold: bool
    ) -> None:
        hold = self.hold_where(place, lambda hold: hold.remains or any_hold)
        left = hold.remaining, hold.items_remaining
        amount, items = _fit(amount, items, left, whole=whole, fits=fits)
        order = hold.order or self.world.key("order")
        request = {
            "hold_id": hold.pk,
            "items": items,
            "order_id": order,
            "key": self.world.key("capture"),
            "actor": self.world.actor,
        }

        def run(more: int = 0) -> ledger.Settlement:
            return ledger.capture(**request, amount=cents(amount + more), at=self.world.at)

        refused = Refused("InvalidAmount")
        if amount or items:
            refused = self.model.capture(hold, amount, items, order=order)
        settlement = self.perform(
            _kind("capture", amount, items), run, refused, misuse=lambda: run(1)
        )
        if refused is None:
            self._compare(settlement, hold, amount, items)

    @precondition(lambda self: self.model.holds)
    @rule(
        place=PLACES,
        amount=st.one_of(st.none(), MONEYS),
        items=st.one_of(st.none(), ITEMS),
        whole=WHOLES,
        fits=st.booleans(),
        any_hold=SELDOM,
    )
    def release(
        self,
        place: int,
        amount: int | None,
        items: int | None,
        whole: str,
        fits: bool,
        any_hold: bool,
    ) -> None:
        hold = self.hold_where(place, lambda hold: hold.remains or any_hold)
        left = hold.remaining, hold.items_remaining
        self._give_back("release", hold, amount, items, left, whole=whole, fits=fits)

    @precondition(lambda self: self.model.holds)
    @rule(
        place=PLACES,
        amount=st.one_of(st.none(), MONEYS),
        items=st.one_of(st.none(), ITEMS),
        whole=WHOLES,
        fits=st.booleans(),
        any_hold=SELDOM,
    )
    def refund(
        self,
        place: int,
        amount: int | None,
        items: int | None,
        whole: str,
        fits: bool,
        any_hold: bool,
    ) -> None:
        hold = self.hold_where(
            place, lambda hold: any(line.refundable for line in hold.lines) or any_hold
        )
        left = hold.total("refundable"), hold.total("refundable", ITEM)
        self._give_back("refund", hold, amount, items, left, whole=whole, fits=fits)

    def _give_back(
        self,
        kind: str,
        hold: ModelHold,
        amount: int | None,
        items: int | None,
        left: tuple[int, int],
        *,
        whole: str,
        fits: bool,
    ) -> None:
        """Release or refund so much money, so many items, or (both ``None``) all there is."""
        if amount is not None:
            amount, items = _fit(amount, items or 0, left, whole=whole, fits=fits)
        row = Hold.objects.select_related("program", "cycle").get(pk=hold.pk)
        request = {"key": self.world.key(kind), "actor": self.world.actor, "cause": "a test"}
        by_policy = kind == "refund" and amount is not None
        renewal: ledger.Renewal | None = None
        lapsed = [line for line in hold.lines if line.lot.has_lapsed(self.world.at)]
        was = sum(line.refunded for line in lapsed)

        def run(more: int = 0) -> ledger.Settlement:
            asked = None if amount is None and not more else cents((amount or 0) + more)
            if by_policy:
                return programs.refund(
                    **request, hold=row, amount=asked, items=items, at=self.world.at
                )
            terms = request | {"hold_id": hold.pk, "amount": asked, "items": items}
            if kind == "release":
                return ledger.release(**terms, at=self.world.at)
            return ledger.refund(**terms, renewal=renewal, at=self.world.at)

        refused = Refused("InvalidAmount")
        if by_policy:
            self.model.catch_up_holders([hold])
        elif kind == "refund":
            renewal = self._renewal(row)
        if amount is None or amount or items:
            refused = getattr(self.model, kind)(hold, amount, items)
        name = _kind(kind, amount, items)
        settlement = self.perform(name, run, refused, misuse=lambda: run(1))
        if refused is None:
            money = left[0] if amount is None and items is None else amount or 0
            pieces = left[1] if amount is None and items is None else items or 0
            self._compare(settlement, hold, money, pieces)
            if kind == "refund" and sum(line.refunded for line in lapsed) > was:
                policy = self.model.programs[hold.program].refund_policy
                self.count("refund to a lapsed lot", policy)

    def _renewal(self, hold: Hold) -> ledger.Renewal | None:
        if hold.program.refund_policy == Program.RefundPolicy.REISSUE:
            self.model.turn(hold.program_id)  # renewal_at() looks for the open cycle
        return renewal_at(program=hold.program, hold=hold, at=self.world.at)

    @precondition(lambda self: self.steps % 6 == 0 or self.some_are_overdue())
    @rule(place=PLACES)
    def expire(self, place: int) -> None:
        hold = self.hold_where(place, lambda hold: hold.expires_at <= self.world.at)
        is_due = self.model.is_due(hold)
        left = hold.remaining, hold.items_remaining
        before = digest()
        settlement = ledger.expire(hold_id=hold.pk, at=self.world.at)
        if is_due:
            assert settlement is not None
            self.model.release(hold, None, None, kind="expire")
            self._compare(settlement, hold, *left)
        else:
            assert settlement is None or settlement.is_replay
            assert digest() == before
        self.count("expire", "done" if is_due else "not due")

    @precondition(lambda self: self.some_are_overdue())
    @rule()
    def expire_all_that_is_due(self) -> None:
        due = [hold for hold in self.model.holds.values() if self.model.is_due(hold)]
        self.model.catch_up_holders(due)
        settled = programs.expire_due_holds(at=self.world.at)
        assert {settlement.hold_id for settlement in settled} == {hold.pk for hold in due}
        for hold in due:
            self.model.release(hold, None, None, kind="expire")
        assert programs.expire_due_holds(at=self.world.at) == []
        self.count("expire all", "some" if due else "none")

    def some_are_overdue(self) -> bool:
        return any(hold.expires_at <= self.world.at for hold in self.model.holds.values())

    def _compare(
        self, settlement: ledger.Settlement, hold: ModelHold, amount: int, items: int
    ) -> None:
        assert (settlement.amount, settlement.items) == (cents(amount), items)
        for column in ("captured", "released", "refunded", "remaining"):
            assert getattr(settlement, column) == cents(hold.total(column, MONEY))
            assert getattr(settlement, f"items_{column}") == hold.total(column, ITEM)


def _kind(kind: str, amount: int | None, items: int | None) -> str:
    if amount is None and items is None:
        return f"{kind} all"
    what = "money and items" if amount and items else "items" if items else "money"
    return f"{kind} {what}"


def _fit(
    amount: int, items: int, left: tuple[int, int], *, whole: str, fits: bool
) -> tuple[int, int]:
    """Return the sums to ask for: all there is of either, at most so much, or as they are."""
    if whole:
        return (
            left[0] if whole in {"money", "both"} else 0,
            left[1] if whole in {"items", "both"} else 0,
        )
    if not fits:
        return amount, items
    return min(amount or not items, left[0]), min(items, left[1])
