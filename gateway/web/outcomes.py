"""What became of an act, as a page's status and its sentence."""

from __future__ import annotations

from usecases.acting import ActMalformed, ActNotAllowed, ActRefused, ActUnanswered, LeadNotThere

Failed = ActRefused | ActNotAllowed | LeadNotThere | ActMalformed | ActUnanswered

_STATUS: dict[type[Failed], int] = {
    ActRefused: 409,
    ActNotAllowed: 403,
    LeadNotThere: 404,
    ActMalformed: 422,
    ActUnanswered: 503,
}


def status_of(outcome: Failed) -> int:
    """The status of the page that tells of it."""
    return _STATUS[type(outcome)]


def said_of(outcome: Failed) -> str:
    """Its sentence."""
    if isinstance(outcome, ActUnanswered):
        # The form on the page bears the act's id still.
        return (
            "Nobody answered in time; it may still be done. Press the button again in a"
            " moment: it is done once."
        )
    return outcome.why
