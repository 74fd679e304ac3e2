"""How rejected rows are written for their author to mend: like the list that they came from."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

from adapters.files.spreadsheet import BEGINNING, csv_line, stored_cell


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectedForm:
    """The form of a file of rejected rows: CSV, or JSON Lines if there is no delimiter."""

    suffix: str
    """What the file's name ends with."""
    reason: str
    """The name of the column that says why."""
    delimiter: str = ""
    header: tuple[str, ...] = ()
    reason_at: int | None = None
    """The place of a column of that name in the list itself, which is left out."""

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Self:
        """The form that `as_json` wrote."""
        return cls(**{**data, "header": tuple(data["header"])})

    def as_json(self) -> dict[str, Any]:
        """The form as JSON values."""
        return asdict(self)

    def head(self) -> str:
        """What the file begins with."""
        if not self.delimiter:
            return ""
        return BEGINNING + self._written([*self._without_reason(self.header), self.reason])

    def line(self, written: Any, reason: str) -> str:
        """A row as it was written, with the reason. A CSV is safe to open in a spreadsheet."""
        if not self.delimiter:
            return json.dumps({**written, self.reason: reason}) + "\n"
        width = len(self.header)
        cells = [*written[:width]]
        cells += [""] * (width - len(cells))
        return self._written([*self._without_reason(cells), reason, *written[width:]])

    def _without_reason(self, cells: Sequence[str]) -> list[str]:
        return [cell for place, cell in enumerate(cells) if place != self.reason_at]

    def _written(self, cells: list[str]) -> str:
        return csv_line([stored_cell(cell) for cell in cells], self.delimiter)
