"""What is wrong with an e-mail's templates, reported before any lead gets the e-mail."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from typing import Any

from adapters.mail.render import owner_values, program_values, render_email
from adapters.mail.templates import TemplateError, compile_mjml, lead_values, parse, render
from lifecycle.nurture.consent import CONFIRM
from models.addresses import only_address
from models.directory import Member
from models.program.program import Program
from models.program.sending import Email
from models.program.values import BUILT_IN_FIELDS

_SAMPLES: dict[str, Any] = {
    "text": "sample",
    "number": 250,
    "flag": True,
    "date": "2026-03-02",
}
_PROPERTIES = frozenset({"size", "first", "last"})
"""The properties that Liquid knows of every value."""


def check_email(email: Email, program: Program, name: str = "") -> list[str]:
    """One sentence for each problem, with the part and the line in it; empty if all is well.

    Every variable is looked up, also in branches not taken; then the e-mail is rendered for
    a lead with every field and for one with only an address. `name` is its name in
    the program: the one named `confirm` has a variable of its own.
    """
    samples = list(_sample_values(program))
    if name == CONFIRM:
        samples = [{**one, "confirm_url": "https://go.sender.example/k/sample"} for one in samples]
    problems: list[str] = []
    for part, source, html in _parts(email):
        found = _part_problems(part, source, samples, html=html)
        problems += [problem for problem in found if problem not in problems]
    if not problems:
        try:
            subjects = [render_email(email, program, values)[0] for values in samples]
        except ValueError as error:
            return [f"e-mail: {error}"]
        if not all(subjects):
            problems.append(
                "subject: it is empty for a lead with only an address;"
                " give what may be absent a default"
            )
    return problems


def sample_html(email: Email, program: Program, name: str = "") -> str:
    """The HTML part for a lead with every field. Raises TemplateError."""
    values = next(iter(_sample_values(program)))
    if name == CONFIRM:
        values["confirm_url"] = "https://go.sender.example/k/sample"
    return render_email(email, program, values)[2]


def _parts(email: Email) -> Iterator[tuple[str, str, bool]]:
    yield "subject", email.subject, False
    if email.preheader is not None:
        yield "preheader", email.preheader, True
    if email.text is not None:
        yield "text", email.text, False
    if email.mjml is not None:
        yield "template", email.mjml, True


def _part_problems(
    part: str, source: str, samples: list[dict[str, Any]], *, html: bool
) -> Iterator[str]:
    try:
        parse(source, html=html)
    except TemplateError as error:
        yield _placed(part, error)
        return
    unknown = list(_unknown_variables(source, samples[0], html=html))
    yield from (f"{part}, {sentence}" for sentence in unknown)
    try:
        if part == "template":
            compile_mjml(source)
        # Rendering would only report the unknown variable again.
        if not unknown:
            # The template's own text is rendered, not its HTML: its lines are what people edit.
            for values in samples:
                render(source, values, html=html)
    except TemplateError as error:
        yield _placed(part, error)


def _placed(part: str, error: TemplateError) -> str:
    return f"{part}, {error}" if error.line else f"{part}: {error}"


def _unknown_variables(source: str, values: Mapping[str, Any], *, html: bool) -> Iterator[str]:
    used = parse(source, html=html).analyze(include_partials=False).globals
    found = [(variable.span.index, variable) for each in used.values() for variable in each]
    for start, variable in sorted(found, key=lambda one: one[0]):
        known: Any = values
        path: list[str] = []
        for segment in variable.segments:
            if not isinstance(segment, str) or not isinstance(known, Mapping):
                break
            path.append(segment)
            if segment not in known:
                if segment not in _PROPERTIES:
                    yield _unknown(source, start, path, known)
                break
            known = known[segment]


def _unknown(source: str, start: int, path: list[str], known: Mapping[str, Any]) -> str:
    line = source.count("\n", 0, start) + 1
    near = difflib.get_close_matches(path[-1], list(known), n=1, cutoff=0.5)
    if near:
        remedy = f"did you mean '{'.'.join([*path[:-1], near[0]])}'?"
    else:
        remedy = f"there are {', '.join('.'.join([*path[:-1], name]) for name in known)}"
    return f"line {line}: '{'.'.join(path)}' is not known; {remedy}"


def _sample_values(program: Program) -> Iterator[dict[str, Any]]:
    fields = {**BUILT_IN_FIELDS, **program.fields}
    full = {name: _SAMPLES[kind] for name, kind in fields.items()}
    address = {"email": "sample@lead.example"}
    try:
        domain = only_address(program.sending.from_).domain
    except ValueError:
        domain = "sender.example"  # a wrong sender is not an error of the e-mail
    for profile, name in (({**full, **address}, "Riley"), (address, "")):
        yield {
            "lead": lead_values(program, profile),
            "owner": owner_values(
                Member(email=f"riley@{domain}", name=name, signature="Riley, Sales")
                if name
                else None
            ),
            "program": program_values(program),
            "unsubscribe_url": f"mailto:unsubscribe@{domain}?subject=sample",
        }
