"""The files that come with leadflow."""

from __future__ import annotations

from pathlib import Path

SHIPPED = Path(__file__).resolve().parent.parent / "programs"
"""Programs, teams and leads to start from."""
