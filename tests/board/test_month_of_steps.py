"""A program's page counts what happened at each step in the last 30 days."""

from __future__ import annotations

import importlib.util
from datetime import timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations

from adapters.files.program import read_program
from adapters.sql.database import Database
from adapters.sql.step_visits import shorten
from models.tables.columns import table_of
from models.tables.visits import StepMail, StepVisit
from reports.proportions import newcombe
from tests.board.busy_program import PROGRAMS, play
from tests.desk.conftest import SignIn
from tests.desk.simulated_leads import KIM, SimulatedLeads, page_text
from usecases.context import Context

_FILE = Path(__file__).parents[2] / "deploy/migrations/versions/r0025b_steps_that_leads_reached.py"
_MAILS, _VISITS = table_of(StepMail), table_of(StepVisit)


def rows(database: Database, table: sa.Table) -> list[dict[str, Any]]:
    order = [one for one in table.c if one.name in ("lead", "turn", "place", "seq")]
    with database.read() as connection:
        found = connection.execute(sa.select(table).order_by(*order)).mappings()
        return [dict(one) for one in found]


async def test_a_step_counts_who_reached_it_went_on_and_left_and_why(
    leads: SimulatedLeads, context: Context, sign_in: SignIn
) -> None:
    context.programs.publish(leads.program)
    for name in ("ana", "bo", "cy"):
        leads.new_lead(name)
    leads.wait("ana", days=3)
    leads.lead("dora")  # it asks for a demo, and leaves the track for sales
    board = sign_in(KIM)
    text = page_text((await board.open("/board/programs/acme")).text)
    assert "send welcome 4 4" in text
    assert "wait 3d 4 1 stage 1" in text
    assert "send problem-guide 1 1" in text
    assert "welcome 4 0 0 0 0 0" in text
    # Nothing that is counted is removed.
    assert shorten(context.database, leads.clock.at + timedelta(days=29)) == 0
    # After 30 days nothing of it is counted any more; what is there stays in the upper table.
    leads.clock.at = leads.clock.at.replace(month=5)
    page = (await board.open("/board/programs/acme")).text
    open_visits = [one for one in rows(context.database, _VISITS) if one["left"] is None]
    mails = len(rows(context.database, _MAILS))
    over = len(rows(context.database, _VISITS)) - len(open_visits)
    assert (bool(open_visits), bool(over), bool(mails)) == (True, True, True)
    assert shorten(context.database, leads.clock.at) == over + mails
    assert rows(context.database, _VISITS) == open_visits
    assert shorten(context.database, leads.clock.at) == 0
    text = page_text((await board.open("/board/programs/acme")).text)
    assert text == page_text(page)
    assert "send welcome 4 4" not in text
    assert "Nobody reached a step of it in the last 30 days" in text


async def test_what_recipients_did_counts_for_the_mail_that_was_sent_last(
    leads: SimulatedLeads, context: Context, sign_in: SignIn
) -> None:
    context.programs.publish(leads.program)
    for name in ("ana", "bo"):
        leads.new_lead(name)
    for kind in ("delivered", "opened", "clicked", "clicked", "replied"):
        leads.event("ana", f"email.{kind}", "welcome")
    leads.event("bo", "email.clicked", "another mail")
    leads.event("bo", "email.unsubscribed", "welcome")
    text = page_text((await sign_in(KIM).open("/board/programs/acme")).text)
    assert "welcome 2 1 50.0 % 1 50.0 % 1 50.0 % 1 50.0 % 1 50.0 %" in text


async def test_variants_are_compared_with_an_interval_for_their_difference(
    leads: SimulatedLeads, context: Context, sign_in: SignIn, tmp_path: Path
) -> None:
    text = (PROGRAMS / "acme.yaml").read_text("utf-8")
    file = tmp_path / "acme.yaml"
    choices = "      - variants: {a: ebook, b: case-study}\n"
    file.write_text(text.replace("      - email: welcome\n", choices, 1))
    (tmp_path / "welcome.mjml").write_text((PROGRAMS / "welcome.mjml").read_text("utf-8"))
    program = read_program(file)
    context.programs.publish(program)
    split = SimulatedLeads(context, program, leads.clock)
    for number in range(12):
        split.new_lead(f"known-{number}")
    sent = {
        email: [one["lead"] for one in rows(context.database, _MAILS) if one["email"] == email]
        for email in ("case-study", "ebook")
    }
    first, other = sent["case-study"], sent["ebook"]
    assert len(first) > 1
    assert len(other) > 1
    split.event(other[0], "email.clicked", "ebook")
    shown = page_text((await sign_in(KIM).open("/board/programs/acme")).text)
    low, high = (100 * one for one in newcombe(1, len(other), 0, len(first)))
    points = f"{100 / len(other):+.1f} points ({low:+.1f} to {high:+.1f})"
    assert points in shown


async def test_the_migration_finds_the_mails_and_their_steps_on_the_timelines(
    leads: SimulatedLeads, context: Context, database: Database
) -> None:
    await play(leads, context)
    leads.event("known-0", "email.clicked", "welcome")
    mails, visits = rows(database, _MAILS), rows(database, _VISITS)
    spec = importlib.util.spec_from_file_location("r0025b", _FILE)
    assert spec is not None
    assert spec.loader is not None
    migration = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(migration)
    with database.write() as connection:
        for table in ("step_visits", "step_mails"):
            connection.execute(sa.text(f"DROP TABLE {table}"))
        with Operations.context(MigrationContext.configure(connection)):
            migration.upgrade()
    assert rows(database, _MAILS) == mails
    kept = ("lead", "digest", "track", "step", "left")

    def told(found: list[dict[str, Any]]) -> set[tuple[Any, ...]]:
        # Not told are waits that were over before, steps that were left without a mail, and since
        # when one stands at a step.
        ids = {one["email"] for one in mails}
        return {
            tuple(row[name] for name in kept)
            for row in found
            if row["left"] is None or (row["step"] in ids and row["why"] is None)
        }

    assert told(rows(database, _VISITS)) == told(visits)
