"""What has lapsed is recorded as of the instant it was there and no longer usable."""

from saleor_program_budgets import ledger, programs
from saleor_program_budgets.models import Posting, Raise
from tests.support.world import DAY, START, World, lot_figures, usd

EXPIRY = ledger.Actor.system("expiry")


def test_it_is_dated_its_expiry_however_late_the_job(world: World) -> None:
    ann = world.member()
    lot = world.grant(ann, "20.00", expires_at=START + 10 * DAY)
    world.at = START + 15 * DAY
    assert ledger.lapse(actor=EXPIRY, at=world.at) == 1
    assert lot_figures(lot) == {"lapsed": "20.00"}
    assert Posting.objects.get(kind="lapse").at == START + 10 * DAY


def test_what_a_reversal_gave_back_later_is_dated_the_reversal(world: World) -> None:
    # Given 20.00 that were taken back before they expired, so that nothing lapsed then.
    ann = world.member()
    lot = world.grant(ann, "20.00", expires_at=START + 10 * DAY)
    taken = world.adjust(ann, "-20.00")
    world.at = START + 12 * DAY
    assert ledger.lapse(actor=EXPIRY, at=world.at) == 0

    # When the correction is undone after the expiry, and a job comes later,
    reversed_at = world.at = START + 15 * DAY
    world.reverse(taken.posting_id)
    world.at = START + 16 * DAY
    assert ledger.lapse(actor=EXPIRY, at=world.at) == 1

    # Then they lapse from when they were there again: a month that was over stays as it was.
    assert lot_figures(lot) == {"lapsed": "20.00"}
    assert Posting.objects.get(kind="lapse").at == reversed_at


def test_of_one_program_alone(world: World) -> None:
    ann = world.member()
    other = world.open_program(channel="other")
    ben = world.member(program=other)
    lots = [world.grant(each, "20.00", expires_at=START + DAY) for each in (ann, ben)]
    world.at = START + 2 * DAY
    assert ledger.lapse(program=other, actor=EXPIRY, at=world.at) == 1
    assert [lot_figures(lot) for lot in lots] == [{"available": "20.00"}, {"lapsed": "20.00"}]
    assert ledger.lapse(actor=EXPIRY, at=world.at) == 1


def test_raises_of_one_program_alone(world: World) -> None:
    ann = world.member()
    cap = world.cap(ann.account, "1000.00")
    world.raise_cap(cap, "100.00", ends_at=START + DAY)
    other = world.open_program(channel="other")
    world.at = START + 2 * DAY
    assert ledger.end_due_raises(program=other, at=world.at) == 0
    assert Raise.objects.filter(ended_at=None).count() == 1
    assert ledger.end_due_raises(program=world.program, at=world.at) == 1


def test_reminders_of_one_program_alone(world: World) -> None:
    ann = world.member()
    other = world.open_program(channel="other", allotment=usd("80.00"))
    world.member(program=other)
    world.at = world.cycle.ends_at - 3 * DAY
    reminders = list(programs.due_reminders(program=other, at=world.at))
    assert [reminder.amount for reminder in reminders] == [80_00]
    assert {reminder.member_id for reminder in programs.due_reminders(at=world.at)} >= {ann.pk}
