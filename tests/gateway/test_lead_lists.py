"""Reading leads over HTTP: pages, filters, and a lead's dossier."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from adapters.sql.database import Database
from adapters.sql.journal import SqlJournal
from models.decision import Wake
from models.state import ClockState, Deal, TaskState
from tests.gateway.sales_keys import (
    RILEY,
    SAM,
    TEAMS,
    Header,
    apply_directory,
    header,
    store_owned_lead,
)
from tests.gateway.stored_rows import store_lead
from tests.journal.turns import FENCE, NOW, after, handoff, turn


@pytest.fixture
def admin(database: Database) -> Header:
    apply_directory(database, TEAMS)
    return header(database, "admin")


async def read_lead_ids(http: httpx.AsyncClient, admin: Header, **query: Any) -> list[str]:
    """The ids of all leads, collected page by page."""
    found: list[str] = []
    while True:
        answer = await http.get("/v1/leads", params=query, headers=admin)
        assert answer.status_code == 200, answer.text
        found += [one["lead"] for one in answer.json()["leads"]]
        if answer.json()["next"] is None:
            return found
        query["after"] = answer.json()["next"]


async def test_the_most_urgent_lead_is_listed_first_and_each_lead_once(
    http: httpx.AsyncClient, admin: Header, database: Database
) -> None:
    for number in range(23):
        store_owned_lead(
            database, f"due-{number:02}", team="sdr", owner=RILEY, due=after(hours=number // 3)
        )
    store_owned_lead(database, "late", team="sdr", owner=SAM, breached=True)
    store_owned_lead(database, "cold", team=None, owner=None, stage="known")
    wanted = ["late", *(f"due-{number:02}" for number in range(23)), "cold"]
    for limit in (1, 4, 5, 25, 500):
        assert await read_lead_ids(http, admin, limit=limit) == wanted
    assert await read_lead_ids(http, admin, limit=4, order="lead") == sorted(wanted)
    assert (
        await read_lead_ids(http, admin, limit=2, due_before="2026-03-02T15:00:00Z") == wanted[:4]
    )
    assert (
        await read_lead_ids(http, admin, limit=2, owner="Riley@acme.example", stage="mql")
        == wanted[1:24]
    )
    assert await read_lead_ids(http, admin, team="emea") == []


async def test_a_line_says_what_a_person_must_do_by_when(
    http: httpx.AsyncClient, admin: Header, database: Database
) -> None:
    store_owned_lead(database, "ana", team="sdr", owner=RILEY, due=after(hours=4))
    answer = await http.get("/v1/leads", headers=admin)
    [line] = answer.json()["leads"]
    assert line == {
        "lead": "ana",
        "email": "ana@northwind.example",
        "name": None,
        "company": None,
        "phone": None,
        "program": "acme",
        "stage": "mql",
        "since": "2026-03-02T14:00:00Z",
        "motion": "sales",
        "cycle": 1,
        "owner": RILEY,
        "team": "sdr",
        "track": None,
        "scores": {"fit": 0.0, "engagement": 0.0, "total": 0.0},
        "deadline": {"clock": "accept", "due": "2026-03-02T18:00:00Z"},
        "breached": False,
        "due": None,
        "closed": False,
        "updated": "2026-03-02T14:00:00Z",
    }


async def test_a_lead_is_found_by_its_address_and_by_when_it_changed(
    http: httpx.AsyncClient, admin: Header, database: Database
) -> None:
    store_owned_lead(database, "ana", team=None, owner=None)
    assert await read_lead_ids(http, admin, email="ANA@northwind.example") == ["ana"]
    assert await read_lead_ids(http, admin, email="ben@northwind.example") == []
    assert await read_lead_ids(http, admin, updated_since="2026-03-02T14:00:00Z") == ["ana"]
    assert await read_lead_ids(http, admin, updated_since="2026-03-02T14:00:01Z") == []


@pytest.mark.parametrize(
    "written",
    [
        " Zo\u00e9@B\u00dcCHER.example",
        "zo\u00e9@xn--bcher-kva.example",
        "zoe\u0301@bu\u0308cher.example",
    ],
    ids=["capitals", "ASCII", "decomposed"],
)
async def test_a_lead_is_found_by_its_address_in_any_spelling(
    http: httpx.AsyncClient, admin: Header, database: Database, written: str
) -> None:
    store_lead(database, "zoe", email="zo\u00e9@b\u00fccher.example")
    assert await read_lead_ids(http, admin, email=written) == ["zoe"]


@pytest.mark.parametrize(
    ("query", "path", "expected"),
    [
        ({"stage": "mgl"}, "query.stage", "'mql'"),
        ({"team": "sdx"}, "query.team", "did you mean 'sdr'?"),
        ({"program": "acne"}, "query.program", "did you mean 'acme'?"),
        ({"due_before": "2026-03-05T18:00:00"}, "query.due_before", "has no time zone"),
        ({"due_before": "tomorrow"}, "query.due_before", "2026-03-02T09:00:00-05:00"),
        ({"owner": "\0"}, "query.owner", "characters"),
        ({"owner": ""}, "query.owner", "at least 1"),
        ({"limit": 0}, "query.limit", "greater than or equal to 1"),
        ({"limit": 501}, "query.limit", "less than or equal to 500"),
        ({"limit": "many"}, "query.limit", "integer"),
        ({"order": "age"}, "query.order", "'urgency'"),
        ({"stagee": "mql"}, "query.stagee", "not permitted"),
        ({"after": "x"}, "query.after", "`next` of the page before"),
        ({"after": ""}, "query.after", "`next` of the page before"),
        ({"after": "WyJsZWFkIiwgImFuYSJd"}, "query.after", "with the same order"),
        ({"after": "WyJ1cmdlbmN5IiwgMSwgIngiLCAiYW5hIl0"}, "query.after", "`next`"),
        (
            {"after": "WyJ1cmdlbmN5IiwxLCIyMDI2LTAzLTAyVDE0OjAwOjAwWiIsIlx1MDAwMCJd"},
            "query.after",
            "",
        ),
    ],
)
async def test_a_wrong_query_is_refused_with_what_would_be_allowed(
    http: httpx.AsyncClient, admin: Header, query: dict[str, Any], path: str, expected: str
) -> None:
    answer = await http.get("/v1/leads", params=query, headers=admin)
    assert answer.status_code == 422
    [fault] = answer.json()["errors"]
    assert fault["path"] == path
    assert expected in fault["problem"]


async def test_the_cursor_of_another_caller_shows_only_leads_that_one_may_see(
    http: httpx.AsyncClient, admin: Header, database: Database
) -> None:
    store_owned_lead(database, "ana", team="sdr", owner=RILEY)
    store_owned_lead(database, "ben", team="sdr", owner=RILEY)
    store_owned_lead(database, "eva", team="emea", owner=None)
    page = await http.get("/v1/leads", params={"limit": 1}, headers=admin)
    jonas = header(database, "sales", "jonas@acme.example")
    query = {"after": page.json()["next"]}
    answer = await http.get("/v1/leads", params=query, headers=jonas)
    assert [one["lead"] for one in answer.json()["leads"]] == ["eva"]


async def test_a_dossier_shows_everything_known_with_instants_in_utc(
    http: httpx.AsyncClient, admin: Header, database: Database
) -> None:
    clocks = (
        ClockState(
            name="first_touch",
            start=NOW,
            total=60,
            counted=0,
            since=NOW,
            due=after(hours=1),
            breached=True,
        ),
        ClockState(name="qualify", start=NOW, total=60, counted=0, since=NOW, due=after(hours=9)),
    )
    decision = turn(
        1,
        ("created", {"program": "acme"}),
        ("touched", {"by": RILEY, "channel": "call", "n": 1}),
        stage="sal",
        owner=RILEY,
        fit=45.0,
        engagement=21.456,
        engagement_at=NOW,
        profile={"email": "ana@northwind.example", "employees": 900, "consent": True},
        handoff=handoff(
            assigned=NOW,
            accepted=after(minutes=5),
            attempt=1,
            touches=1,
            clocks=clocks,
            held_since=NOW,
            held_until=after(hours=2),
        ),
        tasks=(TaskState(id="task-1", kind="call", owner=RILEY),),
        deal=Deal(amount=24_000.0, currency="USD"),
        suppressed=("unsubscribed",),
        wake=Wake(at=after(hours=2), what="hold ends"),
    )
    SqlJournal(database).record(decision, FENCE, NOW)
    answer = await http.get("/v1/leads/ana", headers=admin)
    found = answer.json()
    assert found["scores"] == {"fit": 45.0, "engagement": 21.46, "total": 66.46}
    assert found["scored_at"] == "2026-03-02T14:00:00Z"
    assert found["profile"] == {"email": "ana@northwind.example", "employees": 900, "consent": True}
    assert found["deadline"] == {"clock": "qualify", "due": "2026-03-02T23:00:00Z"}
    assert found["breached"] is True
    assert found["due"] == {"at": "2026-03-02T16:00:00Z", "what": "hold ends"}
    assert found["handoff"] == {
        "handoff": 1,
        "team": "sdr",
        "opened": "2026-03-02T14:00:00Z",
        "attempt": 1,
        "assigned": "2026-03-02T14:00:00Z",
        "accepted": "2026-03-02T14:05:00Z",
        "touches": 1,
        "clocks": [
            {"clock": "first_touch", "due": "2026-03-02T15:00:00Z", "breached": True},
            {"clock": "qualify", "due": "2026-03-02T23:00:00Z", "breached": False},
        ],
        "held_until": "2026-03-02T16:00:00Z",
        "meeting_until": None,
        "over": False,
    }
    assert found["tasks"] == [
        {
            "task": "task-1",
            "task_kind": "call",
            "owner": RILEY,
            "team": None,
            "name": None,
            "note": None,
            "until": None,
        }
    ]
    assert found["deal"] == {"amount": 24_000.0, "currency": "USD"}
    assert found["suppressed"] == ["unsubscribed"]
    assert found["timeline"] == [
        {"seq": 1, "at": "2026-03-02T14:00:00Z", "kind": "created", "program": "acme"},
        {
            "seq": 2,
            "at": "2026-03-02T14:00:00Z",
            "kind": "touched",
            "by": RILEY,
            "channel": "call",
            "n": 1,
        },
    ]


async def test_a_long_timeline_is_read_backwards_in_parts(
    http: httpx.AsyncClient, admin: Header, database: Database
) -> None:
    notes = [("noted", {"by": RILEY, "note": str(number)}) for number in range(1, 251)]
    SqlJournal(database).record(turn(1, *notes), FENCE, NOW)

    async def asked(**query: Any) -> tuple[list[int], int | None]:
        answer = await http.get("/v1/leads/ana", params=query, headers=admin)
        body = answer.json()
        return [one["seq"] for one in body["timeline"]], body["earlier"]

    assert await asked() == (list(range(51, 251)), 51)
    assert await asked(before=51) == (list(range(1, 51)), None)
    assert await asked(timeline=1_000) == (list(range(1, 251)), None)
    assert await asked(timeline=2, before=10) == ([8, 9], 8)
    assert await asked(timeline=0) == ([], None)
    for query in ({"timeline": 1_001}, {"timeline": -1}, {"before": 0}, {"befour": 3}):
        answer = await http.get("/v1/leads/ana", params=query, headers=admin)
        assert answer.status_code == 422
