"""A file of a hundred thousand rows none of which can be used: one report, of bounded size."""

from __future__ import annotations

import resource
import time

from saleor_program_budgets.models import ImportLine, RosterImport
from tests.support.people import add_roster, apply, everything, preview, rejected
from tests.support.world import World

ROWS = 100_000
SECONDS = 20
KILOBYTES = 300 * 1024
HEADER = "external_id,email,department,manager,active,effective_on\n"
FAULTS = {
    "email": "{n},nobody,,,yes,",
    "department": "{n},p{n}@acme.example,Nowhere,,yes,",
    "manager": "{n},p{n}@acme.example,Acme,nobody-{n},yes,",
    "active": "{n},p{n}@acme.example,Acme,,perhaps,",
    "effective_on": "{n},p{n}@acme.example,Acme,,yes,2026-02-30",
}


def test_a_hundred_thousand_bad_rows_are_answered_in_one_bounded_report(world: World) -> None:
    acme = add_roster(world)
    fields = list(FAULTS)
    rows = (FAULTS[fields[number % len(fields)]].format(n=number) for number in range(ROWS))
    content = (HEADER + "\n".join(rows)).encode()
    before = everything()
    began, peak = time.process_time(), _peak_kilobytes()
    batch = preview(world, acme, content=content)
    assert time.process_time() - began < SECONDS
    assert _peak_kilobytes() - peak < KILOBYTES
    assert (batch.counts, batch.rejected_count) == ({}, ROWS)
    assert batch.rejected_fields == dict.fromkeys(FAULTS, ROWS // len(FAULTS))
    told = rejected(batch)
    assert [(line, field) for line, field, _ in told] == [
        (number + 2, fields[number % len(fields)]) for number in range(100)
    ]
    assert max(len(message) for _, _, message in told) < 200
    # The draft is all that there is of it, and to apply it does nothing.
    assert (RosterImport.objects.count(), ImportLine.objects.count()) == (1, 0)
    assert everything() == before
    apply(world, batch)
    assert (batch.status, everything()) == ("applied", before)


def _peak_kilobytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
