"""The real commands against one real stack: server, database, mailbox and worker."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import Any, NamedTuple

import pytest

import starter
from adapters.sql.database import Database, migrate, open_database
from assembly.settings import Settings
from assembly.stack import Ports, Stack, running_stack
from cli.stack import publish_first
from tests.waiting import LIMIT

SHIPPED = Path(__file__).parents[2] / "programs"
ACME = str(SHIPPED / "acme.yaml")
TEAMS = str(SHIPPED / "teams.yaml")


class Ran(NamedTuple):
    """What a command printed, and its exit status."""

    status: int
    out: str
    err: str

    @property
    def lines(self) -> list[Any]:
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def json(self) -> Any:
        (line,) = self.lines
        return line


Leadflow = Callable[..., Ran]


@contextmanager
def stack_in_a_thread(home: Path, **more: Any) -> Iterator[Stack]:
    """A stack in a thread of its own: the commands run event loops in the tests' thread.

    `more` are settings.
    """
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()
    ready: Future[Stack] = Future()

    async def run() -> None:
        try:
            settings = Settings(home=home, database_url="", log_level="error", **more)
            async with running_stack(settings, Ports()) as started:
                publish_first(started.settings, SHIPPED / "acme.yaml", SHIPPED / "teams.yaml")
                ready.set_result(started)
                await stop.wait()
            await asyncio.sleep(0.3)  # a shorter one aborts the interpreter at its exit
        except BaseException as error:
            if ready.done():
                raise
            ready.set_exception(error)

    thread = threading.Thread(target=loop.run_until_complete, args=(run(),))
    thread.start()
    try:
        yield ready.result(LIMIT)
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(LIMIT)
        loop.close()


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack that all tests of commands share."""
    with stack_in_a_thread(tmp_path_factory.mktemp("stack")) as started:
        yield started


@pytest.fixture
def command(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Leadflow:
    """Runs a command without a stack."""
    for name in ("LEADFLOW_DEBUG", "LEADFLOW_BY", "LEADFLOW_DATABASE_URL", "TEMPORAL_ADDRESS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LEADFLOW_HOME", str(tmp_path / "nowhere"))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("TERM", "dumb")

    def run(*arguments: str) -> Ran:
        with pytest.raises(SystemExit) as left:
            starter.main(arguments)
        printed = capsys.readouterr()
        assert "Traceback" not in printed.err
        return Ran(int(left.value.code or 0), printed.out, printed.err)

    return run


@pytest.fixture
def database(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    command: Leadflow,  # noqa: ARG001 - it clears the environment first
) -> Iterator[Database]:
    """A database of its own for `command`, without a stack."""
    url = f"sqlite:///{tmp_path / 'leadflow.db'}"
    migrate(url)
    monkeypatch.setenv("LEADFLOW_DATABASE_URL", url)
    opened = open_database(url)
    yield opened
    opened.close()


@pytest.fixture
def leadflow(command: Leadflow, stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Leadflow:
    """Runs a command beside the running stack."""
    monkeypatch.setenv("LEADFLOW_HOME", str(stack.settings.home))
    return command


def until(look: Callable[[], Any], seconds: float = LIMIT) -> Any:
    """The value of `look`, as soon as it is true."""
    limit = monotonic() + seconds
    pause = threading.Event()
    while not (found := look()):
        assert monotonic() < limit, "the condition never came true"
        pause.wait(0.02)
    return found


@pytest.fixture
def seen(leadflow: Leadflow) -> Callable[..., Any]:
    """A lead's dossier, as soon as its row is there and `ready` holds for it."""

    def look(lead: str, ready: Callable[[Any], bool] = lambda _: True) -> Any:
        def found() -> Any:
            ran = leadflow("show", lead, "--json")
            return ran.json if ran.status == 0 and ready(ran.json) else None

        return until(found)

    return look
