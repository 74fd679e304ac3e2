"""Publish an earlier version again: first what it changes, then the publication."""

# Annotations are not postponed here: they name dependencies that the router makes.

import asyncio
from collections import Counter
from typing import Annotated

from fastapi import APIRouter, Depends, Form
from fastapi.responses import HTMLResponse, Response

from adapters.reports.board_figures import IN_FLIGHT
from gateway.board.change import WAY_WORDS, back_to, grouped
from gateway.board.numbers import BoardNumbers
from gateway.board.program import known_program
from gateway.board.user import BoardUser, board_form
from gateway.web.desk_session import DeskProblemError
from gateway.web.pages import page
from lifecycle.changes.differences import differences
from models.publication import IN_FLIGHT as WAYS
from models.publication import InFlight
from simulation.impact import Impact
from usecases.context import Context
from usecases.impacting import impact_of
from usecases.publishing import ChosenProgram, LeadsInFlight

_MOST_PLAYED = 500
"""Of more leads in flight the page shows no impact: playing a lead's future takes milliseconds."""


def router(context: Context) -> APIRouter:
    """The routes of both forms."""
    routes = APIRouter(include_in_schema=False)
    form_user = board_form(context)

    @routes.post("/board/programs/{name}/review")
    def review(
        name: str,
        user: Annotated[BoardUser, Depends(form_user)],
        *,
        version: Annotated[str, Form()] = "",
        in_flight: Annotated[str, Form()] = "",
        note: Annotated[str, Form(max_length=500)] = "",
    ) -> HTMLResponse:
        """Show what publishing this version again would change. It changes nothing."""
        newest = known_program(context, name)
        meant, way = known_program(context, name, version or "none"), _way(in_flight)
        standing = BoardNumbers(context, user).count(IN_FLIGHT, program=name).of(IN_FLIGHT)
        impact = None
        if standing.value <= _MOST_PLAYED:
            impact, _ = impact_of(context.database, meant, in_flight=way, recheck=False)
        return page(
            "board_review.html",
            context,
            zone=user.zone,
            user=user,
            program_name=name,
            newest=newest.digest,
            meant=meant.digest,
            way=way,
            way_words=WAY_WORDS[way],
            note=note,
            in_flight=standing,
            groups=grouped(differences(newest, meant)),
            impact=impact,
            counts=_counts(impact) if impact is not None else [],
        )

    @routes.post("/board/programs/{name}/publish")
    async def publish(
        name: str,
        user: Annotated[BoardUser, Depends(form_user)],
        *,
        version: Annotated[str, Form()] = "",
        newest: Annotated[str, Form()] = "",
        in_flight: Annotated[str, Form()] = "",
        note: Annotated[str, Form(max_length=500)] = "",
    ) -> Response:
        """Publish a version again, if the newest is still the one that was shown."""
        before = await asyncio.to_thread(known_program, context, name)
        meant = await asyncio.to_thread(known_program, context, name, version or "none")
        if before.digest != newest:
            raise DeskProblemError(
                409,
                f"Meanwhile version {before.digest[:12]} of {name} was published. Nothing was"
                " changed; look at the change again.",
            )
        leads = LeadsInFlight(in_flight=_way(in_flight))
        chosen = ChosenProgram(meant, None, from_file=True)
        if context.schedules is None:
            await asyncio.to_thread(
                chosen.publish, context.database, by=user.person, note=note, leads=leads
            )
        else:
            await chosen.publish_on(
                context.schedules, context.database, by=user.person, note=note, leads=leads
            )
        return back_to(name)

    return routes


def _way(text: str) -> InFlight:
    found = next((one for one in WAYS if one == text), None)
    if found is None:
        raise DeskProblemError(422, "Say what becomes of the leads in flight.")
    return found


def _counts(found: Impact) -> list[tuple[str, str, str, int]]:
    """How many leads have something earlier, later, newly or never, the most first."""
    counted = Counter({(kind, about, how): n for (kind, about, how), n in found.counts.items()})
    return [(kind, about, how, number) for (kind, about, how), number in counted.most_common(50)]
