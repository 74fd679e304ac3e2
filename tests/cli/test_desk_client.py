"""The demonstration's sales people on a real stack: the button of an alert, then the desk."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from email.message import EmailMessage

import pytest

from adapters.delivery.catcher import messages
from adapters.mail.alert_bundle import alerts_in
from adapters.temporal.client import Leads
from adapters.temporal.connection import connect_to
from assembly.stack import Stack
from demonstration.desk_client import DeskClient
from models.refusal import RefusedError
from tests.waiting import until

PROFILE = {"email": "vera@visits.example", "employees": 900, "title": "VP", "country": "US"}


@pytest.fixture
async def desk(stack: Stack) -> AsyncIterator[DeskClient]:
    made = DeskClient(stack.gateway)
    yield made
    await made.close()


def mail_of(
    stack: Stack, alert: str, matches: Callable[[EmailMessage], bool]
) -> EmailMessage | None:
    """The latest mail of this kind."""
    found = [
        one
        for one in messages(stack.mail)
        if one["X-Leadflow-Alert"] is not None and str(one["X-Leadflow-Alert"]) == alert
    ]
    return next((one for one in reversed(found) if matches(one)), None)


async def test_a_lead_is_accepted_by_its_button_and_touched_at_the_desk(
    stack: Stack, desk: DeskClient
) -> None:
    # The stack lives in another thread's loop, so this one has a client of its own.
    leads = Leads(await connect_to(stack.address), stack.world.journal)
    program = stack.world.programs.newest("acme")  # type: ignore[attr-defined]  # the real adapter
    assert await leads.enrol("vera", program, PROFILE)
    await leads.events("vera", [{"type": "form.submitted", "subject": "demo"}])

    def assigned() -> EmailMessage | None:
        return mail_of(stack, "assigned", lambda one: str(one["X-Leadflow-Lead"]) == "vera")

    alert: EmailMessage = await until(assigned)
    person = alert["To"].addresses[0].addr_spec
    [(_, _, text)] = alerts_in(alert)
    await desk.accept(text)
    assert await _stage(leads) == "sal"
    with pytest.raises(RefusedError, match="This was done already"):
        await desk.accept(text)

    touching = asyncio.create_task(desk.act(person, "vera", "touch", {"channel": "call"}))
    link = await until(lambda: mail_of(stack, "sign_in", lambda one: person in one["To"]))
    desk.take_link(person, link)
    await touching
    with pytest.raises(RefusedError, match="Recycling for no_response needs 6 touches"):
        await desk.act(person, "vera", "recycle", {"reason": "no_response"})
    with pytest.raises(RefusedError, match="There is no lead 'somebody-elses' among"):
        await desk.act(person, "somebody-elses", "touch", {"channel": "call"})
    await desk.act(person, "vera", "qualify", {})
    assert await _stage(leads) == "sql"


async def _stage(leads: Leads) -> str:
    return str((await leads.standing("vera"))["stage"])
