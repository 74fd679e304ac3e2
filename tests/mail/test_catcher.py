import asyncio
import queue
from email.message import EmailMessage
from pathlib import Path

import pytest

from activities.ports import MailUnsentError
from adapters.delivery.catcher import Catcher, messages
from adapters.delivery.smtp import SmtpMailer
from adapters.mail.render import MailRenderer
from lifecycle.stable_hash import short_hash
from tests.mail.acme import MESSAGE, mjml, program, render_alert, render_note


def mailer_to(catcher: Catcher) -> SmtpMailer:
    return SmtpMailer("127.0.0.1", catcher.port, local_hostname="me.example")


async def test_a_mail_goes_through_smtp_into_one_file_without_a_defect(tmp_path: Path) -> None:
    arrived: queue.SimpleQueue[EmailMessage] = queue.SimpleQueue()
    of = program(subject="Grüße, {{ lead.first_name }}", mjml=mjml("Hällo.\n.\n" + "long " * 400))
    with Catcher(tmp_path / "mail", 0, on_mail=arrived.put) as catcher:
        mailer = mailer_to(catcher)
        await mailer.send(render_note(of, first_name="Zoë", last_name="O'Neil, <b>"))
        await mailer.send(render_alert(MailRenderer(), "Größe: 3"))
        await mailer.close()
    first, second = messages(tmp_path / "mail")
    assert first["Subject"] == "Grüße, Zoë"
    assert first["To"].addresses[0].display_name == "Zoë O'Neil b"
    assert first["Message-ID"] == f"<{MESSAGE}>"
    assert first["X-Leadflow-Key"] == short_hash("ana/1/welcome/note")
    for mail in (first, second):
        assert not mail.defects
        assert all(not value.defects for value in mail.values())
        assert all(not part.defects for part in mail.walk())
        assert [part.get_content_type() for part in mail.iter_parts()] == [
            "text/plain",
            "text/html",
        ]
    text = second.get_body(("plain",))
    assert text is not None
    assert "Größe: 3" in text.get_content()
    html = first.get_body(("html",))
    assert html is not None
    assert "Hällo." in html.get_content()
    assert arrived.get_nowait()["Message-ID"] == first["Message-ID"]
    assert not list((tmp_path / "mail").glob("*.part"))


async def test_an_international_address_arrives(tmp_path: Path) -> None:
    with Catcher(tmp_path, 0) as catcher:
        mailer = mailer_to(catcher)
        await mailer.send(render_note(email="zoë@northwind.example", first_name="Zoë"))
        await mailer.close()
    (mail,) = messages(tmp_path)
    assert mail["To"] == "Zoë <zoë@northwind.example>"


async def test_a_mail_sent_twice_is_two_files(tmp_path: Path) -> None:
    with Catcher(tmp_path, 0) as catcher:
        mailer = mailer_to(catcher)
        await asyncio.gather(*(mailer.send(render_note()) for _ in range(10)))
        await mailer.close()
    assert [mail["Message-ID"] for mail in messages(tmp_path)] == [f"<{MESSAGE}>"] * 10


async def test_a_listener_that_fails_loses_no_mail(tmp_path: Path) -> None:
    def fail(_mail: EmailMessage) -> None:
        raise RuntimeError("no")

    with Catcher(tmp_path, 0, on_mail=fail) as catcher:
        mailer = mailer_to(catcher)
        await mailer.send(render_note())
        await mailer.close()
    assert len(list(messages(tmp_path))) == 1


async def test_a_mail_that_cannot_be_stored_is_not_accepted(tmp_path: Path) -> None:
    folder = tmp_path / "mail"
    with Catcher(folder, 0) as catcher:
        folder.rmdir()
        mailer = mailer_to(catcher)
        with pytest.raises(MailUnsentError, match="451"):
            await mailer.send(render_note())
        await mailer.close()


def test_the_error_about_a_port_in_use_names_it_and_the_remedy(tmp_path: Path) -> None:
    with (
        Catcher(tmp_path, 0) as catcher,
        pytest.raises(OSError, match=f"port {catcher.port} is in use.*choose another port"),
    ):
        Catcher(tmp_path, catcher.port).start()


def test_a_catcher_can_start_again_on_its_port(tmp_path: Path) -> None:
    catcher = Catcher(tmp_path, 0)
    catcher.start()
    port = catcher.port
    catcher.stop()
    catcher.stop()
    catcher.start()
    catcher.stop()
    assert catcher.port == port


def test_without_a_folder_there_are_no_messages(tmp_path: Path) -> None:
    assert list(messages(tmp_path / "none")) == []
