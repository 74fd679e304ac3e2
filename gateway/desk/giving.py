"""The page on which a manager gives selected leads to somebody: only to those who can take them.

A lead goes to a member of the team that has its handoff. So leads of several teams are given one
team after another.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from fastapi.responses import HTMLResponse

from adapters.reports.desk_queue import SqlQueues, queue_of_teams
from adapters.reports.team import MemberLine, SqlTeamReport
from gateway.desk.names import names_of_leads
from gateway.web.desk_session import DeskUser
from gateway.web.pages import page
from usecases.context import Context

_MOST_NAMED = 20
"""Names of leads that the page lists for a team; it says how many more there are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gift:
    """Leads of one team, and who can take them."""

    team: str
    leads: tuple[str, ...]
    names: tuple[str, ...]
    """The names of the first of them."""
    to: tuple[tuple[str, str], ...]
    """Address and description of each member to choose from."""


def giving_page(
    context: Context,
    user: DeskUser,
    leads: Sequence[str],
    *,
    identity: str,
    base: str,
    back: str,
) -> HTMLResponse:
    """Ask who of its team gets each lead. Leads that this manager's teams do not work stay out."""
    queue = queue_of_teams(user.people.managed_by(user.person), user.people)
    worked = SqlQueues(context.database).worked(queue, leads)
    by_team: defaultdict[str, list[str]] = defaultdict(list)
    owners: defaultdict[str, Counter[str | None]] = defaultdict(Counter)
    for lead in leads:
        if lead in worked:
            team, owner = worked[lead]
            by_team[team].append(lead)
            owners[team][owner] += 1
    lines = {
        one.name: one.members
        for one in SqlTeamReport(context.database).teams(user.people, context.now(), user.zone)
    }
    return page(
        "give.html",
        context,
        zone=user.zone,
        user=user,
        number=len(leads),
        left_out=len(leads) - len(worked),
        gifts=[
            Gift(
                team=team,
                leads=tuple(of),
                names=tuple(names_of_leads(context, user, of[:_MOST_NAMED]).values()),
                to=tuple(
                    (one.email, _described(one, owners[team][one.email]))
                    for one in lines.get(team, ())
                    if owners[team][one.email] < len(of)
                ),
            )
            for team, of in sorted(by_team.items())
        ],
        identity=identity,
        base=base,
        back=back,
    )


def _described(one: MemberLine, has: int) -> str:
    """A member with what speaks against them."""
    load = f"{one.leads} of {one.capacity} leads" if one.capacity else f"{one.leads} leads"
    away = f"away until {one.away_until}" if one.away_until else ""
    owns = f"owns {has} of these" if has else ""
    return f"{one.name or one.email} ({', '.join(filter(None, (load, away, owns)))})"
