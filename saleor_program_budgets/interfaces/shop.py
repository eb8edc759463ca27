"""The shop's users as a roster finds, makes and changes them: Saleor's customers, never its staff.

What Saleor's own mutations for staff leave behind is left here too: customers who are active and
not yet confirmed, found by the Dashboard's search, and the events ``customer_created`` and
``customer_updated``. They differ in two points. A new customer can't log in before setting a
password. And orders and gift cards of guests aren't assigned by an address that a file or an
identity system gave: only whoever sets a password from the mail sent there has shown that it is
theirs, and then Saleor assigns the orders itself.
"""

from __future__ import annotations

import secrets
from dataclasses import replace
from itertools import batched
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.db import IntegrityError, router, transaction
from django.db.models import Q
from django.db.models.functions import Lower
from saleor.account import CustomerEvents
from saleor.account.models import CustomerEvent, User
from saleor.giftcard.search import mark_gift_cards_search_index_as_dirty_by_users

from saleor_program_budgets.interfaces import customer_events, rows, saleor_versions
from saleor_program_budgets.roster.shop import Profile, ShopUser

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

FOUND_AT_ONCE = 5_000
CREATED_AT_ONCE = 1_000
UPDATED_AT_ONCE = 500
MOST_RETRIES = 5
STAFF = Q(is_staff=True) | Q(is_superuser=True)


class SaleorShop:
    """Saleor's customers; to be used for one request or one run, since it remembers a little."""

    def __init__(self) -> None:
        self._odd: dict[str, int] | None = None

    def find(self, *, emails: Collection[str], references: Collection[str]) -> list[ShopUser]:
        """Return the users with these addresses (in lower case) or external references.

        Their own addresses are returned in lower case too.
        """
        ids = [self._odd_addresses[email] for email in emails if email in self._odd_addresses]
        found: dict[int, ShopUser] = {}
        for field, names in (("email", emails), ("external_reference", references), ("id", ids)):
            for some in batched(set(names), FOUND_AT_ONCE):
                users = User.objects.filter(**{f"{field}__in": some}).order_by()
                for row in users.values_list(
                    "id", "email", "external_reference", "is_staff", "is_superuser"
                ):
                    found[row[0]] = ShopUser(row[0], row[1].lower(), row[2] or "", any(row[3:]))
        return list(found.values())

    def create(self, profiles: Sequence[Profile]) -> dict[str, int]:
        """Make customers, without a password; return their ids by address, in lower case.

        Whose address is another user's by now is left out.
        """
        wanted = {
            profile.email.lower(): replace(profile, email=profile.email.lower())
            for profile in profiles
        }
        # In order, so that two who make the same ones wait for each other, and not both.
        free = sorted(wanted.keys() - self._odd_addresses.keys())
        created: dict[str, int] = {}
        for emails in batched(free, CREATED_AT_ONCE):
            created |= _create([wanted[email] for email in emails])
        return created

    def update(self, profiles: Mapping[int, Profile]) -> set[int]:
        """Give customers (by id) other names and addresses; return whom it was possible for.

        Staff, and whose new address is another user's, are left as they are; also if that user
        gives it up in the same call. Call it inside a transaction.
        """
        done: set[int] = set()
        for ids in batched(sorted(profiles), UPDATED_AT_ONCE):
            done |= self._update({user_id: profiles[user_id] for user_id in ids})
        return done

    def announce(self, *, created: Collection[int], updated: Collection[int]) -> None:
        """Let the rest of the shop know, once all of it is committed; never raises."""
        customer_events.announce_on_commit(created=created, updated=updated)

    @property
    def _odd_addresses(self) -> dict[str, int]:
        """Users whose address isn't in lower case: the command line makes staff like that.

        For Saleor's log-in the two are one address; its unique index doesn't see that.
        """
        if self._odd is None:
            odd = User.objects.exclude(email=Lower("email")).order_by("-id")
            self._odd = dict(odd.values_list(Lower("email"), "id"))
        return self._odd

    def _update(self, profiles: Mapping[int, Profile]) -> set[int]:
        """Try until no address is taken: one may be while we look."""
        for _ in range(MOST_RETRIES):
            users = self._customers(profiles)
            changed = [user for user in users if _is_other(user, profiles[user.pk])]
            try:
                with transaction.atomic(using=router.db_for_write(User)):
                    _change(changed, profiles)
            except IntegrityError:
                continue
            return {user.pk for user in users}
        return set()

    def _customers(self, profiles: Mapping[int, Profile]) -> list[User]:
        """Return, locked, those whose address is free, or theirs."""
        locked = User.objects.select_for_update(no_key=True).exclude(STAFF).order_by("pk")
        customers = list(locked.filter(pk__in=profiles.keys()).prefetch_related("addresses"))
        wanted = [profiles[user.pk].email.lower() for user in customers]
        owners = dict(User.objects.filter(email__in=wanted).values_list("email", "pk"))
        owners = self._odd_addresses | owners
        return [
            user
            for user, email in zip(customers, wanted, strict=True)
            if owners.setdefault(email, user.pk) == user.pk
        ]


def _create(customers: Sequence[Profile]) -> dict[str, int]:
    search = saleor_versions.search_columns(customers)
    columns: dict[str, Sequence[Any]] = {
        "email": [customer.email for customer in customers],
        "first_name": [customer.first_name for customer in customers],
        "last_name": [customer.last_name for customer in customers],
        "uuid": [uuid4() for _ in customers],
        # As random as what Django and Saleor take, letter by letter and ten times as slow.
        "password": [UNUSABLE_PASSWORD_PREFIX + secrets.token_urlsafe(30) for _ in customers],
        "jwt_token_key": [secrets.token_urlsafe(9) for _ in customers],
        **search.columns,
    }
    template = User(
        is_active=True, is_staff=False, is_confirmed=False, **saleor_versions.customer_defaults()
    )
    inserted = rows.insert(
        template,
        columns,
        formulas=search.formulas,
        unless_taken="email",
        returning=("email", "id"),
    )
    created = dict(inserted)
    if created:
        event = CustomerEvent(type=CustomerEvents.ACCOUNT_CREATED)
        rows.insert(event, {"user": list(created.values())})
    return created


def _is_other(user: User, profile: Profile) -> bool:
    known = (user.email, user.first_name, user.last_name)
    return known != (profile.email.lower(), profile.first_name, profile.last_name)


def _change(users: Sequence[User], profiles: Mapping[int, Profile]) -> None:
    if not users:
        return
    mark_gift_cards_search_index_as_dirty_by_users(users)
    for user in users:
        profile = profiles[user.pk]
        user.email = profile.email.lower()
        user.first_name, user.last_name = profile.first_name, profile.last_name
        searched = saleor_versions.refresh_search(user)
        user.save(update_fields=["email", "first_name", "last_name", "updated_at", searched])
