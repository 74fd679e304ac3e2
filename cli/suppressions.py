"""Suppressions: addresses that get no marketing mail, whatever their leads' programs say."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.table import Table

from cli.console import (
    JsonOption,
    NegativeAnswerError,
    Panel,
    Status,
    WrongInputError,
    err,
    out,
    print_json,
    print_table,
)
from cli.lists import (
    ColumnsOption,
    EncodingOption,
    MapOption,
    list_options,
    say_read_as,
    show_columns,
)
from cli.session import explained, opened, read_settings

Reason = Literal["unsubscribed", "bounced", "complained"]
ReasonOption = Annotated[
    Reason,
    typer.Option("--reason", help="Why: only the first lets operational mail through."),
]


def register(app: typer.Typer) -> None:
    """Add `suppress`, `unsuppress` and `suppressions`."""
    app.command("suppress", rich_help_panel=Panel.MARKETING)(suppress)
    app.command("unsuppress", rich_help_panel=Panel.MARKETING)(unsuppress)
    lists = typer.Typer(no_args_is_help=True, help="List, import and export suppressions.")
    lists.command("list")(listed)
    lists.command("import")(imported)
    lists.command("export")(exported)
    app.add_typer(lists, name="suppressions", rich_help_panel=Panel.MARKETING)


def suppress(
    address: Annotated[str, typer.Argument(help="An e-mail address.")],
    *,
    reason: ReasonOption = "unsubscribed",
    as_json: JsonOption = False,
) -> None:
    """Send no marketing mail to this address any more, also none that is queued already.

    Example: `leadflow suppress ana@northwind.example`
    """
    from adapters.sql.intake import SqlIntake  # noqa: PLC0415  # keeps --help quick
    from usecases import suppressing  # noqa: PLC0415  # likewise

    plain = _checked(address)
    with opened(read_settings()) as database:
        new = suppressing.suppress(SqlIntake(database), plain, reason, at=_now())
    if as_json:
        print_json({"ok": True, "new": new})
    else:
        out.print(f"{plain} is suppressed" if new else f"{plain} was suppressed already")


def unsuppress(
    address: Annotated[str | None, typer.Argument(help="An e-mail address.")] = None,
    *,
    reason: Annotated[
        Reason | None,
        typer.Option("--reason", help="Lift this reason only; else all."),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option("--since", help="Many addresses: all suppressed since (ISO 8601)."),
    ] = None,
    domain: Annotated[
        str | None, typer.Option("--domain", help="Of many addresses, those of this domain.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Allow mail to an address again, or to all that a wrong refusal suppressed.

    The leads are told: a lifted bounce reinstates the address. A lead whose own timeline tells of
    a complaint gets none even so, and is named. Exit status 1 if nothing was lifted.

    Example: `leadflow unsuppress ana@northwind.example`
    Example: `leadflow unsuppress --reason bounced --since 2026-03-02 --domain northwind.example`
    """
    from adapters.sql.intake import SqlIntake  # noqa: PLC0415  # keeps --help quick
    from usecases import suppressing  # noqa: PLC0415  # likewise

    if address is not None and since is None and domain is None:
        plain = _checked(address)
        with opened(read_settings()) as database:
            one = suppressing.unsuppress(SqlIntake(database), plain, reason, at=_now())
        done = {plain: one} if one.reasons else {}
    elif address is None and since is not None and reason is not None:
        with opened(read_settings()) as database:
            done = suppressing.unsuppress_all(
                SqlIntake(database), reason, since=_instant(since), domain=domain, at=_now()
            )
    else:
        raise WrongInputError(
            "name an address; or, for many addresses, --reason and --since, and --domain if wanted"
        )
    if not done:
        why = f" as {reason}" if reason is not None else ""
        raise NegativeAnswerError(
            f"{address or 'no address'} is {_SUPPRESSED[address is None]}{why}"
        )
    if address is not None:
        [one] = done.values()
        lifted, kept = list(one.reasons), one.kept
        if as_json:
            print_json({"ok": True, "lifted": lifted, "kept": kept})
        else:
            out.print(f"{_checked(address)} may get mail again; lifted: {', '.join(lifted)}")
    else:
        kept = {lead: reasons for one in done.values() for lead, reasons in one.kept.items()}
        if as_json:
            print_json({"ok": True, "addresses": sorted(done), "kept": kept})
        else:
            out.print(f"{len(done)} addresses may get mail again; lifted: {reason}")
    if not as_json:
        for lead, reasons in kept.items():
            err.print(f"lead {lead} gets none yet: its timeline tells {' and '.join(reasons)}")


_SUPPRESSED = ("not suppressed", "suppressed since then")


def _instant(text: str) -> datetime:
    """A day or an instant; without a zone, in UTC."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise WrongInputError(
            f"--since {text} is no instant; a day like 2026-03-02 would be one"
        ) from None
    return at if at.tzinfo is not None else at.replace(tzinfo=UTC)


def listed(*, as_json: JsonOption = False) -> None:
    """List all suppressed addresses, with reason and instant.

    Example: `leadflow suppressions list`
    """
    from adapters.sql.suppressions import SqlSuppressionList  # noqa: PLC0415  # keeps --help quick
    from models.instants import write_instant  # noqa: PLC0415  # likewise

    table = Table("address", "reason", "since")
    with opened(read_settings()) as database:
        for one in SqlSuppressionList(database).all():
            if as_json:
                at = write_instant(one.at)
                print_json({"address": one.address, "reason": one.reason, "at": at})
            else:
                table.add_row(one.address, one.reason, write_instant(one.at))
    if not as_json:
        print_table(table)


def imported(
    file: Annotated[
        Path, typer.Argument(help="CSV with addresses and, if given, a `reason`; or an export.")
    ],
    *,
    encoding: EncodingOption = None,
    mapping: MapOption = None,
    columns: ColumnsOption = False,
    as_json: JsonOption = False,
) -> None:
    """Suppress every address of a CSV file, such as what Mailchimp or HubSpot exports.

    A row that can't be used is written beside the file, to `FILE.rejected.csv`, with a `why`:
    mend it there and import that. Exit status 2 if no row can be used.

    Example: `leadflow suppressions import unsubscribed.csv`
    """
    from adapters.sql.intake import SqlIntake  # noqa: PLC0415  # keeps --help quick
    from usecases import reading_lists  # noqa: PLC0415  # likewise

    options = list_options(encoding, mapping)
    try:
        if columns:
            found = reading_lists.understand_suppressions(file, options)
            show_columns(found, file, as_json=as_json)
            return
        with explained(), opened(read_settings()) as database:
            rows, done, rejects = reading_lists.suppress_all(
                SqlIntake(database), file, options, at=_now()
            )
    except reading_lists.UnusableFileError as error:
        raise WrongInputError(str(error)) from None
    where = str(rejects.path) if rejects.count else None
    if as_json:
        counts = {"suppressed": done, "rejected": rejects.count, "rejects": where}
        print_json({**counts, "file": reading_lists.read_as(rows)})
    else:
        say_read_as(rows)
        out.print(f"{done} suppressed, {rejects.count} rows rejected")
        if where is not None:
            out.print(f"rejected rows, each with its reason: {where}")
    if not done:
        raise typer.Exit(Status.WRONG_INPUT)


def exported(
    file: Annotated[Path, typer.Argument(help="The CSV file to write.")],
    *,
    as_json: JsonOption = False,
) -> None:
    """Write all suppressions to a CSV file that `import` reads.

    Example: `leadflow suppressions export suppressions.csv`
    """
    from adapters.files.spreadsheet import BEGINNING, csv_line  # noqa: PLC0415  # keeps --help quick
    from adapters.sql.suppressions import SqlSuppressionList  # noqa: PLC0415  # likewise
    from models.instants import write_instant  # noqa: PLC0415  # likewise

    count = 0
    with (
        explained(),
        opened(read_settings()) as database,
        file.open("w", encoding="utf-8", newline="") as rows,
    ):
        rows.write(BEGINNING + csv_line(["address", "reason", "at"]))
        for one in SqlSuppressionList(database).all():
            rows.write(csv_line([one.address, one.reason, write_instant(one.at)]))
            count += 1
    if as_json:
        print_json({"ok": True, "exported": count})
    else:
        out.print(f"{count} written to {file}")


def _checked(address: str) -> str:
    """The address alone, in lower case, its domain as people write it."""
    from usecases.reading_lists import suppressible_address  # noqa: PLC0415  # slow

    try:
        return suppressible_address(address)
    except ValueError as error:
        raise WrongInputError(str(error)) from None


def _now() -> datetime:
    from models.instants import whole_second  # noqa: PLC0415  # keeps --help quick

    return whole_second(datetime.now(UTC))
