# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A real PostgreSQL server for tests, from the system's packages; a pytest plugin with fixtures for ledgers."""

from __future__ import annotations

import contextlib
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support import servers

BINARIES = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/usr/local/pgsql/bin",
    "/opt/homebrew/opt/postgresql*/bin",
)
UNPRIVILEGED = ("postgres", "nobody")
"""Whom the server runs as where the tests run as root: it refuses to be root."""
USER = "ledger"
STARTS = 3
"""How often a start is tried: another process may take the free port first."""
SECONDS = 60
"""How long a start or a stop may take."""
POLL_SECONDS = 0.02
STOP = signal.SIGQUIT
"""End at once: what is in the databases is not needed any more."""
SETTINGS = """
listen_addresses = '127.0.0.1'
port = {port}
unix_socket_directories = '{folder}'
fsync = off
"""


def find_binaries() -> Path | None:
    """The folder of the newest server that is installed; None if there is none."""
    found = servers.find("initdb", *BINARIES)
    folder = Path(found).resolve().parent if found else None
    return folder if folder and (folder / "postgres").exists() else None


class Server:
    """A server on loopback with a user that logs in by a password; as a context manager, it ends with the block."""

    def __init__(self, binaries: Path) -> None:
        self.password = secrets.token_hex(12)
        self._binaries = binaries
        self._folder = Path(tempfile.mkdtemp(prefix="softlayer-postgresql-"))
        self._databases = 0
        password_file = self._folder / "password"
        password_file.write_text(self.password, encoding="ascii")
        self._user = _unprivileged_user()
        if self._user is not None:
            for path in (self._folder, password_file):
                os.chown(path, self._user.pw_uid, self._user.pw_gid)
        login = (f"--username={USER}", f"--pwfile={password_file}", "--auth=scram-sha-256")
        self._run("initdb", *login, "--encoding=UTF8", "--no-locale", "--no-sync", f"--pgdata={self._data}")
        self.port = self._start()

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_error: object) -> None:
        self._process.send_signal(STOP)
        self._process.wait(SECONDS)
        shutil.rmtree(self._folder, ignore_errors=True)

    def new_database(self) -> str:
        """Make an empty database and return its URL as a ledger takes it."""
        self._databases += 1
        name = f"ledger{self._databases}"
        self.execute(f"CREATE DATABASE {name}")
        return self.url(name)

    def url(self, database: str) -> str:
        """The URL of a database."""
        return f"postgresql://{USER}:{self.password}@127.0.0.1:{self.port}/{database}"

    def execute(self, statement: str, database: str = "postgres") -> list[Any]:
        """Execute SQL in a connection of its own and return the rows, if it gives any."""
        with self.connect(database) as connection:
            cursor = connection.execute(statement)
            return list(cursor.fetchall()) if cursor.description else []

    def connect(self, database: str) -> Any:
        """Open a connection in which each statement stands on its own."""
        import psycopg

        return psycopg.connect(
            host="127.0.0.1", port=self.port, user=USER, password=self.password, dbname=database, autocommit=True
        )

    @property
    def _log(self) -> Path:
        return self._folder / "server.log"

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    def _start(self) -> int:
        for _attempt in range(STARTS):
            [port] = servers.free_ports()
            with (self._data / "postgresql.conf").open("a", encoding="utf-8") as settings:
                settings.write(SETTINGS.format(port=port, folder=self._folder))
            with self._log.open("ab") as log:
                command = [str(self._binaries / "postgres"), "-D", str(self._data)]
                self._process = servers.start(command, on_death=STOP, stdout=log, stderr=log, **self._circumstances())
            if self._becomes_ready():
                return port
        raise AssertionError(f"PostgreSQL does not start: {self._log.read_text(encoding='utf-8', errors='replace')}")

    def _becomes_ready(self) -> bool:
        """Wait until the server takes connections, as the last line of its lock file says, or has ended."""
        lock, deadline = self._data / "postmaster.pid", time.monotonic() + SECONDS
        while self._process.poll() is None:
            with contextlib.suppress(FileNotFoundError):
                if lock.read_text(encoding="utf-8").rstrip().endswith("\nready"):
                    return True
            if time.monotonic() > deadline:
                self._process.kill()
                self._process.wait()
            time.sleep(POLL_SECONDS)
        return False

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self._binaries / program), *arguments]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, **self._circumstances())

    def _circumstances(self) -> dict[str, Any]:
        """In which the server's programs run."""
        as_user: dict[str, Any] = {}
        if self._user is not None:
            as_user = {"user": self._user.pw_uid, "group": self._user.pw_gid, "extra_groups": []}
        return {
            "cwd": self._folder,
            "env": {**os.environ, "LC_ALL": "C", "HOME": str(self._folder)},
            **as_user,
        }


def _unprivileged_user() -> pwd.struct_passwd | None:
    """Whom to run as; None for whoever runs the tests."""
    if os.geteuid() != 0:
        return None
    for name in UNPRIVILEGED:
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    pytest.skip("PostgreSQL refuses to run as root, and there is no unprivileged user: run the tests as another user")


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Server]:
    """One server for all tests of a worker; the test is skipped where it cannot be had."""
    pytest.importorskip("psycopg", reason="no PostgreSQL driver: pip install 'psycopg[binary]'")
    binaries = find_binaries()
    if binaries is None:
        pytest.skip("no PostgreSQL server: install the system's package postgresql (Fedora: postgresql-server)")
    with Server(binaries) as server:
        yield server


@pytest.fixture
def postgresql_url(postgresql: Server) -> str:
    """The URL of an empty PostgreSQL database."""
    return postgresql.new_database()


@pytest.fixture(params=["sqlite", "postgresql"])
def ledger_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a ledger that does not exist yet, of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'ledger.sqlite3'}"
    return str(request.getfixturevalue("postgresql_url"))
