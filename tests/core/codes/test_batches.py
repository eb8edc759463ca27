"""What a batch is worth and whom it is for; and what is refused before anything is made."""

import datetime as dt

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.test.utils import CaptureQueriesContext

from saleor_program_budgets import codes, programs
from saleor_program_budgets.codes import batches, recipients
from saleor_program_budgets.codes.vault import open_sealed
from saleor_program_budgets.errors import InvalidInput
from saleor_program_budgets.models import CodeBatch, Member
from saleor_program_budgets.money import Amount
from tests.support.batches import DISCOUNT, EMAIL, create
from tests.support.database import snapshot
from tests.support.world import DAY, INSTANT, START, TESTS, World, usd


def with_address(member: Member, address: str) -> Member:
    get_user_model().objects.filter(pk=member.user_id).update(email=address)
    return member


def ids(*members: Member) -> list[int]:
    return [member.pk for member in members]


def of_list(world: World, *lines: str, header: str = "member_id", **changes: object) -> CodeBatch:
    return create(world, csv="\n".join([header, *lines]).encode(), **changes)


def rejected(batch: CodeBatch) -> list[tuple[int, str, str]]:
    assert batch.rejected_count == len(batch.rejected)
    return [(one["line"], one["field"], one["message"]) for one in batch.rejected]


def test_store_credit_for_everybody(world: World) -> None:
    ann, bob = world.member(), world.member()
    gone = world.member()
    programs.deactivate_member(member=gone, actor=TESTS, at=world.at)
    elsewhere = world.open_program(channel="another")
    world.member(program=elsewhere)
    batch = create(
        world,
        name=" Spring ",
        prefix="spring-26",
        pattern="xxxxx-xxxxx-xxxxx",
        has_name=True,
        credit_days=30,
        expires_at=START + DAY,
    )
    batch.refresh_from_db()
    assert (batch.name, batch.prefix, batch.pattern) == ("Spring", "SPRING-26", "XXXXX-XXXXX-XXXXX")
    assert (batch.kind, batch.amount_minor, batch.credit_days) == ("store_credit", 25_00, 30)
    assert (batch.source, batch.recipients, batch.total) == ("program", ids(ann, bob), 2)
    assert (batch.status, batch.made, batch.created_by) == ("generating", 0, "staff:tests")
    assert (batch.created_at, batch.expires_at, batch.has_name) == (START, START + DAY, True)
    assert (rejected(batch), batch.codes.count()) == ([], 0)
    assert len(open_sealed(bytes(batch.secret))) == 32


def test_a_discount_stands_for_a_voucher(world: World) -> None:
    world.member()
    batch = create(world, kind=DISCOUNT, voucher_reference="7")
    assert (batch.kind, batch.voucher_reference, batch.amount_minor) == ("discount", "7", None)
    assert batch.pattern == "XXXX-XXXX-XXXX"


def test_an_account_with_all_below_it(world: World) -> None:
    acme = world.account("Acme")
    sales = world.account("Sales", under=acme)
    ann, bob = world.member(acme), world.member(sales)
    world.member()
    batch = create(world, account=acme)
    assert (batch.source, batch.account, batch.recipients) == ("account", acme, ids(ann, bob))
    assert create(world, account=sales).recipients == ids(bob)


def test_a_group(world: World) -> None:
    ann, bob = world.members(2, world.account("Acme"))
    group = programs.create_group(program=world.program, name="New", at=world.at)
    programs.set_group_members(group=group, add=ids(bob), at=world.at)
    batch = create(world, group=group)
    assert (batch.source, batch.group, batch.recipients) == ("group", group, ids(bob))
    assert ann.pk not in batch.recipients


def test_a_list_in_its_order(world: World) -> None:
    ann, bob, eve, gone = world.members(4, world.account("Acme"))
    with_address(eve, "Eve@Example.com")
    programs.deactivate_member(member=gone, actor=TESTS, at=world.at)
    batch = of_list(
        world,
        f"{bob.pk},",
        ",eve@example.COM",
        "",
        "4711,",
        f"{ann.pk},eve@example.com",
        f"{gone.pk},",
        f" {ann.pk} ,",
        f"{bob.pk},",
        ",nobody@example.com",
        f"{eve.pk},,more",
        header="Member_ID,email",
    )
    assert (batch.source, batch.recipients, batch.total) == ("list", ids(bob, eve, ann), 3)
    assert rejected(batch) == [
        (5, "member_id", "“4711” is no member of this program."),
        (6, "member", "Name the member by one of member_id, email, external_user_id."),
        (7, "member", f"Member {gone.pk} isn't active."),
        (9, "member", "The member is on the list already."),
        (10, "email", "“nobody@example.com” is no member of this program."),
        (11, "line", "The line has more cells than the header."),
    ]


def test_a_list_with_a_byte_order_mark_and_semicolons(world: World) -> None:
    ann, bob = world.members(2, world.account("Acme"))
    with_address(bob, "bob@example.com")
    content = f"\ufeffmember_id;email\r\n{ann.pk};\r\n;bob@example.com\r\n".encode()
    assert create(world, csv=content).recipients == ids(ann, bob)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "The header needs one of member_id, email, external_user_id."),
        (b"member_id,amount\n1,5\n", "“amount” is no column of a list"),
        (b"name\nann\n", "“name” is no column of a list"),
        (b"email,email\n", "A column stands in the header twice."),
        (b"member_id\n", "The list has no members."),
        (b"member_id\n4711\n", "Nobody is left: line 2: “4711” is no member of this program."),
        ("member_id\nÄ".encode("latin-1"), "Save the list as UTF-8: line 2 isn't."),
        (b'member_id\n"1\n', "isn't CSV"),
    ],
)
def test_what_is_no_list_is_refused(world: World, content: bytes, message: str) -> None:
    world.member()
    before = snapshot()
    with pytest.raises(InvalidInput) as raised:
        create(world, csv=content)
    assert raised.value.field == "csv"
    assert message in raised.value.message
    assert snapshot() == before


def test_an_e_mail_needs_an_address(world: World) -> None:
    ann, bob = world.members(2, world.account("Acme"))
    with_address(bob, "bob@example.com")
    batch = create(world, delivery=EMAIL)
    assert batch.recipients == ids(bob)
    assert rejected(batch) == [(1, "email", f"Member {ann.pk} has no e-mail address.")]
    with pytest.raises(InvalidInput, match="Nobody is left: line 2: Member"):
        of_list(world, str(ann.pk), delivery=EMAIL)


def test_rejected_lines_are_counted_and_the_first_are_named(world: World) -> None:
    ann = world.member()
    batch = of_list(world, str(ann.pk), *["0"] * 150)
    assert (batch.rejected_count, len(batch.rejected)) == (150, batches.SHOWN_REJECTED)
    assert (batch.rejected[0]["line"], batch.rejected[-1]["line"]) == (3, 102)


def test_a_large_list_takes_few_queries(world: World) -> None:
    members = world.members(30, world.account("Acme"))
    counts = []
    for some in (members[:1], members):
        with CaptureQueriesContext(connection) as queries:
            of_list(world, *[str(member.pk) for member in some])
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 4


def test_no_more_than_a_batch_takes(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recipients, "MOST_CODES", 2)
    world.members(2, world.account("Acme"))
    assert create(world).total == 2
    world.member()
    with pytest.raises(InvalidInput, match="up to 2 codes"):
        create(world)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "A" * 251}, "name"),
        ({"name": "A\x00"}, "name"),
        ({"prefix": "Ä"}, "prefix"),
        ({"pattern": "XXXX"}, "pattern"),
        ({"amount": None}, "amount"),
        ({"amount": usd("0.00")}, "amount"),
        ({"amount": usd("-1.00")}, "amount"),
        ({"amount": Amount(5, "EUR")}, "amount"),
        ({"voucher_reference": "7"}, "voucher_reference"),
        ({"credit_days": 0}, "credit_days"),
        ({"credit_days": 3_651}, "credit_days"),
        ({"credit_days": 1, "credit_expires_at": START + DAY}, "credit_days"),
        ({"credit_expires_at": START}, "credit_expires_at"),
        ({"expires_at": START}, "expires_at"),
        ({"kind": DISCOUNT, "voucher_reference": ""}, "voucher_reference"),
        ({"kind": DISCOUNT, "voucher_reference": "7" * 37}, "voucher_reference"),
        ({"kind": DISCOUNT, "amount": usd("1.00")}, "amount"),
        ({"kind": DISCOUNT, "credit_days": 5}, "credit_expires_at"),
        ({"kind": DISCOUNT, "credit_expires_at": START + DAY}, "credit_expires_at"),
    ],
)
def test_bad_values_are_named(world: World, changes: dict[str, object], field: str) -> None:
    world.member()
    before = snapshot()
    with pytest.raises(InvalidInput) as raised:
        create(world, **changes)
    assert raised.value.field == field
    assert snapshot() == before


def test_the_last_instants_that_are_taken(world: World) -> None:
    world.member()
    batch = create(world, expires_at=START + INSTANT, credit_expires_at=START + INSTANT)
    assert batch.expires_at - START == dt.timedelta(microseconds=1)


def test_whom_it_is_for_is_said_in_one_way(world: World) -> None:
    acme = world.account("Acme")
    world.member(acme)
    group = programs.create_group(program=world.program, name="New", at=world.at)
    with pytest.raises(InvalidInput, match="not several"):
        create(world, account=acme, group=group)
    with pytest.raises(InvalidInput, match="not several"):
        create(world, account=acme, csv=b"member_id\n1\n")
    with pytest.raises(InvalidInput, match="no active members there"):
        create(world, group=group)
    with pytest.raises(InvalidInput, match="no active members there"):
        create(world, account=world.account("Empty"))
    other = world.open_program(channel="another")
    foreign = programs.create_group(program=other, name="New", at=world.at)
    with pytest.raises(InvalidInput, match="another program's"):
        create(world, group=foreign)


def test_codes_are_for_up_to_a_hundred_thousand() -> None:
    assert codes.MOST_CODES == 100_000
