"""Sessions end everywhere at once, and nobody gets links without end."""

from __future__ import annotations

import httpx

from adapters.sql.desk_sessions import SqlDeskSessions
from gateway.web.sign_in import MOST_LINKS_A_DAY
from tests.desk.conftest import SignIn
from tests.desk.simulated_leads import RILEY, SAM
from tests.fakes import FakeMailer
from usecases.context import Context


async def test_signing_out_everywhere_ends_all_sessions_and_unused_links(
    sign_in: SignIn, context: Context
) -> None:
    lost, here, other = sign_in(RILEY), sign_in(RILEY), sign_in(SAM)
    link = SqlDeskSessions(context.database).invite(RILEY)
    await here.open("/desk")
    without_token = await here.http.post("/desk/sign-out-everywhere")
    assert without_token.status_code == 403
    assert (await lost.open("/desk")).status_code == 200
    await here.open("/desk")
    assert (await here.send("/desk/sign-out-everywhere")).status_code == 303
    assert [(await one.open("/desk")).status_code for one in (lost, here, other)] == [303, 303, 200]
    assert (await here.open(f"/desk/in/{link}")).status_code == 410


async def test_a_person_gets_at_most_twenty_links_a_day(
    http: httpx.AsyncClient, mailer: FakeMailer, context: Context
) -> None:
    sessions = SqlDeskSessions(context.database)
    for _ in range(MOST_LINKS_A_DAY):
        sessions.invite(RILEY)
    await http.post("/desk/sign-in", data={"email": RILEY})
    await http.post("/desk/sign-in", data={"email": SAM})
    assert [one.to for one in mailer.sent] == [SAM]
