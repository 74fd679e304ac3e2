"""An expression clause by clause, with whether each holds now and the values it looks at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lifecycle.moment import Moment, rounded
from lifecycle.program.expressions import Expression, ExpressionToken, expression

_OPENING, _CLOSING = "([{", ")]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """A part of an expression that must hold, such as `lead.employees >= 200`."""

    text: str
    holds: bool
    values: Mapping[str, Any]
    """What it looks at, and the present value; None where there is none."""


def clauses(m: Moment, asked: Expression, *, track: bool = False) -> tuple[Clause, ...]:
    """The parts that `&&` joins at the top of an expression; else the expression as one part.

    `track` is as in `Moment.holds`.
    """
    return tuple(
        Clause(
            text=part.source,
            holds=m.holds(part, track=track),
            values=dict(_values(m, part, track=track)),
        )
        for part in _parts(asked)
    )


def _parts(asked: Expression) -> list[Expression]:
    depth, begin, parts = 0, 0, []
    marks = [one for one in asked.tokens if one.kind == "mark"]
    for one, after in zip(marks, [*marks[1:], None], strict=True):
        if one.text in _OPENING:
            depth += 1
        elif one.text in _CLOSING:
            depth -= 1
        elif depth == 0 and one.text in "|?":
            return [asked]  # `||` and `? :` bind less than `&&`
        elif depth == 0 and one.text == "&" and _follows(one, after):
            parts.append(asked.source[begin : one.offset].strip())
            begin = one.offset + 2
    parts.append(asked.source[begin:].strip())
    return [expression(one) for one in parts if one]


def _follows(one: ExpressionToken, after: ExpressionToken | None) -> bool:
    return after is not None and after.text == one.text and after.offset == one.offset + 1


def _values(m: Moment, part: Expression, *, track: bool) -> Iterator[tuple[str, Any]]:
    """The paths of an expression, like `lead.employees`, with what stands there now."""
    tokens = part.tokens
    for place, token in enumerate(tokens):
        after_dot = place > 0 and tokens[place - 1].text == "."
        if token.kind != "name" or token.text not in part.variables or after_dot:
            continue
        member = tokens[place + 2] if tokens[place + 1 : place + 2] else None
        dotted = member is not None and tokens[place + 1].text == "." and member.kind == "name"
        name = member.text if member is not None and dotted else None
        value = m.value_of(token.text)
        if name is None:
            yield token.text, value
        elif isinstance(value, Mapping):
            found = value.get(name)
            yield f"{token.text}.{name}", rounded(found) if isinstance(found, float) else found
    for signature in sorted(part.did_signatures):
        type_, _, subject = signature.partition("\n")
        said = f"did('{type_}')" if not subject else f"did('{type_}', '{subject}')"
        yield said, m.did(signature, track=track)
