"""Versions are published to a fleet of leads on a real server, each way, and under faults.

`LEADFLOW_FLEET=300 pytest tests/server/test_publishing_to_a_fleet.py` plays with so many leads.
"""

from __future__ import annotations

import json
import os
import signal
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import zip_longest
from typing import Any

import pytest
import sqlalchemy as sa
from temporalio.client import WithStartWorkflowOperation, WorkflowUpdateFailedError
from temporalio.common import WorkflowIDConflictPolicy

from adapters.reports.leads import SqlReports
from adapters.sql.programs import SqlPrograms
from adapters.sql.rollouts import SqlRollouts
from adapters.temporal.rollouts import RolloutRuns
from models.instants import whole_second
from models.program.program import Program
from models.publication import InFlight
from models.tables.columns import table_of
from models.tables.leads import TimelineEntry
from simulation.impact import HORIZON, ImpactLine, lead_differences, world_of
from simulation.quiet_future import play_quietly
from tests import waiting
from tests.server.child_processes import Site, running_site
from usecases.impacting import impact_of, standing_of
from usecases.publishing import LeadsInFlight, publish
from workflows.commands import LEADS
from workflows.program import ProgramWorkflow

_E = table_of(TimelineEntry)
FLEET = int(os.environ.get("LEADFLOW_FLEET", "8"))
RILEY, MORGAN = "riley@acme.example", "morgan@acme.example"
Document = dict[str, Any]
_PATIENCE = waiting.LIMIT * max(1.0, FLEET / 20)
"""How long a fleet may need for one thing (seconds)."""


async def fleet_until(condition: Callable[[], Any]) -> None:
    """Wait for a condition of the whole fleet."""
    await waiting.until(condition, _PATIENCE)


@pytest.fixture(scope="module")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    async with running_site(tmp_path_factory.mktemp("site")) as one:
        await _launch(one)
        yield one


_FIELDS: tuple[Document, ...] = (
    {},
    {"title": "VP Sales", "country": "US"},
    {"employees": 20},
    {"timezone": "Asia/Tokyo"},
    {"country": "DE", "consent": True},
)
_EVENTS: tuple[Document, ...] = (
    {"type": "email.clicked", "subject": "welcome"},
    {"type": "form.submitted", "subject": "demo"},
    {"type": "email.unsubscribed"},
    {"type": "content.downloaded", "subject": "handbook"},
    {"type": "email.replied", "subject": "welcome"},
    {"type": "page.viewed", "subject": "/pricing"},
    {"type": "profile.updated", "data": {"competitor": True}},
)


def _name(number: int) -> str:
    return f"lead-{number:03}"


def _events(number: int) -> Sequence[Document]:
    """What happens to this lead: nothing, one event or two."""
    first = number % 8
    return _EVENTS[first : first + 1 + number % 3 % 2]


async def _launch(site: Site) -> None:
    """Create the leads, and let different things happen to them."""
    for number in range(FLEET):
        lead = _name(number)
        profile = {"email": f"{lead}@x.example", "employees": 900} | _FIELDS[number % 5]
        await site.leads.enrol(lead, site.program, profile)
        if events := _events(number):
            ids = [f"{lead}-{event['type']}" for event in events]
            await site.leads.events(
                lead, [{"id": one, **event} for one, event in zip(ids, events, strict=True)]
            )
    await fleet_until(lambda: _settled(site))
    owned = [one.id for one in SqlReports(site.database).leads() if one.owner == RILEY]
    for lead in owned[::2]:
        await site.leads.act(lead, "accept", {"by": RILEY, "id": f"{lead}-accept"})
    await fleet_until(lambda: _settled(site))


def _settled(site: Site) -> bool:
    """Whether all events were taken in, and no mail and no assignment is under way."""
    came = sa.select(sa.func.count()).where(_E.c.kind == "event")
    with site.database.read() as connection:
        if (connection.scalar(came) or 0) < sum(len(_events(one)) for one in range(FLEET)):
            return False
    states = [one.state for one in SqlRollouts(site.database).page("acme", "", FLEET)]
    return not any(one.mails or (one.handoff and one.handoff.asking) for one in states)


def _version(site: Site, change: Callable[[Document], None]) -> Program:
    """Another version of the shipped program."""
    written: Document = json.loads(site.program.canonical_json)
    change(written)
    return Program.model_validate(written)


def _shorter_nurture(written: Document) -> None:
    written["emails"]["welcome"]["subject"] = "Hello"
    written["tracks"]["awareness"]["steps"][1]["wait"] = "2d"


def _a_step_is_gone(written: Document) -> None:
    _shorter_nurture(written)
    del written["tracks"]["consideration"]["steps"][2]
    written["handoff"]["qualify"]["within"] = "5d"


def _shorter_clocks(written: Document) -> None:
    _a_step_is_gone(written)
    del written["tracks"]["awareness"]["steps"][2]
    written["tracks"]["awareness"]["steps"][1]["wait"] = "1d"
    for clock in written["handoff"]["accept"]:
        clock["within"] = "30m"


def _another_beginning(written: Document) -> None:
    _shorter_clocks(written)
    written["tracks"]["awareness"]["steps"][0] = {"email": "case-study"}
    written["tracks"]["self-serve"]["steps"].insert(1, {"wait": "2h"})
    del written["tracks"]["download"]


def _renamed(subject: str) -> Callable[[Document], None]:
    def rename(written: Document) -> None:
        written["emails"]["problem-guide"]["subject"] = subject

    return rename


_EDITS: Mapping[InFlight, Callable[[Document], None]] = {
    "pin": _shorter_nurture,
    "finish": _a_step_is_gone,
    "migrate": _shorter_clocks,
    "restart": _another_beginning,
}


async def _published(site: Site, program: Program, how: InFlight, rate: float = 1_000.0) -> None:
    """Publish as the command does, without waiting for its rollout."""
    publish(site.database, program, None, leads=LeadsInFlight(in_flight=how, rate=rate))
    await RolloutRuns(site.client).start(SqlRollouts(site.database).under_way())


async def test_every_line_of_the_impact_is_true_on_the_server_and_none_is_missing(
    site: Site,
) -> None:
    for how, edit in _EDITS.items():
        program = _version(site, edit)
        before = standing_of(site.database, program)
        found, _ = impact_of(site.database, program, in_flight=how, recheck=False, now=site.now())
        await _published(site, program, how, rate=max(4, FLEET / 10))
        (publication,) = SqlPrograms(site.database).publications("acme", most=1)
        at = site.clock.now(whole_second(publication.at))
        await fleet_until(lambda: not SqlRollouts(site.database).under_way())
        await fleet_until(lambda: _settled(site))
        # The publication is some seconds later than the impact assumes.
        late = site.now() - found.at + timedelta(seconds=1)
        quiet, goes_on = world_of(before), world_of(standing_of(site.database, program))
        play_quietly(quiet, found.at, found.at + HORIZON)
        play_quietly(goes_on, site.now(), found.at + HORIZON)
        true: list[ImpactLine] = []
        changing = 0
        for one in before.leads:
            lead = one.state.lead
            timeline = SqlReports(site.database).timeline(lead)
            came = [entry for entry in timeline if entry.seq > one.state.seq]
            came += goes_on.entries.get(lead, [])
            true += lead_differences(lead, quiet.entries[lead], came)
            changes = [entry for entry in came if entry.kind == "program_changed"]
            changing += bool(changes)
            if how in ("migrate", "restart"):
                assert one.state.at is not None
                already = [entry.at for entry in came if entry.seq < changes[0].seq]
                late_by = changes[0].at - max(whole_second(at), one.state.at, *already)
                assert (lead, len(changes), late_by) == (lead, 1, timedelta(0))
        assert (how, *_unlike(found.lines, true, late)) == (how,)
        assert found.changing == changing
        assert found.lines or how in ("pin", "finish")


def _unlike(
    said: Sequence[ImpactLine], true: Sequence[ImpactLine], late: timedelta
) -> list[tuple[ImpactLine | None, ImpactLine | None]]:
    """The lines that one side has alone, or has at an instant that is not `late` at most."""
    mine, theirs = _by_subject(said, late), _by_subject(true, late)
    found: list[tuple[ImpactLine | None, ImpactLine | None]] = []
    for subject in sorted(mine.keys() | theirs.keys(), key=str):
        for one, other in zip_longest(mine.get(subject, []), theirs.get(subject, [])):
            if one is None or other is None or not _alike(one.after, other.after, late):
                found.append((one, other))
    return found


def _by_subject(lines: Sequence[ImpactLine], late: timedelta) -> dict[Any, list[ImpactLine]]:
    found: dict[Any, list[ImpactLine]] = {}
    for one in sorted(lines, key=lambda one: str(one.after)):
        if not _alike(one.before, one.after, late):
            found.setdefault((one.lead, one.kind, one.about, one.before), []).append(one)
    return found


def _alike(one: datetime | None, other: datetime | None, late: timedelta) -> bool:
    if one is None or other is None:
        return one is other
    return abs(one - other) <= late


async def test_a_program_is_paused_and_goes_on_by_updates_of_its_workflow(site: Site) -> None:
    leads = [one.state.lead for one in standing_of(site.database, site.program).leads]
    assert [await _asked(site, "acme", do) for do in ("pause", "pause")] == [True, False]
    assert SqlPrograms(site.database).paused("acme")
    await fleet_until(lambda: all(site.entries_of(lead, "paused") for lead in leads))
    assert [await _asked(site, "acme", do) for do in ("resume", "resume")] == [True, False]
    await fleet_until(lambda: all(site.entries_of(lead, "unpaused") for lead in leads))
    with pytest.raises(WorkflowUpdateFailedError) as refused:
        await _asked(site, "acne", "pause")
    assert "no program 'acne' was published" in str(refused.value.cause)


async def _asked(site: Site, program: str, do: str) -> bool:
    """Ask by an update that starts the program's workflow if it does not run."""
    start = WithStartWorkflowOperation(
        ProgramWorkflow.run,
        program,
        id=f"program/{program}",
        task_queue=LEADS,
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
    )
    return bool(
        await site.client.execute_update_with_start_workflow(
            do, MORGAN, start_workflow_operation=start
        )
    )


async def test_two_publications_go_on_after_kills_one_after_the_other_and_nothing_is_doubled(
    site: Site,
) -> None:
    leads = [one.state.lead for one in standing_of(site.database, site.program).leads]
    first, second = _version(site, _renamed("Dear")), _version(site, _renamed("Dearest"))
    await _published(site, first, "migrate", rate=len(leads) / 10)
    await _published(site, second, "migrate", rate=len(leads) / 2)
    await fleet_until(lambda: any(_changed(site, lead, first) for lead in leads))
    (rollout, waiting) = SqlRollouts(site.database).under_way()
    assert rollout.workflow.startswith("publication/acme/")
    assert (waiting.sent, waiting.cursor) == (0, ""), "the second waits for the first"
    assert site.kill(signal.SIGKILL) == -signal.SIGKILL
    port = int(site.server.address.rpartition(":")[2])
    assert site.server.pid is not None
    os.kill(site.server.pid, signal.SIGKILL)
    site.server.stop()
    assert not all(_changed(site, lead, first) for lead in leads), "it was in the middle"
    await site.serve(port)
    await site.work()
    await fleet_until(lambda: not SqlRollouts(site.database).under_way())
    await fleet_until(lambda: all(_changed(site, lead, second) for lead in leads))
    assert [one.failed for one in SqlRollouts(site.database).latest("acme", most=2)] == [{}, {}]
    for lead in leads:
        to = [one["to"] for one in site.entries_of(lead, "program_changed")]
        assert to[-2:] == [first.digest, second.digest], lead
        assert to.count(first.digest) == to.count(second.digest) == 1, lead
        sent = site.entries_of(lead, "email_sent")
        assert len({one["message"] for one in sent}) == len(sent)
        assert len(site.mailbox(f"{lead}@x.example")) == len(sent)


def _changed(site: Site, lead: str, to: Program) -> int:
    """How often the lead has changed to this version."""
    changes = [one["to"] for one in site.entries_of(lead, "program_changed")]
    return changes.count(to.digest)
