"""Sending the program's e-mails to leads: at most once, when in doubt not at all.

A crash between the mail server's "250" and our note of it can't be told from one before
it. A person who gets a mail twice loses trust; so the doubt is reported, not resolved.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal, TypeVar

import structlog
from temporalio import activity
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from activities.heartbeat import pulse
from activities.ports import (
    ChatAwayError,
    Claim,
    MailRefusedError,
    MailUnsentError,
    Rendered,
    World,
)
from activities.turn import read_command
from models.decision import SendMail
from models.durations import Rate
from models.envelopes import CommandResult, Work
from models.program.program import Program

_PATIENCE = timedelta(seconds=5)
"""A mail whose place comes within this waits for it; a later one lets others go first."""

_LONGEST_SPREAD = timedelta(minutes=10)

Value = TypeVar("Value")
Ending = Literal["sent", "skipped", "failed"]

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Ready:
    """A mail as rendered; without a claim, it waits for its place under these rates first."""

    mail: Rendered
    rates: dict[str, Rate]
    claim: Claim | None


class MailActivities:
    """The activities of the queue `mail`. Templates and SQL run in `threads`; None: the loop's."""

    def __init__(self, world: World, threads: Executor | None = None) -> None:
        self._world = world
        self._threads = threads

    @activity.defn(name="send_mail")
    async def send_mail(self, work: Work) -> list[CommandResult]:
        """Send mails one after another, each at most once, and tell what became of each.

        Raises ApplicationError when the server surely took nothing: Temporal tries again,
        and what was sent before answers as it did.
        """
        async with pulse():
            return [await self._one(work, read_command(one)) for one in work["commands"]]

    async def _one(self, work: Work, command: object) -> CommandResult:
        if not isinstance(command, SendMail):
            raise TypeError(f"the mail queue sends mail; {type(command).__name__} is not for it")
        lead = work["lead"]
        ready = await self._claiming(command.key, self._prepared, work, command)
        if not isinstance(ready, _Ready):
            return ready
        claim = ready.claim
        if claim is None:
            await self._in_turn(ready.rates)
            begin = self._world.mail_ledger.begin
            claim = await self._claiming(command.key, begin, lead, command, ready.mail)
        if claim.status == "new":
            return await self._sent(lead, command, ready.mail)
        return await self._in_thread(self._ended, lead, command, claim)

    async def _in_thread(self, work: Callable[..., Value], *args: Any) -> Value:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work, *args)

    async def _claiming(self, key: str, work: Callable[..., Value], *args: Any) -> Value:
        """What may claim a mail, in a thread: who is cancelled meanwhile gives the claim back."""
        running = asyncio.get_running_loop().run_in_executor(self._threads, work, *args)
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            outcome = await running
            claim = outcome.claim if isinstance(outcome, _Ready) else outcome
            if isinstance(claim, Claim) and claim.status == "new":
                await self._in_thread(self._world.mail_ledger.release, key)
            raise

    def _prepared(self, work: Work, command: SendMail) -> _Ready | CommandResult:
        """Render the mail; claim it at once, unless it has to wait for its place first."""
        lead, mail_ledger = work["lead"], self._world.mail_ledger
        mail, rates = self._rendered(work, command)
        if mail is None:
            claim = mail_ledger.claim(lead, command.key, command.message, command.at)
            return self._ended(lead, command, claim, why="template")
        # Asked last: whoever unsubscribes while this mail waits gets none.
        return _Ready(mail, rates, None if rates else mail_ledger.begin(lead, command, mail))

    def _ended(
        self, lead: str, command: SendMail, claim: Claim, why: str | None = None
    ) -> CommandResult:
        """How a mail that is not sent now ended: long ago, in doubt, or now for this reason."""
        if claim.status == "unknown":
            return self._settled(lead, command, "failed", "unknown_outcome")
        if claim.status == "new":
            return self._settled(lead, command, "failed", why)
        return _done(claim.status, claim.why)

    def _rendered(self, work: Work, command: SendMail) -> tuple[Rendered | None, dict[str, Rate]]:
        """The mail and the rates it is under; no mail if it can't be rendered."""
        state = self._world.journal.state(work["lead"])
        if state is None:
            raise LookupError(f"the lead {work['lead']} has no row in this database")
        program = self._world.programs.load(state.digest)
        try:
            mail = self._world.renderer.marketing(
                program, state, self._world.people.directory(), command
            )
        except ValueError as error:
            _log.error(
                "mail can't be rendered", lead=work["lead"], email=command.email, why=str(error)
            )
            return None, {}
        return mail, _rates(program, mail)

    async def _in_turn(self, rates: dict[str, Rate]) -> None:
        """Wait for this mail's place; raise if that is long, so that others go meanwhile."""
        wait = await self._in_thread(self._world.rates.reserve, rates, _PATIENCE)
        if wait > _PATIENCE:
            raise ApplicationError(
                "as much mail goes out as the program allows",
                type="RateReached",
                next_retry_delay=_spread(wait, activity.info().attempt),
                category=ApplicationErrorCategory.BENIGN,
            )
        await asyncio.sleep(wait.total_seconds())

    async def _sent(self, lead: str, command: SendMail, mail: Rendered) -> CommandResult:
        status: Ending = "failed"
        why: str | None = "unknown_outcome"
        try:
            await self._world.mailer.send(mail)
        except MailUnsentError as error:
            await self._in_thread(self._world.mail_ledger.release, command.key)
            raise unsent(error) from error
        except MailRefusedError as error:
            _log.warning("mail refused", lead=lead, email=command.email, why=str(error))
            why = error.kind
        except Exception as error:  # noqa: BLE001 - whatever it was, the mail may be out
            _log.error("mail in doubt", lead=lead, email=command.email, why=repr(error))
        else:
            status, why = "sent", None
        return await self._in_thread(self._settled, lead, command, status, why)

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
        self._world.mail_ledger.settle(command.key, status, why)
        return _done(status, why)


def unsent(error: MailUnsentError | ChatAwayError) -> ApplicationError:
    """What Temporal is told, so that it tries again without a stack trace a try."""
    return ApplicationError(
        str(error), type=type(error).__name__, category=ApplicationErrorCategory.BENIGN
    )


def _spread(wait: timedelta, tries: int) -> timedelta:
    """When a mail asks again that had to wait for `wait`: the later, the more it tried.

    All that wait are told the same instant. Were they all back by then, each place would be
    asked for by every one of them.
    """
    longer = min(wait * tries, _LONGEST_SPREAD)
    return wait + longer * random.random()  # noqa: S311 - no secret


def _rates(program: Program, mail: Rendered) -> dict[str, Rate]:
    """The rates that a mail is under: the program's, and the receiving domain's."""
    domain = mail.to.rstrip(">").rpartition("@")[2].lower()
    both = {
        f"program/{program.program}": program.sending.rate,
        f"domain/{domain}": program.sending.domain_rate,
    }
    return {name: rate for name, rate in both.items() if rate is not None}


def _done(status: Ending, why: str | None) -> CommandResult:
    return {"outcome": status} if why is None else {"outcome": status, "why": why}
