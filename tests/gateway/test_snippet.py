"""The script for our own web pages, and what it reports."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from adapters.sql.database import Database
from gateway.recipients import snippet
from gateway.requests.problems import explain
from tests.gateway.stored_rows import intake_bodies, store_sent_mail
from tests.waiting import LIMIT
from usecases.context import Context

SITE = {"Origin": "https://www.acme.example", "Content-Type": "text/plain"}


def page_visit(context: Context, message: str, **changes: object) -> bytes:
    visit = {"v": context.links.visitor(message), "type": "page.viewed", "subject": "/pricing"}
    return json.dumps(visit | changes).encode()


async def test_the_script_is_small_and_may_be_kept(http: httpx.AsyncClient) -> None:
    answer = await http.get("/t.js")
    assert answer.headers["content-type"].startswith("text/javascript")
    assert len(answer.content) < 2_048
    assert "max-age" in answer.headers["cache-control"]


async def test_what_a_known_visitor_does_is_recorded(
    http: httpx.AsyncClient, context: Context, database: Database
) -> None:
    message = store_sent_mail(database)
    answer = await http.post("/w", content=page_visit(context, message), headers=SITE)
    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == "https://www.acme.example"
    [event] = intake_bodies(database)
    assert (event["lead"], event["type"], event["subject"]) == ("ana", "page.viewed", "/pricing")


@pytest.mark.parametrize(
    ("changes", "headers", "status"),
    [
        ({}, {"Origin": "https://evil.example"}, 403),
        ({}, {}, 403),
        ({"v": "0123456789abcdef-0-00000000000000000000"}, SITE, 404),
        ({"type": "email.unsubscribed"}, SITE, 400),
        ({"subject": "x" * 300}, SITE, 400),
        ({"more": 1}, SITE, 400),
        ({"subject": "\u0000"}, SITE, 400),
        ({"subject": "x" * 2_000}, SITE, 413),
    ],
)
async def test_everything_else_is_refused(
    http: httpx.AsyncClient,
    context: Context,
    database: Database,
    *,
    changes: dict[str, object],
    headers: dict[str, str],
    status: int,
) -> None:
    content = page_visit(context, store_sent_mail(database), **changes)
    answer = await http.post("/w", content=content, headers=headers)
    assert answer.status_code == status
    assert intake_bodies(database) == []


class SecondsClock:
    """A clock that a test moves."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


async def post_visits(
    context: Context, clock: SecondsClock, count: int, *, forms_need_key: bool = False, **of: object
) -> list[int]:
    """The statuses of so many visits of one visitor."""
    app = FastAPI()
    explain(app)
    origins = [SITE["Origin"]]
    app.include_router(snippet.router(context, origins, forms_need_key=forms_need_key, clock=clock))
    message = store_sent_mail(context.database)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="https://go.acme.example") as http:
        statuses = []
        for number in range(count):
            visit = page_visit(context, message, **({"subject": f"/{number}"} | of))
            statuses.append((await http.post("/w", content=visit, headers=SITE)).status_code)
            clock.now += 0.01
    return statuses


async def test_a_flood_of_visits_is_cut_off(context: Context, database: Database) -> None:
    statuses = await post_visits(context, SecondsClock(), 60)
    assert statuses[:20] == [204] * 20
    assert set(statuses[20:]) == {429}
    assert len(intake_bodies(database)) == 20


async def test_forms_can_be_made_to_need_the_sites_own_key(
    context: Context, database: Database
) -> None:
    form = {"type": "form.submitted", "subject": "demo"}
    assert await post_visits(context, SecondsClock(), 1, forms_need_key=True, **form) == [403]
    assert intake_bodies(database) == []


_PAGE = """<!doctype html><title>page</title><body>
{form}
<script>
{before}
var sent = [];
navigator.sendBeacon = function (url, body) {{ sent.push(body); return true; }};
</script>
<script src="t.js" {attributes}></script>
<script>
{more}
document.forms[0].addEventListener("submit", function (event) {{ event.preventDefault(); }});
document.forms[0].requestSubmit();
document.title = JSON.stringify({{ sent: sent.map(JSON.parse), url: location.search,
  kept: localStorage.getItem("leadflow") }});
</script>"""
_FORM = '<form name="demo" action="/x"><input name="q"></form>'


def run_in_chromium(
    folder: Path, attributes: str = "", more: str = "", before: str = "", form: str = _FORM
) -> dict[str, object]:
    """What the script did in a real browser, on a page reached with a token."""
    browser = shutil.which("chromium")
    if browser is None:
        pytest.skip("no Chromium on this machine (Debian's package chromium)")
    script = Path(__file__).parents[2] / "gateway" / "recipients" / "assets" / "t.js"
    (folder / "t.js").write_text(script.read_text())
    (folder / "page.html").write_text(
        _PAGE.format(attributes=attributes, more=more, before=before, form=form)
    )
    shown = subprocess.run(
        [
            *(browser, "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"),
            *("--allow-file-access-from-files", f"--user-data-dir={folder / 'profile'}"),
            f"file://{folder / 'page.html'}?a=1&lf=token",
        ],
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=True,
    ).stdout
    title = shown.partition("<title>")[2].partition("</title>")[0]
    found: dict[str, object] = json.loads(title.replace("&amp;", "&"))
    return found


def test_without_consent_nothing_is_stored_or_sent(tmp_path: Path) -> None:
    assert run_in_chromium(tmp_path) == {"sent": [], "url": "?a=1", "kept": None}


def test_with_consent_pages_and_forms_are_sent_without_their_fields(tmp_path: Path) -> None:
    found = run_in_chromium(tmp_path, more="leadflow.consent(true);")
    assert (found["url"], found["kept"]) == ("?a=1", "token")
    assert found["sent"] == [
        {"v": "token", "type": "page.viewed", "subject": str(tmp_path / "page.html")},
        {"v": "token", "type": "form.submitted", "subject": "demo"},
    ]


@pytest.mark.parametrize(
    "refusal", ["globalPrivacyControl', { value: true", "doNotTrack', { value: '1'"]
)
def test_a_browser_s_privacy_signal_is_respected(tmp_path: Path, refusal: str) -> None:
    before = f"Object.defineProperty(navigator, '{refusal} }});"
    found = run_in_chromium(
        tmp_path, 'data-consent="given"', "leadflow.consent(true);", before=before
    )
    assert found == {"sent": [], "url": "?a=1", "kept": None}


def test_a_form_is_known_by_its_name_its_id_or_its_path_whatever_its_fields_are_called(
    tmp_path: Path,
) -> None:
    fields = '<input name="id"><input name="action"><input name="name">'
    for number, (form, subject) in enumerate(
        [
            (f'<form action="/subscribe?x=1">{fields}</form>', "/subscribe"),
            (f'<form id="news" action="/subscribe">{fields}</form>', "news"),
        ]
    ):
        folder = tmp_path / str(number)
        folder.mkdir()
        found = run_in_chromium(folder, 'data-consent="given"', form=form)
        assert [one["subject"] for one in found["sent"]][1:] == [subject]  # type: ignore[attr-defined]  # a list


def test_a_browser_without_storage_breaks_no_page(tmp_path: Path) -> None:
    before = "Storage.prototype.setItem = function () { throw new Error('blocked'); };"
    found = run_in_chromium(tmp_path, more="leadflow.consent(true);", before=before)
    assert [one["type"] for one in found["sent"]] == ["page.viewed", "form.submitted"]  # type: ignore[attr-defined]  # a list
    assert found["kept"] is None


def test_a_withdrawn_consent_deletes_everything_stored(tmp_path: Path) -> None:
    more = "leadflow.consent(true); leadflow.consent(false);"
    found = run_in_chromium(tmp_path, attributes='data-consent="given"', more=more)
    assert found["kept"] is None
    assert len(found["sent"]) == 1  # type: ignore[arg-type]  # a list
