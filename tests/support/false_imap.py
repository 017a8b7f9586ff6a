# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What false IMAP servers share: a port on loopback, without TLS, and a record of what comes in."""

from __future__ import annotations

import contextlib
import socket
import socketserver
import threading
from typing import TYPE_CHECKING, Any

from tests.support import servers

if TYPE_CHECKING:
    from typing import Self

HOST = "127.0.0.1"


class FalseImap:
    """A server that ends with the block.

    Args:
        conversation: handles a connection; its attribute `script` is this object.
    """

    def __init__(self, conversation: type[socketserver.StreamRequestHandler]) -> None:
        self.connections = 0
        self.received: list[bytes] = []
        """The lines of all connections."""
        self._open: list[socket.socket] = []
        self._server = socketserver.ThreadingTCPServer(
            (HOST, 0), type("Conversation", (conversation,), {"script": self})
        )
        self._server.daemon_threads = True
        self.port = int(self._server.server_address[1])
        threading.Thread(target=self._server.serve_forever, args=[servers.POLL_SECONDS], daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        for connection in self._open:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def options(self, security: str = "none", **changes: Any) -> dict[str, Any]:
        """A module's options to log in to it."""
        login = {"username": "user", "password": "s3cr3t-w0rd", "security": security}
        return {"host": HOST, "port": self.port, **login, **changes}

    def count(self, connection: socket.socket) -> None:
        """Count a connection."""
        self._open.append(connection)
        self.connections += 1
