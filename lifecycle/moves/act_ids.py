"""The ids of acts: an act with the same id is done once, and an id names one act.

The latest acts are remembered, each with what it said.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict

from lifecycle.moment import Moment
from lifecycle.stable_hash import short_hash
from models.inputs import Act
from models.instants import write_instant
from models.refusal import RefusedError
from models.state import DoneAct, LeadState

MAX_REMEMBERED_ACTS = 64
"""How many ids of done acts are remembered."""

_NOT_SAID = ("arrived", "ref", "id", "via", "do", "by")
"""Fields of an act that differ when it is sent again, or that `DoneAct` has by themselves."""


def was_done(m: Moment, act: Act) -> bool:
    """Whether this act was done before. Raises RefusedError if its id is that of another act."""
    token = _token(act)
    if token is None or token not in m.state.acts:
        return False
    earlier = m.state.acts_said.get(token)
    if earlier is not None and earlier != _done_act(act):
        same = (earlier.do, earlier.by) == (act.do, act.by)
        raise RefusedError(
            f"This id is that of an earlier {words_of(earlier.do)} by {earlier.by}"
            f"{' with other fields' if same else ''}. This {words_of(act.do)} by {act.by} needs an"
            " id of its own.",
            why="id",
        )
    return True


def remember(m: Moment, act: Act) -> None:
    """Remember an act that was done."""
    token = _token(act)
    if token is not None:
        _remember(m, {token: m.state.turn}, {token: _done_act(act)})


def remember_refused_merge(m: Moment, id_: str) -> None:
    """Remember that a merge with this id was refused, so that it is recorded once."""
    _remember(m, {short_hash(id_): m.state.turn}, {})


def join(m: Moment, other: LeadState) -> None:
    """Remember the acts of a lead that is merged into this one, as if done in this turn."""
    mine = m.state.acts
    theirs = {one: m.state.turn for one in other.acts if one not in mine}
    _remember(m, theirs, {one: said for one, said in other.acts_said.items() if one in theirs})


def _remember(m: Moment, turns: Mapping[str, int], said: Mapping[str, DoneAct]) -> None:
    acts = sorted({**m.state.acts, **turns}.items(), key=lambda one: one[1])
    latest = dict(acts[-MAX_REMEMBERED_ACTS:])
    both = {**m.state.acts_said, **said}
    m.change(acts=latest, acts_said={one: both[one] for one in latest if one in both})


def words_of(do: str) -> str:
    """An act's name in a sentence."""
    return do.replace("_", " ")


def _token(act: Act) -> str | None:
    return short_hash(act.id) if act.id is not None else None


def _done_act(act: Act) -> DoneAct:
    fields = {name: value for name, value in asdict(act).items() if name not in _NOT_SAID}
    return DoneAct(do=act.do, by=act.by, said=short_hash(json.dumps(fields, default=write_instant)))
