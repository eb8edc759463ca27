"""Where things stand, and how they may be moved by the environment."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

#: What is expensive to make and safe to delete: migrated databases.
CACHE = Path(os.environ.get("PROGRAM_BUDGETS_CACHE") or ROOT / ".cache")

#: The Saleor checkout that host tests, the demo and the schema run in.
SALEOR_ROOT = Path(os.environ.get("SALEOR_ROOT") or "~/saleor").expanduser().resolve()

MIGRATIONS = ROOT / "migrations"
