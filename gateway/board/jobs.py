"""Jobs of uploaded lists that this gateway has begun."""

from __future__ import annotations

import asyncio
from typing import Any

from models.upload import JobName, Upload
from usecases import uploads
from usecases.context import Context
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
    task = asyncio.create_task(run_job(context, upload.id, job, **more))
    _running.add(task)
    task.add_done_callback(_running.discard)
    await asyncio.wait([task], timeout=_PATIENCE)
