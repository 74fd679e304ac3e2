"""The worker: `python worker.py`, or `leadflow worker`."""

from __future__ import annotations

from assembly.process import leave, run
from assembly.worker_process import serve

if __name__ == "__main__":
    leave(run("worker", serve))
