"""plugin.toml is read into types, and a mistake in it is named."""

import re

import pytest

from saleor_program_budgets.manifest import (
    ConfigurationField,
    FieldType,
    ManifestError,
    Page,
    SaleorRange,
    Schedule,
    manifest,
    parse,
)

PLUGIN = """
[plugin]
id = "program-budgets"
gateway = "saleor.program-budgets"
name = "Program Budgets"
version = "1.2.3"
description = "Budgets."
author = "Someone"
support = "https://example.com/"
entry_point = "package.plugin:Plugin"

[saleor]
minimum = "3.21"
below = "3.25"
"""


def test_shipped_manifest_is_read_once() -> None:
    assert manifest().gateway == "saleor.program-budgets"
    assert manifest() is manifest()


def test_lists_are_empty_unless_given() -> None:
    read = parse(PLUGIN)

    assert (read.id, read.version) == ("program-budgets", "1.2.3")
    assert (read.configuration, read.pages, read.schedules) == ((), (), ())


def test_lists_are_read_in_order() -> None:
    read = parse(
        PLUGIN
        + """
[[configuration]]
name = "note"
type = "Multiline"
label = "Note"
help = "Shown to staff."

[[configuration]]
name = "strict"
type = "Boolean"
label = "Strict"
help = "Refuse more."
default = true

[[pages]]
identifier = "programs"
label = "Programs"
mount = "NAVIGATION_DISCOUNTS"
target = "APP_PAGE"
path = "/programs"
permissions = ["MANAGE_DISCOUNTS"]

[[schedules]]
name = "expire-holds"
task = "saleor_program_budgets.tasks.expire_holds"
seconds = 60
"""
    )

    assert read.configuration == (
        ConfigurationField("note", FieldType.MULTILINE, "Note", "Shown to staff.", ""),
        ConfigurationField("strict", FieldType.BOOLEAN, "Strict", "Refuse more.", default=True),
    )
    assert read.pages == (
        Page(
            identifier="programs",
            label="Programs",
            mount="NAVIGATION_DISCOUNTS",
            target="APP_PAGE",
            path="/programs",
            permissions=("MANAGE_DISCOUNTS",),
        ),
    )
    assert read.schedules == (
        Schedule("expire-holds", "saleor_program_budgets.tasks.expire_holds", 60),
    )


@pytest.mark.parametrize(
    ("version", "included"),
    [
        ("3.20.117", False),
        ("3.21.0", True),
        ("3.24.0-a.0", True),
        ("3.25.0-a.0", False),
        ("4.0.0", False),
    ],
)
def test_saleor_range_is_half_open(version: str, included: bool) -> None:
    supported = SaleorRange(minimum=(3, 21), below=(3, 25))

    assert supported.includes(version) is included


FIELD = '[[configuration]]\nname = "a"\ntype = "String"\nlabel = "A"\nhelp = "Help."\n'


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('name = "Program Budgets"\n', "", "plugin.name is missing"),
        ('name = "Program Budgets"', 'name = " "', "plugin.name must not be empty"),
        ('name = "Program Budgets"', "name = 3", "plugin.name must be of type str, not int"),
        ('version = "1.2.3"', 'version = "1.2"', "plugin.version must match"),
        ('author = "Someone"', 'autor = "Someone"', "plugin.author is missing"),
        ("[saleor]", "colour = 1\n[saleor]", "plugin.colour isn't a known field"),
        ('below = "3.25"', 'below = "3.21"', "saleor.minimum must be lower than saleor.below"),
        ("[saleor]", "[extra]\n[saleor]", "extra isn't a known field"),
        ("[plugin]", "[plugin", "plugin.toml isn't valid TOML"),
        ("[saleor]", "[[schedules]]\nname = 'a'\ntask = 'a.b'\nseconds = 0\n[saleor]", "seconds"),
        ("[saleor]", "[[schedules]]\nname = 'a'\ntask = 'a b'\nseconds = 1\n[saleor]", "task must"),
        ("[saleor]", FIELD.replace("String", "Date") + "[saleor]", "type must be one of String"),
        ("[saleor]", FIELD + "default = true\n[saleor]", "doesn't fit a field of type String"),
        ("[saleor]", FIELD + FIELD + "[saleor]", "configuration: two entries with the name 'a'"),
    ],
)
def test_mistake_is_named(old: str, new: str, message: str) -> None:
    assert old in PLUGIN

    with pytest.raises(ManifestError, match=re.escape(message)):
        parse(PLUGIN.replace(old, new, 1))
