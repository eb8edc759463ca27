"""Dry runs: what they say is what happens, and they write nothing."""

from fractions import Fraction

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from saleor_program_budgets import programs
from saleor_program_budgets.errors import InvalidInput
from saleor_program_budgets.models import Program
from saleor_program_budgets.money import Amount
from saleor_program_budgets.programs import Overrides, Rules, Sums
from tests.support.database import snapshot
from tests.support.world import DAY, World, figures, items, usd


def rules(**changes: object) -> Rules:
    return Rules(**{"name": "Uniforms", "allotment": usd("300.00")} | changes)


def preview(world: World, **changes: object) -> programs.RulesPreview:
    before = snapshot()
    found = programs.preview_rules(program=world.program, rules=rules(**changes), at=world.at)
    assert snapshot() == before
    return found


def test_rules_beside_those_of_now(world: World) -> None:
    # Given a head office with a team: one member in each, one with 65.00 held and 100.00 spent.
    acme = world.account("Acme")
    sales = world.account("Sales", under=acme)
    ann, bob = world.member(acme), world.member(sales)
    world.capture(world.hold(ann, "100.00"), "100.00")
    world.hold(ann, "65.00")
    cap = world.cap(acme, "1000.00")

    # When 400.00 are proposed, of which up to 150.00 are carried,
    found = preview(world, allotment=usd("400.00"), carries_forward=True, carry_limit=usd("150.00"))

    # Then of 135.00 and 300.00 left all is lost now, and 135.00 and 150.00 would be carried.
    total = programs.Change(
        account_id=None,
        unit="USD",
        present=Sums(2, 600_00, 0, 435_00, 65_00),
        proposed=Sums(2, 800_00, 285_00, 150_00, 65_00),
    )
    assert found.totals == [total]
    below = Sums(1, 300_00, 0, 300_00, 0), Sums(1, 400_00, 150_00, 150_00, 0)
    assert found.accounts == [
        programs.Change(acme.pk, "USD", total.present, total.proposed),
        programs.Change(sales.pk, "USD", *below),
    ]
    [coverage] = found.coverage
    assert (coverage.cap_id, coverage.account_id, coverage.ceiling) == (cap.pk, acme.pk, 1_000_00)
    assert (coverage.present_ratio, coverage.proposed_ratio) == (Fraction(3, 5), Fraction(4, 5))

    # And so it comes.
    programs.update_program(
        program=world.program,
        rules=rules(allotment=usd("400.00"), carries_forward=True, carry_limit=usd("150.00")),
        at=world.at,
    )
    world.at = world.cycle.ends_at
    renewed = programs.renew_due(program=world.program, at=world.at)
    assert (renewed.granted, renewed.carried, renewed.lapsed) == (800_00, 285_00, 150_00)
    assert bob.program == world.program


def test_other_terms_of_a_group(world: World) -> None:
    ann, _ = world.members(2, world.account("Acme"))
    group = programs.create_group(program=world.program, name="Managers", at=world.at)
    programs.set_group_members(group=group, add=[ann.pk], at=world.at)
    before = snapshot()
    found = programs.preview_rules(
        program=world.program,
        rules=rules(),
        groups={group.pk: Overrides(allotment=usd("500.00"))},
        at=world.at,
    )
    assert snapshot() == before
    assert found.totals[0].present.granted == 600_00
    assert found.totals[0].proposed.granted == 800_00
    with pytest.raises(InvalidInput) as error:
        programs.preview_rules(
            program=world.program, rules=rules(), groups={0: Overrides()}, at=world.at
        )
    assert error.value.field == "groups"


def test_a_program_that_would_end_lets_all_lapse(world: World) -> None:
    world.open_program(carries_forward=True)
    world.member()
    found = preview(world, carries_forward=True, closes_at=world.cycle.ends_at)
    assert found.totals[0].present == Sums(1, 300_00, 300_00, 0, 0)
    assert found.totals[0].proposed == Sums(1, 0, 0, 300_00, 0)


def test_money_and_items_are_summed_apart(world: World) -> None:
    world.open_program(allotment_items=1)
    world.members(2, world.account("Acme"))
    found = preview(world, allotment_items=2)
    assert [
        (change.unit, change.present.granted, change.proposed.granted) for change in found.totals
    ] == [
        ("ITEM", 2, 4),
        ("USD", 600_00, 600_00),
    ]


def test_what_an_update_refuses_the_preview_does(world: World) -> None:
    draft = world.draft_program()
    with pytest.raises(InvalidInput) as error:
        programs.preview_rules(program=draft, rules=rules(), at=world.at)
    assert error.value.field == "program"
    programs.open_program(program=draft, actor=world.actor, at=world.at)
    for changes, field in [
        ({"name": ""}, "name"),
        ({"allotment": Amount(1, "EUR")}, "allotment"),
        ({"cycle_length": Program.CycleLength.ANNIVERSARY}, "cycle_length"),
        ({"allotment_items": 1}, "allotment_items"),
    ]:
        with pytest.raises(InvalidInput) as error:
            preview(world, **changes)
        assert error.value.field == field


@pytest.mark.parametrize("size", [1, 3])
def test_it_costs_the_same_for_any_number(world: World, size: int) -> None:
    acme = world.account("Acme")
    for name in ("Sales", "Service", "Stores")[:size]:
        world.members(size, world.account(name, under=acme))
    world.cap(acme, "1000.00")
    with CaptureQueriesContext(connection) as queries:
        preview_of = programs.preview_rules(program=world.program, rules=rules(), at=world.at)
    assert len(preview_of.accounts) == size + 1
    # The cycle thrice, groups twice, accounts, whose period ends and the plan twice, whose caps,
    # and the caps.
    assert len(queries) == 12


def test_a_cap_that_is_proposed(world: World) -> None:
    # Given three members under a head office, 90.00 held and 100.00 spent in its team.
    acme = world.account("Acme")
    sales = world.account("Sales", under=acme)
    ann, bob = world.members(2, sales)
    eve = world.member(acme)
    world.capture(world.hold(ann, "100.00"), "100.00")
    world.hold(bob, "90.00")

    before = snapshot()
    found = programs.preview_cap(
        account=acme, program=world.program, amount=usd("450.00"), at=world.at
    )
    assert (found.held, found.spent, found.available, found.overhang) == (90_00, 100_00, 260_00, 0)
    assert (found.members, found.allotted, found.ratio) == (3, 900_00, 2)
    assert found.present_ceiling is None
    low = programs.preview_cap(
        account=sales, program=world.program, amount=usd("150.00"), at=world.at
    )
    assert (low.members, low.allotted, low.available, low.overhang) == (2, 600_00, 0, 40_00)
    nothing = programs.preview_cap(
        account=sales, program=world.program, amount=usd("0.00"), at=world.at
    )
    assert (nothing.overhang, nothing.ratio) == (190_00, None)
    assert snapshot() == before

    # And so it comes.
    cap = world.cap(sales, "150.00")
    assert figures(cap) == {
        "ceiling": "150.00",
        "held": "90.00",
        "spent": "100.00",
        "overhang": "40.00",
    }
    assert eve.account == acme


def test_a_cap_over_all_programs_counts_them_all(world: World) -> None:
    acme = world.account("Acme")
    ann = world.member(acme)
    other = world.open_program(channel="other")
    bob = world.member(acme, program=other)
    world.hold(ann, "10.00")
    world.hold(bob, "20.00", cycle=other.cycles.get())
    world.cap(acme, "500.00", everywhere=True)
    world.raise_cap(world.cap(acme, "100.00"), "50.00", ends_at=world.at + DAY)
    every = programs.preview_cap(account=acme, program=None, amount=usd("600.00"), at=world.at)
    assert (every.held, every.members, every.allotted) == (30_00, 2, 600_00)
    assert every.present_ceiling == 500_00
    one = programs.preview_cap(
        account=acme, program=world.program, amount=usd("600.00"), at=world.at
    )
    assert (one.held, one.members, one.present_ceiling) == (10_00, 1, 100_00)


def test_a_cap_on_pieces(world: World) -> None:
    world.open_program(allotment_items=2)
    ann = world.member()
    world.hold(ann, "10.00", items=1)
    found = programs.preview_cap(
        account=ann.account, program=world.program, amount=items(1), at=world.at
    )
    assert (found.held, found.available, found.members, found.allotted) == (1, 0, 1, 2)


def test_what_a_cap_cannot_be(world: World) -> None:
    acme = world.account("Acme")
    draft = world.draft_program()
    for program, value, field in [
        (draft, usd("1.00"), "program"),
        (draft, Amount(1, "EUR"), "amount"),
        (draft, usd("-0.01"), "amount"),
    ]:
        with pytest.raises(InvalidInput) as error:
            programs.preview_cap(account=acme, program=program, amount=value, at=world.at)
        assert error.value.field == field
