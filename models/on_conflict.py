"""What a row of a list does to a lead that is there already."""

from __future__ import annotations

from typing import Literal

OnConflict = Literal["keep", "fill", "overwrite"]
"""Nothing, fill its empty fields, or set its fields to those of the row."""
