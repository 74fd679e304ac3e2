"""What leadflow costs on this machine: `python -m bench [PART …]`.

All parts together take about five minutes. Absolute figures are this machine's, at this
minute; where a figure is a ratio, both of its sides were measured in the same run.
"""

from __future__ import annotations

import asyncio
import logging
import tempfile
import timeit
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from rich.console import Console
from rich.table import Table

from assembly import logs
from bench import (
    assigning,
    business_time,
    impact,
    intake,
    launch,
    life,
    mail,
    memory,
    publication,
    rules,
    throughput,
)
from lifecycle.calendars.business_time import business_calendar
from models.durations import Duration

_SHUTDOWN_GRACE = 0.3
"""Seconds the worker's last polls need after the server has gone."""
_RULE_SECONDS = 3.0
_EVENTS, _BYTES = 155, 32_000
_TURNS = 10_000
_MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Measurement:
    """One line of the table. `met` is None where there is no aim."""

    what: str
    value: str
    aim: str = ""
    met: bool | None = None


def _life() -> Iterator[Measurement]:
    found = _run(life.reference_history)
    few, small = found.events <= _EVENTS, found.bytes <= _BYTES
    yield Measurement(
        "history of the reference life, events", f"{found.events}", f"≤ {_EVENTS}", few
    )
    yield Measurement(
        "history of the reference life, bytes", f"{found.bytes:,}", f"≤ {_BYTES:,}", small
    )


def _throughput() -> Iterator[Measurement]:
    found = _run(throughput.measure)
    yield Measurement("reference lives a second, embedded server", f"{found.leads:.2f}")
    yield Measurement("bare workflow in the same run, lives a second", f"{found.bare:.2f}")
    ratio = found.ratio
    yield Measurement("leads beside the bare workflow", f"{ratio:.2f}", "≥ 0.8", ratio >= 0.8)


def _rules() -> Iterator[Measurement]:
    for what, rate in rules.rows(_RULE_SECONDS):
        ordinary = "an ordinary event" in what
        aim, met = ("≥ 10,000", rate >= _TURNS) if ordinary else ("", None)
        yield Measurement(f"{what}, a second", f"{rate:,.0f}", aim, met)


def _memory() -> Iterator[Measurement]:
    found = _run(memory.measure)
    what = f"worker with {found.leads:,} open leads ({found.kept:,} kept awake), resident"
    idle = f"{found.before / _MEBIBYTE:.0f} MiB idle"
    yield Measurement(what, f"{found.after / _MEBIBYTE:.0f} MiB", idle)


def _time() -> Iterator[Measurement]:
    calendar = business_calendar(business_time.office(), "UTC")
    hours = calendar.between(business_time.START, business_time.FIVE_YEARS) // 3_600
    within = Duration(hours, "h")
    rounds = timeit.repeat(
        lambda: calendar.due(business_time.START, within), number=1_000, repeat=5
    )
    micros = min(rounds) * 1_000
    yield Measurement(
        f"due instant {within} of open time ahead (5 years)",
        f"{micros:.1f} µs",
        "< 1 ms",
        micros < 1_000,
    )


def _mail() -> Iterator[Measurement]:
    found = _run(mail.measure)
    yield Measurement("mails a second through the whole activity", f"{found.activity:.0f}")
    yield Measurement("a bare loop over kept connections, same run", f"{found.bare:.0f}")
    yield Measurement("the bare loop, putting each message together", f"{found.composing:.0f}")
    ratio = found.ratio
    yield Measurement("the activity beside the bare loop", f"{ratio:.2f}", "≥ 0.5", ratio >= 0.5)


def _intake() -> Iterator[Measurement]:
    for events in (1, 100):
        found = _run(partial(intake.measure, events=events))
        what = f"with {events} event{'s' if events > 1 else ''} a request"
        yield Measurement(f"intake {what}, events a second", f"{found.leadflow:,.0f}")
        yield Measurement(f"an endpoint that only stores {what}", f"{found.bare:,.0f}")
        ratio = found.ratio
        yield Measurement(f"the intake beside it {what}", f"{ratio:.2f}", "≥ 0.5", ratio >= 0.5)


def _assigning() -> Iterator[Measurement]:
    found = _run(assigning.measure)
    fastest, processor = found.fastest * 1_000, found.processor * 1_000
    what = f"an assignment in a team of {assigning.MEMBERS:,}, the fastest of 200"
    yield Measurement(what, f"{fastest:.0f} ms", "≤ 20 ms", fastest <= 20)
    yield Measurement("the median of its processor time", f"{processor:.0f} ms")


def _launch() -> Iterator[Measurement]:
    found = _run(launch.measure)
    what = "bare workflow starts"
    for name, pace in (
        (f"launch of {launch.ROWS:,} rows", found.rows),
        (what, found.bare),
        (f"{what} in our sandbox", found.bare_in_ours),
    ):
        spent = f"{1_000 * pace.processor:.0f} ms of a core"
        yield Measurement(f"{name}, a second; each", f"{pace.rate:.0f}; {spent}")
    clock, processor = found.rows.beside(found.bare)
    yield Measurement("the launch beside bare starts", f"{clock:.2f}", "≥ 0.7", clock >= 0.7)
    yield Measurement("the same by processor time", f"{processor:.2f}")
    clock, processor = found.rows.beside(found.bare_in_ours)
    yield Measurement("beside bare starts in our sandbox", f"{clock:.2f}; {processor:.2f}")
    kept = _run(launch.stored)
    what = f"checking and storing {launch.STORED:,} rows, seconds"
    yield Measurement(what, f"{kept.seconds:.0f}")
    more = (kept.most - kept.before) / _MEBIBYTE
    yield Measurement("memory of the command meanwhile, beyond its start", f"{more:.0f} MiB")


def _impact() -> Iterator[Measurement]:
    found = _run(impact.measure)
    what = f"impact of a publication on {found.leads:,} leads in flight, {found.lines:,} lines"
    seconds = found.seconds
    yield Measurement(what, f"{seconds:.1f} s of a core", "≤ 20 s", seconds <= 20)


def _publication() -> Iterator[Measurement]:
    found = _run(publication.measure)
    what = f"publication with {found.leads:,} leads in flight"
    yield Measurement(f"{what}, until the command returned", f"{found.returned:.1f} s")
    earlier = f"until the {found.earlier:,} that are due earlier were told"
    yield Measurement(earlier, f"{found.first:.0f} s", "minutes", found.first < 300)
    looking = f"{1_000 * found.looking:.1f} ms of a core"
    yield Measurement("for each lead in flight until then", looking)
    yield Measurement("others told a second afterwards", f"{found.rest:.0f}")
    yield Measurement("an act meanwhile, the median", f"{found.act:.2f} s")
    yield Measurement("a page of the desk meanwhile, the median", f"{found.page:.2f} s")


PARTS: dict[str, Callable[[], Iterator[Measurement]]] = {
    "life": _life,
    "throughput": _throughput,
    "rules": _rules,
    "memory": _memory,
    "time": _time,
    "mail": _mail,
    "intake": _intake,
    "assigning": _assigning,
    "launch": _launch,
    "impact": _impact,
    "publication": _publication,
}


Found = TypeVar("Found")


def _run(measure: Callable[[Path], Coroutine[Any, Any, Found]]) -> Found:
    """Measure in a folder that is gone afterwards."""

    async def measured() -> Found:
        with tempfile.TemporaryDirectory() as home:
            found = await measure(Path(home))
        await asyncio.sleep(_SHUTDOWN_GRACE)
        return found

    return asyncio.run(measured())


def main(
    parts: Annotated[
        list[str] | None,
        typer.Argument(
            help="life, throughput, rules, memory, time, mail, intake, assigning, launch, impact,"
            " publication; else all."
        ),
    ] = None,
) -> None:
    """Measure, and print a table with each figure beside its aim."""
    logs.configure("console", "error")
    logging.getLogger("temporalio").setLevel(logging.ERROR)
    screen = Console()
    if unknown := [part for part in parts or () if part not in PARTS]:
        screen.print(f"there is no part '{unknown[0]}'; there are {', '.join(PARTS)}")
        raise typer.Exit(2)
    table = Table(title="What leadflow costs")
    table.add_column("what")
    table.add_column("measured", justify="right")
    table.add_column("aim", justify="right")
    table.add_column("", justify="right")
    words = {True: "[green]met[/]", False: "[red]missed[/]", None: ""}
    try:
        for part in parts or PARTS:
            with screen.status(f"measuring {part} …"):
                for one in PARTS[part]():
                    table.add_row(one.what, one.value, one.aim, words[one.met])
    finally:  # what was measured is shown also if a later part fails
        screen.print(table)


if __name__ == "__main__":
    typer.run(main)
