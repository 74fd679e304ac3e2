"""Event types that nobody knows, and that look like a known one: a rule waits for ever."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import SequenceMatcher

from adapters.checks.operands import ExpressionReader
from adapters.checks.parsed_expressions import parsed_expressions
from adapters.documents.marked import Node
from lifecycle.handoff import unreachable_owner
from lifecycle.moves.events import NOT_HUMAN
from lifecycle.nurture import consent
from lifecycle.program.cel_library import cel
from lifecycle.words.timeline_text import EVENT_PHRASES
from models.near_names import meant

_OWN = {unreachable_owner.LEFT, unreachable_owner.UNREACHABLE}
_KNOWN = (
    {*EVENT_PHRASES, *NOT_HUMAN, consent.GIVEN, consent.CONFIRMED, "meeting.cancelled"}
) - _OWN
"""The types with a meaning of their own. Any other `word.word` may be sent by an integration."""
_CLOSED = ("email", "profile", "consent")
"""First words of types that only leadflow gives a meaning: others are not sent."""
_ALIKE_WORDS, _ALIKE_TYPES = 0.75, 0.88


def warn_of_unknown_events(root: Node) -> None:
    """Warn of each event type that is probably a mistyped one."""
    for name, node, offset in _named(root):
        if name not in _KNOWN and _mistyped(name):
            node.warn(f"nothing sends the event '{name}'; {meant(name, _KNOWN)}", offset=offset)


def _named(root: Node) -> Iterator[tuple[str, Node, int | None]]:
    """Every event type that the program names, and where."""
    for rule in root.get("scoring", "engagement", "rules").each():
        if (on := rule.get("on")).text is not None:
            yield on.text or "", on, None
    for node, tokens in parsed_expressions(root):
        for at, token in enumerate(tokens):
            asked = tokens[at + 2 : at + 3]
            if token.text == "did" and asked and asked[0].kind == "string":
                yield str(cel.evaluate(asked[0].text)), node, asked[0].offset
        for one in ExpressionReader(str(node.value), tokens, {}).comparisons:
            for variable, literal in ((one.left, one.right), (one.right, one.left)):
                if variable.text == "event.type" and literal.value is not None:
                    yield literal.value, node, literal.offset


def _mistyped(name: str) -> bool:
    """Whether a type has a closed first word, or differs from a known type by a few letters."""
    first, _, last = name.partition(".")
    if first in _CLOSED or not last:
        return True
    return any(_is_slip(name, known) for known in _KNOWN)


def _is_slip(name: str, known: str) -> bool:
    (first, _, last), (known_first, _, known_last) = name.partition("."), known.partition(".")
    if first == known_first:
        negated = last.endswith(known_last)  # `deactivated` is no mistyped `activated`
        return not negated and _alike(last, known_last) >= _ALIKE_WORDS
    return _alike(first, known_first) >= _ALIKE_WORDS and _alike(name, known) >= _ALIKE_TYPES


def _alike(one: str, other: str) -> float:
    return SequenceMatcher(None, one.casefold(), other.casefold()).ratio()
