"""A roster's people in Saleor: found, made and changed as Saleor's own mutations for staff do."""

from __future__ import annotations

import threading

import pytest
from django.db import connection, transaction
from saleor.account import CustomerEvents
from saleor.account.models import CustomerEvent, User
from saleor.giftcard.models import GiftCard

from saleor_program_budgets.interfaces import saleor_versions
from saleor_program_budgets.interfaces.shop import SaleorShop
from saleor_program_budgets.roster.shop import Profile, ShopUser
from tests.host.graphql.queries import data_of

ADA = Profile("Ada@Acme.example", "Ada", "Ábara")
BEN = Profile("ben@acme.example", "Ben", "Bruun")
CUSTOMER_CREATE = """
mutation ($input: UserCreateInput!) {
  customerCreate(input: $input) { user { id } errors { field code } }
}
"""
SEARCH = """
query ($search: String) {
  customers(first: 5, filter: {search: $search}) { edges { node { email } } }
}
"""
ITS_OWN = {
    *("id", "email", "password", "uuid", "jwt_token_key", "date_joined", "updated_at"),
    *("search_document", "search_vector"),
}


@pytest.fixture
def shop(db) -> SaleorShop:
    return SaleorShop()


def create(shop: SaleorShop, *profiles: Profile) -> list[User]:
    ids = shop.create(profiles)
    return [User.objects.get(pk=ids[profile.email.lower()]) for profile in profiles]


def found_by(client, text: str) -> list[str]:
    edges = data_of(client, SEARCH, search=text)["edges"]
    return sorted(edge["node"]["email"] for edge in edges)


# Finding


def test_users_are_found_by_address_and_by_reference(shop, customer_user, staff_user) -> None:
    User.objects.filter(pk=staff_user.pk).update(external_reference="hr-1")
    User.objects.filter(pk=customer_user.pk).update(external_reference=None)

    found = shop.find(emails=[customer_user.email, "nobody@acme.example"], references=["hr-1"])

    assert sorted(found, key=lambda user: user.is_staff) == [
        ShopUser(customer_user.pk, customer_user.email, "", is_staff=False),
        ShopUser(staff_user.pk, staff_user.email, "hr-1", is_staff=True),
    ]


def test_a_superuser_counts_as_staff(shop, customer_user) -> None:
    User.objects.filter(pk=customer_user.pk).update(is_superuser=True)

    [found] = shop.find(emails=[customer_user.email], references=[])

    assert found.is_staff is True


def test_an_address_in_capitals_is_found(shop, staff_user) -> None:
    User.objects.filter(pk=staff_user.pk).update(email="Boss@Acme.example")

    [found] = shop.find(emails=["boss@acme.example"], references=[])

    assert found == ShopUser(staff_user.pk, "boss@acme.example", "", is_staff=True)


@pytest.mark.parametrize("count", [1, 3, 5_001])
def test_finding_asks_once_for_five_thousand(
    shop, customer_user, django_assert_num_queries, count
) -> None:
    shop.find(emails=[], references=[])
    _ = shop._odd_addresses  # once for each request or run
    emails = [f"{number}@acme.example" for number in range(count)]

    with django_assert_num_queries(2 if count > 5_000 else 1):
        assert shop.find(emails=emails, references=[]) == []


# Creating


def test_a_customer_is_as_saleors_own_mutation_leaves_them(
    shop, staff_api_client, permission_manage_users
) -> None:
    [created] = create(shop, ADA)

    staff_api_client.user.user_permissions.add(permission_manage_users)
    details = {"email": "grace@acme.example", "firstName": "Ada", "lastName": "Ábara"}
    data_of(staff_api_client, CUSTOMER_CREATE, input=details)
    theirs = User.objects.get(email="grace@acme.example")
    for field in User._meta.concrete_fields:
        if field.name not in ITS_OWN:
            assert getattr(created, field.attname) == getattr(theirs, field.attname), field.name
    assert (created.is_staff, created.is_active, created.is_confirmed) == (False, True, False)
    assert created.email == "ada@acme.example"
    assert created.has_usable_password() is False
    assert len(created.jwt_token_key) == len(theirs.jwt_token_key)
    events = CustomerEvent.objects.order_by("pk").values_list("user", "type", "parameters")
    assert list(events) == [
        (user.pk, CustomerEvents.ACCOUNT_CREATED, {}) for user in (created, theirs)
    ]


def test_a_customer_is_searched_by_what_saleor_would_search_by(shop) -> None:
    [created] = create(shop, ADA)
    again = User.objects.prefetch_related("addresses").get(pk=created.pk)

    field = saleor_versions.refresh_search(again)
    again.save(update_fields=[field])

    again.refresh_from_db()
    assert getattr(again, field)
    assert getattr(again, field) == getattr(created, field)


@pytest.mark.parametrize("text", ["ada", "ada@acme.example", "ben bruun"])
def test_the_dashboard_finds_a_customer(
    shop, staff_api_client, permission_manage_users, text
) -> None:
    create(shop, ADA, BEN)
    staff_api_client.user.user_permissions.add(permission_manage_users)

    [found] = found_by(staff_api_client, text)

    assert found == ("ben@acme.example" if "ben" in text else "ada@acme.example")


def test_secrets_are_each_customers_own(shop) -> None:
    ada, ben = create(shop, ADA, BEN)

    assert ada.password != ben.password
    assert ada.jwt_token_key != ben.jwt_token_key
    assert ada.uuid != ben.uuid


def test_a_taken_address_is_left_out(shop, customer_user, staff_user) -> None:
    User.objects.filter(pk=staff_user.pk).update(email="Boss@Acme.example")
    before = list(User.objects.order_by("pk").values())
    wanted = [
        Profile(customer_user.email, "Somebody", "Else"),
        Profile("boss@acme.example", "Somebody", "Else"),
        ADA,
        ADA,
    ]

    created = shop.create(wanted)

    assert created.keys() == {"ada@acme.example"}
    assert list(User.objects.exclude(pk__in=created.values()).order_by("pk").values()) == before
    assert shop.create([ADA]) == {}


def test_nobody_is_created_from_nothing(shop) -> None:
    assert shop.create([]) == {}


def test_a_thousand_take_as_many_statements_as_one(shop, django_assert_num_queries) -> None:
    _ = shop._odd_addresses
    create(shop, BEN)
    expected = 3 if saleor_versions.customer_defaults() else 2  # the type, users, their events
    for count in (1, 1_000):
        profiles = [Profile(f"{count}-{n}@acme.example", "A", "B") for n in range(count)]
        with django_assert_num_queries(expected):
            assert len(shop.create(profiles)) == count


def test_a_name_that_is_too_long_is_not_cut(shop) -> None:
    from django.db import DataError

    with pytest.raises(DataError), transaction.atomic():
        shop.create([Profile("long@acme.example", "x" * 257, "")])


@pytest.mark.django_db(transaction=True)
def test_an_address_registered_meanwhile_is_nobodys_of_ours() -> None:
    shop = SaleorShop()
    result: dict[str, int] = {}

    def create_meanwhile() -> None:
        with transaction.atomic():
            result.update(shop.create([ADA, BEN]))
        connection.close()

    with transaction.atomic():
        theirs = User.objects.create(email="ada@acme.example")
        other = threading.Thread(target=create_meanwhile)
        other.start()
        other.join(timeout=0.5)
        assert other.is_alive()  # it waits for what becomes of Ada
    other.join()

    assert result == {"ben@acme.example": User.objects.get(email="ben@acme.example").pk}
    theirs.refresh_from_db()
    assert theirs.first_name == ""


# Changing


def test_name_and_address_are_changed(shop, staff_api_client, permission_manage_users) -> None:
    [ada] = create(shop, ADA)
    key, password = ada.jwt_token_key, ada.password

    done = shop.update({ada.pk: Profile("Countess@Acme.example", "Augusta", "King")})

    ada.refresh_from_db()
    assert done == {ada.pk}
    assert (ada.email, ada.first_name, ada.last_name) == (
        "countess@acme.example",
        "Augusta",
        "King",
    )
    assert (ada.jwt_token_key, ada.password) == (key, password)
    staff_api_client.user.user_permissions.add(permission_manage_users)
    assert found_by(staff_api_client, "augusta") == ["countess@acme.example"]
    assert found_by(staff_api_client, "ada") == []


@pytest.mark.parametrize("mark", ["is_staff", "is_superuser"])
def test_staff_is_never_changed(shop, staff_user, customer_user, mark) -> None:
    User.objects.filter(pk=staff_user.pk).update(**{"is_staff": False, mark: True})
    before = User.objects.filter(pk=staff_user.pk).values().get()

    done = shop.update({staff_user.pk: ADA, customer_user.pk: BEN})

    assert done == {customer_user.pk}
    assert User.objects.filter(pk=staff_user.pk).values().get() == before


def test_another_users_address_is_not_taken(shop, customer_user, staff_user) -> None:
    ada, ben = create(shop, ADA, BEN)

    done = shop.update(
        {
            ada.pk: Profile(staff_user.email, "Ada", "Admin"),
            ben.pk: Profile("same@acme.example", "Ben", "Bruun"),
            customer_user.pk: Profile("same@acme.example", "Not", "Ben"),
        }
    )

    assert len(done & {ben.pk, customer_user.pk}) == len(done) == 1
    ada.refresh_from_db()
    assert (ada.email, ada.last_name) == ("ada@acme.example", "Ábara")


def test_an_unchanged_customer_is_not_written(shop) -> None:
    [ada] = create(shop, ADA)

    assert shop.update({ada.pk: ADA, ada.pk + 1: BEN}) == {ada.pk}

    assert User.objects.get(pk=ada.pk).updated_at == ada.updated_at


def test_gift_cards_are_searched_anew_but_not_assigned(shop, gift_card_expiry_date, order) -> None:
    [ada] = create(shop, ADA)
    theirs, guests = gift_card_expiry_date, GiftCard.objects.exclude(pk=gift_card_expiry_date.pk)
    assert not guests.exists()
    GiftCard.objects.filter(pk=theirs.pk).update(used_by=ada, search_index_dirty=False)
    order.user, order.user_email = None, "countess@acme.example"
    order.save()

    shop.update({ada.pk: Profile("countess@acme.example", "Ada", "King")})

    theirs.refresh_from_db()
    order.refresh_from_db()
    assert theirs.search_index_dirty is True
    assert order.user is None


@pytest.mark.django_db(transaction=True)
def test_an_address_taken_while_we_change_it_stays_theirs() -> None:
    shop = SaleorShop()
    with transaction.atomic():
        ada, ben = create(shop, ADA, BEN)
    done: set[int] = set()

    def change_meanwhile() -> None:
        with transaction.atomic():
            done.update(
                shop.update(
                    {
                        ada.pk: Profile("taken@acme.example", "Ada", "King"),
                        ben.pk: Profile("ben@acme.example", "Benjamin", "Bruun"),
                    }
                )
            )
        connection.close()

    with transaction.atomic():
        User.objects.create(email="taken@acme.example")
        other = threading.Thread(target=change_meanwhile)
        other.start()
        other.join(timeout=0.5)
        assert other.is_alive()
    other.join()

    assert done == {ben.pk}
    ada.refresh_from_db()
    assert ada.email == "ada@acme.example"
