"""The demo speaks the API of the Saleor it is played in."""

import pytest
from graphql import parse, validate

from dev.demo.api import operations


@pytest.mark.parametrize("name", sorted(operations()))
def test_an_operation_is_valid(name: str) -> None:
    from saleor.graphql.api import schema

    assert validate(schema, parse(operations()[name])) == []
