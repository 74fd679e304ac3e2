"""Sales people over HTTP: the buttons of alerts, and the desk as a browser uses it.

They sign in by the link that comes to their mailbox, open a lead's page, fill in one of its
forms and send it. Each request is tried again as retries.py says.
"""

from __future__ import annotations

import asyncio
import re
import uuid
from collections.abc import Mapping
from email.message import EmailMessage
from html import unescape
from typing import Any
from urllib.parse import quote

import httpx

from demonstration.retries import PAUSES, request
from models.refusal import RefusedError

_BUTTON = re.compile(r"https?://\S+/a/[0-9a-f]+-0-[0-9a-f]+")
"""The first of an alert's acts: accepting."""
_SIGN_IN_LINK = re.compile(r"https?://\S+(/desk/in/[^\s?]+)")
_HIDDEN_FIELD = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)">')
_MESSAGE = re.compile(r'<p[^>]* role="(?:status|alert)">([^<]*)</p>')
_ACCEPTED = ("Accepted.", "This was done already.")
"""How the page begins once a lead is accepted. A form was offered before it was sent, so what was
done already was done by a try whose answer was lost."""
_SEE_OTHER, _CONFLICT = 303, 409
_NOT_ALLOWED = (403, 404, 410)
_ANSWER_SECONDS = 30.0
"""How long one answer is waited for; the gateway itself answers an act within 25 seconds."""
_LINK_SECONDS = 45.0
"""How long a link to sign in is waited for."""
_SIGN_INS = 4
"""How often signing in is tried: a link is sent every two minutes at most, so four waits are
longer than that."""


class DeskClient:
    """The browsers of sales people, one each. `url` is where the gateway answers."""

    def __init__(
        self,
        url: str,
        *,
        pauses: tuple[float, ...] = PAUSES,
        answer_seconds: float = _ANSWER_SECONDS,
    ) -> None:
        self._url = url
        self._pauses = pauses
        self._answer_seconds = answer_seconds
        self._browsers: dict[str, httpx.AsyncClient] = {}
        self._links: dict[str, asyncio.Future[str]] = {}
        self._signing_in: dict[str, asyncio.Lock] = {}

    def take_link(self, person: str, mail: EmailMessage) -> None:
        """Take a mail with a link to sign in, which has arrived at this person's mailbox."""
        found = _SIGN_IN_LINK.search(_text(mail))
        waiting = self._links.get(person)
        if found is not None and waiting is not None and not waiting.done():
            waiting.set_result(found[1])

    async def accept(self, alert: str) -> None:
        """Accept by the button in an alert's text. Raises RefusedError if the lead has moved on."""
        found = _BUTTON.search(alert)
        if found is None:
            raise RefusedError("the alert has no button to accept")
        async with httpx.AsyncClient(timeout=self._answer_seconds) as browser:
            page = _page(await self._request(browser, "GET", found[0]))
            form = dict(_hidden_fields(page))
            if "id" not in form:
                raise RefusedError(_message(page))
            answer = await self._request(browser, "POST", found[0], data=form)
        if answer.is_server_error:
            raise ValueError(f"the gateway answered {answer.status_code} to a button")
        if not _message(answer.text).startswith(_ACCEPTED):
            raise RefusedError(_message(answer.text))

    async def act(self, person: str, lead: str, do: str, fields: Mapping[str, Any]) -> None:
        """Act on a lead at the desk. Raises RefusedError with the sentence on the page."""
        browser = await self._signed_in(person)
        path = f"/desk/leads/{quote(lead, safe='')}"
        form = _form(_page(await self._request(browser, "GET", path)), do)
        answer = await self._request(browser, "POST", f"{path}/acts", data={**form, **fields})
        if answer.status_code == _CONFLICT:
            raise RefusedError(_message(answer.text))
        if answer.status_code != _SEE_OTHER:
            _page(answer)
            raise ValueError(f"the desk answered {answer.status_code} to {do}")

    async def close(self) -> None:
        """Close all browsers."""
        for browser in self._browsers.values():
            await browser.aclose()

    async def _request(
        self, browser: httpx.AsyncClient, method: str, url: str, **more: Any
    ) -> httpx.Response:
        return await request(browser, method, url, pauses=self._pauses, **more)

    async def _signed_in(self, person: str) -> httpx.AsyncClient:
        async with self._signing_in.setdefault(person, asyncio.Lock()):
            if person not in self._browsers:
                self._browsers[person] = await self._new_session(person)
            return self._browsers[person]

    async def _new_session(self, person: str) -> httpx.AsyncClient:
        """A browser that is signed in. A link works once, so a lost answer costs a new link."""
        browser = httpx.AsyncClient(base_url=self._url, timeout=self._answer_seconds)
        failure: Exception | None = None
        for _ in range(_SIGN_INS):
            try:
                await self._sign_in(browser, person)
            except (RefusedError, TimeoutError) as error:
                failure = error
            except BaseException:
                await browser.aclose()
                raise
            else:
                return browser
        await browser.aclose()
        raise ValueError("no link to sign in came, or none worked") from failure

    async def _sign_in(self, browser: httpx.AsyncClient, person: str) -> None:
        waiting = self._links[person] = asyncio.get_running_loop().create_future()
        _page(await self._request(browser, "POST", "/desk/sign-in", data={"email": person}))
        async with asyncio.timeout(_LINK_SECONDS):
            link = await waiting
        form = _hidden_fields(_page(await self._request(browser, "GET", link)))
        answer = await self._request(browser, "POST", link, data=dict(form))
        if answer.status_code != _SEE_OTHER:
            _page(answer)
            raise ValueError(f"the desk answered {answer.status_code} to signing in")


def _page(answer: httpx.Response) -> str:
    """The page. Raises RefusedError where a person may not go any more, ValueError for the rest.

    A lead that was given back to marketing meanwhile is not to be seen by its last owner.
    """
    if answer.status_code in _NOT_ALLOWED:
        raise RefusedError(_message(answer.text))
    if not answer.is_success:
        raise ValueError(f"the desk answered {answer.status_code}")
    return answer.text


def _hidden_fields(html: str) -> list[tuple[str, str]]:
    return [(name, unescape(value)) for name, value in _HIDDEN_FIELD.findall(html)]


def _form(html: str, do: str) -> dict[str, str]:
    """The hidden fields of an act's form on a lead's page; an act that is not offered is tried too.

    Raises ValueError for a page without forms.
    """
    forms = [dict(_hidden_fields(part)) for part in html.split("<form")[1:]]
    offered = next((one for one in forms if one.get("do") == do), None)
    if offered is not None:
        return offered
    session = next((one for one in forms if "token" in one), None)
    if session is None:
        raise ValueError("the lead's page has no form")
    return {**session, "do": do, "id": uuid.uuid4().hex}


def _message(html: str) -> str:
    found = _MESSAGE.search(html)
    return unescape(found[1]) if found is not None else "the page says nothing"


def _text(mail: EmailMessage) -> str:
    part = mail.get_body(("plain",))
    return str(part.get_content()) if part is not None else ""
