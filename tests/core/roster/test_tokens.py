"""Tokens of identity systems: shown once, kept as digests, working until they end."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from saleor_program_budgets import roster
from saleor_program_budgets.errors import InvalidInput
from saleor_program_budgets.models import RosterToken
from tests.support.people import add_roster, everything
from tests.support.world import DAY, HOUR, INSTANT, TESTS, World

if TYPE_CHECKING:
    from datetime import datetime


def create(world: World, *, expires_at: datetime | None = None) -> tuple[RosterToken, str]:
    return roster.create_token(
        roster=add_roster(world), name="Okta", expires_at=expires_at, actor=TESTS, at=world.at
    )


def works(secret: str, at: datetime) -> bool:
    return roster.find_token(secret=secret, at=at) is not None


def rotate(world: World, token: RosterToken, overlap: timedelta) -> tuple[RosterToken, str]:
    return roster.rotate_token(token=token, overlap=overlap, actor=TESTS, at=world.at)


def test_of_a_token_only_a_digest_and_its_beginning_are_kept(world: World) -> None:
    token, secret = create(world)
    assert (secret[:4], len(secret), token.hint) == ("pbt_", 47, secret[:10])
    token.refresh_from_db()
    assert bytes(token.digest) == hashlib.sha256(secret.encode()).digest()
    kept = RosterToken.objects.values().get()
    assert not [value for value in kept.values() if secret in str(value)]
    assert kept["created_by"] == str(TESTS)


def test_a_token_is_found_with_its_roster_and_account(
    world: World, django_assert_num_queries: object
) -> None:
    token, secret = create(world)
    found = roster.find_token(secret=secret, at=world.at)
    with django_assert_num_queries(0):
        assert (found.pk, found.roster.account.name) == (token.pk, "Acme")


@pytest.mark.parametrize("secret", ["", "pbt_", "pbt_wrong", "Bearer x"])
def test_what_is_no_token_finds_none(world: World, secret: str) -> None:
    _, ours = create(world)
    assert not works(secret, world.at)
    assert not works(ours + "x", world.at)
    assert not works(ours[4:], world.at)


def test_a_token_expires_at_its_instant(world: World) -> None:
    _, secret = create(world, expires_at=world.at + DAY)
    assert works(secret, world.at + DAY - INSTANT)
    assert not works(secret, world.at + DAY)


def test_a_revoked_token_works_no_more_and_is_revoked_once(world: World) -> None:
    token, secret = create(world)
    roster.revoke_token(token=token, actor=TESTS, at=world.at + HOUR)
    roster.revoke_token(token=token, actor=TESTS, at=world.at + DAY)
    assert (token.revoked_at, token.revoked_by) == (world.at + HOUR, str(TESTS))
    assert not works(secret, world.at + HOUR)


@pytest.mark.parametrize("overlap", [timedelta(0), HOUR, timedelta(days=30)])
def test_a_rotated_token_works_for_the_overlap(world: World, overlap: timedelta) -> None:
    token, secret = create(world)
    new, fresh = rotate(world, token, overlap)
    assert (new.name, token.replaced_by) == ("Okta", new)
    assert works(fresh, world.at)
    assert not works(secret, world.at + overlap)
    if overlap:
        assert works(secret, world.at + overlap - INSTANT)


def test_an_overlap_prolongs_nothing(world: World) -> None:
    token, secret = create(world, expires_at=world.at + HOUR)
    new, _ = rotate(world, token, DAY)
    assert new.expires_at == world.at + HOUR
    assert not works(secret, world.at + HOUR)


@pytest.mark.parametrize("overlap", [timedelta(days=30) + INSTANT, -INSTANT])
def test_an_overlap_of_up_to_thirty_days(world: World, overlap: timedelta) -> None:
    token, _ = create(world)
    before = everything(without=())
    with pytest.raises(InvalidInput) as refused:
        rotate(world, token, overlap)
    assert refused.value.field == "overlap"
    assert everything(without=()) == before


@pytest.mark.parametrize("ended", ["revoked", "replaced", "expired"])
def test_what_has_ended_is_not_rotated(world: World, ended: str) -> None:
    token, _ = create(world, expires_at=world.at + DAY)
    if ended == "revoked":
        roster.revoke_token(token=token, actor=TESTS, at=world.at)
    elif ended == "replaced":
        rotate(world, token, HOUR)
    else:
        world.at += DAY
    before = everything(without=())
    with pytest.raises(InvalidInput) as refused:
        rotate(world, token, HOUR)
    assert refused.value.field == "token"
    assert everything(without=()) == before


@pytest.mark.parametrize(
    ("name", "expires_in", "field", "code"),
    [
        (" ", DAY, "name", "REQUIRED"),
        ("x" * 251, DAY, "name", "INVALID"),
        ("a\x00", DAY, "name", "INVALID"),
        ("Okta", timedelta(0), "expires_at", "INVALID"),
    ],
)
def test_what_cannot_be_is_refused_with_its_field(
    world: World, name: str, expires_in: timedelta, field: str, code: str
) -> None:
    acme = add_roster(world)
    with pytest.raises(InvalidInput) as refused:
        roster.create_token(
            roster=acme, name=name, expires_at=world.at + expires_in, actor=TESTS, at=world.at
        )
    assert (refused.value.field, refused.value.code) == (field, code)
    assert not RosterToken.objects.exists()


def test_when_it_was_last_used_is_noted_to_the_minute(world: World) -> None:
    token, secret = create(world)
    seen = []
    for seconds in (0, 59, 60):
        roster.find_token(secret=secret, at=world.at + timedelta(seconds=seconds))
        token.refresh_from_db()
        seen.append((token.last_used_at - world.at).seconds)
    assert seen == [0, 0, 60]
