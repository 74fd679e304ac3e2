"""The manager's page: leads of each member, what is due today, breaches and absences."""

# Annotations are not postponed here: they name dependencies that the router makes.

import uuid
from collections.abc import Sequence
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Form
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from adapters.reports.desk_lists import DeskLine, SqlDeskLists
from adapters.reports.team import SqlTeamReport
from adapters.sql.absences import EnteredAbsence
from gateway.desk.leads import PageNumber, SearchText, by_urgency
from gateway.web.desk_session import DeskProblemError, DeskUser, desk_user, form_sender
from gateway.web.pages import page
from lifecycle.words.timeline_text import deadline_verb
from models.directory import Directory, Member
from usecases.context import Context


def router(context: Context) -> APIRouter:
    """The routes of the page and of absences. The route of a lead's acts reassigns leads."""
    routes = APIRouter(include_in_schema=False)
    lists, report = SqlDeskLists(context.database), SqlTeamReport(context.database)
    current_user, form_user = desk_user(context), form_sender(context)

    @routes.get("/desk/team")
    def teams(
        user: Annotated[DeskUser, Depends(current_user)],
        number: PageNumber = 1,
        find: SearchText = "",
    ) -> HTMLResponse:
        """Show the teams that I manage."""
        return _team_page(context, lists, report, _manager(user), number=number, find=find)

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
            return _team_page(context, lists, report, user, problem=message, status=422)
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


def _team_page(
    context: Context,
    lists: SqlDeskLists,
    report: SqlTeamReport,
    user: DeskUser,
    *,
    problem: str = "",
    status: int = 200,
    number: int = 1,
    find: str = "",
) -> HTMLResponse:
    managed = user.people.managed_by(user.person)
    found = lists.of_teams(managed, page=number, find=find)
    lines = found.lines
    now = context.now()
    today = now.astimezone(user.zone).date()
    teams = [one for one in report.teams(user.people, now, user.zone) if one.name in managed]
    unowned = [one for one in lines if _unowned(one, user.people)]
    return page(
        "team.html",
        context,
        status=status,
        zone=user.zone,
        user=user,
        teams=teams,
        unowned=unowned,
        found=found,
        number=number,
        find=find,
        groups=by_urgency([one for one in lines if one not in unowned], user, now),
        members={name: user.people.teams[name].members for name in managed},
        everybody=_members_once(user.people, managed),
        absences=_absences(context.people.absences.all(), user, today),
        verb=deadline_verb,
        fresh=lambda: uuid.uuid4().hex,
        today=today,
        problem=problem,
    )


def _unowned(line: DeskLine, people: Directory) -> bool:
    """Whether this lead has no owner, or one who has left its team."""
    if line.owner is None:
        return True
    manager = people.manager_of(line.team)
    return line.owner != manager and not people.is_member(line.team, line.owner)


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
