"""What a person answers to an alert becomes a note on the lead's timeline."""

from __future__ import annotations

import smtplib

import pytest

from activities.ports import Fence
from adapters.mail.alert import ANSWER
from adapters.sql.database import Database
from adapters.sql.journal import SqlJournal
from gateway.inbound.alert_reply import note_of_reply
from models.decision import Decision, Entry
from models.state import LeadState
from tests.gateway.stored_rows import NOW, intake_bodies
from tests.inbound.deliveries import reply_mail, send
from tests.inbound.riley_s_alerts import alert_to_riley, message_of
from tests.sent_alerts import send_together
from usecases.context import Context

RILEY, SAM = "riley@acme.example", "sam@acme.example"


def store_owned_lead(database: Database, owner: str, turn: int = 1) -> None:
    state = LeadState(lead="ana", program="acme", digest="d" * 64, turn=turn, seq=turn, at=NOW)
    state = state.changed(owner=owner, stage="mql", created=NOW, since=NOW)
    entry = Entry(seq=turn, at=NOW, kind="noted", fields={})
    fence = Fence(run=1, length=turn)
    SqlJournal(database).record(Decision(state=state, entries=(entry,)), fence, NOW)


@pytest.fixture
def to(database: Database, context: Context) -> str:
    """The address that answers an alert which Riley got about the lead `ana`."""
    store_owned_lead(database, RILEY)
    send_together(database, [("ana", alert_to_riley("ana"))])
    return context.links.reply_to(message_of("ana"))


def answer(text: str, *, by: str = RILEY, **headers: str) -> bytes:
    mail = reply_mail("Re: A lead for you", text, **headers)
    del mail["From"]
    mail["From"] = f"Somebody <{by}>"
    return mail.as_bytes()


async def test_an_answer_becomes_one_note_of_its_person(
    port: int, database: Database, to: str
) -> None:
    mail = answer("She wants:\n- a price\n\nOn Mon, 2 Mar 2026 Acme wrote:\n> A lead of team sdr")
    for _ in range(2):  # a server may bring a mail twice
        await send(port, RILEY, to, mail)
    (act,) = intake_bodies(database)
    assert (act["lead"], act["kind"], act["do"]) == ("ana", "act", "note")
    assert (act["by"], act["via"]) == (RILEY, "reply")
    assert act["note"] == "She wants:\n- a price"


@pytest.mark.parametrize(
    "headers", [{"Auto_Submitted": "auto-replied"}, {"Precedence": "auto_reply"}]
)
async def test_a_machine_s_answer_makes_no_note(
    port: int, database: Database, to: str, headers: dict[str, str]
) -> None:
    await send(port, RILEY, to, answer("I am away until Monday.", **headers))
    await send(port, "", to, answer("I am away until Monday."))
    await send(port, RILEY, to, answer("> only what was quoted"))
    assert intake_bodies(database) == []


async def test_only_who_got_the_alert_and_still_works_the_lead_may_answer(
    port: int, database: Database, to: str
) -> None:
    with pytest.raises(smtplib.SMTPDataError, match="only the person who got this alert"):
        await send(port, SAM, to, answer("Mine!", by=SAM))
    store_owned_lead(database, SAM, turn=2)
    with pytest.raises(smtplib.SMTPDataError, match="somebody else's now"):
        await send(port, RILEY, to, answer("Still mine."))
    changed = to.replace("-0-", "-1-")
    with pytest.raises(smtplib.SMTPRecipientsRefused):
        await send(port, RILEY, changed, answer("A changed token."))
    assert intake_bodies(database) == []


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("Called.\n\nOn Thu, Mar 5, 2026 Acme <hello@acme.example> wrote:\n> x", "Called."),
        (
            "Called.\n\nOn Thu, Mar 5, 2026 at 2 PM Acme\n<hello@acme.example> wrote:\n> x",
            "Called.",
        ),
        ("Angerufen.\n\nAm 05.03.26 um 14:00 schrieb Acme:\n\n> x", "Angerufen."),
        ("ok\n\n-----Original Message-----\nFrom: Acme\n\nbody", "ok"),
        ("ok\n\n________________________________\nFrom: Acme\nSent: now", "ok"),
        (f"ok\n\nA lead of team sdr\n{ANSWER}", "ok\n\nA lead of team sdr"),
        ("She said at 10:\nnot now.", "She said at 10:\nnot now."),
        ("> x\n\nbelow", ""),
        ("", ""),
        ("y" * 9_000, "y" * 5_000),
    ],
)
def test_only_the_new_words_of_an_answer_count(text: str, note: str) -> None:
    assert note_of_reply(text) == note


def test_no_answer_takes_long_to_read() -> None:
    for hostile in ("On " * 30_000, ">" * 90_000, "\n" * 90_000, "On x 1 wrote:\n" * 6_000):
        assert len(note_of_reply(hostile)) <= 5_000
