"""What a Saleor checkout declares that it needs, in the form that installers read.

Saleor from 3.22 on declares it in the standard table; 3.21 does in Poetry's own.
"""

import re
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

_VERSION = re.compile(r"(?P<release>\d+(?:\.\d+)*)(?P<rest>.*)")


def declared(pyproject: Path) -> list[str]:
    """The runtime requirements that a `pyproject.toml` declares.

    Raises:
        ValueError: it declares none in either form.
    """
    document = tomllib.loads(pyproject.read_text(encoding="utf-8"))
    if requirements := document.get("project", {}).get("dependencies"):
        return list(requirements)
    poetry = document.get("tool", {}).get("poetry", {}).get("dependencies")
    if not poetry:
        raise ValueError(f"{pyproject} declares no dependencies")
    return [
        from_poetry(name, constraint) for name, constraint in poetry.items() if name != "python"
    ]


def from_poetry(name: str, constraint: str | Mapping[str, Any]) -> str:
    """Write one of Poetry's dependencies as a standard requirement.

    Raises:
        ValueError: it asks for something that isn't a release from an index.
    """
    table: dict[str, Any] = (
        {"version": constraint} if isinstance(constraint, str) else dict(constraint)
    )
    version = table.pop("version", None)
    extras: list[str] = table.pop("extras", [])
    markers = [f"({text})" for text in [table.pop("markers", "")] if text]
    if platform := table.pop("platform", ""):
        markers.append(f"sys_platform == '{platform}'")
    if version is None or table:
        raise ValueError(f"{name}: can't translate {constraint!r}")
    wanted = name + (f"[{','.join(extras)}]" if extras else "")
    specifiers = ",".join(_specifier(part.strip()) for part in version.split(","))
    return f"{wanted}{specifiers}" + (f" ; {' and '.join(markers)}" if markers else "")


def _specifier(part: str) -> str:
    if part == "*":
        return ""
    if part.startswith("^"):
        return _range(part[1:], _after_caret)
    if part.startswith("~") and not part.startswith("~="):
        return _range(part[1:], _after_tilde)
    return part if part[0] in "<>=!~" else f"=={part}"


def _range(version: str, after: Callable[[list[int]], list[int]]) -> str:
    match = _VERSION.fullmatch(version)
    if match is None:
        raise ValueError(f"not a version: {version!r}")
    release = [int(number) for number in match["release"].split(".")]
    return f">={version},<{'.'.join(map(str, after(release)))}"


def _after_caret(release: list[int]) -> list[int]:
    """The leftmost number that isn't zero may not change."""
    fixed = next((index for index, number in enumerate(release) if number), len(release) - 1)
    return [*release[:fixed], release[fixed] + 1]


def _after_tilde(release: list[int]) -> list[int]:
    """The major and, where given, the minor number may not change."""
    fixed = min(1, len(release) - 1)
    return [*release[:fixed], release[fixed] + 1]
