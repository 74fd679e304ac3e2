"""E-mails that no track sends."""

from __future__ import annotations

from adapters.checks.references import steps_in
from adapters.documents.marked import Node
from lifecycle.nurture.consent import CONFIRM


def warn_of_unsent_emails(root: Node) -> None:
    """Warn of each e-mail that no step names. The one that confirms a consent goes by itself."""
    sent = {CONFIRM} if root.get("sending", "double_opt_in").value is True else set()
    for track in root.get("tracks").values():
        for step in steps_in(track.get("steps")):
            named = (step.get("email"), *step.get("variants").values())
            sent |= {name.text for name in named if name.text is not None}
    for name, email in root.get("emails").items():
        if name not in sent:
            email.warn(
                f"no track sends this e-mail; add a step 'email: {name}', or remove the e-mail",
                key=True,
            )
