"""Simulated leads, with the real rules and a real database but without Temporal; desk browsers.

An act is done at once, by the same rules that a lead's workflow runs.
"""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import sqlalchemy as sa

from activities.alert_pace import alert_id
from activities.ports import Fence
from adapters.mail.alert_card import ACTIONS
from adapters.sql.desk_sessions import SqlDeskSessions
from adapters.sql.merges import SqlMerges
from adapters.temporal.client import LeadNotFoundError
from lifecycle.decide import decide, new_lead
from lifecycle.moves.merge import judge
from lifecycle.program.rulebook import rulebook
from models.decision import Alert, Answer, AnyCommand, Assign, CountAssignment, SendMail
from models.envelopes import MergeResult, MergeWork
from models.inputs import Created, Event, Input, MergedFrom, MergedInto, Result
from models.messages import read_act
from models.program.program import Program
from models.refusal import RefusedError
from models.state import LeadState, read_state
from models.tables.columns import table_of
from models.tables.mail import MessageRow
from tests.sent_alerts import send_together
from usecases.context import Context

RILEY, SAM, MORGAN = "riley@acme.example", "sam@acme.example", "morgan@acme.example"
JONAS, MARA, ALEX = "jonas@acme.example", "mara@acme.example", "alex@acme.example"
KIM, LOU = "kim@acme.example", "lou@acme.example"
PEOPLE: dict[str, Any] = {
    "teams": {
        "sdr": {
            "manager": MORGAN,
            "members": [
                {"email": RILEY, "name": "Riley", "timezone": "America/New_York"},
                {"email": SAM, "name": "Sam"},
            ],
        },
        "emea": {
            "manager": MARA,
            "members": [{"email": JONAS, "name": "Jonas", "timezone": "Europe/Berlin"}],
        },
        "ae": {"manager": MORGAN, "members": [{"email": ALEX, "name": "Alex"}]},
    },
    "marketing": [
        {"email": KIM, "name": "Kim", "role": "admin", "timezone": "America/New_York"},
        {"email": LOU, "name": "Lou"},
    ],
}
NAMES = {RILEY: "Riley", SAM: "Sam"}
"""How a timeline at the desk names them."""
SESSION = "__Host-leadflow"
"""The cookie's name if the gateway is reached over TLS."""


@dataclass
class MovableClock:
    """The program's clock; tests move it."""

    at: datetime

    def __call__(self) -> datetime:
        return self.at


@dataclass
class SimulatedLeads:
    """Leads, and the alerts that they sent.

    Each act raises the next of `failures`, if there is one. If `overtaking` has fields, somebody
    does the next act with these fields a moment earlier.
    """

    context: Context
    program: Program
    clock: MovableClock
    alerts: list[tuple[str, Alert]] = field(default_factory=list)
    asked: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    failures: list[Exception] = field(default_factory=list)
    overtaking: dict[str, Any] = field(default_factory=dict)
    _turns: int = 0

    def lead(self, lead: str, **profile: Any) -> None:
        """A new lead that asked for a demo and has an owner."""
        self.new_lead(lead, **profile)
        self.event(lead, "form.submitted", "demo")

    def new_lead(self, lead: str, **profile: Any) -> None:
        """A new lead."""
        fields = {
            "email": f"{lead.lower()}@northwind.example",
            "first_name": lead.capitalize(),
            "company": "Northwind",
            "employees": 900,
            "country": "US",
        }
        state = new_lead(lead, self.program)
        self._turn(state, [Created(arrived=self.clock(), profile=fields | profile)])

    def event(self, lead: str, type_: str, subject: str = "", **data: Any) -> None:
        """Give a lead an event."""
        self._turns += 1
        now = self.clock()
        event = Event(
            id=f"e{self._turns}", type=type_, subject=subject, at=now, arrived=now, data=data
        )
        self._turn(self.state(lead), [event])

    def wait(self, lead: str, **length: float) -> None:
        """Move the clock, and run the lead's turn."""
        self.clock.at += timedelta(**length)
        self._turn(self.state(lead), [])

    async def leave(self, lead: str, do: str, fields: dict[str, Any]) -> None:
        """Leave an act, which nobody performs here."""

    async def act(self, lead: str, do: str, fields: dict[str, Any]) -> None:
        """Act on a lead: `usecases.context.Acts`."""
        if self.failures:
            raise self.failures.pop(0)
        if self.overtaking:
            faster, self.overtaking = fields | self.overtaking, {}
            await self.act(lead, do, faster)
        self.asked.append((lead, do, fields))
        if self.context.journal.stored(lead) is None:
            raise LeadNotFoundError(lead)
        refused = self._turn(self.state(lead), [read_act(do, fields, self.clock(), ref=1)])
        if refused is not None:
            raise RefusedError(refused.refused or "", why=refused.why or "")

    async def merge(self, work: MergeWork) -> MergeResult:
        """Merge two leads, as the workflow of a merge does."""
        pair = SqlMerges(self.context.database).pair(work["keep"], work["other"])
        assert pair.keep is not None
        keep, other = pair.keep.lead, work["other"]
        verdict = judge(keep, other, pair.now)
        if verdict == "done":
            return MergeResult(verdict=verdict, into=pair.now)
        given = MergedFrom(arrived=self.clock(), other=other, into=pair.now, by=work.get("by"))
        if verdict != "do":
            self._turn(pair.keep, [replace(given, why=verdict)])
            return MergeResult(verdict=verdict, into=pair.now)
        into = MergedInto(arrived=self.clock(), keep=keep, to=pair.keep.digest)
        self._turn(self.state(other), [into])
        merged = self.state(other).merged
        assert merged is not None
        self._turn(pair.keep, [replace(given, left=read_state(merged.left))])
        return MergeResult(verdict="do", into=keep)

    def state(self, lead: str) -> LeadState:
        """A lead's state."""
        stored = self.context.journal.stored(lead)
        assert stored is not None
        return stored.state

    def entries(self, lead: str, kind: str) -> list[dict[str, Any]]:
        """The fields of a lead's entries of one kind."""
        timeline = self.context.reports.timeline(lead)
        return [dict(one.fields) for one in timeline if one.kind == kind]

    def button(self, lead: str, person: str, do: str, *, why: str = "assigned") -> str:
        """The path of a button in the latest such alert to this person."""
        sent = [one for of, one in self.alerts if (of, one.to, one.why) == (lead, person, why)]
        message = _message(sent[-1])
        return self.context.links.action(message, ACTIONS.index(do)).partition("acme.example")[2]

    def set_age_of_alerts(self, **length: float) -> None:
        """Give all alerts this age, by the wall clock. Negative: the sender's clock is ahead."""
        messages = table_of(MessageRow)
        with self.context.database.write() as connection:
            connection.execute(
                sa.update(messages).values(updated=datetime.now(UTC) - timedelta(**length))
            )

    def _turn(self, state: LeadState, inputs: Sequence[Input]) -> Answer | None:
        """Run turns until nothing is left to do now. Return the refusal of the act, if it was."""
        refused = None
        waiting = list(inputs)
        while True:
            people = self.context.people.directory()
            decision = decide(rulebook(self.program), state, waiting, self.clock(), people=people)
            self._turns += 1
            fence = Fence(run=1, length=self._turns)
            self.context.journal.record(decision, fence, self.clock())
            refused = refused or next((one for one in decision.answers if one.refused), None)
            state = decision.state
            waiting = [one for command in decision.commands for one in self._done(state, command)]
            if not waiting:
                return refused

    def _done(self, state: LeadState, command: AnyCommand) -> list[Input]:
        people, key, at = self.context.people, command.key, command.at
        if isinstance(command, Assign):
            owner, why = people.assign(state.lead, command, state.turn + 1)
            if owner is None:
                return [Result(arrived=at, key=key, outcome="unassigned", why=why)]
            return [Result(arrived=at, key=key, outcome="assigned", owner=owner)]
        if isinstance(command, SendMail):
            return [Result(arrived=at, key=key, outcome="sent")]
        if isinstance(command, CountAssignment):
            people.count(state.lead, command, state.turn)
        if isinstance(command, Alert):
            self.alerts.append((state.lead, command))
            send_together(self.context.database, [(state.lead, command)])
        return []


def _message(command: Alert) -> str:
    return f"{alert_id(command.key)}@acme.example"


@dataclass
class DeskBrowser:
    """A browser of a person who is signed in, and the page that it shows."""

    http: httpx.AsyncClient
    page: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    """Headers in which the browser says from where a form was sent."""

    async def open(self, path: str, **options: Any) -> httpx.Response:
        """Open a page. Redirects are not followed."""
        answer = await self.http.get(path, **options)
        self.page = answer.text
        return answer

    async def send(self, path: str, **fields: str | list[str]) -> httpx.Response:
        """Send a form with the token of the page that was opened last."""
        fields.setdefault("token", hidden_value(self.page, "token"))
        answer = await self.http.post(path, data=fields, headers=self.headers)
        if answer.status_code != 303:
            self.page = answer.text
        return answer

    async def act(self, lead: str, do: str, **fields: str) -> httpx.Response:
        """Open a lead's page and send one of its acts."""
        await self.open(f"/desk/leads/{lead}")
        return await self.send(f"/desk/leads/{lead}/acts", do=do, **fields)


def sign_in_browser(http: httpx.AsyncClient, context: Context, person: str) -> DeskBrowser:
    """Sign a person in, in this browser."""
    sessions = SqlDeskSessions(context.database)
    session = sessions.sign_in(sessions.invite(person))
    assert session is not None
    http.cookies.set(SESSION, session, domain="go.acme.example")
    return DeskBrowser(http)


def hidden_value(page: str, name: str) -> str:
    """The first hidden field of this name on a page; empty if there is none."""
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    return html.unescape(found[1]) if found else ""


def page_text(page: str) -> str:
    """The text of a page, without markup."""
    bare = re.sub(r"<(style|script).*?</\1>|<[^>]+>", " ", page, flags=re.DOTALL)
    return " ".join(html.unescape(bare).split())


def colleague_of(owner: str) -> str:
    """The other member of the team `sdr`."""
    return SAM if owner == RILEY else RILEY


async def press_button(http: httpx.AsyncClient, path: str, **fields: str) -> httpx.Response:
    """Open a button's page and send its form."""
    ready = await http.get(path)
    return await http.post(path, data={"id": hidden_value(ready.text, "id"), **fields})
