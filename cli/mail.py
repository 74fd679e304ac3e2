"""Preview an e-mail as it would arrive: as files, or sent to your own address."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from cli.console import JsonOption, Panel, WorldFailedError, WrongInputError, out, print_json
from cli.publishing import choose
from cli.session import explained, opened, read_settings, run_async

if TYPE_CHECKING:
    from activities.ports import Rendered
    from adapters.mail.links import SignedLinks
    from adapters.sql.database import Database
    from models.directory import Directory
    from models.program.program import Program
    from models.state import LeadState

ProgramArgument = Annotated[
    str, typer.Argument(metavar="PROGRAM", help="A program's file, or the name of a published one.")
]
EmailArgument = Annotated[str, typer.Argument(metavar="EMAIL", help="An e-mail of the program.")]
LeadOption = Annotated[
    str | None, typer.Option("--lead", metavar="ID", help="Render it for this lead.")
]
SampleOption = Annotated[
    bool, typer.Option("--sample", help="Render it for a made-up lead (also without --lead).")
]
TeamsOption = Annotated[
    Path | None, typer.Option(metavar="FILE", help="A teams file (default: the applied teams).")
]


def register(app: typer.Typer) -> None:
    """Add `mail preview` and `mail send-test`."""
    mails = typer.Typer(no_args_is_help=True, help="See a program's e-mails as they would arrive.")
    mails.command("preview")(preview)
    mails.command("send-test")(send_test)
    app.add_typer(mails, name="mail", rich_help_panel=Panel.MARKETING)


def preview(
    program: ProgramArgument,
    email: EmailArgument,
    *,
    lead: LeadOption = None,
    sample: SampleOption = False,
    folder: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="The folder for the files.")
    ] = Path("preview"),
    teams: TeamsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write an e-mail as .eml, .html and .txt files.

    Example: `leadflow mail preview programs/acme.yaml welcome --sample --out preview`
    """
    from adapters.mail.message import build_message  # noqa: PLC0415  # keeps --help quick

    mail = _rendered(program, email, _lead_to_render(lead, sample=sample), teams)
    message = build_message(mail, datetime.now(UTC).replace(microsecond=0))
    files = {
        "eml": message.as_bytes(),
        "html": mail.html.encode(),
        "txt": mail.text.encode(),
    }
    written = []
    with explained():
        folder.mkdir(parents=True, exist_ok=True)
        for kind, content in files.items():
            path = folder / f"{email}.{kind}"
            path.write_bytes(content)
            written.append(str(path))
    if as_json:
        headers = {name: str(value) for name, value in message.items()}
        print_json({"ok": True, "files": written, "headers": headers})
        return
    for name in ("From", "To", "Reply-To", "Subject"):
        if message[name] is not None:
            out.print(Text(f"{name}: ", style="dim").append(str(message[name]), style="not dim"))
    out.print(Text("written: " + ", ".join(written)))


def send_test(
    program: ProgramArgument,
    email: EmailArgument,
    *,
    to: Annotated[str, typer.Option(metavar="ADDRESS", help="The recipient.")],
    lead: LeadOption = None,
    sample: SampleOption = False,
    teams: TeamsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Send an e-mail to yourself. It is not recorded for a lead, and its links have no effect.

    Example: `leadflow mail send-test acme welcome --to me@acme.example`
    """
    from dataclasses import replace  # noqa: PLC0415  # keeps --help quick

    from models.addresses import named_address  # noqa: PLC0415  # likewise

    mail = _rendered(program, email, _lead_to_render(lead, sample=sample), teams)
    try:
        mail = replace(mail, to=named_address("", to), subject=f"[test] {mail.subject}")
    except ValueError as error:
        raise WrongInputError(str(error)) from None
    run_async(_send(mail))
    if as_json:
        print_json({"ok": True, "to": to, "message": mail.message_id})
    else:
        out.print(f"sent to {to}")


def _lead_to_render(lead: str | None, *, sample: bool) -> str | None:
    if lead is not None and sample:
        raise WrongInputError("--lead and --sample exclude each other; give one")
    return lead


async def _send(mail: Rendered) -> None:
    from activities.ports import (  # noqa: PLC0415  # keeps --help quick
        MailRefusedError,
        MailUnsentError,
    )
    from assembly.mail import open_mailer  # noqa: PLC0415  # likewise

    mailer = open_mailer(read_settings())
    try:
        await mailer.send(mail)
    except (MailUnsentError, MailRefusedError) as error:
        raise WorldFailedError(f"the mail was not sent: {error}") from None
    finally:
        await mailer.close()


def _rendered(program: str, email: str, lead: str | None, teams: Path | None) -> Rendered:
    """Render the e-mail. A program's file needs no database. A published program does."""
    from adapters.files.program import read_program  # noqa: PLC0415  # keeps --help quick
    from adapters.files.teams import read_directory  # noqa: PLC0415  # likewise

    if lead is None and Path(program).is_file():
        parsed = read_program(Path(program))
        return _render(
            parsed,
            email,
            _sample_state(parsed),
            read_directory(teams) if teams is not None else None,
        )
    with opened(read_settings()) as database:
        chosen = choose(program, teams, database)
        state = _sample_state(chosen.program) if lead is None else _stored_state(database, lead)
        return _render(
            chosen.program, email, state, chosen.directory or _applied_directory(database)
        )


def _render(program: Program, email: str, state: LeadState, people: Directory | None) -> Rendered:
    from adapters.documents.problems import meant  # noqa: PLC0415  # likewise
    from adapters.mail.render import MailRenderer  # noqa: PLC0415  # likewise
    from models.addresses import only_address  # noqa: PLC0415  # keeps --help quick
    from models.decision import SendMail  # noqa: PLC0415  # likewise
    from models.directory import Directory as People  # noqa: PLC0415  # likewise

    if email not in program.emails:
        raise WrongInputError(f"no e-mail '{email}'; {meant(email, list(program.emails))}")
    domain = only_address(program.sending.from_).domain
    command = SendMail(
        key=f"test/{email}",
        at=datetime.now(UTC),
        email=email,
        message=f"{secrets.token_hex(8)}@{domain}",
        operational=program.emails[email].operational,
    )
    # Links lead straight to their targets. The unsubscribe link names a mail that nobody got.
    sending = program.sending.model_copy(update={"track": ()})
    untracked = program.model_copy(update={"sending": sending})
    try:
        return MailRenderer(_links()).marketing(untracked, state, people or People(), command)
    except ValueError as error:
        raise WrongInputError(str(error)) from None


def _links() -> SignedLinks | None:
    """Makes the signed links of a mail; None without a public URL and a mail domain."""
    from assembly.mail import signed_links  # noqa: PLC0415  # keeps --help quick

    settings = read_settings()
    if not settings.public_url and not settings.mail_domain:
        return None
    return signed_links(settings)


def _sample_state(program: Program) -> LeadState:
    from lifecycle.decide import new_lead  # noqa: PLC0415  # keeps --help quick

    known = {
        "email": "sam.sample@prospect.example",
        "first_name": "Sam",
        "last_name": "Sample",
        "company": "Prospect Inc.",
        "title": "VP Sales",
        "employees": 250,
        "country": "US",
    }
    return new_lead("sample", program).changed(profile=known)


def _stored_state(database: Database, lead: str) -> LeadState:
    from adapters.sql.journal import SqlJournal  # noqa: PLC0415  # keeps --help quick
    from cli.session import lead_named  # noqa: PLC0415  # likewise

    stored = SqlJournal(database).stored(lead_named(lead, database))
    if stored is None:
        raise WrongInputError(f"there is no lead '{lead}'; `leadflow leads` lists all leads")
    return stored.state


def _applied_directory(database: Database) -> Directory:
    from adapters.sql.directory import SqlDirectory  # noqa: PLC0415  # keeps --help quick

    return SqlDirectory(database).directory()
