"""The whole examination: which parts there are, and in which order they are shown."""

from __future__ import annotations

import asyncio
from functools import partial

from dns.asyncresolver import Resolver

from assembly.doctor.check import Check, looked
from assembly.doctor.database import look_at_database, look_at_stuck_work
from assembly.doctor.machine import (
    look_at_disk,
    look_at_gateway,
    look_at_monitoring,
    look_at_secrets,
)
from assembly.doctor.mail import look_at_dns, look_at_relay
from assembly.doctor.teams import look_at_teams
from assembly.doctor.temporal import look_at_temporal
from assembly.settings import Settings


async def examine(settings: Settings, resolver: Resolver | None = None) -> list[Check]:
    """Look at every part at the same time; nothing is changed."""
    parts = {
        "database": partial(look_at_database, settings),
        "Temporal": partial(look_at_temporal, settings),
        "stuck work": partial(look_at_stuck_work, settings),
        "teams": partial(look_at_teams, settings),
        "monitoring": partial(look_at_monitoring, settings),
        "gateway": partial(look_at_gateway, settings),
        "mail relay": partial(look_at_relay, settings),
        "DNS": partial(look_at_dns, settings, resolver),
        "secrets": partial(look_at_secrets, settings),
        "disk": partial(look_at_disk, settings),
    }
    found = await asyncio.gather(*(looked(name, look) for name, look in parts.items()))
    return [one for part in found for one in part]
