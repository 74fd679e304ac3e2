"""Sending the program's e-mails to leads: at most once, when in doubt not at all.

After a crash nobody knows whether the mail server had accepted the mail. A person who gets a mail
twice loses trust. So the outcome is reported as unknown, and the mail is not sent again.

The file is long because one try to send a mail is described here from its place to its result.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal, TypeVar

import structlog
from temporalio import activity
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from activities.envelopes import read_command
from activities.heartbeat import pulse
from activities.mail_routes import MailRoutes, not_now, routes, spread, stopped, unsent
from activities.ports import (
    Claim,
    MailRefusedError,
    MailUnsentError,
    Rendered,
    Reservation,
    World,
)
from activities.route_notices import RouteNotices
from activities.tracing import TRACE, span
from models.decision import SendMail
from models.durations import Rate
from models.envelopes import CommandResult, Json, Work
from models.program.program import Program
from models.state import LeadState

_PATIENCE = timedelta(seconds=5)
"""A mail whose place comes within this time waits for it. A later one is tried again later, so that
other mails are sent first."""

Value = TypeVar("Value")
Ending = Literal["sent", "skipped", "failed"]

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Ready:
    """A mail as rendered, its program, and the rates under which it waits for its place."""

    mail: Rendered
    program: Program
    rates: dict[str, Rate]


@dataclass(slots=True)
class _Attempt:
    """How far one try to send a mail has come."""

    claiming: bool = False
    claimed: bool = False
    """From now on the server may have the content."""


class _NotSentError(Exception):
    """The mail must not be sent: it has an outcome already, or its address is suppressed."""

    def __init__(self, claim: Claim) -> None:
        super().__init__(claim.status)
        self.claim = claim


class MailActivities:
    """The activities of the queue `mail`. Templates and SQL run in `threads`; None: the loop's."""

    def __init__(self, world: World, threads: Executor | None = None) -> None:
        self._world = world
        self._threads = threads
        self._routes = MailRoutes(world.breakers)
        self._notices = RouteNotices(world)

    @activity.defn(name="send_mail")
    async def send_mail(self, work: Work) -> list[CommandResult]:
        """Send mails one after another, each at most once. Returns the result of each.

        A mail is claimed when the server waits for its content. A mail that was not claimed was not
        sent. Raises ApplicationError when the server accepted nothing, and when the worker stops
        before the claim. Then Temporal tries again, and a mail that was sent before keeps its
        result.
        """
        async with pulse():
            return [await self._traced(work, one) for one in work["commands"]]

    async def _traced(self, work: Work, command: Json) -> CommandResult:
        with span("send mail", [command.get(TRACE)], email=str(command.get("email", ""))):
            return await self._metered(work, read_command(command))

    async def _metered(self, work: Work, command: object) -> CommandResult:
        try:
            done = await self._one(work, command)
        except Exception:
            self._world.meter.mail("unsent")
            raise
        outcome = done.get("outcome", "sent")
        unknown = done.get("why") == "unknown_outcome"
        self._world.meter.mail("unknown" if unknown else outcome)
        return done

    async def _one(self, work: Work, command: object) -> CommandResult:
        if not isinstance(command, SendMail):
            raise TypeError(f"the mail queue sends mail; {type(command).__name__} is not for it")
        ready = await self._in_thread(self._prepared, work, command)
        if not isinstance(ready, _Ready):
            return ready
        place = await self._in_turn(ready)
        return await self._sent(work["lead"], command, ready, place)

    async def _in_thread(self, work: Callable[..., Value], *args: Any) -> Value:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work, *args)

    async def _claimed(self, lead: str, command: SendMail, mail: Rendered) -> None:
        """Claim a mail whose content is sent next. Raises _NotSentError if it must not be sent.

        If it is cancelled meanwhile, the claim is released.
        """
        begin = self._world.mail_ledger.begin
        running = asyncio.ensure_future(self._in_thread(begin, lead, command, mail))
        try:
            claim = await asyncio.shield(running)
        except asyncio.CancelledError:
            if (await running).status == "new":
                await self._in_thread(self._world.mail_ledger.release, command.key)
            raise
        if claim.status != "new":
            raise _NotSentError(claim)

    def _prepared(self, work: Work, command: SendMail) -> _Ready | CommandResult:
        """Render the mail, unless its result is known already. It is not claimed yet."""
        lead, mail_ledger = work["lead"], self._world.mail_ledger
        ready = self._rendered(work, command)
        if ready is None:
            claim = mail_ledger.claim(lead, command.key, command.message, command.at)
            return self._ended(lead, command, claim, why="template")
        mail = ready.mail
        known = mail_ledger.standing(command.key, mail, operational=command.operational)
        if known is None:
            return ready
        # What is suppressed gets its row here; what ended keeps its own.
        ended = mail_ledger.begin(lead, command, mail) if known.status == "skipped" else known
        if ended.status == "new":  # the suppression was lifted just now
            mail_ledger.release(command.key)
            return ready
        return self._ended(lead, command, ended)

    def _ended(
        self, lead: str, command: SendMail, claim: Claim, why: str | None = None
    ) -> CommandResult:
        """The result of a mail that is not sent now: an earlier one, unknown, or this reason."""
        if claim.status == "unknown":
            return self._settled(lead, command, "failed", "unknown_outcome")
        if claim.status == "new":
            return self._settled(lead, command, "failed", why)
        return _done(claim.status, claim.why)

    def _rendered(self, work: Work, command: SendMail) -> _Ready | None:
        """The mail and the rates it is under; None if it can't be rendered."""
        state = self._world.journal.state(work["lead"])
        if state is None:
            raise LookupError(f"the lead {work['lead']} has no row in this database")
        sent_by = next((one.version for one in state.mails if one.key == command.key), None)
        program = self._world.programs.load(sent_by or state.digest)
        try:
            mail = self._world.renderer.marketing(
                program, self._addressed(state), self._world.people.directory(), command
            )
        except ValueError as error:
            _log.error(
                "mail can't be rendered", lead=work["lead"], email=command.email, why=str(error)
            )
            return None
        return _Ready(mail, program, _rates(program, mail))

    def _addressed(self, state: LeadState) -> LeadState:
        """The lead at the address of the one that it was merged into, if it was merged."""
        keep: LeadState | None = state
        while keep is not None and keep.merged is not None:
            keep = self._world.journal.state(keep.merged.into)
        if keep is None or keep is state:
            return state
        address = {"email": keep.profile.get("email", "")}
        return state.changed(profile={**state.profile, **address})

    async def _in_turn(self, ready: _Ready) -> Reservation:
        """Wait for this mail's place; raise if that is long, so that others go meanwhile.

        A mail whose route is stopped takes none.
        """
        place = Reservation(wait=timedelta(0))
        if ready.rates:
            place = await self._in_thread(self._world.rates.reserve, ready.rates, _PATIENCE)
        if place.wait > _PATIENCE:
            raise ApplicationError(
                "as much mail goes out as the program allows",
                type="RateReached",
                next_retry_delay=spread(place.wait, activity.info().attempt),
                category=ApplicationErrorCategory.BENIGN,
            )
        wait = await self._in_thread(self._routes.wait, ready.program, ready.mail)
        if wait is not None:
            await self._in_thread(self._world.rates.give_back, ready.rates, place)
            raise stopped(wait)
        await asyncio.sleep(place.wait.total_seconds())
        return place

    async def _sent(
        self, lead: str, command: SendMail, ready: _Ready, place: Reservation
    ) -> CommandResult:
        """Send the mail; a try of which nothing was sent gives its place of the rates back."""
        attempt = _Attempt()

        async def claim() -> None:
            attempt.claiming = True
            await self._claimed(lead, command, ready.mail)
            attempt.claimed = True

        try:
            return await self._tried(lead, command, ready, attempt, claim)
        finally:
            if not attempt.claimed and place.taken:
                await self._in_thread(self._world.rates.give_back, ready.rates, place)

    async def _tried(
        self,
        lead: str,
        command: SendMail,
        ready: _Ready,
        attempt: _Attempt,
        claim: Callable[[], Coroutine[Any, Any, None]],
    ) -> CommandResult:
        why = "unknown_outcome"
        mail, program = ready.mail, ready.program
        try:
            await _handed_back(self._world.mailer.send(mail, before_content=claim), attempt)
        except _NotSentError as error:
            return await self._in_thread(self._ended, lead, command, error.claim)
        except MailUnsentError as error:
            await self._released(command, attempt)
            if error.about_us:
                found = await self._in_thread(
                    self._routes.refused, program, mail, "about_us", str(error)
                )
                stopped_now = [one for one in found if one.is_open]
                await self._notices.tell(lead, program, stopped_now)
            raise unsent(error) from error
        except MailRefusedError as error:
            _log.warning("mail refused", lead=lead, email=command.email, why=str(error))
            info = activity.info()
            waits, stopped_now = await self._in_thread(
                self._routes.waits, program, mail, error, info.scheduled_time, info.attempt
            )
            await self._notices.tell(lead, program, stopped_now)
            if waits:
                await self._released(command, attempt)
                raise not_now(error) from error
            why = "refused" if error.kind == "unsendable" else error.kind
            if not attempt.claimed:
                return await self._in_thread(self._refused, lead, command, mail, why)
        except Exception as error:
            if not attempt.claimed:
                raise  # nothing was sent: Temporal tries again
            _log.error("mail in doubt", lead=lead, email=command.email, why=repr(error))
        else:
            done = await self._in_thread(self._settled, lead, command, "sent", None)
            were = await self._in_thread(self._routes.accepted, program, mail)
            await self._notices.tell(lead, program, were)
            return done
        return await self._in_thread(self._settled, lead, command, "failed", why)

    async def _released(self, command: SendMail, attempt: _Attempt) -> None:
        """Give the claim of a mail back that the server surely did not take."""
        if attempt.claimed:
            await self._in_thread(self._world.mail_ledger.release, command.key)

    def _refused(self, lead: str, command: SendMail, mail: Rendered, why: str) -> CommandResult:
        """Record that the server refused a mail permanently before it asked for the content."""
        claim = self._world.mail_ledger.begin(lead, command, mail)
        return self._ended(lead, command, claim, why)

    def _settled(
        self, lead: str, command: SendMail, status: Ending, why: str | None
    ) -> CommandResult:
        if why == "unknown_outcome":
            _log.error(
                "mail not repeated: a try began and never told its end",
                lead=lead,
                email=command.email,
                message=command.message,
            )
        # Two tries may end one mail: one that hung, and one that began when the first was given up.
        # The lead hears what the ledger keeps.
        kept = self._world.mail_ledger.settle(command.key, status, why)
        return self._ended(lead, command, kept)


async def _handed_back(sending: Coroutine[Any, Any, None], attempt: _Attempt) -> None:
    """Send, unless the worker stops before the mail is claimed: then another worker does it.

    Raises what `sending` raises, and ApplicationError for a mail that is released.
    """
    task = asyncio.ensure_future(sending)
    stopping = asyncio.ensure_future(activity.wait_for_worker_shutdown())
    try:
        await asyncio.wait({task, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done() and not attempt.claiming:
            raise ApplicationError(
                "the worker stops, and this mail was not begun",
                type="WorkerStops",
                category=ApplicationErrorCategory.BENIGN,
            )
        await task
    finally:
        stopping.cancel()
        if not task.done():
            task.cancel()
            await asyncio.wait({task})


def _rates(program: Program, mail: Rendered) -> dict[str, Rate]:
    """The rates that a mail is under: the program's, and the receiving domain's."""
    of_program, of_domain = routes(program, mail)
    both = {of_program: program.sending.rate, of_domain: program.sending.domain_rate}
    return {name: rate for name, rate in both.items() if rate is not None}


def _done(status: Ending, why: str | None) -> CommandResult:
    return {"outcome": status} if why is None else {"outcome": status, "why": why}
