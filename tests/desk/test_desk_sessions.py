"""Sessions of people who are signed in to the desk: how they begin and end."""

from __future__ import annotations

from collections.abc import Callable

import httpx

from adapters.sql.desk_sessions import SqlDeskSessions
from models.directory import Directory
from tests.desk.conftest import SignIn
from tests.desk.simulated_leads import JONAS, PEOPLE, RILEY, SESSION
from usecases.context import Context


async def test_signing_in_again_ends_the_earlier_session(
    context: Context, sign_in: SignIn, browser: Callable[[], httpx.AsyncClient]
) -> None:
    desk = sign_in(RILEY)
    before = desk.http.cookies[SESSION]
    await desk.http.post(f"/desk/in/{SqlDeskSessions(context.database).invite(JONAS)}")
    assert "Jonas" in (await desk.open("/desk")).text
    old = browser()
    old.cookies.set(SESSION, before, domain="go.acme.example")
    assert (await old.get("/desk")).status_code == 303


async def test_signing_out_ends_the_session_at_the_server_too(
    sign_in: SignIn, browser: Callable[[], httpx.AsyncClient]
) -> None:
    desk = sign_in(RILEY)
    kept = desk.http.cookies[SESSION]
    assert (await desk.http.post("/desk/sign-out")).status_code == 303
    assert not desk.http.cookies
    stolen = browser()
    stolen.cookies.set(SESSION, kept, domain="go.acme.example")
    assert (await stolen.get("/desk")).headers["location"] == "/desk/sign-in"


async def test_a_person_removed_from_the_directory_is_signed_out_at_once(
    context: Context, sign_in: SignIn, http: httpx.AsyncClient
) -> None:
    desk = sign_in(JONAS)
    link = SqlDeskSessions(context.database).invite(JONAS)
    assert (await desk.open("/desk")).status_code == 200
    left = {"teams": {**PEOPLE["teams"], "emea": {"manager": "mara@acme.example"}}}
    context.people.apply(Directory.model_validate(left))
    assert (await desk.open("/desk")).status_code == 303
    await http.post(f"/desk/in/{link}")
    assert (await http.get("/desk")).status_code == 303
