"""Let a year of other programs pass in the demo's database; started by `dev.demo.servers`.

Their clock stands a year ahead, so that neither the jobs of the running Saleor nor those of the
year find anything of the other's to do.
"""

import sys
from datetime import UTC, datetime

import django

MEMBERS = 60


def main() -> int:
    """Play the year, and print what it came to; the exit status is 0 if all is accounted for."""
    from saleor_program_budgets.simulation.year import play  # noqa: PLC0415

    year = datetime.now(UTC).year + 1
    played = play.play(
        year=year,
        members=MEMBERS,
        seed=1,
        clock=lambda: datetime.now(UTC),
        write=lambda _: None,
    )
    print(f"{year} in fast-forward: five other programs, {MEMBERS} people.\n")
    for line in played.lines:
        if line.is_closing_night:
            print(f"  {line}")
    print(f"\n{play.proof(played)}")
    return 0 if played.is_proven else 1


if __name__ == "__main__":
    django.setup()
    sys.exit(main())
