"""How often something happened in this process, counted by many threads."""

from __future__ import annotations

from threading import Lock


class Count:
    """A number that only grows. `add` is safe from any thread."""

    def __init__(self) -> None:
        self._lock = Lock()
        self.value = 0

    def add(self) -> None:
        """Count one more."""
        with self._lock:
            self.value += 1
