"""Addresses with characters outside ASCII, in the envelope and in headers."""

import dataclasses

import pytest

from activities.ports import MailRefusedError
from adapters.mail.render import MailRenderer
from lifecycle.nurture.sending import message_id
from lifecycle.program.rulebook import rulebook
from models.decision import SendMail
from tests.mail.acme import LINKS, NOW, PEOPLE, lead, program, render_note
from tests.mail.scripted_server import Server, serving


async def test_an_international_author_needs_a_server_that_takes_one() -> None:
    mail = render_note(program(sender="Zoë <zoë@acme.example>"))
    plain = dataclasses.replace(mail, envelope_from="bounce+token@in.acme.example")
    async with serving(Server(extensions=())) as mailer:
        with pytest.raises(MailRefusedError, match="SMTPUTF8"):
            await mailer.send(plain)


async def test_an_international_domain_alone_needs_nothing() -> None:
    server = Server(extensions=())
    async with serving(server) as mailer:
        await mailer.send(render_note(email="ana@bücher.example", first_name="Zoë"))
    assert "RCPT TO:<ana@xn--bcher-kva.example>" in server.lines


async def test_a_sharp_s_goes_to_its_own_domain_and_not_to_that_with_double_s() -> None:
    server = Server(extensions=())
    async with serving(server) as mailer:
        await mailer.send(render_note(email="ana@straße.example"))
    assert "RCPT TO:<ana@xn--strae-oqa.example>" in server.lines


async def test_a_sender_with_an_international_domain_writes_all_its_headers_in_ascii() -> None:
    of = program(sender="Bücher <hallo@bücher.example>")
    message = message_id(rulebook(of), "ana/1/welcome/note")
    server = Server(extensions=())
    async with serving(server) as mailer:
        command = SendMail(key="ana/1/welcome/note", at=NOW, email="note", message=message)
        await mailer.send(MailRenderer(LINKS).marketing(of, lead(), PEOPLE, command))
    head = server.contents[0].partition(b"\r\n\r\n")[0]
    assert head.isascii()
    assert b"@xn--bcher-kva.example>" in head.partition(b"Message-ID: ")[2].splitlines()[0]
    assert b"List-Id: <acme.xn--bcher-kva.example>" in head
