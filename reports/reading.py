"""How a timeline is read into a life.

The file is long because each kind of entry is read here and nowhere else: a snapshot is of one form
as long as this file says the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from models.instants import parse_instant
from reports.life import (
    About,
    AcceptedHandoff,
    Attempt,
    Breach,
    DealStep,
    Fact,
    HandoffLife,
    Happening,
    Hold,
    LeadLife,
    Mailing,
    Move,
    Part,
    RawEntry,
    Touch,
)
from reports.snapshot import LifeSnapshot

NOT_HUMAN: Final = frozenset(
    {
        "email.delivered",
        "email.bounced",
        "email.complained",
        "email.unsubscribed",
        "email.resubscribed",
        "email.reinstated",
        "email.paused",
        "profile.updated",
        "meeting.cancelled",
    }
)
"""Events that are no human engagement (docs/language.md section 4)."""

_READ_EVENTS: Final = frozenset({"email.unsubscribed"})
"""What reports count although it is no engagement."""
_MAILS: Final = {
    "email_sent": "sent",
    "email_deferred": "deferred",
    "email_skipped": "skipped",
    "email_failed": "failed",
}
_DEALS: Final = ("opportunity", "won", "lost")


def life_of(
    lead: str, about: About, entries: Iterable[RawEntry], before: LifeSnapshot | None = None
) -> LeadLife | None:
    """The life that these entries (by seq) tell, behind those of a snapshot.

    None without a creation, or of a merged lead.
    """
    reader = _Reader(lead, before)
    return reader.life(about) if reader.take(entries) and reader.moves else None


def snapshot_of(
    lead: str, entries: Iterable[RawEntry], before: LifeSnapshot | None = None
) -> LifeSnapshot | None:
    """What these entries tell, behind those of a snapshot; None as above, or without entries."""
    found = list(entries)
    reader = _Reader(lead, before)
    if not found or not reader.take(found) or not reader.moves:
        return None
    latest = max(one.at for one in found)
    return LifeSnapshot(
        seq=found[-1].seq,
        until=latest if before is None else max(latest, before.until),
        stage=reader.stage,
        track=reader.track,
        digest=reader.digest,
        moves=tuple(reader.moves),
        handoffs=tuple(reader.handoffs),
        mailings=tuple(reader.mailings),
        happenings=tuple(reader.happenings),
        deals=tuple(reader.deals),
    )


class _Reader:
    """What has been read so far."""

    def __init__(self, lead: str, before: LifeSnapshot | None) -> None:
        self.lead = lead
        self.digest = before.digest if before is not None else None
        self.stage = before.stage if before is not None else ""
        self.track = before.track if before is not None else None
        self.moves = list(before.moves) if before is not None else []
        self.handoffs = list(before.handoffs) if before is not None else []
        self.mailings = list(before.mailings) if before is not None else []
        self.happenings = list(before.happenings) if before is not None else []
        self.deals = list(before.deals) if before is not None else []

    def take(self, entries: Iterable[RawEntry]) -> bool:
        """Read these entries; whether the lead is still a lead of its own."""
        for entry in entries:
            if entry.kind == "merged" and "into" in entry.fields:
                return False
            if (read := _READERS.get(entry.kind)) is not None:
                read(self, entry)
        return True

    def life(self, about: About) -> LeadLife:
        # Timelines of release 0.1 do not say by which version they began.
        handoffs = (
            one if one.digest else replace(one, digest=about.digest) for one in self.handoffs
        )
        return LeadLife(
            lead=self.lead,
            about=about,
            moves=tuple(self.moves),
            handoffs=tuple(handoffs),
            mailings=tuple(self.mailings),
            happenings=tuple(self.happenings),
            deals=tuple(self.deals),
        )

    def place(self, entry: RawEntry) -> dict[str, Any]:
        return {"lead": self.lead, "seq": entry.seq, "at": entry.at}

    def created(self, entry: RawEntry) -> None:
        self.stage = str(entry.fields.get("stage", "known"))
        self.digest = entry.fields.get("digest", self.digest)
        self.moves.append(Move(**self.place(entry), source=None, target=self.stage))

    def version(self, entry: RawEntry) -> None:
        self.digest = entry.fields.get("to", self.digest)

    def moved(self, entry: RawEntry) -> None:
        was, self.stage = self.stage, str(entry.fields["to"])
        why = entry.fields.get("why")
        self.moves.append(Move(**self.place(entry), source=was, target=self.stage, why=why))
        if self.stage in ("recycled", "disqualified", "lost"):
            self.end_handoff(Fact(**self.place(entry)))

    def entered(self, entry: RawEntry) -> None:
        self.track = str(entry.fields["track"])

    def left(self, _: RawEntry) -> None:
        self.track = None

    def mailed(self, entry: RawEntry) -> None:
        fields = entry.fields
        self.mailings.append(
            Mailing(
                **self.place(entry),
                outcome=_MAILS[entry.kind],  # type: ignore[arg-type]  # it is one of these words
                email=str(fields["email"]),
                step=str(fields["step"]),
                track=fields.get("track", self.track),
                variant=fields.get("variant"),
                why=fields.get("why"),
            )
        )

    def happened(self, entry: RawEntry) -> None:
        kind = str(entry.fields.get("type", ""))
        if entry.fields.get("machine") or (kind in NOT_HUMAN and kind not in _READ_EVENTS):
            return
        self.happenings.append(
            Happening(**self.place(entry), type=kind, subject=entry.fields.get("subject"))
        )

    def opened(self, entry: RawEntry) -> None:
        self.end_handoff(Fact(**self.place(entry)))
        self.handoffs.append(
            HandoffLife(
                **self.place(entry),
                number=int(entry.fields["handoff"]),
                team=entry.fields.get("team"),
                second=self.stage == "sql",
                digest=self.digest or "",
            )
        )

    def end_handoff(self, by: Fact) -> None:
        if self.handoffs and (last := self.handoffs[-1]).ended is None:
            over = last.accepted is not None and (last.second or last.qualified is not None)
            self.change(ended=None if over else by, holds=_all_ended(last.holds, by.at))

    def change(self, **fields: Any) -> None:
        if self.handoffs:
            self.handoffs[-1] = replace(self.handoffs[-1], **fields)

    def assigned(self, entry: RawEntry) -> None:
        if not self.handoffs:
            return
        attempt = Attempt(
            **self.place(entry),
            owner=str(entry.fields["owner"]),
            due=_instant(entry.fields.get("due")),
            number=int(entry.fields.get("attempt", 1)),
        )
        self.change(attempts=(*self.handoffs[-1].attempts, attempt))

    def accepted(self, entry: RawEntry) -> None:
        if not self.handoffs or entry.fields.get("handoff") != self.handoffs[-1].number:
            return
        acceptance = AcceptedHandoff(
            **self.place(entry),
            by=str(entry.fields["by"]),
            open_seconds=int(entry.fields.get("open_seconds", 0)),
            late=bool(entry.fields.get("late")),
        )
        self.change(accepted=acceptance)

    def touched(self, entry: RawEntry) -> None:
        if self.handoffs and entry.fields.get("n") is not None:
            touch = Touch(**self.place(entry), by=entry.fields.get("by"))
            self.change(touches=(*self.handoffs[-1].touches, touch))

    def breached(self, entry: RawEntry) -> None:
        if self.handoffs:
            breach = Breach(
                **self.place(entry),
                clock=str(entry.fields["clock"]),
                owner=entry.fields.get("owner"),
                due=_instant(entry.fields.get("due")),
            )
            self.change(breaches=(*self.handoffs[-1].breaches, breach))

    def held(self, entry: RawEntry) -> None:
        if self.handoffs:
            fields = entry.fields
            meeting = fields.get("why") == "meeting" and fields.get("by") is None
            hold = Hold(
                **self.place(entry),
                clocks=("qualify",) if meeting else (),
                until=_instant(fields.get("until")),
                why=fields.get("why"),
            )
            # A longer hold of the same kind takes the place of the one that runs.
            before = tuple(
                replace(one, ended=entry.at)
                if one.ended is None and one.clocks == hold.clocks
                else one
                for one in self.handoffs[-1].holds
            )
            self.change(holds=(*before, hold))

    def resumed(self, entry: RawEntry) -> None:
        if not self.handoffs:
            return
        why = entry.fields.get("why")
        # A meeting may begin, without an entry, while the hold by an act still lasts. So its hold
        # is over as soon as the clock that it held goes on, whatever the reason.
        meetings_end = why == "resume" or "qualify" in entry.fields.get("clocks", ())
        acts_end = why not in ("meeting", "cancelled")
        self.change(
            holds=tuple(
                _ended(one, entry.at)
                if one.ended is None and (meetings_end if one.clocks else acts_end)
                else one
                for one in self.handoffs[-1].holds
            )
        )

    def qualified(self, entry: RawEntry) -> None:
        if self.handoffs and self.handoffs[-1].qualified is None:
            holds = _all_ended(self.handoffs[-1].holds, entry.at)
            self.change(qualified=Fact(**self.place(entry)), holds=holds)

    def dealt(self, entry: RawEntry) -> None:
        self.deals.append(
            DealStep(
                **self.place(entry),
                outcome=entry.kind,  # type: ignore[arg-type]  # it is one of these words
                amount=float(entry.fields.get("amount") or 0.0),
                currency=str(entry.fields.get("currency") or ""),
            )
        )


_Read = Callable[[_Reader, RawEntry], None]

_MOVES: Final[dict[str, _Read]] = {"created": _Reader.created, "stage": _Reader.moved}
_PARTS: Final[dict[Part, dict[str, _Read]]] = {
    "handoffs": {
        "program_changed": _Reader.version,
        "handoff_opened": _Reader.opened,
        "assigned": _Reader.assigned,
        "accepted": _Reader.accepted,
        "touched": _Reader.touched,
        "breached": _Reader.breached,
        "held": _Reader.held,
        "resumed": _Reader.resumed,
        "qualified": _Reader.qualified,
    },
    "mailings": {
        "track_entered": _Reader.entered,
        "track_left": _Reader.left,
        **dict.fromkeys(_MAILS, _Reader.mailed),
    },
    "happenings": {"event": _Reader.happened},
    "deals": dict.fromkeys(_DEALS, _Reader.dealt),
}
_READERS: Final = _MOVES | {kind: read for part in _PARTS.values() for kind, read in part.items()}

PARTS: Final = frozenset(_PARTS)


def kinds(parts: Iterable[Part]) -> frozenset[str]:
    """The kinds of entries that the moves and these parts of a life are read from."""
    return frozenset(_MOVES) | {"merged"} | {kind for part in parts for kind in _PARTS[part]}


def _all_ended(holds: tuple[Hold, ...], at: datetime) -> tuple[Hold, ...]:
    return tuple(one if one.ended is not None else _ended(one, at) for one in holds)


def _ended(hold: Hold, at: datetime) -> Hold:
    """The hold, ended by an entry of this instant: at its own end if that was earlier."""
    return replace(hold, ended=at if hold.until is None else min(at, hold.until))


def _instant(value: object) -> datetime | None:
    return None if value is None else parse_instant(value)
