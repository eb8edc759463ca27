"""Acme's people."""

from collections import Counter

from dev.demo import people, story


def test_as_many_as_the_departments_say_and_nobody_twice() -> None:
    everyone = people.everyone()
    assert {name: len(members) for name, members in everyone.items()} == people.DEPARTMENTS
    addresses = Counter(person.email for members in everyone.values() for person in members)
    assert sum(addresses.values()) == 304
    assert set(addresses.values()) == {1}


def test_they_are_the_same_every_time() -> None:
    assert people.everyone() == people.everyone()
    assert str(people.everyone()["Engineering"][0]) == "Ada Abara, Engineering"


def test_shoppers_come_from_every_department() -> None:
    shoppers = story.shoppers(people.everyone())
    assert {person.department for person in shoppers} == set(people.DEPARTMENTS)


def test_their_file_has_a_line_for_each() -> None:
    header, first, *others = people.as_csv(people.everyone()).decode().splitlines()
    assert header == "Employee ID,Work Email,First Name,Last Name,Department"
    assert first == "A-0001,ada.abara@acme.example,Ada,Abara,Engineering"
    assert len(others) == 303
