"""Accepted items reach their lead together, in order and once, whatever process dies."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta

from structlog.testing import capture_logs
from temporalio.service import RPCError, RPCStatusCode

from adapters.sql.database import Database
from adapters.sql.intake import SqlIntake, Taken
from adapters.sql.new_item import NewItem
from adapters.sql.programs import SqlPrograms
from adapters.temporal.client import LeadNotFoundError, TemporalUnavailableError
from models.envelopes import Json
from models.program.program import Program
from tests.gateway.stored_rows import NOW
from tests.waiting import until
from usecases.context import Context
from usecases.relay import LEASE, Relay


class SignalledLeads:
    """Leads that record the signals they got."""

    def __init__(self, *known: str) -> None:
        self.known = set(known)
        self.signalled: list[tuple[str, list[str]]] = []
        self.away = False

    async def enrol(
        self, lead: str, program: Program, profile: Json, *, arrived: str | None = None
    ) -> bool:
        assert program.program == "acme"
        assert profile["email"]
        assert arrived
        new = lead not in self.known
        self.known.add(lead)
        return new

    async def events(self, lead: str, events: Sequence[Json]) -> None:
        if self.away:
            raise TemporalUnavailableError("nobody answers")
        if lead not in self.known:
            raise LeadNotFoundError(f"there is no lead {lead}")
        self.signalled.append((lead, [one["id"] for one in events]))

    async def leave(self, lead: str, do: str, fields: Json) -> None:
        self.signalled.append((lead, [f"{do}:{fields['id']}"]))


def _event(number: int, lead: str = "ana", *, delay: float = 0.0) -> NewItem:
    body = {"id": f"e{number}", "type": "page.viewed"}
    return NewItem(
        lead=lead,
        item=f"e{number}",
        kind="event",
        body=body,
        arrived=NOW,
        delay=timedelta(seconds=delay),
    )


def _lead(lead: str) -> NewItem:
    body = {"program": "acme", "profile": {"email": f"{lead}@northwind.example"}}
    return NewItem(lead=lead, item=f"lead/{lead}", kind="lead", body=body, arrived=NOW)


def _relay(context: Context, leads: SignalledLeads) -> Relay:
    return Relay(context.intake, context.programs, leads, pause=0.01)


async def test_a_burst_for_one_lead_is_one_batch_in_order(context: Context) -> None:
    leads = SignalledLeads("ana")
    context.intake.accept([_event(number) for number in range(200)])
    assert await _relay(context, leads).once() == 200
    assert leads.signalled == [("ana", [f"e{number}" for number in range(200)])]
    assert context.intake.waiting().count == 0


async def test_items_accepted_within_a_second_are_sent_together(database: Database) -> None:
    intake = SqlIntake(database, gather=timedelta(seconds=3))
    leads = SignalledLeads("ana")
    relay = Relay(intake, SqlPrograms(database), leads, pause=0.01)
    running = asyncio.create_task(relay.run())
    for number in range(5):
        intake.accept([_event(number)])
    await until(lambda: intake.waiting().count == 0)
    relay.stop()
    await running
    assert leads.signalled == [("ana", [f"e{number}" for number in range(5)])]


async def test_a_lead_is_created_before_its_events_are_sent(context: Context) -> None:
    leads = SignalledLeads()
    context.intake.accept([_lead("bea"), _event(1, "bea")])
    await _relay(context, leads).once()
    assert leads.known == {"bea"}
    assert leads.signalled == [("bea", ["e1"])]


async def test_a_lead_that_exists_is_updated(context: Context) -> None:
    leads = SignalledLeads("ana")
    context.intake.accept([_lead("ana")])
    await _relay(context, leads).once()
    assert leads.signalled == [("ana", ["lead/ana"])]


async def test_items_leased_by_a_relay_that_died_are_leased_again(context: Context) -> None:
    context.intake.accept([_event(1)])
    assert len(context.intake.take(10, timedelta(seconds=-1))) == 1  # its lease is over at once
    leads = SignalledLeads("ana")
    await _relay(context, leads).once()
    assert leads.signalled == [("ana", ["e1"])]


async def test_leased_items_are_not_leased_by_another_relay_nor_overtaken(context: Context) -> None:
    context.intake.accept([_event(1)])
    assert context.intake.take(10, LEASE)
    context.intake.accept([_event(2)])
    assert context.intake.take(10, LEASE) == []


async def test_no_item_overtakes_a_click_that_waits_to_be_recognised(context: Context) -> None:
    context.intake.accept([_event(1, delay=60), _event(2), _event(3, "bea")])
    assert [one.item for one in context.intake.take(10, LEASE)] == ["e3"]


async def test_nothing_is_lost_while_temporal_is_away(context: Context) -> None:
    leads = SignalledLeads("ana")
    leads.away = True
    context.intake.accept([_event(1)])
    await _relay(context, leads).once()
    assert context.intake.waiting().count == 1
    leads.away = False
    relay = _relay(context, leads)
    running = asyncio.create_task(relay.run())
    await until(lambda: context.intake.waiting().count == 0)
    relay.stop()
    await running
    assert leads.signalled == [("ana", ["e1"])]


async def test_events_of_an_unknown_lead_are_given_up_with_a_reason(
    context: Context,
) -> None:
    context.intake.accept([_event(1, "nobody")])
    leads = SignalledLeads()
    for _ in range(4):
        [item] = context.intake.take(10, timedelta(seconds=-1))
    assert item.tries == 4
    await _relay(context, leads).once()
    assert context.intake.waiting().count == 0
    with context.database.read() as connection:
        assert context.intake.there(connection, ["nobody"]) == set()


async def test_items_that_were_sent_long_ago_are_removed(context: Context) -> None:
    context.intake.accept([_event(1), _event(2)])
    [first, _] = context.intake.take(10, LEASE)
    context.intake.done([first.seq])
    assert context.intake.purge(NOW.replace(year=2099)) == 1
    assert context.intake.waiting().count == 1


async def test_a_flood_is_sent_in_signals_that_temporal_accepts(context: Context) -> None:
    heavy = {"type": "form.submitted", "data": {"text": "x" * 90_000}}
    context.intake.accept(
        [_event(number) for number in range(450)]
        + [
            NewItem(
                lead="bea", item=f"h{n}", kind="event", body={"id": f"h{n}", **heavy}, arrived=NOW
            )
            for n in range(12)
        ]
    )
    leads = SignalledLeads("ana", "bea")
    await _relay(context, leads).once()
    signalled = [(lead, len(ids)) for lead, ids in leads.signalled]
    assert [size for lead, size in signalled if lead == "ana"] == [200, 200, 50]
    assert [size for lead, size in signalled if lead == "bea"] == [5, 5, 2]
    ids = [one for lead, batch in leads.signalled if lead == "ana" for one in batch]
    assert ids == [f"e{number}" for number in range(450)]
    assert context.intake.waiting().count == 0


class BrokenLeads(SignalledLeads):
    """Leads, one of which fails with an unexpected error."""

    async def events(self, lead: str, events: Sequence[Json]) -> None:
        if lead == "broken" and any(one["id"] == "e1" for one in events):
            raise RecursionError("deeper than anybody thought")
        await super().events(lead, events)


async def test_an_item_that_breaks_the_relay_delays_no_other_lead(context: Context) -> None:
    leads = BrokenLeads("broken", "bea")
    context.intake.accept([_event(1, "broken"), _event(2, "broken"), _event(1, "bea")])
    await _relay(context, leads).once()
    assert leads.signalled == [("bea", ["e1"])]
    assert context.intake.waiting().count == 2


async def test_an_item_that_breaks_the_relay_again_and_again_is_given_up_alone(
    context: Context,
) -> None:
    leads = BrokenLeads("broken")
    context.intake.accept([_event(1, "broken"), _event(2, "broken")])
    for _ in range(9):
        context.intake.take(10, timedelta(seconds=-1))
    await _relay(context, leads).once()
    assert context.intake.waiting().count == 1
    relay = _relay(context, leads)
    running = asyncio.create_task(relay.run())
    await until(lambda: context.intake.waiting().count == 0)
    relay.stop()
    await running
    assert leads.signalled == [("broken", ["e2"])]


class RefusingLeads(SignalledLeads):
    """Leads on a Temporal that refuses every signal that holds a certain event."""

    async def events(self, lead: str, events: Sequence[Json]) -> None:
        if any(one["id"] == "e13" for one in events):
            raise RPCError("refused", RPCStatusCode.INVALID_ARGUMENT, b"")
        await super().events(lead, events)


async def test_good_events_beside_a_refused_one_are_all_sent_once(
    context: Context,
) -> None:
    leads = RefusingLeads("ana")
    context.intake.accept([_event(number) for number in range(50)])
    for _ in range(20):
        with context.database.write() as connection:
            connection.exec_driver_sql("UPDATE intake SET ready = '2000-01-01' WHERE done IS NULL")
        await _relay(context, leads).once()
    signalled = [one for _, ids in leads.signalled for one in ids]
    assert signalled == [f"e{number}" for number in range(50) if number != 13]
    with context.database.read() as connection:
        rows = connection.exec_driver_sql("SELECT item, why FROM intake WHERE why IS NOT NULL")
        assert [row.item for row in rows if row.item == "e13"] == ["e13"]
    assert context.intake.waiting().count == 0


async def test_a_failure_that_stays_is_logged_once_and_its_end_too(context: Context) -> None:
    class AwayIntake(SqlIntake):
        away = True
        tries = 0

        def take(self, limit: int, lease: timedelta) -> list[Taken]:
            self.tries += 1
            if self.away:
                raise OSError("the database is away")
            return super().take(limit, lease)

    intake = AwayIntake(context.database)
    relay = Relay(intake, context.programs, SignalledLeads(), pause=0.001)
    with capture_logs() as logs:
        running = asyncio.create_task(relay.run())
        await until(lambda: intake.tries > 5)
        intake.away = False
        await until(lambda: any(one["event"] == "relay goes on" for one in logs))
        relay.stop()
        await running
    ours = [one["event"] for one in logs if one["event"].startswith("relay")]
    assert ours == ["relay failed, and tries again", "relay goes on"]
