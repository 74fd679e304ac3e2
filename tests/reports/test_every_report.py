"""What is true of every report, through the command: each number is the length of its list."""

from __future__ import annotations

import csv
import io
import json
from html.parser import HTMLParser
from typing import Any, NamedTuple

import pytest

import starter
from cli.report import ReportName
from tests.reports.random_journal import NOW, PlayedJournal
from usecases.reporting import NAMES


class Printed(NamedTuple):
    status: int
    out: str
    err: str


@pytest.fixture
def run(
    journal: PlayedJournal, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Any:
    monkeypatch.setenv("LEADFLOW_DATABASE_URL", journal.url)

    def report(*arguments: str) -> Printed:
        with pytest.raises(SystemExit) as left:
            starter.main(("report", "--as-of", NOW.isoformat(), *arguments))
        said = capsys.readouterr()
        return Printed(int(left.value.code or 0), said.out, said.err)

    return report


def test_the_command_has_every_report() -> None:
    assert tuple(ReportName) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_each_number_is_the_length_of_its_list(run: Any, journal: PlayedJournal, name: str) -> None:
    said = run(name, "--json", "--leads")
    assert said.status == 0, said.err
    found = json.loads(said.out)
    assert found["report"] == name
    assert found["n"] > 0
    cells = 0
    for table in found["tables"]:
        assert table["definition"].endswith(".")
        for row in table["rows"]:
            assert tuple(row["cells"]) == tuple(table["columns"])
            for cell in row["cells"].values():
                cells += 1
                assert cell["items"] == len(cell["leads"])
                if cell["form"] == "count":
                    assert cell["figure"] == len(cell["leads"])
                for one in cell["leads"]:
                    # It is an entry of that lead's timeline.
                    assert one["seq"] <= journal.states[one["lead"]].seq
    assert cells


@pytest.mark.parametrize("name", ["nurture", "sla"])  # they have every form of figure
def test_a_report_is_the_same_in_every_form(run: Any, name: str) -> None:
    document = json.loads(run(name, "--json").out)
    rows = list(csv.DictReader(io.StringIO(run(name, "--csv").out.removeprefix("\ufeff"))))
    cells = [
        (table["title"], row["name"], column, cell)
        for table in document["tables"]
        for row in table["rows"]
        for column, cell in row["cells"].items()
    ]
    assert [(row["table"], row["column"]) for row in rows] == [(cell[0], cell[2]) for cell in cells]
    for row, (_, _, _, cell) in zip(rows, cells, strict=True):
        if cell.get("figure") is not None:
            assert float(row["figure"]) == pytest.approx(cell["figure"], abs=1e-6)
    page = run(name, "--html", "--leads").out
    parser = _Tags()
    parser.feed(page)
    assert parser.open == []
    assert "<script" not in page
    assert page.count("<tr>") == sum(1 + len(table["rows"]) for table in document["tables"])
    assert document["title"] in run(name).out


class _Tags(HTMLParser):
    """The tags that were opened and not closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:  # noqa: ARG002 - the parser gives it
        if tag not in ("meta", "rect", "path", "circle"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in ("rect", "path", "circle"):
            assert self.open.pop() == tag


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--by", "moth"), "--by: this report has no rows by 'moth'; did you mean 'month'"),
        (("--program", "acm"), "--program: no such program was published; did you mean 'acme'"),
        (("--since", "spring"), "or a day like 2026-03-02"),
        (("--row", "nobody"), "--row: there is no row 'nobody'"),
        (("--column", "mqls"), "--column: there is no column 'mqls'; did you mean 'mql'"),
        (("--column", "open", "--row", "mql"), "no table has both the row 'mql' and the column"),
        (("--as-of", "2199-01-01"), "--as-of: 2199-01-01T05:00:00Z lies in the future; the latest"),
        (("--since", "2026-01-01"), "--since: 2026-01-01T05:00:00Z comes after the instant of"),
        (
            ("--since", "2025-03-01", "--until", "2025-02-01"),
            "--until: 2025-02-01T05:00:00Z is not after since, 2025-03-01T05:00:00Z",
        ),
        (("--json", "--csv"), "choose one of --json, --csv and --html"),
    ],
)
def test_what_does_not_exist_is_refused_with_what_does(
    run: Any, arguments: tuple[str, ...], said: str
) -> None:
    found = run("funnel", *arguments)
    assert found.status == 2
    assert said in found.out + found.err


def test_one_cell_is_asked_for_with_the_entries_that_it_counts(run: Any) -> None:
    found = run(
        "funnel", "--by", "source", "--row", "webinar", "--column", "mql", "--leads", "--csv"
    )
    rows = list(csv.DictReader(io.StringIO(found.out.removeprefix("\ufeff"))))
    assert rows
    assert {(row["row"], row["column"]) for row in rows} == {("webinar", "mql")}
