"""The virtual environment that a Saleor checkout needs.

    python -m dev.environment

prints its Python. The lock serves the Saleor version that its `saleor` group was taken from; any
other version gets an environment of its own, with what its checkout declares, on the first use.
"""

import hashlib
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

from dev import requirements, scratch
from dev.paths import ROOT, SALEOR_ROOT
from dev.saleor import Checkout
from dev.templates import say

_LOCK = ROOT / "requirements.lock"
_PYPROJECT = ROOT / "pyproject.toml"
_ENVIRONMENTS = ROOT / ".venvs"

#: Our build needs 77, and pkg_resources, which 3.21 reads plugins with, is gone after 80.
_OVERRIDES = ["setuptools>=77,<80"]

#: These are of one mind only in versions that belong together, and nobody's declaration says so.
_BROKER_CLIENTS = ("celery", "kombu", "redis")


def python_for(checkout: Checkout) -> Path:
    """The Python of the environment that a checkout runs in, made or renewed if need be."""
    declared = requirements.declared(checkout.root / "pyproject.toml")
    document = tomllib.loads(_PYPROJECT.read_text(encoding="utf-8"))
    if declared == document["dependency-groups"]["saleor"]:
        return Path(sys.executable)
    wanted = [*declared, *document["project"]["dependencies"]]
    home = _ENVIRONMENTS / f"saleor-{checkout.version}"
    python = home / "bin" / "python"
    stamp = home / "installed"
    key = _digest(
        wanted,
        _OVERRIDES,
        _BROKER_CLIENTS,
        document["dependency-groups"]["dev"],
        document["project"],
    )
    with scratch.exclusive(_ENVIRONMENTS / f"saleor-{checkout.version}.lock"):
        if not stamp.exists() or stamp.read_text() != key:
            say(f"Installing what Saleor {checkout.version} declares into {home.name}…")
            _install(home, python, wanted)
            stamp.write_text(key)
    return python


def _install(home: Path, python: Path, wanted: list[str]) -> None:
    if not python.exists():
        _uv("venv", "--quiet", "--python", sys.executable, home)
    declared = _write(home / "declared.txt", wanted)
    overrides = _write(home / "overrides.txt", _OVERRIDES)
    locked = _locked_versions()
    constraints = _write(home / "constraints.txt", locked)
    fewer = _write(
        home / "broker.txt",
        [pin for pin in locked if re.split(r"[=\[]", pin)[0] in _BROKER_CLIENTS],
    )
    command: list[str | Path] = ["pip", "install", "--quiet", "--python", python]
    command += ["--overrides", overrides, "--requirements", declared]
    command += ["--group", f"{_PYPROJECT}:dev"]
    # What the lock pins is taken where this version allows it, so that runs differ in Saleor alone.
    if not _succeeds(*command, "--constraints", constraints):
        _uv(*command, "--constraints", fewer)
    _uv(*command[:5], "--no-build-isolation", "--no-deps", "--editable", ROOT)


def _locked_versions() -> list[str]:
    """The lock without its hashes, which would have to cover everything installed."""
    pinned = re.findall(r"^[A-Za-z0-9].*?(?= \\$)", _LOCK.read_text(), re.MULTILINE)
    return [line for line in pinned if not line.startswith("setuptools==")]


def _write(path: Path, lines: list[str]) -> Path:
    path.write_text("\n".join([*lines, ""]))
    return path


def _uv(*arguments: str | Path) -> None:
    subprocess.run(_uv_command(*arguments), check=True, stdin=subprocess.DEVNULL)


def _succeeds(*arguments: str | Path) -> bool:
    finished = subprocess.run(
        _uv_command(*arguments), check=False, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    return finished.returncode == 0


def _uv_command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "uv", *map(str, arguments)]


def _digest(*content: object) -> str:
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


if __name__ == "__main__":
    print(python_for(Checkout(SALEOR_ROOT)))
