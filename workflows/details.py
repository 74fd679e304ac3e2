"""What an engineer sees of a lead in the Temporal UI, in Markdown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lifecycle.words.person_name import person_name
from models.envelopes import WakeWords


def name_of(profile: Mapping[str, Any], lead: str) -> str:
    """`Ana Smith · Northwind`; without a name, the lead's id.

    No address, because everybody in the UI can read it.
    """
    person = person_name(profile)
    company = str(profile.get("company") or "").strip()
    return _plain(" · ".join(part for part in (person or lead, company) if part))


def describe(state: Mapping[str, Any], wake: WakeWords | None) -> str:
    """A lead's state, as `models.state.dump_state` writes it, in a few lines.

    The state is read without a schema, so that a state of years ago is shown too.
    """
    fit, engagement = state.get("fit", 0.0), state.get("engagement", 0.0)
    track = state.get("track")
    stage = str(state.get("stage", "known"))
    lines = [
        f"### {name_of(state.get('profile', {}), str(state.get('lead', '')))}",
        "",
        f"- **stage** {stage}{' (closed)' if state.get('closed') else ''}"
        + (f", since {_minute(state['since'])}" if state.get("since") else ""),
        f"- **score** {fit + engagement:.2f} (fit {fit:.2f}, engagement {engagement:.2f})",
        f"- **motion** {state.get('motion', 'sales')}, cycle {state.get('cycle', 1)}",
    ]
    if state.get("owner"):
        lines.append(f"- **owner** {_plain(state['owner'])}")
    if track:
        lines.append(f"- **track** {_plain(track['name'])}, at {_plain(track['step'])}")
    if state.get("suppressed"):
        lines.append(f"- **no mail** {', '.join(state['suppressed'])}")
    due = f"{_plain(wake['what'])}, {_minute(wake['at'])}" if wake else "nothing"
    lines.append(f"- **next** {due}")
    lines.append(f"- **program** {_plain(state.get('program', ''))} · turn {state.get('turn', 0)}")
    return "\n".join(lines)


def _minute(instant: str) -> str:
    return f"{instant[:10]} {instant[11:16]} UTC"


def _plain(text: object) -> str:
    """Text from outside, on one line and without Markdown's marks."""
    kept = "".join(char for char in str(text) if char not in "`*[]<>#|\\" and char.isprintable())
    return kept[:100]
