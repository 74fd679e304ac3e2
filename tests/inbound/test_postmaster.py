"""Mail to `postmaster@` and `abuse@` goes to the operations contact; STARTTLS is offered."""

from __future__ import annotations

import asyncio
import smtplib
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from adapters.mail.message import FORWARDED
from adapters.sql.database import Database
from assembly.context import inbound_config
from assembly.settings import Settings, UnusableSettingError
from gateway.inbound.certificate import Certificate
from gateway.inbound.config import InboundConfig
from gateway.inbound.listener import receiving
from gateway.requests.http_server import listening
from tests.gateway.stored_rows import intake_bodies
from tests.inbound.deliveries import RecordingMailer, delivery_report, reply_mail, send
from tests.mail.certificates import write_certificates
from tests.waiting import LIMIT
from usecases.context import Context

OPS = "ops@acme.example"
POSTMASTER = "postmaster@in.acme.example"
WRITTEN = reply_mail("Your mail", "You send us too much.")


@pytest.fixture
async def port(context: Context) -> AsyncIterator[int]:
    listener = listening("127.0.0.1", 0)
    async with receiving(context, listener, InboundConfig(contact=OPS)):
        yield listener.getsockname()[1]


@pytest.mark.parametrize("to", [POSTMASTER, "Postmaster", "abuse@IN.acme.example"])
async def test_mail_to_a_role_is_passed_on_to_the_operations_contact(
    port: int, mailer: RecordingMailer, to: str
) -> None:
    await send(port, "ana@northwind.example", to, WRITTEN)
    [passed] = mailer.sent
    assert passed.to == OPS
    assert passed.headers["Reply-To"] == "ana@northwind.example"
    role = to.partition("@")[0].lower()
    assert passed.subject == f"[Mail to {role}] Your mail"
    assert "> You send us too much." in passed.text


async def test_without_a_contact_a_role_is_no_address_here(context: Context) -> None:
    listener = listening("127.0.0.1", 0)
    async with receiving(context, listener):
        with pytest.raises(smtplib.SMTPRecipientsRefused, match="550"):
            await send(listener.getsockname()[1], "a@b.example", POSTMASTER, WRITTEN)


async def test_what_was_passed_on_and_comes_back_goes_no_further(
    port: int, mailer: RecordingMailer
) -> None:
    await send(port, "", POSTMASTER, WRITTEN)
    came_back = reply_mail("Your mail", "again", **{FORWARDED: "postmaster"})
    await send(port, "ana@northwind.example", POSTMASTER, came_back)
    assert mailer.sent == []


async def test_a_flood_is_put_off_and_a_mail_server_that_is_away_loses_nothing(
    port: int, mailer: RecordingMailer
) -> None:
    mailer.away = True
    with pytest.raises(smtplib.SMTPDataError) as later:
        await send(port, "ana@northwind.example", POSTMASTER, WRITTEN)
    assert later.value.smtp_code == 451
    mailer.away = False
    for _ in range(19):
        await send(port, "ana@northwind.example", POSTMASTER, WRITTEN)
    with pytest.raises(smtplib.SMTPDataError) as later:
        await send(port, "ana@northwind.example", POSTMASTER, WRITTEN)
    assert later.value.smtp_code == 451
    assert len(mailer.sent) == 19


async def test_a_feedback_report_to_abuse_about_our_mail_is_a_complaint(
    port: int, mailer: RecordingMailer, database: Database, context: Context, message: str
) -> None:
    fields = "Feedback-Type: abuse\nUser-Agent: x/1\nVersion: 1"
    original = f"Reply-To: {context.links.reply_to(message)}\n"
    report = delivery_report("feedback-report", fields, original)
    await send(port, "fbl@mx.example", "abuse@in.acme.example", report)
    assert [one["type"] for one in intake_bodies(database)] == ["email.complained"]
    assert mailer.sent == []


async def test_starttls_is_offered_and_mail_comes_in_encrypted(
    context: Context, mailer: RecordingMailer, tmp_path: Path
) -> None:
    trusted, served = write_certificates(tmp_path, "127.0.0.1")
    listener = listening("127.0.0.1", 0)
    config = InboundConfig(contact=OPS, certificate=Certificate(served))

    def deliver() -> str | None:
        client = ssl.create_default_context(cafile=trusted)
        port = listener.getsockname()[1]
        with smtplib.SMTP("127.0.0.1", port, "mx.example", timeout=LIMIT) as server:
            server.ehlo()
            assert server.has_extn("starttls")
            server.starttls(context=client)
            server.ehlo()
            assert not server.has_extn("starttls")
            assert server.sock is not None
            server.sendmail("ana@northwind.example", [POSTMASTER], WRITTEN.as_bytes())
            assert isinstance(server.sock, ssl.SSLSocket)
            return server.sock.version()

    async with receiving(context, listener, config):
        for _ in range(3):
            assert await asyncio.to_thread(deliver) in ("TLSv1.2", "TLSv1.3")
    assert [one.to for one in mailer.sent] == [OPS] * 3


def test_a_renewed_certificate_is_used_without_a_restart(tmp_path: Path) -> None:
    _, served = write_certificates(tmp_path, "127.0.0.1")
    certificate = Certificate(served)
    first = certificate.context()
    assert certificate.context() is first
    served.write_text("half a file")
    assert certificate.context() is first
    write_certificates(tmp_path, "127.0.0.1")
    assert certificate.context() is not first


def test_a_certificate_that_cannot_be_used_is_an_error_at_once(tmp_path: Path) -> None:
    (tmp_path / "no.pem").write_text("none")
    with pytest.raises(ssl.SSLError):
        Certificate(tmp_path / "no.pem")
    with pytest.raises(FileNotFoundError):
        Certificate(tmp_path / "missing.pem")
    with pytest.raises(UnusableSettingError, match="LEADFLOW_INBOUND_TLS_CERT_FILE"):
        inbound_config(Settings(inbound_tls_cert_file=tmp_path / "no.pem"))
