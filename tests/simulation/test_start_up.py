"""`leadflow simulate` starts without what the pure engine does not need."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.waiting import LIMIT

ROOT = Path(__file__).parents[2]
HEAVY = {"temporalio", "sqlalchemy", "sqlmodel", "fastapi", "jinja2", "prompt_toolkit", "httpx"}
PROBE = f"""
import sys
from cli.app import main
try:
    main(["simulate", "tests/scenarios/happy-path.yaml"])
except SystemExit as left:
    assert not left.code, left.code
print(sorted({HEAVY!r} & set(sys.modules)))
"""


def test_simulate_imports_no_server_no_database_and_no_terminal_library() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", PROBE],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.splitlines()[-1] == "[]"
