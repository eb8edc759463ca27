"""The built pages say whose work they hold, and under which licences."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from saleor_program_budgets.interfaces.identity import PLUGIN_ID

if TYPE_CHECKING:
    from django.test import Client

pytestmark = pytest.mark.django_db

ADDRESS = f"/plugins/global/{PLUGIN_ID}/ui"


@pytest.fixture
def licences(client: Client) -> str:
    page = client.get(ADDRESS).content.decode()
    (address,) = re.findall(r'<link rel="license" href="([^"]+)"', page)
    answer = client.get(address)
    assert (answer.status_code, answer["Content-Type"]) == (200, "text/plain; charset=utf-8")
    return answer.content.decode()


def test_the_page_names_each_work_and_its_licence(licences: str) -> None:
    works = dict(re.findall(r"^## (\S+) \S+ \((.+)\)$", licences, re.MULTILINE))

    assert works["@saleor/macaw-ui"] == "CC-BY-4.0"
    assert works["@radix-ui/react-dialog"] == "MIT"  # which macaw-ui brings along
    assert works["Inter"] == "OFL-1.1"
    assert set(works.values()) == {
        *("0BSD", "BSD-3-Clause", "CC-BY-4.0", "ISC", "MIT", "OFL-1.1", "Unlicense"),
    }


def test_each_licence_has_its_text(licences: str) -> None:
    _, *sections = licences.split("\n## ")
    texts = dict(section.split("\n\n", 1) for section in sections)

    assert [name for name, text in texts.items() if len(text) < 500] == []
    assert "MacawUI (c) 2021-2025 by Saleor Commerce" in licences
