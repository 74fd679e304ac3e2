"""What will happen to a lead by itself, if nobody does anything: its quiet future.

The same rules run on the lead's state at the instants at which something is due. Mail just
arrives, and nobody answers it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from lifecycle.decide import decide
from lifecycle.handoff.roster import Roster
from lifecycle.program.rulebook import Rulebook
from lifecycle.program.versions import Versions
from models.decision import AnyCommand, Assign, Entry, SendMail
from models.directory import Directory
from models.inputs import Input, Result
from models.state import LeadState

MOST_TURNS = 2_000
"""A life that never rests is cut here; no real program comes near."""


def quiet_future(
    book: Rulebook,
    state: LeadState,
    people: Directory,
    *,
    since: datetime,
    until: datetime,
    versions: Versions | None = None,
) -> Iterator[Entry]:
    """The entries that the lead's timeline gets from `since` to `until`, in order.

    An owner is found as if everybody in the directory had no other leads.
    """
    roster = Roster()
    waiting: list[Input] = [
        Result(arrived=since, key=mail.key, outcome="sent") for mail in state.mails
    ]
    at = since
    for _ in range(MOST_TURNS):
        decision = decide(
            book, state, waiting, at, people=people, grace=timedelta.max, versions=versions
        )
        yield from (one for one in decision.entries if one.at <= until)
        state = decision.state
        results = (_result(roster, people, command) for command in decision.commands)
        waiting = [one for one in results if one is not None]
        if waiting:
            continue
        if decision.wake is None or decision.wake.at > until:
            return
        at = max(at, decision.wake.at)


def _result(roster: Roster, people: Directory, command: AnyCommand) -> Input | None:
    if isinstance(command, SendMail):
        return Result(arrived=command.at, key=command.key, outcome="sent")
    if isinstance(command, Assign):
        choice = roster.assign(people, command, {})
        return Result(
            arrived=command.at,
            key=command.key,
            outcome="unassigned" if choice.owner is None else "assigned",
            owner=choice.owner,
            why=choice.why,
        )
    return None
