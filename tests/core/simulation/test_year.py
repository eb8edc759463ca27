"""A year in fast-forward accounts for all of its money, and notices when it can't."""

import re
from datetime import UTC, datetime

import pytest

from saleor_program_budgets.models import Cycle, Entry, Lot, Member, Posting, Program, Rollover
from saleor_program_budgets.simulation.__main__ import main
from saleor_program_budgets.simulation.year import play
from saleor_program_budgets.simulation.year.agenda import Agenda
from saleor_program_budgets.simulation.year.schemes import BERLIN, NEW_YORK, midnight, schemes
from tests.support.database import tamper
from tests.support.world import World

YEAR = 2027
MEMBERS = 40
START = datetime(YEAR, 1, 1, tzinfo=UTC)


def test_a_year_accounts_for_all_of_its_money(
    committed_world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--year", str(YEAR), "--members", str(MEMBERS), "--seed", "5"]) == 0
    printed = capsys.readouterr().out
    assert "OTHERWISE" not in printed
    assert re.findall(r"^\w+ 2027$", printed, re.MULTILINE)[::11] == [
        f"January {YEAR}",
        f"December {YEAR}",
    ]
    assert "1 Mar 00:00 EST  Merchandise: closing night: " in printed
    assert "; the jobs came 3 nights late." in printed
    assert "1 Apr 00:00 CEST  Home office: closing night: " in printed
    assert "1 May 00:00 EDT  Uniforms: closing night: " in printed
    # 150.00 - 60.00 are left of which the sales team carries 50.00.
    assert "carries 50.00 EUR, 40.00 EUR lapse." in printed
    # Five programs in money, and the kits.
    assert printed.count("adds up") == 6
    assert printed.count("Overspent: 0.00.") == 1
    assert f"--year {YEAR} --members {MEMBERS} --seed 5" in printed
    assert Program.objects.get(name="Uniforms").status == Program.Status.CLOSED
    assert Cycle.objects.filter(program__name="Merchandise").count() == 12
    assert (
        Rollover.objects.filter(limit__program__name="Merchandise", carried__gt=20_00).count() == 0
    )
    assert Posting.objects.filter(kind="clawback").exists()
    assert Member.objects.filter(is_active=False).exists()


def test_changed_rows_make_it_fail(committed_world: World) -> None:
    committed_world.is_tampered = True
    said: list[str] = []

    def write(text: str) -> None:
        said.append(text)
        if text == f"June {YEAR}":
            _spend_a_cent_more(Program.objects.get(name="Rewards"))
        if text == f"December {YEAR}":
            lot = Lot.objects.filter(limit__program__name="Thank you", spent__gt=0).latest("pk")
            tamper("UPDATE program_budgets_lot SET spent = spent - 1 WHERE id = %s", [lot.pk])

    played = play.play(
        year=YEAR, members=MEMBERS, seed=5, clock=lambda: datetime.now(UTC), write=write
    )
    assert not played.is_proven
    assert [finding.rsplit(":", 1)[0] for finding in played.findings] == [
        "Rewards: granted and accounted for",
        "Rewards: spent, by lots",
        "Rewards: spent, by members",
        "Rewards: spent, as the shop was told",
        "Thank you: spent, by lots",
    ]
    assert not played.verification.is_clean
    printed = "\n".join(said)
    assert "OTHERWISE: Thank you: spent, by lots" in printed
    assert printed.count("DOES NOT ADD UP") == 2


def _spend_a_cent_more(program: Program) -> None:
    """Change the last entry that says what a purchase spent."""
    entry = Entry.objects.filter(
        posting__program=program, posting__kind="capture", bucket="spent", lot__isnull=False
    ).latest("pk")
    tamper("UPDATE program_budgets_entry SET amount = amount + 1 WHERE id = %s", [entry.pk])


def test_fewer_people_than_the_programs_need(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--year", "--members", "10"])
    assert "a year needs 40 members at least" in capsys.readouterr().err


@pytest.mark.parametrize("other", [["--seeds", "2"], ["--html", "report.html"]])
def test_a_year_is_one_year_in_words(other: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--year", *other])
    assert "--year tells of one year, in words" in capsys.readouterr().err


def test_what_is_entered_first_happens_first() -> None:
    happened: list[str] = []
    agenda = Agenda(START)
    agenda.enter(START.replace(day=3), lambda: happened.append("third"))
    agenda.enter(START.replace(day=2), lambda: happened.append("first"))
    agenda.enter(START.replace(day=2), lambda: happened.append("second"))
    agenda.enter(START.replace(day=4), lambda: happened.append("too late"))
    agenda.run(until=START.replace(day=4))
    assert happened == ["first", "second", "third"]
    assert agenda.now == START.replace(day=4)


def test_what_an_act_enters_happens_in_its_turn_and_never_in_the_past() -> None:
    happened: list[datetime] = []
    agenda = Agenda(START)

    def act() -> None:
        agenda.enter(START, lambda: happened.append(agenda.now))

    agenda.enter(START.replace(day=2), act)
    agenda.run(until=START.replace(day=3))
    assert happened == [START.replace(day=2)]


@pytest.mark.parametrize("year", [2026, 2027, 2028])
def test_programs_begin_at_midnight_in_their_own_time_zones(year: int) -> None:
    merchandise, home_office, rewards, *_ = schemes(year)
    assert merchandise.opens_at == datetime(year, 1, 1, 5, tzinfo=UTC)
    assert home_office.opens_at == rewards.opens_at == datetime(year - 1, 12, 31, 23, tzinfo=UTC)
    # Daylight saving has begun by April.
    assert midnight(year, 4, 1, BERLIN) == datetime(year, 3, 31, 22, tzinfo=UTC)
    assert midnight(year, 4, 1, NEW_YORK) == datetime(year, 4, 1, 4, tzinfo=UTC)
