"""The one error of an act that the rules do not allow, from the rules to every caller."""

from __future__ import annotations


class RefusedError(Exception):
    """An act was refused. The message is a sentence that says what would be allowed.

    `why` is a word that a program can match, such as `stage` or `person` (docs/choices.md). It is
    None where only the sentence is known: an older worker answered, or a page of the desk was read.
    """

    def __init__(self, sentence: str, *, why: str | None = None) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.why = why
