"""Chats of sales teams, by incoming webhooks. Their URLs are secrets, so no log shows them."""

from __future__ import annotations

from collections.abc import Mapping

import httpx
from pydantic import SecretStr

from activities.ports import ChatAwayError, ChatRefusedError, Payload

EVERY_TEAM = "*"
"""The key of the webhook for teams that have none of their own."""
_TOO_MANY = 429
_LONGEST_REASON = 100


class ChatWebhooks:
    """One webhook a team. `timeout` is how many seconds an answer may take."""

    def __init__(self, urls: Mapping[str, SecretStr], *, timeout: float = 10.0) -> None:
        self._urls = urls
        self._timeout = timeout

    @property
    def in_use(self) -> bool:
        """Whether any team has a webhook."""
        return bool(self._urls)

    def reaches(self, team: str | None) -> bool:
        """Whether this team has a webhook."""
        return self._url(team) is not None

    async def post(self, team: str | None, message: Payload) -> None:
        """Post a message. Raises ChatAwayError (no answer, 5xx, 429) and ChatRefusedError."""
        url = self._url(team)
        if url is None:
            raise ChatRefusedError(f"team {team} has no chat")
        try:
            async with httpx.AsyncClient(timeout=self._timeout) as http:
                answer = await http.post(url.get_secret_value(), json=message)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            # The error's own text may hold the URL.
            raise ChatAwayError(f"the chat does not answer: {type(error).__name__}") from None
        if answer.is_success:
            return
        said = " ".join(answer.text.split())[:_LONGEST_REASON]
        reason = f"the chat answered {answer.status_code} {said}".strip()
        if answer.is_server_error or answer.status_code == _TOO_MANY:
            raise ChatAwayError(reason)
        raise ChatRefusedError(reason)

    def _url(self, team: str | None) -> SecretStr | None:
        own = self._urls.get(team) if team is not None else None
        return own or self._urls.get(EVERY_TEAM)
