"""Folding moves figures and changes none; the version says when one has changed."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from saleor_program_budgets import figures, programs
from saleor_program_budgets.errors import BalanceShort
from saleor_program_budgets.figures import Board, folding
from saleor_program_budgets.models import (
    AccountTotal,
    Cap,
    FigureChange,
    FigureFold,
    JobRun,
    Standing,
)
from saleor_program_budgets.programs import jobs
from tests.support.world import DAY, TESTS, World


def totals(world: World) -> object:
    shown = Board(figures.select(at=world.at))
    return shown.totals, shown.rows, shown.days


def test_folded_in_any_portions_figures_are_the_same(world: World) -> None:
    members = world.members(3, world.account("Acme"))
    for member in members:
        world.capture(world.hold(member, "10.00"), "5.00")
    before = totals(world)
    waiting = FigureChange.objects.count()
    folded = FigureFold.objects.get().folded

    assert figures.fold_batch(at=world.at, batch=2) == 2
    assert totals(world) == before
    assert figures.verify() == ()
    run = figures.fold(at=world.at, batch=3)

    assert run is not None
    assert run.result == {"folded": waiting - 2, "is_complete": True}
    assert (FigureChange.objects.count(), FigureFold.objects.get().folded) == (0, folded + waiting)
    assert totals(world) == before
    assert figures.verify() == ()


def test_a_run_ends_when_its_time_is_up(world: World) -> None:
    world.members(3, world.account("Acme"))
    run = figures.fold(at=world.at, batch=1, budget_seconds=0)
    assert run is not None
    assert run.result == {"folded": 0, "is_complete": False}


def test_nothing_to_fold_is_nothing(world: World) -> None:
    before = FigureFold.objects.get().folded
    assert figures.fold_batch(at=world.at) == 0
    assert FigureFold.objects.get().folded == before


def test_a_second_run_leaves_it_to_the_first(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(*_: object, **__: object) -> None:
        raise jobs.AlreadyRunning("fold-figures")

    monkeypatch.setattr(folding.jobs, "run", busy)
    assert figures.fold(at=world.at) is None
    assert not JobRun.objects.exists()


def test_damaged_figures_are_counted_anew(world: World) -> None:
    ann = world.member()
    world.hold(ann, "10.00")
    expected = totals(world)
    figures.fold_batch(at=world.at)
    AccountTotal.objects.update(remaining=1)
    Standing.objects.all().delete()
    assert len(figures.verify()) == 1

    figures.recount()

    assert figures.verify() == ()
    assert totals(world) == expected
    assert Standing.objects.get().used_permille == 33


def test_the_version_changes_with_anything_shown(world: World) -> None:
    ann = world.member()
    acme = ann.account
    said = [figures.version(at=world.at)]

    def changed() -> bool:
        said.append(figures.version(at=world.at))
        return said[-1] not in said[:-1]

    assert not changed()
    hold = world.hold(ann, "10.00")
    assert changed()
    world.capture(hold, "10.00")
    assert changed()
    with pytest.raises(BalanceShort):
        world.hold(ann, "1000.00")
    assert changed()
    world.cap(acme, "100.00")
    assert changed()
    world.raise_cap(Cap.objects.get(), "1.00", ends_at=world.at + DAY)
    assert changed()
    acme.name = "Acme Corporation"
    acme.save()
    assert changed()
    programs.deactivate_member(member=ann, actor=TESTS, at=world.at)
    assert changed()
    figures.recount()
    assert changed()
    figures.fold_batch(at=world.at)
    assert not changed()
    world.at += DAY
    assert changed()


def test_the_version_is_one_query_and_that_of_a_board(world: World) -> None:
    world.member()
    with CaptureQueriesContext(connection) as queries:
        said = figures.version(at=world.at)
    assert len(queries) == 1
    assert figures.select(at=world.at).version == said
