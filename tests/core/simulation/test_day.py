"""The simulation plays its day against a real database and proves it, or says why not."""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from saleor_program_budgets.models import Cap, Member
from saleor_program_budgets.simulation import server
from saleor_program_budgets.simulation.__main__ import NOT_CONFIGURED, main
from saleor_program_budgets.simulation.options import Fault
from saleor_program_budgets.simulation.report import page
from saleor_program_budgets.simulation.world import Department, departments
from saleor_program_budgets.simulation.world import World as Acme
from tests.support.database import tamper
from tests.support.world import World

pytestmark = [
    # What is forked does nothing but trade, on connections of its own.
    pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning"),
]
ROOT = Path(__file__).resolve().parents[3]
SERVERS_OF_THE_TESTS = {"DATABASE_URL", "CACHE_URL", "CELERY_BROKER_URL", "PROGRAM_BUDGETS_SERVER"}
WITHOUT_RESTART = ",".join(fault for fault in Fault if fault is not Fault.RESTART)


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


def test_a_day_on_which_everything_goes_wrong(
    committed_world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    size = ["--orders", "60", "--members", "24", "--departments", "3", "--clients", "3"]
    assert main([*size, "--no-story", "--faults", WITHOUT_RESTART]) == 0, capsys.readouterr().out
    printed = capsys.readouterr().out
    for fault in ("kill", "disconnect", "duplicate", "timeout", "deadlock", "clock"):
        assert f"\n{fault}" in printed
    assert "taken up by a successor" in printed
    assert "all as told; overspent by this count: 0.00." in printed
    assert printed.rstrip().endswith("Overspent: 0.00.")


def test_a_day_on_which_caps_were_overspent_is_not_proven(
    committed_world: World,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The control: caps are lifted behind the ledger's back, and purchases pass that must not."""
    committed_world.is_tampered = True
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))  # the diaries of such a day are kept
    open_as_usual = Acme.open_the_departments

    def open_too_wide(acme: Acme) -> None:
        open_as_usual(acme)
        tamper("UPDATE program_budgets_limit SET ceiling = ceiling + 1000000 WHERE kind = 'cap'")

    monkeypatch.setattr(Acme, "open_the_departments", open_too_wide)
    size = ["--orders", "60", "--members", "4", "--departments", "1", "--clients", "2"]
    assert main([*size, "--no-story", "--with", "none"]) == 1
    printed = capsys.readouterr().out
    assert "overspent by this count: 0.00" not in printed
    assert re.search(r"^  caps within ceilings: Engineering: told at most 1,000.00", printed, re.M)
    assert re.search(r"^  holds within ceilings of then: cap \d+ after posting", printed, re.M)
    [kept] = tmp_path.iterdir()
    assert f"The clients' diaries are kept in {kept}." in printed


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
        (["--departments", "3"], "the story needs 4 departments, or --no-story"),
        (["--members", "40"], "more members, or --no-story"),
        (["--members", "2", "--no-story"], "2 members leave one of 4 departments empty"),
        (["--faults", "kill,flood"], "there is no “flood”: choose from kill, disconnect"),
        (["--with", "refund"], "there is no “refund”: choose from refunds, cap-changes"),
        (["--seconds", "0"], "has to be more than 0"),
        (["--seeds", "3", "--html", "page.html"], "--html shows one run"),
        (["--orders", "0", "--html", "page.html"], "--html shows trading"),
        (["--clients", "0"], "has to be at least 1"),
        (["--orders", "5", "--seconds", "5"], "not allowed with argument"),
    ],
)
@pytest.mark.usefixtures("db")
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


def test_a_server_that_may_be_shared_is_not_crashed(
    committed_world: World,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.delenv("PROGRAM_BUDGETS_SERVER", raising=False)
    with pytest.raises(SystemExit):
        main(["--no-story", "--faults", "restart"])
    assert "wasn't started for this run alone" in capsys.readouterr().err
    assert not Member.objects.exists()


def test_another_server_than_our_own_is_not_crashed(
    committed_world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PROGRAM_BUDGETS_SERVER", str(tmp_path))
    assert server.find_own() is None


def test_many_seeds_with_all_faults_on_a_server_of_their_own() -> None:
    """In a process of its own: it crashes the server that it runs on."""
    environment = {
        name: value for name, value in os.environ.items() if name not in SERVERS_OF_THE_TESTS
    }
    ended = subprocess.run(
        [
            *(sys.executable, "-m", "dev.run", "--"),
            *(sys.executable, "-m", "saleor_program_budgets.simulation"),
            *("--seeds", "2", "--orders", "40", "--clients", "2", "--faults", "all"),
        ],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert ended.stdout.startswith("Making the tables…\nseed     1  ok")
    assert "fault: restart" in ended.stdout
    assert "2 of 2 seeds ended in 0.00 overspent" in ended.stdout


def test_a_page_with_all_plots_that_needs_nothing_else(
    committed_world: World, tmp_path: Path
) -> None:
    report = tmp_path / "report.html"
    size = ["--orders", "20", "--members", "12", "--departments", "2", "--clients", "2"]
    assert main([*size, "--no-story", "--faults", "duplicate", "--html", str(report)]) == 0
    html = report.read_text(encoding="utf-8")
    titles = re.findall(r"<h2>(.*?)</h2>\n<p>.*?</p>\n<div class=\"scroll\"><svg ", html)
    assert titles == ["Throughput", "Latency by operation", "Refusals", "Caps"]
    assert "prefers-color-scheme: dark" in html
    assert "--seed 1 --members 12 --departments 2 --clients 2 --orders 20" in html
    addresses = set(re.findall(r"https?://[^\s\"'<)]+", html))
    assert addresses == {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}
    assert not re.search(r"<script|<link|<img|@import|url\((?!#)|(?:src|href)=\"(?!#)", html)
    assert "#0" not in re.sub(r"--[a-z-]+[0-9]*: #\w+", "", html)  # every stand-in was replaced


def test_without_the_extra_the_page_says_what_it_needs(
    committed_world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(page, "find_spec", lambda _: None)
    with pytest.raises(SystemExit):
        main(["--no-story", "--html", "page.html"])
    assert "pip install 'saleor-program-budgets[simulation]'" in capsys.readouterr().err
