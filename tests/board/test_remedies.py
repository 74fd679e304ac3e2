"""What one can do about leads that do not move, and tracks that are silent for too long."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from adapters.sql.suppressions import SqlSuppressionList
from gateway.web.desk_session import form_token
from models.tables.columns import table_of
from models.tables.visits import TrackHour
from tests.desk.conftest import SignIn
from tests.desk.simulated_leads import (
    JONAS,
    KIM,
    LOU,
    SESSION,
    SimulatedLeads,
    page_text,
)
from usecases.context import Context

NOT_MOVING = "/board/not-moving"


async def test_an_address_that_works_again_gets_mail_again(
    leads: SimulatedLeads, context: Context, sign_in: SignIn
) -> None:
    leads.new_lead("ana")
    leads.new_lead("bo")
    leads.event("ana", "email.bounced", "welcome", kind="hard")
    suppressions = SqlSuppressionList(context.database)
    assert [one.reason for one in suppressions.all()] == ["bounced"]
    board = sign_in(LOU)
    await board.open("/board/leads/bo")
    assert "works again" not in board.page
    await board.open("/board/leads/ana")
    assert "The address works again" in board.page
    assert (await board.send("/board/leads/ana/reinstate")).status_code == 303
    assert list(suppressions.all()) == []
    for lead, status in (("ana", 409), ("nobody", 404), ("%00", 404)):
        await board.open("/board/leads/ana")
        assert (await board.send(f"/board/leads/{lead}/reinstate")).status_code == status


async def test_only_a_form_of_marketing_s_own_session_repairs_anything(
    leads: SimulatedLeads, context: Context, sign_in: SignIn
) -> None:
    leads.new_lead("ana")
    leads.event("ana", "email.bounced", "welcome", kind="hard")
    seller, board = sign_in(JONAS), sign_in(LOU)
    own = form_token(seller.http.cookies[SESSION])
    for path in (NOT_MOVING, "/board/leads/ana/reinstate"):
        board.headers = {}
        assert (await seller.send(path, token=own)).status_code == 403
        assert (await board.send(path, token=own)).status_code == 403
        await board.open("/board/leads/ana")
        board.headers = {"Sec-Fetch-Site": "cross-site"}
        assert (await board.send(path)).status_code == 403
    assert len(list(SqlSuppressionList(context.database).all())) == 1


async def test_leads_that_were_not_woken_can_be_compared_with_temporal(
    leads: SimulatedLeads, sign_in: SignIn
) -> None:
    leads.new_lead("ana")
    leads.clock.at += timedelta(days=30)
    board = sign_in(KIM)
    await board.open(NOT_MOVING)
    assert "Compare with Temporal, and revive what is gone" in page_text(board.page)
    answer = await board.send(NOT_MOVING)  # this gateway has none
    assert answer.status_code == 503
    assert "nothing can be revived" in page_text(answer.text)


async def test_a_track_is_silent_when_nobody_moved_for_longer_than_ever(
    leads: SimulatedLeads, context: Context, sign_in: SignIn
) -> None:
    leads.new_lead("ana")
    now = leads.clock.at
    hours = table_of(TrackHour)

    def moved(*before: float) -> None:
        rows = [
            {"program": "acme", "track": "awareness", "hour": now - timedelta(hours=one)}
            for one in before
        ]
        with context.database.write() as connection:
            connection.execute(sa.delete(hours))
            connection.execute(sa.insert(hours), rows)

    board = sign_in(KIM)
    weekend = [*range(10, 24), *range(84, 100)]  # its longest rest: 61 hours
    for before, silent in (
        (weekend, False),
        ([50 + one for one in weekend], False),
        ([60 + one for one in weekend], True),
        ([60 + one for one in range(19)], False),  # too few hours to say
    ):
        moved(*before)
        text = page_text((await board.open(NOT_MOVING)).text)
        assert ("Silent tracks" in text) is silent, before
    moved(*(60 + one for one in weekend))
    await board.open(NOT_MOVING)
    assert "awareness: 1 there, silent since" in page_text(board.page)
    assert "the longest before was 2 d 13 h" in page_text(board.page)
    # Nobody stands in it who could move: nothing is silent.
    leads.event("ana", "email.paused", days=20)
    await board.open(NOT_MOVING)
    assert "Silent tracks" not in board.page
