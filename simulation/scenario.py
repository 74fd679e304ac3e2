"""Scenarios: leads, their inputs, and what the timeline must contain.

A scenario is a YAML file (docs/language.md section 8). Instants in it may be written as time
elapsed since `start`, a day being 24 hours.

The file is long because one reader knows all kinds of lines and what they have in common.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from adapters.documents.marked import Document, Node
from adapters.documents.yaml import read_document
from adapters.files.program import read_program
from adapters.files.teams import read_directory
from lifecycle.program.creation import CREATION_FIELDS, read_creation
from lifecycle.program.profile import read_profile
from lifecycle.stable_hash import lead_id
from models.addresses import address_key
from models.directory import Directory
from models.durations import parse_elapsed
from models.inputs import Act, Event
from models.instants import parse_instant, write_instant
from models.messages import read_act, read_event
from models.program.program import Program
from models.program.schedules import REENGAGE
from models.publication import IN_FLIGHT, InFlight

_LINE_KINDS = ("event", "act", "publish", "pause", "resume", "run", "merge")
_KEYS = ("program", "teams", "start", "run_for", "leads", "script", "expect", "never")


@dataclass(frozen=True, slots=True, kw_only=True)
class Newcomer:
    """A lead and when it is created."""

    lead: str
    at: datetime
    profile: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A scripted input."""

    lead: str
    given: Event | Act

    @property
    def at(self) -> datetime:
        """When it reaches the lead."""
        return self.given.arrived


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishLine:
    """Another version of the program is published; it reaches the leads in the order of `leads`."""

    at: datetime
    program: Program
    in_flight: InFlight
    recheck: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PauseLine:
    """The program is paused, or goes on; it reaches the leads in the order of `leads`."""

    at: datetime
    pause: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeLine:
    """The lead `other` is merged into `lead`."""

    at: datetime
    lead: str
    other: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunLine:
    """One run of the newest version's re-engagement schedule."""

    at: datetime

    @property
    def run(self) -> str:
        """The run's name, by its instant: twice at one instant it is the same run."""
        return f"{REENGAGE}/{write_instant(self.at)}"


AnyLine = Line | PublishLine | PauseLine | RunLine | MergeLine


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A scenario, read and checked. Newcomers and lines are in time order, then file order."""

    program: Program
    people: Directory
    start: datetime
    until: datetime
    """The last instant that is played."""
    newcomers: tuple[Newcomer, ...]
    """In time order; `leads` has the file's order."""
    leads: tuple[str, ...]
    lines: tuple[AnyLine, ...]
    expect: tuple[Mapping[str, Any], ...]
    never: tuple[Mapping[str, Any], ...]


def happenings(scenario: Scenario) -> Iterator[Newcomer | AnyLine]:
    """Creations and lines in time order, creations first, up to the scenario's end."""
    both: list[Newcomer | AnyLine] = [*scenario.newcomers, *scenario.lines]
    for one in sorted(both, key=lambda one: (one.at, not isinstance(one, Newcomer))):
        if one.at <= scenario.until:
            yield one


def read_scenario(path: Path) -> Scenario:
    """Read a scenario with its program and teams.

    Raises DocumentError with all that is wrong, in whichever of the three files.
    """
    document = read_document(path, "a scenario")
    root = document.root
    for name in root.names():
        if name not in _KEYS:
            root.get(name).report(f"unknown key; a scenario has {', '.join(_KEYS)}", key=True)
    program_file, teams_file = _file(root, "program", path), _file(root, "teams", path)
    start = _start(root)
    if document.problems:
        raise document.error()
    program = read_program(program_file) if program_file is not None else None
    people = read_directory(teams_file) if teams_file is not None else Directory()
    if program is None or start is None:
        raise AssertionError("a scenario without a program or a start was refused above")
    reader = _ScenarioReader(document, program, start, path)
    until = reader.instant(root.get("run_for"), "run_for")
    newcomers = reader.newcomers(root.get("leads"))
    lines = reader.lines(root.get("script"), {one.lead: one.at for one in newcomers})
    expect = tuple(reader.pattern(node) for node in root.get("expect").each())
    never = tuple(reader.pattern(node) for node in root.get("never").each())
    if document.problems:
        raise document.error()
    return Scenario(
        program=program,
        people=people,
        start=start,
        until=until,
        newcomers=tuple(sorted(newcomers, key=lambda one: one.at)),
        leads=tuple(one.lead for one in newcomers),
        lines=tuple(sorted(lines, key=lambda line: line.at)),
        expect=expect,
        never=never,
    )


def _file(root: Node, name: str, scenario: Path) -> Path | None:
    node = root.get(name)
    if node.text is not None:
        return scenario.parent / node.text
    if node.value is not None:
        node.report(f"{name} is the path of a file, seen from this one")
    elif name == "program":
        root.report("a scenario needs a program: the path of its file, seen from this one")
    return None


def _start(root: Node) -> datetime | None:
    node = root.get("start")
    if node.value is None:
        root.report("a scenario needs a start, an instant like 2026-03-02T09:00:00-05:00")
        return None
    try:
        return parse_instant(node.value)
    except ValueError as error:
        node.report(str(error))
        return None


class _ScenarioReader:
    """Reads what depends on the program and the start."""

    def __init__(
        self, document: Document, program: Program, start: datetime, scenario: Path
    ) -> None:
        self._document = document
        self._program = program
        self._start = start
        self._scenario = scenario

    def instant(self, node: Node, what: str) -> datetime:
        """An instant, or the time elapsed since the start."""
        try:
            found = self._moment(node.value)
        except ValueError as error:
            node.report(f"{what}: {error}")
            return self._start
        return found

    def _moment(self, value: Any) -> datetime:
        if isinstance(value, str):
            try:
                return self._start + parse_elapsed(value)
            except ValueError:
                return parse_instant(value)
            except OverflowError:
                raise ValueError(f"'{value}' lies outside the calendar") from None
        raise ValueError(
            f"{value!r} is not an instant; write one like 3d 2h (elapsed since the start)"
            " or 2026-03-02T09:00:00-05:00"
        )

    def newcomers(self, leads: Node) -> list[Newcomer]:
        """The leads, each once."""
        found: dict[str, Newcomer] = {}
        addresses: dict[str, str] = {}
        if not leads.names() and not list(leads.each()):
            leads.report("a scenario needs leads: a list with at least an email each")
        for node in leads.each():
            if not isinstance(node.value, dict):
                node.report("a lead is a mapping with at least an email")
                continue
            raw = {name: value for name, value in node.value.items() if name not in ("id", "at")}
            fields = {name: raw[name] for name in raw if name not in CREATION_FIELDS}
            read = read_profile(fields, self._program)
            for name, problem in read.problems.items():
                node.get(name).report(problem)
            for problem in read_creation(raw).problems:
                node.report(problem)
            if "email" not in raw:
                node.report("a lead needs an email")
                continue
            name = str(node.value.get("id") or lead_id(str(raw["email"])))
            if name in found:
                node.report(f"a second lead '{name}'; give it another id")
            at = self.instant(node.get("at"), "at") if "at" in node.value else self._start
            key = address_key(str(raw["email"]))
            if key in addresses:
                node.get("email").report(
                    f"lead '{addresses[key]}' has this address; one person is one lead, so give"
                    " each lead an address of its own"
                )
            addresses.setdefault(key, name)
            found[name] = Newcomer(lead=name, at=at, profile=raw)
        return list(found.values())

    def lines(self, script: Node, created: Mapping[str, datetime]) -> list[AnyLine]:
        """The script's lines in file order."""
        found: list[AnyLine] = []
        runs: list[tuple[datetime, Node]] = []
        for number, node in enumerate(script.each(), start=1):
            line = self._line(node, f"script-{number}", created)
            if line is not None:
                found.append(line)
            if isinstance(line, RunLine):
                runs.append((line.at, node))
        for at, node in runs:
            self._check_run(node, at, found)
        return found

    def _check_run(self, node: Node, at: datetime, lines: Sequence[AnyLine]) -> None:
        """Report a run at which the newest version has no such schedule."""
        published = [one for one in lines if isinstance(one, PublishLine) and one.at <= at]
        newest = max(reversed(published), key=lambda one: one.at, default=None)
        program = self._program if newest is None else newest.program
        if REENGAGE not in program.schedules:
            node.get("run").report(
                "the version that is the newest then has no schedules.reengage; add it to its file"
            )

    def _line(self, node: Node, name: str, created: Mapping[str, datetime]) -> AnyLine | None:
        kinds = [one for one in _LINE_KINDS if isinstance(node.value, dict) and one in node.value]
        if len(kinds) != 1:
            node.report(f"a script line has at, and one of {', '.join(_LINE_KINDS)}")
            return None
        if kinds[0] == "publish":
            return self._publish(node)
        if kinds[0] in ("pause", "resume"):
            return self._pause(node, kinds[0])
        if kinds[0] == "run":
            return self._run(node)
        self._only(node, ("at", "lead", kinds[0]))
        at = self.instant(node.get("at"), "at")
        lead = str(node.value.get("lead"))
        if lead not in created:
            node.get("lead").report(f"no lead '{lead}'; there are {', '.join(created)}")
            return None
        if at < created[lead]:
            node.report(f"lead '{lead}' does not exist yet; it is created later")
            return None
        if kinds[0] == "merge":
            return MergeLine(at=at, lead=lead, other=str(node.value.get("merge")))
        kind: Callable[[Node, str, datetime], Event | Act] = (
            self._event if "event" in node.value else self._act
        )
        inner = node.get("event" if "event" in node.value else "act")
        try:
            return Line(lead=lead, given=kind(inner, name, at))
        except ValueError as error:
            inner.report(str(error))
            return None

    def _publish(self, node: Node) -> PublishLine | None:
        """`{at, publish: FILE, in_flight, recheck}`."""
        self._only(node, ("at", "publish", "in_flight", "recheck"))
        in_flight = node.value.get("in_flight", "migrate")
        recheck = node.value.get("recheck", False)
        if in_flight not in IN_FLIGHT:
            node.get("in_flight").report(f"in_flight is one of {', '.join(IN_FLIGHT)}")
            return None
        if not isinstance(recheck, bool):
            node.get("recheck").report("recheck is true or false")
            return None
        file = _file(node, "publish", self._scenario)
        if file is None:
            return None
        program = read_program(file)
        if program.program != self._program.program:
            node.get("publish").report(
                f"the program of this file is {program.program}; a scenario publishes versions of"
                f" its own program, {self._program.program}"
            )
            return None
        at = self.instant(node.get("at"), "at")
        return PublishLine(at=at, program=program, in_flight=in_flight, recheck=recheck)

    def _pause(self, node: Node, kind: str) -> PauseLine | None:
        """`{at, pause: PROGRAM}` or `{at, resume: PROGRAM}`."""
        self._only(node, ("at", kind))
        if node.value.get(kind) != self._program.program:
            node.get(kind).report(f"{kind} names the scenario's program, {self._program.program}")
            return None
        return PauseLine(at=self.instant(node.get("at"), "at"), pause=kind == "pause")

    def _run(self, node: Node) -> RunLine | None:
        """`{at, run: reengage}`."""
        self._only(node, ("at", "run"))
        if node.value.get("run") != REENGAGE:
            node.get("run").report(f"run names a schedule that takes leads: {REENGAGE}")
            return None
        return RunLine(at=self.instant(node.get("at"), "at"))

    def _only(self, node: Node, keys: tuple[str, ...]) -> None:
        for key in node.names():
            if key not in keys:
                told = ", ".join(keys)
                node.get(key).report(f"unknown key; such a line has {told}", key=True)

    def _event(self, node: Node, name: str, at: datetime) -> Event:
        raw = {"id": name, **self._with_instants(node, ("at",))}
        if raw.get("type") == "meeting.booked" and isinstance(raw.get("data"), dict):
            raw["data"] = self._with_instants(node.get("data"), ("starts_at",))
        return read_event(raw, at)

    def _act(self, node: Node, name: str, at: datetime) -> Act:
        raw = {"id": name, **self._with_instants(node, ("at", "until"))}
        return read_act(str(raw.pop("do", None)), raw, at)

    def _with_instants(self, node: Node, names: tuple[str, ...]) -> dict[str, Any]:
        if not isinstance(node.value, dict):
            raise ValueError("a mapping was expected, like {type: page.viewed, subject: /pricing}")
        given = [name for name in names if node.value.get(name) is not None]
        return node.value | {
            name: write_instant(self.instant(node.get(name), name)) for name in given
        }

    def pattern(self, node: Node) -> Mapping[str, Any]:
        """A line of `expect` or `never`; `at` as an instant."""
        if not isinstance(node.value, dict):
            node.report("a line is a mapping of fields, like {lead: ana, kind: email_sent}")
            return {}
        fields = dict(node.value)
        if "at" in fields:
            fields["at"] = write_instant(self.instant(node.get("at"), "at"))
        if "lead" in fields:
            fields["lead"] = str(fields["lead"])
        return fields
