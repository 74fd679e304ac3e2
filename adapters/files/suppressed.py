"""Addresses that get no mail, from a list: ours, or what another tool exports.

The exports of Mailchimp and HubSpot go in as they are. Why an address gets no mail is read from a
column `reason`, else from what the tool says of bounces and of opting out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import cast, get_args

from adapters.files.columns import (
    BOUNCED,
    COMPLAINED,
    MAIL_STATUS,
    OPTED_OUT,
    Meanings,
    plain_name,
    unwanted,
)
from adapters.files.rejects import Rejects
from adapters.files.rows import Row, Rows, UnusableFileError, open_rows
from lifecycle.nurture.suppression import SuppressionReason
from models.addresses import only_address, readable_domain

WHY = "why"
"""The column by which a rejected row of such a list says why; `reason` is the suppression's."""
_WORDS: dict[str, SuppressionReason] = {
    "unsubscribe": "unsubscribed",
    "opt out": "unsubscribed",
    "opted out": "unsubscribed",
    "manual": "unsubscribed",
    "bounce": "bounced",
    "hard bounce": "bounced",
    "hard bounced": "bounced",
    "cleaned": "bounced",
    "complaint": "complained",
    "spam": "complained",
    "spam complaint": "complained",
    "abuse": "complained",
}
_ALIASES = {
    **dict.fromkeys(("address", "recipient", "subscriber"), "email"),
    **dict.fromkeys(("suppression reason", "bounce reason", "blocked reason", "error"), "reason"),
}
"""What SendGrid, Postmark, Mailgun, Brevo and MailerLite call them."""
_WORDINGS: tuple[tuple[re.Pattern[str], SuppressionReason], ...] = (
    (re.compile(r"unsub|opt(?:ed)?[ _-]?out|suppress", re.IGNORECASE), "unsubscribed"),
    (
        re.compile(r"bounce|invalid|undeliver|unknown|\b[45]\d\d\b|\b[45]\.\d\.\d", re.IGNORECASE),
        "bounced",
    ),
    (re.compile(r"spam|complain|abuse|junk", re.IGNORECASE), "complained"),
)
"""What other tools write as a reason: a word of their own, or a server's answer."""
_OF_ROLE: dict[str, SuppressionReason] = {
    COMPLAINED: "complained",
    BOUNCED: "bounced",
    OPTED_OUT: "unsubscribed",
}
_LONGEST = 500


def suppression_meanings(mapping: Mapping[str, str] | None = None) -> Meanings:
    """What the columns of such a list may mean. Raises UnusableFileError."""
    try:
        return Meanings(["email", "reason"], mapping, aliases=_ALIASES, rejected=WHY)
    except ValueError as error:
        raise UnusableFileError(str(error)) from None


def suppress_list(
    path: Path,
    take: Callable[[str, SuppressionReason], object],
    *,
    encoding: str | None = None,
    mapping: Mapping[str, str] | None = None,
) -> tuple[Rows, int, Rejects]:
    """Give each address of a list to `take`, with its reason; also how many there were.

    Rows that can't be used are written beside the file, to `NAME.rejected.csv`, with a `why`.
    Raises UnusableFileError where the file as a whole can't be used, and OSError.
    """
    taken = 0
    with (
        open_rows(path, suppression_meanings(mapping), encoding) as rows,
        Rejects(rows) as rejects,
    ):
        for row in rows:
            try:
                address, reason = _entry(row)
            except ValueError as error:
                rejects.write(row, str(error))
            else:
                take(address, reason)
                taken += 1
    return rows, taken, rejects


def suppressible_address(text: str) -> str:
    """The address alone, in lower case, its domain as people write it. Raises ValueError."""
    found = only_address(text)
    return f"{found.username}@{readable_domain(found.domain)}".lower()


def _entry(row: Row) -> tuple[str, SuppressionReason]:
    if row.problem is not None:
        raise ValueError(row.problem)
    values = row.values
    address = suppressible_address(str(values.get("email", "")))
    if given := str(values.get("reason", "")).strip():
        return address, _reason(given)
    roles = {role: str(values[role]) for role in (*_OF_ROLE, MAIL_STATUS) if role in values}
    if not roles:
        return address, "unsubscribed"
    if (role := unwanted(roles)) is not None:
        return address, _OF_ROLE[role]
    raise ValueError(
        "the list says that this person did not opt out; if they get no mail even so, give the row"
        " a `reason`"
    )


def _reason(given: str) -> SuppressionReason:
    word = plain_name(given)
    if word in get_args(SuppressionReason):
        return cast("SuppressionReason", word)
    if word in _WORDS:
        return _WORDS[word]
    for pattern, reason in _WORDINGS:
        if pattern.search(given[:_LONGEST]):
            return reason
    raise ValueError(f"reason '{given[:60]}' is none of {', '.join(get_args(SuppressionReason))}")
