"""Leads of a team that is missing or has no manager: the operations contact hears of it."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from typing import Any

import pytest
import structlog
from temporalio.testing import ActivityEnvironment

from activities.envelopes import write_command
from activities.sales import SalesActivities
from adapters.mail.render import MailRenderer
from models.decision import OPERATIONS, Alert
from models.directory import Directory
from models.envelopes import Work
from tests.fakes import FakePeople, FakePrograms, FakeWorld
from tests.sales.alerted_lead import ACME, MORGAN, PEOPLE, RILEY, AlertedLead

CONTACT = "operations@acme.example"
NO_SDR = Directory(teams={name: team for name, team in PEOPLE.teams.items() if name != "sdr"})
NO_MANAGER = Directory(
    teams={**PEOPLE.teams, "sdr": PEOPLE.teams["sdr"].model_copy(update={"manager": None})}
)


def demo_in(people: Directory) -> AlertedLead:
    """Ana asks for a demo, and nobody accepts her on the first day."""
    ana = AlertedLead(people)
    ana.at_hour(11)
    ana.event("form.submitted", "demo")
    ana.at_hour(18)
    return ana


def to_operations(people: Directory) -> list[Alert]:
    return [one for one in demo_in(people).alerts if one.to == OPERATIONS]


async def send(of: FakeWorld, *alerts: Alert) -> None:
    work = Work(lead="ana", commands=[write_command(one) for one in alerts])
    await ActivityEnvironment().run(SalesActivities(of.ports).alert, work)


def world(people: Directory, contact: str | None) -> FakeWorld:
    made = FakeWorld(
        programs=FakePrograms({ACME.digest: ACME}),
        people=FakePeople(people),
        operations_contact=contact,
    )
    made.journal.states["ana"] = demo_in(people).states["ana"]
    return made


def test_a_missing_team_leaves_no_lead_without_an_alert() -> None:
    (alert,) = to_operations(NO_SDR)
    assert (alert.why, alert.text) == (
        "unassigned",
        "Nobody of team sdr can take the lead: the team has no members.",
    )
    assert "alerted" not in [one.kind for one in demo_in(NO_SDR).entries["ana"]]


def test_a_team_without_a_manager_has_its_breaches_told() -> None:
    assert [one.why for one in to_operations(NO_MANAGER)][:1] == ["breached"]


def test_a_team_with_a_manager_alerts_the_manager() -> None:
    assert to_operations(PEOPLE) == []


@pytest.mark.parametrize(
    ("people", "team", "owner"),
    [
        (NO_MANAGER, "has no manager", RILEY),
        (PEOPLE, "owns a lead and is not there", MORGAN),
    ],
)
@pytest.mark.parametrize("event", ["owner.left", "owner.unreachable"])
def test_an_owner_who_is_gone_is_told_where_no_manager_can_be(
    people: Directory, team: str, owner: str, event: str
) -> None:
    ana = AlertedLead(people)
    ana.at_hour(11)
    ana.event("form.submitted", "demo")
    if owner != ana.states["ana"].owner:
        ana.act("accept", owner)
    ana.event(event, person=owner)
    ana.event(event, person=owner)
    told = [one for one in ana.alerts if one.why == event.replace(".", "_")]
    assert [one.to for one in told] == [OPERATIONS]
    assert "alerted" not in [one.kind for one in ana.entries["ana"]]
    alert = dataclasses.replace(told[0], to=CONTACT)
    mail = MailRenderer().operations_notice(ACME, people, "sdr", "ana", alert)
    assert team in mail.subject
    assert owner in mail.text


async def test_the_contact_gets_one_mail_a_day_for_each_program_and_team() -> None:
    of = world(NO_SDR, CONTACT)
    (alert,) = to_operations(NO_SDR)
    later = dataclasses.replace(alert, key="ben/alert", at=alert.at + timedelta(minutes=5))
    tomorrow = dataclasses.replace(alert, key="cy/alert", at=alert.at + timedelta(days=1))
    await send(of, alert, later)
    assert of.mailer.to(CONTACT) == ["unassigned"]
    await send(of, later, tomorrow)
    assert of.mailer.to(CONTACT) == ["unassigned", "unassigned"]
    assert RILEY not in [mail.to for mail in of.mailer.sent]


async def test_without_a_contact_the_worker_logs_a_warning() -> None:
    of = world(NO_SDR, None)
    with structlog.testing.capture_logs() as logged:
        await send(of, *to_operations(NO_SDR))
    (line,) = logged
    assert line["log_level"] == "warning"
    assert "LEADFLOW_OPERATIONS_CONTACT is not set" in line["event"]
    assert of.mailer.sent == []


@pytest.mark.parametrize(
    ("people", "team", "wrong", "remedy"),
    [
        (NO_SDR, "sdr", "team 'sdr' is not in the directory", "add the team, its manager"),
        (NO_MANAGER, "sdr", "team 'sdr' has no manager", "add 'manager: ADDRESS' to the team"),
        (PEOPLE, None, "no rule of routing names a team", "add a last rule 'otherwise: TEAM'"),
    ],
)
def test_the_mail_says_what_is_wrong_and_what_to_do(
    people: Directory, team: str | None, wrong: str, remedy: str
) -> None:
    (alert,) = to_operations(NO_SDR)
    fields: dict[str, Any] = {"to": CONTACT, "key": f"operations/acme/{team}/2026-03-05"}
    mail = MailRenderer().operations_notice(
        ACME, people, team, "ana", dataclasses.replace(alert, **fields)
    )
    assert mail.to == CONTACT
    assert mail.subject.startswith(f"acme: {wrong}")
    assert remedy in mail.text
    assert "Such as lead ana: Nobody of team sdr can take the lead" in mail.text
