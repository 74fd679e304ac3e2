"""Rehearsing: play a scenario and see the timeline before anybody gets a mail."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from cli.console import JsonOption, Panel, Status, err, out, print_json

if TYPE_CHECKING:
    from simulation.scenario import Scenario
    from simulation.timeline import TimelineLine

_SHOWN_APART = ("lead", "seq", "at", "kind")


class Engine(StrEnum):
    """What plays a scenario: the rules alone, or the real workflow."""

    PURE = "pure"
    TEMPORAL = "temporal"


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("simulate", rich_help_panel=Panel.MARKETING)(simulate)


def simulate(
    scenario: Annotated[Path, typer.Argument(help="The scenario's YAML file.", metavar="SCENARIO")],
    *,
    engine: Annotated[
        Engine,
        typer.Option(help="pure: the rules on a virtual clock. temporal: the real workflow."),
    ] = Engine.PURE,
    as_json: JsonOption = False,
) -> None:
    """Play a scenario: print its timeline, and say whether what it expects came true.

    Exit status 0: all of expect and never hold; 1: they do not; 2: a file is not valid.

    Example: leadflow simulate tests/scenarios/happy-path.yaml
    """
    from simulation.scenario import read_scenario  # noqa: PLC0415  # keeps --help quick

    read = read_scenario(scenario)
    lines = _player(engine)(read)
    if as_json:
        for line in lines:
            print_json(line)
    else:
        out.print(timeline_table(lines))
    if not _holds(read, lines):
        raise typer.Exit(Status.NO)


def _player(engine: Engine) -> Callable[[Scenario], list[TimelineLine]]:
    if engine is Engine.TEMPORAL:
        from assembly.queues import rehearsing  # noqa: PLC0415  # half a second to import
        from simulation.temporal import play as on_temporal  # noqa: PLC0415  # starts a server

        return partial(on_temporal, workers=rehearsing)
    from simulation.pure import play  # noqa: PLC0415  # keeps --help quick

    return play


def timeline_table(lines: Sequence[TimelineLine]) -> Table:
    """The timeline for people."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("at", "lead", "what", "details"):
        table.add_column(name, no_wrap=name != "details", overflow="fold")
    for line in lines:
        table.add_row(
            Text(str(line["at"]), style="dim"), str(line["lead"]), Text(line["kind"]), details(line)
        )
    return table


def details(line: Mapping[str, Any]) -> Text:
    """The fields of one line as `name=value`, a reason in colour."""
    text = Text()
    for name, value in line.items():
        if name in _SHOWN_APART:
            continue
        style = "yellow" if name in ("why", "reason", "note") else ""
        shown = value[:12] if name == "digest" else _plain(value)
        text.append(f"{name}=", style="dim").append(f"{shown}  ", style=style)
    return text


def _plain(value: object) -> str:
    """A value as a scenario's author would write it."""
    if isinstance(value, bool):
        return str(value).lower()
    return ", ".join(map(_plain, value)) if isinstance(value, list | tuple) else str(value)


def _holds(read: Scenario, lines: Sequence[TimelineLine]) -> bool:
    from simulation.timeline import barred, missed  # noqa: PLC0415  # keeps --help quick

    absent, present = missed(read.expect, lines), barred(read.never, lines)
    for place in absent:
        err.print(Text(f"expect[{place}] was not met: {_pattern(read.expect[place])}", style="red"))
        for line in _nearest(read.expect[place], lines):
            err.print(Text("  nearest: ").append(f"{line['at']} {line['lead']} {line['kind']} "))
            err.print(Text("    ").append(details(line)))
    for place, line in present:
        err.print(Text(f"never[{place}] happened: {_pattern(read.never[place])}", style="red"))
        err.print(Text(f"  at {line['at']}, line {line['seq']} of {line['lead']}"))
    return not absent and not present


def _nearest(wanted: Mapping[str, Any], lines: Sequence[TimelineLine]) -> Sequence[TimelineLine]:
    """The line of that lead and kind that has most of what was wanted."""
    alike = [
        line
        for line in lines
        if all(line.get(name) == wanted[name] for name in ("lead", "kind") if name in wanted)
    ]
    best = max(
        alike, key=lambda line: sum(line.get(n) == v for n, v in wanted.items()), default=None
    )
    return [] if best is None else [best]


def _pattern(wanted: Mapping[str, Any]) -> str:
    return "{" + ", ".join(f"{name}: {value}" for name, value in wanted.items()) + "}"
