"""The buttons of an alert, `/a/TOKEN`. A button is one act for one person about one handoff.

GET shows the form of the act and changes nothing, because mail scanners follow links. Only POST
acts. Anybody who has the link acts as the person to whom the alert was sent. Therefore the link
expires, and it stops working when its handoff is over. A used button shows what was done, by whom
and when.
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
from gateway.desk.act_forms import act_form, read_act_form, text_fields
from gateway.web.desk_session import person_zone
from gateway.web.outcomes import sentence_of, status_of
from gateway.web.pages import page
from lifecycle.program.rulebook import rulebook
from lifecycle.sales_words import ACT_WORDS
from lifecycle.words.desk_timeline import desk_sentence
from lifecycle.words.dossier import dossier
from lifecycle.words.open_acts import open_acts
from lifecycle.words.time_text import spoken_instant
from lifecycle.words.timeline_text import deadline_verb
from models.decision import Entry
from models.directory import Directory
from usecases.acting import ActDone, LeadNotThere, perform
from usecases.context import Acts, Context
from usecases.viewer import Viewer, viewer_for_person

_DONE_KINDS = {"accept": "accepted", "qualify": "qualified", "recycle": "recycled"}
"""The kind of timeline entry that each act records."""


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
    stored: StoredDossier
    people: Directory
    viewer: Viewer
    zone: ZoneInfo


def router(context: Context, acts: Acts, links_last: timedelta) -> APIRouter:
    """The routes of a button. `links_last`: how long a link works (wall clock)."""
    routes = APIRouter(include_in_schema=False)
    alerts = _Alerts(SqlSentAlerts(context.database), links_last)

    @routes.get("/a/{token}")
    def ready(token: str) -> HTMLResponse:
        """Show the form of the act. It changes nothing."""
        button = _button(context, alerts, token)
        if isinstance(button, HTMLResponse):
            return button
        return _stale_page(context, button) or _form(context, button, token)

    @routes.post("/a/{token}")
    async def act(request: Request, token: str) -> HTMLResponse:
        """Act as the person to whom the alert was sent."""
        return await _press(context, acts, alerts, token, await request.form())

    return routes


async def _press(
    context: Context, acts: Acts, alerts: _Alerts, token: str, form: Mapping[str, Any]
) -> HTMLResponse:
    button = await asyncio.to_thread(_button, context, alerts, token)
    if isinstance(button, HTMLResponse):
        return button
    stale = await asyncio.to_thread(_stale_page, context, button)
    if stale is not None:
        return stale
    try:
        fields = read_act_form(form, button.zone)
    except ValueError as error:
        return _form(context, button, token, problem=str(error), status=422, form=form)
    outcome = await perform(
        context.reports,
        acts,
        context.arrivals,
        button.viewer,
        lead=button.alert.lead,
        do=button.do,
        fields=fields,
        now=context.now(),
    )
    if isinstance(outcome, ActDone):
        return _result_page(context, button, ACT_WORDS[button.do].done, outcome.line)
    if isinstance(outcome, LeadNotThere):
        return _broken_link(context)
    # Somebody may have been faster. Then the page shows what they did, not the refusal.
    current = await asyncio.to_thread(_button, context, alerts, token)
    if not isinstance(current, HTMLResponse):
        button = current
        stale = await asyncio.to_thread(_stale_page, context, button)
        if stale is not None:
            return stale
    state = button.stored.state
    message = sentence_of(outcome, button.do, state.stage, state.owner)
    return _form(context, button, token, problem=message, status=status_of(outcome), form=form)


def _button(context: Context, alerts: _Alerts, token: str) -> _Button | HTMLResponse:
    """The button that a token names, or the page that says why it does not work."""
    read = context.links.read("act", token)
    alert = alerts.sent.by_local_part(read.mail) if read is not None else None
    if read is None or alert is None or read.number >= len(ACTIONS):
        return _broken_link(context)
    if datetime.now(UTC) - alert.sent > alerts.links_last:
        message = "This link has expired. Sign in to the desk to see how the lead stands."
        return _page(context, "This link has expired", message, alert.lead, status=410)
    people = context.people.directory()
    viewer = viewer_for_person(people, alert.person)
    if viewer is None:
        message = "The person it was sent to is in no team any more."
        return _page(context, "This link does not work any more", message, None, status=403)
    stored = context.reports.dossier(context.reports.with_id(alert.lead) or alert.lead)
    if stored is None:
        return _broken_link(context)
    return _Button(
        do=ACTIONS[read.number],
        alert=alert,
        stored=stored,
        people=people,
        viewer=viewer.through("button"),
        zone=person_zone(context, people, alert.person),
    )


def _stale_page(context: Context, button: _Button) -> HTMLResponse | None:
    """The page for a lead that has moved on since the alert; None if it has not."""
    state, alert = button.stored.state, button.alert
    # A handoff of a lead that was merged goes on under another number, and nobody is alerted anew.
    same = state.handoff is not None and (
        state.handoff.number == alert.handoff or alert.lead in state.joined
    )
    done = _done_by(button) if button.do in _DONE_KINDS else None
    if done is not None:
        return _page_about(context, button, "This was done already.", done)
    if not same:
        last = next((one for one in reversed(button.stored.timeline) if one.kind == "stage"), None)
        return _page_about(context, button, "The lead has moved on since this mail.", last)
    if alert.person not in (state.owner, button.people.manager_of(button.stored.line.team)):
        last = next(
            (one for one in reversed(button.stored.timeline) if one.kind == "assigned"), None
        )
        return _page_about(context, button, "The lead is somebody else's now.", last)
    if button.do not in open_acts(state, manages=True):
        last = next((one for one in reversed(button.stored.timeline) if one.kind == "stage"), None)
        return _page_about(context, button, "The lead has moved on since this mail.", last)
    return None


def _done_by(button: _Button) -> Entry | None:
    """The timeline entry of the act in this handoff; None if it was not done."""
    done = None
    within = False
    for one in button.stored.timeline:
        if one.kind == "handoff_opened":
            within = one.fields.get("handoff") == button.alert.handoff
        elif within and one.kind == _DONE_KINDS[button.do]:
            done = one
    return done


def _page_about(
    context: Context, button: _Button, message: str, entry: Entry | None
) -> HTMLResponse:
    now, more = context.now(), ""
    if entry is not None:
        said = desk_sentence(entry, now, button.zone, button.people.names)
        more = f" {said}, {spoken_instant(entry.at, now, button.zone)}."
    return _result_page(context, button, f"{message}{more}", button.stored.line)


def _result_page(
    context: Context, button: _Button, message: str, line: LeadLine | None
) -> HTMLResponse:
    """The page with this message. It links to the lead if the person may see it."""
    title = f"{button.stored.state.profile.get('company') or button.stored.line.email or 'A lead'}"
    seen = line is not None and button.viewer.sees(line)
    return _page(context, title, message, button.alert.lead if seen else None, status=200)


def _page(
    context: Context, title: str, message: str, lead: str | None, *, status: int
) -> HTMLResponse:
    return page("button_said.html", context, status=status, title=title, message=message, lead=lead)


def _broken_link(context: Context) -> HTMLResponse:
    message = "It may have been cut off on its way. Use the button in the mail, or sign in."
    return _page(context, "This link does not work", message, None, status=404)


def _form(
    context: Context,
    button: _Button,
    token: str,
    *,
    problem: str = "",
    status: int = 200,
    form: Mapping[str, Any] | None = None,
) -> HTMLResponse:
    """The page with the form of the act. `form` holds what the person sent before."""
    stored = button.stored
    program = context.programs.load(stored.state.digest)
    return page(
        "button.html",
        context,
        status=status,
        zone=button.zone,
        dossier=dossier(rulebook(program), stored.state, stored.timeline, context.now()),
        form=act_form(button.do, program, stored.state, button.people),
        identity=uuid.uuid4().hex,
        verb=deadline_verb,
        token=token,
        person=button.alert.person,
        problem=problem,
        filled=text_fields(form) | {"do": button.do} if form is not None else {},
    )
