"""Why an item from outside is rejected: a sentence for people, and a code for programs."""

from __future__ import annotations

from typing import Literal

RejectionCode = Literal["invalid", "not_allowed", "unknown_lead", "two_leads"]
"""`invalid`: a value is wrong. `not_allowed`: the door, or the key's scopes, may not do this.
`unknown_lead`: there is no such lead. `two_leads`: id and address are those of two leads."""


class RejectedItemError(ValueError):
    """An item is rejected for a reason that has a code of its own, other than `invalid`."""

    def __init__(self, sentence: str, code: RejectionCode) -> None:
        super().__init__(sentence)
        self.code: RejectionCode = code


def code_of(error: ValueError) -> RejectionCode:
    """The code of any error that rejects an item."""
    return error.code if isinstance(error, RejectedItemError) else "invalid"
