# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Load balancers of the stranger's API whose HTTPS listeners are TLS servers: they serve what the API says once its change is done."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography import x509

from tests.outside.pki import Ca, Key, key_pem, pem
from tests.outside.servers import finish
from tests.outside.stranger import Row, Stranger
from tests.outside.wire import Call, Fault

UPDATE = "updateLoadBalancerProtocols"
TWO_ADDRESSES = ("127.0.0.1", "127.0.0.2")
SUITES = "ECDHE+aRSA+AESGCM:kRSA+AESGCM"
"""What a balancer offers unless other suites are chosen for it: all of them are for RSA keys."""

Meeting = Callable[[socket.socket], None]
"""What a client meets at an open port."""
Shown = int | Meeting | None
"""What a client meets: a certificate by its id in the store, something else, or a closed port."""
CLOSED = None


def break_off(peer: socket.socket) -> None:
    """End a handshake that has begun."""
    peer.recv(65536)
    finish(peer)


def resolve_here() -> None:
    """Have the names of balancers lead to this machine, where each has two addresses. Called in a module's process."""
    resolve = socket.getaddrinfo

    def resolved(host: Any, port: Any, *args: Any, **given: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else str(host)
        if not name.endswith(".lb.example") or given.get("flags"):
            return resolve(host, port, *args, **given)
        return [found for address in TWO_ADDRESSES for found in resolve(address, port, *args, **given)]

    socket.getaddrinfo = resolved


class Front:
    """A port at one address, which is closed until clients are to meet something there."""

    def __init__(self, host: str, port: int = 0) -> None:
        self._holder = socket.socket()  # nobody else is given the port while it is closed
        self._holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._holder.bind((host, port))
        self.at: tuple[str, int] = self._holder.getsockname()
        self._listening: socket.socket | None = None
        self._meeting: Meeting = finish

    def show(self, meeting: Meeting | None) -> None:
        """Let clients meet this from now on."""
        if meeting is not None:
            self._meeting = meeting
            if self._listening is None:
                self._listening = socket.create_server(self.at, backlog=64)
                threading.Thread(target=self._accept, args=(self._listening,), daemon=True).start()
        elif self._listening is not None:
            finish(self._listening)
            self._listening = None

    def close(self) -> None:
        """Give the port back."""
        self.show(CLOSED)
        self._holder.close()

    def _accept(self, listening: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                peer, _address = listening.accept()
                threading.Thread(target=self._meet, args=(peer, self._meeting), daemon=True).start()

    @staticmethod
    def _meet(peer: socket.socket, meeting: Meeting) -> None:
        with contextlib.suppress(OSError), peer:
            peer.settimeout(30)
            meeting(peer)


@dataclass
class Listener:
    """A listener.

    Attributes:
        row: as the API's type has it.
        fronts: its ports, one at each address; none if it is for no HTTPS.
        shows: what clients meet at each address while the API names a certificate, if it is not just that certificate everywhere.
    """

    row: Row
    fronts: list[Front]
    shows: Mapping[int, tuple[Shown, ...]] = field(default_factory=dict)

    @property
    def certificate_id(self) -> int:
        """The certificate that the API names."""
        return int(self.row["tlsCertificateId"])

    @property
    def port(self) -> int:
        """Its port."""
        return int(self.row["protocolPort"])

    def shown(self) -> tuple[Shown, ...]:
        """What clients meet at each address once its last change is done."""
        return self.shows.get(self.certificate_id, (self.certificate_id,) * len(self.fronts))


@dataclass
class Balancer:
    """A balancer: its row without its listeners, those, and how often it is read until its change is done."""

    row: Row
    listeners: list[Listener]
    reads_left: int = 0

    @property
    def uuid(self) -> str:
        """By which the API knows it."""
        return str(self.row["uuid"])

    @property
    def holds(self) -> list[int | None]:
        """The certificate of each of its listeners."""
        return [one.row["tlsCertificateId"] for one in self.listeners]


class Balancing(Stranger):
    """An account with a certificate store and load balancers.

    A change is done after the balancer was read so often; until then it refuses others. What a change names is changed, and an element
    that names no listener makes a new one.

    Attributes:
        balancers: by name.
        carried_out: what each call changed: the balancer's name, and the elements.
        events: what was served in a whole handshake, and what was deleted, in order: `("served", 7)`, `("deleted", 3)`.
        reads_until_done: how often a balancer is read until its change is done.
    """

    def __init__(self, folder: Path, authority: Ca, key: Key) -> None:
        super().__init__()
        self.balancers: dict[str, Balancer] = {}
        self.carried_out: list[tuple[str, list[Row]]] = []
        self.events: list[tuple[str, int]] = []
        self.reads_until_done = 2
        self._folder = folder
        self._authority = authority
        self._key = key
        self._contexts: dict[int, ssl.SSLContext] = {}

    # What there is

    def keep(self, identifier: int, certificate: x509.Certificate, /, **row: Any) -> None:
        """Put a certificate into the store, from where listeners can serve it."""
        chain = pem(self._authority.certificate)
        self.add_certificate(identifier, pem(certificate), intermediateCertificate=chain, **row)
        path = self._folder / f"{identifier}.pem"
        path.write_text(pem(certificate) + chain + key_pem(self._key), encoding="ascii")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers(SUITES)
        context.load_cert_chain(path)
        path.unlink()
        self._contexts[identifier] = context

    def balance(self, name: str, *certificate_ids: int | None, address: str = "127.0.0.1") -> Balancer:
        """Add a balancer with an HTTPS listener for each certificate, or one for plain HTTP where there is none."""
        hosts = (address,) if address == "127.0.0.1" else TWO_ADDRESSES
        number = len(self.balancers) + 1
        row = {
            "id": number,
            "uuid": str(uuid.uuid4()),
            "name": name,
            "address": address,
            "type": 1,
            "provisioningStatus": "ACTIVE",
            "operatingStatus": "ONLINE",
            "previousErrorText": None,
            "datacenter": {"name": "dal10"},
            "sslCiphers": [],
        }
        balancer = Balancer(
            row, [self._listener(100 * number + at, hosts, one) for at, one in enumerate(certificate_ids)]
        )
        self.balancers[name] = balancer
        self._show(balancer)
        return balancer

    def show(self, name: str, shows: Mapping[int, tuple[Shown, ...]] | None = None) -> None:
        """Let clients of a balancer meet something else while the API names a certificate; without it, just that certificate."""
        for listener in self.balancers[name].listeners:
            listener.shows = shows or {}
        self._show(self.balancers[name])

    def serve_after(self, failures: int, identifier: int) -> Meeting:
        """A listener that breaks so many handshakes off before it serves a certificate."""
        left = [break_off] * failures

        def meet(peer: socket.socket) -> None:
            (left.pop() if left else self._serving(identifier))(peer)

        return meet

    def touch(self, name: str, certificate_id: int | None = None) -> None:
        """Begin another run's change of a balancer: of the certificate of all its listeners, or of something else."""
        balancer = self.balancers[name]
        for listener in balancer.listeners if certificate_id else ():
            listener.row["tlsCertificateId"] = certificate_id
        self._begin(balancer)

    def updates(self, name: str) -> list[list[Row]]:
        """The elements of each call that was to change a balancer."""
        return [call.arguments[1] for call in self.made(UPDATE) if call.arguments[0] == self.balancers[name].uuid]

    def named(self, call: Call) -> str:
        """The name of the balancer that a call is about."""
        return next((name for name, one in self.balancers.items() if one.uuid == call.arguments[0]), "")

    @contextlib.contextmanager
    def serving(self) -> Iterator[Stranger]:
        """Serve the API, and what its listeners serve, until the block ends."""
        try:
            with super().serving():
                yield self
        finally:
            for balancer in self.balancers.values():
                for listener in balancer.listeners:
                    for front in listener.fronts:
                        front.close()

    # How it is served

    def _listener(self, identifier: int, hosts: tuple[str, ...], certificate_id: int | None) -> Listener:
        first = Front(hosts[0])
        fronts = [first, *(Front(host, first.at[1]) for host in hosts[1:])]
        row = {
            "id": identifier,
            "uuid": str(uuid.uuid4()),
            "protocol": "HTTPS" if certificate_id else "HTTP",
            "protocolPort": first.at[1],
            "provisioningStatus": "ACTIVE",
            "tlsCertificateId": certificate_id,
        }
        return Listener(row, fronts)

    def _serving(self, identifier: int) -> Meeting:
        def meet(peer: socket.socket) -> None:
            with self._contexts[identifier].wrap_socket(peer, server_side=True) as tls:
                self.events.append(("served", identifier))
                tls.recv(1)

        return meet

    def _show(self, balancer: Balancer) -> None:
        for listener in balancer.listeners:
            if listener.row["tlsCertificateId"] is not None:
                for front, shown in zip(listener.fronts, listener.shown(), strict=True):
                    front.show(self._serving(shown) if isinstance(shown, int) else shown)
        for identifier, row in self.store.items():
            using = [
                one.row
                for each in self.balancers.values()
                for one in each.listeners
                if one.row["tlsCertificateId"] == identifier
            ]
            row.update(associatedServiceCount=len(using), lbaasListeners=using)

    def _begin(self, balancer: Balancer) -> None:
        balancer.row["provisioningStatus"] = "UPDATE_PENDING"
        balancer.reads_left = self.reads_until_done

    # The API's methods

    def _Network_LBaaS_LoadBalancer_getAllObjects(self, _call: Call) -> list[Row]:
        return [_whole(one) for one in self.balancers.values()]

    def _Network_LBaaS_LoadBalancer_getLoadBalancer(self, call: Call) -> Row:
        balancer = self._balancer(call)
        if balancer.row["provisioningStatus"] == "UPDATE_PENDING":
            balancer.reads_left -= 1
            if balancer.reads_left < 0:
                balancer.row["provisioningStatus"] = "ACTIVE"
                self._show(balancer)
        return _whole(balancer)

    def _Network_LBaaS_Listener_updateLoadBalancerProtocols(self, call: Call) -> Row:
        balancer, elements = self._balancer(call), call.arguments[1]
        status = balancer.row["provisioningStatus"]
        if status != "ACTIVE":
            words = f"The load balancer with ID '{balancer.uuid}' cannot be updated because its status is '{status}'"
            raise Fault("SoftLayer_Exception_Public", words, 409)
        known = {one.row["uuid"]: one for one in balancer.listeners}
        for element in elements:
            if "listenerUuid" not in element:
                listener = self._listener(int(balancer.row["id"]) * 100 + len(balancer.listeners), ("127.0.0.1",), None)
                balancer.listeners.append(listener)
            else:
                listener = known[element["listenerUuid"]]
            if element.get("tlsCertificateId") is not None and element["tlsCertificateId"] not in self.store:
                raise Fault("SoftLayer_Exception_Public", f"There is no certificate {element['tlsCertificateId']}.")
            listener.row.update({name: value for name, value in element.items() if name in listener.row})
        self.carried_out.append((self.named(call), elements))
        self._begin(balancer)
        return _whole(balancer)

    def _Security_Certificate_deleteObject(self, call: Call) -> bool:
        done = super()._Security_Certificate_deleteObject(call)
        self.events.append(("deleted", self.deleted[-1]))
        return done

    def _balancer(self, call: Call) -> Balancer:
        if self.named(call) not in self.balancers:
            words = f"Unable to find load balancer with uuid of '{call.arguments[0]}'."
            raise Fault("SoftLayer_Exception_Network_LBaaS_ObjectNotFound", words, 404)
        return self.balancers[self.named(call)]


def _whole(balancer: Balancer) -> Row:
    return {**balancer.row, "listeners": [one.row for one in balancer.listeners]}
