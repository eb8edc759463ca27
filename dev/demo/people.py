"""Acme Corp's 304 people. Those who shop in the story have a password."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import batched, product

from dev.demo.api import Api, Session
from dev.demo.shop import CHANNEL

DEPARTMENTS = {"Engineering": 84, "Sales": 112, "Marketing": 60, "Operations": 48}
PASSWORD = "merchandise-2025"  # noqa: S105  # Printed at the end: there to be used.

_FIRST = (
    *("Ada", "Ben", "Carla", "Dev", "Elif", "Femi", "Greta", "Hana", "Ivo", "Jonas", "Kira", "Leo"),
    *("Mia", "Noah", "Olga", "Pablo", "Quinn", "Rosa", "Sami", "Tara"),
)
_LAST = (
    *("Abara", "Bruun", "Costa", "Dietz", "Endo", "Fiala", "Gupta", "Hoang"),
    *("Ilves", "Jansen", "Kovac", "Lopez", "Moreau", "Novak", "Okafor", "Patel"),
)
_PARALLEL_REQUESTS = 4
_PER_REQUEST = 4  # as many mutations as Saleor takes in one


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who works at Acme."""

    first_name: str
    last_name: str
    department: str

    @property
    def email(self) -> str:
        """Their address, by which Saleor knows them."""
        return f"{self.first_name}.{self.last_name}@acme.example".lower()

    def __str__(self) -> str:
        return f"{self.first_name} {self.last_name}, {self.department}"


def everyone() -> dict[str, list[Person]]:
    """All people, by department; the same ones every time."""
    names = ((first, last) for last, first in product(_LAST, _FIRST))
    return {
        department: [Person(*next(names), department) for _ in range(count)]
        for department, count in DEPARTMENTS.items()
    }


def create(api: Api, staff: Session, *, people: Sequence[Person], shoppers: set[Person]) -> None:
    """Make everyone a customer: the shoppers register themselves, staff adds the others."""
    others = [_input_of(person) for person in people if person not in shoppers]
    with ThreadPoolExecutor(_PARALLEL_REQUESTS) as pool:
        jobs = [pool.submit(_register, api, person) for person in shoppers]
        jobs += [pool.submit(_add, staff, batch) for batch in batched(others, _PER_REQUEST)]
        for job in jobs:
            job.result()


def log_in(api: Api, person: Person) -> Session:
    """A session in which this shopper acts."""
    return Session(api, email=person.email, password=PASSWORD)


def _register(api: Api, person: Person) -> None:
    details = {**_input_of(person), "password": PASSWORD, "channel": CHANNEL}
    Session(api).run("AccountRegister", input=details)


def _add(staff: Session, batch: Sequence[dict[str, str]]) -> None:
    if len(batch) == _PER_REQUEST:
        staff.run_all("CustomersCreate", **dict(zip(_aliases(), batch, strict=True)))
        return
    for details in batch:
        staff.run("CustomerCreate", input=details)


def _aliases() -> Iterator[str]:
    return iter(("first", "second", "third", "fourth"))


def _input_of(person: Person) -> dict[str, str]:
    return {
        "email": person.email,
        "firstName": person.first_name,
        "lastName": person.last_name,
    }
