"""Suppressions: addresses that get no marketing mail, whatever their leads' programs say."""

from __future__ import annotations

import csv
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.table import Table

from cli.console import (
    JsonOption,
    NegativeAnswerError,
    Panel,
    WrongInputError,
    err,
    out,
    print_json,
    print_table,
)
from cli.world import explained, opened, read_settings

if TYPE_CHECKING:
    from adapters.database import Database

ReasonOption = Annotated[
    Literal["unsubscribed", "bounced", "complained"],
    typer.Option("--reason", help="Why: only the first lets operational mail through."),
]
_EVENTS = {
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
    with opened(read_settings()) as database:
        new = _suppress(database, _checked(address), reason)
    if as_json:
        print_json({"ok": True, "new": new})
    else:
        out.print(f"{address} is suppressed" if new else f"{address} was suppressed already")


def unsuppress(
    address: Annotated[str, typer.Argument(help="An e-mail address.")],
    *,
    as_json: JsonOption = False,
) -> None:
    """Allow mail to this address again, whatever stood against it.

    Example: `leadflow unsuppress ana@northwind.example`
    """
    from adapters.suppression_list import SqlSuppressionList  # noqa: PLC0415  # keeps --help quick

    plain = _checked(address)
    with opened(read_settings()) as database:
        reasons = SqlSuppressionList(database).reasons(plain)
        if not reasons:
            raise NegativeAnswerError(f"nothing stands against {address}")
        if "complained" in reasons:
            err.print(f"warning: {address} has complained before", style="yellow")
        SqlSuppressionList(database).remove(plain)
        _tell_leads(database, plain, "email.resubscribed")
    if as_json:
        print_json({"ok": True, "lifted": reasons})
    else:
        out.print(f"{address} gets mail again; lifted: {', '.join(reasons)}")


def listed(*, as_json: JsonOption = False) -> None:
    """List all suppressed addresses, with reason and instant.

    Example: `leadflow suppressions list`
    """
    from adapters.suppression_list import SqlSuppressionList  # noqa: PLC0415  # keeps --help quick
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
    """Suppress every address of a CSV file. Rows that are none are written beside it.

    Example: `leadflow suppressions import unsubscribed.csv`
    """
    done, rejected = 0, []
    with explained(), file.open(newline="", encoding="utf-8-sig") as rows:
        reader = csv.DictReader(rows)
        if "address" not in (reader.fieldnames or ()):
            raise WrongInputError(f"{file}:1: the first line must name a column `address`")
        with opened(read_settings()) as database:
            for row in reader:
                try:
                    reason = _reason(row.get("reason"))
                    _suppress(database, _checked(row["address"] or ""), reason)
                    done += 1
                except WrongInputError as error:
                    why = str(error)
                    rejected.append({"line": reader.line_num, "row": row, "why": why})
        beside = file.with_suffix(".rejected.csv")
        if rejected:
            _write_rejected(beside, rejected)
    if as_json:
        print_json({"ok": not rejected, "suppressed": done, "rejected": len(rejected)})
    else:
        out.print(
            f"{done} suppressed" + (f", {len(rejected)} rejected: {beside}" if rejected else "")
        )
    if rejected:
        raise typer.Exit(2)


def exported(
    file: Annotated[Path, typer.Argument(help="The CSV file to write.")],
    *,
    as_json: JsonOption = False,
) -> None:
    """Write all suppressions to a CSV file that `import` reads.

    Example: `leadflow suppressions export suppressions.csv`
    """
    from adapters.suppression_list import SqlSuppressionList  # noqa: PLC0415  # keeps --help quick
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


def _reason(given: str | None) -> str:
    reason = (given or "unsubscribed").strip()
    if reason not in _EVENTS:
        raise WrongInputError(f"reason '{reason}' is none of {', '.join(_EVENTS)}")
    return reason


def _checked(address: str) -> str:
    from adapters.mail_headers import only_address  # noqa: PLC0415  # keeps --help quick

    try:
        only_address(address)
    except ValueError as error:
        raise WrongInputError(str(error)) from None
    return address.strip().lower()


def _suppress(database: Database, address: str, reason: str) -> bool:
    from adapters.suppression_list import SqlSuppressionList  # noqa: PLC0415  # keeps --help quick

    now = _now()
    new = SqlSuppressionList(database).add(address, reason, at=now)  # type: ignore[arg-type]  # asked above
    if new:
        data = {"kind": "hard"} if reason == "bounced" else {}
        _tell_leads(database, address, _EVENTS[reason], data)
    return new


def _tell_leads(
    database: Database, address: str, kind: str, data: dict[str, str] | None = None
) -> None:
    """Put it on the timelines of the address's leads, as soon as a gateway relays it."""
    from adapters.intake import NewItem, SqlIntake  # noqa: PLC0415  # keeps --help quick
    from adapters.sent_mail import SqlSentMail  # noqa: PLC0415  # likewise
    from models.instants import write_instant  # noqa: PLC0415  # likewise

    now = _now()
    identity = f"by-hand/{kind}/{int(now.timestamp())}"
    body = {"id": identity, "type": kind, "at": write_instant(now), "data": data or {}}
    SqlIntake(database).accept(
        [
            NewItem(lead=lead, item=identity, kind="event", body=body, arrived=now)
            for lead in SqlSentMail(database).leads_of(address)
        ]
    )


def _now() -> datetime:
    from datetime import UTC  # noqa: PLC0415

    from models.instants import whole_second  # noqa: PLC0415  # keeps --help quick

    return whole_second(datetime.now(UTC))


def _write_rejected(file: Path, rejected: list[dict[str, object]]) -> None:
    with file.open("w", newline="", encoding="utf-8") as rows:
        writer = csv.writer(rows)
        writer.writerow(["address", "reason", "line", "why"])
        for one in rejected:
            row = one["row"]
            values = row if isinstance(row, dict) else {}
            writer.writerow([values.get("address"), values.get("reason"), one["line"], one["why"]])
