# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A real ACME authority for tests, Pebble of Let's Encrypt, from the system's packages. Needs no pytest, so that the demo can start it.

It is as clients meet one: its certificates have an empty subject, and its root is new at each start.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import shutil
import ssl
import subprocess
import tempfile
import urllib.request
from collections.abc import Sequence
from pathlib import Path

from tests.support import servers
from tests.support.certificates import write_certificate_of_loopback

HOST = "localhost"
"""What its own certificate is for, and what the URLs of its directory begin with."""
ADDRESS = "127.0.0.1"
STARTS = 3
"""How often a start is tried: another process may take a free port first."""
SECONDS = 120
"""How long a start may take: it makes two RSA keys."""
PROBE_SECONDS = 1
DAY = 86_400
VALIDITY_DAYS = 90
NO_DNS = f"{ADDRESS}:1"
"""Asked instead of the system's resolver, so that no question leaves this machine: nobody answers there."""
ENVIRONMENT = {
    "PEBBLE_AUTHZREUSE": "100",
    "PEBBLE_VA_ALWAYS_VALID": "1",
    "PEBBLE_VA_NOSLEEP": "1",
    "PEBBLE_WFE_NONCEREJECT": "0",
}
"""Every challenge is taken for done at once, and a renewal need not be validated again."""
CHAIN_LENGTH = 2
"""Intermediate certificates below the root, as Let's Encrypt has them for RSA keys since May 2026."""


def find_pebble() -> Path | None:
    """Pebble, if it is installed."""
    found = servers.find("pebble")
    return Path(found) if found else None


class Pebble:
    """An authority on loopback; as a context manager, it ends with the block.

    Attributes:
        url: its directory, which clients call the server.
        ca_path: the authority of its own TLS certificate, which clients have to trust to speak with it.
        root_path: the root of what it issues.
        other_root_paths: the roots of the other chains that it offers.
    """

    def __init__(self, blocked: Sequence[str] = (), other_roots: int = 0) -> None:
        """Start it; it refuses orders for names that are blocked, and offers as many other chains."""
        binary = find_pebble()
        if binary is None:
            raise AssertionError("Pebble is not installed: install the system's package pebble")
        self.url = ""
        self._blocked, self._binary = list(blocked), binary
        self._environment = {
            **ENVIRONMENT,
            "PEBBLE_CHAIN_LENGTH": str(CHAIN_LENGTH),
            "PEBBLE_ALTERNATE_ROOTS": str(other_roots),
        }
        self._process: subprocess.Popen[bytes] | None = None
        self._folder = Path(tempfile.mkdtemp(prefix="softlayer-pebble-"))
        self.ca_path, self.root_path = self._folder / "ca.pem", self._folder / "root.pem"
        self.other_root_paths = [self._folder / f"root{number}.pem" for number in range(1, other_roots + 1)]
        try:
            self._write_certificate()
            self._start()
        except BaseException:
            self.stop()
            raise

    def __enter__(self) -> Pebble:
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop()

    def stop(self) -> None:
        """End it, and remove its files."""
        if self._process is not None:
            self._process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(SECONDS)
            self._process.kill()
            self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)

    def log(self) -> str:
        """All that it has said."""
        return self._log.read_text(encoding="utf-8", errors="replace")

    @property
    def _log(self) -> Path:
        return self._folder / "pebble.log"

    def _write_certificate(self) -> None:
        """Make the certificate that it serves, as the package has none."""
        path, key_path = self._folder / "server.pem", self._folder / "server.key"
        write_certificate_of_loopback(path, key_path, self.ca_path, "Pebble's TLS")

    def _start(self) -> None:
        for _ in range(STARTS):
            port, management_port = servers.free_ports(2, ADDRESS)
            if self._starts(port, management_port):
                self.url = f"https://{HOST}:{port}/dir"
                management = f"https://{HOST}:{management_port}"
                for number, path in enumerate([self.root_path, *self.other_root_paths]):
                    path.write_bytes(self._get(f"{management}/roots/{number}"))
                return
        raise AssertionError(f"Pebble does not start: {self.log()}")

    def _starts(self, port: int, management_port: int) -> bool:
        path = self._folder / "pebble.json"
        settings = {
            "listenAddress": f"{ADDRESS}:{port}",
            "managementListenAddress": f"{ADDRESS}:{management_port}",
            "certificate": str(self._folder / "server.pem"),
            "privateKey": str(self._folder / "server.key"),
            "certificateValidityPeriod": VALIDITY_DAYS * DAY,
            "domainBlocklist": self._blocked,
            "retryAfter": {"authz": 1, "order": 1},
        }
        path.write_text(json.dumps({"pebble": settings}), encoding="utf-8")
        with self._log.open("wb") as log:
            self._process = servers.start(
                [str(self._binary), "-config", str(path), "-dnsserver", NO_DNS],
                cwd=self._folder,
                env={"PATH": os.defpath, **self._environment},
                stdout=log,
                stderr=log,
            )
        process = self._process
        urls = [f"https://{HOST}:{port}/dir", f"https://{HOST}:{management_port}/roots/0"]
        servers.wait_for(
            lambda: process.poll() is not None or all(map(self._answers, urls)), "Pebble", SECONDS, self.log
        )
        return process.poll() is None

    def _answers(self, url: str) -> bool:
        """Whether it is this server that answers: no other has a certificate of its authority."""
        with contextlib.suppress(OSError, http.client.HTTPException):
            return bool(self._get(url))
        return False

    def _get(self, url: str) -> bytes:
        context = ssl.create_default_context(cafile=str(self.ca_path))
        context.verify_flags |= ssl.VERIFY_X509_STRICT  # as clients on Python 3.13 ask for, certbot 5 among them
        direct = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
        )
        with direct.open(url, timeout=PROBE_SECONDS) as response:
            content: bytes = response.read()
        return content
