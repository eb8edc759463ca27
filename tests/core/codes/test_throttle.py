"""The throttle: who tries too often is locked out, and for how long."""

import logging
import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from unittest.mock import patch
from uuid import uuid4

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import override_settings
from django.test.utils import CaptureQueriesContext

from saleor_program_budgets import codes
from saleor_program_budgets.codes import Caller, throttle
from saleor_program_budgets.errors import InvalidInput
from saleor_program_budgets.models import CodeAttempt, CodeLockout
from tests.support.issuing import caller
from tests.support.world import DAY, INSTANT, TESTS, World

Subject = CodeLockout.Subject
MINUTES = 15 * 60
CACHES: dict[str, dict[str, Any]] = {
    "memory": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "throttle"},
    "server": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": os.environ.get("CACHE_URL", "redis://localhost"),
    },
}


@pytest.fixture(params=sorted(CACHES))
def _each_cache(request: pytest.FixtureRequest) -> Iterator[None]:
    """Let a test count in the memory of this process, and in a real server."""
    settings = CACHES[request.param] | {"KEY_PREFIX": uuid4().hex}
    with override_settings(CACHES={"default": settings}):
        yield


def wrong(who: Caller, world: World, times: int = 1) -> None:
    for _ in range(times):
        throttle.count_wrong(who, world.at)


def only(**place: Any) -> Caller:
    """Return a caller of whom nothing but *place* is known."""
    return caller(**{"who": None, "address": None, "checkout_id": ""} | place)


@pytest.mark.usefixtures("_each_cache")
@pytest.mark.parametrize(
    ("who", "most", "subject", "value"),
    [
        (only(who=7), 10, Subject.USER, "7"),
        (only(checkout_id="cart"), 10, Subject.CHECKOUT, "cart"),
        (only(address="203.0.113.7"), 100, Subject.ADDRESS, "203.0.113.7"),
    ],
    ids=["user", "checkout", "address"],
)
def test_one_try_too_many_locks_out(
    world: World, who: Caller, most: int, subject: str, value: str
) -> None:
    wrong(who, world, most - 1)
    assert not codes.is_locked_out(who)
    assert not CodeLockout.objects.exists()
    wrong(who, world)
    assert codes.is_locked_out(who)
    lockout = CodeLockout.objects.get()
    assert (lockout.subject, lockout.value, lockout.tries) == (subject, value, most)
    assert (lockout.starts_at, (lockout.ends_at - lockout.starts_at).total_seconds()) == (
        world.at,
        MINUTES,
    )


@pytest.mark.usefixtures("_each_cache")
def test_who_tries_on_is_not_locked_out_twice(world: World) -> None:
    who = only(who=7)
    wrong(who, world, 30)
    assert CodeLockout.objects.count() == 1


@pytest.mark.usefixtures("_each_cache")
@pytest.mark.parametrize("place", [CodeAttempt.Place.DRAFT, CodeAttempt.Place.BULK])
def test_staff_lock_no_customer_out(world: World, place: CodeAttempt.Place) -> None:
    wrong(caller(7, place=place), world, times=11)
    assert not throttle.is_locked_out(caller(7))
    assert not CodeLockout.objects.exists()


def test_others_are_not_locked_out_with_them(world: World) -> None:
    wrong(only(who=7, checkout_id="cart", address="203.0.113.7"), world, 10)
    assert sorted(CodeLockout.objects.values_list("subject", "value")) == [
        ("checkout", "cart"),
        ("user", "7"),
    ]
    assert codes.is_locked_out(only(who=7, checkout_id="other", address="203.0.113.8"))
    assert codes.is_locked_out(only(who=8, checkout_id="cart"))
    assert not codes.is_locked_out(only(who=8, checkout_id="other", address="203.0.113.7"))
    assert not codes.is_locked_out(only())


@pytest.mark.usefixtures("_each_cache")
def test_tries_are_forgotten_after_their_time(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(throttle, "WINDOW_SECONDS", 1)
    who = only(who=7)
    wrong(who, world, 9)
    time.sleep(1.1)
    wrong(who, world, 9)
    assert not codes.is_locked_out(who)


@pytest.mark.usefixtures("_each_cache")
def test_counting_on_does_not_prolong_the_time(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(throttle, "WINDOW_SECONDS", 2)
    who = only(who=7)
    wrong(who, world, 5)
    time.sleep(1.2)
    wrong(who, world, 4)
    time.sleep(1.2)  # 2.4 seconds after the first, 1.2 after the last
    wrong(who, world, 1)
    assert not codes.is_locked_out(who)


@pytest.mark.usefixtures("_each_cache")
def test_a_lock_out_ends(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throttle, "LOCKOUT_SECONDS", 1)
    who = only(who=7)
    wrong(who, world, 10)
    assert codes.is_locked_out(who)
    time.sleep(1.1)
    assert not codes.is_locked_out(who)


@pytest.mark.usefixtures("_each_cache")
def test_staff_let_somebody_try_again_from_zero(world: World) -> None:
    who = only(who=7, checkout_id="cart")
    wrong(who, world, 10)
    world.at += 5 * INSTANT
    assert codes.release(subject=Subject.USER, value="7", actor=TESTS, at=world.at) == 1
    lockout = CodeLockout.objects.get(subject=Subject.USER)
    assert (lockout.released_at, lockout.released_by) == (world.at, "staff:tests")
    assert CodeLockout.objects.get(subject=Subject.CHECKOUT).released_at is None
    assert not codes.is_locked_out(only(who=7))
    assert codes.is_locked_out(who)
    wrong(only(who=7), world, 9)
    assert not codes.is_locked_out(only(who=7))
    wrong(only(who=7), world)
    assert CodeLockout.objects.filter(subject=Subject.USER).count() == 2


def test_nobody_is_released_who_is_not_locked_out(world: World) -> None:
    who = only(who=7)
    wrong(who, world, 10)
    for value, at in [("8", world.at), ("7\x00", world.at), ("7", world.at + DAY)]:
        with pytest.raises(InvalidInput) as error:
            codes.release(subject=Subject.USER, value=value, actor=TESTS, at=at)
        assert (error.value.field, str(error.value)) == (
            "value",
            f"No user “{value}” is locked out.",
        )
    assert CodeLockout.objects.get().released_at is None


@pytest.mark.parametrize(
    ("address", "value"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("unknown", ""),
        ("203.0.113.7, 10.0.0.1", ""),
        ("\x00", ""),
        ("", ""),
        (None, ""),
    ],
)
def test_an_address_stands_for_its_network(address: str | None, value: str) -> None:
    seen = dict(throttle._subjects(only(address=address)))
    assert seen.get(Subject.ADDRESS, "") == value


@pytest.mark.usefixtures("_each_cache")
def test_no_try_is_lost_when_many_come_at_once(world: World) -> None:
    key = throttle._count_key(Subject.USER, "7")
    with ThreadPoolExecutor(16) as pool:
        counted = list(pool.map(lambda _: throttle._counted(key), range(64)))
    assert sorted(counted) == list(range(1, 65))


def test_a_count_that_ends_between_two_looks_begins_anew() -> None:
    with patch.object(cache, "add", side_effect=[False, True]) as add:
        assert throttle._counted("nothing-there") == 1
    assert add.call_count == 2


def test_a_count_that_a_server_began_by_itself_ends_too() -> None:
    with (
        patch.object(cache, "add", return_value=False),
        patch.object(cache, "incr", return_value=1),
        patch.object(cache, "touch") as touch,
    ):
        assert throttle._counted("key") == 1
    touch.assert_called_once_with("key", MINUTES)


def test_without_a_cache_everybody_passes_and_it_is_logged(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    who = only(who=7)
    gone = CACHES["server"] | {"LOCATION": "redis://127.0.0.1:1"}
    with override_settings(CACHES={"default": gone}), caplog.at_level(logging.ERROR):
        wrong(who, world, 11)
        assert not codes.is_locked_out(who)
    assert {record.message for record in caplog.records} == {
        "A wrong code could not be counted without the cache",
        "Whether codes are tried too often can't be told without the cache",
    }
    assert not CodeLockout.objects.exists()


def test_looking_costs_no_query_and_one_call(world: World) -> None:
    who = only(who=7, checkout_id="cart", address="203.0.113.7")
    with (
        CaptureQueriesContext(connection) as queries,
        patch.object(cache, "get_many", wraps=cache.get_many) as looks,
    ):
        codes.is_locked_out(who)
    assert (len(queries), looks.call_count) == (0, 1)
