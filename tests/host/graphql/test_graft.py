"""The schema is extended once, with additions only."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import saleor.graphql
from django.core.exceptions import ImproperlyConfigured
from saleor import urls
from saleor.graphql import api, views
from saleor.graphql.query_cost_map import COST_MAP
from saleor.graphql.schema_printer import print_schema

from dev.schema import TARGET, additions
from saleor_program_budgets.interfaces.graphql import graft
from saleor_program_budgets.interfaces.graphql.costs import COSTS

SHIPPED = Path(saleor.graphql.__file__).with_name("schema.graphql")
COUNT_BUILDS = """
import sys, django
django.setup()
assert "saleor.graphql.api" not in sys.modules, "the schema was built at start-up"
assert "saleor.graphql.core.federation.schema" not in sys.modules
import graphene
built = []
build = graphene.Schema.__init__
def counted(self, *args, **kwargs):
    built.append(self)
    build(self, *args, **kwargs)
graphene.Schema.__init__ = counted
hooks = list(sys.meta_path)
import saleor.graphql.api
left = [type(hook).__name__ for hook in sys.meta_path if "Builder" in type(hook).__name__]
print("built", len(built), "hooks", len(left))
"""


def test_only_adds_to_what_saleor_ships() -> None:
    added = additions(saleor=SHIPPED.read_text(), extended=print_schema(api.schema))

    assert added == TARGET.read_text()


def test_additions_reports_what_is_lost_or_changed() -> None:
    before = 'type A {\n  """One."""\n  one: Int\n\n  two: Int\n}\n\nunion U = A | B'

    assert additions(saleor=before, extended=before.replace("A | B", "B | A")) == "\n"
    assert additions(
        saleor=before, extended=before.replace("two: Int", "two: Int\n\n  three: ID")
    ) == ("extend type A {\n  three: ID\n}\n")
    with pytest.raises(ValueError, match="type A is not only added to: two"):
        additions(saleor=before, extended=before.replace("two: Int", "two: ID"))
    with pytest.raises(ValueError, match="type A is not only added to: one"):
        additions(saleor=before, extended="type A {\n  two: Int\n}\n\nunion U = A | B")
    with pytest.raises(ValueError, match="union U has other members: C"):
        additions(saleor=before, extended=before + " | C")


def test_schema_is_built_as_often_as_without_the_plugin() -> None:
    """Twice: the schema itself, and Saleor's printing of the service SDL."""
    printed = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", COUNT_BUILDS],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    ).stdout

    assert printed.splitlines()[-1] == "built 2 hooks 0"


def test_everybody_has_the_one_schema() -> None:
    assert urls.schema is api.schema
    assert views.schema is api.schema
    assert graft.is_grafted()


def test_installing_again_changes_nothing() -> None:
    before = list(sys.meta_path)

    graft.install()

    assert sys.meta_path == before


def test_installing_after_the_schema_was_built_without_us_fails(monkeypatch) -> None:
    monkeypatch.setattr(graft, "is_grafted", lambda: False)

    with pytest.raises(ImproperlyConfigured, match="imported before the apps were ready"):
        graft.install()


def test_every_cost_is_of_a_field_that_exists() -> None:
    types = api.schema.get_type_map()

    for type_name, fields in COSTS.items():
        assert fields.keys() <= types[type_name].fields.keys(), type_name
        assert all(COST_MAP[type_name][field] == cost for field, cost in fields.items())


def test_every_list_of_pages_costs_by_its_size() -> None:
    fields = api.schema.get_type_map()["Query"].fields
    pages = {
        name
        for name, field in fields.items()
        if name.startswith("program") and "first" in field.args
    }

    assert pages == {name for name, cost in COSTS["Query"].items() if "multipliers" in cost}


def test_service_sdl_holds_the_additions(api_client) -> None:
    response = api_client.post_graphql("{ _service { sdl } }")

    sdl = response.json()["data"]["_service"]["sdl"]
    assert "programBudgets: [ProgramBudget!]" in sdl
    assert "programBudget: ProgramBudgetCheckout" in sdl


def test_overridden_mutations_keep_their_place_and_their_legacy_errors() -> None:
    fields = api.schema.get_type_map()["Mutation"].fields
    names = list(fields)

    assert names.index("draftOrderComplete") < names.index("programBudgetApply")
    assert list(fields["draftOrderComplete"].type.fields) == ["order", "orderErrors", "errors"]
