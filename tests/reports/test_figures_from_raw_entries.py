"""Every figure of velocity, SLA, nurture and sources, by a second implementation."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from reports.proportions import newcombe, wilson
from reports.table import Report, ReportCell
from tests.reports import plain
from tests.reports.plain_clocks import Lengths, PlainHandoff, office_seconds, product_limit, works
from tests.reports.random_journal import NOW, PlayedJournal
from tests.reports.test_flow_and_promises import rows, stage_lines
from tests.reports.test_funnel import asked, items

DAYS = timedelta(days=1)


def quantiles_of(cells: tuple[ReportCell, ...]) -> list[tuple[float, bool] | None]:
    return [None if one.figure is None else (one.figure, one.at_least) for one in cells]


def wanted(lengths: Lengths, *parts: float) -> list[tuple[float, bool] | None]:
    return [product_limit(lengths, one) for one in parts]


def intervals_are_those_of_their_counts(found: Report) -> None:
    """Each share of counted entries has Wilson's interval."""
    for table in found.tables:
        for row in table.rows:
            for cell in row.cells:
                if cell.form == "share" and cell.of is not None and cell.figure is not None:
                    assert cell.figure == pytest.approx(len(cell.items) / cell.of)
                    assert cell.interval == wilson(len(cell.items), cell.of)


@pytest.mark.parametrize("by", [(), ("month",), ("source",)])
def test_times_in_stages_count_who_is_still_there(
    journal: PlayedJournal, by: tuple[str, ...]
) -> None:
    found = asked(journal, "velocity", by=by)
    zone = found.timezone
    lengths: defaultdict[str, Lengths] = defaultdict(list)
    for lead, lines in journal.lines.items():
        moves = stage_lines(lines)
        source = journal.states[lead].profile.get("source") or "not known"
        for line, after in zip(moves, [*moves[1:], None], strict=True):
            local = plain.at(line).astimezone(ZoneInfo(zone))
            group = {"month": f"{local:%Y-%m} · ", "source": f"{source} · "}[by[0]] if by else ""
            end = NOW if after is None else plain.at(after)
            lasted = (end - plain.at(line)).total_seconds()
            lengths[group + plain.stage_of(line)].append((lasted, after is not None))
    table = rows(found, "Time in stage, and what flows through it")
    assert table.keys() == lengths.keys()
    for name, row in table.items():
        assert quantiles_of(row.cells[4:]) == wanted(lengths[name], 0.5, 0.9), name
    assert any(row.cells[5].at_least for row in table.values())


def kept(work: PlainHandoff, clock: str) -> str:
    done = work.qualified if clock == "qualify" else next(iter(work.touches), None)
    broken = next((one for one in work.breaches if one["clock"] == clock), None)
    if done is not None:
        return "late" if broken is not None and broken["seq"] < done["seq"] else "kept"
    return "breached" if broken is not None else "running" if work.over is None else "other"


@pytest.mark.parametrize("by", [(), ("team",)])
def test_times_and_promises_of_sales_are_those_of_raw_entries(
    journal: PlayedJournal, by: tuple[str, ...]
) -> None:
    found = asked(journal, "sla", by=by)
    of_group: defaultdict[str, list[PlainHandoff]] = defaultdict(list)
    for lines in journal.lines.values():
        for work in works(lines):
            of_group[work.team if by else "all"].append(work)
    times = rows(found, "Times")
    assert times.keys() == of_group.keys()
    for name, all_of in of_group.items():
        cells = times[name].cells
        first = [one for one in all_of if one.accepted and not one.second]
        assert [cells[n].figure for n in (0, 1, 11)] == [
            len(all_of),
            sum(not one.given for one in all_of),
            sum(len(one.holds) for one in all_of),
        ]
        lengths: dict[str, Lengths] = {
            "assign": [_elapsed(one) for one in all_of],
            "accept": [length for one in all_of for length in _to_accept(one)],
            "touch": [_to_touch(one) for one in all_of if one.accepted],
            "qualify": [_to_qualify(one) for one in first],
            "hold": [length for one in all_of for length in _on_hold(one)],
        }
        for place, what in ((2, "assign"), (4, "accept"), (6, "touch"), (8, "qualify")):
            assert quantiles_of(cells[place : place + 2]) == wanted(lengths[what], 0.5, 0.95), what
        assert quantiles_of(cells[12:]) == wanted(lengths["hold"], 0.5, 0.95)
        assert items(cells[10]) == sorted(
            plain.counted(one.qualified) for one in first if one.qualified
        )
        for clock in ("first_touch", "qualify"):
            promises = rows(found, f"Promises: {clock}")
            outcomes = Counter(kept(one, clock) for one in first)
            words = ("kept", "late", "breached", "running", "other")
            if first:
                assert [cell.figure for cell in promises[name].cells[:6]] == [
                    len(first),
                    *(outcomes[one] for one in words),
                ]
    intervals_are_those_of_their_counts(found)


def _end(work: PlainHandoff) -> datetime:
    return NOW if work.over is None else plain.at(work.over)


def _elapsed(work: PlainHandoff) -> tuple[float, bool]:
    end = plain.at(work.given[0].line) if work.given else _end(work)
    return (end - plain.at(work.opened)).total_seconds(), bool(work.given)


def _to_accept(work: PlainHandoff) -> Lengths:
    found: Lengths = []
    for one in work.given:
        if one.accepted is not None:
            found.append((one.accepted["open_seconds"], True))
        else:
            held = work.held("accept", NOW)
            end = one.end or _end(work)
            found.append((office_seconds(work.team, plain.at(one.line), end, held), False))
    return found


def _to_touch(work: PlainHandoff) -> tuple[float, bool]:
    assert work.accepted is not None
    start = plain.at(work.accepted)
    end = max(plain.at(work.touches[0]), start) if work.touches else _end(work)
    return office_seconds(work.team, start, end, work.held("first_touch", NOW)), bool(work.touches)


def _to_qualify(work: PlainHandoff) -> tuple[float, bool]:
    assert work.accepted is not None
    end = plain.at(work.qualified) if work.qualified else _end(work)
    held = work.held("qualify", NOW)
    return office_seconds(work.team, plain.at(work.accepted), end, held), bool(work.qualified)


def _on_hold(work: PlainHandoff) -> Lengths:
    return [
        (office_seconds(work.team, plain.at(line), ends[0] if ends else NOW), bool(ends))
        for line, _, ends in work.holds
    ]


MAILS = ("email_sent", "email_skipped", "email_deferred", "email_failed")
DEEDS = ("email.clicked", "email.replied", "email.unsubscribed")


def mails(lines: list[plain.Line]) -> list[tuple[str, plain.Line, list[plain.Line]]]:
    """Each mail of a lead: its row, its line, and the lines behind it."""
    found, track = [], None
    for place, line in enumerate(lines):
        if line["kind"] in ("track_entered", "track_left"):
            track = line["track"] if line["kind"] == "track_entered" else None
        if line["kind"] in MAILS:
            where = (line.get("track") or track or "no track", line["step"], line["email"])
            found.append((" · ".join(where), line, lines[place + 1 :]))
    return found


def first_deed(mail: plain.Line, later: list[plain.Line], deed: str) -> list[plain.Counted]:
    """The first deed about the mail before it was sent again, as a list."""
    for one in later:
        if one["kind"] == "email_sent" and one["email"] == mail["email"]:
            return []
        done = one["kind"] == "event" and one["type"] == deed and not one.get("machine")
        if done and one.get("subject") == mail["email"]:
            return [plain.counted(one)]
    return []


def soon_mql(mail: plain.Line, later: list[plain.Line]) -> list[plain.Counted]:
    found = [one for one in later if one["kind"] == "stage" and one["to"] == "mql"]
    return [plain.counted(one) for one in found if plain.at(one) - plain.at(mail) <= 30 * DAYS][:1]


def test_each_mail_stands_in_the_column_of_its_outcome(journal: PlayedJournal) -> None:
    found = asked(journal, "nurture")
    outcomes: Counter[tuple[str, str]] = Counter()
    for lines in journal.lines.values():
        for name, line, _ in mails(lines):
            kind, why = line["kind"], line.get("why")
            word = {"email_skipped": f"skipped: {why}", "email_deferred": f"put off: {why}"}
            outcomes[name, word.get(kind, kind.removeprefix("email_"))] += 1
    table = rows(found, "What became of mails")
    assert table.keys() == {name for name, _ in outcomes}
    for name, row in table.items():
        for column, cell in zip(found.tables[0].columns, row.cells, strict=True):
            assert cell.figure == outcomes[name, column], (name, column)
    whole = sum(len(cell.items) for row in table.values() for cell in row.cells)
    assert whole == sum(outcomes.values())


def test_reactions_to_mails_are_those_of_raw_entries(journal: PlayedJournal) -> None:
    found = asked(journal, "nurture")
    counted: defaultdict[tuple[str, str], list[plain.Counted]] = defaultdict(list)
    of: Counter[tuple[str, str]] = Counter()
    for lines in journal.lines.values():
        for name, line, later in mails(lines):
            if line.get("why") == "holdout":
                of[name, "holdout"] += 1
                counted[name, "holdout mql"] += soon_mql(line, later)
            elif line["kind"] == "email_sent":
                of[name, "sent"] += 1
                counted[name, "sent mql"] += soon_mql(line, later)
                for deed in DEEDS:
                    counted[name, deed] += first_deed(line, later, deed)
    for name, row in rows(found, "What recipients did").items():
        for cell, what in zip(row.cells[1:6], (*DEEDS, "sent mql", "holdout mql"), strict=True):
            assert items(cell) == sorted(counted[name, what]), what
            assert cell.of == of[name, "holdout" if what == "holdout mql" else "sent"]
        difference = row.cells[6]
        if difference.figure is not None:
            ours, theirs = len(counted[name, "sent mql"]), len(counted[name, "holdout mql"])
            sizes = of[name, "sent"], of[name, "holdout"]
            assert difference.figure == pytest.approx(ours / sizes[0] - theirs / sizes[1])
            assert difference.interval == newcombe(ours, sizes[0], theirs, sizes[1])
    intervals_are_those_of_their_counts(found)


def test_pipeline_and_revenue_by_source_are_those_of_raw_entries(journal: PlayedJournal) -> None:
    found = asked(journal, "sources")
    leads: Counter[str] = Counter()
    sums: defaultdict[tuple[str, str], list[float]] = defaultdict(lambda: [0, 0, 0, 0])
    for lead, lines in journal.lines.items():
        profile = journal.states[lead].profile
        name = " · ".join(str(profile.get(one) or "not known") for one in ("source", "door"))
        leads[name] += 1
        for line in lines:
            if line["kind"] in ("opportunity", "won", "lost"):
                of = sums[name, line.get("currency") or "no currency"]
                if line["kind"] != "lost":
                    place = 0 if line["kind"] == "opportunity" else 2
                    of[place] += 1
                    of[place + 1] += line["amount"]
    for name in leads.keys() - {name for name, _ in sums}:
        sums[name, "no deals"] = [0, 0, 0, 0]
    table = rows(found, "Pipeline and revenue")
    assert {name: [cell.figure for cell in row.cells] for name, row in table.items()} == {
        f"{name} · {currency}": [leads[name], *of] for (name, currency), of in sums.items()
    }
    share = rows(found, "Marketing's share against the target")["acme · USD"].cells
    whole = rows(found, "Marketing's part in the pipeline")["USD"].cells
    assert share[0].figure == whole[4].figure
    assert share[1].words == "40%"
    assert share[2].words == ("yes" if (share[0].figure or 0) >= 0.4 else "no")
