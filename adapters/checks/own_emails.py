"""Steps that can't do what they seem to: idle variants, and waiting for a mail that comes later."""

from __future__ import annotations

import re

from adapters.checks.references import steps_in
from adapters.documents.marked import Node

_DID = re.compile(r"did\(\s*['\"](email\.\w+)['\"]\s*,\s*['\"]([^'\"]+)['\"]\s*\)")


def warn_of_idle_variants(root: Node) -> None:
    """Warn of `variants` with one e-mail, and of a variant that is never chosen."""
    for track in root.get("tracks").values():
        for step in steps_in(track.get("steps")):
            variants = step.get("variants")
            named = list(variants.values())
            if len(named) == 1:
                variants.warn(
                    f"one variant compares nothing; add another, or write 'email: {named[0].text}'"
                )
            for name, weight in step.get("weights").items():
                if weight.value == 0:
                    weight.warn(
                        f"a weight of 0 is never chosen, so nobody gets variant '{name}'; write at"
                        " least 1, or remove the variant"
                    )


def warn_of_later_emails(root: Node) -> None:
    """Warn of conditions on an e-mail that its track has not sent by then, and no other does."""
    senders: dict[str, set[str]] = {}
    for name, track in root.get("tracks").items():
        for step in steps_in(track.get("steps")):
            for email in _emails(step):
                senders.setdefault(email, set()).add(name)
    for name, track in root.get("tracks").items():
        only_here = {one for one, tracks in senders.items() if tracks == {name}}
        if track.get("again").value is not True:
            _warn(track.get("steps"), set(), only_here)


def _warn(steps: Node, sent: set[str], only_here: set[str]) -> set[str]:
    """`sent`: the e-mails that some way to these steps sends. Returns those of all ways on."""
    for step in steps.each():
        for key in ("if", "wait_until"):
            condition = step.get(key)
            for kind, email in _DID.findall(condition.text or ""):
                if email in only_here and email not in sent:
                    condition.warn(
                        f"'{email}' is sent later in this track, so {kind} of it can't be true yet;"
                        " ask for an e-mail that was sent before"
                    )
        sent = sent | _emails(step)
        branches = [_warn(step.get(one), set(sent), only_here) for one in ("then", "else")]
        sent = sent.union(*branches)
    return sent


def _emails(step: Node) -> set[str]:
    named = (step.get("email"), *step.get("variants").values())
    return {one.text for one in named if one.text is not None}
