"""The key that links are signed with, where nobody has given one: made once, kept in a file."""

from __future__ import annotations

import os
import secrets
from pathlib import Path


def link_secret(home: Path, given: str | None) -> str:
    """The given secret, else the one in `home`, made at the first call and never changed.

    Links in mail that was sent must open for ever, so the file must not be lost. Several
    processes may ask at once: one makes it. Raises ValueError for a secret that is too short.
    """
    if given is not None:
        if any(len(key) < 32 for key in given.split()) or not given.split():
            raise ValueError("LEADFLOW_SECRET is too short; each key needs at least 32 characters")
        return given
    file = home / "secret"
    if not file.exists():
        home.mkdir(mode=0o700, parents=True, exist_ok=True)  # only for the one who runs it
        unfinished = home / f"secret.{os.getpid()}"
        unfinished.touch(mode=0o600)
        unfinished.write_text(secrets.token_urlsafe(48))
        try:
            os.link(unfinished, file)  # fails where another process was first
        except FileExistsError:
            pass
        finally:
            unfinished.unlink()
    return file.read_text().strip()
