"""Where the Dashboard shows the pages: entries in its navigation, widgets on its own pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from saleor.app.models import AppExtension
from saleor.permission.enums import get_permissions_from_names

from saleor_program_budgets.interfaces import saleor_versions
from saleor_program_budgets.interfaces.dashboard import pages
from saleor_program_budgets.manifest import manifest

if TYPE_CHECKING:
    from saleor.app.models import App

    from saleor_program_budgets.manifest import Page

_IN_THE_APP = "app_page"
"""The target whose address is relative to the App's; all others are absolute."""


def synchronize(app: App, *, using: str | None = None) -> None:
    """Make the App's extensions those of the manifest, as far as this Saleor knows them.

    What is right already is left as it is, under its id: the Dashboard's bookmarks name it.
    """
    wanted = {
        (page.mount, _url(page)): page
        for page in manifest().pages
        if saleor_versions.shows_extension(mount=page.mount, target=page.target)
    }
    for extension in AppExtension.objects.using(using).filter(app=app):
        page = wanted.pop((extension.mount, extension.url), None)
        if page is None:
            extension.delete(using=using)
        else:
            _write(extension, page, using=using)
    for (mount, url), page in wanted.items():
        _write(AppExtension(app=app, mount=mount, url=url), page, using=using)


def _write(extension: AppExtension, page: Page, *, using: str | None) -> None:
    extension.label = page.label
    extension.target = page.target
    for name, value in saleor_versions.extension_fields(
        target=page.target, identifier=page.identifier
    ).items():
        setattr(extension, name, value)
    extension.save(using=using)
    extension.permissions.set(get_permissions_from_names(list(page.permissions)))


def _url(page: Page) -> str:
    return page.path if page.target == _IN_THE_APP else f"{pages.address()}{page.path}"
