"""The simulation plays its day against a real database and proves it, or says why not."""

import os
import subprocess
import sys

import pytest

from saleor_program_budgets.models import Cap, Member
from saleor_program_budgets.simulation.__main__ import NOT_CONFIGURED, main
from saleor_program_budgets.simulation.report.text import percentile
from saleor_program_budgets.simulation.world import Department, departments
from tests.support.database import tamper
from tests.support.world import World


def test_a_short_day_ends_in_its_proof(
    committed_world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--orders", "30", "--clients", "3", "--seed", "7"]) == 0
    printed = capsys.readouterr().out
    assert "refused: short by 115.00" in printed
    assert "5 orders, 15 refused: the cap is reached" in printed
    assert "holds recomputed: all agree." in printed
    assert printed.rstrip().endswith("Overspent: 0.00.")
    assert Member.objects.count() == 304
    whole = Cap.objects.get(account__parent=None)
    assert (whole.ceiling, whole.held) == (84_000_00, 0)


def test_the_story_alone(committed_world: World, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--orders", "0", "--members", "120", "--departments", "6"]) == 0
    printed = capsys.readouterr().out
    assert "Trading" not in printed
    assert "Division 6" in printed
    # 150.00 + 150.00 - 65.00 by Engineering, 300.00 + 3 x 20.00 by Operations, 250.00 by Marketing.
    whole = Cap.objects.get(account__parent=None)
    assert whole.spent == 845_00


def test_a_database_in_use_is_left_alone(
    committed_world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    committed_world.open_program()
    with pytest.raises(SystemExit) as ended:
        main(["--orders", "0"])
    assert ended.value.code == 2
    assert "the database holds programs already" in capsys.readouterr().err
    assert not Member.objects.exists()
    assert main(["--orders", "0", "--allow-existing"]) == 0


def test_books_that_do_not_balance_fail_the_day(
    committed_world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    committed_world.is_tampered = True
    committed_world.member()
    tamper("UPDATE program_budgets_limit SET ceiling = ceiling + 1 WHERE kind = 'member'")
    assert main(["--orders", "0", "--allow-existing"]) == 1
    assert "THEY DIFFER" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--departments", "3"], "the story needs 4 departments"),
        (["--members", "40"], "more members"),
        (["--clients", "0"], "has to be at least 1"),
        (["--orders", "5", "--seconds", "5"], "not allowed with argument"),
    ],
)
def test_arguments_that_make_no_day(
    arguments: list[str], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert reason in capsys.readouterr().err


def test_without_settings_it_says_what_it_needs() -> None:
    environment = {
        name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"
    }
    ended = subprocess.run(
        [sys.executable, "-m", "saleor_program_budgets.simulation"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (2, "", NOT_CONFIGURED)


def test_departments_share_the_members() -> None:
    assert departments(members=304, count=4) == [
        Department("Engineering", 84),
        Department("Sales", 112),
        Department("Marketing", 60),
        Department("Operations", 48),
    ]
    shared = departments(members=1_000, count=7)
    assert sum(department.size for department in shared) == 1_000
    assert shared[-1].name == "Division 7"


@pytest.mark.parametrize(("share", "expected"), [(0.5, 3), (0.99, 4), (1, 4)])
def test_percentile(share: float, expected: int) -> None:
    assert percentile([4, 1, 3, 2], share) == expected
