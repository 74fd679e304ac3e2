"""What happened at the steps of a program in the last 30 days, for its page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from adapters.reports.step_figures import (
    CLICKED,
    DELIVERED,
    ENTERED,
    LEFT,
    OPENED,
    REPLIED,
    SENT,
    UNSUBSCRIBED,
    WENT_ON,
)
from gateway.board.numbers import BoardNumbers, Number, Numbers
from lifecycle.words.outline import TrackOutline
from reports.proportions import Interval, newcombe

_COMPARED = {one.name for one in (CLICKED, REPLIED, UNSUBSCRIBED)}
_REACTIONS = (DELIVERED, OPENED, CLICKED, REPLIED, UNSUBSCRIBED)


@dataclass(frozen=True, slots=True, kw_only=True)
class StepMonth:
    """A step in the last 30 days."""

    words: str
    entered: Number
    went_on: Number
    left: tuple[tuple[str, Number], ...]
    """By reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareDifference:
    """By how much a variant's share differs from the first variant's; parts of 1."""

    value: float
    interval: Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class MailReaction:
    """How many of an e-mail's mails were clicked, and so on."""

    number: Number
    share: float | None
    """Of those sent; None if none was."""
    difference: ShareDifference | None
    """To the first variant; None for the first, for other mails and for what is not compared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MailLine:
    """One e-mail of a step."""

    email: str
    sent: Number
    reactions: tuple[MailReaction, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackMonth:
    """A track in the last 30 days."""

    steps: tuple[StepMonth, ...]
    mails: tuple[MailLine, ...]


class Month:
    """The figures of all tracks of a program, counted in two passes."""

    def __init__(self, counting: BoardNumbers, only: Mapping[str, Any]) -> None:
        self._visits = counting.count(
            *(ENTERED, WENT_ON, LEFT), by=("track", "step", "why"), **only
        )
        self._mails = counting.count(SENT, *_REACTIONS, by=("track", "step", "email"), **only)

    def track(self, track: TrackOutline) -> TrackMonth:
        """One track."""
        steps = [(line.id, line.words) for line in track.steps]
        known = {step for step, _ in steps}
        # Steps of other versions, which this one does not have.
        steps += [
            (step, f"{step} (gone)")
            for step in self._visits.values("step", ENTERED, track=track.name)
            if step is not None and step not in known
        ]
        return TrackMonth(
            steps=tuple(self._step(track.name, step, words) for step, words in steps),
            mails=tuple(line for step, _ in steps for line in self._lines(track.name, step)),
        )

    def _step(self, track: str, step: str, words: str) -> StepMonth:
        place = {"track": track, "step": step}
        return StepMonth(
            words=words,
            entered=self._visits.of(ENTERED, **place),
            went_on=self._visits.of(WENT_ON, **place),
            left=tuple(
                (why, self._visits.of(LEFT, **place, why=why))
                for why in self._visits.values("why", LEFT, **place)
                if why is not None
            ),
        )

    def _lines(self, track: str, step: str) -> list[MailLine]:
        emails = sorted(
            one
            for one in self._mails.values("email", SENT, track=track, step=step)
            if one is not None
        )
        return [_mail_line(self._mails, track, step, one, emails[0]) for one in emails]


def _mail_line(mails: Numbers, track: str, step: str, email: str, first: str) -> MailLine:
    place = {"track": track, "step": step}
    sent = mails.of(SENT, **place, email=email)
    others = mails.of(SENT, **place, email=first)
    reactions = []
    for figure in _REACTIONS:
        number = mails.of(figure, **place, email=email)
        difference = None
        if email != first and figure.name in _COMPARED and sent.value and others.value:
            other = mails.of(figure, **place, email=first)
            difference = ShareDifference(
                value=number.value / sent.value - other.value / others.value,
                interval=newcombe(number.value, sent.value, other.value, others.value),
            )
        reactions.append(
            MailReaction(
                number=number,
                share=number.value / sent.value if sent.value else None,
                difference=difference,
            )
        )
    return MailLine(email=email, sent=sent, reactions=tuple(reactions))
