"""Answers that nobody wrote: automatic replies (RFC 3834), and the day they say one is back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime
from email.message import EmailMessage

import dateparser

from adapters.mail_headers import header_text

_SUBJECT = re.compile(
    r"^\s*(?:(?:re|aw|sv|tr)\s*:\s*)?"
    r"(?:out of (?:the )?office|ooo\b|auto(?:matic|mated)?[ -]?(?:reply|response|answer)|autoreply"
    r"|away from|abwesenheit|automatische antwort|r[ée]ponse automatique|absence du bureau"
    r"|respuesta autom[áa]tica|fuera de la oficina|on vacation|on leave|im urlaub)",
    re.IGNORECASE,
)
_MONTHS = (
    r"jan|feb|m[aä]r|mar|apr|avr|abr|may|mai|ma[iy]o|jun|juin|jul|juil|aug|ao[uû]t|ago|sep|oct|okt"
    r"|nov|dec|dez|d[ée]c|dic|ene|f[ée]v"
)
_DAY = (
    r"(?:\d{4}-\d{2}-\d{2}|\d{1,2}[./]\d{1,2}[./]\d{2,4}|\d{1,2}[./]\d{1,2}\.?"
    rf"|\d{{1,2}}(?:st|nd|rd|th|\.|er)?\s+(?:of\s+|de\s+)?(?:{_MONTHS})\w*\.?(?:,?\s+(?:de\s+)?\d{{4}})?"
    rf"|(?:{_MONTHS})\w*\.?\s+\d{{1,2}}(?:st|nd|rd|th)?(?:,?\s+\d{{4}})?)"
)
_BACK = re.compile(
    r"\b(?:back|return(?:ing)?|until|till|through|available again|reachable again|bis|zur[üu]ck"
    r"|wieder|ab|jusqu|retour|hasta|vuelvo|regreso)\b"
    rf"[^.!?\n\d]{{0,60}}?({_DAY})",
    re.IGNORECASE,
)
_LANGUAGES = ["en", "de", "fr", "es"]
_MOST = 4_000
"""So much of a notice is read: the day stands at its beginning."""


def is_automatic(mail: EmailMessage, *, null_sender: bool) -> bool:
    """Whether a machine answered: by its headers, its envelope's sender, or its subject."""
    if null_sender:
        return True
    submitted = header_text(mail, "Auto-Submitted").partition(";")[0].strip().lower()
    if submitted and submitted != "no":
        return True
    if header_text(mail, "X-Autoreply") or header_text(mail, "X-Autorespond"):
        return True
    if header_text(mail, "Precedence").lower() in ("auto_reply", "bulk", "junk", "list"):
        return True
    return _SUBJECT.match(header_text(mail, "Subject")) is not None


def return_day(mail: EmailMessage, now: datetime) -> date | None:
    """The day after now on which a notice says that its sender is back, or None.

    Days are read as of the mail's own date. Where `3/4` may be either, the notice's other words
    decide the language, and English means the month first.
    """
    written = _date(mail) or now
    for text in _texts(mail):
        for match in _BACK.finditer(text[:_MOST]):
            found = dateparser.parse(
                match[1].rstrip(". "),
                languages=_LANGUAGES,
                settings={
                    "RELATIVE_BASE": written.replace(tzinfo=None),
                    "PREFER_DATES_FROM": "future",
                    "DATE_ORDER": "DMY" if "." in match[1] else "MDY",
                },
            )
            if found is not None and found.date() > now.date():
                return found.date()
    return None


def _texts(mail: EmailMessage) -> Iterator[str]:
    yield header_text(mail, "Subject")
    try:
        part = mail.get_body(("plain",))
        if part is not None:
            yield " ".join(str(part.get_content()).split())
    except (LookupError, ValueError, AttributeError, TypeError):  # unknown charsets, broken parts
        return


def _date(mail: EmailMessage) -> datetime | None:
    try:
        at = mail["Date"].datetime
    except (AttributeError, ValueError, TypeError, IndexError):
        return None
    return at if isinstance(at, datetime) and at.tzinfo is not None else None
