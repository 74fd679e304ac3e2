"""An act that was not done, as a problem document: for the API and the CRM alike."""

from __future__ import annotations

from gateway.requests.problems import Fault, ProblemError
from usecases.acting import (
    ActFailed,
    ActMalformed,
    ActNotAllowed,
    ActRefused,
    ActUnanswered,
    LeadNotThere,
)

_ABOUT_FIELDS = frozenset({"reason", "amount", "currency", "until", "why", "note"})
"""Refusals of one field's value. Sent again, it would be refused again: the status is 422. Any
other refusal is about how the lead stands, or about who acts: 409."""
_CODES = {"id": "id_used"}
"""Codes of refusals that are neither about a field (`unknown_reason`, `invalid`) nor `refused`."""


def act_problem(outcome: ActFailed, *, again: str = "", retry_seconds: int = 5) -> ProblemError:
    """The problem of an act that was not done.

    `again` says how to ask again if nobody answered, `retry_seconds` when.
    """
    match outcome:
        case ActRefused(sentence, word) if word in _ABOUT_FIELDS:
            code = "unknown_reason" if word == "reason" else None
            fault = Fault(path=f"body.{word}", problem=sentence)
            return ProblemError(422, sentence, code=code, errors=[fault])
        case ActRefused(sentence, word):
            return ProblemError(409, sentence, code=_CODES.get(word or ""))
        case ActNotAllowed(why):
            return ProblemError(403, why)
        case LeadNotThere(why):
            return ProblemError(404, why)
        case ActMalformed(why):
            return ProblemError(422, why, errors=[Fault(path="body", problem=why)])
        case ActUnanswered(why):
            return ProblemError(503, f"{why}{again}", headers={"Retry-After": str(retry_seconds)})
