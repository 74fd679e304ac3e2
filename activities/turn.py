"""One turn of a lead: read the inputs, run the rules, store their decision.

It runs as a local activity, so that its outcome is in the history and replaying a lead never runs
the rules again.

The file is long because a turn that ran before is told here too from one that is new.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta

import structlog
from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.arrivals import fingerprint, in_time
from activities.assigning import assigned
from activities.envelopes import check_known_kinds, read_input, write_command
from activities.known_events import marked_duplicates
from activities.late_rollouts import RolloutsUnderWay, with_rollout
from activities.meter import UNMETERED, Meter
from activities.ports import (
    Arrivals,
    Fence,
    Journal,
    People,
    Programs,
    SignalTimes,
    StoredLead,
    Taken,
)
from activities.stored_versions import stored_versions
from activities.tracing import span
from lifecycle.moves.addresses import addresses_of
from lifecycle.program.rulebook import rulebook
from models.decision import Decision, Forward, SendMail, Wake
from models.envelopes import (
    Envelope,
    Json,
    Reopened,
    Resumption,
    TurnOutcome,
    TurnRequest,
    WakeWords,
)
from models.inputs import Input, MalformedInput, MergedInto
from models.instants import parse_instant, write_instant
from models.patches import patch
from models.program.program import Program
from models.state import LeadState, dump_state, read_whole_state

CONTINUE_AT = 300
"""Events of history after which a run ends and the next goes on; replaying them takes 0.25 s."""
CONTINUE_ANYWAY = 3 * CONTINUE_AT
"""Events after which it does so even if somebody still waits for an answer."""

Decide = Callable[..., Decision]
"""`lifecycle.decide.decide`, or a test's own rules."""
NewLead = Callable[[str, Program], LeadState]
"""`lifecycle.decide.new_lead`."""


_log = structlog.get_logger(__name__)


class TurnActivities:
    """The activities that touch the rules and the journal. They block: give them threads."""

    def __init__(
        self,
        programs: Programs,
        people: People,
        journal: Journal,
        *,
        decide: Decide,
        new_lead: NewLead,
        meter: Meter = UNMETERED,
        arrivals: Arrivals | None = None,
        signals: SignalTimes | None = None,
        rollouts: RolloutsUnderWay | None = None,
    ) -> None:
        self._programs = programs
        self._people = people
        self._journal = journal
        self._decide = decide
        self._new_lead = new_lead
        self._meter = meter
        self._arrivals = arrivals
        self._signals = signals
        self._rollouts = rollouts

    @activity.defn(name="turn")
    def turn(self, request: TurnRequest) -> TurnOutcome:
        """Run one turn (`_turn`), and measure it."""
        began = time.monotonic()
        with span("turn", [one.get("trace") for one in request["inputs"]]):
            told = self._turn(request)
        refused = sum(1 for _, why in told.get("answers", ()) if why is not None)
        self._meter.turn(time.monotonic() - began, refused=refused, late=_late(request))
        return told

    def _turn(self, request: TurnRequest) -> TurnOutcome:
        """Run the rules once and store the outcome, unless a turn of this number is stored.

        Then nothing changes, and the outcome is the row's state, for the shell to go on from. That
        happens when this turn ran before and its outcome was lost with the worker, and when the
        workflow was reset, terminated, or restored from a backup.
        """
        lead, before = request["lead"], request["state"]
        if before is None and not any(one["kind"] == "created" for one in request["inputs"]):
            return self._resumed(request, self._row_of(lead))
        program = self._programs.load(request["digest"])
        if before is None and self._rollouts is not None:
            program = self._newest(program)
        state = self._new_lead(lead, program) if before is None else read_whole_state(before)
        envelopes = in_time(request, self._arrivals, self._signals)
        envelopes = marked_duplicates(self._journal, state, envelopes)
        versions = stored_versions(state, self._programs, self._journal)
        if self._rollouts is not None:
            envelopes = with_rollout(
                request,
                envelopes,
                state,
                self._rollouts,
                newest=versions.newest,
                paused=versions.paused,
            )
        check_known_kinds(envelopes)
        inputs = [one for one in map(read_input, envelopes) if not self._overtaken(one)]
        now = parse_instant(request["now"])
        people = self._people.directory()
        grace = timedelta(seconds=request["grace"])

        addresses = addresses_of(inputs)
        others = self._journal.others(lead, addresses) if addresses else {}

        def rules(state: LeadState, inputs: Sequence[Input]) -> Decision:
            book = rulebook(self._programs.load(state.digest))
            return self._decide(
                book,
                state,
                inputs,
                now,
                people=people,
                grace=grace,
                taken=others,
                versions=versions,
            )

        decision = assigned(self._people, rules(state, inputs), rules)
        told = outcome(request, decision, inputs)
        run, length = request["fence"]
        fence = Fence(
            run=run, length=length, run_id=request.get("run", ""), clock=request.get("clock")
        )
        told_to, words = dict(told.get("answers", [])), dict(told.get("refusals", []))
        newer = self._journal.record(
            decision,
            fence,
            now,
            taken=[
                (fingerprint(one), told_to.get(one.get("ref", 0)), words.get(one.get("ref", 0)))
                for one in request["inputs"]
            ],
            asked=[*request.get("asked", []), *told.get("commands", [])],
            addresses=addresses,
        )
        if newer is not None and _same_turn(decision.state.turn, fence, newer):
            return self._resumed(request, newer, again=True)
        if newer is not None:
            self._meter.fence_rejection()
            _log.warning(
                "turn not stored: the lead's row is newer",
                lead=lead,
                turn=decision.state.turn,
                run=fence.run_id,
                history=length,
                row_turn=newer.state.turn,
                row_run=newer.fence.run_id if newer.fence else "",
                row_history=newer.fence.length if newer.fence else 0,
            )
            return self._resumed(request, newer)
        for one in inputs:
            if isinstance(one, MalformedInput):
                _log.warning("malformed input", lead=lead, name=one.name, why=one.why)
        return told

    def _newest(self, named: Program) -> Program:
        """The version by which a lead is created: what is newest now.

        A publication may have come since the lead was named, and its rollout reaches only leads
        that are created. In a rehearsal, which has no rollouts, both are at one instant.
        """
        try:
            return self._programs.load(self._programs.newest_digest(named.program))
        except LookupError:  # it was stored, and never published
            return named

    def _overtaken(self, given: Input) -> bool:
        """Whether this lead can't be merged into another, because that one was merged meanwhile.

        Whoever merges sees it too, and goes on with the lead that it is by now.
        """
        if not isinstance(given, MergedInto):
            return False
        keep = self._journal.state(given.keep)
        return keep is None or keep.merged is not None

    def _row_of(self, lead: str) -> StoredLead:
        stored = self._journal.stored(lead)
        if stored is None:
            raise ApplicationError(
                f"there is no lead {lead}; create it with a profile",
                type="UnknownLead",
                non_retryable=True,
            )
        return stored

    def _resumed(
        self, request: TurnRequest, stored: StoredLead, *, again: bool = False
    ) -> TurnOutcome:
        """The row's state, and what of it is under way, for a run that is older than its row.

        If this same turn ran before (`again`), the inputs that it took in then are not taken in
        twice, and the lead waits for what that turn said. Else a turn follows, which says it.
        """
        program = self._programs.load(stored.state.digest)
        told = TurnOutcome(
            patch=patch(request["state"] or {}, dump_state(stored.state)),
            resumed=Resumption(
                seen=list(stored.seen),
                asked=still_asked(stored, program),
                tell=not (again or (request["state"] is None and stored.state.closed)),
            ),
        )
        if again:
            taken = dict(_taken(request["inputs"], stored.taken))
            told["resumed"]["taken"] = sorted(taken)
            told["wake"] = _wake_words(stored.wake)
            refs = {place: request["inputs"][place].get("ref", 0) for place in taken}
            waiting = [(refs[place], *taken[place]) for place in taken if refs[place]]
            told["answers"] = [(ref, sentence) for ref, sentence, _ in waiting]
            told["refusals"] = [(ref, why) for ref, _, why in waiting if why is not None]
        return told

    @activity.defn(name="reopen")
    def reopen(self, lead: str) -> Reopened:
        """A closed lead as its row stores it.

        Fails permanently if there never was one. Only runs that an older leadflow began call it; a
        turn of a newer one reads the row itself.
        """
        stored = self._row_of(lead)
        return Reopened(
            digest=stored.state.digest, state=dump_state(stored.state), seen=list(stored.seen)
        )


def _late(request: TurnRequest) -> float | None:
    """How long after its due instant a turn began (seconds); None if nothing was due."""
    wake = request["wake"]
    if wake is None or request["state"] is None:
        return None
    late = (parse_instant(request["now"]) - parse_instant(wake["at"])).total_seconds()
    return late if late >= 0 else None


def _same_turn(turn: int, fence: Fence, stored: StoredLead) -> bool:
    """Whether the row's turn is this one, which the same run had begun before."""
    return (
        stored.state.turn == turn
        and stored.fence is not None
        and (stored.fence.run_id == fence.run_id)
    )


def _taken(
    inputs: Sequence[Envelope], stored: Sequence[Taken]
) -> Iterator[tuple[int, tuple[str | None, str | None]]]:
    """The places of the inputs that the stored turn took in, with the answers to their senders."""
    left = list(stored)
    for place, one in enumerate(inputs):
        found = next((each for each in left if each[0] == fingerprint(one)), None)
        if found is not None:
            left.remove(found)
            yield place, found[1:]


def still_asked(stored: StoredLead, program: Program) -> list[Json]:
    """The commands that a lead's row awaits: its writer's, and the mails that its state names.

    Each has a key, so that repeating one that was performed meanwhile has no effect.
    """
    found = list(stored.asked)
    keys = {one["key"] for one in found}
    for mail in stored.state.mails:
        if mail.key not in keys:
            email = program.emails.get(mail.email)
            command = SendMail(
                key=mail.key,
                at=mail.at,
                email=mail.email,
                message=mail.message,
                operational=email is not None and email.operational,
            )
            found.append(write_command(command))
    return found


def outcome(request: TurnRequest, decision: Decision, inputs: list[Input]) -> TurnOutcome:
    """What the shell needs of a decision, as JSON."""
    before, after = request["state"], dump_state(decision.state)
    told: TurnOutcome = {"patch": patch(before or {}, after)}
    # What is forwarded is stored with the turn.
    if commands := [one for one in decision.commands if not isinstance(one, Forward)]:
        told["commands"] = [write_command(one) for one in commands]
    if (wake := _wake_words(decision.wake)) != request["wake"]:
        told["wake"] = wake
    if answers := _answers(decision, inputs):
        told["answers"] = answers
    if refusals := [(one.ref, one.why) for one in decision.answers if one.ref and one.why]:
        told["refusals"] = refusals
    if attributes := _attributes(request["shown"], after, decision):
        told["attributes"] = attributes
    if long := _long(request):
        told["long"] = long
    return told


def _long(request: TurnRequest) -> int:
    """Whether the run should continue as new: when nobody waits (1), or in any case (2)."""
    _, length = request["fence"]
    if length >= CONTINUE_ANYWAY:
        return 2
    return 1 if length >= CONTINUE_AT or request.get("suggested") else 0


def _wake_words(wake: Wake | None) -> WakeWords | None:
    return None if wake is None else WakeWords(at=write_instant(wake.at), what=wake.what)


def _answers(decision: Decision, inputs: list[Input]) -> list[tuple[int, str | None]]:
    """Every waiting update gets an answer, also when the rules wrote none."""
    answers = {
        one.ref: one.why if isinstance(one, MalformedInput) else None for one in inputs if one.ref
    }
    answers |= {one.ref: one.refused for one in decision.answers if one.ref}
    return list(answers.items())


def _attributes(shown: Json, after: Json, decision: Decision) -> Json:
    """The changed search attributes, unless only a score or a due instant changed."""
    new = {
        "stage": after.get("stage", "known"),
        "owner": after.get("owner"),
        "program": after.get("program"),
        "motion": after.get("motion", "sales"),
        "track": after.get("track", {}).get("name"),
    }
    if all(shown.get(name) == value for name, value in new.items()):
        return {}
    state, wake = decision.state, decision.wake
    new["score"] = round(state.fit + state.engagement, 2)
    new["due"] = write_instant(wake.at) if wake else None
    return {name: value for name, value in new.items() if value != shown.get(name)}
