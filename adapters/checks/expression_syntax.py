"""The CEL parser's errors in plain words."""

from __future__ import annotations

import re

_WHERE = re.compile(r"<input>:(\d+):(\d+): (?:Syntax error: )?([^\n]*)")
_TYPOGRAPHIC = "“”„‘’«»`´"  # noqa: RUF001  # such are meant
"""Quotes that word processors write."""


def syntax_error_text(source: str, said: str) -> tuple[str, int | None]:
    """The parser's error in plain words, and its offset in the source."""
    found = _WHERE.findall(said)
    if not found:
        place = source.find("did")
        return said, place if "did()" in said and place >= 0 else None
    line, column, reason = found[-1] if "Incomplete" in found[0][2] else found[0]
    starts = [0, *(match.end() for match in re.finditer("\n", source))]
    offset = starts[min(int(line), len(starts)) - 1] + int(column) - 1
    reason = reason.split(" expecting ")[0]
    wrong = re.search(r"(?:at:|input) '(.*)'$", reason)
    word = wrong[1].strip() if wrong else ""
    offset = min(offset, len(source))
    before = source[:offset].split()
    if before and before[-1].lower() == "not":
        word, offset = "not", source[:offset].rindex(before[-1])
    remedies = {
        "<EOF>": "it ends too early; finish it or close its brackets",
        "=": "a single '='; write == to compare",
        "and": "'and' is not CEL; write &&",
        "or": "'or' is not CEL; write ||",
        "not": "'not' is not CEL; write !",
        "&": "a single '&'; write &&",
        "|": "a single '|'; write ||",
        "contains": "write TEXT.contains('…')",
        "like": "write TEXT.contains('…'), TEXT.startsWith('…') or TEXT.matches('…')",
        "is": "'is' is not CEL; write == to compare, or has(lead.…) to ask whether there is one",
        "between": "'between' is not CEL; write two comparisons with && between them",
    }
    if word and word[0] in _TYPOGRAPHIC:
        remedies[word] = f"{word[:1]} is no quote of a text here; write ' on both sides"
    remedy = (
        remedies.get(word)
        or remedies.get(word.lower())
        or remedies.get(word[:1] if word[:1] in "=&|" else "")
    )
    if remedy is None and word[:1] in ("'", '"'):
        remedy = "a text without its closing quote"
    missing = re.match(r"missing ('.*?') at", reason)
    if remedy is None and missing:
        remedy = f"{missing[1]} is missing"
    if remedy is None and word:
        remedy = f"'{word}' can't stand here, or something is missing beside it"
    return f"the expression does not parse: {remedy or reason}", offset
