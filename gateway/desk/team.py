"""The manager's page: load of each member, the queue of the teams, and absences."""

# Annotations are not postponed here: they name dependencies that the router makes.

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Query
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from adapters.reports.desk_queue import Filters, Load, QueueDay, SqlQueues, queue_of_teams
from adapters.reports.team import MemberLine, SqlTeamReport
from adapters.sql.absences import EnteredAbsence
from gateway.desk.queue import QueueQuery, queue_query, queue_view
from gateway.desk.undo import Done, done_query, undo_offer
from gateway.desk.week import DidNumber, numbers_of_people
from gateway.web.desk_session import DeskProblemError, DeskUser, desk_user, form_sender
from gateway.web.pages import page
from lifecycle.sales_words import ROW_WORDS
from lifecycle.words.timeline_text import deadline_verb
from models.directory import Directory, Member
from usecases.context import Context


def router(context: Context) -> APIRouter:
    """The routes of the page and of absences. The route of a lead's acts reassigns leads."""
    routes = APIRouter(include_in_schema=False)
    current_user, form_user = desk_user(context), form_sender(context)

    @routes.get("/desk/team")
    def teams(
        user: Annotated[DeskUser, Depends(current_user)],
        query: Annotated[QueueQuery, Depends(queue_query)],
        done: Annotated[Done, Depends(done_query)],
        away: Annotated[str, Query(max_length=10)] = "",
    ) -> HTMLResponse:
        """Show the teams that I manage. `away`: ask about the leads of an owner who is away."""
        asked = query.filters.owner if away else ""
        return team_page(
            context, _manager(user), query, done=done, away=asked, all_selected=bool(asked)
        )

    @routes.post("/desk/absences")
    def absent(
        user: Annotated[DeskUser, Depends(form_user)],
        member: Annotated[str, Form()] = "",
        first: Annotated[str, Form()] = "",
        last: Annotated[str, Form()] = "",
        do: Annotated[str, Form()] = "add",
    ) -> Response:
        """Enter days away of a member of my teams, or remove them."""
        _manager(user)
        found = _member(user, member)
        try:
            from_, to = _day(first), _day(last or first)
            if do == "remove":
                context.people.absences.remove(found.email, from_, to)
            else:
                context.people.absences.add(found.email, from_, to, by=user.person)
        except ValueError as error:
            message = f"These days can't be entered: {error}."
            return team_page(context, user, problem=message, status=422)
        if do != "remove" and _has_leads(context, user, found.email):
            words = urlencode({"owner": found.email, "away": "yes"})
            return RedirectResponse(f"/desk/team?{words}#queue", 303)
        return RedirectResponse("/desk/team", 303)

    @routes.get("/desk/absences")
    def back() -> RedirectResponse:
        """Redirect to the team: a browser opens this URL again after a refusal."""
        return RedirectResponse("/desk/team", 303)

    return routes


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"'{text[:40]}' is not a day") from None


def _manager(user: DeskUser) -> DeskUser:
    if not user.manages:
        raise DeskProblemError(403, "This page is for managers of a team.")
    return user


def _member(user: DeskUser, member: str) -> Member:
    """A member of a team that this person manages."""
    managed = user.people.managed_by(user.person)
    found = user.people.member(member.strip().lower())
    if found is None or not user.people.teams_of(found.email) & managed:
        raise DeskProblemError(403, "Days away are entered for members of your own teams.")
    return found


def _has_leads(context: Context, user: DeskUser, owner: str) -> bool:
    """Whether a member has leads in the teams that the user manages."""
    queue = queue_of_teams(user.people.managed_by(user.person), user.people)
    day = QueueDay.of(context.now(), user.zone)
    return SqlQueues(context.database).page(queue, day, Filters(owner=owner)).total > 0


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberLoad:
    """What one member of a team has."""

    line: MemberLine
    leads: Mapping[str, int]
    """Their leads of this team by group."""
    oldest: datetime | None
    """Since when the longest of them is in its stage."""
    accepted: DidNumber
    """What they accepted in the last thirty days."""
    in_time: DidNumber
    breaches: DidNumber

    @property
    def total(self) -> int:
        """Their leads of this team."""
        return sum(self.leads.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamLoad:
    """A team, its members, and how many leads nobody works."""

    name: str
    members: tuple[MemberLoad, ...]
    unowned: int


def team_page(
    context: Context,
    user: DeskUser,
    query: QueueQuery | None = None,
    *,
    done: Done | None = None,
    problem: str = "",
    status: int = 200,
    away: str = "",
    **view: Any,
) -> HTMLResponse:
    """The page of the teams that a person manages. `view`: what `queue_view` takes beside."""
    managed = user.people.managed_by(user.person)
    queue = queue_of_teams(managed, user.people)
    now = context.now()
    today = now.astimezone(user.zone).date()
    everybody = _members_once(user.people, managed)
    loads = SqlQueues(context.database).loads(queue, QueueDay.of(now, user.zone))
    return page(
        "team.html",
        context,
        status=status,
        zone=user.zone,
        user=user,
        teams=_loads(context, user, managed, loads),
        view=queue_view(
            context,
            user,
            queue,
            query or QueueQuery(),
            base="/desk/team",
            offered=_TEAM_ACTS,
            **view,
        ),
        path=lambda **only: QueueQuery(filters=Filters(**only)).path("/desk/team"),
        team_names=[(one, one) for one in sorted(managed)],
        everybody=everybody,
        owners=[(one.email, one.name or one.email) for one in everybody],
        absences=_absences(context.people.absences.all(), user, today),
        done=done.sentence if done is not None else "",
        undo=undo_offer(context, user, done) if done is not None else (),
        verb=deadline_verb,
        words=ROW_WORDS,
        fresh=lambda: uuid.uuid4().hex,
        today=today,
        problem=problem,
        away=away,
    )


_DAYS = 30
"""So many days the figures of members cover, with today."""
_TEAM_ACTS = ("reassign", "hold", "resume")
"""What a row of the teams' queue offers."""


def _loads(
    context: Context, user: DeskUser, managed: frozenset[str], loads: Sequence[Load]
) -> list[TeamLoad]:
    report = SqlTeamReport(context.database).teams(user.people, context.now(), user.zone)
    did = numbers_of_people(context, user, _DAYS, ("accepted", "in-time", "breaches"))
    found = []
    for team in report:
        if team.name not in managed:
            continue
        members = []
        for line in team.members:
            own = [one for one in loads if (one.team, one.owner) == (team.name, line.email)]
            oldest = min((one.oldest for one in own if one.oldest is not None), default=None)
            leads = {one.group: one.leads for one in own}
            members.append(
                MemberLoad(
                    line=line,
                    leads=leads,
                    oldest=oldest,
                    accepted=did("accepted", line.email),
                    in_time=did("in-time", line.email),
                    breaches=did("breaches", line.email),
                )
            )
        unowned = sum(
            one.leads for one in loads if one.team == team.name and one.group == "unowned"
        )
        found.append(TeamLoad(name=team.name, members=tuple(members), unowned=unowned))
    return found


def _members_once(people: Directory, managed: frozenset[str]) -> list[Member]:
    """The members of these teams, each of them once."""
    found = {one.email: one for name in sorted(managed) for one in people.teams[name].members}
    return list(found.values())


def _absences(
    entered: Sequence[EnteredAbsence], user: DeskUser, today: date
) -> list[EnteredAbsence]:
    """Days away of the members of my teams that are not over."""
    managed = user.people.managed_by(user.person)
    return [
        one for one in entered if one.to >= today and user.people.teams_of(one.member) & managed
    ]
