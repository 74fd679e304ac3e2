"""Know before publishing what will be otherwise for each lead in flight; save it as a plan."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.instants import whole_second, write_instant
from models.publication import IN_FLIGHT, InFlight

# CEL, SQLAlchemy and Temporal take a second to import, so `--help` does without them.
if TYPE_CHECKING:
    from adapters.sql.database import Database
    from models.program.program import Program
    from simulation.impact import Impact, ProgramStanding

_PAGE = 500
_MOST_NAMED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A publication that was looked at beforehand, and the standing that it was looked at with."""

    name: str
    to: str
    in_flight: InFlight
    recheck: bool
    newest: str
    """The digest of the newest version then."""
    leads: Mapping[str, int]
    """The leads in flight then, each with the number of its last turn."""
    text: str = ""
    """The version itself, as its canonical JSON; empty in plans of an older release."""

    def program(self) -> Program | None:
        """The version that the plan publishes; None if the plan does not hold it.

        Raises PlanError if its text was changed.
        """
        from models.program.program import Program  # noqa: PLC0415  # keeps --help quick

        if not self.text:
            return None
        try:
            found = Program.model_validate_json(self.text)
        except ValueError as error:
            raise PlanError(f"the program in the plan can't be read: {error}") from None
        if found.digest != self.to:
            raise PlanError("the program in the plan was changed; make the plan again")
        return found


class PlanError(ValueError):
    """A plan that can't be read, or that is about something else."""


def impact_of(
    database: Database,
    program: Program,
    *,
    in_flight: InFlight,
    recheck: bool,
    now: datetime | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> tuple[Impact, Plan]:
    """What publishing this version now would make otherwise. It changes nothing.

    `now`: the instant on the leads' clock, where that is not the real one (a demonstration).
    `progress` is told how far that is. Raises LookupError if no version of this name was
    published.
    """
    from simulation.impact import impact  # noqa: PLC0415  # keeps --help quick
    from simulation.scenario import PublishLine  # noqa: PLC0415  # likewise

    progress("leads are being read")
    standing = standing_of(database, program)
    latest = max((one.state.at for one in standing.leads if one.state.at), default=None)
    now = whole_second(now or datetime.now(UTC))
    at = now if latest is None else max(now, latest)
    line = PublishLine(at=at, program=program, in_flight=in_flight, recheck=recheck)
    plan = Plan(
        name=program.program,
        to=program.digest,
        in_flight=in_flight,
        recheck=recheck,
        newest=standing.newest.digest,
        leads={one.state.lead: one.state.turn for one in standing.leads},
        text=program.canonical_json,
    )
    return impact(standing, line, progress=progress), plan


def standing_of(database: Database, program: Program) -> ProgramStanding:
    """How the leads in flight of this program stand, and all that their futures depend on.

    Raises LookupError if no version of this name was published.
    """
    from adapters.sql.directory import SqlDirectory  # noqa: PLC0415  # keeps --help quick
    from adapters.sql.journal import SqlJournal  # noqa: PLC0415  # likewise
    from adapters.sql.programs import SqlPrograms  # noqa: PLC0415  # likewise
    from adapters.sql.rollouts import SqlRollouts  # noqa: PLC0415  # likewise
    from adapters.sql.shares import read_shares  # noqa: PLC0415  # likewise
    from lifecycle.program.rulebook import rulebook  # noqa: PLC0415  # likewise
    from simulation.impact import InFlightLead, ProgramStanding  # noqa: PLC0415  # likewise

    programs, journal, rollouts = (
        SqlPrograms(database),
        SqlJournal(database),
        SqlRollouts(database),
    )
    name = program.program
    newest = programs.load(programs.newest_digest(name))
    versions = {newest.digest: newest}
    asked = rulebook(program).did_signatures
    leads: list[InFlightLead] = []
    after = ""
    while page := rollouts.page(name, after, _PAGE):
        for one in page:
            state = one.state
            for digest in (state.digest, state.finish.digest if state.finish else None):
                if digest is not None and digest not in versions:
                    versions[digest] = programs.load(digest)
            known = rulebook(versions[state.digest]).did_signatures
            looked_up = state.finish is not None or asked - known
            timeline = journal.cycle(state.lead, state.cycle_at) if looked_up else ()
            leads.append(InFlightLead(state=state, timeline=timeline))
        after = page[-1].state.lead
    people = SqlDirectory(database).directory()
    with database.read() as connection:
        shares = {team: read_shares(connection, team) for team in people.teams}
    return ProgramStanding(
        leads=leads,
        versions=versions,
        newest=newest,
        paused=programs.paused(name),
        people=people,
        shares=shares,
        loads=rollouts.loads_beside(name),
    )


def write_plan(file: Path, plan: Plan, found: Impact) -> None:
    """Save a plan with all its lines."""
    from simulation.impact import line_json  # noqa: PLC0415  # keeps --help quick

    data = {
        "name": plan.name,
        "to": plan.to,
        "in_flight": plan.in_flight,
        "recheck": plan.recheck,
        "newest": plan.newest,
        "at": write_instant(found.at),
        "leads": dict(plan.leads),
        "lines": [line_json(one) for one in found.lines],
        "program": plan.text,
    }
    file.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")


def read_plan(file: Path) -> Plan:
    """A saved plan. Raises PlanError, and OSError for a file that can't be read."""
    try:
        data: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        how = next(one for one in IN_FLIGHT if one == data["in_flight"])
        return Plan(
            name=str(data["name"]),
            to=str(data["to"]),
            in_flight=how,
            recheck=data["recheck"] is True,
            newest=str(data["newest"]),
            leads={str(lead): int(turn) for lead, turn in data["leads"].items()},
            text=str(data.get("program", "")),
        )
    except (ValueError, KeyError, TypeError, AttributeError, StopIteration):
        raise PlanError(
            f"{file} is no plan; `leadflow program impact FILE --out PLAN` writes one"
        ) from None


def moved(database: Database, plan: Plan) -> list[str]:
    """What has changed since the plan was made, one sentence each; empty if nothing has.

    Of leads nothing is said once the version is another: the plan is void then.
    """
    return version_moved(database, plan.name, plan.newest) or leads_moved(database, plan)


def version_moved(database: Database, name: str, newest: str) -> list[str]:
    """A sentence if another version of this program is the newest by now, else nothing."""
    from adapters.sql.programs import SqlPrograms  # noqa: PLC0415  # keeps --help quick

    try:
        now = SqlPrograms(database).newest_digest(name)
    except LookupError:
        return [f"no program '{name}' was published to this database"]
    return [newest_words(now, newest)] if now != newest else []


def newest_words(now: str, then: str) -> str:
    """That the newest version is another than it was; `then` is empty if there was none."""
    was = f"it was {then[:12]}" if then else "there was none"
    return f"the newest version is {now[:12]} now, {was}"


def leads_moved(database: Database, plan: Plan) -> list[str]:
    """Which leads came, closed or moved since the plan was made, one sentence each."""
    from adapters.sql.rollouts import SqlRollouts  # noqa: PLC0415  # keeps --help quick

    found: list[str] = []
    turns = SqlRollouts(database).turns(plan.name)
    changed = sorted(
        lead for lead in plan.leads.keys() & turns.keys() if plan.leads[lead] != turns[lead]
    )
    for leads, words in (
        (sorted(turns.keys() - plan.leads.keys()), "came"),
        (sorted(plan.leads.keys() - turns.keys()), "closed"),
        (changed, "moved"),
    ):
        if leads:
            more = f" and {len(leads) - _MOST_NAMED} more" if len(leads) > _MOST_NAMED else ""
            named = ", ".join(leads[:_MOST_NAMED])
            number = "1 lead" if len(leads) == 1 else f"{len(leads)} leads"
            found.append(f"{number} {words} since: {named}{more}")
    return found
