"""Automatic replies (RFC 3834), and the day of return that they name."""

from __future__ import annotations

import itertools
import re
from datetime import date, datetime
from email.message import EmailMessage
from typing import Literal

import dateparser

from gateway.inbound.arrived_mail import content_type, header_text, plain_text

Why = Literal[
    "null_sender", "auto_submitted", "autoreply", "precedence", "report", "subject", "words"
]

_NOTICE = (
    r"(?:automat\w*[ -]*(?:reply|response|answer|antwort|antwoord|svar|respuesta|vastaus|odpow\w*"
    r"|odpov\w*|v[áa]lasz)|auto-?(?:reply|response|responder|svar)|(?:r[ée]ponse|respuesta|risposta"
    r"|resposta) autom[áa]ti\w*|abwesenheit\w*|out of (?:the )?office|ooo|away from (?:the |my )?"
    r"(?:office|desk)|abwesend|absen(?:ce|t|te)(?: du bureau)?|fuera de (?:la )?oficina|ausencia"
    r"|fuori (?:sede|ufficio)|assen(?:te|za)|afwezig\w*|fora do escrit[óo]rio|ausente|aus[êe]ncia"
    r"|on (?:vacation|leave|holiday)|im urlaub|en cong[ée]s?|de vacaciones|in ferie|de f[ée]rias"
    r"|автоматический ответ|otomatik yan\u0131t)"
)
_SUBJECT = re.compile(
    r"^\s*(?:auto:"
    r"|\[?(?:自動返信|自動応答|不在通知|自动回复|自動回覆|자동 ?회신)"
    rf"|\W?{_NOTICE}(?: (?:auto-?reply|reply|message|notice|notification|nachricht|notiz|melding))?"
    r"\s*(?:$|[:(\[\]–—,.!-]|re\b|(?:until|till|through|from|to|for|bis|vom|ab|jusqu\w*|du|hasta"
    r"|fino|dal|tot|t/m|van|at[ée]|de|back|returning)\b))",
    re.IGNORECASE,
)
"""A notice's subject: the phrase and then its end, a colon or a day. A person who writes about
"out of office replies", or answers a notice ("Re: Automatic reply"), goes on in another way."""
_BODY = re.compile(
    r"this is an auto(?:matic|mated|matically generated)[ -](?:e-?mail |mail )?"
    r"(?:reply|response|message|e-?mail)|diese? \S+ (?:wurde|ist)(?: eine)? automatisch"
    r"|(?:ceci est une|message de) r[ée]ponse automatique|este es un mensaje autom[áa]tico"
    r"|questa [èe] una risposta automatica|esta [ée] uma (?:resposta|mensagem) autom[áa]tica"
    r"|dit is een automatisch|このメール(?:は|に).{0,10}自動|自動(?:返信|応答|送信)(?:メール)?です",
    re.IGNORECASE,
)
_MOST_OPENING = 600
"""A machine says at the beginning that it is one."""
_HEADERS = (
    "X-Autoreply",
    "X-Auto-Reply",
    "X-Autorespond",
    "X-Autoresponder",
    "X-AutoReply-From",
    "X-Mail-Autoreply",
    "X-Vacation",
    "X-FC-MachineGenerated",
)
_MONTHS = (
    r"jan|gen|ene|f[eé][bv]|m[aä]r|mrt|maa|apr|avr|abr|may|mai|mag|mei|jun|juin|giu|jul|juil|lug"
    r"|aug|ao[uû]t|ago|sep|set|oct|okt|ott|out|nov|dec|dez|d[ée]c|dic"
)
_YEAR = r"(?:,?\s+(?:de\s+)?\d{4}\b)?"
_DATE = (
    r"(?<![\d+/.()-])(?:\d{4}-\d{2}-\d{2}|\d{1,2}[./]\d{1,2}[./]\d{2,4}|\d{1,2}[./]\d{1,2}"
    rf"|\d{{1,2}}(?:st|nd|rd|th|\.|er|º|°)?\s+(?:of\s+|de\s+)?(?:{_MONTHS})\w*\.?{_YEAR}"
    rf"|(?:{_MONTHS})\w*\.?\s+\d{{1,2}}(?:st|nd|rd|th)?{_YEAR}"
    r"|(?:\d{4}年)?\d{1,2}月\d{1,2}日)(?!\d|[./-]\d|\s?[/-]?\s?\d{3})"
)
"""A day with its month, that is not a piece of a longer number: neither "March 2027" nor a
telephone number is a day."""
_WEEKDAY = (
    r"\b(?:mon|tues|wednes|thurs|fri|satur|sun)day\b"
    r"|\b(?:mon|diens|donners|frei|sams|sonn)tag\b|\bmittwoch\b|\b(?:lun|mar|mercre|jeu|vendre)di\b"
    r"|\b(?:lunes|martes|mi[ée]rcoles|jueves|viernes)\b|\b(?:luned|marted|mercoled|gioved|venerd)ì"
    r"|\b(?:maan|dins|woens|donder|vrij)dag\b|\b(?:segunda|ter[çc]a|quarta|quinta|sexta)-feira\b"
)
_BACK = (
    r"(?:\b(?:(?P<english>back|return(?:ing)?|until|till|through|available|reachable)|bis"
    r"|zur[üu]ck|wieder|ab|jusqu|retour|hasta|vuelvo|regreso|reincorporo|fino|rientr\w+|torn\w+"
    r"|tot|terug|at[ée]|volto|regress\w+)\b[^.!?\d]{0,60}?"
    r"|\b(?:(?P<range>from|between)|du|del|dal)\b[^!?]{1,40}?\b(?:to|and|au|al)\s+(?:the\s+)?)"
)
_BACK_AT_DATE = re.compile(rf"{_BACK}(?P<day>{_DATE})", re.IGNORECASE)
_DATE_BACK = re.compile(
    rf"(?P<day>{_DATE})[^.!?\d]{{0,40}}?(?:\b(?:(?P<english>back|return)|wieder|zur[üu]ck|retour"
    r"|vuelta|ritorno|terug|volta)\b|まで|から|より|に戻|復帰)(?P<range>)",
    re.IGNORECASE,
)
_BACK_ON_WEEKDAY = re.compile(rf"{_BACK}(?P<day>{_WEEKDAY})", re.IGNORECASE)
_LANGUAGES = ["en", "de", "fr", "es", "it", "nl", "pt", "ja"]
_MOST = 4_000
"""So much of a notice is read: the day stands at its beginning."""


def why_automatic(mail: EmailMessage, *, null_sender: bool) -> Why | None:
    """Why a machine answered, or None for a person.

    Its envelope has no sender; its headers say so; it is a report, a read receipt for instance;
    its subject is a notice's; or its first words say so. X-Auto-Response-Suppress is no such
    header: it asks others to be silent, and people's mail programs set it too.
    """
    if null_sender:
        return "null_sender"
    submitted = header_text(mail, "Auto-Submitted").partition(";")[0].strip().lower()
    if submitted and submitted != "no":
        return "auto_submitted"
    told = (header_text(mail, name).lower() for name in _HEADERS)
    if any(one and one not in ("no", "false") for one in told):
        return "autoreply"
    if "autorespond" in header_text(mail, "X-POST-MessageClass").lower():
        return "autoreply"
    if header_text(mail, "Precedence").lower() in ("auto_reply", "bulk", "junk", "list"):
        return "precedence"
    if content_type(mail) == "multipart/report":
        return "report"
    if _SUBJECT.match(header_text(mail, "Subject")):
        return "subject"
    return "words" if _BODY.search(_opening(mail)) else None


def _opening(mail: EmailMessage) -> str:
    """The first words, without what is quoted."""
    lines = plain_text(mail)[:_MOST].splitlines()
    own = itertools.takewhile(lambda line: not line.startswith(">"), lines)
    return " ".join(" ".join(own).split())[:_MOST_OPENING]


def return_day(mail: EmailMessage, now: datetime) -> date | None:
    """The day after now on which a notice says that its sender is back, or None.

    A date without a year, or a weekday, is the next one after the mail's own date. Where `3/4`
    may be either, the month comes first in English and the day in other languages.
    """
    written = (_date(mail) or now).replace(tzinfo=None)
    texts = [header_text(mail, "Subject"), " ".join(plain_text(mail).split())[:_MOST]]
    for pattern in (_BACK_AT_DATE, _DATE_BACK, _BACK_ON_WEEKDAY):
        for text in texts:
            for match in pattern.finditer(text):
                day = _day(match, written)
                if day is not None and day > now.date():
                    return day
    return None


def _day(match: re.Match[str], written: datetime) -> date | None:
    said = match["day"].rstrip(". ")
    try:
        return date.fromisoformat(said)
    except ValueError:
        english = match["english"] or match["range"]
        settings = {
            "RELATIVE_BASE": written,
            "PREFER_DATES_FROM": "future",
            "REQUIRE_PARTS": ["day"],
            "DATE_ORDER": "MDY" if english and "/" in said else "DMY",
        }
    if re.fullmatch(r"[\d.]+", said):
        said = said.replace(".", "/")  # dateparser takes 20.03 for a time
    found = dateparser.parse(said, languages=_LANGUAGES, settings=settings)
    return found.date() if found is not None else None


def _date(mail: EmailMessage) -> datetime | None:
    try:
        at = mail["Date"].datetime
    except (AttributeError, ValueError, TypeError, IndexError, RecursionError):
        return None
    return at if isinstance(at, datetime) and at.tzinfo is not None else None
