"""Changes from the board: upload, plan, publish, approve, roll back, pause and resume.

The file is long because all of it happens on one board, with the same two versions.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from tempfile import gettempdir

import httpx
import pytest

from adapters.files.program import read_program
from adapters.sql.change_plans import SqlChangePlans
from adapters.sql.pushed_programs import SqlPushedPrograms
from gateway.app import build_app
from gateway.web.desk_session import form_token
from models.directory import Directory
from tests.board.busy_program import PROGRAMS as _PROGRAMS
from tests.desk.conftest import SignIn
from tests.desk.simulated_leads import (
    JONAS,
    KIM,
    LOU,
    PEOPLE,
    SESSION,
    DeskBrowser,
    SimulatedLeads,
    hidden_value,
    page_text,
    sign_in_browser,
)
from tests.gateway.gateway_context import CONFIG
from usecases.changing import begin, play
from usecases.context import Context
from usecases.pausing import pause

FORMS = ("pause", "resume", "plans", "plans/1")
CHANGE, CHANGES = "/board/programs/acme/change", "/board/changes"
ACME = (_PROGRAMS / "acme.yaml").read_text("utf-8")
REPLIED = "{on: email.replied, points: 40}"
WELCOME = ("welcome.mjml", (_PROGRAMS / "welcome.mjml").read_bytes())


@pytest.fixture
async def board(leads: SimulatedLeads, context: Context, sign_in: SignIn) -> DeskBrowser:
    """A board where two versions were published and the program is paused."""
    context.programs.publish(leads.program)
    leads.new_lead("ana")
    newer = read_program(_PROGRAMS / "acme-2.yaml")
    context.programs.publish(newer, by=KIM, note="a gentler second track")
    pause(context.database, "acme", by=KIM)
    return sign_in(LOU)


async def upload(board: DeskBrowser, text: str, *, note: str = "") -> httpx.Response:
    """Send the form with a program's file and the template that acme names."""
    await board.open(CHANGES)
    answer = await board.http.post(
        CHANGES,
        data={"token": hidden_value(board.page, "token"), "note": note},
        files=[("file", ("acme.yaml", text.encode())), ("templates", WELCOME)],
    )
    board.page = answer.text
    return answer


async def plan(board: DeskBrowser, version: str, in_flight: str = "migrate", **more: str) -> str:
    """Make a plan; its page's path. The page is open then."""
    await board.open(CHANGE)
    answer = await board.send(
        "/board/programs/acme/plans", version=version, in_flight=in_flight, **more
    )
    assert answer.status_code == 303, page_text(answer.text)
    path = str(answer.headers["location"])
    await board.open(path)
    return path


async def test_a_program_is_resumed_and_paused(board: DeskBrowser, context: Context) -> None:
    await board.open(CHANGE)
    assert "It is paused" in board.page
    for do, paused in (("resume", False), ("pause", True), ("pause", True)):
        answer = await board.send(f"/board/programs/acme/{do}")
        assert (answer.status_code, answer.headers["location"]) == (303, CHANGE)
        assert context.programs.paused("acme") is paused


async def test_versions_are_compared_in_words(board: DeskBrowser, leads: SimulatedLeads) -> None:
    text = page_text((await board.open(CHANGE)).text)
    assert "They say the same" not in text
    assert "a gentler second track" in text
    same = await board.open(f"{CHANGE}?old={leads.program.digest}&new={leads.program.digest}")
    assert "They say the same" in same.text
    assert (await board.open(f"{CHANGE}?old=nothing")).status_code == 404


async def test_an_uploaded_version_is_checked_stored_looked_at_and_published_by_its_plan(
    board: DeskBrowser, context: Context
) -> None:
    text = ACME.replace(REPLIED, REPLIED.replace("40", "45"))
    assert text != ACME
    before = context.programs.publications("acme")
    answer = await upload(board, text, note="replies count more")
    assert answer.status_code == 303
    shown = await board.open(answer.headers["location"])
    assert "replies count more" in page_text(shown.text)
    assert context.programs.publications("acme") == before
    (pushed,) = SqlPushedPrograms(context.database).unpublished()
    assert (pushed.name, pushed.by) == ("acme", LOU)
    assert "replies count more" in page_text((await board.open(CHANGES)).text)

    path = await plan(board, pushed.digest, "migrate", note="more for replies", recheck="yes")
    assert "40 → 45 points" in page_text(board.page)
    assert "Leads in flight: 1." in page_text(board.page)
    assert "so many change their version: 1;" in page_text(board.page)
    assert (await board.send(path, do="publish")).status_code == 303
    latest = context.programs.publications("acme", most=1)[0]
    assert (latest.digest, latest.by, latest.in_flight, latest.recheck, latest.note) == (
        *(pushed.digest, LOU, "migrate", True, "more for replies"),
    )
    assert "It was published" in page_text((await board.open(path)).text)
    await board.open(CHANGE)
    assert "publish is under way" in page_text(board.page) or "under way since" in board.page
    assert (await board.send(path, do="publish")).status_code == 409


async def test_a_plan_says_how_much_earlier_and_who_stands_at_a_step_that_goes_away(
    board: DeskBrowser, context: Context
) -> None:
    sooner = ACME.replace("- wait: 3d\n", "- wait: 1d\n", 1)
    await upload(board, sooner)
    (pushed,) = SqlPushedPrograms(context.database).unpublished()
    await plan(board, pushed.digest)
    assert "earlier by 2 d" in page_text(board.page)
    assert "Steps that go away" not in page_text(board.page)

    await upload(board, ACME.replace("      - wait: 3d\n", "", 1))
    gone = SqlPushedPrograms(context.database).unpublished()
    (digest,) = {one.digest for one in gone} - {pushed.digest}
    await plan(board, digest)
    text = page_text(board.page)
    assert "step `wait-after-welcome` is gone, goes on at `problem-guide`" in text
    assert 'href="/board/leads/ana"' in board.page.partition('id="gone"')[2]


async def test_what_is_wrong_in_an_upload_is_shown_with_its_lines_and_stores_nothing(
    board: DeskBrowser, context: Context
) -> None:
    wrong = ACME.replace(REPLIED, REPLIED.replace("40", "many"))
    line = 1 + wrong[: wrong.index("points: many")].count("\n")
    answer = await upload(board, wrong)
    assert answer.status_code == 422
    text = page_text(answer.text)
    assert f"Line {line}: scoring.engagement" in text
    assert "{on: email.replied, points: many}" in text
    await board.open(CHANGES)
    token = hidden_value(board.page, "token")
    for files in (
        [("file", ("a.yaml", b"a: [")), ("templates", ("../../evil.mjml", b"x"))],
        [("file", ("a.yaml", b"\xff\xfe\x00"))],
        [("file", ("a.yaml", ACME.encode()))],  # without its template
        [("file", ("", b""))],
        [],
    ):
        refused = await board.http.post(CHANGES, data={"token": token}, files=files)
        assert refused.status_code == 422, files
        assert "<h1>" in refused.text
        assert gettempdir() not in refused.text
    assert SqlPushedPrograms(context.database).unpublished() == ()


async def test_a_template_can_t_read_files_of_the_server(
    board: DeskBrowser, tmp_path: Path
) -> None:
    secret = tmp_path / "secret.mjml"
    secret.write_text("<mj-text>a secret of the server</mj-text>")
    include = f'<mjml><mj-body><mj-include path="{secret}" /></mj-body></mjml>'
    await board.open(CHANGES)
    answer = await board.http.post(
        CHANGES,
        data={"token": hidden_value(board.page, "token")},
        files=[
            ("file", ("acme.yaml", ACME.encode())),
            ("templates", ("welcome.mjml", include.encode())),
        ],
    )
    assert answer.status_code == 422
    assert "a secret of the server" not in answer.text


async def test_a_new_program_is_uploaded_and_published(
    board: DeskBrowser, context: Context
) -> None:
    answer = await upload(board, ACME.replace("program: acme", "program: nova", 1))
    assert (answer.status_code, answer.headers["location"]) == (303, CHANGES)
    await board.open(CHANGES)
    (pushed,) = SqlPushedPrograms(context.database).unpublished()
    made = await board.send(
        "/board/programs/nova/plans", version=pushed.digest, in_flight="pin", note="it begins"
    )
    path = made.headers["location"]
    assert "It is new" in page_text((await board.open(path)).text)
    assert (await board.send(path, do="publish")).status_code == 303
    assert context.programs.newest_digest("nova") == pushed.digest
    assert (await board.open("/board/programs/nova")).status_code == 200


async def test_a_plan_is_refused_and_says_what_moved(
    board: DeskBrowser, leads: SimulatedLeads, context: Context, sign_in: SignIn
) -> None:
    earlier = leads.program.digest
    path = await plan(board, earlier, note="too gentle")
    leads.new_lead("bo")
    leads.event("ana", "page.viewed", "/pricing")
    refused = await board.send(path, do="publish")
    assert refused.status_code == 409
    text = page_text(refused.text)
    assert "1 lead came since: bo" in text
    assert "1 lead moved since: ana" in text
    assert context.programs.newest_digest("acme") != earlier
    # Looked at again it goes. The first plan is refused then, also by who says: all the same.
    again = await board.send(
        "/board/programs/acme/plans",
        **{one: hidden_value(board.page, one) for one in ("version", "in_flight", "note")},
    )
    other = sign_in(KIM)
    await other.open(path)
    await board.open(again.headers["location"])
    assert (await board.send(again.headers["location"], do="publish")).status_code == 303
    stale = await other.send(path, do="publish", although_moved="yes")
    assert stale.status_code == 409
    assert f"the newest version is {earlier[:12]} now" in page_text(stale.text)
    assert "can't be published any more" in page_text((await other.open(path)).text)
    assert [one.note for one in context.programs.publications("acme", most=1)] == ["too gentle"]


async def test_who_insists_publishes_although_leads_moved(
    board: DeskBrowser, leads: SimulatedLeads, context: Context
) -> None:
    path = await plan(board, leads.program.digest, "finish")
    leads.new_lead("bo")
    await board.send(path, do="publish")
    assert hidden_value(board.page, "although_moved") == "yes"
    assert (await board.send(path, do="publish", although_moved="yes")).status_code == 303
    assert context.programs.newest_digest("acme") == leads.program.digest


@pytest.fixture
async def strict(
    board: DeskBrowser,  # noqa: ARG001  # it publishes the versions
    leads: SimulatedLeads,
    context: Context,
) -> tuple[DeskBrowser, SignIn]:
    """The board of Lou, and how others sign in, where no lead's program changes unapproved."""
    app = build_app(replace(context, approve_above=0), leads, config=CONFIG)

    def sign_in(person: str) -> DeskBrowser:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        client = httpx.AsyncClient(transport=transport, base_url="https://go.acme.example")
        return sign_in_browser(client, context, person)

    return sign_in(LOU), sign_in


async def test_above_a_number_of_leads_one_asks_and_an_admin_approves(
    strict: tuple[DeskBrowser, SignIn], leads: SimulatedLeads, context: Context
) -> None:
    lou, sign_in = strict
    digest = leads.program.digest
    path = await plan(lou, digest, "pin", note="back")
    assert "must approve it" in page_text(lou.page)
    refused = await lou.send(path, do="publish")
    assert (refused.status_code, "ask for the approval" in refused.text) == (409, True)
    await lou.open(path)
    assert (await lou.send(path, do="ask")).status_code == 303
    await lou.open(path)
    assert "asks for an approval" in page_text(lou.page)
    own = await lou.send(path, do="publish")
    assert "asked for this yourself" in page_text(own.text)
    assert context.programs.newest_digest("acme") != digest
    kim = sign_in(KIM)
    assert "Waiting for an approval" in page_text((await kim.open(CHANGES)).text)
    await kim.open(path)
    assert "Approve and publish" in page_text(kim.page)
    assert (await kim.send(path, do="publish")).status_code == 303
    latest = context.programs.publications("acme", most=1)[0]
    assert (latest.digest, latest.by) == (digest, f"{LOU}, approved by {KIM}")
    await kim.open(path)
    assert f"{LOU} asked for it, and {KIM} approved it" in page_text(kim.page)


async def test_neither_who_asked_nor_who_is_no_admin_approves(
    strict: tuple[DeskBrowser, SignIn], leads: SimulatedLeads, context: Context
) -> None:
    lou, sign_in = strict
    mo = "mo@acme.example"
    people = {**PEOPLE, "marketing": [*PEOPLE["marketing"], {"email": mo, "name": "Mo"}]}
    context.people.apply(Directory.model_validate(people))
    kim = sign_in(KIM)
    path = await plan(kim, leads.program.digest, "pin")
    await kim.send(path, do="ask")
    for person in (kim, lou, sign_in(mo)):
        await person.open(path)
        assert "Approve and publish" not in page_text(person.page)
        assert (await person.send(path, do="publish")).status_code == 409
    assert context.programs.newest_digest("acme") != leads.program.digest
    await lou.open(path)
    assert (await lou.send(path, do="withdraw")).status_code == 303
    assert "withdrawn" in page_text((await lou.open(path)).text)
    await kim.open(CHANGE)
    assert (await kim.send(path, do="publish")).status_code == 409


async def test_a_plan_of_many_leads_is_played_elsewhere_and_shows_its_progress(
    board: DeskBrowser, leads: SimulatedLeads, context: Context
) -> None:
    made = begin(
        context.database,
        leads.program,
        in_flight="migrate",
        recheck=False,
        note="",
        by=LOU,
    )
    path = f"/board/programs/acme/plans/{made.number}"
    answer = await board.open(path)
    assert "are being played: it waits for its turn" in page_text(answer.text)
    assert answer.headers["refresh"] == "4"
    assert (await board.send(path, do="publish")).status_code == 409
    SqlChangePlans(context.database).progress(made.number, "without the change, day 3 of 30")
    assert "day 3 of 30" in page_text((await board.open(path)).text)
    play(context.database, made.number)
    text = page_text((await board.open(path)).text)
    assert "Leads in flight: 1." in text
    # A plan that can't be played says why, and can be looked at again.
    gone = SqlChangePlans(context.database).add(replace(made, number=0, digest="f" * 64))
    with pytest.raises(LookupError):
        play(context.database, gone.number)
    found = SqlChangePlans(context.database).plan("acme", gone.number)
    assert found is not None
    assert (found.standing, "no version" in found.why) == ("failed", True)


async def test_a_malformed_plan_is_refused(
    board: DeskBrowser, leads: SimulatedLeads, context: Context
) -> None:
    before = context.programs.publications("acme")
    for fields, status in (
        ({"version": leads.program.digest}, 422),
        ({"version": leads.program.digest, "in_flight": "all"}, 422),
        ({"version": leads.program.digest, "in_flight": "pin", "recheck": "yes"}, 422),
        ({"version": "x", "in_flight": "pin"}, 404),
        ({"in_flight": "pin"}, 404),
    ):
        await board.open(CHANGE)
        answer = await board.send("/board/programs/acme/plans", **fields)
        assert answer.status_code == status
    await board.open(CHANGE)
    for number in ("0", "99", "9" * 30):
        path = f"/board/programs/acme/plans/{number}"
        assert (await board.open(path)).status_code == 404
        await board.open(CHANGE)
        assert (await board.send(path, do="publish")).status_code == 404
    assert context.programs.publications("acme") == before


async def test_only_a_form_of_marketing_s_own_session_changes_anything(
    board: DeskBrowser, leads: SimulatedLeads, context: Context, sign_in: SignIn
) -> None:
    await plan(board, leads.program.digest, "pin")
    before = (context.programs.publications("acme"), context.programs.paused("acme"))
    fields = {"version": leads.program.digest, "in_flight": "pin", "do": "publish"}
    seller, other = sign_in(JONAS), sign_in(KIM)
    await other.open(CHANGE)
    own = form_token(seller.http.cookies[SESSION])
    for path in (*(f"/board/programs/acme/{form}" for form in FORMS), CHANGES):
        board.headers = {}
        assert (await seller.send(path, token=own, **fields)).status_code == 403
        for token in ("", "x", hidden_value(other.page, "token")):
            assert (await board.send(path, token=token, **fields)).status_code == 403
        await board.open(CHANGE)
        board.headers = {"Sec-Fetch-Site": "cross-site"}
        assert (await board.send(path, **fields)).status_code == 403
        shown = await board.open(path)
        assert shown.status_code == 200 or shown.headers["location"] == CHANGE
    assert (context.programs.publications("acme"), context.programs.paused("acme")) == before
    assert SqlPushedPrograms(context.database).unpublished() == ()
    found = SqlChangePlans(context.database).latest("acme")
    assert [one.standing for one in found] == ["ready"]


async def test_a_form_for_a_program_that_is_none_changes_nothing(board: DeskBrowser) -> None:
    for form in FORMS:
        await board.open(CHANGE)
        answer = await board.send(f"/board/programs/none/{form}", version="x", in_flight="pin")
        assert answer.status_code == 404


async def test_names_from_outside_are_text_on_the_pages_of_changes(
    board: DeskBrowser, leads: SimulatedLeads
) -> None:
    evil = "<img src=x onerror=alert(1)>"
    await upload(board, ACME.replace(REPLIED, f"{{on: '{evil}', points: 41}}"), note=evil)
    assert evil not in board.page
    assert not re.search(r"<img", board.page)
    await upload(board, ACME.replace(REPLIED, REPLIED.replace("40", "44")), note=evil)
    path = await plan(board, leads.program.digest, "pin", note=evil)
    for page in (CHANGES, CHANGE, path):
        shown = (await board.open(page)).text
        assert "<img" not in shown
        assert "&lt;img" in shown
