"""What is bought under: an organization, a department, and members who each have plenty."""

import datetime as dt
from dataclasses import dataclass

from django.contrib.auth import get_user_model
from django.db import connection, models

from saleor_program_budgets import accounts, ledger, programs
from saleor_program_budgets.models import Account, Cycle, Member
from saleor_program_budgets.money import Amount

AT = dt.datetime(2026, 1, 5, 9, tzinfo=dt.UTC)
ACTOR = ledger.Actor.system("bench")
_PLENTY = Amount(10**12, "USD")
_YARDSTICK = """
CREATE TABLE bench_limit (
    id bigint PRIMARY KEY, lock_rank int NOT NULL, ceiling bigint NOT NULL,
    held bigint NOT NULL, spent bigint NOT NULL,
    CHECK (held + spent <= ceiling), CHECK (held >= 0 AND spent >= 0)
)
"""


class BareLimit(models.Model):
    """The three numbers of a limit with the same constraint, and nothing else."""

    id = models.BigIntegerField(primary_key=True)
    lock_rank = models.IntegerField()
    ceiling = models.BigIntegerField()
    held = models.BigIntegerField()
    spent = models.BigIntegerField()

    class Meta:
        app_label = "bench"
        managed = False
        db_table = "bench_limit"

    def __str__(self) -> str:
        return str(self.pk)


@dataclass(frozen=True, slots=True)
class Scene:
    """One member for each client, in one department; and as many bare rows.

    Attributes:
        members: each client's own.
        cycle: the open one.
        bare: the same three levels as rows of `bench_limit`: member, department, root.
    """

    members: list[Member]
    cycle: Cycle
    bare: list[list[int]]


def build(*, clients: int) -> Scene:
    """Make everything that the workloads use."""
    root = _account("Root", None)
    department = _account("Department", root)
    program = programs.create_program(
        slug="bench", rules=programs.Rules(name="Bench", allotment=_PLENTY), channel_ids=[], at=AT
    )
    cycle = programs.open_program(program=program, actor=ACTOR, at=AT)
    for account in (root, department):
        programs.set_cap(
            account=account,
            program=program,
            amount=_PLENTY,
            reason="bench",
            key=f"cap:{account.pk}",
            actor=ACTOR,
            at=AT,
        )
    users = get_user_model()._default_manager.bulk_create(
        [get_user_model()(username=f"member{number}") for number in range(clients)]
    )
    members = programs.enroll(
        program=program,
        user_ids=[user.pk for user in users],
        account=department,
        actor=ACTOR,
        at=AT,
    )
    return Scene(members, cycle, _bare_rows(clients))


def _account(name: str, parent: Account | None) -> Account:
    return accounts.create_account(
        name=name, slug=name.lower(), kind=Account.Kind.DIVISION, parent=parent, at=AT
    )


def _bare_rows(clients: int) -> list[list[int]]:
    with connection.cursor() as cursor:
        cursor.execute(_YARDSTICK)
    root, department = clients + 1, clients + 2
    ranks = {root: 2, department: 1} | dict.fromkeys(range(1, clients + 1), 0)
    BareLimit._default_manager.bulk_create(
        [
            BareLimit(id=number, lock_rank=rank, ceiling=_PLENTY.minor, held=0, spent=0)
            for number, rank in ranks.items()
        ]
    )
    return [[number, department, root] for number in range(1, clients + 1)]
