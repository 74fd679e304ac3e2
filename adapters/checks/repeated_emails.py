"""An e-mail that stands twice on one way through a track: it is sent once in a cycle."""

from __future__ import annotations

from adapters.documents.marked import Node


def warn_of_repeated_emails(root: Node) -> None:
    """Warn of each step whose e-mail a step before it has sent already."""
    for track in root.get("tracks").values():
        _warn(track.get("steps"), {})


def _warn(steps: Node, sent: dict[str, int]) -> None:
    """`sent`: the lines of the e-mails that are sent before these steps on every way."""
    for step in steps.each():
        for branch in ("then", "else"):
            _warn(step.get(branch), dict(sent))
        email = step.get("email")
        if email.text is None:
            continue
        line = email.document.values[email.path].line
        if email.text in sent:
            email.warn(
                f"'{email.text}' is sent in line {sent[email.text]} already, and an e-mail is sent"
                " once in a cycle: this step is skipped; name another e-mail"
            )
        sent.setdefault(email.text, line)
