"""Mails to the operations contact: nobody is alerted of a team's leads, or mail can't go out."""

from __future__ import annotations

from activities.circuit_breaker import Breaker, remedy
from activities.ports import Rendered
from adapters.mail.staff_mail import staff_mail
from models.decision import Alert
from models.directory import Directory
from models.instants import write_instant
from models.program.program import Program


def operations_notice(
    program: Program, people: Directory, team: str | None, lead: str, command: Alert
) -> Rendered:
    """The mail. Its Message-ID is that of the day, as the key of the command is.

    Raises ValueError if an address is not one.
    """
    wrong, remedy = _what_is_wrong(people, team)
    return staff_mail(
        program,
        command.to,
        f"{program.program}: {wrong}",
        [
            f"In program {program.program}, {wrong}. So nobody of sales is alerted of its leads.",
            f"Such as lead {lead}: {command.text}",
            f"What to do: {remedy}",
            "This mail is sent once a day for each program and team.",
        ],
        key=command.key,
        kind="operations",
    )


def route_notice(program: Program, stopped: Breaker, contact: str, key: str) -> Rendered:
    """The mail about a route of mail that is stopped. Raises ValueError as above."""
    kind, _, name = stopped.route.partition("/")
    whose = f"of program {name}" if kind == "program" else f"to {name}"
    since = f" since {write_instant(stopped.opened_at)}" if stopped.opened_at is not None else ""
    return staff_mail(
        program,
        contact,
        f"{program.program}: mail {whose} is stopped",
        [
            f"All mail {whose} is stopped{since}: the server refuses one address after another.",
            f"It says: {stopped.why}",
            f"What to do: {remedy(stopped)}.",
            "This mail is sent once each time that mail is stopped.",
        ],
        key=key,
        kind="operations",
    )


def _what_is_wrong(people: Directory, team: str | None) -> tuple[str, str]:
    apply = "apply it with `leadflow team apply FILE`"
    if team is None:
        routing = "add a last rule 'otherwise: TEAM' to handoff.routing and publish the program"
        return "no rule of routing names a team with a manager for some leads", routing
    if team not in people.teams:
        return (
            f"team '{team}' is not in the directory",
            f"add the team, its manager and its members to the teams file, and {apply}",
        )
    manager = people.manager_of(team)
    if manager is not None:
        return (
            f"the manager of team '{team}' owns a lead and is not there",
            f"name another manager, who can reassign it, in the teams file, and {apply}",
        )
    return (
        f"team '{team}' has no manager",
        f"add 'manager: ADDRESS' to the team in the teams file, and {apply}",
    )
