"""Each documented payload of a provider (one a file in `cases/`), and the event it becomes."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from adapters.sql.database import Database
from tests.gateway.provider_messages import by_mailgun, by_postmark, by_sendgrid, by_ses
from tests.gateway.stored_rows import MAIL, intake_bodies
from tests.gateway.test_providers import ADDRESS, fetched_urls, http

__all__ = ["fetched_urls", "http"]

CASES = Path(__file__).with_name("cases")
HARD, SOFT = {"kind": "hard"}, {"kind": "soft"}
ABOUT_US = {"kind": "soft", "about": "us"}


def payload(name: str) -> tuple[str, bytes, dict[str, str]]:
    """The provider, and the case signed as that provider signs."""
    now = datetime.now(UTC)
    text = (CASES / f"{name}.json").read_text()
    for mark, value in (
        ('"@@EPOCH@@"', str(int(now.timestamp()))),
        ('"@@NUMBER@@"', "7"),
        ("@@NOW@@", now.isoformat()),
        ("@@UNIQUE@@", "u1"),
        ("@@ADDRESS@@", ADDRESS),
        ("@@MESSAGE_ID@@", f"{MAIL}@acme.example"),
    ):
        text = text.replace(mark, value)
    document = json.loads(text)
    provider = name.partition("-")[0]
    if provider == "mailgun":
        return provider, *by_mailgun(document["event-data"])
    signed: dict[str, Callable[[Any], tuple[bytes, dict[str, str]]]]
    signed = {"sendgrid": by_sendgrid, "postmark": by_postmark, "ses": by_ses}
    return provider, *signed[provider](document)


@pytest.mark.parametrize(
    ("name", "kind", "data", "machine"),
    [
        ("sendgrid-bounce", "email.bounced", HARD, False),
        ("sendgrid-bounce-content", "email.bounced", ABOUT_US, False),
        ("sendgrid-dropped-quota", None, {}, False),
        ("sendgrid-machine-open", "email.opened", {}, True),
        ("sendgrid-click-scanner", "email.clicked", {}, True),
        ("mailgun-suppress-bounce", "email.bounced", HARD, False),
        ("mailgun-temporary", "email.bounced", SOFT, False),
        ("mailgun-unsubscribed", "email.unsubscribed", {}, False),
        ("postmark-soft-bounce", "email.bounced", SOFT, False),
        ("postmark-subscribe", None, {}, False),
        ("postmark-manually-deactivated", None, {}, False),
        ("postmark-complaint", "email.complained", {}, False),
        ("postmark-unsubscribed-by-clerk", None, {}, False),
        ("ses-bounce-suppressed-list", "email.bounced", HARD, False),
        ("ses-bounce-mailbox-full", "email.bounced", SOFT, False),
        ("ses-rendering-failure", None, {}, False),
    ],
)
async def test_a_documented_payload_means_what_the_table_says(
    http: httpx.AsyncClient,
    database: Database,
    *,
    name: str,
    kind: str | None,
    data: dict[str, Any],
    machine: bool,
) -> None:
    provider, body, headers = payload(name)
    answer = await http.post(f"/v1/providers/{provider}", content=body, headers=headers)
    assert answer.status_code == 200, answer.text
    found = [(one["type"], one["machine"]) for one in intake_bodies(database)]
    assert found == ([(kind, machine)] if kind is not None else [])
    for one in intake_bodies(database):
        assert one["data"].items() >= data.items()


async def test_a_mail_is_one_soft_bounce_however_many_tries_are_reported(
    http: httpx.AsyncClient, database: Database
) -> None:
    for number in range(3):
        body, _ = by_mailgun(
            {
                "event": "failed",
                "id": f"g{number}",
                "severity": "temporary",
                "message": {"headers": {"message-id": f"{MAIL}@acme.example"}},
                "delivery-status": {"message": "mailbox full"},
            },
            token=f"t{number}",
        )
        assert (await http.post("/v1/providers/mailgun", content=body)).status_code == 200
    assert len(intake_bodies(database)) == 1


@pytest.mark.parametrize(
    ("bot", "machine"), [("", False), ("gmail", False), ("apple", True), ("generic", True)]
)
async def test_an_open_of_mailgun_is_a_machine_s_by_the_rules_of_our_own_links(
    http: httpx.AsyncClient, database: Database, *, bot: str, machine: bool
) -> None:
    agent = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0"
    agent += " (via ggpht.com GoogleImageProxy)" if bot == "gmail" else ""
    body, headers = by_mailgun(
        {
            "event": "opened",
            "id": "u1",
            "timestamp": datetime.now(UTC).timestamp(),
            "recipient": ADDRESS,
            "message": {"headers": {"message-id": f"{MAIL}@acme.example"}},
            "client-info": {"user-agent": agent, "bot": bot},
        }
    )
    answer = await http.post("/v1/providers/mailgun", content=body, headers=headers)
    assert answer.status_code == 200
    assert [(one["type"], one["machine"]) for one in intake_bodies(database)] == [
        ("email.opened", machine)
    ]
