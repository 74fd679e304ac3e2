"""Leads in flight were begun by older code, and their histories must replay with this code."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.waiting import LIMIT

HERE = Path(__file__).parent
HISTORIES = sorted((HERE / "histories").glob("*.json"))

REMEDY = """
A recorded history does not replay: workflows/lead.py (or what it calls: workflows/commands.py,
workflows/messages.py, workflows/attributes.py) now does other things, or the same in another
order, than when this lead lived. In production every lead in flight would be stuck.

- Was it meant? Keep the old way for old leads: if workflow.patched("what-changed"): new, else
  old; and record a history of the new way beside the old ones (tests/replay/record.py).
- Was it not meant? Undo it. Rules do not belong in the shell: they run in the turn, whose
  outcome is recorded, and may change at any time.

What Temporal says:
{said}
"""


def _replay(paths: list[Path], seed: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(HERE / "replay.py"), *map(str, paths)],
        env=os.environ | {"PYTHONHASHSEED": seed},
        capture_output=True,
        text=True,
        check=False,
        timeout=LIMIT,
    )


@pytest.mark.parametrize("seed", ["0", "4242"])
def test_every_recorded_history_replays(seed: str) -> None:
    assert len(HISTORIES) >= 4
    done = _replay(HISTORIES, seed)
    assert done.returncode == 0, REMEDY.format(said=done.stdout + done.stderr)


def test_a_history_of_another_shell_does_not_replay_and_the_message_says_why(
    tmp_path: Path,
) -> None:
    history = json.loads((HERE / "histories" / "a_won_lead.json").read_text())
    for event in history["events"]:
        scheduled = event.get("activityTaskScheduledEventAttributes")
        if scheduled is not None:
            scheduled["activityType"]["name"] = "telegraph"
            break
    other = tmp_path / "a_telegraphed_lead.json"
    other.write_text(json.dumps(history))
    done = _replay([other], "0")
    assert done.returncode == 1
    taught = REMEDY.format(said=done.stdout)
    assert "telegraph" in taught
    assert "workflow.patched" in taught
