from __future__ import annotations

import asyncio
import subprocess
from typing import Any

import pytest
from temporalio.api.common.v1 import Payload
from temporalio.common import RawValue

from adapters.temporal.client import LeadNotFoundError
from adapters.temporal.embedded import shipped
from models.refusal import RefusedError
from tests.waiting import LIMIT, until
from tests.workflows.worker_stack import WorkerStack

RILEY = "riley@acme.example"


async def test_an_act_is_done_when_its_update_returns(stack: WorkerStack) -> None:
    lead = await stack.create_mql()
    await stack.leads.act(lead, "accept", {"by": RILEY})
    assert stack.world.journal.states[lead].stage == "sal"
    assert len(stack.world.journal.entries_of(lead, "accepted")) == 1


async def test_a_refused_act_returns_the_rules_sentence_and_changes_nothing(
    stack: WorkerStack,
) -> None:
    lead = await stack.create_mql()
    with pytest.raises(RefusedError, match=r"not for nobody@acme\.example"):
        await stack.leads.act(lead, "accept", {"by": "nobody@acme.example"})
    assert stack.world.journal.states[lead].stage == "mql"
    assert [one.fields["act"] for one in stack.world.journal.entries_of(lead, "refused")] == [
        "accept"
    ]


async def test_the_word_of_a_refusal_comes_with_its_sentence(stack: WorkerStack) -> None:
    lead = await stack.create_mql()
    await stack.leads.act(lead, "accept", {"by": RILEY, "id": "one"})
    refused = [
        ("recycle", {"by": RILEY, "reason": "boredom"}, "reason", "boredom"),
        ("touch", {"by": RILEY, "id": "one"}, "id", f"an earlier accept by {RILEY}"),
        ("win", {"by": RILEY}, "stage", "opportunity"),
    ]
    for do, fields, word, words in refused:
        with pytest.raises(RefusedError, match=words) as raised:
            await stack.leads.act(lead, do, fields)
        assert raised.value.why == word


async def test_a_malformed_act_is_refused_and_records_nothing(stack: WorkerStack) -> None:
    lead = await stack.create_mql()
    length = (await stack.leads.describe(lead)).history_length
    with pytest.raises(ValueError, match="by: is missing"):
        await stack.leads.act(lead, "accept", {})
    with pytest.raises(ValueError, match="amount"):
        await stack.leads.act(lead, "win", {"by": RILEY, "amount": "much"})
    assert (await stack.leads.describe(lead)).history_length == length


async def test_the_same_names_work_as_signals(stack: WorkerStack) -> None:
    lead = await stack.create_mql()
    await stack.handle(lead).signal("accept", {"by": RILEY})
    await until(lambda: stack.world.journal.states[lead].stage == "sal")


@pytest.mark.parametrize(
    ("name", "args", "why"),
    [
        ("accept", [], "0 came"),
        ("accept", [{"by": RILEY}, {"by": RILEY}], "2 came"),
        ("accept", ["riley"], "not text"),
        ("accept", [{"by": 7}], "by"),
        ("accept", [{"by": RILEY, "wat": 1}], "wat"),
        ("events", [{"type": "nonsense"}], "not an event type"),
        ("events", [["text"]], "an event is a mapping"),
        ("events", [None], "nothing"),
        ("events", [b"\x00\xff"], "binary data"),
        ("create", ["x@y.example"], "not text"),
        ("dance", [{"by": RILEY}], "no signal 'dance'"),
        ("turn", [], "no signal 'turn'"),
    ],
)
async def test_a_malformed_signal_is_recorded_on_the_timeline_and_changes_nothing_else(
    stack: WorkerStack, name: str, args: list[Any], why: str
) -> None:
    lead = await stack.create_mql()
    before = stack.world.journal.states[lead]
    await stack.handle(lead).signal(name, args=args)
    entry = await stack.malformed_entry(lead)
    assert why in entry.fields["note"]
    after = stack.world.journal.states[lead]
    assert (after.stage, after.owner, after.profile) == (before.stage, before.owner, before.profile)
    await stack.leads.act(lead, "accept", {"by": RILEY})


async def test_an_event_nested_a_thousand_times_keeps_none_beside_it_from_the_timeline(
    stack: WorkerStack,
) -> None:
    """Neither the reader of Temporal's SDK nor Python's reads it."""
    lead = await stack.create_lead()
    deep = '{"id": "deep", "type": "page.viewed", "data": {"a": %s}}' % ("[" * 9000 + "]" * 9000)
    good = '{"id": "good", "type": "page.viewed", "subject": "/pricing"}'
    payload = Payload(metadata={"encoding": b"json/plain"}, data=f"[{deep},{good}]".encode())
    await stack.handle(lead).signal("events", RawValue(payload))
    entry = await stack.malformed_entry(lead)
    assert entry.fields["note"] == "events: it is nested deeper than 32 levels"
    await until(lambda: stack.world.journal.entries_of(lead, "event"))
    assert len(stack.world.journal.entries_of(lead, "event")) == 1


async def test_one_event_may_come_without_its_list(stack: WorkerStack) -> None:
    lead = await stack.create_lead()
    await stack.handle(lead).signal("events", {"type": "page.viewed", "subject": "/pricing"})
    await until(lambda: stack.world.journal.entries_of(lead, "event"))


async def test_an_event_that_comes_twice_has_one_effect(stack: WorkerStack) -> None:
    lead = await stack.create_lead()
    event = {"id": "e-1", "type": "page.viewed", "subject": "/pricing"}
    await stack.leads.events(lead, [event, event])
    await stack.leads.events(lead, [event])
    await until(lambda: len(stack.world.journal.entries_of(lead, "ignored")) == 2)
    assert len(stack.world.journal.entries_of(lead, "event")) == 1


async def test_an_act_that_is_asked_again_with_its_id_is_done_once(stack: WorkerStack) -> None:
    lead = await stack.create_mql()
    await stack.leads.act(lead, "accept", {"by": RILEY})
    for _ in range(3):
        await stack.leads.act(lead, "touch", {"by": RILEY, "channel": "call", "id": "call-1"})
    assert len(stack.world.journal.entries_of(lead, "touched")) == 1


async def test_an_act_on_an_unknown_lead_is_answered_with_an_error(stack: WorkerStack) -> None:
    with pytest.raises(LeadNotFoundError, match="no lead 'nobody'"):
        await stack.leads.act("nobody", "accept", {"by": RILEY})
    with pytest.raises(LeadNotFoundError, match="no lead 'nobody'"):
        await stack.leads.events("nobody", [{"type": "page.viewed"}])
    with pytest.raises(LeadNotFoundError, match="no lead 'nobody'"):
        await stack.leads.standing("nobody")


async def test_a_lead_that_is_created_again_stays_as_it_is(stack: WorkerStack) -> None:
    lead = await stack.create_lead()
    await stack.handle(lead).signal("create", {"email": "other@x.example"})
    await until(lambda: stack.world.journal.entries_of(lead, "ignored"))
    assert stack.world.journal.states[lead].profile["email"] == f"{lead}@northwind.example"


async def test_a_lead_is_enrolled_once(stack: WorkerStack) -> None:
    lead = await stack.create_lead()
    assert not await stack.leads.enrol(lead, stack.program, {"email": "other@x.example"})
    assert len(stack.world.journal.entries_of(lead, "created")) == 1


async def _cli(stack: WorkerStack, *words: str) -> subprocess.CompletedProcess[str]:
    address = stack.client.service_client.config.target_host
    command = [shipped("temporal"), "workflow", *words, "--address", address]
    return await asyncio.to_thread(
        subprocess.run, command, capture_output=True, text=True, check=False, timeout=LIMIT
    )


async def test_temporals_own_command_line_reaches_the_acts(stack: WorkerStack) -> None:
    lead = await stack.create_mql()
    update = ("update", "execute", "-w", f"lead/{lead}", "--name", "accept")
    none = await _cli(stack, *update)
    two = await _cli(stack, *update, "--input", f'{{"by":"{RILEY}"}}', "--input", "{}")
    for wrong, count in ((none, 0), (two, 2)):
        assert wrong.returncode != 0
        assert f"accept takes one argument, a JSON object; {count} came" in wrong.stderr
    refused = await _cli(stack, *update, "--input", '{"by":"nobody@acme.example"}')
    assert refused.returncode != 0
    assert "not for nobody@acme.example" in refused.stderr
    unknown = await _cli(stack, "update", "execute", "-w", f"lead/{lead}", "--name", "dance")
    assert unknown.returncode != 0
    done = await _cli(stack, *update, "--input", f'{{"by":"{RILEY}"}}')
    assert done.returncode == 0, done.stderr
    assert "done" in done.stdout
    signal = ("signal", "-w", f"lead/{lead}", "--name", "touch")
    assert (await _cli(stack, *signal)).returncode == 0
    await stack.malformed_entry(lead)
    good = await _cli(stack, *signal, "--input", f'{{"by":"{RILEY}","channel":"call"}}')
    assert good.returncode == 0
    await until(lambda: stack.world.journal.entries_of(lead, "touched"))
