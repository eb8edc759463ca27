"""Play the day in a Saleor of its own; started by `dev.demo` with a database around it."""

import os
import signal
import sys
import time
from contextlib import AbstractContextManager, ExitStack, closing
from pathlib import Path
from types import FrameType

from dev import scratch
from dev.demo import desk, people, program, report, roster, screen, servers, shop, store, story
from dev.demo.api import Api, ApiError, Session
from dev.demo.day import Day, Deviation, expect
from dev.demo.program import money
from dev.demo.servers import STAFF_EMAIL, STAFF_PASSWORD, Saleor, ServerFailed
from dev.templates import say


def main() -> int:
    """Start Saleor, play the day and show what happened; returns the exit status.

    Stays up until Ctrl-C, unless ONCE is set.
    """
    signal.signal(signal.SIGTERM, _leave)
    try:
        with scratch.run_directory(servers.ourselves()) as directory:
            return _play(directory)
    except KeyboardInterrupt:
        say("\nStopped.")
        return 0
    except ServerFailed as failure:
        say(f"\n{failure}")
        return 1


def _play(directory: Path) -> int:
    progress = Progress()
    with ExitStack() as stack:
        saleor = stack.enter_context(servers.running(directory))
        progress.done("Saleor's API, a Celery worker and beat are up")
        api = stack.enter_context(closing(Api(saleor.api_url)))
        try:
            day = set_up(api, progress)
            for title, act in story.acts():
                act(day)
                progress.done(title)
            _conclude(day)
            _pass_a_year(day, progress)
        except (ApiError, Deviation) as failure:
            say(f"\n{saleor.tails()}\n\nTHE DAY WENT OTHERWISE: {failure}")
            return 1
        store_url = stack.enter_context(_store_page(day))
        desk_url = stack.enter_context(_desk(day, store_url))
        print(_addresses(saleor, day, desk_url=desk_url, store_url=store_url), flush=True)
        if not os.environ.get("ONCE"):
            screen.show(desk_url)
            _stay(saleor)
    return 0


def set_up(api: Api, progress: "Progress") -> Day:
    """Make the store, the people and their program."""
    staff = Session(api, email=STAFF_EMAIL, password=STAFF_PASSWORD)
    sold_in = shop.set_up(staff)
    progress.done("a channel with two products, delivery and taxes")
    everyone = people.everyone()
    shoppers = story.shoppers(everyone)
    people.register(api, shoppers)
    progress.done(f"{len(shoppers)} customers, who have registered")
    budgets = program.set_up(staff, channel_id=sold_in.channel_id, departments=list(everyone))
    progress.done(f"the program: {program.ALLOTMENT} for each member, and five caps")
    row = roster.bring_in(staff, program=budgets, everyone=everyone, known=len(shoppers))
    progress.done(f"{sum(map(len, everyone.values()))} people from a file, all of them members")
    return Day(api, staff, sold_in, budgets, everyone, rows=[row])


def _conclude(day: Day) -> None:
    """Print what happened and prove it; raises `Deviation` if the proof fails."""
    caps, verification, refused = day.program.caps(), day.program.verify(), day.program.refusals()
    counts = {name: len(members) for name, members in day.people.items()}
    counts[program.ORGANIZATION] = sum(counts.values())
    sections = [
        report.happenings(day.rows),
        report.figures(caps, counts),
        report.proof(verification, refused=refused),
    ]
    print("", *sections, sep="\n\n", flush=True)
    expect("verify", verification["isClean"], True)
    expect("overspent", [amount for amount in verification["overspent"] if amount["amount"]], [])
    expect("spent under the root's cap", money(caps[program.ORGANIZATION]["spent"]), day.spent)
    expect(
        "held under the root's cap", money(caps[program.ORGANIZATION]["held"]), money({"amount": 0})
    )
    expect("purchases refused", refused, day.refused)


def _pass_a_year(day: Day, progress: "Progress") -> None:
    """Let a year of other programs pass, and see that the live one hasn't noticed."""
    caps = day.program.caps()
    told = servers.fast_forward()
    progress.done("a year of five other programs, in fast-forward")
    print("", told, sep="\n", flush=True)
    expect("the caps after the year", day.program.caps(), caps)
    expect("verify after the year", day.program.verify()["isClean"], True)


def _store_page(day: Day) -> AbstractContextManager[str]:
    """Serve the store's page for those who shop in the story."""
    return store.running(
        day.api.url,
        channel=day.shop.channel,
        shoppers=list(story.shoppers(day.people)),
        password=people.PASSWORD,
        pay=store.payments(day.api, card_token=day.shop.card_token),
    )


def _desk(day: Day, store_url: str) -> AbstractContextManager[str]:
    """Serve what stands in for the Dashboard, with the administrator signed in."""
    return desk.running(
        day.api.url,
        email=STAFF_EMAIL,
        password=STAFF_PASSWORD,
        program_id=day.program.id,
        store_url=store_url,
    )


def _addresses(saleor: Saleor, day: Day, *, desk_url: str, store_url: str) -> str:
    someone = day.people["Engineering"][0]
    return (
        f"\n"
        f"the board, live         {desk_url}\n"
        f"the store               {store_url}\n"
        f"GraphQL and playground  {saleor.api_url}\n"
        f"staff                   {STAFF_EMAIL}  {STAFF_PASSWORD}\n"
        f"a shopper               {someone.email}  {people.PASSWORD}\n"
        f"the program             {day.program.id}\n"
        f"Take a token with tokenCreate, and send it as Authorization: Bearer …"
    )


def _stay(saleor: Saleor) -> None:
    say("\nUp until Ctrl-C.")
    while True:
        time.sleep(1)
        saleor.require_alive()


class Progress:
    """Says what is done, with the time since the start."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    def done(self, what: str) -> None:
        """Report one more thing."""
        say(f"{time.monotonic() - self._began:5.0f} s  {what}")


def _leave(number: int, _frame: FrameType | None) -> None:
    sys.exit(128 + number)


if __name__ == "__main__":
    sys.exit(main())
