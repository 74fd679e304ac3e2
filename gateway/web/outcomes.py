"""What became of an act, as a page's status and its sentence."""

from __future__ import annotations

from usecases.acting import (
    ActFailed,
    ActMalformed,
    ActNotAllowed,
    ActRefused,
    ActUnanswered,
    LeadNotThere,
)

_STATUS: dict[type[ActFailed], int] = {
    ActRefused: 409,
    ActNotAllowed: 403,
    LeadNotThere: 404,
    ActMalformed: 422,
    ActUnanswered: 503,
}


def status_of(outcome: ActFailed) -> int:
    """The status of the page that shows it."""
    return _STATUS[type(outcome)]


def sentence_of(outcome: ActFailed) -> str:
    """The sentence that the page shows."""
    if isinstance(outcome, ActUnanswered):
        # The form on the page still bears the act's id.
        why = outcome.why[0].upper() + outcome.why[1:]
        return f"{why}. Press the button again in a moment: it is done once."
    return outcome.why
