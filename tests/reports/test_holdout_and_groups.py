"""The holdout by a second implementation, and groups of reports that add up to the whole."""

from __future__ import annotations

from datetime import timedelta
from statistics import NormalDist, fmean, variance

import pytest

from lifecycle.stable_hash import stable_hash
from tests.reports import plain
from tests.reports.random_journal import NOW, PlayedJournal
from tests.reports.test_flow_and_promises import rows
from tests.reports.test_funnel import asked

DAYS = timedelta(days=1)


def test_the_holdout_and_the_rest_are_those_of_raw_entries(journal: PlayedJournal) -> None:
    found = asked(journal, "holdout")
    groups: dict[bool, list[list[plain.Line]]] = {True: [], False: []}
    for lead, lines in journal.lines.items():
        created = plain.at(lines[0])
        if lines[0]["stage"] in ("known", "engaged") and created + 90 * DAYS <= NOW:
            soon = [line for line in lines if plain.at(line) <= created + 90 * DAYS]
            groups[stable_hash("acme", lead, "holdout") < 0.25].append(soon)
    compared = rows(found, "Within 90 days of their creation")
    money = rows(found, "Pipeline and revenue within 90 days")
    verdicts = rows(found, "Does mail make a difference?")
    hits = {
        stage: [
            [any(line["kind"] == "stage" and line["to"] == stage for line in one) for one in of]
            for of in (groups[False], groups[True])
        ]
        for stage in ("mql", "opportunity", "customer")
    }
    for place, (name, of) in enumerate((("the rest", groups[False]), ("holdout", groups[True]))):
        cells = compared[name].cells
        assert [len(cell.items) for cell in cells] == [
            len(of),
            *(sum(hit[place]) for hit in hits.values()),
        ]
    for name, (ours, theirs) in zip(("MQL", "opportunity", "won"), hits.values(), strict=True):
        difference, verdict = verdicts[name].cells
        assert difference.figure == pytest.approx(fmean(ours) - fmean(theirs))
        early = min(len(ours), len(theirs)) < 50 or sum(ours) + sum(theirs) < 10
        assert (verdict.words == "too early to tell") == early
    for currency in ("EUR", "USD"):
        worth = []
        for name, of in (("the rest", groups[False]), ("holdout", groups[True])):
            opened = [
                [x for x in one if x["kind"] == "opportunity" and x["currency"] == currency]
                for one in of
            ]
            won = [x for one in of for x in one if x["kind"] == "won" and x["currency"] == currency]
            worth.append([sum(x["amount"] for x in one) for one in opened])
            if any(opened) or won:
                cells = money[f"{name} · {currency}"].cells
                assert [cell.figure for cell in cells] == pytest.approx(
                    [
                        sum(map(len, opened)),
                        sum(worth[-1]),
                        fmean(worth[-1]),
                        len(won),
                        sum(x["amount"] for x in won),
                    ]
                )
        cell = verdicts[f"pipeline per lead, {currency}"].cells[0]
        more = fmean(worth[0]) - fmean(worth[1])
        half = NormalDist().inv_cdf(0.975) * sum(variance(one) / len(one) for one in worth) ** 0.5
        assert cell.figure == pytest.approx(more)
        assert cell.interval == pytest.approx((more - half, more + half))


def test_groups_add_up_to_the_whole(journal: PlayedJournal) -> None:
    whole = rows(asked(journal, "holdout"), "Within 90 days of their creation")
    parts = rows(asked(journal, "holdout", by=("source",)), "Within 90 days of their creation")
    for name in ("holdout", "the rest"):
        for place in range(4):
            of = [row for one, row in parts.items() if one.endswith(f" · {name}")]
            assert sum(len(row.cells[place].items) for row in of) == len(
                whole[name].cells[place].items
            )
    figures = rows(asked(journal, "targets"), "Targets and figures")
    by_door = rows(asked(journal, "targets", by=("door",)), "Targets and figures")
    for target in ("accepted_within_sla", "mql_to_sal"):
        of = [row for one, row in by_door.items() if one.endswith(f" · {target}")]
        for place in (1, *range(3, 11)):  # the figure, and eight weeks
            assert sum(len(row.cells[place].items) for row in of) == len(
                figures[target].cells[place].items
            )
