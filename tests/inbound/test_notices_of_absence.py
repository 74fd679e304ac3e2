"""Notices of absence, and people's mails, in the languages that we claim: `absences.yaml`."""

from __future__ import annotations

from datetime import UTC, datetime
from email.message import EmailMessage
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from gateway.inbound.arrived_mail import read_arrived
from gateway.inbound.automatic_reply import why_automatic
from gateway.inbound.return_day import return_day

MONDAY = datetime(2026, 3, 2, 10, tzinfo=UTC)


@cache
def corpus() -> Any:
    return yaml.safe_load(Path(__file__).with_name("absences.yaml").read_text(encoding="utf-8"))


def arrived(subject: str, text: str) -> EmailMessage:
    mail = EmailMessage()
    mail["From"], mail["Subject"] = "Ana <ana@northwind.example>", subject
    mail["Date"] = MONDAY
    mail.set_content(text)
    return read_arrived(mail.as_bytes())


def test_a_notice_is_a_machines_and_its_day_is_read() -> None:
    wrong = []
    for subject, text, *day in corpus()["machines"]:
        mail = arrived(subject, text)
        returns = return_day(mail, MONDAY)
        found = [] if returns is None else [returns.isoformat()]
        if why_automatic(mail, null_sender=False) is None or found != day:
            wrong.append((subject, text, found, day))
    assert wrong == []


def test_a_person_who_writes_about_absence_is_a_person() -> None:
    wrong = [
        (subject, text)
        for subject, text in corpus()["persons"]
        if why_automatic(arrived(subject, text), null_sender=False) is not None
    ]
    assert wrong == []
