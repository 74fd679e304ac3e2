"""Every door by which a person acts on a lead, and the outcome that each reports."""

from __future__ import annotations

import asyncio
import html
import re
import uuid
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, Literal, Self

import httpx

from adapters.delivery.catcher import messages
from adapters.mail.alert_card import ACTIONS
from adapters.mail.links import SignedLinks
from adapters.reports.leads import SqlReports
from adapters.sql.api_keys import SqlApiKeys
from adapters.sql.database import Database
from adapters.sql.desk_sessions import SqlDeskSessions
from adapters.temporal.client import LeadNotFoundError, Leads
from adapters.temporal.connection import connect_to
from assembly.link_secret import link_secret
from assembly.stack import Stack
from gateway.web.desk_session import form_token
from models.refusal import RefusedError
from tests.cli.conftest import Leadflow, until
from tests.gateway.stored_rows import sign_as_crm

Outcome = Literal["done", "refused", "not there", "malformed"]
DOORS = ("cli", "api", "desk", "button", "crm", "temporal")
AS_THEMSELVES = ("api", "desk", "button")
"""Doors at which a person acts as themselves; at the others the act names a person."""
_BY_STATUS: Mapping[int, Outcome] = {
    200: "done",
    303: "done",
    409: "refused",
    404: "not there",
    422: "malformed",
}
_SAID = re.compile(r'<p[^>]* role="(?:status|alert)">([^<]*)</p>')


@dataclass(frozen=True)
class Alerted:
    """A lead, its owner, and the paths of the alert's buttons by act."""

    id: str
    owner: str
    buttons: Mapping[str, str]


@dataclass(frozen=True)
class Answered:
    """The answer of a door: the outcome and its sentence."""

    outcome: Outcome
    sentence: str


class Doors:
    """The doors of one stack. Each method acts for a person and reads the answer."""

    def __init__(self, stack: Stack, database: Database, leadflow: Leadflow) -> None:
        self._stack = stack
        self._database = database
        self._leadflow = leadflow
        self._open = ExitStack()
        self._http = self._open.enter_context(self._client())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def act(
        self, door: str, lead: Alerted, do: str, *, person: str | None = None, **fields: str
    ) -> Answered:
        """Act on a lead, as its owner if no other person is given."""
        by: Callable[..., Answered] = getattr(self, f"_{door}")
        return by(lead, do, person or lead.owner, {"id": uuid.uuid4().hex, **fields})

    def entries_of(self, lead: Alerted, kind: str) -> list[Mapping[str, Any]]:
        """The fields of a lead's entries of one kind."""
        timeline = SqlReports(self._database).timeline(lead.id)
        return [one.fields for one in timeline if one.kind == kind]

    def stage(self, lead: Alerted) -> str:
        """The stage of a lead."""
        line = SqlReports(self._database).line(lead.id)
        assert line is not None
        return line.stage

    def alerted(self) -> Alerted:
        """A new lead in stage mql whose owner was alerted."""
        lead = f"t{uuid.uuid4().hex[:12]}"
        address = f"{lead}@doors.example"
        profile = ("--employees", "900", "--title", "VP Sales", "--country", "US")
        named = ("--email", address, "--id", lead, "--program", "acme")
        assert self._leadflow("enrol", *named, *profile).status == 0
        assert self._leadflow("event", lead, "form.submitted", "demo").status == 0

        def alert() -> Alerted | None:
            for mail in messages(self._stack.mail):
                if mail["X-Leadflow-Lead"] == lead and mail["X-Leadflow-Alert"] == "assigned":
                    message = str(mail["Message-ID"]).strip("<> ")
                    buttons = {do: self._button_of(message, do) for do in ACTIONS}
                    return Alerted(lead, mail["To"].addresses[0].addr_spec, buttons)
            return None

        found: Alerted = until(alert, 30)
        return found

    def _button_of(self, message: str, do: str) -> str:
        """The path of a button: an alert shows those that its lead's stage allows."""
        settings = self._stack.settings
        secret = link_secret(settings.home, None)
        url, domain = settings.public_url, settings.mail_domain
        links = SignedLinks(public_url=url, mail_domain=domain, secret=secret)
        return links.action(message, ACTIONS.index(do)).removeprefix(url)

    def _client(self) -> httpx.Client:
        return httpx.Client(base_url=self._stack.gateway, timeout=30)

    def _cli(self, lead: Alerted, do: str, person: str, fields: Mapping[str, str]) -> Answered:
        options = [part for name, value in fields.items() for part in (f"--{name}", value)]
        ran = self._leadflow(do, lead.id, "--by", person, *options)
        outcome: Outcome = ("done", "refused", "malformed")[ran.status]
        problem = " ".join(ran.err.split())
        return Answered("not there" if problem.startswith("there is no lead") else outcome, problem)

    def _api(self, lead: Alerted, do: str, person: str, fields: Mapping[str, str]) -> Answered:
        key = SqlApiKeys(self._database).make(person, role="sales", person=person)
        answer = self._http.post(
            f"/v1/leads/{lead.id}/acts",
            json={"do": do, **fields},
            headers={"Authorization": f"Bearer {key}"},
        )
        body = answer.json()
        faults = "; ".join(one["problem"] for one in body.get("errors", ()))
        return Answered(_BY_STATUS[answer.status_code], faults or body.get("detail", ""))

    def _desk(self, lead: Alerted, do: str, person: str, fields: Mapping[str, str]) -> Answered:
        sessions = SqlDeskSessions(self._database)
        session = sessions.sign_in(sessions.invite(person))
        assert session is not None
        with self._client() as browser:
            browser.cookies.set("leadflow", session)
            form = {"do": do, "token": form_token(session), **fields}
            return _page(browser.post(f"/desk/leads/{lead.id}/acts", data=form))

    def _button(self, lead: Alerted, do: str, _: str, fields: Mapping[str, str]) -> Answered:
        return _page(self._http.post(lead.buttons[do], data=dict(fields)))

    def _crm(self, lead: Alerted, do: str, person: str, fields: Mapping[str, str]) -> Answered:
        more = {name: value for name, value in fields.items() if name != "id"}
        body, headers = sign_as_crm(
            {"lead": lead.id, "do": do, "by": person, **more}, identity=fields["id"]
        )
        answer = self._http.post("/v1/crm/acts", content=body, headers=headers)
        return Answered(_BY_STATUS[answer.status_code], answer.json().get("detail", ""))

    def _temporal(self, lead: Alerted, do: str, person: str, fields: Mapping[str, str]) -> Answered:
        async def update() -> None:
            client = await connect_to(self._stack.address)
            leads = Leads(client, self._stack.world.journal)
            await leads.act(lead.id, do, {"by": person, **fields})

        try:
            asyncio.run(update())
        except RefusedError as error:
            return Answered("refused", str(error))
        except LeadNotFoundError as error:
            return Answered("not there", str(error))
        except ValueError as error:
            return Answered("malformed", str(error))
        return Answered("done", "")


def _page(answer: httpx.Response) -> Answered:
    found = _SAID.search(answer.text)
    return Answered(_BY_STATUS[answer.status_code], html.unescape(found[1]) if found else "")
