"""Plants faults in the stores of a run that was sound: does the auditor find them?

test_auditor.py breaks each promise in a snapshot; here the stores themselves are changed, so that
what reads them is tried as well.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass

import sqlalchemy as sa

from tests.chaos.auditor import Snapshot, TimelineRead, audit
from tests.chaos.processes import CannotRunError
from tests.chaos.snapshot import marketing_mails, read_stores
from tests.chaos.stack import ChaosStack


@dataclass(frozen=True)
class PlantedFault:
    """A change of the stores, and the complaint that it must bring."""

    name: str
    plant: Callable[[ChaosStack, Snapshot], None]
    complaint: str


def _drop_event(stack: ChaosStack, seen: Snapshot) -> None:
    one = _some(seen, lambda entry: (entry.lead, entry.event) in seen.accepted)
    sql = "delete from entries where lead = :lead and event = :event"
    _change(stack, sql, lead=one.lead, event=one.event)


def _double_mail(stack: ChaosStack, _seen: Snapshot) -> None:
    path = next(iter(marketing_mails(stack)), None)
    if path is None:
        raise CannotRunError("no mail was sent that could be doubled")
    shutil.copy(path, path.with_name(f"again-{path.name}"))


def _rewrite_entry(stack: ChaosStack, seen: Snapshot) -> None:
    one = _some(seen, lambda entry: entry.kind == "assigned")
    sql = "update entries set fields = :other where lead = :lead and seq = :seq"
    other = json.dumps(one.fields | {"owner": "nobody@acme.example"})
    _change(stack, sql, lead=one.lead, seq=one.seq, other=other)


FAULTS = (
    PlantedFault("a dropped event", _drop_event, "accepted events on no timeline"),
    PlantedFault("a doubled mail", _double_mail, "mails delivered twice"),
    PlantedFault("a rewritten entry", _rewrite_entry, "entries rewritten after they stood"),
)


def unfound(stack: ChaosStack, seen: Snapshot) -> list[str]:
    """Plant all faults in the stores of a run that was sound; those that the auditor misses."""
    stack.kill("worker")
    for fault in FAULTS:
        fault.plant(stack, seen)
    complaints = audit(read_stores(stack, seen)).complaints
    return [
        fault.name
        for fault in FAULTS
        if not any(one.startswith(fault.complaint) for one in complaints)
    ]


def _some(seen: Snapshot, fits: Callable[[TimelineRead], bool]) -> TimelineRead:
    found = next(filter(fits, seen.entries), None)
    if found is None:
        raise CannotRunError("no entry is there in which the fault could be planted")
    return found


def _change(stack: ChaosStack, sql: str, **values: object) -> None:
    with stack.db.write() as connection:
        connection.execute(sa.text(sql), values)
