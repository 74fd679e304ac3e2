"""The day on which a notice of absence says that its sender is back.

Days with the name of a month are read by the library dateparser, days in digits by their order.
Only what holds a day and a month, or a weekday, is a day: "March 2027" and a telephone number are
none.
"""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from email.message import EmailMessage

import dateparser

from gateway.inbound.arrived_mail import header_text, plain_text

_ENGLISH_MONTHS = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\b"
)
_MONTHS = (
    rf"(?:{_ENGLISH_MONTHS}|(?:januari|j[äa]e?nner|februari|m[äa]e?rz|mai|juni|juli|okt(?:ober)?"
    r"|dez(?:ember)?|januar|februar|janv(?:ier)?|f[ée]v(?:r|rier)?|mars|avr(?:il)?|juin|juil(?:let)?|ao[ûu]t"
    r"|septembre|octobre|novembre|d[ée]c(?:embre)?|ene(?:ro)?|febrero|marzo|abr(?:il)?|mayo|junio"
    r"|julio|ago(?:sto)?|sep?tiembre|octubre|noviembre|dic(?:iembre)?|gen(?:naio)?|febbraio|aprile"
    r"|mag(?:gio)?|giu(?:gno)?|lug(?:lio)?|set(?:tembre)?|ott(?:obre)?|dicembre|maart|mrt|mei"
    r"|augustus|janeiro|fevereiro|março|maio|junho|julho|setembro|out(?:ubro)?|novembro|dezembro)\b)"
)
_YEAR = r"(?:,?\s+(?:de\s+)?\d{4}\b)?"
_DIGITS = (
    r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}-\d{1,2}-\d{4}|\d{1,2}[./]\d{1,2}[./]\d{4}"
    r"|\d{1,2}[./]\d{1,2}[./]\d{2}|\d{1,2}\.\d{1,2}\.?|\d{1,2}/\d{1,2}"
    r"|(?:\d{4}年)?\d{1,2}月\d{1,2}日"
)
_DATE = (
    rf"(?<![\d+/.()-])(?:{_DIGITS}"
    rf"|\d{{1,2}}(?:st|nd|rd|th|\.|er|º|°)?\s+(?:of\s+|de\s+)?{_MONTHS}\.?{_YEAR}"
    rf"|\b{_ENGLISH_MONTHS}\.?\s+\d{{1,2}}(?:st|nd|rd|th)?{_YEAR}"
    r")(?!\d|[./-]\d|\s?[/-]?\s?\d{3})"
)
"""A day with its month, that is not a piece of a longer number."""
_WEEKDAYS = (
    r"\b(?:monday|montag|lundi|lunes|lunedì|maandag|segunda-feira|月曜)",
    r"\b(?:tuesday|dienstag|mardi|martes|martedì|dinsdag|ter[çc]a-feira|火曜)",
    r"\b(?:wednesday|mittwoch|mercredi|mi[ée]rcoles|mercoledì|woensdag|quarta-feira|水曜)",
    r"\b(?:thursday|donnerstag|jeudi|jueves|giovedì|donderdag|quinta-feira|木曜)",
    r"\b(?:friday|freitag|vendredi|viernes|venerdì|vrijdag|sexta-feira|金曜)",
    r"\b(?:saturday|samstag|sonnabend|samedi|s[áa]bado|sabato|zaterdag|土曜)",
    r"\b(?:sunday|sonntag|dimanche|domingo|domenica|zondag|日曜)",
)
_WEEKDAY = rf"(?:{'|'.join(_WEEKDAYS)})\b"
_RETURN = (
    r"\b(?:(?P<english>back|return(?:ing|s)?|resum(?:e|ing)|rejoin\w*|available|reachable)"
    r"|zur[üu]ck|wieder|retour|revien\w+|vuelv[oae]\w*|volver\w+"
    r"|vuelta|regres\w+|reincorpor\w+|rientr\w+|ritorn\w+|torn(?:o|er\w+)|terug|weer|volt\w+"
    r"|retorn\w+|regress\w+)\b"
)
_UNTIL = r"(?:\b(?:(?P<english>until|till|through)|bis|jusqu|hasta|fino|tot|at[ée])\b|\bt/m\b)"
_RANGE = (
    rf"(?P<from>{_DATE})\s*(?:-|–|—|~|〜|\uff5e|から|\b(?:(?P<english>to|and)|bis|au|al|tot|a|e|et|und|y)\b)"
    r"\s*(?:the\s+|zum\s+|einschlie(?:ß|ss)lich\s+)?"
)
_FROM = r"\b(?:(?P<english>from|between)|du|del|dal)\b[^!?]{1,40}?\b(?:to|and|au|al)\s+(?:the\s+)?"
_BACK_AGAIN = (
    r"(?:\b(?:(?P<english>back|return)|wieder|zur[üu]ck|erreich|retour|vuelta|ritorno|di nuovo"
    r"|terug|weer|volta)\b|より|に戻|復帰|出社)"
)
_GAP = r"[^.!?\d]{0,60}?"
_PATTERNS = tuple(
    re.compile(one, re.IGNORECASE)
    for one in (
        rf"{_RETURN}{_GAP}(?P<day>{_DATE})",
        rf"(?P<day>{_DATE})[^.!?\d]{{0,40}}?{_BACK_AGAIN}",
        rf"{_UNTIL}{_GAP}(?P<day>{_DATE})",
        rf"(?P<day>{_DATE})[^.!?\d]{{0,20}}?まで(?P<english>)",
        rf"{_FROM}(?P<day>{_DATE})",
        rf"{_RANGE}(?P<day>{_DATE})",
        rf"(?P<day>{_DATE})[^.!?\d]{{0,20}}?から(?P<english>)",
        rf"(?:{_RETURN}|{_UNTIL.replace('(?P<english>', '(?:')}){_GAP}(?P<day>{_WEEKDAY})",
    )
)
"""The day of return first, then the last day of an absence, then a weekday."""
_LANGUAGES = ["en", "de", "fr", "es", "it", "nl", "pt"]
_MOST = 4_000
"""So much of a notice is read: the day stands at its beginning."""
_CENTURY = 2_000


def return_day(mail: EmailMessage, now: datetime) -> date | None:
    """The day after now on which a notice says that its sender is back, or None.

    A day without a year, or a weekday, is the next one after the mail's own date. Where `3/4`
    may be either, the month comes first in English and in Japanese, and the day in other languages.
    """
    written = (_date(mail) or now).date()
    texts = [header_text(mail, "Subject"), " ".join(plain_text(mail).split())[:_MOST]]
    for pattern in _PATTERNS:
        for text in texts:
            for match in pattern.finditer(text):
                day = _day(match, written)
                if day is not None and day > now.date():
                    return day
    return None


def _day(match: re.Match[str], written: date) -> date | None:
    said = match["day"].rstrip(". ")
    for number, names in enumerate(_WEEKDAYS):
        if re.match(names, said, re.IGNORECASE):
            return written + timedelta(days=(number - written.weekday() - 1) % 7 + 1)
    if re.fullmatch(_DIGITS, said):
        month_first = bool(match["english"]) or "月" in said or _is_japanese(match.string)
        return _in_digits(said, written, month_first=month_first)
    found = dateparser.parse(
        re.sub(r"\bmaerz\b", "März", said, flags=re.IGNORECASE),
        languages=_LANGUAGES,
        settings={
            "RELATIVE_BASE": datetime.combine(written, datetime.min.time()),
            "PREFER_DATES_FROM": "future",
            "REQUIRE_PARTS": ["day", "month"],
        },
    )
    return found.date() if found is not None else None


def _is_japanese(text: str) -> bool:
    return re.search(r"[\u3040-\u30ff]", text) is not None


def _in_digits(said: str, written: date, *, month_first: bool) -> date | None:
    """A day in digits; one without a year is the next after the mail's date."""
    numbers = [int(one) for one in re.findall(r"\d+", said)]
    if re.match(r"\d{4}", said):
        return _valid(*numbers)
    first, second, *rest = numbers
    month, day = (first, second) if month_first and "." not in said else (second, first)
    if "月" in said:
        month, day = first, second
    if month > _MONTHS_A_YEAR:
        month, day = day, month
    if rest:
        year = rest[0]
        return _valid(year if year >= _CENTURY else _CENTURY + year, month, day)
    found = _valid(written.year, month, day)
    return found if found is None or found > written else _valid(written.year + 1, month, day)


_MONTHS_A_YEAR = 12


def _valid(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _date(mail: EmailMessage) -> datetime | None:
    try:
        at = mail["Date"].datetime
    except (AttributeError, ValueError, TypeError, IndexError, RecursionError):
        return None
    return at if isinstance(at, datetime) and at.tzinfo is not None else None
