"""The board on a fresh SQLite database, called in this process."""

from __future__ import annotations

from tests.desk.conftest import (
    acme,
    browser,
    clock,
    context,
    database,
    gateway_template,
    http,
    leads,
    mailer,
    sign_in,
)

__all__ = [
    "acme",
    "browser",
    "clock",
    "context",
    "database",
    "gateway_template",
    "http",
    "leads",
    "mailer",
    "sign_in",
]
