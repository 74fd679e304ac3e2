"""Re-engagement of random leads under random programs."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from lifecycle.stages import TRACK_STAGES
from models.inputs import Reengage
from models.program.program import Program
from tests.lifecycle.random_leads import START, RandomLead, play, random_leads
from tests.lifecycle.test_properties import FEW

_selects = st.fixed_dictionaries(
    {"stages": st.just(list(TRACK_STAGES))},
    optional={
        "idle_for": st.sampled_from(("1h", "3d")),
        "score": st.sampled_from(("score.total < 50.0", "did('page.viewed')")),
    },
)


@st.composite
def re_engaged_leads(draw: st.DrawFn) -> RandomLead:
    """A random lead whose program has a schedule, and runs of it between the inputs."""
    lead = draw(random_leads())
    written = lead.program.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    track = draw(st.sampled_from(sorted(lead.program.tracks)))
    schedule = {"cron": "0 9 * * *", "select": draw(_selects), "track": track}
    program = Program.model_validate({**written, "schedules": {"reengage": schedule}})
    instants = [START, *(one.arrived for one in lead.inputs)]
    runs = [
        Reengage(
            arrived=draw(st.sampled_from(instants)) + timedelta(days=draw(st.integers(0, 9))),
            run=f"run-{number}",
            version=program.digest,
        )
        for number in range(draw(st.integers(1, 5)))
    ]
    inputs = sorted((*lead.inputs, *runs), key=lambda one: one.arrived)
    return RandomLead(program=program, profile=lead.profile, inputs=tuple(inputs))


@FEW
@given(re_engaged_leads())
def test_a_taken_lead_enters_the_track_once_an_instant_and_gets_no_mail_twice(
    lead: RandomLead,
) -> None:
    entries = play(lead, days_after=30)
    track = lead.program.schedules["reengage"].track
    running: Any = None
    stage, entered = "known", dict[str, datetime]()
    messages: list[str] = []
    for place, entry in enumerate(entries):
        if entry.kind == "created":
            stage = entry.fields["stage"]
        elif entry.kind == "stage":
            stage = entry.fields["to"]
        elif entry.kind == "reengaged":
            assert stage in TRACK_STAGES
            assert running != track == entry.fields["track"]
            following = entries[place + 1 : place + 3]
            kinds = ["track_entered"] if running is None else ["track_left", "track_entered"]
            assert [one.kind for one in following][: len(kinds)] == kinds
            assert running is None or following[0].fields["why"] == "reengaged"
            assert {one.at for one in following[: len(kinds)]} == {entry.at}
        elif entry.kind == "track_entered":
            running = entry.fields["track"]
            assert entered.get(running) != entry.at
            entered[running] = entry.at
        elif entry.kind == "track_left":
            running = None
        elif entry.kind == "email_sent":
            messages.append(entry.fields["message"])
    assert len(messages) == len(set(messages))


@FEW
@given(re_engaged_leads())
def test_each_run_counts_once_and_states_survive_json(lead: RandomLead) -> None:
    twice = [
        one
        for given_ in lead.inputs
        for one in ((given_, given_) if isinstance(given_, Reengage) else (given_,))
    ]
    once = play(lead, days_after=30)
    assert play(replace(lead, inputs=tuple(twice)), days_after=30, through_json=True) == once
