"""TLS and logins, against aiosmtpd with a certificate that the test made."""

from __future__ import annotations

import logging
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from structlog.testing import capture_logs

from activities.ports import MailUnsentError
from adapters.delivery.smtp import SmtpMailer, Tls
from tests.mail import certificates
from tests.mail.acme import render_note

HOST = "127.0.0.1"
PASSWORD = "correct horse battery"  # noqa: S105 - a test's


class Mailbox:
    """What the server received, and over which connection."""

    def __init__(self) -> None:
        self.taken: list[Envelope] = []
        self.encrypted: list[bool] = []
        self.logins: list[str] = []
        self.sessions: set[int] = set()

    async def handle_DATA(self, _server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        self.taken.append(envelope)
        self.encrypted.append(session.ssl is not None)
        self.sessions.add(id(session))
        return "250 taken"

    def authenticate(
        self, _server: SMTP, _session: Session, _envelope: Envelope, mechanism: str, data: object
    ) -> AuthResult:
        assert isinstance(data, LoginPassword)
        self.logins.append(mechanism)
        good = (data.login, data.password) == (b"leadflow", PASSWORD.encode())
        return AuthResult(success=good, handled=False)


@pytest.fixture
def pem(tmp_path: Path) -> tuple[Path, Path]:
    return certificates.write_certificates(tmp_path, HOST)


@pytest.fixture
def trusted(pem: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """The way that is documented: OpenSSL's own variable names the authorities."""
    monkeypatch.setenv("SSL_CERT_FILE", str(pem[0]))


@pytest.fixture(autouse=True)
def quiet() -> None:
    logging.getLogger("mail.log").setLevel(logging.CRITICAL)


@contextmanager
def serving(
    pem: tuple[Path, Path], *, implicit: bool = False, login: bool = False
) -> Iterator[tuple[Mailbox, int]]:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(pem[1])
    mailbox = Mailbox()
    options: dict[str, Any] = {"hostname": HOST, "port": 0}
    if implicit:
        options["ssl_context"] = context
    else:
        options |= {"tls_context": context, "require_starttls": True}
    if login:
        # With TLS from the first byte, aiosmtpd does not know that the connection is encrypted.
        options |= {"auth_required": not implicit, "auth_require_tls": not implicit}
        options["authenticator"] = mailbox.authenticate
    controller = _AnyPort(mailbox, **options)
    controller.start()
    try:
        yield mailbox, controller.found
    finally:
        controller.stop()


class _AnyPort(Controller):
    """Listens on a free port; aiosmtpd itself would try the first mail on port 0."""

    found = 0

    def _trigger_server(self) -> None:
        sockets = self.server.sockets  # type: ignore[union-attr]  # it is started by now
        self.found = self.port = sockets[0].getsockname()[1]
        super()._trigger_server()  # type: ignore[no-untyped-call]  # aiosmtpd's


def mailer(port: int, tls: Tls, password: str | None = None) -> SmtpMailer:
    return SmtpMailer(
        HOST,
        port,
        tls=tls,
        username="leadflow" if password is not None else None,
        password=password,
        timeout=5,
        local_hostname="me.example",
        connections=1,
    )


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("tls", ["starttls", "implicit", "if_offered"])
async def test_mail_goes_over_tls_and_the_connection_is_kept(
    pem: tuple[Path, Path], tls: Tls
) -> None:
    with serving(pem, implicit=tls == "implicit") as (mailbox, port):
        sender = mailer(port, tls)
        for _ in range(3):
            await sender.send(render_note())
        await sender.close()
    assert (len(mailbox.taken), len(mailbox.sessions)) == (3, 1)
    assert tls == "implicit" or mailbox.encrypted == [True] * 3
    assert mailbox.taken[0].rcpt_tos == ["ana@northwind.example"]


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("tls", ["starttls", "implicit"])
async def test_one_login_serves_all_mails_of_a_connection(pem: tuple[Path, Path], tls: Tls) -> None:
    with serving(pem, implicit=tls == "implicit", login=True) as (mailbox, port):
        sender = mailer(port, tls, PASSWORD)
        for _ in range(3):
            await sender.send(render_note())
        await sender.close()
    assert (len(mailbox.taken), len(mailbox.logins)) == (3, 1)


@pytest.mark.usefixtures("trusted")
async def test_a_wrong_password_means_unsent_and_is_not_shown(pem: tuple[Path, Path]) -> None:
    with serving(pem, login=True) as (mailbox, port):
        sender = mailer(port, "starttls", "hushhush")
        with pytest.raises(MailUnsentError, match="535") as raised:
            await sender.send(render_note())
        await sender.close()
    assert "hushhush" not in str(raised.value)
    assert mailbox.taken == []


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
async def test_a_server_with_an_untrusted_certificate_gets_no_mail(
    pem: tuple[Path, Path], tls: Tls
) -> None:
    with serving(pem, implicit=tls == "implicit") as (mailbox, port):
        sender = mailer(port, tls)
        with pytest.raises(MailUnsentError, match=r"(?i)certificate"):
            await sender.send(render_note())
        await sender.close()
    assert mailbox.taken == []


async def test_a_server_without_tls_gets_no_mail_if_tls_is_required() -> None:
    mailbox = Mailbox()
    controller = _AnyPort(mailbox, hostname=HOST, port=0)
    controller.start()
    try:
        sender = mailer(controller.found, "starttls")
        with pytest.raises(MailUnsentError, match="STARTTLS"):
            await sender.send(render_note())
        await sender.close()
    finally:
        controller.stop()
    assert mailbox.taken == []


async def test_a_certificate_that_nobody_trusts_and_a_wrong_login_are_logged_as_such(
    pem: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    causes = []
    with serving(pem, login=True) as (_, port):
        for trusts in (False, True):
            if trusts:
                monkeypatch.setenv("SSL_CERT_FILE", str(pem[0]))
            sender = mailer(port, "starttls", "wrong")
            with capture_logs() as logs:
                for _ in range(2):
                    with pytest.raises(MailUnsentError):
                        await sender.send(render_note())
            await sender.close()
            causes += [(one["log_level"], one["cause"]) for one in logs]
    assert causes == [("error", "tls"), ("error", "login")]
