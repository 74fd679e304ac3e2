"""Jobs that this gateway has begun: those of uploaded lists, and plans that are played."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from models.change_plan import ChangePlan
from models.upload import JobName, Upload
from usecases import uploads
from usecases.context import Context
from usecases.playing_plans import play_in_background
from usecases.upload_jobs import run_job

_PATIENCE = 1.0
"""Seconds that a request waits for its job: a small list needs no page that says how far it is."""

_running: set[asyncio.Task[None]] = set()
"""Jobs under way; a task that nobody holds may be collected."""


async def start_job(context: Context, upload: Upload, name: JobName, **more: Any) -> None:
    """Begin a job, unless one is under way, and wait a moment for it."""
    job = await asyncio.to_thread(uploads.begin_job, context, upload, name)
    if job is None:
        return
    await asyncio.wait([_started(run_job(context, upload.id, job, **more))], timeout=_PATIENCE)


def start_playing(context: Context, plan: ChangePlan) -> None:
    """Begin to play the futures of a plan."""
    _started(play_in_background(context, plan.number))


def _started(job: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
    task = asyncio.create_task(job)
    _running.add(task)
    task.add_done_callback(_running.discard)
    return task
