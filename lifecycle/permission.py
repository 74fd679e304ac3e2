"""Who may act on a lead, and the sentences of refusal.

A refusal has a word that a program can match and a sentence that says what would be
allowed.
"""

from __future__ import annotations

from collections.abc import Iterable

from lifecycle.moment import Moment


class RefusedError(Exception):
    """An act that is not allowed; raised and caught within the rules."""

    def __init__(self, why: str, sentence: str) -> None:
        super().__init__(sentence)
        self.why = why
        self.sentence = sentence


def in_stage(m: Moment, do: str, stages: Iterable[str]) -> None:
    """Refuse an act that is not for the lead's stage."""
    allowed = list(stages)
    if m.state.stage not in allowed:
        raise RefusedError(
            "stage",
            f"{_words(do)} is for a lead in stage {_either(allowed)};"
            f" this one is in stage {m.state.stage}.",
        )


def by_owner_or_manager(m: Moment, do: str, by: str) -> None:
    """Refuse an act by anybody else; a lead without a handoff is any manager's."""
    allowed = _managers(m) if m.state.handoff is None else _people(m)
    if by not in allowed:
        raise RefusedError("person", _not_yours(m, do, by, allowed))


def by_manager(m: Moment, do: str, by: str) -> None:
    """Refuse an act by anybody but the manager."""
    manager = m.manager
    allowed = [manager] if manager is not None else []
    if m.state.handoff is None:
        allowed = _managers(m)
    if by not in allowed:
        raise RefusedError("person", _not_yours(m, do, by, allowed))


def may_do_task(m: Moment, by: str, owner: str | None, team: str | None) -> None:
    """Refuse to close a task by anybody but its owner, its team, or the lead's owner or manager."""
    if by == owner or m.people.is_member(team, by) or by == m.people.manager_of(team):
        return
    by_owner_or_manager(m, "done", by)


def _people(m: Moment) -> list[str]:
    return [one for one in (m.state.owner, m.manager) if one is not None]


def _managers(m: Moment) -> list[str]:
    owner = [m.state.owner] if m.state.owner is not None else []
    return [*owner, *sorted(m.people.managers)]


def _not_yours(m: Moment, do: str, by: str, allowed: list[str]) -> str:
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
