"""Mail that comes back: delivery status notifications (RFC 3464, RFC 6533), and older bounces."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from email import message_from_string, policy
from email.message import EmailMessage, Message
from typing import Literal

from adapters.delivery.refusals import (
    ANSWER,
    STATUS,
    Refusal,
    enhanced_status,
    judge,
)
from gateway.inbound.arrived_mail import content_type, header_text, parts_of, plain_text
from models.addresses import comparable, without_addresses

_ACTIONS = ("failed", "delayed", "delivered", "relayed", "expanded")
_DAEMON = re.compile(
    r"^(?:mailer[-_.]?daemon|postmaster|mail-?daemon|mdaemon|mmdf|ndr|dsn|bounces?"
    r"|mail[-_.]?(?:delivery|system|router|admin(?:istrator)?))@",
    re.IGNORECASE,
)
_NAMELESS = re.compile(r"mailer[-_ ]?daemon|postmaster|mail delivery", re.IGNORECASE)
"""A daemon that writes no address of its own."""
_SUBJECT = re.compile(
    r"undeliver|failure notice|returned mail|delivery (?:status|failure|report|problem)"
    r"|delivery has failed|mail delivery|(?:message|mail) (?:delivery|status) fail|nondeliver"
    r"|not delivered|(?:could|can) ?not be delivered|returning message|mail system error"
    r"|unzustellbar|non remis|no se (?:pudo|puede) entregar|não entregue|mancato recapito"
    r"|недоставлен|не доставлено|配信不能|未达|退信",
    re.IGNORECASE,
)
_RETURNED = re.compile(r"\s*returned mail: (.*)", re.IGNORECASE)
"""The subject by which sendmail says the reason."""
_END = re.compile(
    r"end of (?:message|data)|after (?:end of )?data|reply to \S* ?DATA", re.IGNORECASE
)
_SENDER = re.compile(
    r"(?:after|reply to|response to) (?:the )?(?:MAIL FROM|HELO|EHLO)\b"
    r"|>>> (?:MAIL FROM|HELO|EHLO)\b[^\n]{0,200}\n<<< 5|my name was rejected",
    re.IGNORECASE,
)
"""How a server says that the other one refused us before it knew the recipient. qmail's "my name"
is what it said in HELO."""
_COPY = re.compile(
    r"^[ \t>*-]{0,40}(?:-{1,80} ?(?:this is a|below this|the header|original|returned|unsent"
    r"|begin|start|forwarded|attached|message header|copy|undelivered message)"
    r"|(?:return-path|received|x-[a-z-]+|mime-version|dkim-signature)\s*:"
    r"|.*(?:original message(?! (?:was|has|of|could))|copy of (?:the|your)"
    r" (?:message|mail|original)|returned message|message headers? follow|below this line))",
    re.IGNORECASE | re.MULTILINE,
)
"""Where the copy of our own letter begins: its words say nothing of the refusal."""
_PART_HEADER = re.compile(r"^content-\S+:.*$", re.IGNORECASE | re.MULTILINE)
_PREAMBLE = 40
"""A mark within so many characters is the notice's own heading."""
_MOST = 2_000
"""So much of a notice is read: the reason stands at its beginning."""
_MOST_RAW = 20_000
_MOST_SENTENCES = 5
_MOST_LINES = 4
_LONGEST = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryStatus:
    """What became of a mail, as another server reports it."""

    action: Literal["failed", "delayed", "delivered", "relayed", "expanded"]
    status: str
    """The enhanced status (RFC 3463), like `5.1.1`; empty if none was given."""
    diagnostic: str
    """What the last server said, without addresses."""

    refusal: Refusal
    """What the words, the status and the phase mean."""

    @property
    def kind(self) -> Literal["hard", "soft"]:
        """Whether the address is of no use any more."""
        return "hard" if self.refusal.meaning == "dead" else "soft"


def delivery_status(mail: EmailMessage, address: str) -> DeliveryStatus | None:
    """What a notification says of this address; None for any other mail.

    A mail of ours has one recipient, but a list or a forwarding may have made more of it: where
    none of those reported on is the address, a failure counts first.
    """
    reports = [
        fields
        for part in parts_of(mail)
        if content_type(part) in ("message/delivery-status", "message/global-delivery-status")
        for fields in _blocks(part)
        if _action(fields) in _ACTIONS
    ]
    if not reports:
        return None
    reports.sort(key=lambda one: (not _names(one, address), _action(one) != "failed"))
    chosen = reports[0]
    diagnostic = header_text(chosen, "Diagnostic-Code")
    return _judged(mail, address, _action(chosen), header_text(chosen, "Status"), diagnostic)


def read_notice(mail: EmailMessage, address: str) -> DeliveryStatus:
    """What a notice in plain words says, as of qmail, Exim, Exchange, Yahoo and mail.ru."""
    subject = header_text(mail, "Subject")
    said = " ".join(f"{subject}\n{notice_text(mail)[:_MOST]}".split())
    action = "delayed" if _DELAYED.search(said) else "failed"
    if _DELIVERED.search(subject):
        action = "delivered"
    return _judged(mail, address, action, "", "")


def _judged(
    mail: EmailMessage, address: str, action: str, status: str, diagnostic: str
) -> DeliveryStatus:
    """What the diagnostic says, else the notice's sentences with an answer, else all of it."""
    text = notice_text(mail)
    sentences = [one for one in (diagnostic, status, *_sentences(text)) if one.strip()]
    found = enhanced_status(status, *sentences)
    subject = header_text(mail, "Subject")
    returned = _RETURNED.match(subject)
    said = [*sentences, text[:_MOST], returned[1] if returned is not None else ""]
    phase = _phase(" ".join(sentences)[:_MOST], text[:_MOST])
    lines = (one for one in text.splitlines() if STATUS.search(one) or ANSWER.search(one))
    quoted = diagnostic or next(lines, subject)
    return DeliveryStatus(
        action=action,  # type: ignore[arg-type]  # one of _ACTIONS
        status=found,
        diagnostic=without_addresses(quoted, address)[:_LONGEST],
        refusal=judge(said, status=found, phase=phase),
    )


def _phase(said: str, text: str) -> Literal["MAIL", "RCPT", "END"]:
    """What was refused. Exim and qmail write it in the line above the server's answer."""
    if _END.search(said):
        return "END"
    refused = _SENDER.search(said) or _SENDER.search(text)
    return "MAIL" if refused and "RCPT TO" not in f"{said}{text}".upper() else "RCPT"


def notice_text(mail: Message) -> str:
    """What a notice says itself, without the copy of our letter below it."""
    text = (plain_text(mail) or _raw(mail))[:_MOST_RAW]
    marks = (one.start() for one in _COPY.finditer(text))
    return text[: next((one for one in marks if one >= _PREAMBLE), len(text))]


def _raw(mail: Message) -> str:
    """The body as it stands, of a notice whose parts can't be told apart."""
    try:
        whole = mail.as_bytes()[:_MOST_RAW].decode(errors="replace")
    except (ValueError, LookupError, AttributeError, TypeError, RecursionError):
        return ""
    return _PART_HEADER.sub("", re.split(r"\r?\n\r?\n", whole, maxsplit=1)[-1])


def _sentences(text: str) -> Iterator[str]:
    """The lines that hold a server's answer, each with those that go on with it."""
    lines = text[:_MOST_RAW].splitlines()
    starts = [n for n, line in enumerate(lines) if STATUS.search(line) or ANSWER.search(line)]
    for start in starts[:_MOST_SENTENCES]:
        yield " ".join(_continued(lines[start : start + _MOST_LINES]))


def _continued(lines: Sequence[str]) -> Iterator[str]:
    yield lines[0]
    for line in lines[1:]:
        if not line.strip() or (not line[0].isspace() and ANSWER.search(line)):
            return
        yield line


def is_receipt(mail: EmailMessage) -> bool:
    """Whether a mail is a read receipt (RFC 8098)."""
    return any(content_type(one) == "message/disposition-notification" for one in parts_of(mail))


def is_from(mail: EmailMessage, address: str) -> bool:
    """Whether this address wrote a mail, by its header."""
    found = sender_of(mail)
    return found is not None and comparable(found) == comparable(address)


def sender_of(mail: EmailMessage) -> str | None:
    """The address that wrote a mail, by its header; None if there is none."""
    found = re.search(r"[^\s<>\"]+@[^\s<>\"]+", header_text(mail, "From"))
    return found[0] if found is not None else None


def is_notice(mail: EmailMessage, *, subject: bool) -> bool:
    """Whether a mail without a report for programs is a bounce, by who wrote it.

    With `subject`, also by the beginning of its subject; a person's answer begins with "Re:".
    """
    if is_receipt(mail):
        return False
    if header_text(mail, "X-Failed-Recipients") or content_type(mail) == "multipart/report":
        return True
    writer = header_text(mail, "From")
    sender = re.search(r"[^\s<>\"]+@", writer)
    if _DAEMON.match(sender[0]) if sender is not None else _NAMELESS.search(writer):
        return True
    said = header_text(mail, "Subject")
    return subject and not _ANSWERED.match(said) and _SUBJECT.search(said) is not None


_DELAYED = re.compile(
    r"not yet been delivered|delivery (?:has been |is )?(?:delayed|incomplete)|delayed mail"
    r"|still being retried|will (?:be retried|retry|keep trying|continue to try|try again)"
    r"|delivery attempts will continue|do(?: not|n't) need to resend|warning only"
    r"|status notification \(delay\)|noch nicht zugestellt|weiter(?:e|hin) (?:versuche|versucht)"
    r"|pas encore (?:été )?(?:remis|distribué)|todavía no se ha (?:podido )?entreg"
    r"|еще не (?:было )?доставлен|ещё не (?:было )?доставлен|まだ配信されて",
    re.IGNORECASE,
)
"""A notice in plain words by which the server says that it goes on trying."""
_DELIVERED = re.compile(
    r"\(success\)|^\s*(?:delivered|zugestellt|remis|entregado|consegnato|bezorgd|entregue) ?:"
    r"|success(?:ful(?:ly)?)? (?:mail )?deliver(?:y|ed)|deliver(?:y|ed) (?:was )?success"
    r"|erfolgreich zugestellt|(?:remis|distribué) avec succès|entregado correctamente"
    r"|consegnato correttamente|entregue com (?:êxito|sucesso)|配信(?:済み|完了)",
    re.IGNORECASE,
)
"""The subject of a notice in plain words that the mail was delivered."""
_ANSWERED = re.compile(r"\s*(?:re|aw|sv|antw|rv|ref|wg|fwd?)\s*:", re.IGNORECASE)


def _blocks(part: Message) -> Iterator[Message]:
    """The groups of fields of a report: one about the mail, then one a recipient."""
    payload = part.get_payload()
    for one in payload if isinstance(payload, list) else ():
        if not isinstance(one, Message):
            continue
        yield one
        # Python takes a global report (RFC 6533) for a mail whose body is the other groups.
        rest = one.get_payload()
        if isinstance(rest, str):
            for group in re.split(r"\r?\n[ \t]*\r?\n", rest.strip()):
                yield message_from_string(group, policy=policy.SMTP)


def _action(fields: Message) -> str:
    """The action; of one that RFC 3464 does not know (or none), what the status says.

    sendmail writes `deliverable` for an address that it only looked up.
    """
    said = (header_text(fields, "Action").lower().split() or [""])[0].strip(";,.()")
    status = STATUS.search(header_text(fields, "Status"))
    if said in _ACTIONS or status is None:
        return said
    return "relayed" if status[1] == "2" or said == "deliverable" else "failed"


def _names(fields: Message, address: str) -> bool:
    said = " ".join(header_text(fields, name) for name in ("Original-Recipient", "Final-Recipient"))
    return bool(address) and address.lower() in re.split(r"[;\s<>]+", said.lower())
