"""The real stack on a clock that is sixty times as fast, and the mail of its people."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from adapters.delivery.catcher import messages
from adapters.reports.leads import LeadLine, SqlReports
from adapters.sql.database import Database
from adapters.sql.desk_sessions import SqlDeskSessions
from adapters.sql.directory import SqlDirectory
from adapters.temporal.client import Leads
from models.program.program import Program
from tests.waiting import until

RILEY, SAM, MORGAN = "riley@acme.example", "sam@acme.example", "morgan@acme.example"
JONAS, MARA = "jonas@acme.example", "mara@acme.example"


@dataclass(frozen=True, kw_only=True)
class RunningStack:
    """Leads, mail and people of a running stack."""

    url: str
    mail: Path
    database: Database
    leads: Leads
    programs: dict[str, Program]

    async def hand_over_lead(self, lead: str, program: str = "acme", **profile: Any) -> LeadLine:
        """A new lead that asked for a demo, as soon as its owner got the mail."""
        fields = {
            "email": f"{lead}@northwind.example",
            "first_name": lead.capitalize(),
            "last_name": "Lopez",
            "company": f"Northwind {lead.capitalize()}",
            "title": "VP Operations",
            "employees": 900,
            "country": "US",
        }
        assert await self.leads.enrol(lead, self.programs[program], fields | profile)
        await self.leads.events(
            lead,
            [
                {"type": "page.viewed", "subject": "/pricing"},
                {"type": "content.downloaded", "subject": "the handoff handbook"},
                {"type": "form.submitted", "subject": "demo"},
            ],
        )
        line = await self.lead_line(lead, lambda one: bool(one.owner))
        await until(lambda: list(self.alerts(lead, "assigned")))
        return line

    async def lead_line(self, lead: str, ready: Any) -> LeadLine:
        """A lead's row, as soon as this holds for it."""

        def found() -> LeadLine | None:
            line = SqlReports(self.database).line(lead)
            return line if line is not None and ready(line) else None

        line: LeadLine = await until(found)
        return line

    def alerts(self, lead: str, why: str) -> Iterator[EmailMessage]:
        """What was mailed about a lead."""
        for one in messages(self.mail):
            if one["X-Leadflow-Lead"] == lead and one["X-Leadflow-Alert"] == why:
                yield one

    async def button(self, lead: str, label: str, *, why: str = "assigned") -> str:
        """Where a button of the latest such alert leads."""
        *_, mail = await until(lambda: list(self.alerts(lead, why)))
        return button_url(mail, label)

    async def sign_in_link(self, person: str) -> str:
        """The link of the latest mail by which this person signs in."""

        def found() -> list[str]:
            mails = [one for one in messages(self.mail) if one["X-Leadflow-Alert"] == "sign_in"]
            return [plain_text(one) for one in mails if one["To"] == person]

        *_, text = await until(found)
        match = re.search(r"http\S+/desk/in/\S+", text)
        assert match is not None
        return match[0]

    def session(self, person: str) -> str:
        """The cookie of somebody who has signed in."""
        sessions = SqlDeskSessions(self.database)
        session = sessions.sign_in(sessions.invite(person))
        assert session is not None
        return session

    def timeline(self, lead: str, kind: str) -> list[dict[str, Any]]:
        """The fields of a lead's entries of one kind."""
        found = SqlReports(self.database).timeline(lead)
        return [dict(one.fields) for one in found if one.kind == kind]

    def people(self) -> SqlDirectory:
        """The directory, as another process has it."""
        return SqlDirectory(self.database)


def plain_text(mail: EmailMessage) -> str:
    """A mail's plain text."""
    part = mail.get_body(("plain",))
    assert part is not None
    return str(part.get_content())


def button_url(mail: EmailMessage, label: str) -> str:
    """Where the button of this name leads."""
    match = re.search(rf"^{re.escape(label)}:\r?\n(\S+)", plain_text(mail), re.MULTILINE)
    assert match is not None, f"the mail has no button {label}"
    return match[1]
