"""The one part of packaging that has to be computed: the list of packages.

Everything else stands in pyproject.toml. Setuptools finds packages by folder, and the migrations
are a package whose folder lies outside the others.
"""

from setuptools import find_packages, setup

PACKAGE = "saleor_program_budgets"
MIGRATIONS = f"{PACKAGE}.migrations"

setup(
    packages=[
        *find_packages(include=[PACKAGE, f"{PACKAGE}.*"]),
        MIGRATIONS,
        *(f"{MIGRATIONS}.{name}" for name in find_packages("migrations")),
    ]
)
