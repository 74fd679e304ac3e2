"""The outcome of an act as a page's status and its sentence."""

from __future__ import annotations

from lifecycle.sales_words import stage_refusal
from lifecycle.stages import ACT_STAGES
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
    """The HTTP status of the page that shows this outcome."""
    return _STATUS[type(outcome)]


def sentence_of(
    outcome: ActFailed, do: str = "", stage: str | None = None, owner: str | None = None
) -> str:
    """The sentence that the page shows after an act `do` on a lead with this stage and owner.

    A refusal for the stage names the stages in the words of sales. If the stage that was read
    allows the act, the lead has moved since the refusal: then the sentence of the rules stands.
    """
    if (
        isinstance(outcome, ActRefused)
        and outcome.word == "stage"
        and stage is not None
        and stage not in ACT_STAGES.get(do, (stage,))
    ):
        return stage_refusal(do, stage, owner)
    if isinstance(outcome, ActUnanswered):
        # The form on the page still has the act's id.
        return f"{as_sentence(outcome.why)} Press the button again in a moment: it is done once."
    return outcome.why


def as_sentence(text: str) -> str:
    """Write a text as a sentence: with a capital letter and a full stop."""
    return f"{text[:1].upper()}{text[1:]}."
