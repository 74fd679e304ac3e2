"""Two random leads are merged: nothing of either is lost, and done twice it is done once."""

from __future__ import annotations

import heapq
from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from lifecycle.moment import decay
from lifecycle.program.rulebook import rulebook
from lifecycle.stages import FURTHER
from models.inputs import Act, Event
from simulation.pure import PureWorld
from simulation.scenario import MergeLine, Newcomer
from tests.lifecycle.random_leads import PEOPLE, START, RandomLead, random_leads

KEEP, OTHER = "ana", "bob"


@st.composite
def _pairs(draw: st.DrawFn) -> tuple[RandomLead, RandomLead]:
    """Two leads of one program."""
    keep = draw(random_leads(longest=10))
    # As a function, so that hypothesis does not describe the whole program in its messages.
    other = draw(random_leads(st.builds(lambda: keep.program), longest=10))
    return keep, replace(other, profile={**other.profile, "email": "bob@x.example"})


def _played(keep: RandomLead, other: RandomLead) -> PureWorld:
    """Both have had all their inputs; those of the other come under ids of their own."""
    world = PureWorld(keep.program, PEOPLE)
    world.create(Newcomer(lead=KEEP, at=START, profile=keep.profile), 0)
    world.create(Newcomer(lead=OTHER, at=START, profile=other.profile), 1)
    mine = ((one.arrived, 0, place, KEEP, one) for place, one in enumerate(keep.inputs))
    theirs = (
        (one.arrived, 1, place, OTHER, _renamed(one)) for place, one in enumerate(other.inputs)
    )
    for at, _, _, lead, one in heapq.merge(mine, theirs):
        _do_due_before(world, at, most=50)
        world.take(lead, one)
    return world


def _do_due_before(world: PureWorld, at: datetime, *, most: int) -> None:
    for _ in range(most):
        due = world.next_due()
        if due is None or due >= at:
            return
        world.do_due()


def _renamed(one: object) -> Event | Act:
    assert isinstance(one, Event | Act)
    return replace(one, id=f"bobs-{one.id}") if one.id is not None else one


@given(pair=_pairs(), minutes=st.sampled_from((0, 5, 3_000)))
@settings(max_examples=12)
def test_nothing_of_two_merged_leads_is_lost_and_merged_twice_is_merged_once(
    pair: tuple[RandomLead, RandomLead], minutes: int
) -> None:
    world = _played(*pair)
    ends = [one.arrived for lead in pair for one in lead.inputs]
    at = max([START, *ends, *(one.at for one in world.states.values() if one.at)])
    at += timedelta(minutes=minutes)
    # What is due before the merge is done before it, and changes both leads.
    _do_due_before(world, at, most=1_000)
    due = world.next_due()
    assume(due is None or due >= at)
    keep, other = world.states[KEEP], world.states[OTHER]
    before = len(world.entries[KEEP])

    world.merge(MergeLine(at=at, lead=KEEP, other=OTHER))

    one, gone = world.states[KEEP], world.states[OTHER]
    written = world.entries[KEEP][before:]
    wishes = {"unsubscribed", "complained"} & {*keep.suppressed, *other.suppressed}
    assert wishes <= set(one.suppressed)
    assert set(one.suppressed) - wishes == set(keep.suppressed) - wishes
    opened = [entry for entry in written if entry.kind == "task_opened"]
    moved = [entry.fields["task_kind"] for entry in opened[: len(other.tasks)]]
    assert moved == [task.kind for task in other.tasks]
    assert len({task.id for task in one.tasks}) == len(one.tasks) >= len(keep.tasks)
    if one.cycle == keep.cycle:
        assert keep.did | other.did <= one.did
        assert keep.sent | other.sent <= one.sent
    if not any(entry.kind == "email_sent" for entry in written):  # a send forgets old ones
        assert {*keep.sends, *other.sends} <= set(one.sends)
    assert keep.reached | other.reached | {keep.stage, other.stage} <= one.reached
    assert one.last_human == max(filter(None, (keep.last_human, other.last_human)))
    assert other.meetings.keys() | keep.meetings.keys() == one.meetings.keys()
    half_life = rulebook(pair[0].program).half_life
    if one.cycle == keep.cycle:
        summed = sum(
            lead.engagement
            * (decay(at, lead.engagement_at, half_life) if half_life and lead.engagement_at else 1)
            for lead in (keep, other)
        )
        assert abs(one.engagement - summed) < 1e-6
    # The further stage counts; rules may move the lead on from there.
    stages = [entry for entry in written if entry.kind == "stage"]
    began = stages[0].fields["to"] if stages and stages[0].fields["why"] == "merged" else keep.stage
    assert FURTHER.index(began) == max(FURTHER.index(keep.stage), FURTHER.index(other.stage))
    # The other one is at rest, and nobody works it any more.
    assert gone.closed
    assert (gone.owner, gone.handoff, gone.tasks, gone.track) == (None, None, (), None)
    assert world.loads.keys() <= {one.owner}

    told = len(world.entries[KEEP]), len(world.entries[OTHER])
    world.merge(MergeLine(at=at, lead=KEEP, other=OTHER))
    assert (len(world.entries[KEEP]), len(world.entries[OTHER])) == told
    assert world.states[KEEP] == one

    # Whatever either was told comes to the one lead, which knows it.
    for lead, inputs in ((KEEP, pair[0].inputs), (OTHER, pair[1].inputs)):
        events = [given for given in inputs if isinstance(given, Event)]
        for event in events[-2:]:
            again = event if lead == KEEP else _renamed(event)
            assert isinstance(again, Event)
            world.take(lead, replace(again, arrived=at))
            last = world.entries[KEEP][-1]
            ignored = (last.kind, last.fields.get("why")) == ("ignored", "duplicate")
            assert ignored, last
    assert len(world.entries[OTHER]) == told[1]
