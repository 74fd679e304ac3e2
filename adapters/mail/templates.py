"""Liquid in a sandbox, and MJML compiled with the Liquid left in it.

MJML is compiled first, once per template, and Liquid is rendered on the HTML: each value is
escaped for where it stands, and a mail costs no compilation. While MJML compiles, words
take the place of the Liquid, so that a `<` or a quote inside a tag can't break the markup.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping
from typing import Any

import css_inline
import mjml
from liquid import BoundTemplate, Environment, StrictUndefined
from liquid.exceptions import LiquidError, ResourceLimitError

from adapters.mail.field_text import field_text, whole_links
from adapters.mail.text import html_to_text
from models.program.program import Program
from models.program.values import BUILT_IN_FIELDS

_LIQUID = re.compile(r"\{%.*?%\}|\{\{.*?\}\}", re.DOTALL)
_STAND_IN = re.compile(r"liquid(\d+)diuqil")
_MARKUP = re.compile(r"<|newline_to_br|\{%-?\s*(for|capture|assign|tablerow|cycle|raw)")
"""Liquid whose result the template alone does not show, or that repeats what is around it."""
_POSITION = re.compile(r" at position (\d+):\d+")
_LONGEST_RANGE = 10_000
_LONGEST_TEXT = 1_000_000
_MULTIPLYING = frozenset({"replace", "join"})
"""Filters whose result may be as long as the product of what they are given."""
_INLINER = css_inline.CSSInliner(keep_style_tags=True, load_remote_stylesheets=False)


class TemplateError(ValueError):
    """A template that can't be rendered; `line` counts from 1, None where it is not known."""

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message if line is None else f"line {line}: {message}")
        self.message = message
        self.line = line


class _Sandbox(Environment):
    """Liquid without files, without filters that unescape, and with a limit on every loop."""

    loop_iteration_limit = 10_000
    local_namespace_limit = 100_000  # bytes
    output_stream_limit = 1_000_000  # bytes

    def setup_tags_and_filters(self, *, extra: bool = False) -> None:
        super().setup_tags_and_filters(extra=extra)
        for tag in ("include", "render"):
            del self.tags[tag]
        del self.filters["safe"]
        self.filters["date"] = _date(self.filters["date"])
        self.filters = {name: _bounded(name, each) for name, each in self.filters.items()}


def _date(apply: Callable[..., Any]) -> Callable[..., Any]:
    """The filter `date`, by which an empty field stays empty."""

    @functools.wraps(apply)
    def date(value: Any, *args: Any, **kwargs: Any) -> Any:
        return "" if value in (None, "") else apply(value, *args, **kwargs)

    return date


def _bounded(name: str, apply: Callable[..., Any]) -> Callable[..., Any]:
    """The filter. It refuses what would fill the memory before Liquid checks its own limits."""

    @functools.wraps(apply)
    def bounded(*args: Any, **kwargs: Any) -> Any:
        sized = [value for value in args if isinstance(value, str | list | range)]
        if any(isinstance(one, range) and len(one) > _LONGEST_RANGE for one in sized):
            raise ResourceLimitError(f"a range is longer than {_LONGEST_RANGE} numbers", token=None)
        longest = max(map(len, sized), default=0)
        if name in _MULTIPLYING and sized:
            longest = len(sized[0]) * max(1, len(sized[-1]))
        if longest > _LONGEST_TEXT:
            raise ResourceLimitError(f"'{name}' makes too long a text", token=None)
        return apply(*args, **kwargs)

    return bounded


_PLAIN = _Sandbox(undefined=StrictUndefined)
_HTML = _Sandbox(undefined=StrictUndefined, autoescape=True)


@functools.lru_cache(maxsize=1024)
def _parsed(source: str, *, html: bool) -> BoundTemplate:
    return (_HTML if html else _PLAIN).from_string(source)


def parse(source: str, *, html: bool = False) -> BoundTemplate:
    """The template, parsed once. Raises TemplateError."""
    try:
        return _parsed(source, html=html)
    except LiquidError as error:
        found = _template_error(error)
        # An error without a place is about the end of the text.
        raise TemplateError(found.message, found.line or source.count("\n") + 1) from error


def render(source: str, values: Mapping[str, Any], *, html: bool = False) -> str:
    """The template with these variables; `html` escapes them. Raises TemplateError."""
    template = parse(source, html=html)
    try:
        return whole_links(template.render(**values))
    except LiquidError as error:
        raise _template_error(error) from error
    except (ArithmeticError, LookupError, TypeError, ValueError, RecursionError) as error:
        raise TemplateError(f"Liquid failed: {error}") from error


def _template_error(error: LiquidError) -> TemplateError:
    token = error.token
    known = token is not None and token.start_index >= 0
    line = token.source.count("\n", 0, token.start_index) + 1 if token and known else None
    return TemplateError(str(error.message), line)


@functools.lru_cache(maxsize=256)
def compile_mjml(source: str) -> str:
    """The HTML of an MJML template, its Liquid in place. Raises TemplateError."""
    liquid: list[str] = []

    def hide(match: re.Match[str]) -> str:
        liquid.append(match[0])
        return f"liquid{len(liquid) - 1}diuqil"

    hidden = _LIQUID.sub(hide, source)
    try:
        html = mjml.mjml2html(hidden)
    except ValueError as error:
        position = _POSITION.search(str(error))
        line = hidden.count("\n", 0, int(position[1])) + 1 if position else None
        message = _POSITION.sub("", str(error)).replace(" in root template", "")
        raise TemplateError(f"this is not MJML: {message}", line) from None
    if "<mj-style" in source:
        html = _inlined(html)
    kept = {int(number) for number in _STAND_IN.findall(html)}
    for number, tag in enumerate(liquid):
        if number not in kept:
            before = _LIQUID.finditer(source)
            start = next(m.start() for n, m in enumerate(before) if n == number)
            raise TemplateError(
                f"MJML drops {tag} here; put it inside mj-text, or around blocks in mj-raw",
                source.count("\n", 0, start) + 1,
            )
    if unknown := re.search(r"<(mj-[\w-]+)", html):
        raise TemplateError(
            f"MJML knows no {unknown[1]} here",
            source.count("\n", 0, max(source.find(unknown[0]), 0)) + 1,
        )
    return _STAND_IN.sub(lambda match: liquid[int(match[1])], html)


@functools.lru_cache(maxsize=256)
def mjml_text(source: str) -> str | None:
    """The text of an MJML template, its Liquid in place, so that no mail's HTML has to be read.

    None if its Liquid may make markup. Then the text is made from each mail's own HTML.
    Raises TemplateError.
    """
    liquid: list[str] = []

    def hide(match: re.Match[str]) -> str:
        liquid.append(match[0])
        return f"liquid{len(liquid) - 1}diuqil"

    hidden = _LIQUID.sub(hide, compile_mjml(source))
    if any(_MARKUP.search(tag) for tag in liquid):
        return None
    text = _STAND_IN.sub(lambda match: liquid[int(match[1])], html_to_text(hidden))
    try:
        parse(text)
    except TemplateError:  # half of a block was where no text is
        return None
    return text


def _inlined(html: str) -> str:
    """The HTML with its own styles in its elements, because mail programs drop style sheets.

    Raises TemplateError where that would move a piece of Liquid.
    """
    inlined = _INLINER.inline(html)
    if _STAND_IN.findall(inlined) != _STAND_IN.findall(html):
        raise TemplateError(
            "mj-style can't be set inline with Liquid between the rows of a table;"
            " put the Liquid inside mj-text"
        )
    return inlined


def lead_values(program: Program, profile: Mapping[str, Any]) -> dict[str, Any]:
    """`lead` as templates see it: every field is known, an absent one is nil, a flag false."""
    fields = {**BUILT_IN_FIELDS, **program.fields}
    return {
        name: _shown(name, profile.get(name, False if kind == "flag" else None))
        for name, kind in fields.items()
    }


def _shown(name: str, value: object) -> object:
    if isinstance(value, str):
        return field_text(name, value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value
