"""Temporal's own development server as a child process, with its database in a file."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from temporalio.client import Client
from temporalio.service import RPCError

from adapters.temporal.client import TemporalUnavailableError
from adapters.temporal.connection import (
    connect_to,
    embedded_file,
    known_address,
    missing_attributes,
)
from workflows.attributes import KEYS

HOST = "127.0.0.1"
_STARTS = 3
"""How often a start is tried: the server also chooses free ports, and another may take them."""
_HEALTHY_SECONDS = 30.0
_STOP_SECONDS = 10.0
_OPTIONS = (
    *("--sqlite-pragma", "journal_mode=wal"),
    *("--sqlite-pragma", "synchronous=normal"),
    *("--dynamic-config-value", "matching.enableFairness=true"),
    *("--log-level", "error"),
)


class EmbeddedServerError(Exception):
    """The embedded server can't be started; the message says why and what to do."""


def shipped(program: str) -> str:
    """A server's program that a package put beside this Python. Raises EmbeddedServerError."""
    beside = [sysconfig.get_path("scripts"), str(Path(sys.executable).parent)]
    found = shutil.which(program, path=os.pathsep.join(beside)) or shutil.which(program)
    if found is None:
        raise EmbeddedServerError(f"the program `{program}` is missing; run `make setup`")
    return found


def search_attributes() -> list[str]:
    """Options that register our search attributes."""
    return [
        part
        for key in KEYS.values()
        for part in ("--search-attribute", f"{key.name}={key.indexed_value_type.name.capitalize()}")
    ]


class EmbeddedServer:
    """One development server; leave the `async with` block to stop it.

    With a port of 0 a free one is taken; `address` and `ui` say where it listens.
    `options` are further options of `temporal server start-dev`.
    """

    def __init__(
        self, home: Path, *, port: int = 7233, ui_port: int = 8233, options: Sequence[str] = ()
    ) -> None:
        self._home = home
        _end_orphan(home)
        running = known_address(home)
        if running is not None:
            raise EmbeddedServerError(
                f"an embedded Temporal server of {home} runs already at {running}; use it, or stop"
                f" it first: Ctrl-C where it was started, or end process {_recorded(home, 'pid')}"
            )
        self._asked = (port, ui_port)
        self._choose_ports()
        self._options = options
        self._child: subprocess.Popen[bytes] | None = None

    def _choose_ports(self) -> None:
        port, ui_port = self._asked
        self._port = _usable(port, "Temporal", "--port")
        self._ui_port = _usable(ui_port, "Temporal's web UI", "--ui-port")

    @property
    def address(self) -> str:
        """Where clients connect: host and port."""
        return f"{HOST}:{self._port}"

    @property
    def ui(self) -> str:
        """The web UI's URL."""
        return f"http://{HOST}:{self._ui_port}"

    @property
    def pid(self) -> int | None:
        """The child's process id, while it runs."""
        return self._child.pid if self._child is not None else None

    async def start(self) -> Client:
        """Start the server and wait until it answers; a client for it.

        Raises EmbeddedServerError, having stopped the child.
        """
        log = self._home / "temporal.log"
        for _ in range(_STARTS):
            client = await self._started(log)
            if client is not None:
                recorded = {"address": self.address, "ui": self.ui, "pid": self.pid}
                recorded["owner"] = os.getpid()
                embedded_file(self._home).write_text(json.dumps(recorded))
                return client
            self._choose_ports()
        raise EmbeddedServerError(
            f"the embedded Temporal server ended as soon as it was started, {_STARTS} times;"
            f" {log} ends with: {_tail(log)}"
        )

    async def _started(self, log: Path) -> Client | None:
        """Start the child. None if it ended at once: another process took the port first."""
        self._child = self._spawn(log)
        try:
            client = await self._healthy(log)
        except BaseException:
            self.stop()
            raise
        if client is None:
            self.stop()
        return client

    async def _healthy(self, log: Path) -> Client | None:
        deadline = time.monotonic() + _HEALTHY_SECONDS
        while time.monotonic() < deadline:
            if self._child is not None and self._child.poll() is not None:
                return None
            with contextlib.suppress(TemporalUnavailableError, RPCError):
                client = await connect_to(self.address)
                if not await missing_attributes(client):
                    return client
            await asyncio.sleep(0.05)
        raise EmbeddedServerError(
            f"the embedded Temporal server did not come up within {_HEALTHY_SECONDS:.0f} seconds;"
            f" {log} ends with: {_tail(log)}"
        )

    def _spawn(self, log: Path) -> subprocess.Popen[bytes]:
        self._home.mkdir(parents=True, exist_ok=True)
        command = [
            *(shipped("temporal"), "server", "start-dev", "--ip", HOST),
            *("--port", str(self._port), "--ui-port", str(self._ui_port)),
            *("--db-filename", str(self._home / "temporal.db")),
            *_OPTIONS,
            *search_attributes(),
            *self._options,
        ]
        with log.open("ab") as out:
            # Its own session: Ctrl-C stops this process, which stops the server after the worker.
            return subprocess.Popen(  # noqa: S603 - our own binary and options
                command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True
            )

    def stop(self) -> None:
        """Stop the child: by a signal first, then by force. A second stop does nothing."""
        child, self._child = self._child, None
        if child is None:
            return
        child.terminate()
        try:
            child.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
        embedded_file(self._home).unlink(missing_ok=True)

    async def __aenter__(self) -> Self:
        self.client = await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await asyncio.to_thread(self.stop)


def _recorded(home: Path, name: str) -> int | None:
    """The process id in the folder's file."""
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        return int(json.loads(embedded_file(home).read_text())[name])
    return None


def _end_orphan(home: Path) -> None:
    """Stop a server whose own process was killed before it could stop the server."""
    owner, child = _recorded(home, "owner"), _recorded(home, "pid")
    if owner is None or child is None or _alive(owner) or known_address(home) is None:
        return
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(OSError):
            os.kill(child, number)
        deadline = time.monotonic() + _STOP_SECONDS
        while time.monotonic() < deadline:
            if known_address(home) is None:
                return
            time.sleep(0.05)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True  # another user's
    return True


def _usable(port: int, whose: str, option: str) -> int:
    """The port itself, or a free one for 0. Raises EmbeddedServerError if it is in use."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise EmbeddedServerError(
                f"port {port}, for {whose}, is in use ({error.strerror}); stop what listens"
                f" there, or choose another with {option}"
            ) from error
        found: int = probe.getsockname()[1]
        return found


def _tail(log: Path) -> str:
    return " / ".join(log.read_text(errors="replace").splitlines()[-3:]) or "nothing"
