"""A seed decides what is done; faults and switches are drawn apart."""

from dataclasses import replace
from itertools import islice

import pytest

from saleor_program_budgets.simulation.options import Behaviour, Fault, Plan
from saleor_program_budgets.simulation.trading import processes
from saleor_program_budgets.simulation.trading.errands import WEIGHTS, Errand, Kind, Role
from saleor_program_budgets.simulation.trading.processes import Job

PLAN = Plan(members=20, departments=3, clients=4, orders=150, seconds=None, seed=7)
FAULTY = replace(PLAN, faults=frozenset(Fault))


CLIENT = Job(Role.CLIENT, 0)


def planned(plan: Plan, job: Job = CLIENT, most: int = 500) -> list[Errand]:
    return list(islice(processes.planned(plan, job), most))


@pytest.mark.parametrize("job", processes.jobs(FAULTY), ids=lambda job: job.name)
def test_a_seed_makes_the_same_plan_every_time(job: Job) -> None:
    assert planned(FAULTY, job) == planned(FAULTY, job)
    assert planned(FAULTY, job) != planned(replace(FAULTY, seed=8), job)


def test_faults_leave_the_errands_as_they_are() -> None:
    assert [replace(errand, mishap=None) for errand in planned(FAULTY)] == planned(PLAN)
    assert {errand.mishap.fault for errand in planned(FAULTY) if errand.mishap} >= {
        Fault.KILL,
        Fault.DISCONNECT,
        Fault.DUPLICATE,
    }


def test_clients_share_the_purchases() -> None:
    shares = [
        sum(errand.is_purchase for errand in planned(PLAN, Job(Role.CLIENT, client)))
        for client in range(PLAN.clients)
    ]
    assert shares == [38, 38, 37, 37]


def test_time_ends_what_is_not_counted() -> None:
    assert len(planned(replace(PLAN, orders=None, seconds=1.0), most=2_000)) == 2_000


@pytest.mark.parametrize("behaviour", Behaviour)
def test_what_is_switched_off_does_not_happen(behaviour: Behaviour) -> None:
    kinds = {kind for kind, _, needs in WEIGHTS if needs is behaviour}
    endless = replace(PLAN, orders=None, seconds=1.0)
    without = replace(endless, behaviours=frozenset(Behaviour) - {behaviour})
    assert kinds <= {errand.kind for errand in planned(endless, most=3_000)}
    assert not kinds & {errand.kind for errand in planned(without, most=3_000)}


def test_jobs_keep_their_hours_unless_the_clock_is_wrong() -> None:
    janitor = Job(Role.JANITOR, 0)
    behaviours = frozenset({Behaviour.EXPIRY})
    right = planned(replace(PLAN, behaviours=behaviours), janitor)
    wrong = planned(replace(PLAN, behaviours=behaviours, faults=frozenset({Fault.CLOCK})), janitor)
    assert {errand.kind for errand in right} == {Kind.EXPIRE}
    assert len({errand.kind for errand in wrong}) == 5


@pytest.mark.parametrize(
    ("faults", "behaviours", "names"),
    [
        (set(), set(), ["c0", "c1", "c2", "c3"]),
        (set(), {Behaviour.EXPIRY}, ["c0", "c1", "c2", "c3", "j0"]),
        ({Fault.CLOCK}, set(), ["c0", "c1", "c2", "c3", "j0", "j1"]),
        ({Fault.DEADLOCK}, set(), ["c0", "c1", "c2", "c3", "l0"]),
    ],
)
def test_who_is_needed(faults: set[Fault], behaviours: set[Behaviour], names: list[str]) -> None:
    plan = replace(PLAN, faults=frozenset(faults), behaviours=frozenset(behaviours))
    assert [job.name for job in processes.jobs(plan)] == names
