"""What the mailer reports for each way in which a server answers."""

import asyncio
import dataclasses
import socket

import aiosmtplib
import pytest

from activities.ports import MailRefusedError, MailUnsentError
from adapters.delivery.smtp import SmtpMailer
from tests.mail.acme import program, render_note
from tests.mail.scripted_server import HANG_UP, SILENT, Server, serving
from tests.waiting import LIMIT


async def test_a_mail_is_accepted_and_the_connection_kept_for_the_next() -> None:
    server = Server()
    async with serving(server) as mailer:
        await mailer.send(render_note(program(text=".\n.a line that begins with a period")))
        await mailer.send(render_note())
    assert server.connections == 1
    assert len(server.contents) == 2
    assert b"\r\n..\r\n..a line" in server.contents[0]
    assert b"\n" not in server.contents[0].replace(b"\r\n", b"")


async def test_many_mails_at_once_share_the_connections() -> None:
    server = Server()
    async with serving(server) as mailer:
        await asyncio.gather(*(mailer.send(render_note()) for _ in range(20)))
    assert (server.connections, len(server.contents)) == (1, 20)


async def test_without_a_server_the_mail_is_unsent() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        mailer = SmtpMailer("127.0.0.1", port, local_hostname="me.example")
        with pytest.raises(MailUnsentError, match=f"no connection to 127.0.0.1:{port}"):
            await mailer.send(render_note())
        await mailer.close()


@pytest.mark.parametrize("phase", ["greeting", "EHLO", "MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize("reply", [HANG_UP, SILENT, "421 closing", "451 later", "nonsense"])
async def test_an_error_before_the_content_means_unsent(phase: str, reply: str | None) -> None:
    server = Server({phase: reply, "HELO": reply})
    async with serving(server) as mailer:
        with pytest.raises(MailUnsentError):
            await mailer.send(render_note())
    assert server.contents == []


@pytest.mark.parametrize("phase", ["MAIL", "RCPT", "DATA", "."])
async def test_a_permanent_reply_is_a_refusal_with_code_and_text(phase: str) -> None:
    then = "354 go ahead" if phase == "DATA" else "250 fine"
    server = Server({phase: ["550 5.1.1 no such user", then]})
    async with serving(server) as mailer:
        with pytest.raises(MailRefusedError, match=r"^550 5\.1\.1 no such user$"):
            await mailer.send(render_note())
        await mailer.send(render_note())
    assert server.connections == 1


@pytest.mark.parametrize(
    ("phase", "reply", "kind"),
    [
        ("RCPT", "550 5.1.1 no such user", "bounced"),
        ("RCPT", "550 5.1.2 no such system", "bounced"),
        ("RCPT", "550-5.1.1 The account does not exist.\r\n550 5.1.1 Check it", "bounced"),
        ("RCPT", "550 5.1.10 null MX", "bounced"),
        ("RCPT", "550 5.2.1 mailbox disabled", "bounced"),
        ("RCPT", "552 5.2.2 mailbox full", "soft_bounced"),
        ("RCPT", "550 5.7.1 blocked by policy", "refused"),
        ("RCPT", "554 5.7.26 not authenticated", "refused"),
        ("RCPT", "553 5.1.8 sender's domain does not resolve", "refused"),
        ("RCPT", "553 5.1.7 sender's address is malformed", "refused"),
        ("RCPT", "550 5.4.1 access denied", "refused"),
        ("RCPT", "550 5.4.1 recipient address rejected: access denied", "bounced"),
        ("RCPT", "550 relay not permitted", "refused"),
        ("RCPT", "550 blocked, see https://www.spamhaus.org/query/ip/192.0.2.1", "refused"),
        ("RCPT", "550 5.1.1 you sent to too many recipients this hour", "refused"),
        ("RCPT", "550 5.7.1 no", "soft_bounced"),
        ("RCPT", "550 no such user", "bounced"),
        ("RCPT", "551 user not local", "bounced"),
        ("RCPT", "553 mailbox name not allowed", "bounced"),
        ("RCPT", "552 storage exceeded", "soft_bounced"),
        ("RCPT", "554 transaction failed", "refused"),
        ("DATA", "550 no such user", "refused"),
        (".", "550 5.1.1 no such user", "bounced"),
        (".", "550 5.7.1 looks like spam", "refused"),
        (".", "554 5.6.0 malformed", "refused"),
        (".", "550 no", "refused"),
        ("MAIL", "550 5.1.1 no such sender", "refused"),
        ("MAIL", "550 5.7.1 sender is blocked", "refused"),
    ],
)
async def test_what_a_refusal_says_of_the_address_depends_on_status_and_phase(
    phase: str, reply: str, kind: str
) -> None:
    async with serving(Server({phase: reply})) as mailer:
        with pytest.raises(MailRefusedError) as raised:
            await mailer.send(render_note())
    assert raised.value.kind == kind


async def test_bounces_go_to_the_envelopes_sender_and_not_to_the_author() -> None:
    server = Server()
    mail = dataclasses.replace(render_note(), envelope_from="bounce+token@in.acme.example")
    async with serving(server) as mailer:
        await mailer.send(mail)
    assert "MAIL FROM:<bounce+token@in.acme.example>" in server.lines
    assert b"From: Acme <hello@acme.example>" in server.contents[0]


async def test_a_temporary_reply_to_the_content_means_unsent() -> None:
    server = Server({".": ["452 4.3.1 disk full", "250 taken"]})
    async with serving(server) as mailer:
        with pytest.raises(MailUnsentError, match=r"452 4\.3\.1 disk full"):
            await mailer.send(render_note())
        await mailer.send(render_note())
    assert server.connections == 1


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (HANG_UP, aiosmtplib.SMTPServerDisconnected),
        (SILENT, aiosmtplib.SMTPReadTimeoutError),
        ("nonsense", aiosmtplib.SMTPResponseException),
        ("299 what", aiosmtplib.SMTPDataError),
    ],
)
async def test_no_clear_reply_to_the_content_means_unknown(
    reply: str | None, error: type[Exception]
) -> None:
    server = Server({".": [reply, "250 taken"]})
    async with serving(server) as mailer:
        with pytest.raises(error) as raised:
            await mailer.send(render_note())
        assert not isinstance(raised.value, MailUnsentError | MailRefusedError)
        await mailer.send(render_note())
    assert (server.connections, len(server.contents)) == (2, 2)


async def test_a_refused_or_required_login_means_unsent() -> None:
    async with serving(Server({"MAIL": "530 5.7.0 authentication required"})) as mailer:
        with pytest.raises(MailUnsentError, match="530"):
            await mailer.send(render_note())


def test_a_login_is_never_sent_in_the_clear() -> None:
    with pytest.raises(ValueError, match="needs TLS"):
        SmtpMailer("127.0.0.1", 25, username="me", password="secret")  # noqa: S106 - a test's


async def test_a_connection_that_the_server_closed_is_opened_again() -> None:
    server = Server({"MAIL": ["250 fine", HANG_UP, "250 fine"]})
    async with serving(server) as mailer:
        await mailer.send(render_note())
        await mailer.send(render_note())
    assert (server.connections, len(server.contents)) == (2, 2)


async def test_a_cancelled_mail_leaves_no_unfinished_dialogue_on_its_connection() -> None:
    server = Server({"RCPT": [SILENT, "250 fine"]})
    async with serving(server) as mailer:
        sending = asyncio.create_task(mailer.send(render_note()))
        async with asyncio.timeout(LIMIT):
            await server.fell_silent.wait()
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        await mailer.send(render_note())
    assert (server.connections, len(server.contents)) == (2, 1)


async def test_the_check_before_the_content_runs_when_the_server_waits_for_the_content() -> None:
    server = Server()
    seen: list[str] = []

    async def ask() -> None:
        seen.extend(server.lines)

    async with serving(server) as mailer:
        await mailer.send(render_note(), before_content=ask)
    assert seen[-2:] == ["RCPT TO:<ana@northwind.example>", "DATA"]
    assert len(server.contents) == 1


async def test_a_mail_that_must_not_be_sent_any_more_ends_the_connection_without_content() -> None:
    server = Server()

    async def refuse() -> None:
        raise LookupError("it may not go")

    async with serving(server) as mailer:
        with pytest.raises(LookupError):
            await mailer.send(render_note(), before_content=refuse)
        await mailer.send(render_note())
    assert (server.connections, len(server.contents)) == (2, 1)


@pytest.mark.parametrize("phase", ["greeting", "EHLO", "MAIL", "RCPT", "DATA"])
async def test_the_check_before_the_content_does_not_run_earlier(
    phase: str,
) -> None:
    asked = []

    async def ask() -> None:
        asked.append(phase)

    async with serving(Server({phase: SILENT, "HELO": SILENT})) as mailer:
        with pytest.raises(MailUnsentError):
            await mailer.send(render_note(), before_content=ask)
    assert asked == []


async def test_a_mail_waits_for_a_connection_no_longer_than_for_a_reply() -> None:
    server = Server({"greeting": SILENT})
    async with serving(server) as mailer:
        tries = [mailer.send(render_note()) for _ in range(4)]
        ends = await asyncio.gather(*tries, return_exceptions=True)
    assert all(isinstance(end, MailUnsentError) for end in ends)
    assert any("was free within" in str(end) for end in ends)


async def test_an_international_address_needs_a_server_that_takes_it() -> None:
    mail = render_note(email="zoë@bücher.example")
    async with serving(Server(extensions=())) as mailer:
        with pytest.raises(MailRefusedError, match="SMTPUTF8"):
            await mailer.send(mail)
    server = Server()
    async with serving(server) as mailer:
        await mailer.send(mail)
    assert "MAIL FROM:<hello@acme.example> SMTPUTF8" in server.lines
    assert "RCPT TO:<zoë@xn--bcher-kva.example>" in server.lines
    assert "To: zoë@xn--bcher-kva.example".encode() in server.contents[0]


async def test_a_mail_that_cannot_be_put_together_is_refused() -> None:
    mail = dataclasses.replace(render_note(), to="a@x.example, b@x.example")
    async with serving(Server()) as mailer:
        with pytest.raises(MailRefusedError, match="not one e-mail address"):
            await mailer.send(mail)


async def test_a_header_that_can_not_be_written_is_a_refusal() -> None:
    mail = dataclasses.replace(render_note(), headers={"X-Leadflow-Lead": "zoë"})
    server = Server()
    async with serving(server) as mailer:
        with pytest.raises(MailRefusedError, match="ascii"):
            await mailer.send(mail)
    assert server.contents == []
