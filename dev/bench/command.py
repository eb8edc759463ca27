"""The measurement itself; started by `dev.bench` with a database around it."""

import contextlib
import sys
import time
from collections.abc import Callable, Mapping, Sequence

import django
from django.core.management import call_command

django.setup()

from dev.bench import (  # noqa: E402 models need the set-up
    closing,
    codes,
    crumbs,
    figures,
    hot,
    machine,
    options,
    people,
    reads,
    report,
    size,
    weight,
)
from dev.bench.library import Library  # noqa: E402
from dev.bench.options import Options  # noqa: E402
from dev.bench.report import Part  # noqa: E402
from saleor_program_budgets import ledger  # noqa: E402

_SECTIONS: Mapping[str, Callable[[Options, Library], Sequence[Part]]] = {
    "hot": hot.measure,
    "crumbs": crumbs.measure,
    "closing": closing.measure,
    "codes": codes.measure,
    "figures": figures.measure,
    "people": people.measure,
    "reads": reads.measure,
    "size": size.measure,
    "weight": weight.measure,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what the command line says; returns 1 if the books don't balance afterwards."""
    chosen = options.parse(arguments)
    call_command("migrate", verbosity=0, interactive=False)
    described = machine.describe()
    print(described, flush=True)
    with contextlib.closing(Library(chosen)) as library:
        for name in _SECTIONS:  # in this order: a journal grows, and is read at several sizes
            if name in chosen.sections:
                began = time.monotonic()
                parts = [*_SECTIONS[name](chosen, library), described]
                print(f"\n{report.text(parts, markdown=chosen.markdown)}\n")
                if chosen.output is not None:
                    report.replace(chosen.output, name, parts)
                report.say(f"{name}: {time.monotonic() - began:.0f} s in all")
    verification = ledger.verify()
    agree = "all agree" if verification.is_clean else "THEY DIFFER"
    print(f"verify: {verification.postings} postings: {agree}")
    return 0 if verification.is_clean else 1


if __name__ == "__main__":
    sys.exit(main())
