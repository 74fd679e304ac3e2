"""Reads all stores after a chaos run, for the auditor."""

from __future__ import annotations

import asyncio
import email
import signal
import time
from email import policy
from pathlib import Path
from typing import TYPE_CHECKING

from temporalio.client import WorkflowHistory
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Replayer

from adapters.sql.directory import SqlDirectory
from assembly.sandbox import sandbox
from tests.chaos.auditor import AuditedRow, Snapshot, TimelineRead
from tests.chaos.processes import becomes_true
from tests.chaos.stack import ChaosStack, fields, instant
from workflows.lead import LeadWorkflow

if TYPE_CHECKING:
    from tests.chaos.life import Life  # it reads entries by this module

_YOUNG_SECONDS = 25
"""A mail that was kept so lately need not be on a timeline yet."""
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


async def nothing_waits(stack: ChaosStack) -> None:
    """Wait until nothing waits any more, for at most a minute."""
    await becomes_true(lambda: not stack.count(_WAITING), 60, every=1)
    await asyncio.sleep(4)


async def read_all(stack: ChaosStack, life: Life, keep: Path | None) -> Snapshot:
    """Read the SQL stores while no worker changes them, then ask the workflows.

    Histories that do not replay are kept in the folder `keep`.
    """
    seen = Snapshot(leads=life.leads, now=life.now(), stood=life.stood)
    seen.accepted, seen.acts = life.accepted, life.acts
    await asyncio.to_thread(stack.kill, "worker", signal.SIGTERM)
    # As the next assignment would, or `leadflow reconcile`.
    await asyncio.to_thread(SqlDirectory(stack.db).settle)
    await asyncio.to_thread(_read_database, stack, seen)
    stack.worker()
    await asyncio.sleep(3)
    one_by_one = asyncio.Semaphore(8)
    await asyncio.gather(*(_stands(stack, lead, seen, one_by_one) for lead in seen.leads))
    seen.now = life.now()
    seen.waiting |= {(one.lead, one.event) for one in entries_of(stack) if one.event}
    for lead in seen.leads:
        if complaint := await _does_not_replay(stack, lead, keep):
            seen.replays[lead] = complaint
    return seen


def _read_database(stack: ChaosStack, seen: Snapshot) -> None:
    rows = stack.rows
    seen.entries = entries_of(stack)
    seen.waiting = {
        (lead, item) for lead, item in rows("select lead, item from intake where done is null")
    }
    seen.messages = {
        message: (status, why)
        for message, status, why in rows("select message, status, why from messages")
    }
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
    seen.inbox.update(_kept(stack, {one.fields.get("message") for one in seen.entries}))


def _kept(stack: ChaosStack, recorded: set[str | None]) -> list[str]:
    """Message-IDs of the marketing mails that the relay kept."""
    found = []
    for path in (stack.home / "mail").glob("*.eml"):
        mail = email.message_from_bytes(path.read_bytes(), policy=policy.SMTP)
        message = str(mail["Message-ID"]).strip("<> ")
        young = time.time() - path.stat().st_mtime < _YOUNG_SECONDS
        if mail["X-Leadflow-Alert"] is None and (message in recorded or not young):
            found.append(message)
    return found


async def _stands(stack: ChaosStack, lead: str, seen: Snapshot, turns: asyncio.Semaphore) -> None:
    """A lead's row and what its workflow says; read until they agree, at most ten times."""
    sql = "select stage, owner, turn, closed, clock_due, breached from leads where id = :lead"
    async with turns:
        for _ in range(10):
            try:
                says = await asyncio.wait_for(stack.leads.standing(lead), 10)
            except Exception:  # noqa: BLE001 - no answer is what the audit wants to know
                says = None
            seen.standings[lead] = says
            for stage, owner, turn, closed, due, breached in stack.rows(sql, lead=lead):
                at = instant(due) if due else None
                seen.rows[lead] = AuditedRow(stage, owner, turn, bool(closed), at, bool(breached))
            row = seen.rows.get(lead)
            agree = says and row and (row.turn, row.stage) == (says["turn"], says["stage"])
            if says and agree and says["settled"]:
                return
            await asyncio.sleep(0.7)


async def _does_not_replay(stack: ChaosStack, lead: str, keep: Path | None) -> str | None:
    """Why a lead's history does not replay, if it does not twice, some seconds apart."""
    workflow = stack.client.get_workflow_handle(f"lead/{lead}")
    if not await _failure(await workflow.fetch_history()):
        return None
    await asyncio.sleep(3)
    history = await workflow.fetch_history()
    failure = await _failure(history)
    if failure and keep is not None:
        await asyncio.to_thread(_write, keep / f"{lead}.json", history.to_json())
    return failure


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


async def _failure(history: WorkflowHistory) -> str | None:
    replayer = Replayer(
        workflows=[LeadWorkflow],
        data_converter=pydantic_data_converter,
        workflow_runner=sandbox(),
    )
    result = await replayer.replay_workflow(history, raise_on_replay_failure=False)
    return str(result.replay_failure)[:200] if result.replay_failure else None
