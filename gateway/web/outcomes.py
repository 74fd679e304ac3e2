"""What became of an act, as a page's status and its sentence."""

from __future__ import annotations

from usecases.acting import Malformed, NotAllowed, NotThere, Refused, Unavailable

Failed = Refused | NotAllowed | NotThere | Malformed | Unavailable

_STATUS: dict[type[Failed], int] = {
    Refused: 409,
    NotAllowed: 403,
    NotThere: 404,
    Malformed: 422,
    Unavailable: 503,
}


def status_of(outcome: Failed) -> int:
    """The status of the page that tells of it."""
    return _STATUS[type(outcome)]


def said_of(outcome: Failed) -> str:
    """Its sentence."""
    if isinstance(outcome, Unavailable):
        # The form on the page bears the act's id still.
        return (
            "Nobody answered in time; it may still be done. Press the button again in a"
            " moment: it is done once."
        )
    return outcome.why
