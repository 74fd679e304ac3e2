"""The HTTP application: its routes, its errors, its OpenAPI document."""

from __future__ import annotations

from fastapi import FastAPI
from fastapi.middleware import Middleware
from fastapi.middleware.gzip import GZipMiddleware

from gateway import board, desk, health, providers
from gateway.api import (
    crm,
    event_outcomes,
    intake,
    lead_acts,
    leads,
    merging,
    programs,
    reports,
)
from gateway.api.crm_webhooks import describe_webhooks
from gateway.api.item_documents import name_items
from gateway.config import UNCONFIGURED, GatewayConfig
from gateway.recipients import confirming, preferences, snippet, tracking, unsubscribing
from gateway.requests.answer_headers import AnswerHeaders
from gateway.requests.etags import ETags
from gateway.requests.head import HeadAsGet
from gateway.requests.limits import BodyLimit
from gateway.requests.problems import ProblemDetails, explain
from gateway.requests.rooms import add_room
from gateway.requests.throttle import LIMITS, Limits, Throttle
from gateway.requests.traced import Traced
from usecases.context import Acts, Context

_DESCRIPTION = """The gateway takes leads, events, reports about mail and acts from the CRM.
Sales people see their leads here and act on them.

Every error is a problem document (RFC 9457). An answer of 202 means that the item is stored. It
reaches its lead, also if this process dies."""


class _Gateway(FastAPI):
    """FastAPI with our errors in the OpenAPI document, in place of its own."""

    def openapi(self) -> dict[str, object]:
        """The OpenAPI document."""
        if not self.openapi_schema:
            document = super().openapi()
            schemas = document.setdefault("components", {}).setdefault("schemas", {})
            schemas["ProblemDetails"] = ProblemDetails.model_json_schema(
                ref_template="#/components/schemas/{model}"
            )
            schemas.update(schemas["ProblemDetails"].pop("$defs", {}))
            name_items(schemas)
            for name in ("HTTPValidationError", "ValidationError"):
                schemas.pop(name, None)
            for operations in [*document["paths"].values(), *document["webhooks"].values()]:
                for operation in operations.values():
                    # A route that does not name 422 never answers it: any text is a valid path.
                    if "application/json" in operation["responses"].get("422", {}).get(
                        "content", {}
                    ):
                        del operation["responses"]["422"]
        return self.openapi_schema or {}


def build_app(
    context: Context,
    acts: Acts,
    limits: Limits = LIMITS,
    *,
    config: GatewayConfig = UNCONFIGURED,
) -> FastAPI:
    """Build the application. `acts` performs what people decide about leads."""
    app = _Gateway(
        title="leadflow",
        version="1",
        description=_DESCRIPTION,
        middleware=[
            Middleware(Traced),
            Middleware(AnswerHeaders),
            Middleware(HeadAsGet),  # outside of compression, so that HEAD has the length of GET
            # A page with a form's token is compressed too: no other site can make the browser of
            # a signed-in person ask for pages again and again (cookies are SameSite=Lax), which
            # guessing a token by the answer's size would need (the BREACH attack).
            Middleware(GZipMiddleware, minimum_size=1_000, compresslevel=6),
            Middleware(ETags),
            Middleware(Throttle, limits=limits),
            Middleware(BodyLimit, most=config.most_bytes, larger=board.LARGER_BODIES),
        ],
        docs_url=None,
        redoc_url=None,
    )
    explain(app)
    describe_webhooks(app)
    for part in (
        health,
        intake,
        leads,
        event_outcomes,
        unsubscribing,
        preferences,
        confirming,
    ):
        add_room(app.router, part.router(context))
    add_room(app.router, tracking.router(context, config.web_origins))
    add_room(app.router, providers.router(context, config.providers))
    add_room(
        app.router,
        snippet.router(context, config.web_origins, forms_need_key=config.web_forms_need_key),
    )
    add_room(app.router, lead_acts.router(context, acts))
    add_room(app.router, merging.router(context, acts))
    add_room(app.router, programs.router(context))
    add_room(app.router, reports.router(context))
    add_room(app.router, crm.router(context, acts, config.crm_secrets))
    add_room(app.router, desk.router(context, acts, config.action_links_last))
    add_room(app.router, board.router(context, acts))
    desk.explain(app, context)
    return app
