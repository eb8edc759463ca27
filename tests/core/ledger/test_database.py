"""Calling the ledger's functions: never inside a transaction, and fingerprinted."""

import pytest
from django.db import transaction

from saleor_program_budgets import ledger
from saleor_program_budgets.errors import LedgerInvariant
from saleor_program_budgets.ledger.database import call, fingerprint
from tests.support.database import snapshot
from tests.support.world import HOUR, TESTS, World, usd


@pytest.mark.parametrize(
    "operation", ["hold", "capture", "release", "refund", "expire", "grant", "cap"]
)
def test_no_operation_runs_inside_a_transaction(world: World, operation: str) -> None:
    acme = world.account("Acme")
    cap = world.cap(acme, "100.00")
    ann, cycle = world.member(acme), world.cycle
    hold = world.hold(ann, "65.00", expires_at=world.at)
    world.capture(hold, "30.00")
    run = {
        "hold": lambda: world.hold(ann, "1.00", cycle=cycle),
        "capture": lambda: world.capture(hold, "1.00"),
        "release": lambda: world.release(hold),
        "refund": lambda: world.refund(hold),
        "expire": lambda: world.expire(hold),
        "grant": lambda: world.grant(ann, "1.00"),
        "cap": lambda: ledger.set_ceiling(
            cap=cap, ceiling=usd("1.00"), reason="r", key="k", actor=TESTS, at=world.at
        ),
    }
    before = snapshot()
    with transaction.atomic(), pytest.raises(RuntimeError) as error:
        run[operation]()
    assert str(error.value) == "A ledger operation can't run inside another transaction."
    assert snapshot() == before


def test_the_fingerprint_leaves_out_when_and_by_whom() -> None:
    request = {"key": "k", "amount": 1, "at": "a", "expires_at": "b", "actor": "c", "cycle": 1}
    retried = request | {"at": "w", "expires_at": "x", "actor": "y", "cycle": 2, "cause": "z"}
    assert fingerprint("hold", request) == fingerprint("hold", retried)
    assert fingerprint("hold", request) == fingerprint(
        "hold", dict(reversed(list(request.items())))
    )


@pytest.mark.parametrize("changes", [{"key": "l"}, {"amount": 2}, {"amount": "1"}, {"more": None}])
def test_the_fingerprint_tells_requests_apart(changes: dict[str, object]) -> None:
    request = {"key": "k", "amount": 1}
    assert fingerprint("hold", request) != fingerprint("hold", request | changes)
    assert fingerprint("hold", request) != fingerprint("refund", request)


def test_what_the_database_stops_is_a_defect_and_changes_nothing(world: World) -> None:
    # Below the operations' own checks the constraints stand: a negative grant.
    ann = world.member()
    before = snapshot()
    request = {
        "members": [ann.pk],
        "unit": "USD",
        "amount": -1,
        "origin": "grant",
        "reason": "r",
        "key": "k",
        "actor": "tests",
        "at": (world.at + HOUR).isoformat(),
    }
    with pytest.raises(LedgerInvariant) as error, transaction.atomic():
        _as_outermost(request)
    assert "lot_not_overspent" in str(error.value)
    assert snapshot() == before


def _as_outermost(request: dict[str, object]) -> None:
    """Call inside a savepoint that counts as the test's own, so that the test goes on after it."""
    transaction.get_connection().atomic_blocks[-1]._from_testcase = True
    call("grant", request)
