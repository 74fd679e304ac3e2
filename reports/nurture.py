"""Nurture: what became of each mail of each step, and what its recipients did then."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from reports.life import Fact, LeadLife, Mailing
from reports.proportions import newcombe
from reports.question import Question
from reports.table import Report, ReportCell, ReportRow, Table, count, share

_SKIPPED: Final = (
    *("unsubscribed", "bounced", "complained", "no_consent", "already_sent", "holdout"),
)
_DEFERRED: Final = ("window", "cap", "paused")
_MQL_WITHIN: Final = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class MailResult:
    """A mail with its lead and what came of it."""

    life: LeadLife
    mailing: Mailing
    again: Mailing | None
    """When the same e-mail was sent to the lead next."""

    def did(self, kind: str) -> Fact | None:
        """The first event of this type about the e-mail, before it was sent again."""
        for one in self.life.happenings:
            after = one.seq > self.mailing.seq and one.type == kind
            if after and one.subject == self.mailing.email:
                return one if self.again is None or one.seq < self.again.seq else None
        return None

    def mql(self) -> Fact | None:
        """The move to MQL within 30 days of it."""
        limit = self.mailing.at + _MQL_WITHIN
        return next(
            (
                one
                for one in self.life.moves
                if one.target == "mql" and one.seq > self.mailing.seq and one.at <= limit
            ),
            None,
        )


def nurture(lives: Iterable[LeadLife], asked: Question) -> Report:
    """What became of the mails of each step, and what their recipients did."""
    rows: defaultdict[str, list[MailResult]] = defaultdict(list)
    for life in lives:
        for mailing, again in _with_next(life):
            if asked.covers(mailing.at):
                place = (mailing.track or "no track", mailing.step, mailing.email)
                groups = (asked.group(life, mailing.at, asked.by),) if asked.by else ()
                rows[" · ".join((*groups, *place))].append(MailResult(life, mailing, again))
    found = sorted(rows.items())
    sent = [one for _, of in found for one in of if one.mailing.outcome == "sent"]
    return asked.report(
        name="nurture",
        title="Nurture",
        cohort="Each mail that was due in this time, by track, step and e-mail (so by variant).",
        unit="mails sent",
        n=len(sent),
        still_open=sum(_can_grow(one, asked) for one in sent),
        tables=(_outcomes(found, asked), _reactions(found, asked)),
    )


def _with_next(life: LeadLife) -> list[tuple[Mailing, Mailing | None]]:
    following: dict[str, Mailing] = {}
    found: list[tuple[Mailing, Mailing | None]] = []
    for one in reversed(life.mailings):
        found.append((one, following.get(one.email)))
        if one.outcome == "sent":
            following[one.email] = one
    return found[::-1]


def _can_grow(result: MailResult, asked: Question) -> bool:
    """Whether the 30 days to become an MQL are not over."""
    return result.mql() is None and result.mailing.at + _MQL_WITHIN > asked.as_of


def _outcomes(found: list[tuple[str, list[MailResult]]], asked: Question) -> Table:
    def number(of: list[MailResult], outcome: str, why: str | None = None) -> ReportCell:
        return count(
            one.mailing.item()
            for one in of
            if one.mailing.outcome == outcome and why in (None, one.mailing.why)
        )

    return Table(
        title="What became of mails",
        definition=(
            "How many were sent, failed (also those of unknown outcome), were skipped for good or"
            " put off, by the reason. One mail can be put off several times."
        ),
        head=" · ".join((*asked.by, "track", "step", "e-mail")),
        columns=(
            "sent",
            "failed",
            *(f"skipped: {why}" for why in _SKIPPED),
            *(f"put off: {why}" for why in _DEFERRED),
        ),
        rows=tuple(
            ReportRow(
                name=name,
                cells=(
                    number(of, "sent"),
                    number(of, "failed"),
                    *(number(of, "skipped", why) for why in _SKIPPED),
                    *(number(of, "deferred", why) for why in _DEFERRED),
                ),
            )
            for name, of in found
        ),
    )


def _reactions(found: list[tuple[str, list[MailResult]]], asked: Question) -> Table:
    return Table(
        title="What recipients did",
        definition=(
            "Of mails sent: how many were clicked (scanners left out), replied to, and unsubscribed"
            " from, before the same e-mail was sent to the lead again; and after how many the lead"
            " became an MQL within 30 days, whatever brought that about. Holdout: the same of mails"
            " that were not sent because the lead is held out. Difference: sent minus holdout, with"
            " Newcombe's interval of 95 %; if it contains 0, no effect is shown. ≥: not all have"
            " had their 30 days."
        ),
        head=" · ".join((*asked.by, "track", "step", "e-mail")),
        columns=(
            *("sent", "clicked", "replied", "unsubscribed"),
            *("MQL in 30 days", "holdout: MQL in 30 days", "difference"),
        ),
        rows=tuple(ReportRow(name=name, cells=_reaction_cells(of, asked)) for name, of in found),
    )


def _reaction_cells(of: list[MailResult], asked: Question) -> tuple[ReportCell, ...]:
    sent = [one for one in of if one.mailing.outcome == "sent"]
    held_out = [one for one in of if one.mailing.why == "holdout"]

    def part(
        results: list[MailResult], fact: Callable[[MailResult], Fact | None], *, grows: bool
    ) -> ReportCell:
        hits = [found.item() for one in results if (found := fact(one)) is not None]
        can_grow = grows and any(_can_grow(one, asked) for one in results)
        return share(hits, len(results), at_least=can_grow)

    became = part(sent, MailResult.mql, grows=True)
    would = part(held_out, MailResult.mql, grows=True)
    difference = None
    if became.figure is not None and would.figure is not None:
        difference = became.figure - would.figure
    return (
        count(one.mailing.item() for one in sent),
        part(sent, lambda one: one.did("email.clicked"), grows=False),
        part(sent, lambda one: one.did("email.replied"), grows=False),
        part(sent, lambda one: one.did("email.unsubscribed"), grows=False),
        became,
        would,
        ReportCell(
            figure=difference,
            form="share",
            items=(*became.items, *would.items),
            interval=None
            if difference is None
            else newcombe(len(became.items), len(sent), len(would.items), len(held_out)),
        ),
    )
