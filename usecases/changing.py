"""A change of a program at the board: look at it first, then publish it by the plan.

Its futures are played in the background if they are many. What was looked at is stored, and it is
published only while it still holds. Above a number of leads in flight a second person approves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Event, Thread
from typing import Any

from adapters.reports.versions import leads_by_version
from adapters.sql.change_plans import SqlChangePlans
from adapters.sql.database import Database
from adapters.sql.programs import SqlPrograms
from adapters.sql.pushed_programs import SqlPushedPrograms
from adapters.sql.rollouts import SqlRollouts
from models.change_plan import ChangePlan, PlanStanding
from models.program.program import Program
from models.publication import InFlight
from simulation.impact import Impact
from simulation.impact_words import change_words, gone_words
from usecases.impacting import Plan, impact_of, leads_moved, newest_words, version_moved

_BEAT_SECONDS = 2.0
_MOST_COUNTS = 100
_MOST_NAMED = 5
"""Leads that are named of each difference."""


class ChangeRefusedError(Exception):
    """The change is not made. The message says why, and what would be right."""


class LeadsMovedError(ChangeRefusedError):
    """Leads came, closed or moved since the plan was made."""

    def __init__(self, moved: list[str]) -> None:
        super().__init__("; ".join(moved))
        self.moved = moved


@dataclass(frozen=True, slots=True, kw_only=True)
class Approver:
    """Who ends a plan, and whether this person may approve what another asked for."""

    person: str
    may_approve: bool


def version_of(database: Database, name: str, digest: str) -> Program | None:
    """A version of this program: published, or pushed and not published. None if it is neither."""
    programs = SqlPrograms(database)
    if digest in programs.versions(name, digest):
        return programs.load(digest)
    return SqlPushedPrograms(database).load(name, digest)


def begin(
    database: Database,
    program: Program,
    *,
    in_flight: InFlight,
    recheck: bool,
    note: str,
    by: str,
) -> ChangePlan:
    """Store a change that is to be looked at; `play` then says what it makes otherwise."""
    if recheck and in_flight == "pin":
        raise ChangeRefusedError(
            "The rules are asked at the change of version, and leads that keep their version"
            " change none. Choose another way for leads in flight, or ask no rules"
        )
    return SqlChangePlans(database).add(
        ChangePlan(
            number=0,
            name=program.program,
            digest=program.digest,
            in_flight=in_flight,
            recheck=recheck,
            note=note,
            by=by,
            at=datetime.now(UTC),
            progress="it waits for its turn",
        )
    )


def play(database: Database, number: int, now: datetime | None = None) -> None:
    """Play what a change makes otherwise, and store it. If that fails, the plan says why.

    `now`: the instant on the leads' clock, where that is not the real one (a demonstration).
    """
    plans = SqlChangePlans(database)
    plan = plans.plan(None, number)
    if plan is None or plan.standing != "playing":
        return
    try:
        with _beating(plans, number) as progress:
            found = _played(database, plan, now, progress)
    except Exception as error:
        why = f"{type(error).__name__}: {error}"[:500]
        plans.move(number, ("playing",), "failed", why=why)
        raise
    plans.move(number, ("playing",), "ready", **found)


def _played(
    database: Database,
    plan: ChangePlan,
    now: datetime | None,
    progress: Callable[[str], None],
) -> dict[str, Any]:
    program = version_of(database, plan.name, plan.digest)
    if program is None:
        raise LookupError(f"no version {plan.digest} of {plan.name} is stored")
    if plan.name not in SqlPrograms(database).names():
        return {"newest": "", "leads": {}, "impact": None}
    impact, saved = impact_of(
        database,
        program,
        in_flight=plan.in_flight,
        recheck=plan.recheck,
        now=now,
        progress=progress,
    )
    return {"newest": saved.newest, "leads": dict(saved.leads), "impact": _summary(impact)}


@contextmanager
def _beating(plans: SqlChangePlans, number: int) -> Iterator[Callable[[str], None]]:
    """Store the progress every two seconds, so that others see whether somebody still works."""
    words, over = ["it has begun"], Event()

    def beat() -> None:
        while not over.wait(_BEAT_SECONDS):
            plans.progress(number, words[0])

    def said(progress: str) -> None:
        words[0] = progress

    thread = Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield said
    finally:
        over.set()
        thread.join()


def _summary(found: Impact) -> dict[str, Any]:
    named: dict[tuple[str, str, str], list[str]] = {}
    for line in found.lines:
        leads = named.setdefault((line.kind, line.about, line.change), [])
        if len(leads) < _MOST_NAMED and line.lead not in leads:
            leads.append(line.lead)
    standing: dict[tuple[str, str, str | None], list[str]] = {}
    for gone in found.gone:
        standing.setdefault((gone.track, gone.step, gone.goes_on), []).append(gone.lead)
    return {
        "leads": found.leads,
        "changing": found.changing,
        "touched": len({line.lead for line in found.lines}),
        "counts": [
            {
                "kind": key[0],
                "about": key[1],
                "change": change_words(found, key),
                "number": n,
                "leads": named[key],
            }
            for key, n in list(found.counts.items())[:_MOST_COUNTS]
        ],
        "gone": [
            {"words": gone_words(*key), "number": n, "leads": standing[key][:_MOST_NAMED]}
            for key, n in list(found.gone_counts.items())[:_MOST_COUNTS]
        ],
        "mails": [[day.isoformat(), *numbers] for day, *numbers in found.mails],
        "loads": [list(one) for one in found.loads],
    }


def leads_in_flight(database: Database, name: str) -> int:
    """How many leads of this program are in flight."""
    return sum(leads_by_version(database, name).values())


def needs_approval(database: Database, name: str, approve_above: int | None) -> bool:
    """Whether so many leads are in flight that a second person must approve a publication."""
    return approve_above is not None and leads_in_flight(database, name) > approve_above


def what_moved(database: Database, plan: ChangePlan) -> tuple[list[str], list[str]]:
    """What has moved since the plan was made: versions, and leads; a sentence each."""
    if not plan.newest and plan.name not in SqlPrograms(database).names():
        return [], []
    return version_moved(database, plan.name, plan.newest), leads_moved(database, _saved(plan))


def ask(database: Database, plan: ChangePlan, who: Approver, *, approve_above: int | None) -> None:
    """Ask for a second person's approval. Raises ChangeRefusedError."""
    if not needs_approval(database, plan.name, approve_above):
        raise ChangeRefusedError("This change needs no second person; publish it yourself")
    _move(database, plan, ("ready",), "asked", asked_by=who.person)


def withdraw(database: Database, plan: ChangePlan, who: Approver) -> None:
    """End a plan without publishing it. Raises ChangeRefusedError."""
    ended = {"ended_by": who.person, "ended": datetime.now(UTC)}
    _move(database, plan, ("playing", "ready", "failed", "asked"), "withdrawn", **ended)


def publish(
    database: Database,
    plan: ChangePlan,
    who: Approver,
    *,
    approve_above: int | None,
    although_moved: bool = False,
) -> Program:
    """Publish what a plan says, or approve it, if it was asked for; the version.

    It is refused if another version was published since, or if leads came, closed or moved since
    and not `although_moved`. Raises ChangeRefusedError, of which LeadsMovedError is one.
    """
    program = version_of(database, plan.name, plan.digest)
    if program is None:
        raise ChangeRefusedError("The version is not stored any more; upload it again")
    asked = plan.standing == "asked"
    if asked:
        _refuse_own(plan, who)
    elif needs_approval(database, plan.name, approve_above):
        raise ChangeRefusedError(
            f"More than {approve_above} leads are in flight, so a second person must approve it;"
            " ask for the approval"
        )
    if not although_moved and (moved := leads_moved(database, _saved(plan))):
        raise LeadsMovedError(moved)
    by = f"{plan.asked_by}, approved by {who.person}" if asked else who.person
    programs = SqlPrograms(database)
    with database.write() as connection:
        newest = programs.newest_digest_in(connection, plan.name)
        if newest != plan.newest:
            raise ChangeRefusedError(
                f"Since the plan was made, {newest_words(newest, plan.newest)}. Nothing was"
                " changed; look at the change again"
            )
        source: PlanStanding = "asked" if asked else "ready"
        ended = {"ended_by": who.person, "ended": datetime.now(UTC)}
        if not SqlChangePlans.move_in(connection, plan.number, (source,), "published", **ended):
            raise ChangeRefusedError("Somebody else has ended this plan meanwhile")
        publication = programs.publish_in(
            connection,
            program,
            by=by,
            note=plan.note,
            in_flight=plan.in_flight,
            recheck=plan.recheck,
        )
        SqlRollouts(database).of_publication(connection, publication)
    return program


def _refuse_own(plan: ChangePlan, who: Approver) -> None:
    if who.person in (plan.asked_by, plan.by):
        raise ChangeRefusedError(
            "You have asked for this yourself; somebody else of marketing with the role admin"
            " approves it"
        )
    if not who.may_approve:
        raise ChangeRefusedError("Only a person of marketing with the role admin approves a change")


def _move(
    database: Database,
    plan: ChangePlan,
    sources: tuple[PlanStanding, ...],
    to: PlanStanding,
    **more: Any,
) -> None:
    if not SqlChangePlans(database).move(plan.number, sources, to, **more):
        raise ChangeRefusedError("Somebody else has changed this plan meanwhile; look at it again")


def _saved(plan: ChangePlan) -> Plan:
    return Plan(
        name=plan.name,
        to=plan.digest,
        in_flight=plan.in_flight,
        recheck=plan.recheck,
        newest=plan.newest,
        leads=plan.leads,
    )
