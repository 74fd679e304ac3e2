"""Programs as items from outside name them: by name, or none for the default one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from adapters.sql.programs import SqlPrograms
from models.program.program import Program


class NoProgramError(LookupError):
    """Items name no program, and there is no default one; the message says what is published."""


def programs_of(programs: SqlPrograms, default: str | None, raw: Sequence[object]) -> NamedPrograms:
    """The programs that items name. Raises NoProgramError if one names none and none is default."""
    found = NamedPrograms(programs, default)
    named = (one.get("program") for one in raw if isinstance(one, Mapping))
    if found.default is None and all(name is None for name in named):
        raise NoProgramError(
            "no item names a `program`, and none is the default; name one, or set"
            f" LEADFLOW_DEFAULT_PROGRAM. Published are: {', '.join(found.names) or 'none yet'}"
        )
    return found


class NamedPrograms:
    """Published programs by name, each looked up once for all items of a request."""

    def __init__(self, programs: SqlPrograms, default: str | None = None) -> None:
        self._programs = programs
        self._names = programs.names()
        self._default = default
        self._found: dict[str, Program | None] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """What was published."""
        return self._names

    @property
    def default(self) -> str | None:
        """The program of whoever names none, if there is one."""
        if self._default is not None:
            return self._default if self._default in self._names else None
        return self._names[0] if len(self._names) == 1 else None

    def named(self, name: object) -> Program:
        """The newest version under this name; without a name, of the default program.

        Raises ValueError, which says what was published.
        """
        if name is None:
            name = self.default
        program = None
        if isinstance(name, str) and name in self._names:
            if name not in self._found:
                self._found[name] = self._programs.newest(name)
            program = self._found[name]
        if program is None:
            said = "say by `program` which one" if name is None else "there is no such program"
            raise ValueError(f"{said}; published are: {', '.join(self._names) or 'none yet'}")
        return program
