"""What `leadflow program plan` prints: for people, or as a comment of a pull request."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.text import Text

from cli.console import out

if TYPE_CHECKING:
    from lifecycle.changes.differences import Difference
    from usecases.rehearsing import ComparedOutcome, Rehearsal

_MOST_COUNTS = 40
_MOST_FAILED = 20


class PlanReport:
    """Prints the parts of a plan, one after the other."""

    def __init__(self, *, markdown: bool) -> None:
        self._markdown = markdown
        self._head, self._item = ("### ", "- ") if markdown else ("", "  ")

    def differences(self, title: str, changes: Sequence[Difference]) -> None:
        """What the version says differently, by whom it touches."""
        self._title(title)
        touched = ""
        for one in changes:
            if one.touches != touched:
                if touched and self._markdown:  # else it would belong to the item above it
                    out.print()
                touched = one.touches
                self._line(f"**{touched}**\n" if self._markdown else touched)
            self._line(f"{self._item}{one.words}")
        if not changes:
            self._line("Nothing is different.")

    def impact(
        self, title: str, counts: Sequence[tuple[int, str, str]], gone: Sequence[tuple[int, str]]
    ) -> None:
        """What it does to leads in flight: how many, what, and earlier, later, newly or never.

        `gone`: how many stand at a step that goes away, and where they go on.
        """
        out.print()
        self._title(title)
        for leads, words in gone:
            self._line(f"{self._item}{leads} × {words}")
        if gone:
            out.print()
        rows = [(str(leads), what, change) for leads, what, change in counts[:_MOST_COUNTS]]
        if rows:
            self._table(("leads", "what", "change"), rows)
        if len(counts) > _MOST_COUNTS:
            self._line(f"\nand {len(counts) - _MOST_COUNTS} more")

    def scenarios(self, rehearsal: Rehearsal) -> None:
        """Which scenarios fail on the version, and why."""
        out.print()
        self._title(f"{len(rehearsal.failed)} of {rehearsal.played} scenarios fail")
        for one in rehearsal.failed[:_MOST_FAILED]:
            name = f"`{one.name}`" if self._markdown else one.name
            self._line(f"{self._item}{name}: {one.why[0]}")
        if len(rehearsal.failed) > _MOST_FAILED:
            self._line(f"{self._item}and {len(rehearsal.failed) - _MOST_FAILED} more")

    def comparison(self, cohort: str, outcomes: Sequence[ComparedOutcome]) -> None:
        """What happens to the same people on both versions."""
        out.print()
        self._title(f"The people of {cohort} on both versions")
        rows = [(one.what, str(one.before), str(one.after)) for one in outcomes]
        self._table(("what", "before", "after"), rows)

    def _title(self, words: str) -> None:
        self._line(f"{self._head}{words}")
        out.print()

    def _table(self, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        if self._markdown:
            self._line(f"| {' | '.join(head)} |")
            self._line(f"|{' --- |' * len(head)}")
        for row in rows:
            cells = (one.replace("|", "\\|") for one in row)
            self._line(f"| {' | '.join(cells)} |" if self._markdown else f"  {'  '.join(row)}")

    def _line(self, words: str) -> None:
        out.print(Text(words), soft_wrap=True)
