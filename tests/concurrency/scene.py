"""What two operations meet over, and the operations in few words.

``given(...)`` builds a scene: one member, Ann, with one balance under one department; perhaps a
cap, an older hold, a posting to reverse. An act (``hold("60.00")``) is something done in it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.db import connection

from saleor_program_budgets import accounts, ledger, programs
from saleor_program_budgets.ledger import Correction, Granted, Held, Settlement
from saleor_program_budgets.models import Account, Cap, Cycle, Limit, Lot, Member, Posting
from saleor_program_budgets.money import ITEM, Amount
from tests.support.racing import execute, in_turn
from tests.support.world import HOUR, TESTS, World, amount, figures, usd

Job = Callable[[], object]


@dataclass
class Scene:
    """Ann of Sales and what she has; ``posting_id`` is what ``reverse`` undoes."""

    world: World
    acme: Account
    sales: Account
    ann: Member
    cycle: Cycle
    older: Held | None = None
    posting_id: int = 0

    @property
    def cap(self) -> Cap:
        return Cap.objects.get(account=self.sales)

    def books(self) -> str:
        """Return Ann's balance, then each cap's figures, without the zeros."""
        lots = Lot.objects.filter(limit__member=self.ann).exclude(limit__unit=ITEM)
        parts = ("available", "held", "spent", "withdrawn")
        sums = {part: sum(getattr(lot, part) for lot in lots) for part in parts}
        lines = [_line({part: amount(value) for part, value in sums.items() if value})]
        caps = Cap.objects.select_related("account").order_by("pk")
        lines += [f"{cap.account.name}: {_line(figures(cap))}" for cap in caps]
        return "; ".join(lines)


Act = Callable[[Scene], Job]
Given = Callable[[World], Scene]


def given(
    *,
    balance: str = "100.00",
    kit: int = 0,
    cap: str = "",
    spread: int = 1,
    older: str = "",
    after: Sequence[Act] = (),
) -> Given:
    """Describe a scene: a balance, a kit's items, a cap in *spread* shares, an older hold.

    The hold is due already. *after* is done then; ``posting_id`` is that of the last posting.
    """

    def build(world: World) -> Scene:
        world.open_program(allotment=balance)
        acme = world.account("Acme")
        sales = world.account("Sales", under=acme)
        scene = Scene(world, acme, sales, world.member(sales), world.cycle)
        if kit:
            _grant_items(scene, kit)
        if cap:
            split(world.cap(sales, cap), spread)
        if older:
            scene.older = world.hold(scene.ann, older, expires_at=world.at)
        for act in after:
            act(scene)()
        scene.posting_id = Posting.objects.latest("pk").pk if Posting.objects.exists() else 0
        return scene

    return build


def _grant_items(scene: Scene, number: int) -> None:
    ledger.open_member_limits(program=scene.ann.program, members=[scene.ann.pk], unit=ITEM)
    ledger.grant(
        members=[scene.ann.pk],
        amount=Amount(number, ITEM),
        origin=Lot.Origin.GRANT,
        cycle=scene.cycle,
        expires_at=None,
        reason="a kit",
        key=scene.world.key("kit"),
        actor=TESTS,
        at=scene.world.at,
    )


def split(cap: Cap, spread: int) -> None:
    """Split *cap* as purchases that meet would."""
    if spread > 1:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT program_budgets_lock_cap(%s), program_budgets_divide(%s, %s, now())",
                [cap.pk, cap.pk, spread],
            )


def shares(cap: Cap) -> int:
    """Return over how many rows a cap is split."""
    return Limit.objects.filter(cap_id=cap.pk).count()


# What is done


def hold(
    value: str, *, by: str = "Ann", pieces: int = 0, key: str = "", after_hours: int = 0
) -> Act:
    """A purchase by Ann, or by a colleague who has plenty."""

    def prepare(scene: Scene) -> Job:
        world, at = scene.world, scene.world.at + after_hours * HOUR
        member = scene.ann if by == "Ann" else _colleague(scene)
        return lambda: world.hold(
            member,
            value,
            items=pieces,
            cycle=scene.cycle,
            key=key or world.key("hold"),
            at=at,
            expires_at=at + HOUR,
        )

    return prepare


def _colleague(scene: Scene) -> Member:
    member = scene.world.member(scene.sales)
    scene.world.grant(member, "1000.00")
    return member


def capture(value: str, *, key: str = "") -> Act:
    return lambda scene: lambda: scene.world.capture(scene.older, value, key=key)


def release(value: str | None = None, *, key: str = "") -> Act:
    return lambda scene: lambda: scene.world.release(scene.older, value, key=key)


def expire() -> Act:
    return lambda scene: lambda: scene.world.expire(scene.older)


def refund(value: str | None = None, *, key: str = "") -> Act:
    return lambda scene: lambda: scene.world.refund(scene.older, value, key=key)


def grant(value: str, *, origin: Lot.Origin = Lot.Origin.GRANT, key: str = "") -> Act:
    return lambda scene: (
        lambda: ledger.grant(
            members=[scene.ann.pk],
            amount=usd(value),
            origin=origin,
            cycle=scene.cycle,
            expires_at=None,
            reason="a test",
            key=key or scene.world.key("grant"),
            actor=TESTS,
            at=scene.world.at,
        )
    )


def adjust(value: str, *, key: str = "") -> Act:
    return lambda scene: (
        lambda: ledger.adjust(
            member=scene.ann,
            amount=usd(value),
            cycle=scene.cycle,
            expires_at=None,
            reason="a test",
            key=key or scene.world.key("adjust"),
            actor=TESTS,
            at=scene.world.at,
        )
    )


def claw_back(*, key: str = "") -> Act:
    return lambda scene: (
        lambda: ledger.claw_back(
            member=scene.ann,
            unit="USD",
            cycle=scene.cycle,
            reason="a test",
            key=key or scene.world.key("clawback"),
            actor=TESTS,
            at=scene.world.at,
        )
    )


def reverse(*, key: str = "") -> Act:
    return lambda scene: (
        lambda: ledger.reverse(
            posting_id=scene.posting_id,
            reason="a test",
            key=key or scene.world.key("reverse"),
            actor=TESTS,
            at=scene.world.at,
        )
    )


def adjust_each(value: str, *, key: str = "") -> Act:
    """A set of one line; told as what became of it."""

    def prepare(scene: Scene) -> Job:
        line = ledger.Adjusting(
            member_id=scene.ann.pk,
            amount=usd(value),
            expires_at=None,
            reason="a test",
            key=key or scene.world.key("adjust"),
        )
        return lambda: list(
            ledger.adjust_each(
                lines=[line], cycle=scene.cycle, actor=TESTS, at=scene.world.at
            ).values()
        )

    return prepare


def reverse_each(*, key: str = "") -> Act:
    """A set that undoes the scene's posting alone; told as what became of it."""
    return lambda scene: (
        lambda: list(
            ledger.reverse_each(
                postings={key or scene.world.key("reverse"): scene.posting_id},
                reason="a test",
                actor=TESTS,
                at=scene.world.at,
            ).values()
        )
    )


def set_cap(value: str, *, key: str = "") -> Act:
    return lambda scene: (
        lambda: programs.set_cap(
            account=scene.sales,
            program=scene.world.program,
            amount=usd(value),
            reason="a test",
            key=key or scene.world.key("cap"),
            actor=TESTS,
            at=scene.world.at,
        )
    )


def raise_cap(value: str, *, hours: int = 1, key: str = "") -> Act:
    return lambda scene: (
        lambda: ledger.raise_cap(
            cap=scene.cap,
            amount=usd(value),
            ends_at=scene.world.at + hours * HOUR,
            reason="a test",
            key=key or scene.world.key("raise"),
            actor=TESTS,
            at=scene.world.at,
        )
    )


def end_raises(*, after_hours: int = 1) -> Act:
    return lambda scene: lambda: ledger.end_due_raises(at=scene.world.at + after_hours * HOUR)


def rebuild() -> Act:
    return lambda scene: ledger.rebuild


def miscount(cents: int = 7) -> Act:
    """Let the caps' cache be wrong."""
    return lambda scene: (
        lambda: execute(
            f"UPDATE program_budgets_limit SET held = held + {cents} WHERE kind = 'cap'"
        )
    )


def add_account(name: str, *, cap: str = "") -> Act:
    def prepare(scene: Scene) -> Job:
        def add() -> None:
            account = scene.world.account(name, under=scene.acme)
            if cap:
                scene.world.cap(account, cap)

        return add

    return prepare


def deactivate() -> Act:
    return lambda scene: (
        lambda: programs.deactivate_member(
            member=Member.objects.get(pk=scene.ann.pk), actor=TESTS, at=scene.world.at
        )
    )


def move_member(name: str = "Marketing") -> Act:
    return lambda scene: (
        lambda: programs.move_member(
            member=Member.objects.get(pk=scene.ann.pk),
            account=Account.objects.get(name=name),
            at=scene.world.at,
        )
    )


def move_account(name: str = "West") -> Act:
    return lambda scene: (
        lambda: accounts.move_account(
            account=Account.objects.get(pk=scene.sales.pk), parent=Account.objects.get(name=name)
        )
    )


# Two at once


@dataclass(frozen=True)
class Ending:
    """How a meeting ends: what the two were told, the books, and what ``verify`` says of them.

    ``waited``: whether the second had to wait for the first.
    """

    first: str
    second: str
    books: str
    waited: bool = True
    clean: bool = True

    def goes_as(self, control: Ending) -> bool:
        """Return whether it went as wrong as *control*.

        Where *control* says that ``verify`` finds it, it has to; elsewhere it may.
        """
        return self == replace(control, clean=control.clean and self.clean)


def meet(scene: Scene, first: Act, second: Act, *, stop_at: str = "write") -> Ending:
    """Let the two meet, the first stopped at *stop_at* until the second is done or waits."""
    meeting = in_turn(first(scene), second(scene), stop_at=stop_at)
    return Ending(
        told(meeting.first),
        told(meeting.second),
        scene.books(),
        meeting.waited,
        ledger.verify().is_clean,
    )


def told(outcome: object) -> str:
    """Return in a word what came of an operation."""
    match outcome:
        case Held():
            words = f"held {outcome.amount.to_decimal()}"
        case Settlement():
            words = f"settled {outcome.amount.to_decimal()}"
        case Granted():
            words = f"granted {outcome.total.to_decimal()}"
        case Correction():
            words = f"corrected {outcome.amount.to_decimal()}"
        case list():
            return ", ".join(map(told, outcome))
        case _:
            return type(outcome).__name__
    return words + " again" * outcome.is_replay


def _line(numbers: dict[str, Any]) -> str:
    named = [f"{name} {value}" for name, value in numbers.items()]
    return ", ".join(named) or "nothing"
