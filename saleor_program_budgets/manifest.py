"""What the plugin says about itself, read from `plugin.toml`.

The manifest names the plugin to Saleor (identifier, gateway, configuration fields), to the
Dashboard (pages), to Celery (schedules) and to the packaging tools (version). It is read with
the standard library alone, so that `setup` can ask for the version before anything is installed.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Any

_VERSION = re.compile(r"\d+\.\d+\.\d+([abrc.]+\d+)?")
_RELEASE = re.compile(r"\d+\.\d+")
_IDENTIFIER = re.compile(r"[a-z][a-z0-9.-]*")
_TASK = re.compile(r"[a-z_][a-z0-9_]*(\.[a-z_][a-z0-9_]*)*")


class ManifestError(ValueError):
    """`plugin.toml` breaks a rule; the message names the field and the rule."""


class FieldType(StrEnum):
    """Kinds of configuration field; the values are those of Saleor's ConfigurationTypeField."""

    STRING = "String"
    MULTILINE = "Multiline"
    BOOLEAN = "Boolean"
    SECRET = "Secret"  # noqa: S105 – a kind of field, as are the next two
    SECRET_MULTILINE = "SecretMultiline"  # noqa: S105
    PASSWORD = "Password"  # noqa: S105
    OUTPUT = "Output"


@dataclass(frozen=True, slots=True)
class SaleorRange:
    """The Saleor releases the plugin is made for: `minimum <= release < below`."""

    minimum: tuple[int, int]
    below: tuple[int, int]

    def includes(self, version: str) -> bool:
        """Tell whether a Saleor version such as `3.23.28` or `3.24.0-a.0` is in the range."""
        major, minor = version.split(".")[:2]
        return self.minimum <= (int(major), int(minor)) < self.below


@dataclass(frozen=True, slots=True)
class ConfigurationField:
    """A field of the plugin's configuration page."""

    name: str
    type: FieldType
    label: str
    help: str
    default: str | bool


@dataclass(frozen=True, slots=True)
class Page:
    """A page or widget shown inside the Dashboard; `path` is relative to the plugin's pages."""

    identifier: str
    label: str
    mount: str
    target: str
    path: str
    permissions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Schedule:
    """A task run every `seconds` seconds."""

    name: str
    task: str
    seconds: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """Everything `plugin.toml` says."""

    id: str
    gateway: str
    name: str
    version: str
    description: str
    author: str
    support: str
    entry_point: str
    saleor: SaleorRange
    configuration: tuple[ConfigurationField, ...]
    pages: tuple[Page, ...]
    schedules: tuple[Schedule, ...]


def parse(text: str) -> Manifest:
    """Read a manifest from TOML.

    Raises:
        ManifestError: the text isn't TOML, or a field is missing, unknown, of the wrong type or
            breaks its rule.
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ManifestError(f"plugin.toml isn't valid TOML: {error}") from error
    top = _Table(document, "")
    plugin = top.table("plugin")
    manifest = Manifest(
        id=plugin.text("id", _IDENTIFIER),
        gateway=plugin.text("gateway", _IDENTIFIER),
        name=plugin.text("name"),
        version=plugin.text("version", _VERSION),
        description=plugin.text("description"),
        author=plugin.text("author"),
        support=plugin.text("support"),
        entry_point=plugin.text("entry_point"),
        saleor=_saleor_range(top.table("saleor")),
        configuration=tuple(_configuration_field(row) for row in top.tables("configuration")),
        pages=tuple(_page(row) for row in top.tables("pages")),
        schedules=tuple(_schedule(row) for row in top.tables("schedules")),
    )
    plugin.refuse_unread()
    top.refuse_unread()
    _refuse_repeated("configuration", "name", [field.name for field in manifest.configuration])
    _refuse_repeated("pages", "identifier", [page.identifier for page in manifest.pages])
    _refuse_repeated("schedules", "name", [schedule.name for schedule in manifest.schedules])
    return manifest


@lru_cache(maxsize=1)
def manifest() -> Manifest:
    """The manifest shipped with this package; read from disk once."""
    return parse(Path(__file__).with_name("plugin.toml").read_text(encoding="utf-8"))


def version() -> str:
    """The plugin's version, for the packaging tools."""
    return manifest().version


class _Table:
    """A TOML table that remembers what was read from it, so that a misspelt key is refused."""

    def __init__(self, values: Mapping[str, Any], path: str) -> None:
        self._values = values
        self._path = path
        self._read: set[str] = set()

    def text(self, key: str, pattern: re.Pattern[str] | None = None) -> str:
        value: str = self._required(key, str)
        if not value.strip():
            raise ManifestError(f"{self.field(key)} must not be empty")
        if pattern and not pattern.fullmatch(value):
            raise ManifestError(f"{self.field(key)} must match {pattern.pattern}, not {value!r}")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        values = self._optional(key, list, [])
        if not all(isinstance(value, str) for value in values):
            raise ManifestError(f"{self.field(key)} must be a list of strings")
        return tuple(values)

    def positive_integer(self, key: str) -> int:
        value: int = self._required(key, int)
        if isinstance(value, bool) or value <= 0:
            raise ManifestError(f"{self.field(key)} must be a positive whole number, not {value}")
        return value

    def text_or_boolean(self, key: str, *, default: str | bool) -> str | bool:
        value: str | bool = self._optional(key, (str, bool), default)
        return value

    def table(self, key: str) -> "_Table":
        return _Table(self._required(key, dict), self.field(key))

    def tables(self, key: str) -> list["_Table"]:
        rows = self._optional(key, list, [])
        if not all(isinstance(row, dict) for row in rows):
            raise ManifestError(f"{self.field(key)} must be a list of tables")
        return [_Table(row, f"{self.field(key)}[{index}]") for index, row in enumerate(rows)]

    def refuse_unread(self) -> None:
        unknown = sorted(self._values.keys() - self._read)
        if unknown:
            raise ManifestError(f"{self.field(unknown[0])} isn't a known field")

    def _required(self, key: str, kind: type) -> Any:
        if key not in self._values:
            raise ManifestError(f"{self.field(key)} is missing")
        return self._optional(key, kind, None)

    def _optional(self, key: str, kind: type | tuple[type, ...], default: Any) -> Any:
        self._read.add(key)
        value = self._values.get(key, default)
        if not isinstance(value, kind):
            kinds = kind if isinstance(kind, tuple) else (kind,)
            expected = " or ".join(k.__name__ for k in kinds)
            raise ManifestError(
                f"{self.field(key)} must be of type {expected}, not {type(value).__name__}"
            )
        return value

    def field(self, key: str) -> str:
        return f"{self._path}.{key}" if self._path else key


def _saleor_range(table: _Table) -> SaleorRange:
    minimum = _release(table.text("minimum", _RELEASE))
    below = _release(table.text("below", _RELEASE))
    table.refuse_unread()
    if minimum >= below:
        raise ManifestError("saleor.minimum must be lower than saleor.below")
    return SaleorRange(minimum=minimum, below=below)


def _release(text: str) -> tuple[int, int]:
    major, minor = text.split(".")
    return int(major), int(minor)


def _configuration_field(table: _Table) -> ConfigurationField:
    raw_type = table.text("type")
    try:
        field_type = FieldType(raw_type)
    except ValueError:
        raise ManifestError(
            f"{table.field('type')} must be one of {', '.join(FieldType)}, not {raw_type!r}"
        ) from None
    default: str | bool = False if field_type is FieldType.BOOLEAN else ""
    field = ConfigurationField(
        name=table.text("name"),
        type=field_type,
        label=table.text("label"),
        help=table.text("help"),
        default=table.text_or_boolean("default", default=default),
    )
    if isinstance(field.default, bool) != (field_type is FieldType.BOOLEAN):
        raise ManifestError(f"{table.field('default')} doesn't fit a field of type {field_type}")
    table.refuse_unread()
    return field


def _page(table: _Table) -> Page:
    page = Page(
        identifier=table.text("identifier", _IDENTIFIER),
        label=table.text("label"),
        mount=table.text("mount"),
        target=table.text("target"),
        path=table.text("path"),
        permissions=table.texts("permissions"),
    )
    table.refuse_unread()
    return page


def _schedule(table: _Table) -> Schedule:
    schedule = Schedule(
        name=table.text("name"),
        task=table.text("task", _TASK),
        seconds=table.positive_integer("seconds"),
    )
    table.refuse_unread()
    return schedule


def _refuse_repeated(table: str, key: str, values: list[str]) -> None:
    seen: set[str] = set()
    for value in values:
        if value in seen:
            raise ManifestError(f"{table}: two entries with the {key} {value!r}")
        seen.add(value)
