"""Files, requests and jobs that change the same people at once, and purchases beside them.

Who comes second waits for the roster, looks again, and does what still holds. Controls show what
happens without the lock.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth import get_user_model
from psycopg.errors import UniqueViolation

from saleor_program_budgets import accounts, roster
from saleor_program_budgets.errors import InvalidInput, MemberInactive
from saleor_program_budgets.models import (
    Account,
    Entry,
    Hold,
    Lot,
    Member,
    PeopleChange,
    Person,
    RosterImport,
)
from saleor_program_budgets.programs.jobs import AlreadyRunning
from saleor_program_budgets.roster import departments, imports, operations, settling, writing
from tests.support.people import (
    BY_SCIM,
    BY_STAFF,
    add_roster,
    apply,
    customer,
    department,
    everybody,
    failed,
    lines,
    load,
    not_followed,
    person,
    preview,
    put_one,
    record_of,
)
from tests.support.racing import PATIENCE_SECONDS, kinds, race, slow_motion
from tests.support.world import World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from saleor_program_budgets.models import Roster

ANN = {"external_id": "1", "email": "ann@acme.example"}
ROUNDS = 3
WAITS_SECONDS = 1.0
"""How long who is overtaken stands still: who still isn't done then waits for a lock of theirs."""


@contextmanager
def overtaken(module: Any, step: str, by: Callable[[], object]) -> Iterator[list[Any]]:
    """Let the first who comes to this step stand still until *by* is done, or waits for them.

    Yields what *by* returned or raised, once the body is through.
    """
    original = getattr(module, step)
    may_go_on = threading.Event()
    came: list[Any] = []
    others: list[threading.Thread] = []

    def come_between() -> None:
        [outcome] = race(by)
        came.append(outcome)
        may_go_on.set()

    def stop(*arguments: object, **options: object) -> object:
        if not others:
            others.append(threading.Thread(target=come_between, daemon=True))
            others[0].start()
            may_go_on.wait(WAITS_SECONDS)
        return original(*arguments, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, step, stop)
        yield came
        [other] = others
        other.join(PATIENCE_SECONDS)


@contextmanager
def without_the_lock() -> Iterator[None]:
    """Let nobody wait for who writes the roster."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(departments, "lock", lambda _roster: None)
        patch.setattr(settling, "lock", lambda _roster: None)
        yield


# Two files, or one file twice


def test_a_file_applied_twice_at_once_is_applied_once(committed_world: World) -> None:
    world = committed_world
    acme = add_roster(world)
    rows = [{"email": f"p{number}@acme.example", "department": "Sales"} for number in range(40)]
    batch = preview(world, acme, *rows, creates_departments=True)
    outcomes = race(
        *[lambda: apply(world, RosterImport.objects.get(pk=batch.pk), lines_at_once=10)] * 3
    )
    # Who comes when it is through finds it applied.
    assert set(kinds(outcomes)) <= {"RosterImport", "AlreadyRunning"}
    assert "RosterImport" in kinds(outcomes)
    batch.refresh_from_db()
    assert batch.status == "applied"
    assert {status for _, _, status in lines(batch)} == {"applied"}
    assert Person.objects.count() == Member.objects.count() == Lot.objects.count() == 40
    assert PeopleChange.objects.filter(kind="created").count() == 40
    assert Account.objects.count() == 2


def test_while_a_file_is_applied_another_one_is_refused(committed_world: World) -> None:
    world = committed_world
    acme = add_roster(world)
    first = preview(world, acme, ANN)
    second = preview(world, acme, ANN | {"first_name": "Anna"})
    with overtaken(imports, "write", lambda: apply(world, second)) as came:
        apply(world, first)
    assert kinds(came) == {"AlreadyRunning": 1}
    assert isinstance(came[0], AlreadyRunning)
    second.refresh_from_db()
    assert (first.status, second.status) == ("applied", "draft")
    with pytest.raises(roster.Stale):
        apply(world, second)
    assert everybody(acme) == [("ann@acme.example", "Acme", True)]


def test_if_they_were_not_kept_apart_a_person_would_be_failed_by_one(
    committed_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: both have found their previews fresh, and one of them isn't what it does."""
    world = committed_world
    acme = add_roster(world)
    first = preview(world, acme, ANN)
    second = preview(world, acme, ANN | {"first_name": "Anna"})
    monkeypatch.setattr(imports.jobs, "only_one", lambda _name: threading.Lock())
    with overtaken(imports, "_sets", lambda: apply(world, second)) as came:
        apply(world, first)
    assert kinds(came) == {"RosterImport": 1}
    assert failed(first) == [(2, "“ann@acme.example” is another person's.")]


# The same person twice


def test_somebody_new_put_twice_at_once_is_one_person(committed_world: World) -> None:
    world = committed_world
    acme = add_roster(world)

    def put() -> object:
        return put_one(world, acme, origin=BY_SCIM, external_id="1", email="ann@acme.example")

    with overtaken(operations, "write", put) as came:
        put_one(world, acme, external_id="1", email="ann@acme.example")
    # The other had looked when there was nobody: it is told, and asks again.
    assert kinds(came) == {"Taken": 1}
    assert kinds([put()]) == {"Person": 1}
    assert Person.objects.count() == get_user_model().objects.count() == 1
    assert [kind for kind, _, _ in record_of(person("ann@acme.example"))] == ["created"]
    assert not_followed(acme) == []


def test_somebody_new_put_by_many_at_once_is_one_person(committed_world: World) -> None:
    world = committed_world
    acme = add_roster(world)
    for number in range(ROUNDS):
        email = f"p{number}@acme.example"
        outcomes = race(*[lambda email=email: put_one(world, acme, email=email)] * 4)
        assert set(kinds(outcomes)) <= {"Person", "Taken"}
        assert len({each.pk for each in outcomes if isinstance(each, Person)}) == 1
        assert Person.objects.filter(email=email).count() == 1
    assert Person.objects.count() == get_user_model().objects.count() == ROUNDS
    assert not_followed(acme) == []


def test_without_the_lock_the_database_would_have_to_refuse_the_second(
    committed_world: World,
) -> None:
    """The control: both find a customer and no person, and only an index keeps the person one."""
    world = committed_world
    acme = add_roster(world)
    customer("ann@acme.example")
    ann = {"external_id": "1", "email": "ann@acme.example"}
    with (
        without_the_lock(),
        overtaken(writing.bulk, "copy", lambda: put_one(world, acme, **ann)) as came,
        pytest.raises(UniqueViolation, match="person_once_per_roster"),
    ):
        put_one(world, acme, **ann)
    assert kinds(came) == {"Person": 1}


# Moved by two


def test_a_file_and_a_request_that_move_the_same_person(committed_world: World) -> None:
    """The request comes while the file is applied: it stands, and the file's line says so."""
    world = committed_world
    acme = _acme_with_departments(world)
    load(world, acme, ANN)
    batch = preview(world, acme, ANN | {"department": "North"})

    def move() -> object:
        return put_one(world, acme, origin=BY_SCIM, external_id="1", department="South")

    with overtaken(imports, "_sets", move) as came:
        apply(world, batch)
    assert kinds(came) == {"Person": 1}
    assert failed(batch) == [(2, "This has changed since it was looked at.")]
    assert _moves(acme) == [("scim", "South")]
    assert not_followed(acme) == []


def test_a_request_that_waits_for_a_files_set_looks_again(committed_world: World) -> None:
    world = committed_world
    acme = _acme_with_departments(world)
    load(world, acme, ANN)
    batch = preview(world, acme, ANN | {"department": "North"})

    def move() -> object:
        return put_one(world, acme, origin=BY_SCIM, external_id="1", department="South")

    with overtaken(writing, "_update", move) as came:
        apply(world, batch)
    assert kinds(came) == {"Changed": 1}
    assert _moves(acme) == [("file", "North")]
    move()
    assert _moves(acme) == [("file", "North"), ("scim", "South")]
    assert not_followed(acme) == []


def test_without_locks_one_move_would_be_lost_to_the_record(
    committed_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: both write over what they have seen, and the record tells what never was."""
    world = committed_world
    acme = _acme_with_departments(world)
    load(world, acme, ANN)
    batch = preview(world, acme, ANN | {"department": "North"})
    monkeypatch.setattr(
        writing,
        "_locked",
        lambda ids: Person.objects.in_bulk(list(ids)),
    )

    def move() -> object:
        return put_one(world, acme, origin=BY_SCIM, external_id="1", department="South")

    with without_the_lock(), overtaken(writing, "_update", move) as came:
        apply(world, batch)
    assert kinds(came) == {"Person": 1}
    froms = PeopleChange.objects.filter(kind="moved", person_id__isnull=False)
    # Twice from the same place: one of the two never happened to who was there.
    assert [row.before["account"] for row in froms] == [acme.account_id] * 2


def _acme_with_departments(world: World) -> Roster:
    acme = add_roster(world)
    for name in ("North", "South"):
        world.account(name, under=acme.account)
    return acme


def _moves(of: Roster) -> list[tuple[str, str]]:
    """Return by what way and to where people were moved, each from where the last one left them."""
    rows = list(PeopleChange.objects.filter(kind="moved", person_id__isnull=False).order_by("pk"))
    places = [of.account_id, *(row.after["account"] for row in rows)]
    assert [row.before["account"] for row in rows] == places[:-1]
    names = dict(Account.objects.values_list("pk", "name"))
    return [(row.source, names[row.after["account"]]) for row in rows]


# Departments that go


@pytest.mark.parametrize("is_first", [True, False])
def test_a_file_beside_the_removal_of_its_department(
    committed_world: World, is_first: bool
) -> None:
    """Whoever is first, nobody belongs to a department that takes nobody."""
    world = committed_world
    acme = _acme_with_departments(world)
    load(world, acme, ANN)
    batch = preview(world, acme, ANN | {"department": "North"})

    def remove() -> object:
        return roster.remove_department(
            roster=acme, account=department("North"), origin=BY_STAFF, at=world.at
        )

    module, step = (imports, "_sets") if is_first else (writing, "_update")
    with overtaken(module, step, remove) as came:
        apply(world, batch)
    north = department("North")
    if is_first:
        assert failed(batch) == [(2, "This has changed since it was looked at.")]
        assert (kinds(came), north.removed_at) == ({"NoneType": 1}, world.at)
    else:
        # It had found the department empty, and somebody has come.
        assert (kinds(came), north.removed_at) == ({"InvalidInput": 1}, None)
        assert everybody(acme) == [("ann@acme.example", "North", True)]
        remove()
        assert everybody(acme) == [("ann@acme.example", "Acme", True)]
    assert not_followed(acme) == []


def test_without_the_lock_somebody_would_stand_in_a_department_that_is_gone(
    committed_world: World,
) -> None:
    """The control."""
    world = committed_world
    acme = _acme_with_departments(world)
    load(world, acme, ANN)
    batch = preview(world, acme, ANN | {"department": "North"})

    def remove() -> object:
        return roster.remove_department(
            roster=acme, account=department("North"), origin=BY_STAFF, at=world.at
        )

    with without_the_lock(), overtaken(writing, "_update", remove) as came:
        apply(world, batch)
    assert kinds(came) == {"NoneType": 1}
    assert everybody(acme) == [("ann@acme.example", "North", True)]
    assert department("North").removed_at == world.at


def test_a_person_put_where_an_account_leaves_the_roster(committed_world: World) -> None:
    """Who comes to a department stands in its roster; or it had gone, and takes nobody."""
    world = committed_world
    acme = _acme_with_departments(world)
    north = department("North")

    def leave() -> object:
        return accounts.move_account(account=department("North"), parent=None)

    with overtaken(writing.bulk, "copy", leave) as came:
        put_one(world, acme, email="ann@acme.example", account_id=north.pk)
    assert kinds(came) == {"InvalidInput": 1}
    assert isinstance(came[0], InvalidInput)
    assert came[0].field == "parent"
    assert department("North").parent_id == acme.account_id
    assert not_followed(acme) == []


# Memberships that follow


def _unsettled(world: World, size: int) -> Roster:
    acme = add_roster(world, programs=[])
    load(world, acme, *({"email": f"p{number}@acme.example"} for number in range(size)))
    roster.update_roster(roster=acme, programs=[world.program], actor=world.actor, at=world.at)
    return acme


def test_settled_by_many_at_once_each_is_enrolled_once(committed_world: World) -> None:
    world = committed_world
    acme = _unsettled(world, 60)
    with slow_motion(0.02):
        outcomes = race(*[lambda: roster.settle(at=world.at, roster=acme)] * 3)
    assert kinds(outcomes) == {"int": 3}
    assert not_followed(acme) == []
    assert Member.objects.count() == Lot.objects.count() == 60
    assert not Person.objects.filter(is_settled=False).exists()


def test_who_is_changed_while_they_are_settled_is_settled_again(committed_world: World) -> None:
    world = committed_world
    acme = _unsettled(world, 2)
    email = "p1@acme.example"

    def leave() -> object:
        # Written, and killed before memberships follow.
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(operations, "settle", lambda **_: 0)
            return put_one(world, acme, email=email, is_active=False)

    with overtaken(settling, "_mark", leave) as came:
        roster.settle(at=world.at, roster=acme)
    assert kinds(came) == {"Person": 1}
    assert [each.email for each in Person.objects.filter(is_settled=False)] == [email]
    roster.settle_people(at=world.at)
    assert not_followed(acme) == []


def test_if_versions_were_not_compared_they_would_be_left_as_they_were(
    committed_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: who was read is marked, whatever has become of them."""
    world = committed_world
    monkeypatch.setattr(
        settling, "MARK", settling.MARK.replace("person.version = seen.version", "true")
    )
    acme = _unsettled(world, 2)

    def leave() -> object:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(operations, "settle", lambda **_: 0)
            return put_one(world, acme, email="p1@acme.example", is_active=False)

    with overtaken(settling, "_mark", leave) as came:
        roster.settle(at=world.at, roster=acme)
    assert kinds(came) == {"Person": 1}
    roster.settle_people(at=world.at)
    assert [email for _, email, _ in not_followed(acme)] == ["p1@acme.example"]


# Purchases


def _shopper(world: World) -> tuple[Roster, Member]:
    world.open_program(allotment="100.00")
    acme = _acme_with_departments(world)
    load(world, acme, ANN | {"department": "North"})
    return acme, Member.objects.get()


def _buy(world: World, member: Member) -> Callable[[], object]:
    cycle = world.cycle
    return lambda: world.hold(
        Member.objects.get(pk=member.pk), "30.00", key=world.key("hold"), cycle=cycle
    )


def test_purchases_while_a_file_moves_their_member_count_in_one_place(
    committed_world: World,
) -> None:
    world = committed_world
    acme, ann = _shopper(world)
    north, south = department("North"), department("South")
    caps = {account.pk: world.cap(account, "1000.00") for account in (north, south)}
    batch = preview(world, acme, ANN | {"department": "South"})
    outcomes = race(*[_buy(world, ann)] * 3, lambda: apply(world, batch), _buy(world, ann))
    assert kinds(outcomes) == {"Held": 3, "BalanceShort": 1, "RosterImport": 1}
    assert world.balance(ann) == {"available": "10.00", "held": "90.00"}
    for account_id, cap in caps.items():
        cap.refresh_from_db()
        assert cap.held == sum(hold.amount for hold in Hold.objects.filter(account_id=account_id))
    for entry in Entry.objects.filter(posting__kind="hold").select_related("posting__hold"):
        assert entry.posting.account_id == entry.posting.hold.account_id
    assert _moves_to(acme) == ["South"]
    assert not_followed(acme) == []


def _moves_to(of: Roster) -> list[str]:
    names = dict(Account.objects.values_list("pk", "name"))
    rows = PeopleChange.objects.filter(roster_id=of.pk, kind="moved").order_by("pk")
    return [names[row.after["account"]] for row in rows]


def test_purchases_while_a_file_lets_their_member_go_are_honoured_or_refused(
    committed_world: World,
) -> None:
    world = committed_world
    acme, ann = _shopper(world)
    batch = preview(world, acme, ANN | {"active": "no"})
    with slow_motion(0.02):
        outcomes = race(*[_buy(world, ann)] * 3, lambda: apply(world, batch))
    held = kinds(outcomes).get("Held", 0)
    refused = kinds(outcomes).get("MemberInactive", 0)
    refused += kinds(outcomes).get("BalanceShort", 0)
    assert (held + refused, kinds(outcomes)["RosterImport"]) == (3, 1)
    left = {"withdrawn": f"{100 - 30 * held}.00"}
    assert world.balance(ann) == ({"held": f"{30 * held}.00"} if held else {}) | left
    assert not_followed(acme) == []
    with pytest.raises(MemberInactive):
        _buy(world, ann)()
