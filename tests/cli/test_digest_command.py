"""The digest by hand, and the schedule that publishing makes, on the running stack."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter

from adapters.delivery.catcher import messages
from adapters.sql.database import open_database
from adapters.temporal.schedules import Schedules, schedule_id
from assembly.stack import Stack
from tests.cli.conftest import ACME, Leadflow, until
from usecases.publishing import follow_all

MARA, MORGAN = "mara@acme.example", "morgan@acme.example"


def test_managers_are_shown_or_mailed_what_is_open(
    leadflow: Leadflow, seen: Callable[..., Any], stack: Stack
) -> None:
    email = "digest@digest.example"
    fields = ("--email", email, "--employees", "900", "--first-name", "Dina", "--program", "acme")
    assert leadflow("enrol", *fields).status == 0
    lead = seen(email)["lead"]
    assert leadflow("event", lead, "form.submitted", "demo").status == 0
    seen(lead, lambda one: one["owner"])
    shown = {
        one["manager"]: one
        for one in leadflow("digest", "--program", "acme", "--show", "--json").lines
    }
    assert set(shown) == {MARA, MORGAN}
    assert "Dina" in shown[MORGAN]["text"]
    assert "Dina" not in shown[MARA]["text"]
    printed = leadflow("digest", "--program", "acme", "--show").out
    assert f"To: {MORGAN}" in printed

    def digests() -> list[Any]:
        return [one for one in messages(stack.mail) if one["X-Leadflow-Alert"] == "digest"]

    assert digests() == []
    sent = leadflow("digest", "--program", "acme", "--json").lines
    assert sent == [{"manager": one, "digest": "sent"} for one in (MARA, MORGAN)]
    mails = until(lambda: digests() if len(digests()) == 2 else None)
    (to_morgan,) = [one for one in mails if one["To"] == MORGAN]
    assert to_morgan["Auto-Submitted"] == "auto-generated"
    assert "Dina" in to_morgan.get_body(("plain",)).get_content()
    assert "Dina" in to_morgan.get_body(("html",)).get_content()


def test_a_program_that_was_not_published_has_no_digest(leadflow: Leadflow) -> None:
    ran = leadflow("digest", "--program", "acne")
    assert (ran.status, "did you mean 'acme'" in ran.err) == (2, True)


def digest_hour(stack: Stack, program: str) -> int | None:
    """The hour at which a program's digest is mailed; None without a digest."""

    async def asked() -> int | None:
        client = await Client.connect(stack.address, data_converter=pydantic_data_converter)
        async for one in await client.list_schedules():
            if one.id == schedule_id(program) and one.schedule is not None:
                return one.schedule.spec.calendars[0].hour[0].start
        return None

    return asyncio.run(asked())


def test_publishing_by_launch_or_enrol_makes_changes_and_removes_the_schedule(
    leadflow: Leadflow, stack: Stack, tmp_path: Path
) -> None:
    text = Path(ACME).read_text("utf-8").replace("program: acme", "program: digested")
    file = tmp_path / "digested.yaml"
    (tmp_path / "welcome.mjml").write_text(Path(ACME).with_name("welcome.mjml").read_text("utf-8"))
    leads = tmp_path / "leads.csv"
    leads.write_text("email\nlaunched@digest.example\n", "utf-8")
    file.write_text(text, "utf-8")
    assert leadflow("launch", str(leads), "--program", str(file)).status == 0
    until(lambda: digest_hour(stack, "digested") == 8)
    file.write_text(text.replace('"30 8 * * MON-FRI"', '"0 17 * * FRI"'), "utf-8")
    enrol = ("enrol", "--email", "enrolled@digest.example", "--program")
    assert leadflow(*enrol, str(file)).status == 0
    until(lambda: digest_hour(stack, "digested") == 17)
    assert leadflow(*enrol, "digested").status == 0
    file.write_text(text.replace("  digest: ", "  # digest: "), "utf-8")
    assert leadflow(*enrol, str(file)).status == 0
    until(lambda: digest_hour(stack, "digested") is None)


@pytest.mark.usefixtures("leadflow")
def test_the_stack_has_the_schedules_of_programs_that_were_published_before(stack: Stack) -> None:
    async def restarted() -> None:
        client = await Client.connect(stack.address, data_converter=pydantic_data_converter)
        database = open_database(stack.settings.database)
        try:
            await follow_all(Schedules(client), database)
        finally:
            database.close()

    asyncio.run(restarted())
    until(lambda: digest_hour(stack, "acme") == 8)
