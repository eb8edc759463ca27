"""Write what the plugin adds to Saleor's GraphQL schema, or check that the file is up to date.

    python -m dev.schema [--check]

Compares the schema that Saleor builds with the plugin installed to the schema file that Saleor
ships. Anything but an addition is an error. The output is the same for every Saleor version that
the plugin supports: added types by name, then the fields added to types of Saleor's.
"""

import argparse
import difflib
import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from dev import python
from dev.environment import python_for
from dev.paths import ROOT, SALEOR_ROOT
from dev.saleor import Checkout

TARGET = ROOT / "saleor_program_budgets" / "interfaces" / "graphql" / "schema.graphql"
_SETTINGS = "tests.settings_host"
_PRINT = "--print"
_DEFINITION = re.compile(r"(schema|directive|scalar|type|interface|union|enum|input)\b *(@?\w*)")
_OPENING = re.compile(r" \{$")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what the command line says; returns 1 when the file isn't up to date."""
    parser = argparse.ArgumentParser(prog="python -m dev.schema", description=__doc__)
    parser.add_argument("--check", action="store_true", help="show the difference, write nothing")
    parser.add_argument(_PRINT, action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.print:
        sys.stdout.write(_added_in_this_process())
        return 0
    sdl = _printed_by(Checkout(SALEOR_ROOT))
    if not options.check:
        TARGET.write_text(sdl, encoding="utf-8")
        return 0
    difference = difflib.unified_diff(
        TARGET.read_text(encoding="utf-8").splitlines(),
        sdl.splitlines(),
        "schema.graphql",
        "as it would be built (python -m dev.schema)",
        lineterm="",
    )
    lines = list(difference)
    print("\n".join(lines), end="\n" if lines else "")
    return 1 if lines else 0


def additions(*, saleor: str, extended: str) -> str:
    """Return the SDL of what *extended* has beyond *saleor*.

    Raises:
        ValueError: something of Saleor's is missing or different in *extended*.
    """
    before, after = _definitions(saleor), _definitions(extended)
    added = [after[name] for name in sorted(after.keys() - before.keys())]
    for name, definition in before.items():
        if name.startswith("union "):
            _require_same_members(name, definition, after.get(name, ""))
        elif after.get(name) != definition:
            added.append(_extension(name, definition, after.get(name, "")))
    return "\n\n".join(added) + "\n"


def _require_same_members(union: str, before: str, after: str) -> None:
    """A union's members come in the order of Saleor's imports, which means nothing."""
    old, new = (set(re.findall(r"\w+", text.partition(" = ")[2])) for text in (before, after))
    if old != new:
        raise ValueError(f"{union} has other members: {', '.join(sorted(old ^ new))}")


def _extension(name: str, before: str, after: str) -> str:
    """Return `extend type … { the members that are new }`."""
    head, old = _members(before)
    extended_head, new = _members(after)
    changed = [member for member, text in old.items() if new.get(member) != text]
    if extended_head != head or changed:
        raise ValueError(f"{name} is not only added to: {', '.join(changed) or 'its head differs'}")
    members = "\n\n".join(text for member, text in new.items() if member not in old)
    kind, type_name = name.split()
    return f"extend {kind} {type_name} {{\n{members}\n}}"


def _definitions(sdl: str) -> dict[str, str]:
    """Split a printed schema into definitions, each with its description, by kind and name."""
    found: dict[str, str] = {}
    for block in _blocks(sdl.splitlines(), indent=""):
        match = next(filter(None, map(_DEFINITION.match, _without_description(block, ""))), None)
        if match is None:
            raise ValueError(f"not a definition: {block[0]}")
        found[f"{match[1]} {match[2]}".strip()] = "\n".join(block)
    return found


def _members(definition: str) -> tuple[str, dict[str, str]]:
    """Split a definition into what stands before its braces, and its members by name."""
    lines = definition.splitlines()
    start = next((number for number, line in enumerate(lines) if _OPENING.search(line)), None)
    if start is None:
        return definition, {}
    members: dict[str, str] = {}
    for block in _blocks(lines[start + 1 : -1], indent="  "):
        first = _without_description(block, "  ")[0]
        name = re.match(r" *(\w+)", first)
        if name is None:
            raise ValueError(f"not a member: {first}")
        members[name[1]] = "\n".join(block)
    return "\n".join(lines[: start + 1]), members


def _blocks(lines: Sequence[str], *, indent: str) -> list[list[str]]:
    """Group lines into items: an optional description, and all up to the next item."""
    blocks: list[list[str]] = []
    is_described = False
    in_description = False
    for line in lines:
        starts = line.startswith(indent) and line[len(indent) :][:1] not in {"", " ", "}", ")"}
        if in_description:
            blocks[-1].append(line)
            in_description = not line.endswith('"""')
        elif starts and line.startswith(f'{indent}"'):
            blocks.append([line])
            is_described = True
            in_description = _opens_description(line)
        elif starts and not is_described:
            blocks.append([line])
        else:
            blocks[-1].append(line)
            is_described = False
    for block in blocks:
        while not block[-1].strip():
            block.pop()
    return blocks


def _opens_description(line: str) -> bool:
    """Say whether a description begins here and goes on in the next line.

    One that begins with a line break is printed as a quoted string, all others between triple
    quotes.
    """
    return line.lstrip().startswith('"""') and line.count('"""') == 1


def _without_description(block: Sequence[str], indent: str) -> Sequence[str]:
    if not block[0].startswith(f'{indent}"'):
        return block
    if not _opens_description(block[0]):
        return block[1:]
    end = next(n for n, line in enumerate(block[1:], 1) if line.endswith('"""'))
    return block[end + 1 :]


def _printed_by(checkout: Checkout) -> str:
    """Build the schema in the environment of *checkout*, which may not be ours."""
    environment: Mapping[str, str] = {
        "SECRET_KEY": "builds a schema, signs nothing",
        **python.environment(checkout, settings=_SETTINGS),
    }
    command = [str(python_for(checkout)), "-W", "ignore", "-m", "dev.schema", _PRINT]
    finished = subprocess.run(
        command, cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE, text=True
    )
    return finished.stdout


def _added_in_this_process() -> str:
    import django  # noqa: PLC0415 – only in Saleor's environment

    # What is printed is this process's output; Saleor's logging writes there as well.
    output, sys.stdout = sys.stdout, open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123
    try:
        django.setup()
        import saleor.graphql  # noqa: PLC0415
        from saleor.graphql.api import schema  # noqa: PLC0415
        from saleor.graphql.schema_printer import print_schema  # noqa: PLC0415

        shipped = Path(saleor.graphql.__file__).with_name("schema.graphql")
        return additions(saleor=shipped.read_text(encoding="utf-8"), extended=print_schema(schema))
    finally:
        sys.stdout.close()
        sys.stdout = output


if __name__ == "__main__":
    sys.exit(main())
