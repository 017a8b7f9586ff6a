# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""For tests: start a simulator, steer it, ask it what happened, and stop it.

Needs nothing but the standard library, so that it can be used where the simulator's own dependencies are not wanted.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Any

from tests.simulator.secrets_manager.client import SecretsManager
from tests.support import servers

_REPOSITORY = Path(__file__).resolve().parents[2]
_START_SECONDS = 600
_STOP_SECONDS = 10
_POLL_SECONDS = 0.02


class SimulatorError(Exception):
    """The simulator did not start, or refused what it was asked."""


class Simulator:
    """A simulator in a process of its own; as a context manager, it ends with the block."""

    def __init__(self, process: subprocess.Popen[bytes], state_dir: Path, endpoint: dict[str, Any]) -> None:
        self._process = process
        self.state_dir = state_dir
        self.xmlrpc_url: str = endpoint["xmlrpc"]
        self.rest_url: str = endpoint["rest"]
        self.control_url: str = endpoint["control"]
        self.username: str = endpoint["username"]
        self.api_key: str = endpoint["api_key"]
        self.viewer_username: str = endpoint["viewer_username"]
        self.viewer_api_key: str = endpoint["viewer_api_key"]
        self.account_id: int = endpoint["account_id"]
        self.maildir = Path(endpoint["maildir"])
        self.keys_dir = Path(endpoint["keys"])
        self.ca_path: str | None = endpoint["ca_path"]
        self.secrets_manager = SecretsManager(self._ask, endpoint["secrets_manager"], endpoint["iam"])
        self.authority_root = Path(endpoint["authority_root"])
        self.authority_intermediate = Path(endpoint["authority_intermediate"])

    @classmethod
    def start(cls, fleet: str | int = "demo", **options: Any) -> Simulator:
        """Start one; options are those of the command line, with underscores (``tls=True``, ``latency_ms=50``)."""
        state_dir = Path(tempfile.mkdtemp(prefix="softlayer-simulator-"))
        command = [sys.executable, "-m", "tests.simulator", f"--state-dir={state_dir}", f"--fleet={fleet}"]
        for name, value in options.items():
            flag = f"--{name.replace('_', '-')}"
            command.append(flag if value is True else f"{flag}={value}")
        log = state_dir / "simulator.log"
        with log.open("wb") as output:
            process = servers.start(command, cwd=_REPOSITORY, stdout=output, stderr=output)
        endpoint, deadline = state_dir / "endpoint.json", time.monotonic() + _START_SECONDS
        while not endpoint.exists():
            if process.poll() is not None or time.monotonic() > deadline:
                process.kill()
                process.wait()
                said = log.read_text(encoding="utf-8", errors="replace")
                shutil.rmtree(state_dir, ignore_errors=True)
                raise SimulatorError(f"the simulator did not start: {said}")
            time.sleep(_POLL_SECONDS)
        return cls(process, state_dir, json.loads(endpoint.read_text(encoding="utf-8")))

    def __enter__(self) -> Simulator:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """End the process and remove its files."""
        self._process.terminate()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        shutil.rmtree(self.state_dir, ignore_errors=True)

    def url(self, transport: str) -> str:
        """The endpoint of a transport, ``xmlrpc`` or ``rest``."""
        return {"xmlrpc": self.xmlrpc_url, "rest": self.rest_url}[transport]

    def key_path(self, common_name: str) -> Path:
        """The private key of an order."""
        return self.keys_dir / f"{common_name.replace('*', '_')}.key"

    def messages(self) -> list[Path]:
        """The files of the messages that were delivered."""
        return sorted((self.maildir / "new").iterdir())

    def calls(self, **wanted: Any) -> list[dict[str, Any]]:
        """The log of calls, the oldest first; of those only where all ``wanted`` fields have the given value."""
        entries: list[dict[str, Any]] = self._ask("GET", "calls")
        return [entry for entry in entries if all(entry[name] == value for name, value in wanted.items())]

    def clear_calls(self) -> None:
        """Forget all calls."""
        self._ask("DELETE", "calls")

    def ignored(self) -> set[tuple[str, str]]:
        """Methods that were called with a mask, filter or limit which they do not take, each with which of them."""
        return {(method, condition) for method, condition in self._ask("GET", "ignored")}

    def sends(self) -> list[dict[str, Any]]:
        """The messages that were asked for and sent, the oldest first."""
        return self._ask("GET", "sends")

    def release_mail(self) -> int:
        """Deliver the mail that the setting ``hold_mail`` held back; how many messages that are."""
        return int(self._ask("POST", "deliveries"))

    def fault(self, kind: str, **rule: Any) -> None:
        """Switch a fault on; see ``faults.Rule``."""
        self._ask("POST", "faults", {"kind": kind, **rule})

    def clear_faults(self) -> None:
        """Switch all faults off; what hangs goes on."""
        self._ask("DELETE", "faults")

    def settings(self, **changes: Any) -> None:
        """Change settings; see ``settings.Settings``."""
        self._ask("PATCH", "settings", changes)

    def stop_listening(self) -> None:
        """Refuse connections to the API until ``start_listening``."""
        self._ask("PUT", "listening", {"listening": False})

    def start_listening(self) -> None:
        """Accept connections again."""
        self._ask("PUT", "listening", {"listening": True})

    def reset(self) -> None:
        """Back to the state at the start: orders, store, balancers, settings; no secrets, no mail, no logs, no faults."""
        self._ask("POST", "reset")

    def orders(self) -> list[dict[str, Any]]:
        """All orders, with status name, product, mail family and number of sends."""
        return self._ask("GET", "orders")

    def add_order(self, **properties: Any) -> dict[str, Any]:
        """Add an order; see ``orders.change`` for what can be given, besides ``missing``, ``key_type`` and ``names``."""
        return self._ask("POST", "orders", properties)

    def patch_order(self, order_id: int, **properties: Any) -> dict[str, Any]:
        """Change an order; see ``orders.change``."""
        return self._ask("PATCH", f"orders/{order_id}", properties)

    def issue(self, order_id: int) -> dict[str, str]:
        """An order's ``certificate`` and ``intermediateCertificate``, which its mail has too."""
        return self._ask("GET", f"orders/{order_id}/certificate")

    def import_order(self, order_id: int) -> dict[str, Any]:
        """Put an order's certificate with its key into the store, as a user would; the new record."""
        return self._ask("POST", f"orders/{order_id}/import")

    def certificates(self) -> list[dict[str, Any]]:
        """All certificates of the store, with their private keys."""
        return self._ask("GET", "certificates")

    def patch_certificate(self, certificate_id: int, **properties: Any) -> dict[str, Any]:
        """Change a certificate past the store's checks.

        With an ``associatedServiceCount`` come as many listeners, unless ``lbaasListeners`` are given, too; with these
        alone, the count stays what it was. Listeners of load balancers that point to it come on top.
        """
        return self._ask("PATCH", f"certificates/{certificate_id}", properties)

    def balancers(self) -> list[dict[str, Any]]:
        """All load balancers with their listeners: of each whether its port is ``open``, and which record it ``serves``.

        These two say what users meet; ``tlsCertificateId`` and all else is what the API shows.
        """
        return self._ask("GET", "balancers")

    def add_balancer(self, **properties: Any) -> dict[str, Any]:
        """Add a load balancer, with properties of the API.

        ``listeners`` is a list of their properties, such as ``{"protocolPort": 8443, "tlsCertificateId": 300101}``; they
        are HTTPS unless they say otherwise. ``sslCiphers`` are given by name; ``missing`` is a list
        of properties that the balancer shall lack.
        """
        return self._ask("POST", "balancers", properties)

    def patch_balancer(self, balancer_id: int, **properties: Any) -> dict[str, Any]:
        """Change a load balancer past the API's checks, such as its ``provisioningStatus``."""
        return self._ask("PATCH", f"balancers/{balancer_id}", properties)

    def delete_balancer(self, balancer_id: int) -> None:
        """Delete a load balancer, whatever it is doing."""
        self._ask("DELETE", f"balancers/{balancer_id}")

    def patch_listener(self, uuid: str, **properties: Any) -> dict[str, Any]:
        """Change a listener past the API's checks, which is served at once; or let it misbehave.

        With ``misbehaves`` it is ``stale``, ``other``, ``handshake``, ``closed`` or ``bare`` (see ``balancers.Habit``) from its
        next change until the one after, or for so many ``changes``; with ``at_once``, the first of them is now.
        """
        return self._ask("PATCH", f"listeners/{uuid}", properties)

    def permit(self, username: str, *permissions: str) -> None:
        """Let a user have these permissions and no others; see ``users``."""
        self._ask("PUT", f"users/{username}", {"permissions": list(permissions)})

    def _ask(self, method: str, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            self.control_url + path, data=data, method=method, headers={"Content-Type": "application/json"}
        )
        try:
            with _DIRECT.open(request) as response:
                return json.load(response)
        except urllib.error.HTTPError as error:
            raise SimulatorError(f"{method} {path}: {error.read().decode(errors='replace')}") from error


_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))
"""Loopback is not asked for through a proxy, whatever the environment says."""
