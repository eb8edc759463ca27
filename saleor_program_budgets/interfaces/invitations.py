"""Inviting people who were created with a roster to set a password, by Saleor's own mail."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from django.core.exceptions import ValidationError
from saleor.account.notifications import send_set_password_notification
from saleor.core.tokens import password_reset_token_generator
from saleor.core.utils.url import prepare_url, validate_storefront_url
from saleor.plugins.manager import get_plugins_manager

from saleor_program_budgets.errors import InvalidInput
from saleor_program_budgets.interfaces.notifications import channel_of
from saleor_program_budgets.models import JobRun, Person, Roster
from saleor_program_budgets.programs import jobs

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from saleor.account.models import User

logger = logging.getLogger(__name__)

JOB = "invite"
BUDGET_SECONDS = 240.0
MOST_FAILURES = 10
"""So many in a row, and it isn't the recipients."""
TRIED_DAYS = 7
SET = 200
"""How many people are read at once."""


def check_invitation_url(url: str) -> None:
    """Raise ``InvalidInput`` unless mails may lead to *url*, as Saleor's own mutations have it.

    Its host is to be among ``ALLOWED_CLIENT_HOSTS``. Empty is right: nobody is invited then.
    """
    if not url:
        return
    try:
        validate_storefront_url(url)
    except ValidationError as error:
        raise InvalidInput("invitation_url", " ".join(error.messages)) from error
    if urlsplit(url).scheme not in {"http", "https"}:
        raise InvalidInput("invitation_url", "It has to begin with https:// or http://.")


def invite(*, at: datetime, budget_seconds: float = BUDGET_SECONDS) -> JobRun | None:
    """Invite whoever is to be invited, each once; what can't be sent is tried again for a week.

    Somebody is noted as invited when the mail has been handed over, so that a crash may send one
    mail twice, and loses none. Ten failures in a row end the run; the next one goes on behind
    them, so that they keep nobody waiting.

    Returns the record of the run, or ``None`` where another one is under way.
    """
    try:
        with jobs.run(JOB, at=at) as run:
            run.result = {"invited": 0, "passed_over": 0, "failed": 0, "is_complete": True}
            inviting = _Inviting(at)
            for person in _uninvited(_last_tried(run.record)):
                outcome = inviting.invite(person)
                run.result[outcome] += 1
                run.progress(run.result["invited"] + run.result["failed"])
                if inviting.has_failed_too_often or run.seconds >= budget_seconds:
                    run.result |= {"is_complete": False, "last": person.pk}
                    break
            if inviting.error:
                run.result["error"] = inviting.error
    except jobs.AlreadyRunning:
        return None
    return run.record


class _Inviting:
    """One run; ``error`` is what failed last."""

    def __init__(self, at: datetime) -> None:
        self.error = ""
        self._at = at
        self._failed_in_a_row = 0
        self._channels: dict[int, str | None] = {}
        self._manager = get_plugins_manager(allow_replica=False)

    @property
    def has_failed_too_often(self) -> bool:
        return self._failed_in_a_row >= MOST_FAILURES

    def invite(self, person: Person) -> str:
        """Send one mail, where it makes sense; returns as what it counts."""
        user = person.user
        if user is None or not _needs_invitation(person, user):
            _mark(person)
            return "passed_over"
        try:
            self._send(user, person.roster)
        except Exception as error:
            # A deliverer that fails for one must not keep the others from being invited.
            is_given_up = person.created_at <= self._at - timedelta(days=TRIED_DAYS)
            logger.exception(
                "The invitation of person %s could not be sent%s",
                person.pk,
                ", and is given up" if is_given_up else "",
            )
            self.error = f"{type(error).__name__}: {error}"[: jobs.LONGEST_ERROR]
            self._failed_in_a_row += 1
            if is_given_up:
                _mark(person)
            return "failed"
        self._failed_in_a_row = 0
        _mark(person)
        return "invited"

    def _send(self, user: User, roster: Roster) -> None:
        """Do as Saleor's ``customerCreate`` with a redirect URL: a notification and an event."""
        url, channel = roster.invitation_url, self._channel(roster)
        send_set_password_notification(url, user, self._manager, channel)
        token = password_reset_token_generator.make_token(user)
        link = prepare_url(urlencode({"email": user.email, "token": token}), url)
        self._manager.account_set_password_requested(user, channel, token, link)

    def _channel(self, roster: Roster) -> str | None:
        """Return the first channel of the roster's first program that has one."""
        if roster.pk not in self._channels:
            programs = roster.programs.order_by("pk")
            channels: Iterator[Any] = (channel_of(program) for program in programs)
            found = next((channel for channel in channels if channel), None)
            self._channels[roster.pk] = found.slug if found else None
        return self._channels[roster.pk]


def _uninvited(last_id: int) -> Iterator[Person]:
    """Yield who is to be invited: first those after *last_id*, then the others."""
    waiting = Person.objects.filter(is_invited=False).select_related("user", "roster")
    for some in (waiting.filter(pk__gt=last_id), waiting.filter(pk__lte=last_id)):
        last = 0
        while found := list(some.filter(pk__gt=last).order_by("pk")[:SET]):
            last = found[-1].pk
            yield from found


def _last_tried(this: JobRun) -> int:
    """Return whom the run before this one tried last, if it left any untried."""
    before = JobRun.objects.filter(name=JOB, pk__lt=this.pk).order_by("-pk").first()
    return int(before.result.get("last", 0)) if before is not None else 0


def _needs_invitation(person: Person, user: User) -> bool:
    """Say no of who isn't there any more, and of who has a password by now."""
    return (
        person.removed_at is None
        and person.is_active
        and bool(person.roster.invitation_url)
        and user.is_active
        and not user.is_staff
        and not user.has_usable_password()
    )


def _mark(person: Person) -> None:
    Person.objects.filter(pk=person.pk).update(is_invited=True)
