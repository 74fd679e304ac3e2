"""Mail and SMTP sessions that were made to break the code that reads them."""

from __future__ import annotations

import asyncio
import smtplib
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.inbound.listener import receiving
from gateway.inbound.recognise import Arrival, Recognised, RefusedMail, recognise
from gateway.requests.http_server import listening
from tests.gateway.stored_rows import intake_bodies, store_sent_mail
from tests.inbound.deliveries import FIXTURES, RecordingMailer, read_recorded_mail, reply_mail, send
from tests.waiting import LIMIT
from usecases.context import Context

RECORDED = tuple(read_recorded_mail(path.stem)[1] for path in sorted(FIXTURES.glob("*.eml")))
FUZZ = settings(
    max_examples=80,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def nested_multiparts(depth: int) -> bytes:
    """Multiparts within multiparts."""
    lines = [
        b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (level, level)
        for level in range(depth)
    ]
    return b"".join(lines) + b"Content-Type: text/plain\r\n\r\nhello\r\n"


HOSTILE = {
    "empty": b"",
    "deep": nested_multiparts(1_500),
    "many parts": b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\n" * 100_000,
    "comments": b"From: " + b"(" * 900 + b"\r\nDate: " + b"(" * 900 + b"\r\n\r\nhello\r\n",
    "many comments": b"From: " + b"\r\n ".join([b"(" * 900] * 50) + b"\r\n\r\nhello\r\n",
    "encoded words": b"Subject: " + b"=?utf-8?q?" * 90 + b"\r\n\r\nhello\r\n",
    "many encoded words": b"Subject:"
    + b"\r\n =?utf-8?q?w=C3=B6rd?=" * 15_000
    + b"\r\n\r\nhello\r\n",
    "charset": b"Content-Type: text/plain; charset=idna\r\n\r\n\xff\xfe" + b"a" * 500 + b"\r\n",
    "base64": b"Content-Transfer-Encoding: base64\r\n\r\n=====\r\n",
    "binary": bytes(range(256)).replace(b"\n", b"").replace(b"\r", b"") * 3 + b"\r\n",
    "no boundary": b"Content-Type: multipart/report; report-type=delivery-status\r\n\r\nx\r\n",
    "report alone": b"Content-Type: message/delivery-status\r\n\r\nAction: failed\r\n\r\n",
    "unclosed html": b"Content-Type: text/html\r\n\r\n" + b"<!\r\n" * 20_000,
    "dates": reply_mail("Out of office", "until 1/1/1 " * 5_000).as_bytes(),
    "words": reply_mail("Out of office", "from to until back " * 5_000).as_bytes(),
}


def known_addresses(context: Context, message: str) -> list[str]:
    links = context.links
    return [
        links.return_path(message),
        links.reply_to(message),
        links.unsubscribe_mail(message, "ana@northwind.example"),
        "fbl@in.acme.example",
    ]


@pytest.mark.parametrize("name", sorted(HOSTILE))
async def test_hostile_mail_is_taken_or_refused_and_soon(
    port: int, context: Context, message: str, name: str
) -> None:
    began = time.process_time()
    for to in known_addresses(context, message):
        content = HOSTILE[name]
        try:
            await send(port, "", to, content)
        except smtplib.SMTPDataError as refused:
            assert refused.smtp_code in (500, 554), refused  # noqa: PT017 - either answer is right
    assert time.process_time() - began < 20


async def test_a_bounce_that_can_not_be_parsed_still_counts(
    port: int, context: Context, message: str
) -> None:
    await send(port, "", context.links.return_path(message), HOSTILE["deep"])
    [event] = intake_bodies(context.database)
    assert (event["type"], event["data"]["kind"]) == ("email.bounced", "soft")


async def test_a_reply_that_can_not_be_parsed_is_refused_so_that_its_writer_knows(
    port: int, context: Context, message: str, mailer: RecordingMailer
) -> None:
    with pytest.raises(smtplib.SMTPDataError) as refused:
        await send(port, "x@y.example", context.links.reply_to(message), HOSTILE["deep"])
    assert refused.value.smtp_code == 554
    assert (intake_bodies(context.database), mailer.sent) == ([], [])


def check(context: Context, message: str, content: bytes, *, null_sender: bool) -> None:
    for to in known_addresses(context, message):
        arrival = Arrival(to=to, null_sender=null_sender, content=content)
        found = recognise(context, arrival)
        if isinstance(found, RefusedMail):
            assert found.answer.startswith("554 ")
        else:
            assert isinstance(found, Recognised)


@FUZZ
@given(data=st.data(), null_sender=st.booleans())
def test_a_mangled_report_is_always_recognised_as_something(
    context: Context, message: str, data: st.DataObject, *, null_sender: bool
) -> None:
    content = data.draw(st.sampled_from(RECORDED))
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(content)))
        end = data.draw(st.integers(start, min(len(content), start + 200)))
        content = content[:start] + data.draw(st.binary(max_size=40)) + content[end:]
    check(context, message, content, null_sender=null_sender)


@FUZZ
@given(
    headers=st.lists(
        st.tuples(
            st.sampled_from(
                [
                    *("From", "Date", "Subject", "Message-ID", "Content-Type", "Auto-Submitted"),
                    *("Content-Transfer-Encoding", "Content-Disposition", "Precedence"),
                ]
            ),
            st.text(max_size=60) | st.sampled_from(["multipart/report; boundary=b", "=?x?q?", "("]),
        ),
        max_size=6,
    ),
    body=st.binary(max_size=200),
)
def test_headers_of_any_kind_are_read_without_an_error(
    context: Context, message: str, headers: list[tuple[str, str]], body: bytes
) -> None:
    head = "".join(f"{name}: {value}\r\n" for name, value in headers)
    content = head.encode(errors="surrogatepass") + b"\r\n--b\r\n" + body
    check(context, message, content, null_sender=False)


@FUZZ
@given(local=st.text(max_size=80), domain=st.sampled_from(["in.acme.example", "x.example", ""]))
def test_no_forged_address_is_accepted(
    context: Context, message: str, local: str, domain: str
) -> None:
    assert message
    arrival = Arrival(to=f"{local}@{domain}", null_sender=True, content=b"x")
    found = recognise(context, arrival)
    assert isinstance(found, RefusedMail)


async def test_more_recipients_than_a_mail_of_ours_can_have_are_temporarily_refused(
    port: int, context: Context, message: str
) -> None:
    others = [store_sent_mail(context.database, mail=f"{number:016x}") for number in range(12)]
    to = [context.links.return_path(one) for one in [*[message] * 20, *others]]

    def ask() -> list[int]:
        with smtplib.SMTP("127.0.0.1", port, local_hostname="mx.example") as server:
            server.ehlo()
            server.mail("")
            return [server.rcpt(one)[0] for one in to]

    assert await asyncio.to_thread(ask) == [250] * 29 + [452] * 3


async def test_the_server_says_how_large_a_mail_may_be_and_takes_international_ones(
    port: int, context: Context, message: str
) -> None:
    def ask() -> tuple[str, int, int]:
        with smtplib.SMTP("127.0.0.1", port, local_hostname="mx.example") as server:
            server.ehlo()
            too_large = server.mail("", ["SIZE=10000001"])[0]
            server.rset()
            server.mail("", ["SMTPUTF8"])
            code = server.rcpt(context.links.return_path(message))[0]
            return server.esmtp_features["size"], too_large, code

    assert await asyncio.to_thread(ask) == ("10000000", 552, 250)


async def test_a_session_that_is_open_when_the_listener_stops_is_closed(
    context: Context,
) -> None:
    listener = listening("127.0.0.1", 0)
    async with receiving(context, listener):
        reader, writer = await asyncio.open_connection(*listener.getsockname())
        await reader.readline()
    async with asyncio.timeout(LIMIT):
        assert await reader.read() == b""
    writer.close()
    await writer.wait_closed()
