"""What an identity system says of people, and what becomes of their budgets."""

from __future__ import annotations

from django.utils import timezone
from saleor.channel.models import Channel

from saleor_program_budgets import ledger, programs
from saleor_program_budgets.models import Member, PeopleChange, Posting
from tests.host.scim.conftest import WORK, person_of
from tests.host.support.shop import ACTOR, balance_of, usd


def member_of(user, program) -> Member:
    return Member.objects.select_related("account", "program").get(
        program=program, user_id=person_of(user).user_id
    )


def active(scim, user, *, value: bool) -> None:
    operation = {"op": "replace", "value": {"active": value}}
    assert scim.patch(f"/Users/{user['id']}", operation).status == 200


def test_a_new_user_has_a_budget_at_once(scim, store) -> None:
    user = scim.user("ada", **{WORK: {"department": "Engineering"}})

    member = member_of(user, store.program)
    assert (member.account, member.is_active) == (store.department, True)
    assert balance_of(member).available == 30_000


def test_deactivation_takes_the_budget_back_and_activation_gives_it_again(scim, store) -> None:
    user = scim.user("ada")
    member = member_of(user, store.program)

    active(scim, user, value=False)

    member.refresh_from_db()
    assert (member.is_active, balance_of(member).available) == (False, 0)
    clawback = Posting.objects.get(kind=Posting.Kind.CLAWBACK, member=member)
    assert clawback.amount == 30_000

    active(scim, user, value=True)

    member.refresh_from_db()
    assert (member.is_active, balance_of(member).available) == (True, 30_000)
    kinds = PeopleChange.objects.filter(person_id=person_of(user).pk, member_id=None)
    assert [
        (change.kind, change.source, change.source_reference) for change in kinds.order_by("pk")
    ] == [(kind, "scim", str(scim.token.pk)) for kind in ("created", "left", "returned")]
    assert ledger.verify().differences == ()


def test_a_deleted_user_has_no_budget(scim, store) -> None:
    user = scim.user("ada")
    member = member_of(user, store.program)

    assert scim.send("DELETE", f"/Users/{user['id']}").status == 204

    member.refresh_from_db()
    assert (member.is_active, balance_of(member).available) == (False, 0)
    assert ledger.verify().differences == ()


def test_who_comes_inactive_gets_nothing_yet(scim, store) -> None:
    user = scim.user("ada", active=False)

    assert not Member.objects.filter(user_id=person_of(user).user_id, is_active=True).exists()
    active(scim, user, value=True)
    assert balance_of(member_of(user, store.program)).available == 30_000


def test_a_move_is_one_in_all_programs_of_the_roster(store, connect) -> None:
    channel = Channel.objects.create(
        name="Kits", slug="kits", currency_code="USD", default_country="US", is_active=True
    )
    at = timezone.now()
    kits = programs.create_program(
        slug="kits",
        rules=programs.Rules(name="Kits", allotment=usd(5_000)),
        channel_ids=[str(channel.pk)],
        at=at,
    )
    programs.open_program(program=kits, actor=ACTOR, at=at)
    scim = connect(store.organization, store.program, kits)
    user = scim.user("ada", **{WORK: {"department": "Engineering"}})

    department = {"op": "replace", "path": f"{WORK}:department", "value": "Sales"}
    assert scim.patch(f"/Users/{user['id']}", department).status == 200

    members = [member_of(user, program) for program in (store.program, kits)]
    assert {member.account.name for member in members} == {"Sales"}
    assert [balance_of(member).available for member in members] == [30_000, 5_000]

    group = scim.group("Night shift", user)
    assert {member_of(user, program).account.name for program in (store.program, kits)} == {
        "Night shift"
    }
    assert scim.send("DELETE", f"/Groups/{group['id']}").status == 204
    assert {member_of(user, program).account for program in (store.program, kits)} == {
        store.organization
    }
