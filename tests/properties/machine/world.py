"""Rules about who and what there is, and about time."""

from __future__ import annotations

import datetime as dt
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from saleor_program_budgets import accounts, ledger, programs
from saleor_program_budgets.models import Program
from tests.properties.machine.bench import ALLOTMENT, PLACES, Bench, cents
from tests.properties.reference.rows import Person, Refused
from tests.properties.reference.rows import Program as ModelProgram
from tests.support.world import HOUR, INSTANT, TESTS

PEOPLE = 6
CHANNELS = ("shop", "other")
CARRIED = 15
CARRY_DAYS = 3
"""The first program carries so much for so long; the second nothing."""
ALONG = 12


class WorldRules(Bench):
    """Accounts, members, programs, the clock."""

    def set_up(self, *, pays_difference: bool, policies: tuple[str, str]) -> None:
        """Two programs, the second opened a little later, over one tree; a member in each."""
        acme = self.world.account("Acme")
        divisions = [self.world.account(name, under=acme) for name in ("East", "West")]
        team = self.world.account("Team", under=divisions[0])
        self.accounts = [acme, *divisions, team]
        self.model.parents = {account.pk: account.parent_id for account in self.accounts}
        for channel, policy in zip(CHANNELS, policies, strict=True):
            program = self.world.open_program(
                allotment=f"{ALLOTMENT / 100}",
                channel=channel,
                overage_policy="pay_difference" if pays_difference else "block",
                refund_policy=policy,
                refund_grace_days=1,
                cycle_length="monthly",
                **_carry(channel),
            )
            self.programs.append(program)
            cycle = self.cycles[program.pk] = program.cycles.get()
            self.model.programs[program.pk] = ModelProgram(
                program.pk,
                channel,
                cycle.starts_at,
                cycle.ends_at,
                ALLOTMENT,
                CARRIED if channel == CHANNELS[0] else 0,
                CARRY_DAYS if channel == CHANNELS[0] else None,
                pays_difference=pays_difference,
                refund_policy=policy,
            )
            self.move_clock(self.world.at + HOUR)
        self._enroll(0, place=3)
        self._enroll(0, place=1)
        self._enroll(1, place=3)

    # Members

    @rule(program=st.sampled_from([0, 0, 1]), place=PLACES, user=PLACES)
    def enroll(self, program: int, place: int, user: int) -> None:
        if len(self.model.people) < PEOPLE:
            self._enroll(program, place=place, user=user)

    def _enroll(self, program: int, *, place: int, user: int | None = None) -> None:
        """Enroll a new user, or one who may be a member of this or the other program already."""
        row, account = self.programs[program], self.account(place)
        users = sorted({person.user for person in self.model.people.values()})
        reference = users[user // 2 % len(users)] if user and user % 2 else self.world.user()
        [member] = programs.enroll(
            program=row,
            user_ids=[reference],
            account=account,
            actor=self.world.actor,
            at=self.world.at,
        )
        if member.pk in self.model.people:
            self.model.catch_up(member.pk)
            self.count("enroll", "known")
            return
        self.members[member.pk] = member
        self.model.enroll(member.pk, user=reference, program=row.pk, account=account.pk)
        self.count("enroll", "done")

    @rule(
        place=PLACES,
        to=PLACES,
        what=st.sampled_from(["move", "move", "deactivate", "reactivate", "reactivate"]),
    )
    def change_membership(self, place: int, to: int, what: str) -> None:
        member, person = self.person(place)
        if what == "move":
            account = self.account(to)
            programs.move_member(member=member, account=account, at=self.world.at)
            self.model.catch_up(member.pk)
            person.account = account.pk
        elif what == "deactivate":
            self._deactivate(person)
        else:
            self._reactivate_all() if to % 2 else self._reactivate(person)
        self.count(f"{what} member", "done")

    def _reactivate_all(self) -> None:
        for person in self.model.people.values():
            self._reactivate(person)

    def _reactivate(self, person: Person) -> None:
        if not person.is_active and person.lots.keys() != person.taken.keys():
            # A budget that was opened since they left is taken back too, and then given back.
            self._deactivate(person)
            self.the_ledger_agrees_with_the_model()
        member = self.members[person.pk]
        was_active = person.is_active
        programs.reactivate_member(member=member, actor=self.world.actor, at=self.world.at)
        self.model.reactivate(person.pk)
        self.count("reactivate", "who was active" if was_active else "who had left")

    def _deactivate(self, person: Person) -> None:
        taken = programs.deactivate_member(
            member=self.members[person.pk], actor=TESTS, at=self.world.at
        )
        expected = self.model.deactivate(person.pk)
        assert [-correction.amount.minor for correction in taken] == expected

    @rule(under=st.sampled_from([0, 1, 2]))
    def move_team(self, under: int) -> None:
        team, parent = self.accounts[3], self.accounts[under]
        self.model.tree_has_moved |= self.model.parents[team.pk] != parent.pk
        accounts.move_account(account=team, parent=parent)
        self.model.parents[team.pk] = parent.pk
        self.count("move team", "done")

    # Programs

    @rule(
        which=st.sampled_from([0, 1]),
        what=st.sampled_from(["open", "open", "close", "rules", "rules", "rules"]),
        policy=st.sampled_from(Program.RefundPolicy.values),
        pays_difference=st.booleans(),
        window=st.sampled_from([(None, None), (None, None), (None, 3), (2, None), (-5, 4)]),
    )
    def change_program(
        self,
        which: int,
        what: str,
        policy: str,
        pays_difference: bool,
        window: tuple[int | None, int | None],
    ) -> None:
        self.catch_up()
        program = self.programs[which]
        known = self.model.programs[program.pk]
        if what == "open":
            self._open(program, known)
        elif what == "close":
            programs.close_program(program=program)
            known.is_open = False
        else:
            known.refund_policy, known.pays_difference = policy, pays_difference
            known.opens_at, known.closes_at = map(self.after, window)
            programs.update_program(program=program, rules=_rules(known), at=self.world.at)
        self.count(f"{what} program", "done")

    def _open(self, program: Program, known: ModelProgram) -> None:
        is_over = known.closes_at is not None and known.closes_at <= self.world.at
        self.perform(
            "open again",
            lambda: programs.open_program(
                program=program, actor=self.world.actor, at=self.world.at
            ),
            Refused("InvalidInput") if is_over else None,
        )
        if not is_over:
            known.is_open = True
            self.model.place(program.pk)

    # The jobs

    @precondition(lambda self: self.is_behind or self.steps % 9 == 0)
    @rule(which=st.sampled_from([0, 1]))
    def renew_all_that_is_due(self, which: int) -> None:
        program = self.programs[which]
        expected = self.model.renew_all(program.pk)
        renewed = programs.renew_due(program=program, at=self.world.at)
        assert renewed == ledger.Renewed(**{"limits": 0} | expected)
        assert programs.renew_due(program=program, at=self.world.at) == ledger.Renewed(0)
        self.count("renew all", "some" if expected else "none")
        for what in +expected:
            self.count("renew all", what)

    @precondition(
        lambda self: (
            self.steps % 9 == 0
            or any(lot.left and lot.has_lapsed(self.model.at) for lot in self.model.lots())
        )
    )
    @rule()
    def record_what_has_lapsed(self) -> None:
        expected = self.model.lapse()
        assert ledger.lapse(actor=TESTS, at=self.world.at) == expected
        assert ledger.lapse(actor=TESTS, at=self.world.at) == 0
        self.count("lapse", "some" if expected else "none")

    # The clock

    @rule(minutes=st.sampled_from([1, 30, 60, 61, 150]))
    def wait(self, minutes: int) -> None:
        self.move_clock(self.world.at + dt.timedelta(minutes=minutes))
        self.count("wait", "done")

    @rule(beside=st.sampled_from([0, 0, 0, -1, 1]))
    def wait_for_the_next_instant_that_matters(self, beside: int) -> None:
        """Stand exactly on a boundary, or just beside: there an off-by-one would show."""
        coming = [end + beside * INSTANT for end in self.model.instants()]
        near = [end for end in coming if self.world.at < end < self.world.at + 30 * HOUR]
        if near:
            self.move_clock(min(near))
            self.count("stand on an end", "done")

    @precondition(lambda self: self.steps > ALONG)
    @rule(
        which=st.sampled_from([0, 0, 1]),
        beside=st.sampled_from([-HOUR / 2, -HOUR / 2, -INSTANT, 0 * INSTANT, INSTANT]),
    )
    def wait_for_the_end_of_a_cycle(self, which: int, beside: dt.timedelta) -> None:
        """Stand on it, or a little before, where what is held will see it; no program is shut."""
        end = self.model.programs[self.programs[which].pk].ends_at + beside
        is_shut = any(program.closes_at for program in self.model.programs.values())
        if end > self.world.at and not is_shut:
            self.move_clock(end)
            self.count("stand on the end of a cycle", "done")


def _rules(program: ModelProgram) -> programs.Rules:
    policy = Program.OveragePolicy
    return programs.Rules(
        name=f"Program {program.pk}",
        allotment=cents(ALLOTMENT),
        overage_policy=policy.PAY_DIFFERENCE if program.pays_difference else policy.BLOCK,
        refund_policy=Program.RefundPolicy(program.refund_policy),
        refund_grace_days=program.grace_days,
        opens_at=program.opens_at,
        closes_at=program.closes_at,
        cycle_length=Program.CycleLength.MONTHLY,
        **_carry(program.channel),
    )


def _carry(channel: str) -> dict[str, Any]:
    if channel != CHANNELS[0]:
        return {}
    return {"carries_forward": True, "carry_limit": cents(CARRIED), "carry_days": CARRY_DAYS}
