"""The differences between two teams files: what is added, changed and removed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from models.directory import Directory, Marketer, Member, Team

_Someone = TypeVar("_Someone", Member, Marketer)
_NOTHING: tuple[Any, ...] = (None, "", [])


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One difference: of a team, of a member, or of one `setting` of either.

    `before` and `after` are JSON values; None if there is no value.
    """

    change: Literal["added", "changed", "removed"]
    team: str | None
    """None for the people of marketing."""
    member: str | None = None
    setting: str | None = None
    before: Any = None
    after: Any = None


def changes(before: Directory, after: Directory) -> Iterator[Change]:
    """All differences, team by team in file order. Removed teams come last."""
    for name, team in after.teams.items():
        old = before.teams.get(name)
        if old is None:
            yield Change(change="added", team=name)
        yield from _in_team(name, old or Team(), team)
    for name, team in before.teams.items():
        if name not in after.teams:
            yield from _in_team(name, team, Team())
            yield Change(change="removed", team=name)
    yield from _in_people(None, before.marketing, after.marketing)


def _in_team(name: str, before: Team, after: Team) -> Iterator[Change]:
    if before.manager != after.manager:
        yield _changed(name, None, "manager", before.manager, after.manager)
    yield from _in_people(name, before.members, after.members)
    old, new = ([one.email for one in team.members] for team in (before, after))
    stayed = [email for email in old if email in new]
    order = [email for email in new if email in old]
    if stayed != order:
        yield _changed(name, None, "order", stayed, order)


def _in_people(
    team: str | None, before: Sequence[_Someone], after: Sequence[_Someone]
) -> Iterator[Change]:
    old = {one.email: one for one in before}
    new = {one.email: one for one in after}
    for email, person in new.items():
        if email in old:
            yield from _settings(team, old[email], person)
        else:
            yield Change(change="added", team=team, member=email)
            yield from _settings(team, type(person)(email=email), person)
    for email in old:
        if email not in new:
            yield Change(change="removed", team=team, member=email)


def _settings(team: str | None, before: _Someone, after: _Someone) -> Iterator[Change]:
    old = before.model_dump(mode="json", by_alias=True)
    new = after.model_dump(mode="json", by_alias=True)
    for setting in type(after).model_fields:
        if old[setting] != new[setting]:
            yield _changed(team, after.email, setting, old[setting], new[setting])


def _changed(team: str | None, member: str | None, setting: str, before: Any, after: Any) -> Change:
    """A setting that had no value is added; one that has no value any more is removed."""
    change: Literal["added", "changed", "removed"] = "changed"
    if before in _NOTHING or after in _NOTHING:
        change = "added" if before in _NOTHING else "removed"
    return Change(
        change=change, team=team, member=member, setting=setting, before=before, after=after
    )
