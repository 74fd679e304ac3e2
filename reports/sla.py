"""SLA: how fast sales gets, accepts, touches and qualifies a lead, and who kept their word."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from lifecycle.program.rulebook import OpenTime
from reports.breaches import ledger
from reports.life import AcceptedHandoff, Attempt, Breach, Fact, HandoffLife, Hold, LeadLife
from reports.office_hours import counted_seconds
from reports.question import UNKNOWN, Question
from reports.table import CountedEntry, Report, ReportCell, ReportRow, Table, count, length, share

Office = Callable[[str, str | None], OpenTime]
"""A team's office time in a version of a program, by its digest."""

Kept = Literal["kept", "late", "breached", "running", "other"]
"""What became of a promise."""

CLOCKS: Final = ("accept", "first_touch", "qualify")


@dataclass(frozen=True, slots=True)
class Worked:
    """A handoff with its lead and its office time."""

    life: LeadLife
    handoff: HandoffLife
    office: OpenTime
    now: datetime

    @property
    def end(self) -> datetime:
        """Until when it is looked at."""
        return self.handoff.ended.at if self.handoff.ended is not None else self.now

    def counted(self, clock: str, start: datetime, end: datetime) -> int:
        """Open seconds without holds."""
        return counted_seconds(self.office, self.handoff.holds, clock, start, end)


@dataclass(frozen=True, slots=True)
class Try:
    """An owner's time to accept: one attempt, until it ends."""

    of: Worked
    attempt: Attempt
    accepted: AcceptedHandoff | None
    breach: Breach | None
    replaced: Attempt | None

    @property
    def kept(self) -> Kept:
        """What became of it."""
        if self.accepted is not None:
            return "late" if self.breach is not None else "kept"
        if self.breach is not None:
            return "breached"
        gone = self.replaced is not None or self.of.handoff.ended is not None
        return "other" if gone else "running"

    def seconds(self) -> CountedEntry:
        """The office time that the owner took, or has had until now or until it was taken away."""
        if self.accepted is not None:
            return self.attempt.item(self.accepted.open_seconds)
        end = self.of.end if self.replaced is None else self.replaced.at
        return self.attempt.item(self.of.counted("accept", self.attempt.at, end), ended=False)


def tries(worked: Worked) -> list[Try]:
    """The attempts to get a handoff accepted. Owners who get it later are none."""
    handoff = worked.handoff
    accepted = handoff.accepted
    asked = [one for one in handoff.attempts if accepted is None or one.seq < accepted.seq]
    found = []
    for number, attempt in enumerate(asked):
        after = asked[number + 1] if number + 1 < len(asked) else None
        limit = after.seq if after is not None else None
        breach = next(
            (
                one
                for one in handoff.breaches
                if one.clock == "accept"
                and one.seq > attempt.seq
                and (limit is None or one.seq < limit)
            ),
            None,
        )
        found.append(Try(worked, attempt, accepted if after is None else None, breach, after))
    return found


def sla(lives: Iterable[LeadLife], asked: Question, office: Office) -> Report:
    """How fast sales is, and which promises were kept. Rows by person, team or hour of arrival."""
    found = [
        Worked(life, one, office(one.digest, one.team), asked.as_of)
        for life in lives
        for one in life.handoffs
        if asked.covers(one.at)
    ]
    return asked.report(
        name="sla",
        title="SLA",
        cohort="Each handoff to sales that was opened in this time, also second ones (to account"
        " executives).",
        unit="handoffs",
        n=len(found),
        still_open=sum(one.handoff.accepted is None and one.handoff.ended is None for one in found),
        tables=(
            _times(found, asked),
            *(_promises(found, asked, clock) for clock in CLOCKS),
            ledger(
                [(one.life, one.handoff, one.office) for one in found],
                "Every breach, to contest",
            ),
        ),
    )


def _group(worked: Worked, asked: Question, owner: str | None) -> str:
    parts = []
    for one in asked.by:
        if one == "person":
            parts.append(owner or UNKNOWN)
        elif one == "team":
            parts.append(worked.handoff.team or UNKNOWN)
        else:
            parts.append(asked.group(worked.life, worked.handoff.at, (one,)))
    return " · ".join(parts) or "all"


def _owner(handoff: HandoffLife) -> str | None:
    """Who accepted it, else who has it to accept."""
    if handoff.accepted is not None:
        return handoff.accepted.by
    return handoff.attempts[-1].owner if handoff.attempts else None


def _times(found: list[Worked], asked: Question) -> Table:
    rows: defaultdict[str, list[Worked]] = defaultdict(list)
    people: defaultdict[str, list[CountedEntry]] = defaultdict(list)
    for one in found:
        rows[_group(one, asked, _owner(one.handoff))].append(one)
        for each in tries(one):
            people[_group(one, asked, each.attempt.owner)].append(each.seconds())
    return Table(
        title="Times",
        definition=(
            "To assign: the system's time, elapsed from the opening of the handoff to its first"
            " owner. To accept: people's time, from each assignment to its acceptance, in the"
            " team's office time and without holds; an attempt that was taken away counts for as"
            " long as it ran. To touch: from the acceptance to the first touch, in office time and"
            " without holds (a touch before the acceptance: no time). To qualify: from the"
            " acceptance of a first handoff to its qualification, counted likewise. Qualified: the"
            " share of accepted first handoffs. Holds: pauses of clocks; those until a meeting"
            " pause the qualify clock alone. On hold: from the beginning of a hold to its end, in"
            " office time. P50, P95: the time by which that share was done, with what is still open"
            " counted until now; ≥: it can only be longer."
        ),
        head=" · ".join(asked.by) or "handoffs",
        columns=(
            *("handoffs", "not assigned", "to assign P50", "to assign P95"),
            *("to accept P50", "to accept P95", "to touch P50", "to touch P95"),
            *("to qualify P50", "to qualify P95", "qualified"),
            *("holds", "on hold P50", "on hold P95"),
        ),
        rows=tuple(
            ReportRow(name=name, cells=_time_cells(rows[name], people[name]))
            for name in sorted(rows.keys() | people.keys())
        ),
    )


def _time_cells(of: list[Worked], people: list[CountedEntry]) -> tuple[ReportCell, ...]:
    assigned = [_to_assign(one) for one in of]
    touched = [_to_touch(one, one.handoff.accepted) for one in of if one.handoff.accepted]
    worked = [one for one in of if one.handoff.accepted and not one.handoff.second]
    first = [one.handoff for one in worked]
    qualified = [_to_qualify(one, one.handoff.accepted) for one in worked if one.handoff.accepted]
    held = [_on_hold(one, hold) for one in of for hold in one.handoff.holds]
    return (
        count(one.handoff.item() for one in of),
        count(one.handoff.item() for one in of if not one.handoff.attempts),
        length(assigned, 0.5),
        length(assigned, 0.95),
        length(people, 0.5),
        length(people, 0.95),
        length(touched, 0.5),
        length(touched, 0.95),
        length(qualified, 0.5),
        length(qualified, 0.95),
        share(
            (one.qualified.item() for one in first if one.qualified),
            len(first),
            at_least=any(one.qualified is None and one.ended is None for one in first),
        ),
        count(held),
        length(held, 0.5),
        length(held, 0.95),
    )


def _to_assign(worked: Worked) -> CountedEntry:
    handoff = worked.handoff
    end = handoff.attempts[0].at if handoff.attempts else worked.end
    return handoff.item((end - handoff.at).total_seconds(), ended=bool(handoff.attempts))


def _to_touch(worked: Worked, accepted: AcceptedHandoff) -> CountedEntry:
    touches = worked.handoff.touches
    end = max(touches[0].at, accepted.at) if touches else worked.end
    seconds = worked.counted("first_touch", accepted.at, end)
    return accepted.item(seconds, ended=bool(touches))


def _to_qualify(worked: Worked, accepted: AcceptedHandoff) -> CountedEntry:
    qualified = worked.handoff.qualified
    end = worked.end if qualified is None else qualified.at
    seconds = worked.counted("qualify", accepted.at, end)
    return accepted.item(seconds, ended=qualified is not None)


def _on_hold(worked: Worked, hold: Hold) -> CountedEntry:
    end = worked.now if hold.ended is None else hold.ended
    return hold.item(worked.office.between(hold.at, end), ended=hold.ended is not None)


def _promises(found: list[Worked], asked: Question, clock: str) -> Table:
    rows: defaultdict[str, list[tuple[Fact, Kept]]] = defaultdict(list)
    for one in found:
        if clock == "accept":
            for each in tries(one):
                rows[_group(one, asked, each.attempt.owner)].append((each.attempt, each.kept))
        elif (accepted := one.handoff.accepted) is not None and not one.handoff.second:
            group = _group(one, asked, accepted.by)
            rows[group].append((accepted, _kept(one.handoff, clock)))
    words: tuple[Kept, ...] = ("kept", "late", "breached", "running", "other")
    return Table(
        title=f"Promises: {clock}",
        definition=(
            f"{_PROMISES[clock]} Kept: done before any breach. Late: done after the breach."
            " Breached: not done since. Running: neither yet. Other: ended first by something else"
            " (reassigned, recycled, disqualified). Share kept: of kept, late and breached, with"
            " Wilson's interval of 95 %."
        ),
        head=" · ".join(asked.by) or "handoffs",
        columns=("promises", *words, "share kept"),
        rows=tuple(
            ReportRow(
                name=name,
                cells=(
                    count(fact.item() for fact, _ in of),
                    *(count(fact.item() for fact, kept in of if kept == one) for one in words),
                    share(
                        (fact.item() for fact, kept in of if kept == "kept"),
                        sum(kept in ("kept", "late", "breached") for _, kept in of),
                    ),
                ),
            )
            for name, of in sorted(rows.items())
        ),
    )


_PROMISES: Final = {
    "accept": "Each time an owner got a handoff to accept; the manager's acceptance counts for that"
    " owner.",
    "first_touch": "Each accepted first handoff: a touch, also one before the acceptance.",
    "qualify": "Each accepted first handoff: its qualification.",
}


def _kept(handoff: HandoffLife, clock: str) -> Kept:
    breach = next((one for one in handoff.breaches if one.clock == clock), None)
    done: Fact | None = handoff.qualified
    if clock == "first_touch":
        done = handoff.touches[0] if handoff.touches else None
    if done is not None:
        return "late" if breach is not None and breach.seq < done.seq else "kept"
    if breach is not None:
        return "breached"
    return "running" if handoff.ended is None else "other"
