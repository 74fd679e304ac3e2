"""The board's page of schedules, over a real Temporal server."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest
from temporalio.service import RPCError, RPCStatusCode
from temporalio.testing import WorkflowEnvironment

from adapters.sql.database import Database
from adapters.sql.reengagements import SqlReengagements
from adapters.temporal.schedules import Schedules, ScheduleStanding
from models.directory import Directory
from models.program.program import Program
from models.reengagement import ReengagementRun
from tests.desk.conftest import SignIn
from tests.desk.simulated_leads import KIM, PEOPLE, RILEY, MovableClock, page_text
from tests.fakes import FakeMailer
from tests.gateway.gateway_context import gateway_context
from usecases.context import Context

pytestmark = pytest.mark.xdist_group("servers")

PAGE, NAME = "/board/schedules", "reengage/acme"


class AwaySchedules(Schedules):
    """Schedules on a server that does not answer any more."""

    async def standing(self, name: str) -> ScheduleStanding | None:
        raise RPCError(f"no answer for {name}", RPCStatusCode.UNAVAILABLE, b"")


@pytest.fixture
async def context(  # noqa: PLR0917  # fixtures are named, never positional
    database: Database,
    mailer: FakeMailer,
    clock: MovableClock,
    dev_server: WorkflowEnvironment,
    acme: Program,
    request: pytest.FixtureRequest,
) -> AsyncIterator[Context]:
    """Over the server; with the parameter `away`, over one that does not answer."""
    prefix = f"b{uuid.uuid4().hex[:8]}-"
    schedules = Schedules(dev_server.client, prefix=prefix)
    away = getattr(request, "param", "") == "away"
    served = AwaySchedules(dev_server.client, prefix=prefix) if away else schedules
    found = replace(gateway_context(database, mailer), now=clock, schedules=served)
    found.people.apply(Directory.model_validate(PEOPLE))
    program = acme.model_copy(update={"schedules": {"reengage": acme.schedules["reengage"]}})
    found.programs.publish(program)
    await schedules.follow(program)
    yield found
    await schedules.follow(acme.model_copy(update={"schedules": {}}))


async def test_schedules_are_shown_paused_resumed_and_run(
    context: Context, sign_in: SignIn, clock: MovableClock
) -> None:
    SqlReengagements(context.database).begin(
        ReengagementRun(
            run="reengage/acme/1",
            name="acme",
            version="v" * 64,
            at=clock() - timedelta(days=7),
            phase="ended",
            found=12,
            taken=10,
            left_over=2,
            why_not={"idle": 30, "in_track": 4},
            ended=clock(),
        )
    )
    board = sign_in(KIM)
    await board.open(PAGE)
    shown = page_text(board.page)
    assert "reengage/acme waits 0 9 * * MON , America/New_York Next run" in shown
    assert "12 10 2 idle 30, in track 4" in shown
    assert "reconcile missing" in shown
    for do, standing in (("pause", "paused"), ("resume", "waits")):
        assert (await board.send(PAGE, name=NAME, do=do)).status_code == 303
        await board.open(PAGE)
        assert f"reengage/acme {standing}" in page_text(board.page)
    assert f"Note: by {KIM}, at the board" in page_text(board.page)
    assert (await board.send(PAGE, name=NAME, do="run")).status_code == 303
    await board.open(PAGE)
    assert "reengage/acme running now" in page_text(board.page)
    assert (await board.send(PAGE, name=NAME, do="run")).status_code == 409
    assert "a run of reengage/acme is under way" in page_text(board.page)


async def test_what_is_not_there_and_who_may_not_are_refused(sign_in: SignIn) -> None:
    board = sign_in(KIM)
    await board.open(PAGE)
    form = board.page
    assert (await board.send(PAGE, name="reengage/acne", do="run")).status_code == 404
    assert "did you mean 'reengage/acme'?" in page_text(board.page)
    board.page = form
    assert (await board.send(PAGE, name="reconcile", do="pause")).status_code == 409
    assert "leadflow temporal setup" in page_text(board.page)
    board.page = form.replace('name="token" value="', 'name="token" value="x')
    assert (await board.send(PAGE, name=NAME, do="run")).status_code == 403
    assert (await sign_in(RILEY).open(PAGE)).status_code == 403


@pytest.mark.parametrize("context", ["away"], indirect=True)
async def test_a_temporal_that_is_away_is_a_page_that_says_so(sign_in: SignIn) -> None:
    board = sign_in(KIM)
    assert (await board.open(PAGE)).status_code == 503
    assert "Temporal does not answer now" in page_text(board.page)
