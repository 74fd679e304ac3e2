"""Why a lead does not go on, and what will happen to it by itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from lifecycle.program.rulebook import Rulebook, rulebook
from lifecycle.words.explanation import Explanation, explain
from models.decision import Entry
from models.directory import Directory
from models.program.program import Program
from models.state import LeadState
from simulation.quiet_future import quiet_future

HORIZON = timedelta(days=400)
"""How far the quiet future is looked at: longer than the idle rules of real programs."""
_STOPPERS = {
    "unsubscribed": "unsubscribes",
    "bounced": "its address bounces for good",
    "complained": "it complains",
}


class ProgramVersions(Protocol):
    """Versions of programs; `adapters.sql.programs.SqlPrograms` has them."""

    def load(self, digest: str) -> Program:
        """The program of this digest."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class NextMail:
    """The next mail that the lead gets by itself."""

    email: str
    at: datetime
    stoppers: tuple[str, ...]
    """What could still stop it, as ends of "unless …"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainedLead:
    """An explanation with the lead's quiet future."""

    explanation: Explanation
    next_mail: NextMail | None
    next_stage: Entry | None
    """The next `stage` entry that comes by itself; None if none does within the horizon."""
    until: datetime
    """The end of the horizon."""


def explain_lead(
    state: LeadState, programs: ProgramVersions, people: Directory, now: datetime
) -> ExplainedLead:
    """Explain a lead by its own version of the program. `now` is the program's clock."""
    book = rulebook(programs.load(state.digest))
    until = now + HORIZON
    mail: NextMail | None = None
    stage: Entry | None = None
    for entry in quiet_future(book, state, people, since=now, until=until):
        if entry.kind == "email_sent" and mail is None and stage is None:
            mail = _mail(book, state, entry)
        if entry.kind == "stage":
            stage = entry
            break
    return ExplainedLead(
        explanation=explain(book, state, people, now), next_mail=mail, next_stage=stage, until=until
    )


def _mail(book: Rulebook, state: LeadState, entry: Entry) -> NextMail:
    email = str(entry.fields["email"])
    written = book.program.emails[email]
    stoppers = list(_STOPPERS.values())[1 if written.operational else 0 :]
    track = book.tracks.get(str(entry.fields.get("track") or ""))
    if track is not None and track.exit is not None:
        stoppers.append(f"the track's exit holds before: {track.exit.source}")
    if state.stage in ("known", "engaged", "recycled"):
        stoppers.append("sales takes the lead")
    return NextMail(email=email, at=entry.at, stoppers=tuple(stoppers))
