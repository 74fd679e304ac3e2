"""A queue as a page shows it: its filters from the URL, its groups, its lines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Annotated, Final
from urllib.parse import parse_qsl, urlencode

from fastapi import Query

from adapters.reports.desk_queue import (
    GROUPS,
    SORTS,
    Filters,
    Group,
    Queue,
    QueueDay,
    QueuePage,
    QueueRow,
    Sort,
    SqlQueues,
)
from adapters.sql.desk_views import SqlDeskViews
from gateway.desk.act_forms import ActForm, act_form
from gateway.desk.names import names_of
from gateway.web.desk_session import DeskUser
from lifecycle.program.rulebook import rulebook
from lifecycle.sales_words import stage_word
from lifecycle.stages import ACT_STAGES, MOVES, WORKED
from lifecycle.words.queue_line import QueueLine, queue_line
from usecases.context import Context

TITLES: Final[dict[Group, str]] = {
    "unowned": "No owner",
    "overdue": "Overdue",
    "new": "New",
    "today": "Due today",
    "later": "Due later",
    "held": "On hold",
    "none": "No deadline",
}
SORT_TITLES: Final[dict[Sort, str]] = {
    "due": "What is due",
    "score": "Score",
    "activity": "Last activity",
}
WORKED_STAGES = tuple(stage for stage in MOVES if stage in WORKED)
IN_PLACE = ("accept", "touch", "hold", "resume", "reassign")
"""The acts that a queue offers; all others are on the lead's page."""

_Text = Annotated[str, Query(max_length=200)]
_NAMES = {
    "q": "find",
    **{one: one for one in ("group", "stage", "owner", "team", "tag", "program")},
}
"""The URL's names of the filters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueQuery:
    """What a URL asks of a queue."""

    filters: Filters = field(default_factory=Filters)
    sort: Sort = "due"
    number: int = 1
    opened: tuple[str, str] = ("", "")
    """The act whose form is open, and the lead in whose row."""

    def words(self, **changes: str) -> dict[str, str]:
        """The query's values by their names in the URL; empty ones are left out."""
        filters = asdict(self.filters)
        found = {name: str(filters[of]) for name, of in _NAMES.items()}
        found |= {"sort": self.sort if self.sort != "due" else ""}
        found |= {"page": str(self.number) if self.number > 1 else ""}
        return {name: value for name, value in (found | changes).items() if value}

    def path(self, base: str, **changes: str) -> str:
        """The path of a list with this query and these changes, which lead to its first page."""
        words = self.words(**({"page": ""} | changes if changes else {}))
        return f"{base}?{urlencode(words)}" if words else base

    @property
    def narrowed(self) -> bool:
        """Whether any filter is set."""
        return self.filters != Filters()


def queue_query(  # one parameter for each name in the URL
    *,
    q: Annotated[str, Query(max_length=100)] = "",
    group: _Text = "",
    stage: _Text = "",
    owner: _Text = "",
    team: _Text = "",
    tag: _Text = "",
    program: _Text = "",
    sort: _Text = "due",
    page: Annotated[int, Query(ge=1, le=10_000)] = 1,
    opened: Annotated[str, Query(alias="open", max_length=500)] = "",
) -> QueueQuery:
    """A dependency that reads a queue's query. What it does not know is left out."""
    do, _, lead = _clean(opened).partition(" ")
    return QueueQuery(
        filters=Filters(
            find=_clean(q),
            group=group if group in GROUPS else "",
            stage=stage if stage in WORKED else "",
            owner=_clean(owner),
            team=_clean(team),
            tag=_clean(tag),
            program=_clean(program),
        ),
        sort=next((one for one in SORTS if one == sort), "due"),
        number=page,
        opened=(do, lead) if do in IN_PLACE else ("", ""),
    )


def query_of(path: str) -> QueueQuery:
    """The query of a list's path, as a form sent it back."""
    known = {*_NAMES, "sort", "page"}
    words = {name: one for name, one in parse_qsl(path.partition("?")[2]) if name in known}
    page, sort = words.pop("page", ""), words.pop("sort", "due")
    number = int(page) if page.isascii() and page.isdigit() and len(page) < 5 else 1
    texts = {name: value[:100] for name, value in words.items()}
    return queue_query(**texts, sort=sort, page=max(number, 1), opened="")


def base_of(path: str) -> str:
    """The page that a list's path is of."""
    return "/desk/team" if path.partition("?")[0] == "/desk/team" else "/desk"


def _clean(text: str) -> str:
    return text.replace("\0", "").strip()


@dataclass(frozen=True, slots=True)
class Shown:
    """A lead in a queue, with what its row offers."""

    row: QueueRow
    line: QueueLine
    acts: tuple[str, ...]
    following: str
    """The next lead's id, where a person goes on; empty for the last."""
    form: ActForm | None = None
    """The form that is open in this row."""


@dataclass(frozen=True, slots=True)
class Section:
    """Rows of one group."""

    title: str
    number: int
    """How many leads the group has on all pages."""
    rows: tuple[Shown, ...]


@dataclass(frozen=True, slots=True)
class Chip:
    """A group with its number, to choose."""

    name: str
    title: str
    number: int
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueView:
    """A queue on a page."""

    base: str
    """The page's path without a query."""
    query: QueueQuery
    page: QueuePage
    sections: tuple[Section, ...]
    chips: tuple[Chip, ...]
    programs: tuple[tuple[str, str], ...]
    """The programs to choose from."""
    tags: tuple[tuple[str, str], ...]
    """The tags to choose from."""
    names: Mapping[str, str]
    """The names of people by address."""
    views: Mapping[str, str]
    """The views that the person saved: paths by name."""
    filled: Mapping[str, str] = field(default_factory=dict)
    """What a refused form held."""
    selected: frozenset[str] = frozenset()
    all_selected: bool = False

    @property
    def path(self) -> str:
        """This list, to come back to."""
        return self.query.path(self.base)

    @property
    def live(self) -> str:
        """The stream that says when this queue changes."""
        return "/desk/live/team" if self.base == "/desk/team" else "/desk/live"

    @property
    def sorts(self) -> Mapping[Sort, str]:
        """The orders to choose from."""
        return SORT_TITLES

    @property
    def stages(self) -> tuple[tuple[str, str], ...]:
        """The stages to choose from, with their words."""
        return tuple((one, stage_word(one)) for one in WORKED_STAGES)


def queue_view(  # what a page needs
    context: Context,
    user: DeskUser,
    queue: Queue,
    query: QueueQuery,
    *,
    base: str,
    offered: tuple[str, ...],
    filled: Mapping[str, str] | None = None,
    selected: frozenset[str] = frozenset(),
    all_selected: bool = False,
) -> QueueView:
    """Read a page of a queue for a person. `offered`: the acts that this page has in its rows."""
    now, queues = context.now(), SqlQueues(context.database)
    page = queues.page(
        queue, QueueDay.of(now, user.zone), query.filters, sort=query.sort, number=query.number
    )
    shown = [_shown(context, user, row, query, offered) for row in page.rows]
    following = [*(one.line.lead for one in shown[1:]), ""]
    shown = [replace(one, following=after) for one, after in zip(shown, following, strict=False)]
    return QueueView(
        base=base,
        query=query,
        page=page,
        sections=_sections(shown, page, query),
        chips=tuple(
            Chip(name, title, number, query.path(base, group=name))
            for name, title in TITLES.items()
            if (number := page.counts.get(name, 0)) or query.filters.group == name
        ),
        programs=tuple((one, one) for one in queues.programs(queue)),
        tags=tuple((one, one) for one in queues.tags(queue)),
        names=names_of(user),
        views=SqlDeskViews(context.database).of(user.person),
        filled=filled or {},
        selected=selected,
        all_selected=all_selected,
    )


def _sections(shown: list[Shown], page: QueuePage, query: QueueQuery) -> tuple[Section, ...]:
    if query.sort != "due":
        title = f"By {SORT_TITLES[query.sort].lower()}"
        return (Section(title, page.total, tuple(shown)),) if shown else ()
    return tuple(
        Section(TITLES[name], page.counts[name], rows)
        for name in GROUPS
        if (rows := tuple(one for one in shown if one.row.group == name))
    )


def _shown(
    context: Context, user: DeskUser, row: QueueRow, query: QueueQuery, offered: tuple[str, ...]
) -> Shown:
    program = context.programs.load(row.state.digest)
    line = queue_line(rulebook(program), row.state, context.now())
    acts = tuple(one for one in offered if _fits(one, row, line))
    do, lead = query.opened
    opened = lead == row.lead and do in acts
    form = act_form(do, program, row.state, user.people) if opened else None
    return Shown(row, line, acts, "", form)


def _fits(do: str, row: QueueRow, line: QueueLine) -> bool:
    if do == "accept":
        return row.to_accept
    if do == "resume":
        return line.held_until is not None
    if do == "hold":
        return line.can_hold and line.held_until is None
    if do == "reassign":
        return row.state.handoff is not None
    return row.state.stage in ACT_STAGES[do]
