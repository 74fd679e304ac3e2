"""The digest as a mail: what is late, what is due today, what else is open, and this week's SLA."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime

from activities.ports import Rendered
from adapters.mail.field_text import field_text
from adapters.mail.staff_mail import staff_mail
from adapters.reports.digest import DigestFacts, OpenHandoff, SqlDigestFacts
from adapters.sql.database import Database
from lifecycle.words.person_name import person_name
from models.directory import Directory
from models.program.program import Program

_MOST_LISTED = 25
"""How many leads a section lists at most: people do not read longer lists."""
_LONGEST_NAME = 60
_VERBS = {"accept": "accept", "first_touch": "touch it", "qualify": "qualify"}


class SqlDigests:
    """Digests of programs, from SQL. With a public URL they lead to the team's page of the desk."""

    def __init__(self, database: Database, public_url: str = "") -> None:
        self._facts = SqlDigestFacts(database)
        self._public_url = public_url

    def mail(
        self, program: Program, people: Directory, manager: str, at: datetime, key: str
    ) -> Rendered | None:
        """The digest of this program for one manager, with the figures as they are now.

        None if the program hands no leads to a team of theirs and none of its leads is open
        there. Otherwise there is always a digest: without one, a manager could not know whether
        nothing happened or the schedule stopped. Raises ValueError if an address is not one.
        """
        teams = people.managed_by(manager)
        facts = self._facts.of(program, teams, at)
        if not facts.open and not teams & handed_to(program):
            return None
        way = [f"At the desk: {self._public_url}/desk/team"] if self._public_url else []
        subject = f"{program.program}: {_summary(facts)}"
        return staff_mail(
            program, manager, subject, [*_parts(facts, people), *way], key=key, kind="digest"
        )


def handed_to(program: Program) -> frozenset[str]:
    """The teams that a program hands leads to."""
    handoff = program.handoff
    if handoff is None:
        return frozenset()
    return frozenset({route.to for route in handoff.routing} | set(handoff.second_teams))


def _summary(facts: DigestFacts) -> str:
    if not facts.open:
        return "nothing is open"
    counts = {
        "breached": len(facts.breached),
        "due today": len(facts.due_today),
        "open": len(facts.open),
    }
    return ", ".join(f"{count} {what}" for what, count in counts.items() if count)


def _parts(facts: DigestFacts, people: Directory) -> Iterator[str]:
    """The paragraphs of the mail."""
    teams = f"team{'s' if len(facts.teams) > 1 else ''} {', '.join(facts.teams)}"
    yield f"{_day(facts.at)}, {facts.at:%H:%M} ({facts.at.tzinfo}), {teams}"
    yield _acceptance(facts)
    if not facts.open:
        yield "No handoff is open."
    sections: tuple[tuple[str, tuple[OpenHandoff, ...], Callable[[OpenHandoff], str]], ...] = (
        ("Breached", facts.breached, lambda one: _late(one, facts)),
        ("Due today", facts.due_today, lambda one: _due(one, facts)),
        ("Open besides", facts.later, lambda one: _due(one, facts)),
    )
    for title, handoffs, when in sections:
        if handoffs:
            lines = [f"- {_who(one)}, {_owner(one, people)}: {when(one)}" for one in handoffs]
            more = [f"- and {len(lines) - _MOST_LISTED} more"] if len(lines) > _MOST_LISTED else []
            yield "\n".join([f"{title} ({len(lines)})", *lines[:_MOST_LISTED], *more])


def _acceptance(facts: DigestFacts) -> str:
    accepted, target = facts.accepted, facts.target
    if not accepted.ended:
        aim = f"; the target is {target}" if target is not None else ""
        return f"No handoff was accepted or breached since Monday{aim}."
    percent = accepted.in_time * 100 // accepted.ended  # rounded down: 89.9 % does not reach 90 %
    said = f"Accepted in time since Monday: {accepted.in_time} of {accepted.ended}, {percent} %"
    if target is None:
        return f"{said}."
    met = accepted.in_time >= target.value * accepted.ended
    return f"{said}; {'the target of' if met else 'below the target of'} {target}{' is met' * met}."


def _who(one: OpenHandoff) -> str:
    name = person_name(one.profile)
    person = ("name", name) if name else ("email", str(one.profile.get("email", one.lead)))
    company = one.profile.get("company")
    where = f" ({field_text('company', str(company), _LONGEST_NAME)})" if company else ""
    return field_text(*person, _LONGEST_NAME) + where


def _owner(one: OpenHandoff, people: Directory) -> str:
    if one.owner is None:
        return "nobody yet"
    member = people.member(one.owner)
    if member is None or not member.name:
        return one.owner
    return field_text("name", member.name, _LONGEST_NAME)


def _late(one: OpenHandoff, facts: DigestFacts) -> str:
    """Which clocks were missed, and since when."""
    return ", ".join(f"to {_verb(name)} by {_when(due, facts)}" for name, due in one.breached)


def _due(one: OpenHandoff, facts: DigestFacts) -> str:
    if one.clock is None or one.due is None:
        return f"in {one.stage}, no clock runs"
    return f"to {_verb(one.clock)} by {_when(one.due, facts)}"


def _verb(clock: str) -> str:
    return _VERBS.get(clock, clock)


def _when(at: datetime, facts: DigestFacts) -> str:
    local = at.astimezone(facts.at.tzinfo)
    time = f"{local:%H:%M}"
    return f"{time} today" if local.date() == facts.at.date() else f"{_day(local)}, {time}"


def _day(at: datetime) -> str:
    """Like `Thu 5 March`."""
    return f"{at:%a} {at.day} {at:%B}"
