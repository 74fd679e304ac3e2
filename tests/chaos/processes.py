"""The processes of one chaos trial: Temporal, relay, CRM, worker and gateway.

All files stand in a temporary folder. Servers listen on 127.0.0.1 at free ports. Each process is
ended by its id.
"""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from adapters.temporal.embedded import EmbeddedServerError, search_attributes, shipped

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
_START_SECONDS = 240
"""Seconds on a quiet machine. At a load of 18 on two cores, 90 seconds were not enough."""
_SECRET = "whsec_bm90LWEtc2VjcmV0LW9ubHktZm9yLXRyeWluZw=="  # noqa: S105 - a trial's CRM knows it


class CannotRunError(Exception):
    """The trial can't be made on this machine; the message says why."""


def free_ports(count: int) -> list[int]:
    """Free ports below those of outgoing connections, so that they stay free."""
    found: list[int] = []
    while len(found) < count:
        port = random.SystemRandom().randrange(15_000, 32_000)
        with socket.socket() as trying:
            try:
                trying.bind(("127.0.0.1", port))
            except OSError:
                continue
        if port not in found:
            found.append(port)
    return found


async def becomes_true(condition: Callable[[], object], seconds: float, every: float = 0.3) -> bool:
    """Whether the condition becomes true within so many seconds. It runs in a thread."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if await asyncio.to_thread(condition):
            return True
        await asyncio.sleep(every)
    return bool(await asyncio.to_thread(condition))


class Processes:
    """The processes of one trial, by name; each writes to a log of its name in `home`."""

    def __init__(self, *, database: str = "", crm: bool = False) -> None:
        self.home = Path(tempfile.mkdtemp(prefix="leadflow-chaos-"))
        names = ("temporal", "ui", "relay", "gateway", "inbound", "crm")
        self.ports = dict(zip(names, free_ports(len(names)), strict=True))
        self.database = database or f"sqlite:///{self.home}/leadflow.db"
        self.has_crm = crm
        self.root = ROOT
        """The checkout whose leadflow runs; another one for an older release."""
        self.env = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "PYTHONDONTWRITEBYTECODE": "1",
            "TEMPORAL_ADDRESS": f"127.0.0.1:{self.ports['temporal']}",
            "LEADFLOW_HOME": str(self.home),
            "LEADFLOW_DATABASE_URL": self.database,
            "LEADFLOW_SMTP_PORT": str(self.ports["relay"]),
            "LEADFLOW_SECRET": "k" * 40,
            "LEADFLOW_PUBLIC_URL": f"http://127.0.0.1:{self.ports['gateway']}",
            "LEADFLOW_MAIL_DOMAIN": "in.acme.example",
            "LEADFLOW_GATEWAY_PORT": str(self.ports["gateway"]),
            "LEADFLOW_INBOUND_PORT": str(self.ports["inbound"]),
            "LEADFLOW_LOG_FORMAT": "json",
            "LEADFLOW_ALERT_SECONDS": "1",
        }
        if crm:
            self.env["LEADFLOW_CRM_URL"] = f"http://127.0.0.1:{self.ports['crm']}/"
            self.env["LEADFLOW_CRM_SECRET"] = _SECRET
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self._log_began: dict[str, int] = {}
        """Where the log of each process begins in the file of its name."""

    def runs_from(self, root: Path) -> None:
        """Run the leadflow of this checkout from now on."""
        self.root, self.env["PYTHONPATH"] = root, str(root)

    def spawn(self, name: str, command: list[str], env: Mapping[str, str] | None = None) -> None:
        """Start a process under this name, with these variables beside the trial's own."""
        with (self.home / f"{name}.log").open("ab") as log:
            self._log_began[name] = log.tell()
            self.running[name] = subprocess.Popen(
                command,
                cwd=self.root,
                env={**self.env, **(env or {})},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def said(self, name: str, words: str) -> bool:
        """Whether the log of the process that was started last under this name has these words."""
        log = (self.home / f"{name}.log").read_bytes()
        return words.encode() in log[self._log_began[name] :]

    def temporal(self) -> None:
        """Start Temporal's development server on the trial's file."""
        try:
            program = shipped("temporal")
        except EmbeddedServerError as error:
            raise CannotRunError(str(error)) from error
        ports = ("--port", str(self.ports["temporal"]), "--ui-port", str(self.ports["ui"]))
        pragmas = ("--sqlite-pragma", "journal_mode=wal", "--sqlite-pragma", "synchronous=normal")
        self.spawn(
            "temporal",
            [
                *(program, "server", "start-dev", "--ip", "127.0.0.1", "--log-level", "error"),
                *ports,
                *("--db-filename", str(self.home / "temporal.db")),
                *pragmas,
                *("--dynamic-config-value", "matching.enableFairness=true"),
                *search_attributes(),
            ],
        )

    def relay(self) -> None:
        """Start the mail relay (relay.py)."""
        self._script("relay")

    def crm(self) -> None:
        """Start the CRM (crm.py)."""
        self._script("crm")

    def _script(self, name: str) -> None:
        script = str(HERE / f"{name}.py")
        ours = {"PYTHONPATH": str(ROOT)}
        self.spawn(name, [sys.executable, script, str(self.ports[name]), str(self.home)], ours)

    def worker(self, name: str = "worker", env: Mapping[str, str] | None = None) -> None:
        """Start a worker."""
        self.spawn(name, [sys.executable, "starter.py", "worker"], env)

    def gateway(self, env: Mapping[str, str] | None = None) -> None:
        """Start the gateway and wait until it listens."""
        self.spawn("gateway", [sys.executable, "starter.py", "gateway"], env)
        self.listens("gateway")

    def kill(self, name: str, how: signal.Signals = signal.SIGKILL) -> None:
        """Send a process a signal; wait for its end unless the signal stops or continues it."""
        process = self.running[name]
        if process.poll() is None:
            process.send_signal(how)
            if how not in (signal.SIGSTOP, signal.SIGCONT):
                process.wait(30)

    def stop(self) -> None:
        """End what was started and remove the folder."""
        for process in self.running.values():
            if process.poll() is None:
                process.kill()
                process.wait()
        shutil.rmtree(self.home, ignore_errors=True)

    def mode(self, name: str, mode: str) -> None:
        """Set how the relay or the CRM behaves from now on."""
        (self.home / f"{name}.mode").write_text(mode)

    def listens(self, name: str) -> None:
        """Wait until this process takes connections. Raises CannotRunError if it never does."""
        end = time.monotonic() + _START_SECONDS
        while time.monotonic() < end:
            try:
                socket.create_connection(("127.0.0.1", self.ports[name]), timeout=1).close()
            except OSError:
                time.sleep(0.05)
            else:
                return
        raise CannotRunError(f"the {name} does not listen after {_START_SECONDS} seconds")

    def temporal_says(self, *args: str, seconds: float = 30) -> str:
        """Run a command of Temporal; what it prints."""
        address = ("--address", f"127.0.0.1:{self.ports['temporal']}")
        command = [shipped("temporal"), *args, *address]
        done = subprocess.run(command, capture_output=True, text=True, timeout=seconds, check=False)
        return (done.stdout + done.stderr).strip()

    def temporal_is_up(self) -> bool:
        """Whether Temporal answers and knows the leads' search attributes."""
        return "LeadStage" in self.temporal_says("operator", "search-attribute", "list")

    def leadflow(self, *args: str, seconds: float = 300) -> subprocess.CompletedProcess[str]:
        """Run a command of leadflow."""
        return subprocess.run(
            [sys.executable, "starter.py", *args],
            cwd=self.root,
            env=self.env,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
