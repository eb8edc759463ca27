"""The parts of packaging that have to be computed: the list of packages, and that pages are built.

Everything else stands in pyproject.toml. Setuptools finds packages by folder, and the migrations
are a package whose folder lies outside the others.
"""

from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py

PACKAGE = "saleor_program_budgets"
MIGRATIONS = f"{PACKAGE}.migrations"
PAGES = Path(__file__).with_name(PACKAGE) / "interfaces" / "dashboard" / "static" / "index.html"


class BuildPy(build_py):
    """Packs no plugin without its Dashboard pages; an editable one gets them from `make web`."""

    def run(self) -> None:
        """Pack it."""
        if not self.editable_mode and not PAGES.is_file():
            raise SystemExit("The Dashboard pages aren't built: run `make web` first.")
        super().run()


setup(
    cmdclass={"build_py": BuildPy},
    packages=[
        *find_packages(include=[PACKAGE, f"{PACKAGE}.*"]),
        MIGRATIONS,
        *(f"{MIGRATIONS}.{name}" for name in find_packages("migrations")),
    ],
)
