"""A mail from outside, parsed so that no content of it can raise or cost too much."""

from __future__ import annotations

import re
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.errors import MessageError
from email.message import EmailMessage, Message
from typing import cast

from adapters.mail.text import html_to_text

_MOST_PARTS = 2_000
"""A mail of more parts is an attack: each costs a kilobyte of memory."""
_BOUNDARY = re.compile(rb"boundary\s*=", re.IGNORECASE)
_MOST_BOUNDARIES = 200
"""So is one of more multiparts: each line is compared with the boundaries of all around it."""
_LONGEST = 100_000
_LONGEST_HEADER = 10_000
"""Characters of a header that are read. The e-mail package decodes encoded words (RFC 2047) in a
time that grows with the square of their number: 15,000 of them took a minute."""


class _BoundedHeaders(policy.EmailPolicy):
    """Headers are cut before anything looks into them."""

    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        """The name and the value, as in the message."""
        name, value = super().header_source_parse(sourcelines)
        return name, value[:_LONGEST_HEADER]


# The stubs make policies generic in the message's class, the class itself is not.
_POLICY = cast("policy.Policy[EmailMessage]", _BoundedHeaders(linesep="\r\n"))


def read_arrived(content: bytes) -> EmailMessage:
    """The mail. Raises ValueError for one that can't be taken apart: too deep, too many parts."""
    nested = sum(1 for _ in _BOUNDARY.finditer(content)) > _MOST_BOUNDARIES
    if nested or content.count(b"\n--") > _MOST_PARTS:
        raise ValueError("the mail has too many parts")
    try:
        return message_from_bytes(content, policy=_POLICY)
    except Exception as error:  # the e-mail package raises all kinds for headers it can't read
        raise ValueError(f"the mail can't be taken apart: {type(error).__name__}") from error


def parts_of(mail: Message) -> Iterator[Message]:
    """The parts of a mail, not those of mails within it."""
    if not mail.is_multipart() or not content_type(mail).startswith("multipart/"):
        yield mail
        return
    for part in mail.get_payload():
        if isinstance(part, Message):
            yield from parts_of(part)


def content_type(part: Message) -> str:
    """What a part says it is, in lower case; plain text if that can't be read."""
    try:
        return part.get_content_type()
    except (ValueError, LookupError, AttributeError, TypeError, RecursionError):
        return "text/plain"


def attachments(mail: Message) -> int:
    """How many files and mails are attached."""
    return sum(
        not content_type(part).startswith("text/") or _is_file(part) for part in parts_of(mail)
    )


def plain_text(mail: Message) -> str:
    """What a person sees, up to 100,000 characters: the plain text, else the HTML without tags."""
    for wanted in ("text/plain", "text/html"):
        for part in parts_of(mail):
            if content_type(part) == wanted and not _is_file(part):
                text = _decoded(part)[:_LONGEST]
                return html_to_text(text) if wanted == "text/html" else text
    return ""


def _is_file(part: Message) -> bool:
    try:
        return part.get_filename() is not None
    except (ValueError, LookupError, AttributeError, TypeError, RecursionError):
        return True


def _decoded(part: Message) -> str:
    """The text in its charset; in UTF-8 as far as possible, if that charset is unknown or wrong."""
    content = part.get_payload(decode=True)
    if not isinstance(content, bytes):
        return ""
    try:
        return content.decode(part.get_content_charset("utf-8"))
    except (LookupError, ValueError, TypeError):
        return content.decode(errors="replace")


def header_text(mail: Message, name: str) -> str:
    """A header of a stranger's mail, whatever it holds; empty if it is absent or unreadable."""
    try:
        return str(mail.get(name, "")).strip()
    except (ValueError, LookupError, AttributeError, TypeError, MessageError, RecursionError):
        return ""
