"""Which events an outsider may send, by the scopes of its key.

What a web site knows (pages, forms, downloads) is one thing. What decides whom we may write to, and
where, is another: it needs a scope of its own, so that a key that leaks from a web site can't
unsubscribe people, forge a consent or move a lead to another address.
"""

from __future__ import annotations

from collections.abc import Collection

from usecases.rejected import RejectedItemError

EVENTS, PROFILES, CONSENTS, MAIL = "events:write", "profiles:write", "consents:write", "mail:write"

ALL = frozenset({EVENTS, PROFILES, CONSENTS, MAIL})
"""What an operator may send."""

_OF_FAMILY = {"email": MAIL, "consent": CONSENTS, "profile": PROFILES}
"""The scope that the events of a family need; all others need the scope of events."""

_RESUBSCRIBED = "email.resubscribed"


def scope_needed(kind: str) -> str:
    """The scope that an event of this type needs."""
    return _OF_FAMILY.get(kind.partition(".")[0], EVENTS)


def check_granted(kind: str, scopes: Collection[str]) -> None:
    """Check that a key with these scopes may send an event of this type.

    Raises RejectedItemError, which says what would be right. No key lifts an unsubscription: that
    is the recipient's own wish, or an operator's.
    """
    if kind == _RESUBSCRIBED:
        raise RejectedItemError(
            "only the recipient lifts an unsubscription, by the link in a mail, or an operator, by"
            " `leadflow unsuppress`",
            "not_allowed",
        )
    if (needed := scope_needed(kind)) not in scopes:
        raise RejectedItemError(
            f"an event of the type {kind} needs a key with the scope {needed}", "not_allowed"
        )
