"""This machine: secrets, disk, and the gateway as it is seen from outside."""

from __future__ import annotations

import asyncio
import shutil
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path

import httpx

from adapters.sql.database import open_database
from assembly.doctor.check import Check
from assembly.mail import signed_links
from assembly.settings import Settings

_LEAST_BYTES = 1_000_000_000
_CLOCK = timedelta(seconds=5)
"""The `Date` of an answer has whole seconds."""
_SECONDS = 5.0
_NOBODY = "nobody@doctor.invalid"


async def look_at_secrets(settings: Settings) -> AsyncIterator[Check]:
    """Whether links that are in people's mailboxes will go on to work."""
    file = settings.home / "secret"
    if settings.secret is not None:
        yield Check("secret of links", "ok", "LEADFLOW_SECRET is set")
    elif settings.public_url:
        said = f"it is kept in {file.name} of LEADFLOW_HOME, on this machine alone"
        yield Check("secret of links", "wrong", said, "set LEADFLOW_SECRET for all processes")
    else:
        yield Check("secret of links", "ok", "kept in LEADFLOW_HOME, for this machine")
    if (
        await asyncio.to_thread(file.exists)
        and (await asyncio.to_thread(file.stat)).st_mode & 0o077
    ):
        yield Check("secret of links", "wrong", "others may read the file", "chmod 600 it")


async def look_at_disk(settings: Settings) -> AsyncIterator[Check]:
    """Whether there is room where this installation writes."""
    database = open_database(settings.database)
    file = database.file
    database.close()
    place = await asyncio.to_thread(_existing, file or settings.home)
    free = (await asyncio.to_thread(shutil.disk_usage, place)).free
    said = f"{free / 1e9:.1f} GB are free"
    if free < _LEAST_BYTES:
        yield Check("disk", "wrong", said, "make room: a full disk stops leads and intake")
    else:
        yield Check("disk", "ok", said)


def _existing(place: Path) -> Path:
    """The nearest folder above that exists."""
    return next(one for one in (place, *place.absolute().parents) if one.exists())


async def look_at_monitoring(settings: Settings) -> AsyncIterator[Check]:
    """What the process of this machine says of itself, if it has a monitoring port.

    It alone knows that its database's file was deleted or replaced under it.
    """
    if not settings.monitoring_port:
        return
    name = f"process at port {settings.monitoring_port}"
    url = f"http://{settings.monitoring_host}:{settings.monitoring_port}/ready"
    try:
        async with httpx.AsyncClient(timeout=_SECONDS, trust_env=False) as http:
            answer = await http.get(url)
    except httpx.HTTPError as error:
        said = f"its monitoring port does not answer: {type(error).__name__}"
        yield Check(name, "wrong", said, "start it, or set LEADFLOW_MONITORING_PORT right")
        return
    if answer.status_code == httpx.codes.OK:
        yield Check(name, "ok", "it is ready")
    else:
        yield Check(name, "wrong", answer.text[:400], "see its log")


async def look_at_gateway(settings: Settings) -> AsyncIterator[Check]:
    """Whether the gateway answers at its public address, and whether its clock agrees."""
    if not settings.public_url:
        remedy = "set LEADFLOW_PUBLIC_URL to the gateway's address from outside"
        yield Check("gateway", "warning", "links in mail are not tracked", remedy)
        return
    url = f"{settings.public_url}/ready"
    before = datetime.now(UTC)
    try:
        async with httpx.AsyncClient(timeout=_SECONDS) as http:
            answer = await http.get(url)
            links = await _links(settings, http) if answer.is_success else None
    except httpx.HTTPError as error:
        said = f"{settings.public_url} does not answer: {type(error).__name__}"
        yield Check("gateway", "wrong", said, "start it: `leadflow gateway`; look at the proxy")
        return
    if answer.status_code != httpx.codes.OK:
        said = f"it answers {answer.status_code}: {answer.text[:200]}"
        yield Check("gateway", "wrong", said, "see its log")
    else:
        yield Check("gateway", "ok", f"{settings.public_url} is ready")
    if links is not None:
        yield links
    if (date := answer.headers.get("date")) is not None:
        # A slow answer is no wrong clock: theirs must lie between the question and the answer.
        theirs = parsedate_to_datetime(date)
        apart = max(before - theirs, theirs - datetime.now(UTC), timedelta(0))
        said = f"the gateway's clock and this machine's are {apart.total_seconds():.0f} s apart"
        right = apart <= _CLOCK
        yield Check(
            "clocks", "ok" if right else "wrong", said, "" if right else "let both follow NTP"
        )


async def _links(settings: Settings, http: httpx.AsyncClient) -> Check | None:
    """Whether a link that is signed here opens at the gateway: it must have the same secret.

    The link is an unsubscribe link of a mail that was never sent; to open it changes nothing. None
    if no secret has been made yet.
    """
    if settings.secret is None and not await asyncio.to_thread((settings.home / "secret").exists):
        return None
    link = signed_links(settings).unsubscribe(f"{uuid.uuid4().hex}@doctor.invalid", _NOBODY)
    if (await http.get(link)).status_code == httpx.codes.OK:
        return Check("links in mail", "ok", "a link that is signed here opens at the gateway")
    said = "a link that is signed with this machine's secret does not open at the gateway"
    remedy = "set the same LEADFLOW_SECRET for workers and gateways; old keys stand before new ones"
    return Check("links in mail", "wrong", said, remedy)
