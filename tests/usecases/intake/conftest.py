"""The gateway's database and context, and the command line beside them."""

from __future__ import annotations

from tests.gateway.conftest import acts, context, database, gateway_template, http, mailer

__all__ = ["acts", "context", "database", "gateway_template", "http", "mailer"]
