"""Pause a program, or let it go on (docs/language.md section 12)."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from adapters.documents.problems import meant
from usecases.publishing import UnknownProgramError

# CEL, SQLAlchemy and Temporal take a second to import, so `--help` does without them.
if TYPE_CHECKING:
    from adapters.sql.database import Database
    from models.rollout import Rollout

_LONGEST_MAIL = timedelta(minutes=1)
"""A mail that the mail server takes longer for is in doubt anyway."""
_LOOK = timedelta(milliseconds=100)


def pause(database: Database, name: str, *, by: str = "") -> Rollout | None:
    """Pause a program; its leads are sent the pause by a rollout. None if it is paused already.

    Raises UnknownProgramError.
    """
    return _set(database, name, pause=True, by=by)


def resume(database: Database, name: str, *, by: str = "") -> Rollout | None:
    """Let a program go on; None if it is not paused. Raises UnknownProgramError."""
    return _set(database, name, pause=False, by=by)


def _set(database: Database, name: str, *, pause: bool, by: str) -> Rollout | None:
    from adapters.sql.programs import SqlPrograms  # noqa: PLC0415  # keeps --help quick
    from adapters.sql.rollouts import SqlRollouts  # noqa: PLC0415  # likewise

    programs = SqlPrograms(database)
    if name not in programs.names():
        raise UnknownProgramError(
            f"no program '{name}' was published; {meant(name, programs.names())}"
        )
    with database.write() as connection:
        if pause:
            changed = programs.pause_in(connection, name, by=by)
        else:
            changed = programs.resume_in(connection, name)
        if not changed:
            return None
        return SqlRollouts(database).of_pause(connection, name, pause=pause, by=by)


async def until_no_mail_leaves(database: Database, name: str) -> None:
    """Wait for the mails that the mail server is taking at this moment; a minute at most.

    A mail asks last whether its program is paused. So what is not being taken now stays.
    """
    from adapters.sql.mail_ledger import SqlMailLedger  # noqa: PLC0415  # keeps --help quick

    ledger = SqlMailLedger(database)
    for _ in range(round(_LONGEST_MAIL / _LOOK)):
        since = datetime.now(UTC) - _LONGEST_MAIL
        if not await asyncio.to_thread(ledger.leaving, name, since):
            return
        await asyncio.sleep(_LOOK.total_seconds())
