"""Sales people at their doors: the buttons of alerts, and the desk in a browser, over HTTP.

They sign in by the link that comes to their mailbox, open a lead's page, fill in a form of it
and send it, as a browser would.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from email.message import EmailMessage
from html import unescape
from typing import Any
from urllib.parse import quote

import httpx

from models.refusal import RefusedError

_BUTTON = re.compile(r"https?://\S+/a/[0-9a-f]+-0-[0-9a-f]+")
"""The first of an alert's acts: accepting."""
_WAY_IN = re.compile(r"https?://\S+(/desk/in/[^\s?]+)")
_HIDDEN = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)">')
_SAID = re.compile(r'<p[^>]* role="(?:status|alert)">([^<]*)</p>')
_ACCEPTED = "Accepted."
_SEE_OTHER, _CONFLICT = 303, 409
_NOT_FOR_YOU = (403, 404, 410)
_POST_TAKES = 30.0
"""Seconds within which a link to sign in arrives."""


class DeskVisits:
    """The browsers of sales people, one each. `url` is where the gateway answers."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._browsers: dict[str, httpx.AsyncClient] = {}
        self._ways_in: dict[str, asyncio.Future[str]] = {}
        self._at_the_door: dict[str, asyncio.Lock] = {}

    def way_in(self, person: str, mail: EmailMessage) -> None:
        """A mail with a link to sign in has arrived at this person's mailbox."""
        found = _WAY_IN.search(_text(mail))
        waiting = self._ways_in.get(person)
        if found is not None and waiting is not None and not waiting.done():
            waiting.set_result(found[1])

    async def press(self, mail: EmailMessage) -> None:
        """Accept by the alert's button. Raises RefusedError if the lead has moved on."""
        found = _BUTTON.search(_text(mail))
        if found is None:
            raise RefusedError("the alert has no button to accept")
        async with httpx.AsyncClient(timeout=_POST_TAKES) as browser:
            page = _whole(await browser.get(found[0]))
            form = dict(_hidden(page))
            if "id" not in form:
                raise RefusedError(_said(page))
            answer = await browser.post(found[0], data=form)
        said = _said(answer.text)
        if answer.is_server_error:
            raise ValueError(f"the gateway answered {answer.status_code} to a button")
        if said != _ACCEPTED:
            raise RefusedError(said)

    async def act(self, person: str, lead: str, do: str, fields: Mapping[str, Any]) -> None:
        """Act on a lead at the desk. Raises RefusedError with the sentence on the page."""
        browser = await self._signed_in(person)
        path = f"/desk/leads/{quote(lead, safe='')}"
        form = _form(_whole(await browser.get(path)), do)
        answer = await browser.post(f"{path}/acts", data={**form, **fields})
        if answer.status_code == _CONFLICT:
            raise RefusedError(_said(answer.text))
        if answer.status_code != _SEE_OTHER:
            _whole(answer)
            raise ValueError(f"the desk answered {answer.status_code} to {do}")

    async def close(self) -> None:
        """Close all browsers."""
        for browser in self._browsers.values():
            await browser.aclose()

    async def _signed_in(self, person: str) -> httpx.AsyncClient:
        async with self._at_the_door.setdefault(person, asyncio.Lock()):
            if person not in self._browsers:
                browser = httpx.AsyncClient(base_url=self._url, timeout=_POST_TAKES)
                self._browsers[person] = browser
                waiting = self._ways_in[person] = asyncio.get_running_loop().create_future()
                _whole(await browser.post("/desk/sign-in", data={"email": person}))
                async with asyncio.timeout(_POST_TAKES):
                    way_in = await waiting
                form = _hidden(_whole(await browser.get(way_in)))
                answer = await browser.post(way_in, data=dict(form))
                if answer.status_code != _SEE_OTHER:
                    raise ValueError(f"the desk answered {answer.status_code} to signing in")
            return self._browsers[person]


def _whole(answer: httpx.Response) -> str:
    """The page. Raises RefusedError where a person may not go any more, ValueError for the rest.

    A lead that was given back to marketing meanwhile is not to be seen by its last owner.
    """
    if answer.status_code in _NOT_FOR_YOU:
        raise RefusedError(_said(answer.text))
    if not answer.is_success:
        raise ValueError(f"the desk answered {answer.status_code}")
    return answer.text


def _hidden(html: str) -> list[tuple[str, str]]:
    return [(name, unescape(value)) for name, value in _HIDDEN.findall(html)]


def _form(html: str, do: str) -> dict[str, str]:
    """The hidden fields of an act's form on a lead's page; one that is not offered is tried too."""
    forms = [dict(_hidden(part)) for part in html.split("<form")[1:]]
    offered = next((one for one in forms if one.get("do") == do), None)
    return offered or {**next(one for one in forms if "token" in one), "do": do, "id": ""}


def _said(html: str) -> str:
    found = _SAID.search(html)
    return unescape(found[1]) if found is not None else "nothing was said"


def _text(mail: EmailMessage) -> str:
    part = mail.get_body(("plain",))
    return str(part.get_content()) if part is not None else ""
