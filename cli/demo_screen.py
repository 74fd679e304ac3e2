"""The demonstration on the screen while it plays."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from rich.console import Group
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from simulation.impact_words import happening_words, impact_words

if TYPE_CHECKING:
    from cli.demo_play import DemoProgress
    from simulation.impact import Impact

_DAY = 86_400
_PLAN_LINES = 12
STAGES = (
    ("known", "blue"),
    ("engaged", "cyan"),
    ("mql", "yellow"),
    ("sal", "bright_yellow"),
    ("sql", "green"),
    ("opportunity", "bright_green"),
    ("customer", "bold green"),
    ("lost", "red"),
    ("recycled", "magenta"),
    ("disqualified", "bright_black"),
)
"""The stages in the order of a life, and the colour each is shown in."""


def plan_shown(found: Impact) -> Group:
    """The plan by which a changed program is about to be published: the most frequent changes."""
    table = Table("leads", "what", "change", box=None, pad_edge=False)
    counts = list(found.counts.items())
    for (kind, about, change), number in counts[:_PLAN_LINES]:
        table.add_row(str(number), Text(happening_words(kind, about)), change)
    more = len(counts) - _PLAN_LINES
    rest = [Text(f"… and {more} more", style="dim")] if more > 0 else []
    head = Text(f"A changed program is published. The plan: {impact_words(found)}", style="bold")
    return Group(head, table, *rest)


def screen(progress: DemoProgress) -> Group:
    """The date, the stages and the most important figures."""
    done, stages = progress.people.done, progress.funnel.stages()
    most = max(stages.values(), default=1)
    table = Table.grid(padding=(0, 1))
    for stage, style in STAGES:
        count = stages.get(stage, 0)
        bar = "█" * round(40 * count / most)
        table.add_row(Text(stage, style=style), Text(f"{count:>4}"), Text(bar, style=style))
    mail, acceptance = progress.funnel.mail(), progress.sla.acceptance()
    day = progress.now.astimezone(ZoneInfo("America/New_York"))
    head = Text(f"{day:%A, %d %B %Y, %H:00}", style="bold")
    head.append(f"   a day takes {_DAY / progress.speed:.1f} s   ", style="dim not bold")
    head.append(progress.ui, style="underline not bold")
    failed = len(progress.people.failures)
    foot = Text(
        f"{mail.sent} mails sent, {mail.deferred} deferred, {mail.skipped} skipped;"
        f" {acceptance.ended} handoffs answered, {acceptance.in_time} in time;"
        f" {sum(progress.sla.breaches().values())} breaches; {done['win']} deals won"
        + (f"; {failed} requests failed" if failed else ""),
        style="dim",
    )
    elapsed = ProgressBar(total=1.0, completed=progress.share, width=60)
    return Group(head, elapsed, table, foot)
