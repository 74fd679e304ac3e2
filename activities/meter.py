"""What the activities and the relay count and measure, as a Protocol; Prometheus satisfies it."""

from __future__ import annotations

from typing import Literal, Protocol

from models.envelopes import ReconcileOutcome

MailOutcome = Literal["sent", "skipped", "failed", "unknown", "unsent"]
"""`unknown`: a try began, and its outcome is not known. `unsent`: it was not accepted, and is tried
again."""
MailServer = Literal["there", "away"]
"""`away`: it takes no mail at all."""
RelayOutcome = Literal["sent", "put_off", "given_up"]


class Meter(Protocol):
    """Counts what happens in this process. No method blocks or raises."""

    def turn(self, seconds: float, *, refused: int, late: float | None) -> None:
        """A turn took so long and refused so many acts.

        `late` is how long after its due instant the turn began (seconds); None if nothing was due.
        """
        ...

    def fence_rejection(self) -> None:
        """A turn was not stored, because the lead's row was newer."""
        ...

    def mail(self, outcome: MailOutcome) -> None:
        """The result of a try to send a mail to a lead."""
        ...

    def mail_server(self, stands: MailServer) -> None:
        """The mail server of this process takes no mail any more, or takes it again."""
        ...

    def reconciled(self, outcome: ReconcileOutcome) -> None:
        """A comparison of the database with Temporal ended with these findings."""
        ...

    def relayed(self, outcome: RelayOutcome, items: int) -> None:
        """The result of sending items to a lead."""
        ...


class Unmetered:
    """Counts nothing: for tests, simulations, and processes that nobody scrapes."""

    def turn(self, seconds: float, *, refused: int, late: float | None) -> None:
        """Count nothing."""

    def fence_rejection(self) -> None:
        """Count nothing."""

    def mail(self, outcome: MailOutcome) -> None:
        """Count nothing."""

    def mail_server(self, stands: MailServer) -> None:
        """Show nothing."""

    def reconciled(self, outcome: ReconcileOutcome) -> None:
        """Count nothing."""

    def relayed(self, outcome: RelayOutcome, items: int) -> None:
        """Count nothing."""


UNMETERED = Unmetered()
