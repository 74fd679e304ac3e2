"""The board: people of marketing see where their leads are and why they do not go on."""

from __future__ import annotations

from fastapi import APIRouter

from gateway.board import (
    change,
    launch,
    launches,
    leads,
    lists,
    not_moving,
    program,
    programs,
    publishing,
    reports,
    schedules,
    uploading,
    uploads,
)
from gateway.requests.rooms import add_room
from usecases.context import Context

LARGER_BODIES = {launches.PATH: launches.LARGEST_FORM}
"""Paths that take larger bodies than all others, with how many bytes."""


def router(context: Context) -> APIRouter:
    """The routes of all pages of the board."""
    routes = APIRouter(include_in_schema=False)
    for part in (
        *(programs, program, not_moving, publishing, uploading, change),
        *(leads, lists, schedules, launches, launch, uploads, reports),
    ):
        add_room(routes, part.router(context))
    return routes
