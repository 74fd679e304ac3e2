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
    remedies,
    reports,
    schedules,
    uploading,
    uploads,
)
from gateway.requests.rooms import add_room
from usecases.context import Acts, Context

LARGER_BODIES = {launches.PATH: launches.LARGEST_FORM}
"""Paths that take larger bodies than all others, with how many bytes."""


def router(context: Context, acts: Acts) -> APIRouter:
    """The routes of all pages of the board."""
    routes = APIRouter(include_in_schema=False)
    for part in (
        *(programs, program, not_moving, publishing, uploading, change),
        *(leads, lists, schedules, launches, launch, uploads, reports),
    ):
        add_room(routes, part.router(context))
    add_room(routes, remedies.router(context, acts))
    return routes
