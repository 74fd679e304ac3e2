"""The salespeople of acme, their API keys, and a lead for each of them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from adapters.files.teams import read_directory
from adapters.sql.api_keys import SqlApiKeys
from adapters.sql.database import Database
from adapters.sql.directory import SqlDirectory
from adapters.sql.journal import SqlJournal
from models.directory import Directory
from models.state import ClockState
from tests.gateway.stored_rows import NOW
from tests.journal.turns import FENCE, after, handoff, turn

RILEY = "riley@acme.example"
SAM = "sam@acme.example"
JONAS = "jonas@acme.example"
MORGAN = "morgan@acme.example"
"""Manages sdr and ae."""
MARA = "mara@acme.example"
"""Manages emea."""

TEAMS: Directory = read_directory(Path(__file__).parents[2] / "programs" / "teams.yaml")

Header = dict[str, str]


def header(database: Database, role: str, person: str | None = None) -> Header:
    """The header of a new key with this role."""
    made = SqlApiKeys(database).make(f"{role} {person}", role=role, person=person)
    return {"Authorization": f"Bearer {made}"}


def keys_of_all_callers(database: Database) -> Mapping[str, Header]:
    """A header for each kind of caller."""
    return {
        "nobody": {},
        "system": {
            "Authorization": "Bearer "
            + SqlApiKeys(database).make("web site", ["leads:write", "events:write"])
        },
        "marketing": header(database, "marketing"),
        "riley": header(database, "sales", RILEY),
        "jonas": header(database, "sales", JONAS),
        "morgan": header(database, "manager", MORGAN),
        "mara": header(database, "manager", MARA),
        "admin": header(database, "admin"),
    }


def apply_directory(database: Database, people: Directory) -> None:
    SqlDirectory(database).apply(people)


def store_owned_lead(
    database: Database,
    lead: str,
    *,
    team: str | None,
    owner: str | None,
    stage: str = "mql",
    due: datetime | None = None,
    breached: bool = False,
) -> None:
    """A lead as its last turn left it; with `due`, an accept clock runs."""
    clock = ClockState(
        name="accept",
        start=NOW,
        total=3_600,
        counted=0,
        since=NOW,
        due=due or after(hours=4),
        breached=breached,
    )
    changes: dict[str, Any] = {"stage": stage, "owner": owner}
    if team is not None:
        changes["handoff"] = handoff(team=team, clocks=(clock,), assigned=NOW, attempt=1)
    created = ("created", {"program": "acme", "stage": "known", "motion": "sales"})
    SqlJournal(database).record(turn(1, created, lead=lead, **changes), FENCE, NOW)


def store_lead_for_each_person(database: Database) -> None:
    """Riley (sdr) owns `ana`, Sam (sdr) `ben`, Jonas (emea) `eva`; `new` has no team."""
    store_owned_lead(database, "ana", team="sdr", owner=RILEY)
    store_owned_lead(database, "ben", team="sdr", owner=SAM)
    store_owned_lead(database, "eva", team="emea", owner=JONAS)
    store_owned_lead(database, "new", team=None, owner=None, stage="known")
