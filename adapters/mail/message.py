"""A mail as a MIME message: headers and both bodies. Text from outside can add no header."""

from __future__ import annotations

import secrets
from datetime import datetime
from email import policy
from email.errors import MessageError
from email.headerregistry import HeaderRegistry, UnstructuredHeader
from email.message import EmailMessage
from email.policy import EmailPolicy
from functools import lru_cache
from typing import Any, ClassVar

from activities.ports import Rendered
from models.addresses import one_line, only_address

FORWARDED = "X-Leadflow-Forwarded"
"""The header of a reply that we forward: it is not signed, and not forwarded again."""


class _Verbatim:
    """A header that is neither decoded when set nor encoded when folded.

    The e-mail package would turn a long List-Unsubscribe into encoded words, which no mail
    program reads. A Message-ID of ours needs no parsing either.
    """

    max_count: ClassVar[int] = 1

    @classmethod
    def parse(cls, value: str, kwds: dict[str, Any]) -> None:
        """Take the value as it is."""
        kwds["parse_tree"] = UnstructuredHeader.value_parser("")
        kwds["decoded"] = value

    def fold(self, *, policy: EmailPolicy[EmailMessage]) -> str:
        """One line, however long."""
        name = self.name  # type: ignore[attr-defined]  # BaseHeader, mixed in, has it
        return f"{name}: {self}{policy.linesep}"


_SAME = frozenset({"from", "mime-version", "content-type", "content-transfer-encoding"})
"""Headers whose values repeat. Parsing them is most of what a mail costs."""


class _Registry(HeaderRegistry):
    """A registry that makes the class of each header once, and each repeated header once."""

    def __init__(self) -> None:
        super().__init__()
        self._made: dict[str, type[Any]] = {}
        self._same = lru_cache(maxsize=256)(super().__call__)

    def __call__(self, name: str, value: Any) -> Any:
        """The header; it is never changed after it is made."""
        if name.lower() in _SAME:
            return self._same(name, value)
        return super().__call__(name, value)

    def __getitem__(self, name: str) -> type[Any]:
        """The class of a header."""
        if name not in self._made:
            self._made[name] = super().__getitem__(name)
        return self._made[name]


_HEADERS = _Registry()
for _name in (
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
    "List-Id",
    "Feedback-ID",
    "Message-ID",
    "In-Reply-To",
    "References",
    *(f"X-Leadflow-{of}" for of in ("Lead", "Key", "Email", "Alert")),
):
    _HEADERS.map_to_type(_name.lower(), _Verbatim)  # type: ignore[arg-type]  # the registry mixes BaseHeader in

# Bodies are encoded to seven bits, so no server needs to know 8BITMIME.
_POLICY = policy.SMTP.clone(cte_type="7bit", header_factory=_HEADERS)
_LONGEST_LINE = 998  # octets, RFC 5322


def build_message(mail: Rendered, date: datetime) -> EmailMessage:
    """The mail as a multipart message dated `date` (aware). Raises ValueError if it can't be."""
    sender, to = only_address(mail.sender), only_address(mail.to)
    international = not (sender.addr_spec + to.addr_spec).isascii()
    message = EmailMessage(policy=_POLICY.clone(utf8=True) if international else _POLICY)
    try:
        message["From"] = str(sender)
        message["To"] = str(to)
        message["Subject"] = one_line(mail.subject)
        message["Date"] = date
        message["Message-ID"] = f"<{one_line(mail.message_id)}>"
        for name, value in mail.headers.items():
            line = one_line(value)
            if len(line.encode()) + len(name) + 2 > _LONGEST_LINE:
                raise ValueError(f"header {name} is longer than a line may be")  # noqa: TRY301 - reported like the rest
            message[name] = line
        message.set_content(mail.text)
        # Given no boundary, the e-mail package compiles a pattern for each mail to find one. Nobody
        # can guess this one, so nobody can write it into a body (RFC 2046, 5.1.1).
        message.make_alternative(boundary=f"=_{secrets.token_hex(16)}")
        message.add_alternative(mail.html, subtype="html")
    except (MessageError, ValueError, LookupError) as error:
        raise ValueError(f"the mail can't be put together: {error}") from error
    return message
