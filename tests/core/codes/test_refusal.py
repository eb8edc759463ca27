"""Looking a code up, what that costs, and the order of the reasons for which it is refused."""

import datetime as dt

import pytest
from django.db import connection
from django.test import override_settings
from django.test.utils import CaptureQueriesContext

from saleor_program_budgets import codes, programs
from saleor_program_budgets.codes import CodeRefused
from saleor_program_budgets.models import (
    CodeBatch,
    CodeRedemption,
    Member,
    RedemptionCode,
)
from tests.support.database import snapshot
from tests.support.issuing import (
    UNKNOWN,
    Kind,
    Place,
    Reason,
    caller,
    claim,
    found,
    issue,
    redeem,
)
from tests.support.world import DAY, INSTANT, TESTS, World, usd

# Looking up


@pytest.mark.parametrize("kind", Kind.values)
@pytest.mark.parametrize("is_redeemed", [False, True])
def test_one_query_finds_all_that_a_code_is_judged_by(
    world: World, kind: str, is_redeemed: bool
) -> None:
    ann = world.member()
    text = issue(world, ann, kind=kind)
    if is_redeemed:
        (redeem if kind == Kind.STORE_CREDIT else claim)(world, text, ann)
    with CaptureQueriesContext(connection) as queries:
        code = found(text)
        refused = codes.refusal(found=code, caller=caller(ann), at=world.at)
        seen = (code.kind, code.member, code.batch.program, code.store.cycle, code.is_of_store)
    assert len(queries) == 1
    assert seen == (kind, ann, world.program, world.cycle, True)
    assert refused == (Reason.REDEEMED if is_redeemed else None)


@pytest.mark.parametrize(
    "text", ["", " ", "🙂", "\x00", "\ud800", UNKNOWN, "O" * 101, "x" * 10_000_000, "' OR 1=1 --"]
)
def test_what_is_no_code_costs_one_query_too(world: World, text: str) -> None:
    issue(world, world.member())
    with CaptureQueriesContext(connection) as queries:
        assert codes.find(text=text, channel_id="shop") is None
    assert len(queries) == 1


def test_the_run_of_a_batch_is_not_read(world: World) -> None:
    code = found(issue(world, world.member()))
    assert code.batch.get_deferred_fields() == {"recipients", "secret", "rejected"}


def test_a_look_up_uses_indexes_alone(world: World) -> None:
    text = issue(world, world.member())
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        with CaptureQueriesContext(connection) as queries:
            found(text)
        cursor.execute("EXPLAIN " + queries[0]["sql"])
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "Seq Scan" not in plan, plan


def test_a_code_is_read_as_people_type_it(world: World) -> None:
    text = issue(world, world.member())
    assert found(f" {text.lower().replace('-', ' ')} ").code == found(text).code


def test_a_code_made_under_an_earlier_secret_is_found(world: World) -> None:
    text = issue(world, world.member())
    with override_settings(SECRET_KEY="a new one"):
        assert codes.find(text=text, channel_id="shop") is None
    with override_settings(SECRET_KEY="a new one", SECRET_KEY_FALLBACKS=["only for tests"]):
        assert found(text).code == RedemptionCode.objects.get()


def test_a_returned_redemption_does_not_stand(world: World) -> None:
    ann = world.member()
    text = issue(world, ann, kind=Kind.DISCOUNT)
    for order in ("first", "second"):
        claim(world, text, ann, order=order)
        assert found(text).redemption == CodeRedemption.objects.get(order_id=order)
        codes.give_back(order_id=order, cause="cancelled", at=world.at)
        assert found(text).redemption is None


# The order of refusals

WRONG = [  # each line leaves out what the line above it was refused for
    ("anonymous", Reason.ANONYMOUS),
    ("theirs", Reason.NOT_YOURS),
    ("inactive", Reason.INACTIVE_MEMBER),
    ("revoked", Reason.REVOKED),
    ("redeemed", Reason.REDEEMED),
    ("expired", Reason.EXPIRED),
    ("elsewhere", Reason.WRONG_STORE),
    ("closed", Reason.PROGRAM_CLOSED),
]


@pytest.mark.parametrize("kind", Kind.values)
@pytest.mark.parametrize(("first", "expected"), WRONG)
def test_the_first_of_several_reasons_is_the_one_given(
    world: World, first: str, expected: str, kind: str
) -> None:
    names = [name for name, _ in WRONG]
    wrong = set(names[names.index(first) :])
    ann, bob = world.members(2, world.account("Acme"))
    text = issue(world, ann, kind=kind, expires_at=world.at if "expired" in wrong else None)
    if "redeemed" in wrong:
        CodeBatch.objects.update(expires_at=None)
        (redeem if kind == Kind.STORE_CREDIT else claim)(world, text, ann)
        CodeBatch.objects.update(expires_at=world.at)
    if "revoked" in wrong:
        RedemptionCode.objects.update(revoked_at=world.at)
    if "inactive" in wrong:
        programs.deactivate_member(member=ann, actor=TESTS, at=world.at)
    if "closed" in wrong:
        programs.close_program(program=world.program)
    by = None if "anonymous" in wrong else bob if "theirs" in wrong else ann
    channel = "elsewhere" if "elsewhere" in wrong else "shop"
    before = snapshot()
    by_them = caller(by, channel_id=channel)
    code = found(text, channel=channel)
    assert codes.refusal(found=code, caller=by_them, at=world.at) == expected
    with pytest.raises(CodeRefused) as error:
        codes.redeem_credit(found=code, caller=by_them, at=world.at)
    assert (error.value.reason, str(error.value)) == (
        expected,
        f"The code was refused: {expected}.",
    )
    assert snapshot() == before


@pytest.mark.parametrize("kind", Kind.values)
def test_a_code_that_nothing_stands_against(world: World, kind: str) -> None:
    ann = world.member()
    code = found(issue(world, ann, kind=kind))
    assert codes.refusal(found=code, caller=caller(ann), at=world.at) is None


@pytest.mark.parametrize("field", ["expires_at", "credit_expires_at"])
@pytest.mark.parametrize(
    ("before", "expected"), [(INSTANT, None), (dt.timedelta(), Reason.EXPIRED)]
)
def test_a_code_is_good_until_the_instant_it_expires(
    world: World, field: str, before: dt.timedelta, expected: str | None
) -> None:
    ann = world.member()
    code = found(issue(world, ann, **{field: world.at + DAY}))
    at = world.at + DAY - before
    assert codes.refusal(found=code, caller=caller(ann), at=at) == expected
    shown = codes.codes_with_state(code.batch, at=at).get()
    assert shown.state == (RedemptionCode.State.EXPIRED if expected else "active")


@pytest.mark.parametrize(
    ("kind", "place", "expected"),
    [
        (Kind.STORE_CREDIT, Place.CHECKOUT, None),
        (Kind.STORE_CREDIT, Place.ACCOUNT, None),
        (Kind.STORE_CREDIT, Place.COMPLETION, Reason.WRONG_STORE),
        (Kind.STORE_CREDIT, Place.DRAFT, Reason.WRONG_STORE),
        (Kind.STORE_CREDIT, Place.BULK, Reason.WRONG_STORE),
        (Kind.DISCOUNT, Place.CHECKOUT, None),
        (Kind.DISCOUNT, Place.ACCOUNT, Reason.WRONG_STORE),
        (Kind.DISCOUNT, Place.COMPLETION, None),
        (Kind.DISCOUNT, Place.DRAFT, None),
        (Kind.DISCOUNT, Place.BULK, None),
    ],
)
def test_each_kind_has_its_places(
    world: World, kind: str, place: str, expected: str | None
) -> None:
    ann = world.member()
    code = found(issue(world, ann, kind=kind))
    assert codes.refusal(found=code, caller=caller(ann, place=place), at=world.at) == expected


def test_the_account_page_belongs_to_no_channel(world: World) -> None:
    ann = world.member()
    code = found(issue(world, ann), channel="")
    by = caller(ann, place=Place.ACCOUNT, channel_id="")
    assert codes.refusal(found=code, caller=by, at=world.at) is None


def test_a_draft_program_is_closed(world: World) -> None:
    program = world.draft_program()
    ann = world.member(program=program)
    code = found(issue(world, ann))
    assert codes.refusal(found=code, caller=caller(ann), at=world.at) == Reason.PROGRAM_CLOSED


def test_a_code_of_a_deleted_user_is_nobodys(world: World) -> None:
    ann = world.member()
    text, user_id = issue(world, ann), ann.user_id
    Member.objects.update(user=None)
    for who in (user_id, None):
        assert codes.refusal(found=found(text), caller=caller(who), at=world.at) == (
            Reason.NOT_YOURS if who else Reason.ANONYMOUS
        )


def test_a_rejoiner_can_redeem_again(world: World) -> None:
    ann = world.member()
    text = issue(world, ann)
    programs.deactivate_member(member=ann, actor=TESTS, at=world.at)
    with pytest.raises(CodeRefused) as error:
        redeem(world, text, ann)
    assert error.value.reason == Reason.INACTIVE_MEMBER
    programs.reactivate_member(member=ann, actor=TESTS, at=world.at)
    assert redeem(world, text, ann).amount == usd("25.00")
