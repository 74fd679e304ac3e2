"""Sends the events of the CRM outbox by HTTP, until the CRM accepts them or for three days.

Each event is a CloudEvent (1.0, structured mode), signed by Standard Webhooks. Several
dispatchers may run, in this process and in others.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import httpx
import structlog
from standardwebhooks import Webhook

from activities.tracing import span, trace_context
from adapters.crm.outbox import CrmEvent, SqlCrmOutbox
from models.instants import write_instant

LEASE = timedelta(minutes=1)
"""How long a dispatcher keeps an event for itself: longer than one try may last."""
GIVEN_UP_AFTER = timedelta(days=3)
"""After the first try."""
_FIRST_PAUSE = timedelta(seconds=5)
_LONGEST_PAUSE = timedelta(hours=6)
_JITTER = 0.2
_AT_ONCE = 10
_ANSWER_SECONDS = 10.0
_MOST_READ = 16_384
"""Bytes of an answer's body that are read, so that its connection can be used again."""
_LONGEST_REASON = 200
_SLOW_DOWN = (429, 503)
"""Answers whose `Retry-After` is followed (RFC 9110, RFC 6585)."""
_GONE = 410
_KEPT = timedelta(days=30)
_PURGE_EVERY = timedelta(hours=1)

_log = structlog.get_logger(__name__)


def cloud_event(event: CrmEvent, source: str) -> str:
    """The event as the JSON of a CloudEvent."""
    return json.dumps(
        {
            "specversion": "1.0",
            "id": event.id,
            "source": source,
            "type": event.type,
            "subject": event.lead,
            "time": write_instant(event.at),
            "datacontenttype": "application/json",
            "data": event.data,
        },
        separators=(",", ":"),
    )


def pause_after(tries: int) -> timedelta:
    """How long to wait after so many tries: 5 seconds, twice as long each time, at most 6 hours.

    The pause is longer or shorter by up to a fifth, by chance, so that events that failed
    together are not sent again together.
    """
    pause = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2.0 ** min(tries - 1, 20))
    return pause * random.uniform(1 - _JITTER, 1 + _JITTER)  # noqa: S311 - no secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiver:
    """Where events go, and how they are signed."""

    url: str
    secrets: Sequence[Webhook]
    """Each signs. During a change of secrets the CRM knows one of them."""
    source: str
    """The CloudEvents' `source`: a URI that names this leadflow."""
    answer_seconds: float = _ANSWER_SECONDS
    """How many seconds a try may last, from the connection to the answer."""

    def headers(self, event: CrmEvent, body: str, now: datetime) -> dict[str, str]:
        """The headers of a body that is sent now; with a trace, its context (W3C)."""
        signed = [one.sign(event.id, now, body) for one in self.secrets]
        context = trace_context()
        return {
            **({"traceparent": context} if context is not None else {}),
            "content-type": "application/cloudevents+json",
            "user-agent": "leadflow",
            "webhook-id": event.id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": " ".join(signed),
        }


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int | None
    """None: there was no answer."""
    said: str
    wait: timedelta = timedelta(0)
    """How long the receiver asks us to wait."""

    @property
    def accepted(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


class CrmDispatcher:
    """A loop over the outbox. `pause` is how long it sleeps when nothing waits (seconds).

    `now` is the wall clock.
    """

    def __init__(
        self,
        outbox: SqlCrmOutbox,
        receiver: Receiver,
        *,
        pause: float = 0.5,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._outbox = outbox
        self._receiver = receiver
        self._pause = pause
        self._now = now
        self._stop = asyncio.Event()
        self._quiet_until = self._purged = datetime.min.replace(tzinfo=UTC)
        self._answers = True

    def stop(self) -> None:
        """End after the tries that are under way."""
        self._stop.set()

    async def run(self) -> None:
        """Send what waits, until `stop`. If the database does not answer, try again later."""
        under_way: set[asyncio.Task[None]] = set()
        stopped = asyncio.create_task(self._stop.wait())
        async with self._client() as client:
            try:
                while not stopped.done():
                    for event in await self._take(_AT_ONCE - len(under_way)):
                        under_way.add(asyncio.create_task(self._deliver(client, event)))
                    await asyncio.wait(
                        {stopped, *under_way},
                        timeout=self._pause,
                        return_when=asyncio.FIRST_COMPLETED,
                    )
                    under_way = {one for one in under_way if not one.done()}
            finally:
                stopped.cancel()
                await asyncio.gather(*under_way)

    async def once(self) -> int:
        """Send what can be sent now. Returns how many events were tried."""
        async with self._client() as client:
            taken = await self._take(_AT_ONCE)
            await asyncio.gather(*(self._deliver(client, one) for one in taken))
        return len(taken)

    def _client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            timeout=self._receiver.answer_seconds,
            follow_redirects=False,
            limits=httpx.Limits(max_connections=_AT_ONCE),
        )

    async def _take(self, room: int) -> list[CrmEvent]:
        now = self._now()
        if not room or now < self._quiet_until:
            return []
        try:
            taken = await asyncio.to_thread(self._outbox.take, room, LEASE)
            if now - self._purged > _PURGE_EVERY:
                self._purged = now
                await asyncio.to_thread(self._outbox.purge, now - _KEPT)
        except Exception as error:  # noqa: BLE001 - whatever it was, what is stored is sent later
            _log.error(
                "the events of the CRM outbox can't be read; they are tried again",
                why=type(error).__name__,
            )
            return []
        return taken

    async def _deliver(self, client: httpx.AsyncClient, event: CrmEvent) -> None:
        """Try once, and record the result. Unrecorded, it is sent again when the lease ends."""
        try:
            with span("send CRM event", [event.trace], type=event.type, tries=event.tries):
                answer = await self._post(client, event)
            self._log_change(answer)
            await asyncio.to_thread(self._note, event, answer)
        except Exception as error:  # noqa: BLE001 - whatever it was, the event is still stored
            _log.error(
                "the result of an event can't be recorded", id=event.id, why=type(error).__name__
            )

    async def _post(self, client: httpx.AsyncClient, event: CrmEvent) -> _Answer:
        url, seconds, now = self._receiver.url, self._receiver.answer_seconds, self._now()
        body = cloud_event(event, self._receiver.source)
        headers = self._receiver.headers(event, body, now)
        answer = None
        try:
            async with (
                asyncio.timeout(seconds),
                client.stream("POST", url, content=body, headers=headers) as response,
            ):
                answer = _read(response, now)
                await _drain(response)
        except (TimeoutError, httpx.TimeoutException):
            said = f"no answer within {seconds:g} seconds"
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            said = f"no answer: {str(error) or type(error).__name__}"[:_LONGEST_REASON]
        else:
            return answer
        # The status counts, even if the body could not be read.
        return answer or _Answer(None, said)

    def _note(self, event: CrmEvent, answer: _Answer) -> None:
        now = self._now()
        given_up = (event.first_tried or now) + GIVEN_UP_AFTER
        if answer.accepted:
            self._outbox.sent(event)
        elif answer.status == _GONE or now >= given_up:
            self._outbox.dead(event, answer.said)
            _log.error(
                "an event for the CRM was given up",
                id=event.id,
                type=event.type,
                lead=event.lead,
                tries=event.tries,
                why=answer.said,
            )
        else:
            wait = max(pause_after(event.tries), answer.wait)
            self._quiet_until = max(self._quiet_until, now + answer.wait)
            self._outbox.again(event, answer.said, min(now + wait, given_up))

    def _log_change(self, answer: _Answer) -> None:
        """Log the first failure and the first success after it, not each try of three days."""
        if answer.accepted and not self._answers:
            _log.info("the CRM accepts events again")
        elif not answer.accepted and self._answers:
            _log.warning("the CRM does not accept an event; it is tried again", why=answer.said)
        self._answers = answer.accepted


def _read(response: httpx.Response, now: datetime) -> _Answer:
    said = f"{response.status_code} {response.reason_phrase}".strip()[:_LONGEST_REASON]
    asked = response.headers.get("retry-after", "")
    follows = response.status_code in _SLOW_DOWN
    return _Answer(response.status_code, said, _wait(asked, now) if follows else timedelta(0))


def _wait(asked: str, now: datetime) -> timedelta:
    """How long a `Retry-After` asks us to wait; zero if it can't be read."""
    try:
        if asked.strip().isdecimal():
            wait = timedelta(seconds=int(asked))
        else:
            wait = parsedate_to_datetime(asked).astimezone(UTC) - now
    except (ValueError, OverflowError):
        return timedelta(0)
    return min(max(wait, timedelta(0)), _LONGEST_PAUSE)


async def _drain(response: httpx.Response) -> None:
    """Read a short body. Of a long one, stop after its first bytes."""
    read = 0
    with suppress(httpx.HTTPError):
        async for part in response.aiter_raw():
            read += len(part)
            if read > _MOST_READ:
                return
