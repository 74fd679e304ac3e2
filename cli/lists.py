"""What commands that read a list share: their options, and what they say of the file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from cli.console import WrongInputError, err, print_json, print_table

if TYPE_CHECKING:
    from adapters.files.rows import Rows
    from adapters.files.translation import Translation
    from usecases.reading_lists import ListOptions, Understood

EncodingOption = Annotated[
    str | None,
    typer.Option(
        metavar="NAME", help="The encoding of the file, such as cp1252; else it is found out."
    ),
]
MapOption = Annotated[
    list[str] | None,
    typer.Option(
        "--map",
        metavar="COLUMN=FIELD",
        help="What a column means, like 'E-Mail=email'; 'Notes=' leaves one out. Repeatable.",
    ),
]
ColumnsOption = Annotated[
    bool,
    typer.Option("--columns", help="Only show what is understood of the file: columns, samples."),
]
_MOST_SAID = 12


def list_options(encoding: str | None, mapping: list[str] | None) -> ListOptions:
    """The options as a use case takes them. Raises WrongInputError."""
    from usecases.reading_lists import ListOptions, mapping_of  # noqa: PLC0415  # slow to import

    try:
        return ListOptions(encoding=encoding, mapping=mapping_of(mapping or []))
    except ValueError as error:
        raise WrongInputError(str(error)) from None


def say_read_as(rows: Rows, translation: Translation | None = None) -> None:
    """Say how a file was read and what was left out of it, on standard error."""
    from adapters.files.translation import said  # noqa: PLC0415  # keeps --help quick
    from adapters.files.understood import named_and_left_out  # noqa: PLC0415  # likewise

    _say(f"{rows.lines.path}: {_form(rows)}")
    if names := named_and_left_out(rows.columns):
        shown = ", ".join(names[:_MOST_SAID]) + (", …" if len(names) > _MOST_SAID else "")
        count = f"{len(names)} column{'s' if len(names) > 1 else ''}"
        _say(f'{count} left out: {shown} (--map "COLUMN=FIELD" takes one)')
    if rows.footer:
        _say(f"left out as a footer: line {', '.join(map(str, rows.footer[:_MOST_SAID]))}")
    for name, words in translation.left_out.items() if translation is not None else ():
        _say(f"{name}: no translation, so left out: {said(words.most_common())}")


def show_columns(found: Understood, path: Path, *, as_json: bool) -> None:
    """Print what was understood of a file, a line for each column."""
    from usecases.reading_lists import read_as  # noqa: PLC0415  # keeps --help quick

    if as_json:
        columns = [
            {
                "column": one.column.header,
                "field": one.column.field,
                "how": one.column.how,
                "filled": one.filled,
                "samples": one.samples,
                **({"words": one.words} if one.words else {}),
            }
            for one in found.columns
        ]
        print_json(
            {"file": str(path), **read_as(found.rows), "rows": found.count, "columns": columns}
        )
        return
    table = Table("column", "field", "by", "filled", "samples")
    for one in found.columns:
        share = f"{100 * one.filled // found.count} %" if found.count else "-"
        column = one.column
        table.add_row(
            Text(column.header or f"(column {column.place + 1})"),
            Text(column.field or "left out", style="" if column.field else "dim"),
            Text(column.how),
            share,
            Text(", ".join(one.samples)),
        )
    print_table(table)
    for one in found.columns:
        if one.words:
            shown = [f"{word} → {ours or 'left out'}" for word, ours in one.words.items()]
            _say(f"{one.column.header}: {'; '.join(shown)}")
    _say(f"{path}: {_form(found.rows)}, {found.count} rows")


def _form(rows: Rows) -> str:
    preset = rows.columns.preset
    parts = [rows.lines.encoding.name]
    if rows.delimiter:
        mark = "tabs" if rows.delimiter == "\t" else f"'{rows.delimiter}'"
        parts.append(f"separated by {mark}")
    if rows.header_line > 1:
        parts.append(f"header in line {rows.header_line}")
    if preset is not None:
        parts.append(f"columns of {preset.name} ({preset.checked})")
    return ", ".join(parts)


def _say(text: str) -> None:
    err.print(Text(text, style="dim"))
