"""The relay: brings what was accepted to the leads' workflows, until they have it.

Several relays may run, in this process and in others. No relay takes what another has leased; what
a relay that died had leased is taken again when the lease ends.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Protocol

import structlog
from sqlalchemy.exc import SQLAlchemyError
from temporalio.service import RPCError, RPCStatusCode

from activities.meter import UNMETERED, Meter
from activities.tracing import span, traced
from adapters.sql.intake import SqlIntake, Taken
from adapters.sql.programs import SqlPrograms
from adapters.temporal.client import LeadNotFoundError, TemporalUnavailableError
from models.envelopes import Json
from models.instants import write_instant
from models.program.program import Program

LEASE = timedelta(seconds=10)
"""What a relay that died had leased is taken again after so long. A living relay renews it."""
_RENEW_SECONDS = 3.0
_AT_ONCE = 500
_LEADS_AT_ONCE = 20
_LONGEST_PAUSE = timedelta(minutes=1)
_UNKNOWN_AFTER = 5
"""Tries before an unknown lead's items are given up: its creation may still be on its way."""
_HOPELESS_AFTER = 10
"""Tries, in about five minutes, before an item is given up that Temporal refuses or that fails."""
_MOST_EVENTS = 200
_MOST_CHARACTERS = 500_000
"""Of one signal: Temporal takes none of more than 2 MB."""
_KEPT = timedelta(days=30)
_PURGE_EVERY = timedelta(hours=1)

_log = structlog.get_logger(__name__)


class RelayLeads(Protocol):
    """How leads are reached; `adapters.temporal.client.Leads` is one."""

    async def enrol(
        self, lead: str, program: Program, profile: Json, *, arrived: str | None = None
    ) -> bool:
        """Create a lead; False if it is already there."""
        ...

    async def events(self, lead: str, events: Sequence[Json]) -> None:
        """Send events to a lead. Raises LeadNotFoundError."""
        ...

    async def leave(self, lead: str, do: str, fields: Json) -> None:
        """Leave an act for a lead. Raises LeadNotFoundError."""
        ...


class Relay:
    """A loop over the intake. `pause` is how long it sleeps when nothing waits (seconds)."""

    def __init__(
        self,
        intake: SqlIntake,
        programs: SqlPrograms,
        leads: RelayLeads,
        *,
        pause: float = 0.2,
        meter: Meter = UNMETERED,
    ) -> None:
        self._intake = intake
        self._programs = programs
        self._leads = leads
        self._pause = pause
        self._meter = meter
        self._stop = asyncio.Event()
        self._ended: list[int] = []
        self._recording = asyncio.Lock()
        self._purged = datetime.min.replace(tzinfo=UTC)

    def stop(self) -> None:
        """End after what is under way."""
        self._stop.set()

    async def run(self) -> None:
        """Relay what is accepted until `stop`. It waits for a database that does not answer.

        A failure that stays is logged once, and its end.
        """
        failing = ""
        while not self._stop.is_set():
            try:
                relayed = await self.once()
                if failing:
                    _log.info("relay goes on")
                failing = ""
            except Exception as error:  # noqa: BLE001 - whatever it was, what is stored is relayed later
                if repr(error) != failing:
                    _log.error("relay failed, and tries again", why=repr(error))
                failing = repr(error)
                relayed = 0
            if not relayed:
                try:
                    async with asyncio.timeout(self._pause):
                        await self._stop.wait()
                except TimeoutError:
                    continue

    async def once(self) -> int:
        """Relay what can be relayed now; how many items were taken."""
        taken = await asyncio.to_thread(self._intake.take, _AT_ONCE, LEASE)
        room = asyncio.Semaphore(_LEADS_AT_ONCE)

        async def relay(lead: str) -> None:
            async with room:
                await self._relay(in_hand[lead])
            del in_hand[lead]

        of_leads = sorted(taken, key=lambda one: (one.lead, one.seq))
        in_hand = {lead: list(items) for lead, items in groupby(of_leads, key=lambda one: one.lead)}
        renewing = asyncio.create_task(self._renew(in_hand))
        try:
            async with asyncio.TaskGroup() as tasks:
                for lead in list(in_hand):
                    tasks.create_task(relay(lead))
        except asyncio.CancelledError:
            # Whoever ends this (Ctrl-C of a launch) leaves the rest to the next relay, at once.
            seqs = [one.seq for one in taken]
            self._intake.again(seqs, "the relay was stopped", timedelta(0))
            raise
        finally:
            renewing.cancel()
        await self._purge()
        return len(taken)

    async def _renew(self, in_hand: dict[str, list[Taken]]) -> None:
        """Prolong the leases of what is not relayed yet, for as long as this process lives."""
        while True:
            await asyncio.sleep(_RENEW_SECONDS)
            seqs = [one.seq for items in in_hand.values() for one in items]
            try:
                await asyncio.to_thread(self._intake.renew, seqs, LEASE)
            except SQLAlchemyError as error:
                _log.warning("leases were not renewed", why=str(error))

    async def _relay(self, items: list[Taken]) -> None:
        """Relay one lead's items in order; what can't be relayed now is put off."""
        waiting = list(items)
        try:
            while waiting:
                with span("relay", [one.trace for one in waiting[:_MOST_EVENTS]]):
                    batch = await self._first(waiting)
                await self._done([one.seq for one in batch])
                self._meter.relayed("sent", len(batch))
                waiting = waiting[len(batch) :]
        except LeadNotFoundError as error:
            await self._unknown(waiting, str(error))
        except LookupError as error:
            await self._without_the_first(waiting, str(error))
        except (TemporalUnavailableError, OSError) as error:
            await self._put_off(waiting, str(error))
        except RPCError as error:
            if error.status is RPCStatusCode.INVALID_ARGUMENT:
                await self._hopeless(waiting, str(error))
            else:
                await self._put_off(waiting, str(error))
        except SQLAlchemyError:
            raise  # nothing can be noted now; the lease ends by itself
        except Exception as error:  # noqa: BLE001 - one lead's items must not hold up the others'
            _log.error(
                "items can't be relayed", lead=waiting[0].lead, why=repr(error), exc_info=error
            )
            await self._hopeless(waiting, repr(error))

    async def _done(self, seqs: list[int]) -> None:
        """Record that leads have these items, in one transaction with what ends meanwhile."""
        self._ended += seqs
        async with self._recording:
            ended, self._ended = self._ended, []
            if ended:  # else another lead's transaction took these along
                await asyncio.to_thread(self._intake.done, ended)

    async def _first(self, waiting: list[Taken]) -> list[Taken]:
        """Relay the first of a lead's items, as many as go together; which they were.

        Where one of them may be at fault, fewer are tried, so that the good ones before it get
        through and it is left alone in the end.
        """
        if waiting[0].kind == "lead":
            await self._create(waiting[0])
            return waiting[:1]
        if waiting[0].kind == "act":
            await self._act(waiting[0])
            return waiting[:1]
        most = _MOST_EVENTS
        while True:
            batch = _leading_events(waiting, most)
            try:
                sent = [traced(_event(one), one.trace) for one in batch]
                await self._leads.events(batch[0].lead, sent)
            except Exception as error:
                if len(batch) == 1 or not _may_be_an_item(error):
                    raise
                most = len(batch) // 2
            else:
                return batch

    async def _create(self, item: Taken) -> None:
        """Create the lead, or update it if it is there. Raises LookupError without a program."""
        program = await asyncio.to_thread(self._programs.newest, item.body["program"])
        if program is None:
            raise LookupError(f"no program '{item.body['program']}' is published any more")
        profile, arrived = item.body["profile"], write_instant(item.arrived)
        begins = {**profile, **item.body.get("creation", {})}
        if not await self._leads.enrol(item.lead, program, begins, arrived=arrived):
            update = {"id": item.item, "type": "profile.updated", "at": arrived, "data": profile}
            await self._leads.events(item.lead, [update])

    async def _act(self, item: Taken) -> None:
        """Leave an act: a note from an answer to an alert, or one that a merged lead got."""
        fields = {name: value for name, value in item.body.items() if name != "do"}
        arrived = {"arrived": write_instant(item.arrived)}
        await self._leads.leave(item.lead, str(item.body["do"]), {**fields, **arrived})

    async def _unknown(self, items: list[Taken], why: str) -> None:
        if items[0].tries < _UNKNOWN_AFTER:
            await self._put_off(items, why)
        else:
            await self._given_up(items, why)

    async def _hopeless(self, items: list[Taken], why: str) -> None:
        """Put off, in the end without the first: it may be what is wrong."""
        if items[0].tries < _HOPELESS_AFTER:
            await self._put_off(items, why)
        else:
            await self._without_the_first(items, why)

    async def _without_the_first(self, items: list[Taken], why: str) -> None:
        """Give the first item up; the others are relayed at once."""
        await self._given_up(items[:1], why)
        if items[1:]:
            said = "after an item that was given up"
            await asyncio.to_thread(
                self._intake.again, [one.seq for one in items[1:]], said, timedelta(0)
            )

    async def _given_up(self, items: list[Taken], why: str) -> None:
        self._meter.relayed("given_up", len(items))
        _log.error("items given up", lead=items[0].lead, items=len(items), why=why)
        await asyncio.to_thread(self._intake.done, [one.seq for one in items], why)

    async def _put_off(self, items: list[Taken], why: str) -> None:
        if items:
            after = min(_LONGEST_PAUSE, timedelta(seconds=2 ** min(items[0].tries - 1, 10)))
            _log.warning("items put off", lead=items[0].lead, items=len(items), why=why)
            self._meter.relayed("put_off", len(items))
            seqs = [one.seq for one in items]
            await asyncio.to_thread(self._intake.again, seqs, why, after)

    async def _purge(self) -> None:
        now = datetime.now(UTC)
        if now - self._purged > _PURGE_EVERY:
            self._purged = now
            await asyncio.to_thread(self._intake.purge, now - _KEPT)


def _may_be_an_item(error: Exception) -> bool:
    """Whether one of several items may be what is wrong, and not the world."""
    if isinstance(error, RPCError):
        return error.status is RPCStatusCode.INVALID_ARGUMENT
    return not isinstance(error, LookupError | TemporalUnavailableError | OSError | SQLAlchemyError)


def _leading_events(items: Sequence[Taken], most: int) -> list[Taken]:
    """The events before anything else, up to `most`, as many as one signal holds; at least one."""
    batch: list[Taken] = []
    characters = 0
    for one in items[:most]:
        characters += len(json.dumps(one.body, ensure_ascii=False))
        if one.kind != "event" or (batch and characters > _MOST_CHARACTERS):
            break
        batch.append(one)
    return batch


def _event(item: Taken) -> Json:
    return {"at": write_instant(item.arrived), **item.body}
