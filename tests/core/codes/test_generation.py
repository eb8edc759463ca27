"""Making codes: once each, in chunks, going on after anything, and never two of one text."""

import re
from collections.abc import Sequence

import pytest
from django.contrib.auth import get_user_model
from django.db import IntegrityError, connection, transaction

from saleor_program_budgets import codes
from saleor_program_budgets.codes import generation, symbols
from saleor_program_budgets.errors import InvalidInput, LedgerInvariant
from saleor_program_budgets.models import CodeBatch, RedemptionCode
from saleor_program_budgets.programs import AlreadyRunning
from tests.support.batches import DISCOUNT, EMAIL, Shop, create, hand_out, made, make
from tests.support.database import snapshot
from tests.support.world import HOUR, TESTS, World


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generation, "CHUNK", 2)


def rows(batch: CodeBatch) -> list[tuple[int, int]]:
    return list(batch.codes.values_list("number", "member"))


def test_one_code_for_each_member(world: World) -> None:
    members = world.members(3, world.account("Acme"))
    batch = create(world, prefix="SPRING")
    world.at += HOUR
    make(world, batch)
    assert rows(batch) == [(number, member.pk) for number, member in enumerate(members, 1)]
    batch.refresh_from_db()
    assert (batch.status, batch.made, batch.total, batch.made_at) == ("ready", 3, 3, world.at)
    assert (batch.recipients, batch.error) == ([], "")
    assert batch.secret is not None
    # Of store credit nothing is kept that could be read.
    assert set(batch.codes.values_list("text", "name")) == {("", "")}
    texts = [issued.text for issued in hand_out(world, batch)]
    assert len(set(texts)) == 3
    assert all(re.fullmatch(r"SPRING(-[0-9A-HJKMNP-TV-Z]{4}){3}", text) for text in texts)
    for code, text in zip(batch.codes.all(), texts, strict=True):
        assert bytes(code.digest) == codes.digest_of(text.replace("-", "").replace("I", "1"))


def test_no_clear_text_is_anywhere_in_the_database(world: World) -> None:
    world.members(3, world.account("Acme"))
    batch = made(world)
    written = str(snapshot())
    secret = bytes(CodeBatch.objects.get().secret)
    for issued in hand_out(world, batch):
        for text in (issued.text, issued.text.replace("-", "")):
            assert text not in written
    assert secret.decode() not in str(snapshot())


def test_discounts_stand_in_the_shop(world: World, small_chunks: None) -> None:
    world.members(5, world.account("Acme"))
    shop = Shop()
    batch = made(world, kind=DISCOUNT, shop=shop)
    assert shop.texts == list(batch.codes.values_list("text", flat=True))
    assert len(set(shop.texts)) == 5
    batch.refresh_from_db()
    assert (batch.status, batch.secret) == ("ready", None)
    with pytest.raises(ValueError, match="have to be published"):
        make(world, create(world, kind=DISCOUNT))


def test_a_name_is_shown_if_the_merchant_asks_for_it(world: World) -> None:
    ann, bob = world.members(2, world.account("Acme"))
    users = get_user_model().objects
    users.filter(pk=ann.user_id).update(first_name="Änn", last_name="Lee", email="a@example.com")
    batch = made(world, has_name=True)
    # What they are called later doesn't change their code.
    users.filter(pk=ann.user_id).update(first_name="Zoe")
    first, second = hand_out(world, batch)
    assert re.fullmatch(r"ANN(-[0-9A-Z]{4}){3}", first.text)
    assert re.fullmatch(r"[0-9A-Z]{4}(-[0-9A-Z]{4}){2}", second.text)
    assert (first.name, first.email) == ("Zoe Lee", "a@example.com")
    assert (second.name, second.email, second.member_id) == ("", "", bob.pk)
    found = codes.find(text=first.text, channel_id="shop")
    assert found is not None
    assert found.member == ann
    assert "ANN" not in "".join(issued.text for issued in hand_out(world, made(world)))


def test_progress_and_a_limit_of_time(world: World, small_chunks: None) -> None:
    world.members(5, world.account("Acme"))
    batch = create(world)
    told: list[tuple[int, int]] = []
    make(world, batch, budget_seconds=0, progress=lambda *so_far: told.append(so_far))
    assert (batch.status, batch.made, told) == ("generating", 2, [(2, 5)])
    make(world, batch, progress=lambda *so_far: told.append(so_far))
    assert (batch.status, batch.made, told) == ("ready", 5, [(2, 5), (4, 5), (5, 5)])
    before = snapshot()
    assert make(world, batch).status == "ready"  # again changes nothing
    assert snapshot() == before


def test_what_fails_is_noted_and_can_be_repeated(world: World, small_chunks: None) -> None:
    world.members(5, world.account("Acme"))
    batch = create(world, kind=DISCOUNT)
    shop = Shop()

    def publish(of: CodeBatch, texts: Sequence[str]) -> None:
        if of.made == 2:
            raise InvalidInput("voucher", "The voucher is gone.")
        shop.publish(of, texts)

    with pytest.raises(InvalidInput, match="gone"):
        codes.generate(batch=batch, publish=publish, at=world.at)
    batch.refresh_from_db()
    assert (batch.status, batch.made, batch.codes.count()) == ("generating", 2, 2)
    assert batch.error == "InvalidInput: The voucher is gone."
    make(world, batch, shop=shop)
    batch.refresh_from_db()
    assert (batch.status, batch.error, batch.codes.count()) == ("ready", "", 5)
    assert shop.texts == list(batch.codes.values_list("text", flat=True))


def test_publishing_belongs_to_the_chunk(world: World) -> None:
    world.member()
    batch = create(world, kind=DISCOUNT)

    def publish(of: CodeBatch, texts: Sequence[str]) -> None:
        assert connection.in_atomic_block
        assert list(of.codes.values_list("text", flat=True)) == texts

    codes.generate(batch=batch, publish=publish, at=world.at)


def test_one_run_at_a_time(committed_world: World) -> None:
    world = committed_world
    world.member()
    batch = create(world, kind=DISCOUNT)

    def publish(of: CodeBatch, texts: Sequence[str]) -> None:
        other = connection.copy()
        try:
            with other.cursor() as cursor:
                cursor.execute(
                    "SELECT pg_try_advisory_lock(7024002, hashtext(%s))", [f"codes:{batch.pk}"]
                )
                assert cursor.fetchone() == (False,)
        finally:
            other.close()

    codes.generate(batch=batch, publish=publish, at=world.at)
    with connection.copy().cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(7024002, hashtext(%s))", [f"codes:{batch.pk}"])
        with pytest.raises(AlreadyRunning):
            make(world, batch, shop=Shop())
        cursor.connection.close()


def test_a_revoked_batch_is_made_no_further(world: World, small_chunks: None) -> None:
    world.members(5, world.account("Acme"))
    batch = create(world)
    make(world, batch, budget_seconds=0)
    codes.revoke_batch(batch=batch, reason="a mistake", withdraw=None, actor=TESTS, at=world.at)
    before = snapshot()
    assert make(world, batch).status == "revoked"
    assert snapshot() == before


def test_codes_that_clash_are_drawn_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half of the draws come out alike: nobody's code is another's, and each is handed out."""
    compose = symbols.compose
    drawn: list[bytes] = []

    def poor(*, batch: CodeBatch, name: str, random: bytes) -> str:
        drawn.append(random)
        alike = random if random[0] % 2 else bytes([random[1] % 4]) * 32
        return compose(batch=batch, name=name, random=alike)

    monkeypatch.setattr("saleor_program_budgets.codes.texts.compose", poor)
    monkeypatch.setattr("saleor_program_budgets.codes.texts.MOST_DRAWS", 40)
    world.members(12, world.account("Acme"))
    for _ in range(2):
        batch = made(world)
        texts = [issued.text for issued in hand_out(world, batch)]
        assert len(set(texts)) == 12
    assert len(set(drawn)) > 24
    assert RedemptionCode.objects.values("digest").distinct().count() == 24


def test_a_source_that_is_always_the_same_makes_no_codes(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("saleor_program_budgets.codes.texts.compose", lambda **_: "0000-0000-0000")
    world.members(2, world.account("Acme"))
    batch = create(world)
    with pytest.raises(LedgerInvariant, match="again and again"):
        make(world, batch)
    assert not RedemptionCode.objects.exists()


def test_the_database_lets_no_two_codes_be_alike(world: World) -> None:
    world.members(2, world.account("Acme"))
    one, other = made(world).codes.all()
    with pytest.raises(IntegrityError), transaction.atomic():
        RedemptionCode.objects.filter(pk=one.pk).update(digest=other.digest)
    with pytest.raises(IntegrityError), transaction.atomic():
        RedemptionCode.objects.filter(pk=one.pk).update(number=other.number)


def test_e_mail_batches_keep_their_secret_until_they_are_sent(world: World) -> None:
    ann = world.member()
    get_user_model().objects.filter(pk=ann.user_id).update(email="ann@example.com")
    assert made(world, delivery=EMAIL).secret is not None
