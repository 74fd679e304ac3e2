"""A room of the gateway: the routes of one subject, added to the application as they stand."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.routing import APIRoute


def operation_name(route: APIRoute) -> str:
    """The name of a route's operation in the API document: that of its function."""
    return route.name


def add_room(routes: APIRouter, room: APIRouter) -> None:
    """Add the routes of a room, each of which has the room's prefix, tags and classes already.

    FastAPI's `include_router` analyses each route a second time, at the first request. That is half
    of the processor time that a gateway needs to start.
    """
    for route in room.routes:
        if isinstance(route, APIRoute):
            # The name of an operation in the API document, where it says none itself.
            route.unique_id = route.operation_id or operation_name(route)
    routes.routes.extend(room.routes)
