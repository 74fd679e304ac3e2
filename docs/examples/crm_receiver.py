"""A CRM in one file: takes what leadflow tells, and may take leads in a salesperson's name.

Needs `pip install standardwebhooks httpx`, and the secret that leadflow has in
LEADFLOW_CRM_SECRET. docs/crm.md tells the rest.
"""

from __future__ import annotations

import argparse
import json
import os
import queue
import threading
import time
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
from standardwebhooks import Webhook, WebhookVerificationError

MOST_BYTES = 1_000_000
TRIES = 5

Event = dict[str, Any]


class Inbox:
    """What was told so far. A real CRM keeps the ids in its database, with what it did."""

    def __init__(self, secrets: list[str]) -> None:
        self.new: queue.Queue[Event] = queue.Queue()
        self._webhooks = [Webhook(secret) for secret in secrets]
        self._seen: set[str] = set()
        self._lock = threading.Lock()

    def is_proven(self, body: bytes, headers: dict[str, str]) -> bool:
        """Whether one of the secrets signed this, within the last five minutes."""
        for webhook in self._webhooks:
            try:
                webhook.verify(body, headers, json_parse=False)
            except (WebhookVerificationError, ValueError):
                continue
            return True
        return False

    def take(self, event: Event) -> None:
        """Take an event; one that came before has no second effect."""
        with self._lock:
            if event["id"] in self._seen:
                return
            self._seen.add(event["id"])
            entry = json.dumps(event["data"]["entry"])
            print(f"{event['time']} {event['type']} {event['subject']} {entry}", flush=True)
            self.new.put(event)


def handler(inbox: Inbox) -> type[BaseHTTPRequestHandler]:
    """What answers leadflow: 204 once an event is taken, and at once."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            length = int(self.headers.get("content-length", 0))
            if length > MOST_BYTES:
                self.close_connection = True
                self._answer(413)
                return
            body = self.rfile.read(length)
            if not inbox.is_proven(body, dict(self.headers)):
                self._answer(401)
                return
            inbox.take(json.loads(body))
            self._answer(204)

        def _answer(self, status: int) -> None:
            self.send_response(status)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing of each request."""

    return Handler


def act(leadflow: str, secret: str, identity: str, asked: dict[str, Any]) -> str:
    """Have leadflow do an act. The same identity is the same act, however often it is sent."""
    body = json.dumps(asked)
    said = ""
    for attempt in range(TRIES):
        now = datetime.now(UTC)
        headers = {
            "content-type": "application/json",
            "webhook-id": identity,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": Webhook(secret).sign(identity, now, body),
        }
        try:
            answer = httpx.post(
                f"{leadflow}/v1/crm/acts", content=body, headers=headers, timeout=70
            )
        except httpx.HTTPError as error:
            said = f"no answer: {error}"
        else:
            said = "done" if answer.is_success else f"{answer.status_code} {answer.text}"
            if answer.status_code < 500:
                break
        time.sleep(2**attempt)
    return said


def accept_all(inbox: Inbox, leadflow: str, secret: str, person: str) -> None:
    """Accept every lead that this person is given."""
    while True:
        event = inbox.new.get()
        if event["type"] == "lead.assigned" and event["data"]["entry"].get("owner") == person:
            asked = {"lead": event["subject"], "do": "accept", "by": person}
            said = act(leadflow, secret, f"accept-{event['id']}", asked)
            print(f"accept {event['subject']} by {person}: {said}", flush=True)


def main() -> None:
    """Listen until Ctrl-C."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=9000, help="where to listen; 0 is any")
    parser.add_argument("--accept-as", metavar="ADDRESS", help="accept the leads of this person")
    parser.add_argument(
        "--leadflow", default="http://127.0.0.1:8080", help="where leadflow's gateway is"
    )
    options = parser.parse_args()
    secrets = os.environ.get("LEADFLOW_CRM_SECRET", "").split()
    if not secrets:
        parser.error("set LEADFLOW_CRM_SECRET to the secret that leadflow has")
    inbox = Inbox(secrets)
    if options.accept_as:
        asked = (inbox, options.leadflow, secrets[-1], options.accept_as)
        threading.Thread(target=accept_all, args=asked, daemon=True).start()
    server = ThreadingHTTPServer(("127.0.0.1", options.port), handler(inbox))
    server.daemon_threads = True
    print(f"listening on http://127.0.0.1:{server.server_port}", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        server.server_close()


if __name__ == "__main__":
    main()
