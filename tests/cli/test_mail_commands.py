"""Commands that preview and test mail, and that make and revoke keys."""

from __future__ import annotations

from email import message_from_bytes, policy
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from adapters.delivery.catcher import messages
from assembly.stack import Stack
from tests.cli.conftest import ACME, Leadflow, until
from tests.waiting import LIMIT


def test_a_mail_is_written_as_it_would_arrive(command: Leadflow, tmp_path: Path) -> None:
    folder = tmp_path / "preview"
    ran = command("mail", "preview", ACME, "welcome", "--sample", "--out", str(folder), "--json")
    assert ran.status == 0, ran.err
    assert ran.json["headers"]["Subject"] == "Welcome, Sam"
    mail = message_from_bytes((folder / "welcome.eml").read_bytes(), policy=policy.SMTP)
    assert not mail.defects
    assert "1 Main Street" in (folder / "welcome.txt").read_text()
    assert "1 Main Street" in (folder / "welcome.html").read_text()


def test_an_unknown_mail_is_refused_with_the_nearest_name(
    command: Leadflow, tmp_path: Path
) -> None:
    ran = command("mail", "preview", ACME, "welcom", "--out", str(tmp_path))
    assert (ran.status, "did you mean 'welcome'" in ran.err) == (2, True)
    both = command("mail", "preview", ACME, "welcome", "--lead", "x", "--sample")
    assert both.status == 2


def test_a_mail_is_previewed_as_a_lead_would_get_it(leadflow: Leadflow, tmp_path: Path) -> None:
    leadflow(
        "enrol",
        "--id",
        "pia",
        "--email",
        "pia@p.example",
        "--first-name",
        "Pia",
        "--program",
        "acme",
    )
    until(lambda: leadflow("show", "pia").status == 0)
    ran = leadflow(
        "mail", "preview", "acme", "welcome", "--lead", "pia", "--out", str(tmp_path), "--json"
    )
    assert ran.json["headers"]["Subject"] == "Welcome, Pia"
    assert leadflow("mail", "preview", "acme", "welcome", "--lead", "nobody").status == 2


def test_a_test_mail_arrives_and_counts_for_no_lead(
    leadflow: Leadflow, stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEADFLOW_SMTP_PORT", str(stack.smtp_port))
    ran = leadflow("mail", "send-test", "acme", "welcome", "--to", "me@acme.example", "--json")
    assert ran.status == 0, ran.err

    def arrived() -> list[str]:
        mails = messages(stack.mail)
        return [str(one["Subject"]) for one in mails if str(one["To"]) == "me@acme.example"]

    assert until(arrived) == ["[test] Welcome, Sam"]
    assert leadflow("mail", "send-test", "acme", "welcome", "--to", "a b").status == 2


def test_a_preview_has_the_unsubscribe_links_that_the_settings_allow(
    command: Leadflow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEADFLOW_PUBLIC_URL", "https://go.acme.example")
    monkeypatch.setenv("LEADFLOW_MAIL_DOMAIN", "in.acme.example")
    ran = command("mail", "preview", ACME, "welcome", "--out", str(tmp_path), "--json")
    assert ran.json["headers"]["List-Unsubscribe"].startswith("<https://go.acme.example/u/")
    assert ran.json["headers"]["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    html = (tmp_path / "welcome.html").read_text()
    assert "https://go.acme.example/u/" in html
    assert "/c/" not in html


def test_a_test_mail_is_signed_as_all_mail_is(
    leadflow: Leadflow, stack: Stack, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    file = tmp_path / "dkim.pem"
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    monkeypatch.setenv("LEADFLOW_SMTP_PORT", str(stack.smtp_port))
    monkeypatch.setenv("LEADFLOW_DKIM_DOMAIN", "acme.example")
    monkeypatch.setenv("LEADFLOW_DKIM_SELECTOR", "s1")
    monkeypatch.setenv("LEADFLOW_DKIM_KEY_FILE", str(file))
    assert leadflow("mail", "send-test", "acme", "welcome", "--to", "dkim@acme.example").status == 0

    def arrived() -> list[str]:
        mails = messages(stack.mail)
        return [
            str(one["DKIM-Signature"]) for one in mails if str(one["To"]) == "dkim@acme.example"
        ]

    [signature] = until(arrived)
    assert "d=acme.example" in signature
    file.write_text("no key")
    ran = leadflow("mail", "send-test", "acme", "welcome", "--to", "dkim@acme.example")
    assert (ran.status, "LEADFLOW_DKIM_KEY_FILE" in ran.err) == (2, True)


def test_a_key_opens_the_gateway_until_it_is_revoked(leadflow: Leadflow, stack: Stack) -> None:
    assert leadflow("key", "create", "crm", "--scope", "everything").status == 2
    made = leadflow("key", "create", "crm", "--scope", "leads:write", "--json").json
    headers = {"Authorization": f"Bearer {made['key']}"}
    body = {"leads": [{"email": "kim@k.example", "program": "acme"}]}

    def post() -> int:
        return httpx.post(
            f"{stack.gateway}/v1/leads", json=body, headers=headers, timeout=LIMIT
        ).status_code

    assert post() == 202
    until(lambda: leadflow("show", "kim@k.example").status == 0)
    [listed] = [one for one in leadflow("key", "list", "--json").lines if one["name"] == "crm"]
    assert made["key"] not in str(listed)
    assert leadflow("key", "revoke", listed["id"]).status == 0
    assert post() == 401
    assert leadflow("key", "revoke", listed["id"]).status == 1
