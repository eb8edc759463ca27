"""Acme Corp's 304 people. Those who shop in the story have a password."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain, product

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


def register(api: Api, shoppers: Iterable[Person]) -> None:
    """Let the shoppers register themselves, each with a password of their own."""
    with ThreadPoolExecutor(_PARALLEL_REQUESTS) as pool:
        for job in [pool.submit(_register, api, person) for person in shoppers]:
            job.result()


def as_csv(everyone: Mapping[str, Sequence[Person]]) -> bytes:
    """The file that Acme's personnel department sends."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(("Employee ID", "Work Email", "First Name", "Last Name", "Department"))
    people = chain.from_iterable(everyone.values())
    for number, person in enumerate(people, start=1):
        writer.writerow(
            (
                f"A-{number:04}",
                person.email,
                person.first_name,
                person.last_name,
                person.department,
            )
        )
    return text.getvalue().encode()


def log_in(api: Api, person: Person) -> Session:
    """A session in which this shopper acts."""
    return Session(api, email=person.email, password=PASSWORD)


def _register(api: Api, person: Person) -> None:
    details = {
        "email": person.email,
        "firstName": person.first_name,
        "lastName": person.last_name,
        "password": PASSWORD,
        "channel": CHANNEL,
    }
    Session(api).run("AccountRegister", input=details)
