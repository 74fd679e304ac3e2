"""leadflow on the command line: `python starter.py`, or `leadflow`."""

from __future__ import annotations

from cli.app import main

__all__ = ["main"]

if __name__ == "__main__":
    main()
