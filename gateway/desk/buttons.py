"""The buttons of an alert: `/a/TOKEN`, one act for one person about one handoff.

GET shows the form of the act and changes nothing, because mail scanners follow links. Only POST
acts. Whoever has the link acts as the person that the alert went to; so the link expires, and it
ends with its handoff. Opened again, the page says what was done, by whom and when.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from adapters.mail.alert_card import ACTIONS
from adapters.reports.leads import LeadLine, StoredDossier
from adapters.sql.sent_alerts import SentAlert, SqlSentAlerts
from gateway.desk.act_forms import DONE, act_form, read_act_form, written
from gateway.web.desk_session import person_zone
from gateway.web.outcomes import sentence_of, status_of
from gateway.web.pages import page
from lifecycle.program.rulebook import rulebook
from lifecycle.words.dossier import dossier
from lifecycle.words.open_acts import open_acts
from lifecycle.words.time_text import spoken_instant
from lifecycle.words.timeline_text import deadline_verb, sentence
from models.decision import Entry
from models.directory import Directory
from usecases.acting import ActDone, LeadNotThere, perform
from usecases.context import Acts, Context
from usecases.viewer import Viewer, viewer_for_person

_DONE_KINDS = {"accept": "accepted", "qualify": "qualified", "recycle": "recycled"}
"""The kind of timeline entry that says that an act was done."""


@dataclass(frozen=True, slots=True)
class _Alerts:
    """The alerts that were sent, and how long their links work."""

    sent: SqlSentAlerts
    links_last: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class _Button:
    """A button that can be pressed."""

    do: str
    alert: SentAlert
    known: StoredDossier
    people: Directory
    viewer: Viewer
    zone: ZoneInfo


def router(context: Context, acts: Acts, links_last: timedelta) -> APIRouter:
    """The page of a button, and what it does. The links work for so long (wall clock)."""
    routes = APIRouter(include_in_schema=False)
    alerts = _Alerts(SqlSentAlerts(context.database), links_last)

    @routes.get("/a/{token}")
    def ready(token: str) -> HTMLResponse:
        """The act, ready to be done; it changes nothing."""
        found = _button(context, alerts, token)
        if isinstance(found, HTMLResponse):
            return found
        return _stale_page(context, found) or _form(context, found, token)

    @routes.post("/a/{token}")
    async def act(request: Request, token: str) -> HTMLResponse:
        """Act as the person to whom the alert went."""
        return await _press(context, acts, alerts, token, await request.form())

    return routes


async def _press(
    context: Context, acts: Acts, alerts: _Alerts, token: str, form: Mapping[str, Any]
) -> HTMLResponse:
    found = await asyncio.to_thread(_button, context, alerts, token)
    if isinstance(found, HTMLResponse):
        return found
    moved = await asyncio.to_thread(_stale_page, context, found)
    if moved is not None:
        return moved
    try:
        fields = read_act_form(form, found.zone)
    except ValueError as error:
        return _form(context, found, token, problem=str(error), status=422, form=form)
    outcome = await perform(
        context.reports,
        acts,
        found.viewer,
        lead=found.alert.lead,
        do=found.do,
        fields=fields,
        now=context.now(),
    )
    if isinstance(outcome, ActDone):
        return _result_page(context, found, DONE[found.do], outcome.line)
    if isinstance(outcome, LeadNotThere):
        return _broken_link(context)
    # Somebody may have been faster; then what they did says more than the refusal.
    again = await asyncio.to_thread(_button, context, alerts, token)
    if not isinstance(again, HTMLResponse):
        found = again
        moved = await asyncio.to_thread(_stale_page, context, found)
        if moved is not None:
            return moved
    said, status = sentence_of(outcome), status_of(outcome)
    return _form(context, found, token, problem=said, status=status, form=form)


def _button(context: Context, alerts: _Alerts, token: str) -> _Button | HTMLResponse:
    """The button that a token names, or the page that says why there is none."""
    read = context.links.read("act", token)
    alert = alerts.sent.by_local_part(read.mail) if read is not None else None
    if read is None or alert is None or read.number >= len(ACTIONS):
        return _broken_link(context)
    if datetime.now(UTC) - alert.sent > alerts.links_last:
        said = "This link has expired. Sign in to the desk to see how the lead stands."
        return _page(context, "This link has expired", said, alert.lead, status=410)
    people = context.people.directory()
    viewer = viewer_for_person(people, alert.person)
    if viewer is None:
        said = "The person it was sent to is in no team any more."
        return _page(context, "This link does not work any more", said, None, status=403)
    known = context.reports.dossier(alert.lead)
    if known is None:
        return _broken_link(context)
    return _Button(
        do=ACTIONS[read.number],
        alert=alert,
        known=known,
        people=people,
        viewer=viewer,
        zone=person_zone(context, people, alert.person),
    )


def _stale_page(context: Context, found: _Button) -> HTMLResponse | None:
    """The page for a lead that has moved on since the alert; None if it has not."""
    state, alert = found.known.state, found.alert
    same = state.handoff is not None and state.handoff.number == alert.handoff
    told = _done_by(found) if found.do in _DONE_KINDS else None
    if told is not None:
        return _page_about(context, found, "This was done already.", told)
    if not same:
        last = next((one for one in reversed(found.known.timeline) if one.kind == "stage"), None)
        return _page_about(context, found, "The lead has moved on since this mail.", last)
    if alert.person not in (state.owner, found.people.manager_of(found.known.line.team)):
        last = next((one for one in reversed(found.known.timeline) if one.kind == "assigned"), None)
        return _page_about(context, found, "The lead is somebody else's now.", last)
    if found.do not in open_acts(state, manages=True):
        last = next((one for one in reversed(found.known.timeline) if one.kind == "stage"), None)
        return _page_about(context, found, "The lead has moved on since this mail.", last)
    return None


def _done_by(found: _Button) -> Entry | None:
    """The entry that tells that the act was done in this handoff."""
    told = None
    within = False
    for one in found.known.timeline:
        if one.kind == "handoff_opened":
            within = one.fields.get("handoff") == found.alert.handoff
        elif within and one.kind == _DONE_KINDS[found.do]:
            told = one
    return told


def _page_about(context: Context, found: _Button, said: str, entry: Entry | None) -> HTMLResponse:
    now = context.now()

    def when(at: datetime) -> str:
        return spoken_instant(at, now, found.zone)

    more = f" {sentence(entry, when)}, {when(entry.at)}." if entry is not None else ""
    return _result_page(context, found, f"{said}{more}", found.known.line)


def _result_page(
    context: Context, found: _Button, said: str, line: LeadLine | None
) -> HTMLResponse:
    """The page that says how it is; it leads to the lead as long as they see it."""
    title = f"{found.known.state.profile.get('company') or found.known.line.email or 'A lead'}"
    seen = line is not None and found.viewer.sees(line)
    return _page(context, title, said, found.alert.lead if seen else None, status=200)


def _page(
    context: Context, title: str, said: str, lead: str | None, *, status: int
) -> HTMLResponse:
    return page("button_said.html", context, status=status, title=title, said=said, lead=lead)


def _broken_link(context: Context) -> HTMLResponse:
    said = "It may have been cut off on its way. Use the button in the mail, or sign in."
    return _page(context, "This link does not work", said, None, status=404)


def _form(
    context: Context,
    found: _Button,
    token: str,
    *,
    problem: str = "",
    status: int = 200,
    form: Mapping[str, Any] | None = None,
) -> HTMLResponse:
    """The act, ready to be done; `form` is what was written before."""
    known = found.known
    program = context.programs.load(known.state.digest)
    return page(
        "button.html",
        context,
        status=status,
        zone=found.zone,
        told=dossier(rulebook(program), known.state, known.timeline, context.now()),
        form=act_form(found.do, program, known.state, found.people),
        identity=uuid.uuid4().hex,
        verb=deadline_verb,
        token=token,
        person=found.alert.person,
        problem=problem,
        filled=written(form) | {"do": found.do} if form is not None else {},
    )
