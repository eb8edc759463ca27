"""Run Saleor's own tests of codes, vouchers, gift cards and completion with this plugin installed.

    python -m dev.suites [-- PYTEST ARGUMENTS]

They are taken from the checkout that SALEOR_ROOT names, and run as they stand there: what an
ordinary store does must not change because this plugin is there.
"""

import subprocess
import sys
from collections.abc import Sequence

from dev.environment import python_for
from dev.paths import ROOT, SALEOR_ROOT
from dev.saleor import Checkout
from dev.templates import say

SUITES = (
    "checkout/tests/test_checkout_complete.py",
    "checkout/tests/test_order_from_checkout.py",
    "core/tests/test_promo_code*.py",
    "discount/tests/**/test_*voucher*.py",
    "giftcard/tests/test_*.py",
    "graphql/checkout/tests/mutations/test_checkout_*_promo_code.py",
    "graphql/checkout/tests/mutations/test_checkout_complete*.py",
    "graphql/checkout/tests/mutations/test_order_create_from_checkout.py",
    "graphql/checkout/tests/deprecated/test_*promo_code*.py",
    "graphql/checkout/tests/deprecated/test_checkout_complete*.py",
    "graphql/discount/tests/**/test_voucher*.py",
    "graphql/giftcard/tests/**/test_*.py",
    "graphql/order/tests/mutations/test_draft_order_*.py",
    "graphql/order/tests/mutations/test_order_bulk_create.py",
    "tests/e2e/checkout/discounts/vouchers/test_*.py",
    "tests/e2e/vouchers/test_*.py",
)
"""Patterns under Saleor's package: its files move between versions."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run them; returns pytest's exit status."""
    for_pytest = [word for word in arguments or sys.argv[1:] if word != "--"]
    checkout = Checkout(SALEOR_ROOT)
    if not checkout.exists:
        say(f"No Saleor at {SALEOR_ROOT}: set SALEOR_ROOT to a checkout of Saleor.")
        return 2
    package = checkout.root / "saleor"
    files = {file for suite in SUITES for file in package.glob(suite)}
    # Saleor's benchmarks count queries for a report, with a tool of its own, and claim nothing.
    found = sorted(str(file) for file in files if "benchmark" not in file.parts)
    say(f"{len(found)} files of Saleor {checkout.version}'s own tests, with this plugin installed")
    return subprocess.run(
        [
            *(str(python_for(checkout)), "-m", "dev.run", "--ring", "host", "--"),
            *("pytest", "-p", "tests.suites.installed", "--rootdir", str(checkout.root)),
            # Our own configuration, but for what we ask of our own tests alone.
            *("-c", str(ROOT / "pyproject.toml"), "-o", "addopts=", "-o", "filterwarnings=ignore"),
            *("-o", "asyncio_mode=auto", "-p", "no:cacheprovider", "-q", "-n", "2"),
            *for_pytest,
            *found,
        ],
        cwd=ROOT,
        check=False,
    ).returncode


if __name__ == "__main__":
    sys.exit(main())
