# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How the SDK's requests travel: what is known of a connection that fails. Private to softlayer.certificates."""

from __future__ import annotations

import logging
import threading
import typing as t
from contextlib import suppress

with suppress(ImportError):  # that the SDK, which brings them, is missing is said in _client
    import requests
    import urllib3
    from requests.adapters import HTTPAdapter
    from urllib3.connection import HTTPConnection, HTTPSConnection
    from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool


def keep_quiet(*, verify: bool | str) -> None:
    """Keep the libraries from writing to standard error what the module's result says better."""
    logger = logging.getLogger("SoftLayer")
    logger.addHandler(logging.NullHandler())
    logger.propagate = False
    if verify is False:
        urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)


def make_adapter(seen: threading.local) -> type[HTTPAdapter]:
    """Return the adapter to send with; C(seen.connected) tells whether a connection stands, its TLS handshake included.

    A failure before that is the failure of a request that was not sent.
    """

    class Noticed:
        """Mixed into a connection: notes when it stands, whether it is new or an old one that is used again."""

        sock: object

        def connect(self) -> None:
            super().connect()  # type: ignore[misc]
            seen.connected = True

        def request(self, *args: t.Any, **keywords: t.Any) -> None:
            seen.connected = self.sock is not None
            super().request(*args, **keywords)  # type: ignore[misc]

    class Connection(Noticed, HTTPConnection):
        pass

    class TlsConnection(Noticed, HTTPSConnection):
        pass

    class Pool(HTTPConnectionPool):
        ConnectionCls = Connection

    class TlsPool(HTTPSConnectionPool):
        ConnectionCls = TlsConnection

    class Adapter(HTTPAdapter):
        def init_poolmanager(self, *args: t.Any, **keywords: t.Any) -> None:
            super().init_poolmanager(*args, **keywords)
            self.poolmanager.pool_classes_by_scheme = {"http": Pool, "https": TlsPool}

        def proxy_manager_for(self, *args: t.Any, **keywords: t.Any) -> t.Any:
            manager = super().proxy_manager_for(*args, **keywords)
            manager.pool_classes_by_scheme = {"http": Pool, "https": TlsPool}
            return manager

        def send(self, request: requests.PreparedRequest, *args: t.Any, **keywords: t.Any) -> requests.Response:
            # Over XML-RPC the SDK says ISO-8859-1 and sends UTF-8; as ASCII it means the same to everybody.
            if isinstance(request.body, bytes):
                request.prepare_body(request.body.decode().encode("ascii", "xmlcharrefreplace"), None)
            return super().send(request, *args, **keywords)

    return Adapter
