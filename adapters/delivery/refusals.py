"""What a mail server's refusal means: for the address, for this try, or for us.

One judgement for all ways by which a refusal reaches us: an SMTP answer, a report (RFC 3464), a
notice in plain words, and a provider's event. Words count before numbers, because servers send
550 and 5.1.1 for nearly everything. Where no word is known, the enhanced status (RFC 3463,
RFC 5248) decides, then the SMTP answer and the phase in which it came.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from activities.ports import RefusalKind
from adapters.delivery.refusal_words import TABLE, Meaning
from models.addresses import without_addresses

Phase = Literal["MAIL", "RCPT", "DATA", "END"]
"""What an SMTP answer answers: the sender, the recipient, the command DATA, or the content."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """What a refusal means, and by what it was recognised."""

    meaning: Meaning
    reason: str
    """A name of the table, like `blocklist`; else `status` or `answer`."""


STATUS = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.]*\d)")
ANSWER = re.compile(r"(?:^|[;:\s(\[#])([45]\d\d)(?=[ :;-]|$)")
_URL = re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE)
_PREFIX = re.compile(r"5\.1\.0 - Unknown address error", re.IGNORECASE)
"""What IronPort writes before every answer of another server."""
_SAID = re.compile(r"\b(?:remote )?(?:host|server)(?: \S+)? (?:said|replied|responded):")
"""How the reporting server introduces the other's answer: no word of the answer itself."""
_LONGEST = 2_000
"""How much of one text is read: it comes from outside, and comparing words takes time."""
_PERMANENT = 500
_ADDRESS_ANSWERS = frozenset({550, 551, 553})
"""Answers to RCPT that are about the address (RFC 5321, 4.2.3)."""
_BY_STATUS: dict[tuple[str, str], Meaning] = {
    ("1", "7"): "about_us",  # the sender's address
    ("1", "8"): "about_us",  # the sender's domain
    ("2", "0"): "dead",
    ("2", "1"): "dead",  # a disabled mailbox
    ("2", "3"): "about_us",  # the letter is too long
    ("3", "4"): "about_us",  # so it is for the whole system
    ("4", "4"): "dead",  # no route: no such domain
    ("4", "310"): "dead",  # Exchange: the domain does not exist
}
"""Subject and detail of a status 5.X.X that says more than its subject alone."""
_BY_SUBJECT: dict[str, Meaning] = {"1": "dead", "5": "about_us", "6": "about_us"}
"""By subject: the address, the protocol, the content. All others pass, also policy (5.7.X)."""


def judge(
    said: str | Iterable[str], *, status: str = "", code: int | None = None, phase: Phase = "RCPT"
) -> Refusal:
    """What a refusal means.

    `said` are the server's words, the most exact first. `status` is the enhanced status that
    was reported beside them, `code` the SMTP answer; both are looked for in the words where they
    are not given.
    """
    texts = [_plain(one) for one in ([said] if isinstance(said, str) else said)]
    found = enhanced_status(status, *texts)
    by_words = next((one for one in map(_by_words, texts) if one is not None), None)
    answers = [int(one[1]) for text in texts for one in ANSWER.finditer(text)]
    answer = code or next(iter(answers), None)
    if phase == "MAIL" or found in ("5.1.7", "5.1.8"):
        if by_words is not None and by_words.meaning == "about_us":
            return by_words
        return Refusal(meaning="about_us", reason="sender")
    if by_words is None or (by_words.reason == "no_reason" and _names_address(found)):
        return _by_numbers(found, answer, phase)
    if by_words.meaning == "dead":
        return _confirmed(by_words, found, phase, answers)
    return by_words


def _confirmed(by_words: Refusal, status: str, phase: Phase, answers: list[int]) -> Refusal:
    """That an address is dead, unless status, answers or phase speak against it.

    A try that was given up after 4.1.1 "user unknown" found nobody either, and so did one after
    4.1.2 "no such host"; Gmail writes 4.0.0 beside NXDOMAIN. An answer to DATA is about the letter,
    unless its status names the address.
    """
    if status.startswith("4") and (by_words.reason, status) not in _GIVEN_UP:
        return Refusal(meaning="passing", reason="status")
    if not status and answers and max(answers) < _PERMANENT:
        return Refusal(meaning="passing", reason="answer")
    if phase == "DATA" and status[2:3] not in ("1", "2"):
        return Refusal(meaning="about_us", reason="letter")
    return by_words


_GIVEN_UP = (("unknown_user", "4.1.1"), ("unknown_domain", "4.1.2"), ("unknown_domain", "4.0.0"))


def _by_numbers(status: str, answer: int | None, phase: Phase) -> Refusal:
    if status.startswith("4") or (not status and answer is not None and answer < _PERMANENT):
        return Refusal(meaning="passing", reason="status")
    if status and status.split(".")[1] != "0":
        return Refusal(meaning=_by_status(status), reason="status")
    if phase == "RCPT":
        dead = answer in _ADDRESS_ANSWERS
        return Refusal(meaning="dead" if dead else "passing", reason="answer")
    return Refusal(meaning="about_us", reason="answer")


def _names_address(status: str) -> bool:
    """Whether a status is surely about the address; servers send 5.1.0 and 5.2.0 for everything."""
    return _by_status(status) == "dead" and not status.endswith(".0")


def _by_status(status: str) -> Meaning:
    _, subject, detail = status.split(".") if status else ("", "", "")
    return _BY_STATUS.get((subject, detail)) or _BY_SUBJECT.get(subject, "passing")


def enhanced_status(status: str, *texts: str) -> str:
    """The status; of one that says nothing (5.0.0, or none), what the server said itself."""
    found = STATUS.search(status)
    if found is None or (found[2], found[3]) == ("0", "0"):
        found = next((one for one in map(STATUS.search, texts) if one is not None), found)
    return found[0] if found else ""


def _by_words(text: str) -> Refusal | None:
    for reason, meaning, words in TABLE:
        if words.search(text):
            return Refusal(meaning=meaning, reason=reason)
    return None


def _plain(text: str) -> str:
    """One line, without pages that are only linked to, but for those that say the reason."""
    text = text[:_LONGEST]
    kept = _URL.sub(lambda one: one[0] if _LISTS.search(one[0]) else " ", text)
    return " ".join(without_addresses(_SAID.sub(" ", _PREFIX.sub("", kept))).split())


_LISTS = re.compile(
    next(words for reason, _, words in TABLE if reason == "blocklist").pattern
    + r"|groups\.google\.com",
    re.IGNORECASE,
)
"""Pages whose address says what the refusal is about: block lists, and mailing lists of Google."""


def refusal_kind(code: int, message: str, phase: Phase) -> RefusalKind:
    """What an SMTP answer 5xx counts as: a bounce, a soft bounce, or nothing about the address.

    After the recipient was accepted, an answer counts against the address only if its status
    names it or its words do.
    """
    return _KINDS[judge(message, code=code, phase=phase).meaning]


_KINDS: dict[Meaning, RefusalKind] = {
    "dead": "bounced",
    "passing": "soft_bounced",
    "about_us": "refused",
}
