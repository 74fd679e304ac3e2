"""A list is launched from the board: uploaded, read, mapped, tried, launched, undone.

The file is long because every test here goes through the same forms.
"""

from __future__ import annotations

import html
import re
from datetime import UTC, datetime, timedelta

import httpx
import pytest
import sqlalchemy as sa

from adapters.files.program import read_program
from adapters.sql.launches import SqlLaunches
from adapters.sql.uploads import SqlUploads
from gateway.board.uploads import ENCODINGS
from models.launch import Launch
from models.on_conflict import OnConflict
from models.tables.columns import table_of
from models.tables.uploads import UploadBody, UploadRecord
from models.upload import MOST_BYTES, Job
from tests.board.busy_program import PROGRAMS
from tests.desk.conftest import SignIn
from tests.desk.simulated_leads import KIM, LOU, RILEY, DeskBrowser, SimulatedLeads, hidden_value
from tests.desk.simulated_leads import page_text as text_of
from tests.waiting import until
from usecases.context import Context

PATH = "/board/launches"
EVIL = "<script>alert(1)</script>"
LIST = (
    "Work address;Vorname;Notes;country\n"
    "ana@northwind.example;Ana;hello;US\n"
    "bo@northwind.example;Bo;;DE\n"
    'no address;=cmd|" /C calc"!A0;x;US\n'
    "bo@northwind.example;Bo again;x;US\n"
)
MAPPED = {"c0": "email", "c1": "first_name", "c2": "-"}


@pytest.fixture
def board(leads: SimulatedLeads, sign_in: SignIn) -> DeskBrowser:
    """The board of a person of marketing. The lead `ana` is there already."""
    leads.new_lead("ana")
    return sign_in(LOU)


async def upload(
    board: DeskBrowser, body: str | bytes, name: str = "fair.csv", **fields: str
) -> httpx.Response:
    """Upload a list by the form."""
    await board.open(PATH)
    data = {"token": hidden_value(board.page, "token"), "program": "acme"} | fields
    content = body.encode() if isinstance(body, str) else body
    answer = await board.http.post(PATH, data=data, files={"file": (name, content)})
    if answer.status_code != 303:
        board.page = answer.text
    return answer


async def stored(board: DeskBrowser, body: str | bytes = LIST, name: str = "fair.csv") -> str:
    """Upload a list, and open its page."""
    answer = await upload(board, body, name)
    assert answer.status_code == 303, text_of(answer.text)
    await ready(board, answer.headers["location"])
    return str(answer.headers["location"])


async def ready(board: DeskBrowser, path: str) -> httpx.Response:
    """The page when no job is under way any more."""

    async def shown() -> httpx.Response | None:
        answer = await board.open(path)
        return None if "data-refresh" in answer.text else answer

    answer: httpx.Response = await until(shown)
    return answer


async def tried(board: DeskBrowser, path: str, **fields: str) -> str:
    """Make a dry run; the page's text."""
    form = {"program": "acme", "on_conflict": "keep", "encoding": "", "do": "plan"} | fields
    answer = await board.send(path, **form)
    assert answer.status_code == 303, text_of(board.page)
    return text_of((await ready(board, path)).text)


async def lengths_of_lists(board: DeskBrowser) -> list[int]:
    """The numbers of the page, each of which is as long as its list."""
    numbers = re.findall(r'<a class="number[^"]*" href="([^"]+)">([\d,]+)</a>', board.page)
    for href, number in numbers:
        shown = (await board.open(html.unescape(href))).text
        assert shown.count('<th scope="row">') == int(number), href
        assert EVIL not in shown
    return [int(number) for _, number in numbers]


async def test_a_list_is_mapped_tried_and_launched(board: DeskBrowser, context: Context) -> None:
    path = await stored(board)
    shown = text_of(board.page)
    assert "Which column holds the address?" in shown
    assert "ana@northwind.example, bo@northwind.example, no address" in shown
    said = await tried(board, path, **MAPPED)
    assert "4 rows, UTF-8, separated by ;" in said
    for count in ("1 new leads", "1 leads unchanged", "2 rows rejected"):
        words = count.partition(" ")[2]
        assert f"{words} {count[0]}" in said
    assert "Mails and MQLs of the new leads" in said
    rejected = await board.open(f"{path}/rejected")
    assert rejected.headers["content-disposition"].startswith('attachment; filename="fair.rejected')
    assert "'=cmd|" in rejected.text
    assert ";=cmd" not in rejected.text
    assert not SqlLaunches(context.database).latest()
    await board.open(path)
    assert await lengths_of_lists(board) == [1, 0, 1, 2, 1, 1]
    await board.open(path)
    assert (await board.send(f"{path}/launch", rate="50")).headers["location"] == path
    moved = (await ready(board, path)).headers["location"]
    (launch,) = SqlLaunches(context.database).latest()
    assert moved == f"{PATH}/{launch.number}"
    assert (launch.by, launch.file, launch.rate, launch.standing) == (
        LOU,
        "fair.csv",
        50,
        "running",
    )
    assert launch.options["mapping"] == {
        "Work address": "email",
        "Vorname": "first_name",
        "Notes": "",
    }
    assert len(list(SqlLaunches(context.database).rejected(launch.number))) == 2
    # What the list held about people is gone, and the file is remembered.
    with context.database.read() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(table_of(UploadBody))) == 0
    again = await stored(board)
    assert f"launched before: launch {launch.number} on acme" in text_of(
        (await board.open(again)).text
    )


@pytest.mark.parametrize("conflict", ["keep", "fill", "overwrite"])
async def test_the_rule_for_leads_that_are_there_is_chosen(
    board: DeskBrowser, conflict: OnConflict
) -> None:
    path = await stored(board, "email,first_name,title\nana@northwind.example,Anna,VP\n")
    said = await tried(board, path, on_conflict=conflict)
    counts = {
        "keep": "leads unchanged 1",
        "fill": "leads updated 1",
        "overwrite": "leads updated 1",
    }
    assert counts[conflict] in said


async def test_an_unclear_encoding_is_shown_both_ways_and_asked(board: DeskBrowser) -> None:
    path = await stored(board, "email,last_name\na@x.example,M\xf8ller\n".encode("cp1252"))
    assert "Which of these reads it right?" in board.page
    codecs = re.findall(r'name="encoding" value="([^"]+)"', board.page)
    assert len(codecs) == 2
    assert set(codecs) <= set(ENCODINGS)
    assert "Møller" in html.unescape(board.page)
    assert (await board.send(path, encoding="cp1252")).status_code == 303
    assert "Møller" in text_of((await ready(board, path)).text)


@pytest.mark.parametrize(
    ("body", "name", "said"),
    [
        (b"", "a.csv", "Choose a file with rows"),
        (b"PK\x03\x04...", "a.xlsx", "Save the sheet as CSV"),
        (b"a" * (MOST_BYTES + 1), "a.csv", "25 MB is the most"),
    ],
)
async def test_a_file_that_is_no_list_is_refused_with_what_would_be_right(
    board: DeskBrowser, body: bytes, name: str, said: str
) -> None:
    assert (await upload(board, body, name)).status_code == 422
    assert said in text_of(board.page)


async def test_a_form_that_is_too_large_is_refused_before_it_is_read(board: DeskBrowser) -> None:
    answer = await upload(board, b"a" * (MOST_BYTES + 200_000))
    assert answer.status_code == 413


async def test_a_list_that_can_t_be_read_says_why_by_the_name_of_its_file(
    board: DeskBrowser,
) -> None:
    await stored(board, "[{}]", "people.csv")
    assert "people.csv is a JSON array" in text_of(board.page)
    assert "list.csv" not in board.page


async def test_only_who_uploaded_a_list_and_admins_see_it(
    board: DeskBrowser, sign_in: SignIn, context: Context
) -> None:
    path = await stored(sign_in(KIM))
    forms = ("", "/launch", "/remove")
    await board.open(PATH)
    token = hidden_value(board.page, "token")
    assert (await board.open(path)).status_code == 404
    assert (await board.open(f"{path}/rejected")).status_code == 404
    assert path not in (await board.open(PATH)).text
    for one in forms:
        assert (await board.send(path + one, token=token)).status_code == 404
    own = await stored(board)
    admin = sign_in(KIM)
    assert own in (await admin.open(PATH)).text
    assert (await admin.open(own)).status_code == 200
    assert (await admin.send(f"{own}/remove")).status_code == 303
    assert (await board.open(own)).status_code == 404
    assert len(SqlUploads(context.database).latest(None)) == 1


async def test_forms_need_their_token_and_people_of_sales_may_nothing(
    board: DeskBrowser, sign_in: SignIn, context: Context
) -> None:
    path = await stored(board)
    number = await _launched(board, path, context)
    own = await stored(board, "email\ncy@northwind.example\n")
    for form in (PATH, own, f"{own}/launch", f"{own}/remove", f"{PATH}/{number}"):
        assert (await board.send(form, token="", do="cancel")).status_code == 403, form
    assert (await upload(board, LIST, token="")).status_code == 403
    desk = sign_in(RILEY)
    await desk.open("/desk")
    for page in (PATH, own, f"{own}/rejected", f"{PATH}/{number}", f"{PATH}/{number}/rejected"):
        assert (await desk.open(page)).status_code == 403, page
    for form in (PATH, own, f"{own}/launch", f"{own}/remove", f"{PATH}/{number}"):
        assert (await desk.send(form, do="cancel")).status_code == 403, form
    board.headers = {"sec-fetch-site": "cross-site"}
    await board.open(PATH)
    assert (await board.send(f"{PATH}/{number}", do="cancel")).status_code == 403
    assert SqlLaunches(context.database).launch(number).standing == "running"


async def test_a_launch_is_paused_resumed_cancelled_and_undone(
    board: DeskBrowser, context: Context
) -> None:
    number = await _launched(board, await stored(board), context)
    path = f"{PATH}/{number}"

    def launch() -> Launch:
        return SqlLaunches(context.database).launch(number)

    for do, standing in (
        *(("pause", "paused"), ("resume", "running"), ("cancel", "cancelled")),
        ("undo", "undoing"),
    ):
        await board.open(path)
        assert (await board.send(path, do=do, rate="7")).status_code == 303
        assert launch().standing == standing
    assert launch().rate == 7
    await board.open(PATH)
    assert (await board.send(path, do="pause")).status_code == 409
    assert "only a running launch can be paused" in text_of(board.page)


async def _launched(board: DeskBrowser, path: str, context: Context) -> int:
    await tried(board, path, **MAPPED)
    await board.send(f"{path}/launch")
    await ready(board, path)
    return SqlLaunches(context.database).latest()[0].number


async def test_markup_in_names_and_cells_is_text(board: DeskBrowser) -> None:
    rows = f"{EVIL},email\n{EVIL},x@northwind.example\n{EVIL},{EVIL}\n"
    path = await stored(board, rows, f"{EVIL}.csv")
    assert EVIL not in board.page
    assert html.escape(EVIL) in board.page
    await tried(board, path)
    assert EVIL not in board.page
    await board.send(f"{path}/launch")
    moved = (await ready(board, path)).headers["location"]
    for page in (moved, f"{moved}/rows?what=rejected", PATH):
        assert EVIL not in (await board.open(page)).text
    named = (await board.open(f"{moved}/rejected")).headers["content-disposition"]
    assert not set("<\n") & set(named)


async def test_every_number_of_a_launch_is_as_long_as_its_list(
    board: DeskBrowser, context: Context
) -> None:
    number = await _launched(board, await stored(board), context)
    numbers = []
    for page in (PATH, f"{PATH}/{number}"):
        found = re.findall(
            r'<a class="number[^"]*" href="([^"]+)">(\d+)</a>', (await board.open(page)).text
        )
        assert found
        numbers += found
    for path, shown in numbers:
        listed = (await board.open(html.unescape(path))).text
        assert listed.count('<th scope="row">') == int(shown), path


async def test_what_is_not_there_is_a_page_that_says_so(board: DeskBrowser) -> None:
    for path in (
        *(f"{PATH}/7", f"{PATH}/0", f"{PATH}/99999999999999", f"{PATH}/x", "/board/uploads/x"),
        *("/board/uploads/%00", f"{PATH}/7/rows", f"{PATH}/7/rejected"),
    ):
        answer = await board.open(path)
        assert answer.status_code in (404, 422), path
        assert "<h1>" in answer.text


async def test_a_changed_program_or_mapping_needs_another_dry_run(
    board: DeskBrowser, context: Context
) -> None:
    path = await stored(board)
    await tried(board, path, **MAPPED)
    newer = read_program(PROGRAMS / "acme-2.yaml")
    token = hidden_value(board.page, "token")
    context.programs.publish(newer, by=KIM, note="meanwhile")
    assert (await board.send(f"{path}/launch", token=token)).status_code == 409
    assert "make the dry run again" in text_of(board.page)
    assert not SqlLaunches(context.database).latest()


async def test_wrong_answers_are_refused(board: DeskBrowser) -> None:
    path = await stored(board)
    page = board.page
    for wrong in ({"c0": "nothing"}, {"on_conflict": "eat"}, {"program": "acne"}):
        board.page = page
        assert (await board.send(path, **wrong)).status_code == 422, wrong
    board.page = page
    await tried(board, path, **MAPPED)
    page = board.page
    for rate in ("0", "x", "nan", "1e9", "-1"):
        board.page = page
        assert (await board.send(f"{path}/launch", rate=rate)).status_code == 422, rate
    for form in ("launch", "remove"):
        assert (await board.open(f"{path}/{form}")).headers["location"] == path


async def test_an_old_list_is_removed_and_an_interrupted_job_can_be_begun_again(
    board: DeskBrowser, context: Context
) -> None:
    path = await stored(board)
    uploads, upload_id = SqlUploads(context.database), path.rpartition("/")[2]
    long_ago = datetime.now(UTC) - timedelta(days=1)
    uploads.begin(upload_id, Job(name="plan", id="of a gateway that is gone", pulse=long_ago))
    assert "was interrupted" in text_of((await board.open(path)).text)
    assert "Dry run: what the launch would do" in await tried(board, path, **MAPPED)
    uploads.begin(upload_id, Job(name="plan", id="alive", pulse=datetime.now(UTC)))
    token = hidden_value(board.page, "token")
    assert "The dry run is under way" in (await board.open(path)).text
    assert (await board.send(path, token=token)).status_code == 409
    with context.database.write() as connection:
        table = table_of(UploadRecord)
        connection.execute(sa.update(table).values(at=datetime.now(UTC) - timedelta(days=4)))
    await board.open(PATH)
    assert (await board.open(path)).status_code == 404
