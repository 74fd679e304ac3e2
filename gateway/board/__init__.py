"""The board: people of marketing see where their leads are and why they do not go on."""

from __future__ import annotations

from fastapi import APIRouter

from gateway.board import lists, program, programs, schedules
from usecases.context import Context


def router(context: Context) -> APIRouter:
    """The routes of all pages of the board."""
    routes = APIRouter(include_in_schema=False)
    for part in (programs, program, schedules, lists):
        routes.include_router(part.router(context))
    return routes
