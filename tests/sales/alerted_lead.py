"""Acme's sales office for tests: one lead under the shipped program, and the alerts it causes."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from adapters.files.program import read_program
from adapters.files.teams import read_directory
from adapters.mail.alert_card import AlertCard, alert_card
from lifecycle.program.rulebook import rulebook
from lifecycle.words.dossier import Dossier, dossier
from models.decision import Alert, AnyCommand
from models.directory import Directory
from models.inputs import Event, Input, Result
from models.messages import read_act
from models.program.program import Program
from simulation.pure import PureWorld
from simulation.scenario import Newcomer

_PROGRAMS = Path(__file__).parents[2] / "programs"


def _with_one_accept_clock(program: Program) -> Program:
    """The program, in which every MQL is to be accepted within four hours."""
    written = json.loads(program.canonical_json)
    clocks = written["handoff"]["accept"]
    written["handoff"]["accept"] = {name: it for name, it in clocks[1].items() if name != "when"}
    return Program.model_validate(written)


ACME = _with_one_accept_clock(read_program(_PROGRAMS / "acme.yaml"))
PEOPLE = read_directory(_PROGRAMS / "teams.yaml")
RILEY, SAM, MORGAN = "riley@acme.example", "sam@acme.example", "morgan@acme.example"
THURSDAY = datetime(2026, 3, 5, 10, tzinfo=ZoneInfo("America/New_York"))
"""Ten o'clock; the office is open from nine to half past twelve and from half past one to six."""
PROFILE = {
    "email": "ana@northwind.example",
    "first_name": "Ana",
    "last_name": "Silva",
    "company": "Northwind",
    "title": "VP Sales",
    "employees": 900,
    "phone": "+1 555 0100",
}


class AlertedLead(PureWorld):
    """One lead, `ana`, and the alerts about it."""

    def __init__(self, people: Directory = PEOPLE, **profile: Any) -> None:
        super().__init__(ACME, people)
        self.alerts: list[Alert] = []
        self.at = THURSDAY
        self.create(Newcomer(lead="ana", at=self.at, profile=PROFILE | profile), 0)

    def _perform(self, lead: str, command: AnyCommand) -> Result | None:
        if isinstance(command, Alert):
            self.alerts.append(command)
        return super()._perform(lead, command)

    def at_hour(self, hour: float, *, days: int = 0) -> None:
        """Let time pass to an hour of the day, doing what falls due before."""
        midnight = THURSDAY.replace(hour=0) + timedelta(days=days)
        self.at = midnight + timedelta(hours=hour)
        while (due := self.next_due()) is not None and due < self.at:
            self.do_due()

    def event(self, type_: str, subject: str = "", **data: Any) -> None:
        """Give the lead an event."""
        self.at += timedelta(minutes=1)
        self._give(
            Event(
                id=f"{type_} {self.at}",
                type=type_,
                subject=subject,
                at=self.at,
                arrived=self.at,
                data=data,
            )
        )

    def act(self, do: str, by: str, **fields: Any) -> None:
        """Somebody acts."""
        self.at += timedelta(minutes=1)
        self._give(read_act(do, {"by": by, **fields}, self.at))

    def _give(self, given: Input) -> None:
        self.take("ana", given)

    def latest_alert(self, why: str) -> Alert:
        """The latest alert for this reason."""
        return [one for one in self.alerts if one.why == why][-1]

    def dossier(self) -> Dossier:
        """The lead's dossier now."""
        return dossier(rulebook(ACME), self.states["ana"], self.entries["ana"], self.at)

    def card(self, alert: Alert) -> AlertCard:
        """An alert's card as the lead stands."""
        return alert_card(ACME, self.states["ana"], tuple(self.entries["ana"]), PEOPLE, alert)


def ana_asks_for_a_demo() -> AlertedLead:
    """Ana has looked around, and asks for a demo on Thursday at two."""
    ana = AlertedLead()
    ana.at_hour(11)
    ana.event("page.viewed", "/pricing")
    ana.event("page.viewed", "/pricing")
    ana.event("form.submitted", "newsletter")
    ana.at_hour(14 - 1 / 60)
    ana.event("form.submitted", "demo")
    return ana
