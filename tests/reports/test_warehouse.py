"""The warehouse export, through the command: what it holds, and that it grows by what is new."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

import starter
from activities.ports import Fence
from adapters.files.warehouse import Warehouse, WarehouseRun
from adapters.reports.lives import SqlLives
from adapters.reports.warehouse_columns import COLUMNS, KEYS
from adapters.sql.journal import SqlJournal
from adapters.sql.mail_ledger import SqlMailLedger
from models.decision import Decision, Entry
from reports.life import LeadLife
from tests.reports.random_journal import NOW, PlayedJournal, random_journal

Export = Callable[..., dict[str, Any]]


@pytest.fixture
def played(tmp_path: Path) -> Any:
    """A journal of this test's own, because it grows."""
    with random_journal(tmp_path, 12, seed=3) as journal:
        yield journal


@pytest.fixture
def export(
    played: PlayedJournal, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Export:
    monkeypatch.setenv("LEADFLOW_DATABASE_URL", played.url)

    def run(folder: Path, *options: str, status: int = 0) -> dict[str, Any]:
        with pytest.raises(SystemExit) as left:
            starter.main(("export", "warehouse", str(folder), *options, "--json"))
        said = capsys.readouterr()
        assert int(left.value.code or 0) == status, said.err
        return (
            json.loads(said.out)
            if status == 0
            else {"said": " ".join((said.out + said.err).split())}
        )

    return run


def lives(journal: PlayedJournal) -> list[LeadLife]:
    return list(SqlLives(journal.database, journal.programs).read(as_of=NOW))


def rows(folder: Path, table: str) -> list[dict[str, Any]]:
    """A table as an analyst reads it: of each key, the row of the latest run."""
    keys = ", ".join(f'"{one}"' for one in KEYS[table])  # type: ignore[index]  # it is a table
    found = duckdb.execute(
        f"SELECT * FROM read_parquet('{folder}/{table}/*.parquet')"  # noqa: S608 - a path of ours
        f" QUALIFY row_number() OVER (PARTITION BY {keys} ORDER BY run DESC) = 1 ORDER BY {keys}"
    )
    names = [one[0] for one in found.description]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def grow(journal: PlayedJournal, lead: str) -> None:
    """One more turn of a lead, with one entry."""
    before = journal.states[lead]
    state = replace(before, turn=before.turn + 1, seq=before.seq + 1)
    journal.states[lead] = state
    entry = Entry(seq=state.seq, at=NOW, kind="note", fields={"text": "wrote to x@y.example"})
    decision = Decision(state=state, entries=(entry,))
    assert SqlJournal(journal.database).record(decision, Fence(run=1, length=9), NOW) is None


def test_the_files_hold_what_the_database_holds(
    export: Export, played: PlayedJournal, tmp_path: Path
) -> None:
    SqlMailLedger(played.database).claim("l00000", "k", "m@x.example", NOW)
    folder = tmp_path / "warehouse"
    said = export(folder)
    assert (said["ok"], said["run"]) == (True, 1)
    leads = rows(folder, "leads")
    assert [row["lead"] for row in leads] == sorted(played.states)
    for row in leads:
        state = played.states[row["lead"]]
        assert (row["stage"], row["since"], row["owner"], row["turn"]) == (
            *(state.stage, state.since, state.owner, state.turn),
        )
        assert row["source"] == state.profile.get("source")
    timeline = rows(folder, "timeline")
    lines = [line for lead in sorted(played.lines) for line in played.lines[lead]]
    assert [(row["lead"], row["seq"], row["kind"]) for row in timeline] == [
        (line["lead"], line["seq"], line["kind"]) for line in lines
    ]
    assert [row["at"] for row in timeline] == [datetime.fromisoformat(x["at"]) for x in lines]
    assert len(rows(folder, "handoffs")) == sum(len(one.handoffs) for one in lives(played))
    [mail] = rows(folder, "messages")
    assert (mail["key"], mail["status"]) == ("k", "claimed")
    assert said["rows"] == {table: len(rows(folder, table)) for table in COLUMNS}
    for table, columns in COLUMNS.items():
        described = duckdb.execute(f"DESCRIBE SELECT * FROM '{folder}/{table}/*.parquet'")  # noqa: S608 - likewise
        types = {one[0]: one[1] for one in described.fetchall()}
        long = {"TIMESTAMP WITH TIME ZONE": "TIMESTAMPTZ"}
        assert {name: long.get(one, one) for name, one in types.items()} == {
            one.name: one.type for one in columns
        }


def test_a_second_run_writes_what_is_new_and_nothing_else(
    export: Export, played: PlayedJournal, tmp_path: Path
) -> None:
    folder = tmp_path / "warehouse"
    ledger = SqlMailLedger(played.database)
    ledger.claim("l00000", "k1", "m1@x.example", NOW)
    ledger.claim("l00000", "k2", "m2@x.example", NOW)
    export(folder)
    before = contents(folder)
    assert export(folder)["run"] is None
    assert contents(folder) == before
    grow(played, "l00003")
    ledger.settle("k2", "sent", None)
    said = export(folder)
    assert said["run"] == 2
    assert (said["rows"]["leads"], said["rows"]["timeline"], said["rows"]["messages"]) == (1, 1, 1)
    after = contents(folder)
    assert {name: after[name] for name in before if name != "manifest.json"} == {
        name: text for name, text in before.items() if name != "manifest.json"
    }
    assert {row["key"]: row["status"] for row in rows(folder, "messages")} == {
        "k1": "claimed",
        "k2": "sent",
    }
    [lead] = [row for row in rows(folder, "leads") if row["lead"] == "l00003"]
    assert (lead["turn"], lead["run"]) == (played.states["l00003"].turn, 2)
    # In two runs it is the same as in one, but for the number of the run.
    export(tmp_path / "at-once")
    for table in COLUMNS:
        assert [{**row, "run": 0} for row in rows(folder, table)] == [
            {**row, "run": 0} for row in rows(tmp_path / "at-once", table)
        ]


def contents(folder: Path) -> dict[str, bytes]:
    files = sorted(one for one in folder.rglob("*") if one.is_file())
    return {str(one.relative_to(folder)): one.read_bytes() for one in files}


@pytest.mark.parametrize("runs_before", [0, 1])
def test_a_run_that_was_killed_leaves_no_half_file_and_is_made_up_for(
    export: Export, played: PlayedJournal, tmp_path: Path, runs_before: int
) -> None:
    folder = tmp_path / "warehouse"
    for _ in range(runs_before):
        export(folder)
    before = contents(folder)
    grow(played, "l00003")
    # A process that was killed: one file in its place, one half written, no end.
    warehouse = Warehouse(folder, addresses=False)
    killed = warehouse.writing()  # it is kept, so that it does not end
    run: WarehouseRun = killed.__enter__()
    run.write("leads", [dict.fromkeys(one.name for one in COLUMNS["leads"])])
    run.flush()
    run.write("timeline", [dict.fromkeys(one.name for one in COLUMNS["timeline"])])
    left = contents(folder)
    assert {name: left[name] for name in before} == before
    for name, text in left.items():
        if name.endswith(".parquet") and not name.startswith(".unfinished"):
            assert text.endswith(b"PAR1")
    warehouse.close()
    said = export(folder)
    assert said["run"] == runs_before + 1
    assert not [name for name in contents(folder) if name.startswith(".unfinished")]
    manifest = json.loads((folder / "manifest.json").read_text())
    assert {one["file"] for one in manifest["files"]} | {"manifest.json"} == contents(folder).keys()
    assert [row["lead"] for row in rows(folder, "leads")] == sorted(played.states)


def test_addresses_of_leads_are_left_out_unless_asked_for(
    export: Export, played: PlayedJournal, tmp_path: Path
) -> None:
    grow(played, "l00003")
    export(tmp_path / "without")
    addresses = {state.profile["email"] for state in played.states.values()}
    texts = [str(row) for table in COLUMNS for row in rows(tmp_path / "without", table)]
    assert not [one for one in texts if "northwind.example" in one or "x@y.example" in one]
    assert any("wrote to (address)" in one for one in texts)
    assert any("@acme.example" in one for one in texts)  # sales people are named
    export(tmp_path / "with", "--addresses")
    assert {row["address"] for row in rows(tmp_path / "with", "leads")} == addresses
    said = export(tmp_path / "without", "--addresses", status=2)["said"]
    assert "was begun without --addresses" in said


def test_a_folder_that_holds_something_else_is_refused(export: Export, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    assert "holds other files" in export(tmp_path / "mine", status=2)["said"]
    export(tmp_path / "broken")
    (tmp_path / "broken" / "manifest.json").write_text("{}")
    assert "is not a manifest" in export(tmp_path / "broken", status=2)["said"]
    export(tmp_path / "torn")
    next((tmp_path / "torn" / "leads").iterdir()).unlink()
    assert "lacks leads/000001" in export(tmp_path / "torn", status=2)["said"]
    (tmp_path / "file").write_text("")
    export(tmp_path / "file" / "under", status=3)
