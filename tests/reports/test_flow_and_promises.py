"""Velocity, SLA, nurture, sources, targets and holdout against plain sums over raw lines."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from lifecycle.stable_hash import stable_hash
from reports.table import Report, ReportRow
from tests.reports import plain
from tests.reports.random_journal import NOW, PlayedJournal
from tests.reports.test_funnel import asked, items

SINCE = NOW - timedelta(days=150)


def rows(found: Report, title: str) -> dict[str, ReportRow]:
    [table] = [one for one in found.tables if one.title == title]
    return {row.name: row for row in table.rows}


def number(row: ReportRow, place: int) -> int:
    return int(row.cells[place].figure or 0)


def stage_lines(lines: list[plain.Line]) -> list[plain.Line]:
    return [one for one in lines if one["kind"] in ("created", "stage")]


def test_in_out_and_balance_of_each_stage_reconcile(journal: PlayedJournal) -> None:
    found = rows(
        asked(journal, "velocity", since=SINCE.isoformat()),
        "Time in stage, and what flows through it",
    )
    for stage, row in found.items():
        before = came = gone = then = 0
        lengths: list[tuple[float, bool]] = []
        for lines in journal.lines.values():
            moves = stage_lines(lines)
            for n, line in enumerate(moves):
                after = moves[n + 1] if n + 1 < len(moves) else None
                if plain.stage_of(line) != stage:
                    continue
                left = plain.at(after) if after else None
                before += plain.at(line) < SINCE and (left is None or left >= SINCE)
                came += plain.at(line) >= SINCE
                gone += left is not None and left >= SINCE
                then += left is None
                if plain.at(line) >= SINCE:
                    end = left or NOW
                    lengths.append(((end - plain.at(line)).total_seconds(), left is not None))
        assert [number(row, n) for n in range(4)] == [before, came, gone, then]
        assert before + came - gone == then
        for place, part in ((4, 0.5), (5, 0.9)):
            cell = row.cells[place]
            if all(ended for _, ended in lengths) and lengths:
                ordered = sorted(length for length, _ in lengths)
                left_over = [sum(one > length for one in ordered) for length in ordered]
                wanted = next(
                    length
                    for length, over in zip(ordered, left_over, strict=True)
                    if over <= (1 - part) * len(ordered) + 1e-6
                )
                assert (cell.figure, cell.at_least) == (wanted, False)
    now = Counter(state.stage for state in journal.states.values())
    assert {name: number(row, 3) for name, row in found.items() if number(row, 3)} == now


def test_pipeline_velocity_is_made_of_its_parts(journal: PlayedJournal) -> None:
    for currency, row in rows(asked(journal, "velocity"), "Pipeline velocity").items():
        opened, lost = 0, 0
        won: list[tuple[float, float]] = []
        for lines in journal.lines.values():
            began: datetime | None = None
            for line in lines:
                if line["kind"] == "opportunity":
                    began = plain.at(line)
                if line.get("currency") != currency:
                    continue
                opened += line["kind"] == "opportunity"
                lost += line["kind"] == "lost"
                if line["kind"] == "won":
                    assert began is not None
                    won.append((line["amount"], (plain.at(line) - began).total_seconds() / 86_400))
        parts = [cell.figure for cell in row.cells]
        rate, deal = len(won) / (len(won) + lost), sum(one for one, _ in won) / len(won)
        days = sum(one for _, one in won) / len(won)
        assert parts == pytest.approx([opened, rate, deal, days, opened * rate * deal / days])


def handoffs(journal: PlayedJournal) -> list[list[plain.Line]]:
    """The lines of each handoff: from its opening to the next one's."""
    found: list[list[plain.Line]] = []
    for lines in journal.lines.values():
        mine: list[list[plain.Line]] = []
        for line in lines:
            if line["kind"] == "handoff_opened":
                mine.append([])
            if mine:
                mine[-1].append(line)
        found += mine
    return found


def test_accepted_handoffs_and_breaches_are_those_of_raw_entries(journal: PlayedJournal) -> None:
    found = asked(journal, "sla")
    all_of = handoffs(journal)
    assert found.n == len(all_of)
    row = rows(found, "Promises: accept")["all"]
    outcomes: Counter[str] = Counter()
    for lines in all_of:
        attempts: list[list[str]] = []
        for line in lines:
            if line["kind"] == "assigned":
                attempts.append([])
            elif line["kind"] == "breached" and line["clock"] == "accept" and attempts:
                attempts[-1].append("breach")
            elif line["kind"] == "accepted":
                if attempts:
                    attempts[-1].append("accept")
                break
            elif line["kind"] == "stage" and line["to"] in ("recycled", "disqualified", "lost"):
                break
        for one in attempts:
            late = "late" if "breach" in one else "kept"
            outcomes[late if "accept" in one else "breached" if one else "open"] += 1
    assert [number(row, n) for n in (1, 2, 3)] == [
        outcomes[one] for one in ("kept", "late", "breached")
    ]
    assert number(row, 0) == sum(outcomes.values())
    breaches = [line for lines in all_of for line in lines if line["kind"] == "breached"]
    assert rows(found, "Every breach, to contest").keys() == {
        f"{line['lead']} · {line['seq']}" for line in breaches
    }


def test_the_time_of_an_accept_breach_is_the_time_that_was_promised(
    journal: PlayedJournal,
) -> None:
    """Acme promises an hour for a demo and four for all else: that much office time counted."""
    found = rows(asked(journal, "sla"), "Every breach, to contest").values()
    accept = [row.cells[4].figure for row in found if row.cells[1].words == "accept"]
    assert accept
    assert set(accept) <= {3_600, 4 * 3_600}
    touch = [row.cells[4].figure for row in found if row.cells[1].words == "first_touch"]
    assert set(touch) <= {2 * 3_600}


def test_mails_are_those_of_raw_entries(journal: PlayedJournal) -> None:
    found = asked(journal, "nurture")
    became = rows(found, "What became of mails")
    sent = [
        line for lines in journal.lines.values() for line in lines if line["kind"] == "email_sent"
    ]
    by_step = Counter((line["track"], line["step"], line["email"]) for line in sent)
    assert {
        tuple(name.split(" · ")): number(row, 0) for name, row in became.items() if number(row, 0)
    } == by_step
    skipped = Counter(
        line["why"]
        for lines in journal.lines.values()
        for line in lines
        if line["kind"] == "email_skipped"
    )
    assert sum(number(row, 7) for row in became.values()) == skipped["holdout"] > 0
    assert sum(number(row, 2) for row in became.values()) == skipped["unsubscribed"]
    reactions = rows(found, "What recipients did")
    mql: Counter[tuple[str, ...]] = Counter()
    clicked: Counter[tuple[str, ...]] = Counter()
    for line in sent:
        later = [one for one in journal.lines[line["lead"]] if one["seq"] > line["seq"]]
        place: tuple[str, ...] = (line["track"], line["step"], line["email"])
        mql[place] += any(
            one["kind"] == "stage"
            and one["to"] == "mql"
            and plain.at(one) - plain.at(line) <= timedelta(days=30)
            for one in later
        )
        for one in later:
            if one["kind"] == "email_sent" and one["email"] == line["email"]:
                break
            if one["kind"] == "event" and (one["type"], one.get("subject")) == (
                "email.clicked",
                line["email"],
            ):
                clicked[place] += not one.get("machine")
                break
    for name, row in reactions.items():
        spot = tuple(name.split(" · "))
        assert len(row.cells[4].items) == mql[spot]
        assert len(row.cells[1].items) == clicked[spot]


def test_sourced_and_influenced_pipeline_are_those_of_raw_entries(journal: PlayedJournal) -> None:
    found = rows(asked(journal, "sources"), "Marketing's part in the pipeline")
    sums: defaultdict[str, list[float]] = defaultdict(lambda: [0, 0, 0, 0, 0])
    for lead, lines in journal.lines.items():
        source, touched = journal.states[lead].profile.get("source"), False
        for line in lines:
            touched |= line["kind"] == "email_sent"
            touched |= (
                line["kind"] == "event"
                and not line.get("machine")
                and line["type"]
                not in (
                    "email.unsubscribed",
                    "email.bounced",
                    "meeting.cancelled",
                    "profile.updated",
                )
            )
            if line["kind"] == "opportunity":
                ours = source not in (None, "outbound")
                of, amount = sums[line["currency"]], line["amount"]
                of[0] += 1
                of[1] += amount
                of[2] += ours * amount
                of[3] += touched
                of[4] += touched * amount
    assert {
        name: [row.cells[n].figure for n in (0, 1, 3, 5, 6)] for name, row in found.items()
    } == sums


def test_targets_are_those_of_raw_entries(journal: PlayedJournal) -> None:
    found = asked(journal, "targets", since=SINCE.isoformat())
    row = rows(found, "Targets and figures")
    assert row.keys() == journal.program.targets.keys()
    in_time = missed = 0
    for lines in handoffs(journal):
        for line in lines:
            if line["kind"] == "breached" and line["clock"] == "accept":
                missed += plain.at(line) >= SINCE
                break
            if line["kind"] == "accepted":
                in_time += plain.at(line) >= SINCE
                break
    cell = row["accepted_within_sla"].cells[1]
    assert (len(cell.items), cell.of) == (in_time, in_time + missed)
    assert row["accepted_within_sla"].cells[0].words == "90%"
    became = accepted = 0
    for lines in journal.lines.values():
        for way in plain.ways(lines):
            mql = [one for one in way.path if plain.stage_of(one) == "mql"]
            if mql and plain.at(mql[0]) >= SINCE:
                became += 1
                accepted += way.first("sal") is not None
    cell = row["mql_to_sal"].cells[1]
    assert (len(cell.items), cell.of) == (accepted, became)
    assert found.tables[0].columns[-1] == plain.week(NOW, ZoneInfo(found.timezone))


def test_the_holdout_is_compared_with_the_rest(journal: PlayedJournal) -> None:
    found = asked(journal, "holdout")
    compared = rows(found, "Within 90 days of their creation")
    groups: defaultdict[bool, list[int]] = defaultdict(lambda: [0, 0])
    for lead, lines in journal.lines.items():
        created = plain.at(lines[0])
        if lines[0]["stage"] not in ("known", "engaged") or created + timedelta(days=90) > NOW:
            continue
        held_out = stable_hash("acme", lead, "holdout") < 0.25
        groups[held_out][0] += 1
        groups[held_out][1] += any(
            line["kind"] == "stage"
            and line["to"] == "opportunity"
            and plain.at(line) <= created + timedelta(days=90)
            for line in lines
        )
    for name, held_out in (("holdout", True), ("the rest", False)):
        cells = compared[name].cells
        assert [len(cells[0].items), len(cells[2].items)] == groups[held_out]
    verdicts = rows(found, "Does mail make a difference?")
    hits = groups[True][1] + groups[False][1]
    if min(groups[True][0], groups[False][0]) < 50 or hits < 10:
        assert verdicts["opportunity"].cells[1].words == "too early to tell"
    assert items(compared["holdout"].cells[0])
