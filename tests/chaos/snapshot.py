"""Reads all stores after a chaos run, for the auditor.

The file is long because each store that the promises are about is read here.
"""

from __future__ import annotations

import asyncio
import contextlib
import email
import json
import shutil
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email import policy
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa
from temporalio.client import WorkflowHistory
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.service import RPCError
from temporalio.worker import Replayer

from adapters.sql.directory import SqlDirectory
from assembly.sandbox import sandbox
from tests.chaos.auditor import AuditedMail, AuditedRow, Snapshot, TimelineRead
from tests.chaos.processes import becomes_true
from tests.chaos.stack import ChaosStack, fields, instant
from workflows.lead import LeadWorkflow

if TYPE_CHECKING:
    from tests.chaos.life import Life  # it reads entries by this module

_FROZEN_SECONDS = 200
"""A lead that does not answer for so long after that is frozen; before, a machine may be slow."""
_REST_SECONDS = 90
"""So long a lead may take to do what it has to do, on a machine with other work."""
_PUT_OFF = timedelta(seconds=30)
_ALERT = "X-Leadflow-Alert"
_WAITING = (
    "select (select count(*) from intake where done is null)"
    " + (select count(*) from messages where status = 'claimed')"
    " + (select count(*) from webhook_events where status = 'waiting')"
)


def entries_of(stack: ChaosStack) -> list[TimelineRead]:
    """All timeline entries."""
    rows = stack.rows("select lead, seq, at, kind, event, fields from entries")
    return [
        TimelineRead(lead, seq, instant(at), kind, event, fields(own))
        for lead, seq, at, kind, event, own in rows
    ]


@dataclass
class Lost:
    """What went with the database, when an older one was restored."""

    entries: list[TimelineRead] = field(default_factory=list)
    mails: dict[str, AuditedMail] = field(default_factory=dict)
    items: set[tuple[str, str]] = field(default_factory=set)
    """Lead and id of accepted events that their leads had not been told."""


def restored(stack: ChaosStack, backup: Path) -> Lost:
    """Restore an older database of SQLite; what went with the newer one."""
    entries, mails, items = entries_of(stack), _messages(stack), _waiting_items(stack)
    stack.restore_database(backup)
    kept = set(entries_of(stack))
    return Lost([one for one in entries if one not in kept], mails, items - _waiting_items(stack))


async def nothing_waits(stack: ChaosStack) -> None:
    """Wait until nothing waits any more, for at most a minute."""
    await becomes_true(lambda: not stack.count(_WAITING), 60, every=1)
    await asyncio.sleep(4)


async def read_all(
    stack: ChaosStack, life: Life, keep: Path | None, lost: Lost | None = None
) -> Snapshot:
    """Read the SQL stores while no worker changes them, then ask the workflows.

    What was under way when the stores were read is told later. So they are read again when each
    lead has done all it had to. Histories that do not replay are kept in the folder `keep`.
    """
    seen = Snapshot(leads=life.leads, now=life.now(), stood=life.stood)
    seen.accepted, seen.acts = life.accepted, life.acts
    if lost is not None:
        seen.lost = lost.entries
        seen.accepted = seen.accepted - lost.items
        seen.messages = lost.mails
    await asyncio.to_thread(stack.kill, "worker", signal.SIGTERM)
    # As the next assignment would, or `leadflow reconcile`.
    await asyncio.to_thread(SqlDirectory(stack.db).settle)
    await asyncio.to_thread(_read_database, stack, seen)
    stack.worker()
    await stack.somebody_answers(seen.leads)
    one_by_one = asyncio.Semaphore(8)
    await asyncio.gather(*(_stands(stack, life, lead, seen, one_by_one) for lead in seen.leads))
    seen.now = life.now()
    await asyncio.to_thread(_read_again, stack, seen)
    seen.replays = await _that_do_not_replay(stack, seen, keep)
    return seen


_KEPT = ("leads", "entries", "messages", "intake", "handoffs", "webhook_events")


def keep_stores(stack: ChaosStack, folder: Path) -> None:
    """Write the tables of a broken run as JSON, a line a row, for whoever looks for the cause."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in _KEPT:
        with stack.db.read() as connection, (folder / f"{name}.jsonl").open("w") as kept:
            every = sa.select(sa.text("*")).select_from(sa.table(name))
            for row in connection.execute(every).mappings():
                kept.write(json.dumps(dict(row), default=str) + "\n")
    for name in ("relay.jsonl", "contents.jsonl", "crm.jsonl"):
        if (stack.home / name).exists():
            shutil.copy(stack.home / name, folder / name)
    for log in stack.home.glob("*.log"):
        shutil.copy(log, folder / log.name)


def read_stores(stack: ChaosStack, seen: Snapshot) -> Snapshot:
    """Read the SQL stores and the mails once more; what was read before has stood since."""
    again = replace(seen, assignments=Counter(), inbox=Counter())
    again.stood = {(one.lead, one.seq): one for one in seen.entries}
    _read_database(stack, again)
    return again


def _read_database(stack: ChaosStack, seen: Snapshot) -> None:
    rows = stack.rows
    seen.entries = entries_of(stack)
    seen.waiting = _waiting_items(stack)
    seen.messages = {**seen.messages, **_messages(stack)}
    owned = "select lead, handoff, owner from assignments where owner is not null"
    seen.assignments.update((lead, handoff, owner) for lead, handoff, owner in rows(owned))
    seen.crm_rows = {
        one: (status, lead, seq)
        for one, status, lead, seq in rows("select id, status, lead, seq from webhook_events")
    }
    seen.crm_taken = [
        (one["id"], one["lead"], one["seq"]) for one in stack.crm_events() if one["taken"]
    ]
    seen.reached = {mail["message"] for mail in stack.mails()}
    asked = Counter(_recipient(one) for one in stack.asked_contents())
    seen.unfinished = asked - Counter(_recipient(one) for one in stack.mails())
    seen.inbox.update(marketing_mails(stack).values())


def _read_again(stack: ChaosStack, seen: Snapshot) -> None:
    """Read what became of that which was under way."""
    entries = entries_of(stack)
    seen.waiting |= {(one.lead, one.event) for one in entries if one.event}
    seen.told_later = {one.fields["message"] for one in entries if one.kind == "email_sent"}
    ended = _messages(stack)
    seen.messages = {message: ended.get(message, was) for message, was in seen.messages.items()}


def _waiting_items(stack: ChaosStack) -> set[tuple[str, str]]:
    waiting = "select lead, item from intake where done is null"
    return {(lead, item) for lead, item in stack.rows(waiting)}


def _messages(stack: ChaosStack) -> dict[str, AuditedMail]:
    sql = "select message, lead, status, why from messages"
    return {message: AuditedMail(*one) for message, *one in stack.rows(sql)}


def _recipient(mail: dict[str, str]) -> str:
    """The lead to whom a mail goes: each lead of a run has its id as its mailbox."""
    return mail["to"].partition("@")[0]


def marketing_mails(stack: ChaosStack) -> dict[Path, str]:
    """The files of the marketing mails that the relay kept, with their Message-IDs."""
    found = {}
    for path in (stack.home / "mail").glob("*.eml"):
        mail = email.message_from_bytes(path.read_bytes(), policy=policy.SMTP)
        if mail[_ALERT] is None:
            found[path] = str(mail["Message-ID"]).strip("<> ")
    return found


async def _stands(
    stack: ChaosStack, life: Life, lead: str, seen: Snapshot, turns: asyncio.Semaphore
) -> None:
    """A lead's row and what its workflow says.

    They are read until they agree, the lead has nothing to do and nothing of it is overdue.
    """
    async with turns:
        until = time.monotonic() + _REST_SECONDS
        while time.monotonic() < until:
            if await _rests(stack, life, lead, seen):
                return
            if await _waits_for_a_later_try(stack, lead):
                break
            await asyncio.sleep(0.7)
        before = await _tries(stack, lead)
        await _rests(stack, life, lead, seen)
        seen.tries[lead] = before or await _tries(stack, lead)
        if seen.standings[lead] is None:
            print(f"  {lead} does not answer: {await _task(stack, lead)}")
            slow = time.monotonic()
            while seen.standings[lead] is None and time.monotonic() < slow + _FROZEN_SECONDS:
                await _rests(stack, life, lead, seen)
            took = time.monotonic() - slow
            print(f"  {lead}: {took:.0f} seconds later: {await _task(stack, lead)}")


async def _rests(stack: ChaosStack, life: Life, lead: str, seen: Snapshot) -> bool:
    """Read a lead's row and what its workflow says; whether it is at rest."""
    says = None
    with contextlib.suppress(Exception):  # no answer is what the audit wants to know
        says = await asyncio.wait_for(stack.leads.standing(lead), 10)
    seen.standings[lead] = says
    sql = "select stage, owner, turn, closed, clock_due, breached from leads where id = :lead"
    for stage, owner, turn, closed, due, breached in stack.rows(sql, lead=lead):
        at = instant(due) if due else None
        seen.rows[lead] = AuditedRow(
            stage, owner, turn, bool(closed), at, bool(breached), read=life.now()
        )
    row = seen.rows.get(lead)
    if not says or not row or (row.turn, row.stage) != (says["turn"], says["stage"]):
        return False
    overdue = row.clock_due and not row.breached and row.clock_due < life.now()
    return bool(says["settled"]) and not overdue


async def _task(stack: ChaosStack, lead: str) -> str:
    """The lead's workflow task that waits or runs, as Temporal describes it."""
    says = await stack.client.get_workflow_handle(f"lead/{lead}").describe()
    task = str(says.raw_description.pending_workflow_task)
    return " ".join(task.split()) or "no task is pending"


async def _waits_for_a_later_try(stack: ChaosStack, lead: str) -> bool:
    """Whether all that a lead waits for was put off, as by a relay that said "later".

    The next try of a mail may be half an hour away, which is no reason to wait for it here.
    """
    try:
        says = await stack.client.get_workflow_handle(f"lead/{lead}").describe()
    except RPCError:
        return False
    pending = says.raw_description.pending_activities
    next_tries = [one.next_attempt_schedule_time.ToDatetime(UTC) for one in pending]
    return bool(pending) and min(next_tries) > datetime.now(UTC) + _PUT_OFF


async def _tries(stack: ChaosStack, lead: str) -> list[str]:
    """The lead's activities that run or will be tried again, each with the number of its try."""
    try:
        says = await stack.client.get_workflow_handle(f"lead/{lead}").describe()
    except RPCError:  # it does not answer, which is another complaint
        return []
    return [
        f"{one.activity_type.name}, try {one.attempt}"
        for one in says.raw_description.pending_activities
    ]


async def _that_do_not_replay(
    stack: ChaosStack, seen: Snapshot, keep: Path | None
) -> dict[str, str]:
    """Leads whose histories do not replay twice, some seconds apart; and why."""
    failed = await _failures(stack, seen.leads, seen)
    if not failed:
        return {}
    await asyncio.sleep(3)
    failed = await _failures(stack, list(failed), seen)
    for lead, (_, history) in failed.items():
        if keep is not None:
            await asyncio.to_thread(_write, keep / f"{lead}.json", history.to_json())
    return {lead: why for lead, (why, _) in failed.items()}


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


async def _failures(
    stack: ChaosStack, leads: list[str], seen: Snapshot
) -> dict[str, tuple[str, WorkflowHistory]]:
    """Replay the newest run of each lead, all by one worker: to start one takes its time."""

    async def histories() -> AsyncIterator[WorkflowHistory]:
        for lead in leads:
            history = await stack.client.get_workflow_handle(f"lead/{lead}").fetch_history()
            seen.lost_tasks[lead] = _lost_tasks(stack, history)
            yield history

    replayer = Replayer(
        workflows=[LeadWorkflow],
        data_converter=pydantic_data_converter,
        workflow_runner=sandbox(),
        debug_mode=True,  # a busy machine may hold a replay up for two seconds
    )
    failed = {}
    async with replayer.workflow_replay_iterator(histories()) as results:
        async for result in results:
            if result.replay_failure:
                why = str(result.replay_failure)[:200]
                lead = result.history.workflow_id.removeprefix("lead/")
                failed[lead] = (why, result.history)
    return failed


def _lost_tasks(stack: ChaosStack, history: WorkflowHistory) -> list[tuple[datetime, datetime]]:
    """The workflow tasks that timed out, from their schedule on, by the leads' clock.

    A worker held one for at most 30 seconds, or one waited for a dead worker's poll for 10.
    """
    at = {one.event_id: one.event_time.ToDatetime(UTC) for one in history.events}
    return [
        (stack.program_time(at[began]), stack.program_time(at[one.event_id]))
        for one in history.events
        if (began := one.workflow_task_timed_out_event_attributes.scheduled_event_id)
    ]
