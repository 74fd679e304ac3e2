"""Suppressions: addresses that get no marketing mail, whatever their leads' programs say."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal
from uuid import uuid4

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
from cli.session import explained, opened, read_settings

if TYPE_CHECKING:
    from adapters.sql.database import Database

Reason = Literal["unsubscribed", "bounced", "complained"]
ReasonOption = Annotated[
    Reason,
    typer.Option("--reason", help="Why: only the first lets operational mail through."),
]
_EVENTS: dict[Reason, str] = {
    "unsubscribed": "email.unsubscribed",
    "bounced": "email.bounced",
    "complained": "email.complained",
}


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
    plain = _checked(address)
    with opened(read_settings()) as database:
        new = _suppress(database, plain, reason)
    if as_json:
        print_json({"ok": True, "new": new})
    else:
        out.print(f"{plain} is suppressed" if new else f"{plain} was suppressed already")


def unsuppress(
    address: Annotated[str, typer.Argument(help="An e-mail address.")],
    *,
    reason: Annotated[
        Reason | None,
        typer.Option("--reason", help="Lift this reason only; else all."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Allow mail to this address again, or lift one reason of several.

    A lead whose own timeline tells of a bounce or a complaint gets none even so, and is named;
    a bounce ends when its address changes. Exit status 1 if nothing stands against the address.

    Example: `leadflow unsuppress ana@northwind.example`
    """
    from adapters.sql.suppressions import SqlSuppressionList  # noqa: PLC0415  # keeps --help quick

    plain = _checked(address)
    with opened(read_settings()) as database:
        suppressions = SqlSuppressionList(database)
        lifted = [one for one in suppressions.reasons(plain) if reason in (None, one)]
        if not lifted:
            why = f" as {reason}" if reason is not None else ""
            raise NegativeAnswerError(f"{plain} is not suppressed{why}")
        suppressions.remove(plain, reason)
        if "unsubscribed" in lifted:
            _tell_leads(database, plain, "email.resubscribed")
        kept = _kept(database, plain, set(lifted) - {"unsubscribed"})
    if as_json:
        print_json({"ok": True, "lifted": lifted, "kept": kept})
        return
    out.print(f"{plain} may get mail again; lifted: {', '.join(lifted)}")
    for lead, reasons in kept.items():
        err.print(f"lead {lead} gets none yet: its timeline tells {' and '.join(reasons)}")


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
    file: Annotated[Path, typer.Argument(help="CSV with `address` and, if given, `reason`.")],
    *,
    as_json: JsonOption = False,
) -> None:
    """Suppress every address of a CSV file.

    A row that can't be used is written beside the file, to `FILE.rejected.csv`, with a `why`:
    mend it there and import that. Exit status 2 if no row can be used.

    Example: `leadflow suppressions import unsubscribed.csv`
    """
    done = 0
    rejected: list[_Rejected] = []
    with explained(), opened(read_settings()) as database:
        try:
            for line, address, reason in _rows(file):
                try:
                    _suppress(database, _checked(address), _reason(reason))
                    done += 1
                except WrongInputError as error:
                    rejected.append((address, reason, line, str(error)))
        except (UnicodeDecodeError, csv.Error) as error:
            raise WrongInputError(f"{file} is not a CSV file in UTF-8: {error}") from None
        beside = file.with_suffix(".rejected.csv")
        if rejected:
            _write_rejected(beside, rejected)
    where = str(beside) if rejected else None
    if as_json:
        print_json({"suppressed": done, "rejected": len(rejected), "rejects": where})
    else:
        out.print(f"{done} suppressed, {len(rejected)} rows rejected")
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
    from adapters.sql.suppressions import SqlSuppressionList  # noqa: PLC0415  # keeps --help quick
    from models.instants import write_instant  # noqa: PLC0415  # likewise

    count = 0
    with explained(), opened(read_settings()) as database, file.open("w", newline="") as rows:
        writer = csv.writer(rows)
        writer.writerow(["address", "reason", "at"])
        for one in SqlSuppressionList(database).all():
            writer.writerow([one.address, one.reason, write_instant(one.at)])
            count += 1
    if as_json:
        print_json({"ok": True, "exported": count})
    else:
        out.print(f"{count} written to {file}")


_Rejected = tuple[str, str, int, str]
"""Address, reason, line and why."""


def _rows(file: Path) -> Iterator[tuple[int, str, str]]:
    """Each row's line, address and reason; columns are found by their names in any case."""
    with file.open(newline="", encoding="utf-8-sig") as text:
        reader = csv.reader(text)
        names = [name.strip().lower() for name in next(reader, [])]
        if "address" not in names:
            raise WrongInputError(f"{file}:1: the first line must name a column `address`")
        for row in reader:
            if row:
                fields = dict(zip(names, row, strict=False))
                yield reader.line_num, fields.get("address", ""), fields.get("reason", "")


def _reason(given: str) -> Reason:
    reason = given.strip().lower() or "unsubscribed"
    for known in _EVENTS:
        if known == reason:
            return known
    raise WrongInputError(f"reason '{given}' is none of {', '.join(_EVENTS)}")


def _checked(address: str) -> str:
    """The address alone, in lower case, its domain as people write it."""
    from models.addresses import only_address, readable_domain  # noqa: PLC0415  # slow

    try:
        found = only_address(address)
    except ValueError as error:
        raise WrongInputError(str(error)) from None
    return f"{found.username}@{readable_domain(found.domain)}".lower()


def _suppress(database: Database, address: str, reason: Reason) -> bool:
    from adapters.sql.suppressions import SqlSuppressionList  # noqa: PLC0415  # keeps --help quick

    new = SqlSuppressionList(database).add(address, reason, at=_now())
    if new:
        data = {"kind": "hard"} if reason == "bounced" else {}
        _tell_leads(database, address, _EVENTS[reason], data)
    return new


def _leads(database: Database, address: str) -> list[str]:
    from adapters.sql.sent_mail import SqlSentMail  # noqa: PLC0415  # keeps --help quick

    return SqlSentMail(database).leads_of(address)


def _kept(database: Database, address: str, reasons: set[str]) -> dict[str, list[str]]:
    """Which of these reasons the address's leads hold against themselves."""
    from adapters.sql.journal import SqlJournal  # noqa: PLC0415  # keeps --help quick

    journal = SqlJournal(database)
    stored = {lead: journal.stored(lead) for lead in _leads(database, address) if reasons}
    kept = {
        lead: sorted(reasons.intersection(one.state.suppressed))
        for lead, one in stored.items()
        if one is not None
    }
    return {lead: found for lead, found in kept.items() if found}


def _tell_leads(
    database: Database, address: str, kind: str, data: dict[str, str] | None = None
) -> None:
    """Put it on the timelines of the address's leads, as soon as a gateway relays it."""
    from adapters.sql.intake import NewItem, SqlIntake  # noqa: PLC0415  # keeps --help quick
    from models.instants import write_instant  # noqa: PLC0415  # likewise

    now = _now()
    identity = f"by-hand/{uuid4().hex}"
    body = {"id": identity, "type": kind, "at": write_instant(now), "data": data or {}}
    SqlIntake(database).accept(
        [
            NewItem(lead=lead, item=identity, kind="event", body=body, arrived=now)
            for lead in _leads(database, address)
        ]
    )


def _now() -> datetime:
    from models.instants import whole_second  # noqa: PLC0415  # keeps --help quick

    return whole_second(datetime.now(UTC))


def _write_rejected(file: Path, rejected: list[_Rejected]) -> None:
    with file.open("w", newline="", encoding="utf-8") as rows:
        writer = csv.writer(rows)
        writer.writerow(["address", "reason", "line", "why"])
        writer.writerows(rejected)
