"""Run a command with a database and a cache of its own around it.

    python -m dev.run [--ring core|host] [--settings MODULE] [--durable] -- COMMAND …

The command finds DATABASE_URL, CACHE_URL and all else that Django and Saleor ask for in its
environment. Whatever happens to it or to us, the servers are stopped.
"""

import argparse
import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from types import FrameType

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from dev import python, services, templates
from dev.paths import ROOT, SALEOR_ROOT
from dev.processes import die_with_parent
from dev.saleor import Checkout
from dev.services import Services

_asked_to_leave: list[int] = []
_SETTINGS = {"core": "tests.settings_core", "host": "tests.settings_host"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what the command line says; returns the command's exit status."""
    options = _parse(arguments)
    checkout = Checkout(SALEOR_ROOT) if options.ring == "host" else None
    if checkout and not checkout.exists:
        templates.say(f"No Saleor at {SALEOR_ROOT}: set SALEOR_ROOT to a checkout of Saleor.")
        return 2
    _unwind_on(signal.SIGTERM, signal.SIGHUP)
    template = templates.plugin(checkout) if checkout else templates.empty()
    with services.running(template, durable=options.durable) as started:
        environment = {
            **python.environment(checkout, settings=options.settings or _SETTINGS[options.ring]),
            **_addresses(started),
            **_secrets(),
        }
        return _run(options.command, environment)


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m dev.run", description=__doc__)
    parser.add_argument("--ring", choices=sorted(_SETTINGS), default="core")
    parser.add_argument("--settings", help="settings module, if not the ring's test settings")
    parser.add_argument("--durable", action="store_true", help="survive a crash of the machine")
    parser.add_argument("command", nargs="+")
    return parser.parse_args(arguments)


def _addresses(started: Services) -> dict[str, str]:
    return {
        # Empty for a given server: what is started inside us must not take it for its own.
        "PROGRAM_BUDGETS_SERVER": str(started.data or ""),
        "DATABASE_URL": started.database_url,
        "PROGRAM_BUDGETS_TEMPLATE": started.template,
        "CACHE_URL": started.cache_url,
        "CELERY_BROKER_URL": started.broker_url,
        "PROGRAM_BUDGETS_RUN": secrets.token_hex(4),
    }


def _secrets() -> dict[str, str]:
    """Made anew unless given: all processes of a demo have to sign and check with the same."""
    return {
        "SECRET_KEY": os.environ.get("SECRET_KEY") or secrets.token_hex(32),
        "RSA_PRIVATE_KEY": os.environ.get("RSA_PRIVATE_KEY") or _new_rsa_key(),
    }


def _new_rsa_key() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(
        encoding=serialization.Encoding.PEM,
        format=serialization.PrivateFormat.PKCS8,
        encryption_algorithm=serialization.NoEncryption(),
    ).decode()


def _run(command: Sequence[str], environment: Mapping[str, str]) -> int:
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env=dict(environment),
        preexec_fn=die_with_parent(signal.SIGTERM),  # noqa: PLW1509 – no threads here
    )
    try:
        # What a signal raises while the process is forked is lost in Python's own hooks.
        if _asked_to_leave:
            sys.exit(128 + _asked_to_leave[0])
        status = _wait(process)
        return status if status >= 0 else 128 - status
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait()


def _wait(process: subprocess.Popen[bytes]) -> int:
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            continue  # the terminal sent it to the command too, which ends in its own way


def _unwind_on(*signals: signal.Signals) -> None:
    """Turn signals that would end us on the spot into an exit that stops the servers."""

    def leave(number: int, _frame: FrameType | None) -> None:
        _asked_to_leave.append(number)
        sys.exit(128 + number)

    for number in signals:
        signal.signal(number, leave)


if __name__ == "__main__":
    sys.exit(main())
