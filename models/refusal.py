"""The one error of an act that the rules do not allow, from the rules to every caller."""

from __future__ import annotations


class RefusedError(Exception):
    """An act was refused. The message is a sentence that says what would be allowed.

    `why` is a word that a program can match, such as `stage` or `person`; it is None where only the
    sentence was passed on, such as through Temporal.
    """

    def __init__(self, sentence: str, *, why: str | None = None) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.why = why
