"""What Postfix, Exim and vacation really send back; fixtures/README.md says how it was made."""

from __future__ import annotations

from typing import Any

import pytest

from tests.gateway.stored_rows import intake_bodies
from tests.inbound.deliveries import FIXTURES, RecordingMailer, read_recorded_mail, send
from usecases.context import Context


async def accepted_events(
    port: int, context: Context, message: str, name: str
) -> list[dict[str, Any]]:
    """The events that a recorded mail becomes."""
    sender, content = read_recorded_mail(name)
    await send(port, sender, context.links.return_path(message), content)
    return intake_bodies(context.database)


@pytest.mark.parametrize(
    ("name", "kind", "status"),
    [
        ("postfix-unknown-user", "hard", "5.1.1"),
        ("postfix-international", "hard", "5.1.1"),
        ("postfix-550-without-status", "hard", "5.0.0"),
        ("postfix-mailbox-full", "soft", "5.2.2"),
        ("postfix-policy", "soft", "5.7.1"),
        ("postfix-given-up", "soft", "4.3.2"),
        ("exim-unrouteable", "hard", "5.0.0"),
        ("exim-550-without-status", "hard", "5.0.0"),
        ("exim-mailbox-full", "soft", "5.2.2"),
    ],
)
async def test_a_recorded_failure_is_a_bounce(
    port: int, context: Context, message: str, *, name: str, kind: str, status: str
) -> None:
    [event] = await accepted_events(port, context, message, name)
    assert (event["type"], event["lead"], event["subject"]) == ("email.bounced", "ana", "welcome")
    assert (event["data"]["kind"], event["data"]["status"]) == (kind, status)
    assert event["id"] == f"bounce/0123456789abcdef/{status}"


@pytest.mark.parametrize(
    ("name", "types"),
    [
        ("postfix-delayed", []),
        ("postfix-relayed", []),
        ("postfix-delivered", ["email.delivered"]),
    ],
)
async def test_a_recorded_notice_of_success_or_delay_is_no_bounce(
    port: int, context: Context, message: str, name: str, types: list[str]
) -> None:
    assert [one["type"] for one in await accepted_events(port, context, message, name)] == types


@pytest.mark.parametrize(
    ("name", "returns"), [("vacation-english", "2026-11-30"), ("vacation-german", "2026-12-04")]
)
async def test_a_vacation_program_answers_to_the_bounce_address_and_is_understood_there(
    port: int, context: Context, message: str, mailer: RecordingMailer, *, name: str, returns: str
) -> None:
    [event] = await accepted_events(port, context, message, name)
    assert (event["type"], event["machine"]) == ("email.replied", True)
    assert event["data"]["returns"] == returns
    assert mailer.sent == []


@pytest.mark.parametrize("name", sorted(path.stem for path in FIXTURES.glob("*.eml")))
async def test_no_event_holds_an_address_or_words_of_a_person(
    port: int, context: Context, message: str, name: str
) -> None:
    text = str(await accepted_events(port, context, message, name))
    assert "@" not in text.replace(message, "")
    assert "Thank you" not in text
    assert '"ana"' not in text


async def test_a_bounce_brought_twice_is_one(port: int, context: Context, message: str) -> None:
    await accepted_events(port, context, message, "postfix-unknown-user")
    assert len(await accepted_events(port, context, message, "postfix-unknown-user")) == 1
