"""The board: people of marketing see where their leads are and why they do not go on."""

from __future__ import annotations

from fastapi import APIRouter

from gateway.board import programs
from usecases.context import Context


def router(context: Context) -> APIRouter:
    """The routes of all pages of the board."""
    routes = APIRouter(include_in_schema=False)
    routes.include_router(programs.router(context))
    return routes
