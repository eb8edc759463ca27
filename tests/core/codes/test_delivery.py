"""The clear text leaves once, to whom it is meant for, and is gone."""

from collections.abc import Callable
from contextlib import suppress

import pytest
from django.contrib.auth import get_user_model
from django.test import override_settings

from saleor_program_budgets import codes
from saleor_program_budgets.codes import delivery
from saleor_program_budgets.errors import InvalidInput
from saleor_program_budgets.models import CodeBatch, Member, RedemptionCode
from tests.support.batches import DISCOUNT, DOWNLOAD, EMAIL, Shop, create, hand_out, made
from tests.support.database import snapshot
from tests.support.world import DAY, HOUR, TESTS, World


@pytest.fixture
def team(world: World) -> list[Member]:
    """Five members with an address each."""
    members = world.members(5, world.account("Acme"))
    for number, member in enumerate(members):
        get_user_model().objects.filter(pk=member.user_id).update(
            email=f"{number}@example.com", first_name=f"Ann {number}", last_name="Lee"
        )
    return members


def send(
    world: World, batch: CodeBatch, deliver: Callable[[codes.Issued], None], **changes: object
) -> CodeBatch:
    return codes.send(batch=batch, deliver=deliver, at=world.at, **changes)


def owner(text: str) -> Member:
    found = codes.find(text=text, channel_id="shop")
    assert found is not None
    return found.member


def test_store_credit_is_handed_out_once(world: World, team: list[Member]) -> None:
    batch = made(world)
    world.at += HOUR
    issued = hand_out(world, batch)
    assert [(one.number, one.member_id, one.user_reference) for one in issued] == [
        (number, member.pk, str(member.user_id)) for number, member in enumerate(team, 1)
    ]
    assert (issued[0].email, issued[0].name) == ("0@example.com", "Ann 0 Lee")
    assert [owner(one.text) for one in issued] == team
    assert (batch.status, batch.secret) == ("delivered", None)
    batch.refresh_from_db()
    assert (batch.status, batch.secret) == ("delivered", None)
    assert (batch.delivered_by, batch.delivered_at) == ("staff:tests", world.at)
    before = snapshot()
    with pytest.raises(InvalidInput, match="Reissue the batch") as raised:
        hand_out(world, batch)
    assert raised.value.code == "ALREADY_DELIVERED"
    assert snapshot() == before


def test_discounts_can_be_handed_out_again(world: World, team: list[Member]) -> None:
    shop = Shop()
    batch = made(world, kind=DISCOUNT, shop=shop)
    first = hand_out(world, batch)
    delivered_at = world.at
    world.at += HOUR
    assert hand_out(world, batch) == first
    batch.refresh_from_db()
    assert (batch.status, batch.delivered_at) == ("delivered", delivered_at)
    assert [one.text for one in first] == shop.texts


def test_revoked_codes_are_not_handed_out(world: World, team: list[Member]) -> None:
    batch = made(world)
    second = batch.codes.get(number=2)
    codes.revoke_codes(
        codes=[second.pk], reason="a mistake", withdraw=None, actor=TESTS, at=world.at
    )
    assert [one.number for one in hand_out(world, batch)] == [1, 3, 4, 5]


def test_what_is_not_made_or_is_revoked_is_not_handed_out(world: World, team: list[Member]) -> None:
    batch = create(world)
    with pytest.raises(InvalidInput, match="still being made"):
        hand_out(world, batch)
    codes.revoke_batch(batch=batch, reason="a mistake", withdraw=None, actor=TESTS, at=world.at)
    with pytest.raises(InvalidInput, match="were revoked"):
        hand_out(world, batch)
    with pytest.raises(InvalidInput, match="sent by e-mail"):
        hand_out(world, made(world, delivery=EMAIL))


def test_another_secret_of_the_shop(world: World, team: list[Member]) -> None:
    batch = made(world)
    before = snapshot()
    with override_settings(SECRET_KEY="new"), pytest.raises(InvalidInput, match="FALLBACKS"):
        hand_out(world, batch)
    assert snapshot() == before  # it hasn't left
    with override_settings(SECRET_KEY="new", SECRET_KEY_FALLBACKS=["only for tests"]):
        assert [owner(one.text) for one in hand_out(world, batch)] == team


def test_codes_made_under_several_secrets(world: World, team: list[Member]) -> None:
    """The secret was changed in the middle of the run, and the old one is still known."""
    batch = made(world)
    third = batch.codes.get(number=3)
    with override_settings(SECRET_KEY="new", SECRET_KEY_FALLBACKS=["only for tests"]):
        text = delivery.texts.text_of(
            batch=batch, secret=delivery.texts.secret_of(batch), number=3, name=""
        )
        digest = delivery.texts.digest_of_text(text)
        assert digest != bytes(third.digest)
        batch.codes.filter(pk=third.pk).update(digest=digest)
        assert [owner(one.text) for one in hand_out(world, batch)] == team


def test_a_text_that_is_not_the_one_that_was_made_does_not_leave(
    world: World, team: list[Member]
) -> None:
    batch = made(world)
    RedemptionCode.objects.filter(batch=batch, number=3).update(digest=bytes(32))
    before = snapshot()
    with pytest.raises(InvalidInput, match="FALLBACKS"):
        hand_out(world, batch)
    assert snapshot() == before


@pytest.mark.parametrize("kind", [CodeBatch.Kind.STORE_CREDIT, DISCOUNT])
def test_each_member_is_sent_theirs(world: World, team: list[Member], kind: str) -> None:
    batch = made(world, kind=kind, delivery=EMAIL, shop=Shop())
    sent: list[codes.Issued] = []
    told: list[tuple[int, int]] = []
    world.at += HOUR
    send(world, batch, sent.append, progress=lambda *so_far: told.append(so_far))
    assert [owner(one.text) for one in sent] == team
    assert [one.email for one in sent] == [f"{number}@example.com" for number in range(5)]
    assert told == [(5, 5)]
    batch.refresh_from_db()
    assert (batch.status, batch.secret, batch.sent) == ("delivered", None, 5)
    assert (batch.delivered_by, batch.delivered_at) == ("system:codes", world.at)
    assert set(batch.codes.values_list("sent_at", flat=True)) == {world.at}
    before = snapshot()
    assert send(world, batch, sent.append).status == "delivered"
    assert (len(sent), snapshot()) == (5, before)


def test_sending_goes_on_where_it_failed(
    world: World, team: list[Member], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "SET", 2)
    batch = made(world, delivery=EMAIL)
    sent: list[int] = []

    def deliver(issued: codes.Issued) -> None:
        if len(sent) == 3:
            raise ConnectionError("the mail server is away")
        sent.append(issued.number)

    with pytest.raises(ConnectionError):
        send(world, batch, deliver)
    batch.refresh_from_db()
    assert (batch.status, batch.sent, batch.secret is None) == ("ready", 3, False)
    CodeBatch.objects.filter(pk=batch.pk).update(sent=2)  # as a crash may leave it
    world.at += HOUR
    send(world, batch, lambda issued: sent.append(issued.number))
    assert (sent, batch.sent, batch.status) == ([1, 2, 3, 4, 5], 5, "delivered")


def failing_for(number: int, sent: list[int]) -> Callable[[codes.Issued], None]:
    def deliver(issued: codes.Issued) -> None:
        if issued.number == number:
            raise ValueError("no such mailbox")
        sent.append(issued.number)

    return deliver


def test_whose_mail_always_fails_keeps_nobody_waiting(world: World, team: list[Member]) -> None:
    batch = made(world, delivery=EMAIL)
    sent: list[int] = []
    for _ in range(2):
        world.at += HOUR
        with pytest.raises(ValueError, match="no such mailbox"):
            send(world, batch, failing_for(2, sent))
        assert (sent, batch.sent, batch.status) == ([1, 3, 4, 5], 4, "ready")
        assert batch.codes.get(number=2).send_failed_at == world.at
    world.at += HOUR
    send(world, batch, failing_for(0, sent))
    assert (sent, batch.sent, batch.status) == ([1, 3, 4, 5, 2], 5, "delivered")
    again = batch.codes.get(number=2)
    assert (again.sent_at, again.send_failed_at) == (world.at, None)


def test_what_failed_is_tried_after_all_others(
    world: World, team: list[Member], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "SET", 2)
    batch = made(world, delivery=EMAIL)
    tried: list[int] = []

    def deliver(issued: codes.Issued) -> None:
        tried.append(issued.number)
        failing_for(1, [])(issued)

    while batch.status == "ready" and len(tried) < 20:
        world.at += DAY
        with suppress(ValueError):
            send(world, batch, deliver, budget_seconds=0 if len(tried) < 5 else None)
    assert tried == [1, 2, 3, 4, 5, 1, 1, 1, 1]
    # In vain for a week: then the batch is over, and its secret forgotten.
    assert (batch.status, batch.secret, batch.sent) == ("delivered", None, 4)
    assert batch.codes.get(sent_at=None).send_failed_at == world.at


def test_a_batch_is_over_once_what_fails_is_revoked(world: World, team: list[Member]) -> None:
    batch = made(world, delivery=EMAIL)
    with pytest.raises(ValueError, match="no such mailbox"):
        send(world, batch, failing_for(5, []))
    fifth = batch.codes.get(number=5)
    codes.revoke_codes(codes=[fifth.pk], reason="left", withdraw=None, actor=TESTS, at=world.at)
    world.at += HOUR
    send(world, batch, failing_for(5, []))
    assert (batch.status, batch.sent) == ("delivered", 4)


def test_many_failures_in_a_row_end_the_run_at_once(
    world: World, team: list[Member], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "MOST_FAILURES", 3)
    batch = made(world, delivery=EMAIL)
    tried: list[int] = []

    def deliver(issued: codes.Issued) -> None:
        tried.append(issued.number)
        if issued.number != 2:
            raise ConnectionError("the mail server is away")

    with pytest.raises(ConnectionError):
        send(world, batch, deliver)
    assert (tried, batch.sent) == ([1, 2, 3, 4, 5], 1)
    tried.clear()
    world.at += HOUR
    with pytest.raises(ConnectionError):
        send(world, batch, deliver)
    assert (tried, batch.sent, batch.status) == ([1, 3, 4], 1, "ready")


def test_sending_stops_when_its_time_is_up(
    world: World, team: list[Member], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "SET", 2)
    batch = made(world, delivery=EMAIL)
    sent: list[codes.Issued] = []
    for expected in (2, 4, 5):
        assert batch.status == "ready"
        send(world, batch, sent.append, budget_seconds=0)
        assert (len(sent), batch.sent) == (expected, expected)
    send(world, batch, sent.append, budget_seconds=0)  # and finds that nothing is left
    assert (len({one.text for one in sent}), batch.status) == (5, "delivered")


def test_who_has_lost_their_address_gets_none(world: World, team: list[Member]) -> None:
    batch = made(world, delivery=EMAIL)
    get_user_model().objects.filter(pk=team[1].user_id).update(email="")
    sent: list[int] = []
    send(world, batch, lambda issued: sent.append(issued.number))
    assert (sent, batch.sent, batch.status) == ([1, 3, 4, 5], 4, "delivered")
    assert batch.codes.get(number=2).sent_at is None


def test_what_is_revoked_meanwhile_is_not_sent(
    world: World, team: list[Member], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "SET", 2)
    batch = made(world, delivery=EMAIL)
    sent: list[int] = []

    def deliver(issued: codes.Issued) -> None:
        sent.append(issued.number)
        if issued.number == 2:
            fourth = batch.codes.get(number=4)
            codes.revoke_codes(
                codes=[fourth.pk], reason="left", withdraw=None, actor=TESTS, at=world.at
            )
        if issued.number == 3:
            other = CodeBatch.objects.get(pk=batch.pk)
            codes.revoke_batch(
                batch=other, reason="a mistake", withdraw=None, actor=TESTS, at=world.at
            )

    send(world, batch, deliver)
    assert (sent, batch.status) == ([1, 2, 3, 5], "revoked")
    with pytest.raises(InvalidInput, match="were revoked"):
        send(world, batch, deliver)


def test_what_is_not_to_be_sent_is_refused(world: World, team: list[Member]) -> None:
    with pytest.raises(InvalidInput, match="still being made"):
        send(world, create(world, delivery=EMAIL), print)
    with pytest.raises(InvalidInput, match="as a download"):
        send(world, made(world, delivery=DOWNLOAD), print)


def test_discounts_that_go_by_e_mail_can_be_looked_at_before(
    world: World, team: list[Member]
) -> None:
    batch = made(world, kind=DISCOUNT, delivery=EMAIL, shop=Shop())
    assert len(hand_out(world, batch)) == 5
    assert batch.status == "ready"
    sent: list[codes.Issued] = []
    assert send(world, batch, sent.append).status == "delivered"
    assert sent == hand_out(world, batch)
