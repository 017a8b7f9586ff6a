# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""HAProxy behind the load balancers: what their users meet. Each listener is a frontend that answers with HTTP 200."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

from tests.support import servers

from .balancers import Frontend
from .listeners import addresses
from .switching import ProxyError

OLDEST = (2, 7)
"""Older versions do not say when a reload is done."""
_SECONDS = 20
_ANSWER_SECONDS = 0.5
_POLL_SECONDS = 0.01
Found = TypeVar("Found")
_SETTINGS = """
global
  log stderr format raw daemon notice
  nbthread 1
  hard-stop-after 10s

defaults
  mode http
  timeout client 30s
  timeout connect 5s
  timeout server 30s
  timeout http-request 30s

frontend none
  bind unix@{folder}/none.sock
"""
"""The one frontend that is always there: without any, it would not start."""
_FRONTEND = """
frontend {name}
  bind {bind}
  http-request return status 200 content-type text/plain string {name}
"""


def find_haproxy() -> Path | None:
    """HAProxy, if it is installed."""
    found = servers.find("haproxy")
    return Path(found) if found else None


def version_of(binary: Path) -> tuple[int, ...]:
    """Its version, such as (3, 0)."""
    said = subprocess.check_output([str(binary), "-v"], text=True)
    match = re.search(r"version (\d+)\.(\d+)", said)
    return (int(match[1]), int(match[2])) if match else (0,)


class Haproxy:
    """A master with its workers. They are reloaded so that no connection is lost: the new worker takes over the sockets.

    It belongs to the thread that makes it. Certificates and keys are in a folder that nobody else may read.
    """

    def __init__(self) -> None:
        binary = find_haproxy()
        if binary is None or version_of(binary) < OLDEST:
            raise ProxyError(f"HAProxy {'.'.join(map(str, OLDEST))} or later is not installed")
        self._folder = Path(tempfile.mkdtemp(prefix="softlayer-haproxy-"))
        self._settings = ""
        self._pems: dict[Path, str] = {}
        self._frontends: list[Frontend] = []
        self._addresses = addresses()
        self._write([])
        command = [str(binary), "-W", "-S", f"{self._socket},mode,600", "-f", str(self._configuration)]
        with self._log.open("wb") as log:
            self._process = servers.start(command, cwd=self._folder, stdout=log, stderr=log)
        try:
            self._wait_for(lambda: self._socket.exists() and self._workers())
        except BaseException:
            self.stop()
            raise

    def next_address(self) -> str:
        """An address on loopback that no balancer has, of this process or any other."""
        return next(self._addresses)

    def serve(self, frontends: list[Frontend]) -> None:
        """Serve these and nothing else once this returns; raises ProxyError, and goes on as before."""
        settings, pems, before = self._settings, self._pems, self._frontends
        self._write(frontends)
        new = [path for path, pem in self._pems.items() if pem != pems.get(path)]
        if self._settings == settings and self._replace(new):
            return
        workers = self._wait_for(self._workers)
        said = self._ask("reload", _SECONDS)
        if not said.startswith("Success=1"):
            self._write(before)
            self._replace([path for path in new if path in pems])
            alerts = [line.partition(" : ")[2] for line in said.splitlines() if "[ALERT]" in line]
            raise ProxyError("; ".join(alerts) or "HAProxy was not reloaded")
        self._wait_for(lambda: all(map(self._accepts_no_more, workers)))
        self._clean_up()

    def _replace(self, paths: Iterable[Path]) -> bool:
        """Have the worker serve what is in files now, up to the first that it cannot use; it takes less than a reload."""
        for path in paths:
            if "Transaction" not in self._ask(f"@1 set ssl cert {path} <<\n{self._pems[path]}\n", _SECONDS):
                self._ask(f"@1 abort ssl cert {path}", _SECONDS)
                return False
            if "Success" not in self._ask(f"@1 commit ssl cert {path}", _SECONDS):
                return False
        return True

    def stop(self) -> None:
        """End it, and leave nothing behind."""
        self._process.terminate()
        try:
            self._process.wait(_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def _socket(self) -> Path:
        return self._folder / "master.sock"

    @property
    def _log(self) -> Path:
        return self._folder / "haproxy.log"

    @property
    def _configuration(self) -> Path:
        return self._folder / "haproxy.cfg"

    def _write(self, frontends: Iterable[Frontend]) -> None:
        """Write the configuration, and the certificates in it that are not as they were."""
        pems, self._pems = self._pems, {}
        self._frontends = list(frontends)
        parts = [_SETTINGS.format(folder=self._folder)]
        parts += (_FRONTEND.format(name=f"listener{n}", bind=self._bind(one)) for n, one in enumerate(self._frontends))
        self._settings = "".join(parts)
        self._configuration.write_text(self._settings, encoding="ascii")
        for path, pem in self._pems.items():
            if pems.get(path) != pem:
                with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as file:
                    file.write(pem)

    def _bind(self, frontend: Frontend) -> str:
        place = f"{frontend.address}:{frontend.port}"
        if frontend.pem is None:
            return place
        path = self._folder / f"{place.replace(':', '_')}.pem"
        self._pems[path] = frontend.pem
        suites = ":".join(frontend.ciphers)
        return f"{place} ssl crt {path} ciphers {suites} ssl-min-ver TLSv1.2 ssl-max-ver TLSv1.2"

    def _clean_up(self) -> None:
        """Remove the keys that are no longer in use."""
        for path in self._folder.glob("*.pem"):
            if path not in self._pems:
                path.unlink()

    def _workers(self) -> list[str]:
        """The ids of the processes that serve, or still end their connections; none while the master does not answer."""
        return [line.split()[0] for line in self._ask("show proc").splitlines() if line.split()[1:2] == ["worker"]]

    def _accepts_no_more(self, worker: str) -> bool:
        """Has a former worker ended, or does it only end its connections?"""
        workers = self._workers()
        return bool(workers) and (worker not in workers or "\nStopping: 1\n" in self._ask(f"@!{worker} show info"))

    def _ask(self, command: str, seconds: float = _ANSWER_SECONDS) -> str:
        """What the master answers, up to an empty line or its end; nothing while it is busy.

        While it begins anew, it takes connections which it never answers.
        """
        said = b""
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(seconds)
            connection.connect(str(self._socket))
            connection.sendall(f"{command}\n".encode())
            while not said.endswith(b"\n\n") and (received := connection.recv(65_536)):
                said += received
        return said.decode()

    def _wait_for(self, condition: Callable[[], Found]) -> Found:
        """What a condition gives as soon as it gives anything."""
        deadline = time.monotonic() + _SECONDS
        while not (found := condition()):
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise ProxyError(f"HAProxy does not work: {self._log.read_text(encoding='utf-8')}")
            time.sleep(_POLL_SECONDS)
        return found
