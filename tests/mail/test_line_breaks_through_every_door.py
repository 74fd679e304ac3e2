"""Line breaks in names, from every door: none adds a header to a mail."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest

from adapters.files.leads import checked_leads
from adapters.files.teams import read_directory
from adapters.mail.message import build_message
from adapters.mail.render import MailRenderer
from lifecycle.decide import decide, new_lead
from lifecycle.program.rulebook import rulebook
from models.directory import Directory
from models.inputs import Created
from models.messages import read_event
from models.state import LeadState
from tests.mail.acme import LINKS, NOW, PEOPLE, alert, mjml, program, send_mail

EVIL = "Ana\r\nBcc: evil@x.example\r\n\r\n<b>body</b>\n\u2028.\r\n"
SUBJECT = "{{ lead.first_name }} of {{ lead.company }}, {{ owner.name }}"
OF = program(
    subject=SUBJECT,
    preheader=SUBJECT,
    mjml=mjml(f"{SUBJECT} {{{{ owner.signature }}}}"),
    **{"from": "owner"},
)
PROFILE = {"email": "ana@northwind.example", "first_name": EVIL, "company": EVIL}


def lead_from_file(file: Path) -> LeadState:
    with checked_leads(file, OF) as leads:
        [read] = leads
    return lead_from_profile(read.profile)


def by_list(folder: Path) -> LeadState:
    file = folder / "leads.csv"
    with file.open("w", newline="") as rows:
        writer = csv.DictWriter(rows, list(PROFILE))
        writer.writeheader()
        writer.writerow(PROFILE)
    return lead_from_file(file)


def by_lines(folder: Path) -> LeadState:
    file = folder / "leads.jsonl"
    file.write_text(json.dumps(PROFILE) + "\n")
    return lead_from_file(file)


def by_creation(_: Path) -> LeadState:
    return lead_from_profile(PROFILE)


def by_event(_: Path) -> LeadState:
    state = lead_from_profile({"email": "ana@northwind.example"})
    event = read_event({"type": "profile.updated", "data": PROFILE}, NOW + timedelta(hours=1))
    return decide(rulebook(OF), state, [event], event.arrived, people=PEOPLE).state


def by_an_old_row(_: Path) -> LeadState:
    """A lead that was stored before line breaks became spaces (docs/language.md)."""
    state = lead_from_profile({"email": "ana@northwind.example"})
    return state.changed(profile={**state.profile, **PROFILE})


def lead_from_profile(profile: Mapping[str, object]) -> LeadState:
    born = Created(arrived=NOW, profile=profile)
    return decide(rulebook(OF), new_lead("ana", OF), [born], NOW, people=PEOPLE).state


def assert_no_field_was_added(mail: EmailMessage, wanted: set[str]) -> None:
    assert set(mail.keys()) == wanted
    assert not mail.defects
    assert all(not value.defects for value in mail.values() if hasattr(value, "defects"))
    assert len(mail["To"].addresses) == len(mail["From"].addresses) == 1
    text = mail.get_body(("plain",))
    html = mail.get_body(("html",))
    assert text is not None
    assert html is not None
    assert "<b>body" not in html.get_content()


@pytest.mark.parametrize("door", [by_list, by_lines, by_creation, by_event])
def test_line_breaks_in_a_name_become_spaces(
    door: Callable[[Path], LeadState], tmp_path: Path
) -> None:
    name = door(tmp_path).profile["first_name"]
    assert "Bcc: evil@x.example" in name
    assert name.splitlines() == [name]


@pytest.mark.parametrize("door", [by_list, by_lines, by_creation, by_event, by_an_old_row])
def test_a_leads_names_add_no_header(door: Callable[[Path], LeadState], tmp_path: Path) -> None:
    state = door(tmp_path).changed(owner="riley@acme.example")
    mail = MailRenderer(LINKS).marketing(OF, state, PEOPLE, send_mail())
    read = message_from_bytes(build_message(mail, NOW).as_bytes(), policy=policy.SMTP)
    assert_no_field_was_added(read, MARKETING)
    alarm = alert(f"Riley forgot {EVIL}")
    mail_of_alert = MailRenderer(LINKS).alert(OF, state, PEOPLE, (), alarm).mail
    read = message_from_bytes(build_message(mail_of_alert, NOW).as_bytes(), policy=policy.SMTP)
    assert_no_field_was_added(read, ALERT)


def test_a_salespersons_name_and_signature_add_no_header(tmp_path: Path) -> None:
    file = tmp_path / "teams.yaml"
    member = {"email": "riley@acme.example", "name": EVIL, "signature": EVIL}
    file.write_text(json.dumps({"teams": {"sdr": {"members": [member]}}}))  # JSON is YAML
    people: Directory = read_directory(file)
    state = lead_from_profile({"email": "ana@northwind.example"}).changed(
        owner="riley@acme.example"
    )
    mail = MailRenderer(LINKS).marketing(OF, state, people, send_mail())
    read = message_from_bytes(build_message(mail, NOW).as_bytes(), policy=policy.SMTP)
    assert_no_field_was_added(read, MARKETING)
    assert read["From"].addresses[0].addr_spec == "riley@acme.example"


_ALWAYS = {"From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type"}
_OURS = {"X-Leadflow-Lead", "X-Leadflow-Key"}
_THREAD = {"Reply-To", "In-Reply-To", "References"}
ALERT = _ALWAYS | _OURS | _THREAD | {"Auto-Submitted", "X-Leadflow-Alert"}
MARKETING = (
    _ALWAYS
    | _OURS
    | {
        "X-Leadflow-Email",
        "Reply-To",
        "List-Unsubscribe",
        "List-Unsubscribe-Post",
        "List-Id",
        "Feedback-ID",
    }
)
