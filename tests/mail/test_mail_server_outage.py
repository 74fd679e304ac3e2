"""A mail server that takes no mail is logged once, with the cause and what to do."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import pytest
from structlog.testing import capture_logs

from activities.meter import MailServer
from activities.ports import MailRefusedError, MailUnsentError
from adapters.delivery.outage import REMEDIES, Outage
from adapters.delivery.smtp import SmtpMailer
from tests.mail.acme import render_note
from tests.mail.scripted_server import HANG_UP, SILENT, Server, serving

_AWAY = "the mail server takes no mail; all mail waits, and is tried again"
_BACK = "the mail server takes mail again"


async def _logged(mailer: SmtpMailer, mails: int = 3) -> list[Any]:
    """What is logged while so many mails are tried in vain."""
    with capture_logs() as logs:
        for _ in range(mails):
            with pytest.raises(MailUnsentError):
                await mailer.send(render_note())
        await mailer.close()
    return [one for one in logs if one["event"] in (_AWAY, _BACK)]


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


async def test_a_name_that_the_dns_does_not_know_is_one_line_however_many_mails_wait(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    (line,) = await _logged(SmtpMailer("relay.example", 25, local_hostname="me.example"), mails=9)
    assert (line["log_level"], line["cause"]) == ("error", "dns")
    assert (line["server"], line["remedy"]) == ("relay.example:25", REMEDIES["dns"])
    assert "LEADFLOW_SMTP_HOST" in line["remedy"]


async def test_a_server_that_does_not_run_is_named() -> None:
    mailer = SmtpMailer("127.0.0.1", _free_port(), local_hostname="me.example")
    (line,) = await _logged(mailer)
    assert line["cause"] == "not_reached"


@pytest.mark.parametrize(
    ("script", "cause"),
    [
        ({"greeting": "554 5.7.1 your address is on a list"}, "refuses_us"),
        ({"greeting": SILENT}, "time_out"),
        ({"greeting": HANG_UP}, "not_reached"),
        ({"MAIL": "530 5.7.0 Authentication required"}, "login"),
        ({"MAIL": SILENT}, "time_out"),
    ],
)
async def test_each_cause_is_logged_once(script: dict[str, Any], cause: str) -> None:
    async with serving(Server(script)) as mailer:
        (line,) = await _logged(mailer, mails=2)
    assert (line["log_level"], line["cause"]) == ("error", cause)


async def test_a_server_without_starttls_is_a_fault_of_tls() -> None:
    server = Server()
    async with serving(server):
        mailer = SmtpMailer("127.0.0.1", server.port, tls="starttls", local_hostname="me.example")
        (line,) = await _logged(mailer)
    assert line["cause"] == "tls"
    assert "LEADFLOW_SMTP_TLS" in line["remedy"]


async def test_what_a_server_says_about_one_mail_is_no_outage() -> None:
    server = Server({"RCPT": ["550 5.1.1 no such user", "451 later", "250 fine"]})
    async with serving(server) as mailer:
        with capture_logs() as logs:
            with pytest.raises(MailRefusedError):
                await mailer.send(render_note())
            with pytest.raises(MailUnsentError):
                await mailer.send(render_note())
            await mailer.send(render_note())
    assert [one for one in logs if one["event"] in (_AWAY, _BACK)] == []


async def test_its_end_is_logged_and_shown_and_two_mailers_make_one_line() -> None:
    stands: list[MailServer] = []
    outage = Outage("relay", stands.append)
    port = _free_port()
    first = SmtpMailer("127.0.0.1", port, local_hostname="me.example", outage=outage)
    second = SmtpMailer("127.0.0.1", port, local_hostname="me.example", outage=outage)
    logs = await _logged(first) + await _logged(second)
    assert ([one["event"] for one in logs], stands) == ([_AWAY], ["away"])
    listener = await asyncio.start_server(Server().serve, "127.0.0.1", port)
    async with listener:
        with capture_logs() as after:
            await second.send(render_note())
            await second.close()
    assert ([one["event"] for one in after], stands) == ([_BACK], ["away", "there"])
