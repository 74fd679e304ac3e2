"""Who may act on a lead, and the sentences of refusals.

A refusal has a word that programs can match, and a sentence that says what would be allowed.
"""

from __future__ import annotations

from collections.abc import Iterable

from lifecycle.moment import Moment
from models.directory import Directory
from models.refusal import RefusedError
from models.state import LeadState


def require_stage(m: Moment, do: str, stages: Iterable[str]) -> None:
    """Refuse an act that is not for the lead's stage."""
    allowed = list(stages)
    if m.state.stage not in allowed:
        raise RefusedError(
            f"{_words(do)} is for a lead in stage {_either(allowed)};"
            f" this one is in stage {m.state.stage}.",
            why="stage",
        )


def require_owner_or_manager(m: Moment, do: str, by: str) -> None:
    """Refuse an act by anybody else."""
    allowed = actors(m.state, m.people)
    if by not in allowed:
        raise RefusedError(_wrong_person(m, do, by, allowed), why="person")


def require_manager(m: Moment, do: str, by: str) -> None:
    """Refuse an act by anybody but the manager."""
    manager = m.manager
    allowed = [manager] if manager is not None else []
    if m.state.handoff is None:
        allowed = actors(m.state, m.people)
    if by not in allowed:
        raise RefusedError(_wrong_person(m, do, by, allowed), why="person")


def require_known_person(m: Moment, do: str, by: str) -> None:
    """Refuse an act by anybody who is not in the directory."""
    if not m.people.knows(by):
        raise RefusedError(
            f"{_words(do)} is for a member or manager of a team, not for {by}.", why="person"
        )


def require_task_person(m: Moment, by: str, owner: str | None, team: str | None) -> None:
    """Refuse to close a task by anybody but its owner, its team, or the lead's owner or manager."""
    if not has_task(m.people, by, owner, team):
        require_owner_or_manager(m, "done", by)


def actors(state: LeadState, people: Directory) -> list[str]:
    """Who may act on a lead: its owner and the team's manager; without a handoff, any manager."""
    if state.handoff is None:
        managers = sorted(people.managers)
    else:
        manager = people.manager_of(state.handoff.team)
        managers = [manager] if manager is not None else []
    return [*([state.owner] if state.owner is not None else []), *managers]


def has_task(people: Directory, person: str, owner: str | None, team: str | None) -> bool:
    """Whether this person may close a task of this owner and team."""
    return person == owner or people.is_member(team, person) or person == people.manager_of(team)


def _wrong_person(m: Moment, do: str, by: str, allowed: list[str]) -> str:
    if not allowed:
        return f"{_words(do)} is for the owner or the manager, and this lead has neither."
    role = "a manager" if m.state.handoff is None else "the owner or the team's manager"
    if do == "reassign":
        role = "the team's manager"
    return f"{_words(do)} is for {role} ({_either(allowed)}), not for {by}."


def _words(do: str) -> str:
    return do.replace("_", " ").capitalize()


def _either(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"
