"""Why a lead does not go on: clauses with their values, tracks, and its quiet future."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from adapters.files.program import read_program
from lifecycle.moment import Moment
from lifecycle.program.expressions import expression
from lifecycle.program.rulebook import rulebook
from lifecycle.words.clauses import clauses
from lifecycle.words.explanation import explain
from models.directory import Directory
from models.program.program import Program
from models.state import LeadState, WaitingVersion
from simulation.impact import InFlightLead, ProgramStanding, world_of
from simulation.pure import PureWorld
from simulation.quiet_future import play_quietly
from simulation.scenario import Newcomer
from usecases.explaining import explain_lead

AT = datetime(2026, 3, 2, 14, tzinfo=UTC)
ROOT = Path(__file__).parents[2]
YEAR = timedelta(days=400)


@pytest.fixture(scope="module")
def acme() -> Program:
    return read_program(ROOT / "programs" / "acme.yaml")


class _OneProgram:
    """The only program that there is."""

    def __init__(self, program: Program) -> None:
        self._program = program

    def load(self, digest: str) -> Program:
        """The program of this digest."""
        assert digest == self._program.digest
        return self._program

    def newest_digest(self, name: str) -> str:
        """The digest of the newest version."""
        assert name == self._program.program
        return self._program.digest

    def paused(self, name: str) -> bool:
        """Whether it is paused."""
        assert name == self._program.program
        return False


def world_with(program: Program, **profile: object) -> PureWorld:
    """A world with the lead `ana`, who was just created."""
    world = PureWorld(program, Directory())
    fields = {"email": "ana@northwind.example", "employees": 900, "country": "US", **profile}
    world.create(Newcomer(lead="ana", at=AT, profile=fields), 0)
    return world


def created(program: Program, **profile: object) -> LeadState:
    """The state of a lead that was just created."""
    return world_with(program, **profile).states["ana"]


@pytest.mark.parametrize(
    ("source", "parts"),
    [
        ("stage == 'known' && motion == 'sales'", ["stage == 'known'", "motion == 'sales'"]),
        (
            "(cycle == 1 || cycle == 2) && lead.email.contains('&&')",
            ["(cycle == 1 || cycle == 2)", "lead.email.contains('&&')"],
        ),
        ("cycle == 1 && stage == 'x' || cycle == 2", None),
        ("cycle == 1 && stage == 'x' ? true : false", None),
        ("['a', 'b'].exists(x, x == stage && cycle == 1)", None),
        ("did('email.clicked', 'welcome')", None),
    ],
)
def test_an_expression_falls_into_the_parts_that_must_all_hold(
    acme: Program, source: str, parts: list[str] | None
) -> None:
    m = Moment(rulebook(acme), Directory(), created(acme))
    whole = expression(source)
    found = clauses(m, whole)
    assert [one.text for one in found] == (parts or [source])
    assert all(one.holds for one in found) == m.holds(whole)


def test_what_is_missing_has_its_present_value(acme: Program) -> None:
    found = explain(rulebook(acme), created(acme), Directory(), AT)
    goals = {one.stage: one for one in found.goals}
    assert set(goals) == {"engaged", "mql"}
    [missing] = goals["mql"].missing
    assert (missing.text, missing.values) == (
        "score.engagement >= 40.0",
        {"score.engagement": 0},
    )
    assert found.closed_to_scores is None


def test_one_track_runs_and_each_other_says_why_it_does_not(acme: Program) -> None:
    found = explain(rulebook(acme), created(acme), Directory(), AT)
    assert [one.name for one in found.tracks if one.runs] == ["awareness"]
    for one in found.tracks:
        assert one.runs == (one.why_not == "")
        if one.why_not == "its `for` does not hold":
            assert not all(part.holds for part in one.clauses)


def test_a_customer_is_moved_by_people_and_no_score(acme: Program) -> None:
    found = explain(rulebook(acme), created(acme, stage="customer"), Directory(), AT)
    assert found.goals == ()
    assert found.closed_to_scores is not None
    assert "by people" in found.closed_to_scores


@pytest.mark.parametrize("profile", [{}, {"employees": 10}, {"country": "DE"}])
def test_the_quiet_future_is_what_then_happens(acme: Program, profile: dict[str, object]) -> None:
    world = world_with(acme, **profile)
    state, before = world.states["ana"], len(world.entries["ana"])
    standing = ProgramStanding(
        leads=[InFlightLead(state=state, timeline=())],
        versions={acme.digest: acme},
        newest=acme,
        paused=False,
        people=Directory(),
    )
    quiet = world_of(standing)
    play_quietly(quiet, AT, AT + YEAR)
    told = quiet.entries["ana"]
    while (due := world.next_due()) is not None and due <= AT + YEAR:
        world.do_due()
    assert told == world.entries["ana"][before:]
    assert told


def test_the_next_mail_and_the_next_stage_come_when_it_says(acme: Program) -> None:
    world = world_with(acme)
    told = explain_lead(world.states["ana"], (), _OneProgram(acme), Directory(), AT)
    while world.next_due() is not None and world.states["ana"].stage == "known":
        world.do_due()
    stages = [one for one in world.entries["ana"] if one.kind == "stage"]
    assert told.next_stage == stages[0]
    assert told.next_mail is not None
    sent = [one for one in world.entries["ana"] if one.kind == "email_sent"]
    assert (told.next_mail.email, told.next_mail.at) in {
        (one.fields["email"], one.at) for one in sent[:2]
    }
    assert "unsubscribes" in told.next_mail.stoppers


def test_it_says_what_stands_still_and_which_version_the_lead_waits_for(acme: Program) -> None:
    until = AT + timedelta(days=3)
    state = created(acme).changed(
        paused_since=AT,
        pauses={"out_of_office": until, "asked": AT - timedelta(days=1)},
        suppressed=("unsubscribed",),
        finish=WaitingVersion(digest="f" * 64),
    )
    paused, absent, suppressed, waits = explain(rulebook(acme), state, Directory(), AT).stands_still
    assert paused.startswith("its program is paused since")
    assert absent.endswith("the person is out of office")
    assert suppressed == "its address gets no marketing mail: unsubscribed"
    assert waits == (
        f"it stays on version {acme.digest[:12]} until no track runs and no handoff is open;"
        " then ffffffffffff"
    )
    assert explain(rulebook(acme), created(acme), Directory(), AT).stands_still == ()
