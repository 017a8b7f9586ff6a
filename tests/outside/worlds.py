# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An account over XML-RPC, TLS servers that serve what it says that its listeners have, and a client that judges them.

The API knows its types, masks and methods as the simulator does: from the metadata of the reference alone. The judge is Python's `ssl`, as whoever
writes a client sets it up: with the default context, some roots and the host name. Neither shares code with the collection.
"""

from __future__ import annotations

import http.server
import re
import socket
import ssl
import struct
import tempfile
import threading
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from functools import cache, partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.simulator import listings, store, xmlrpc
from tests.simulator.calls import Call
from tests.simulator.errors import ApiFault
from tests.simulator.listings import Answer
from tests.simulator.metadata import SIGNATURES
from tests.simulator.settings import Settings
from tests.support.certificates import Issued, certificate_of, identifiers, name_of, pem_of, usage_of

Row = dict[str, Any]
Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
DAY = timedelta(days=1)
SECONDS = 10.0
"""How long a client, or a server, waits for the other side."""


# Certificates, with all that strict clients ask for (RFC 5280, 4.2.1)


@cache
def keys(kind: str) -> tuple[Key, ...]:
    """The keys of a kind that servers have: ``rsa``, ``ec`` or ``weak``. They are made once, as it takes long."""
    if kind == "ec":
        return tuple(ec.generate_private_key(ec.SECP256R1()) for _number in range(6))
    size, count = (1024, 2) if kind == "weak" else (2048, 6)
    return tuple(rsa.generate_private_key(public_exponent=65537, key_size=size) for _number in range(count))


def now() -> datetime:
    """This second."""
    return datetime.now(timezone.utc).replace(microsecond=0)


@dataclass(frozen=True)
class Signer:
    """A certificate authority: a root, or what a root or another one has signed."""

    certificate: x509.Certificate
    key: Key
    above: Signer | None = None

    @classmethod
    def root(cls, name: str) -> Signer:
        """An authority that signs itself."""
        key = ec.generate_private_key(ec.SECP256R1())
        return cls(_signed(name_of(name), key, name_of(name), key, (-3650, 3650), authority=True), key)

    def sign(self, name: str, days: tuple[float, float] = (-1000, 1800), key: Key | None = None) -> Signer:
        """An authority below this one; with the key of another one, the same authority once more."""
        key = key or ec.generate_private_key(ec.SECP256R1())
        subject = self.certificate.subject
        return Signer(_signed(name_of(name), key, subject, self.key, days, authority=True), key, self)

    @property
    def chain(self) -> tuple[x509.Certificate, ...]:
        """It, and those above it but for the root."""
        return (self.certificate, *self.above.chain) if self.above else ()

    @property
    def top(self) -> x509.Certificate:
        """The root."""
        return self.above.top if self.above else self.certificate

    def issue(
        self,
        *names: str,
        days: tuple[float, float] = (-1, 89),
        key: Key | None = None,
        organization: str | None = None,
    ) -> Issued:
        """A server's certificate, with an empty subject as those of ACME authorities unless it names an organization."""
        key = key or keys("rsa")[0]
        subject = name_of(names[0], organization) if organization else x509.Name([])
        leaf = _signed(subject, key, self.certificate.subject, self.key, days, names=names)
        return Issued(key, leaf, self.chain, self.top)


def itself(*names: str, days: tuple[float, float] = (-1, 89), key: Key | None = None) -> Issued:
    """A certificate that has signed itself."""
    key = key or keys("rsa")[0]
    subject = name_of(names[0])
    return Issued(key, _signed(subject, key, subject, key, days, names=names))


def _signed(
    subject: x509.Name,
    key: Key,
    issuer: x509.Name,
    issuer_key: Key,
    days: tuple[float, float],
    *,
    names: Sequence[str] = (),
    authority: bool = False,
) -> x509.Certificate:
    begin, end = (now() + number * DAY for number in days)
    usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
    extensions = [usage_of() if authority else usage, *identifiers(key, issuer_key)]
    how: dict[str, Any] = {"names": names, "not_before": begin, "not_after": end, "extensions": extensions}
    return certificate_of(subject, issuer, key, issuer_key, ca=authority, **how)


@dataclass(frozen=True)
class Authorities:
    """The authorities of a world; the machine knows the public root alone."""

    public: Signer
    """A root."""
    one: Signer
    """With one intermediate below the public root."""
    two: Signer
    """With two, as the default chain of Let's Encrypt for RSA keys has since May 2026."""
    ended: Signer
    """The same authority as `one`, by a certificate that has ended ..."""
    leaving: Signer
    """... and by one that ends in two days."""
    weak: Signer
    """With an RSA key of 1,024 bits."""
    own: Signer
    """Below a root of one's own."""
    staging: Signer
    """Below a root that nobody trusts."""


@cache
def authorities() -> Authorities:
    """Those of all worlds."""
    public = Signer.root("Public Root X1")
    one = public.sign("Public CA 1")
    return Authorities(
        public,
        one,
        public.sign("Public Root YR").sign("Public CA YR1"),
        public.sign("Public CA 1", (-1500, -3), one.key),
        public.sign("Public CA 1", (-1500, 2), one.key),
        public.sign("Public CA Weak", key=keys("weak")[0]),
        Signer.root("Own Root").sign("Own CA"),
        Signer.root("Staging Root").sign("Staging CA"),
    )


# The judge


@dataclass(frozen=True)
class Opinion:
    """What a client says of one address: whether it accepts what is served (`None`: it could not see), and its sentence."""

    accepts: bool | None
    sentence: str = ""


def client_context(*roots: Path) -> ssl.SSLContext:
    """The settings of a client that trusts the roots in these files."""
    context = ssl.create_default_context(cafile=str(roots[0]))
    for path in roots[1:]:
        context.load_verify_locations(str(path))
    return context


def judge(host: str, port: int, name: str, *roots: Path) -> Opinion:
    """What a client says that asks for a name at an address, and trusts these roots."""
    with suppress(OSError), socket.create_connection((host, port), SECONDS) as connection:
        try:
            with client_context(*roots).wrap_socket(connection, server_hostname=name):
                return Opinion(True)
        except ssl.SSLCertVerificationError as error:
            return Opinion(False, error.verify_message)
    return Opinion(None)


def judge_content(pem: str, chain: str, key: str, name: str, *roots: Path) -> Opinion:
    """What a client says of a server that serves just this."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = server_context(pem, chain, key, ecdsa=True).wrap_bio(to_server, to_client, server_side=True)
    client = client_context(*roots).wrap_bio(to_client, to_server, server_hostname=name)
    for _flight in range(6):
        try:
            client.do_handshake()
            return Opinion(True)
        except ssl.SSLWantReadError:
            with suppress(ssl.SSLWantReadError):
                server.do_handshake()
        except ssl.SSLCertVerificationError as error:
            return Opinion(False, error.verify_message)
    raise AssertionError("the handshake does not end")


# What load balancers are to their clients

SUITES = (
    *("ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-RSA-AES256-SHA384", "AES256-GCM-SHA384", "AES256-SHA256"),
    *("ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-RSA-AES128-SHA256", "AES128-GCM-SHA256", "AES128-SHA256"),
)
"""What a balancer offers unless it is told otherwise; TLS 1.2 only."""
FOR_EC = ("ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-AES128-GCM-SHA256")


@cache
def server_context(pem: str, chain: str, key: str, *, ecdsa: bool = False) -> ssl.SSLContext:
    """A server that serves a certificate with these issuers, however weak its key is."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(":".join([*SUITES, *(FOR_EC if ecdsa else ()), "@SECLEVEL=0"]))
    with tempfile.NamedTemporaryFile("w", suffix=".pem") as file:
        file.write(pem + chain + key)
        file.flush()
        context.load_cert_chain(file.name)
    return context


@dataclass
class Front:
    """A listener as its clients meet it, at one port of one or several addresses.

    Attributes:
        site: the name by which clients ask for it.
        sends: the issuers that it sends: those that the record has (``stored``), ``nothing``, or ``nothing new``, which is none with a record
            that was not there when the world began.
        bare: the addresses that do as `sends` says; all unless it is given.
        fixed: what an address serves whatever the API says.
        closed: addresses at which nothing listens.
        resets: how many more connections end with a reset.
    """

    account: Account
    balancer: Row
    row: Row
    site: str
    addresses: tuple[str, ...]
    port: int
    sends: str = "stored"
    bare: tuple[str, ...] | None = None
    fixed: Mapping[str, Issued] = field(default_factory=dict)
    closed: tuple[str, ...] = ()
    resets: int = 0

    @property
    def place(self) -> tuple[str, int]:
        """How results call it."""
        return self.balancer["name"], self.port

    @property
    def record_id(self) -> int:
        """Which record it has in the API."""
        return int(self.row["tlsCertificateId"])

    def context(self, address: str) -> ssl.SSLContext | None:
        """What it serves at an address; `None` if it cannot."""
        ecdsa = any("ECDSA" in cipher["name"] for cipher in self.balancer["sslCiphers"])
        if address in self.fixed:
            issued = self.fixed[address]
            return server_context(issued.pem, issued.chain_pem, issued.key_pem, ecdsa=ecdsa)
        record = self.account.records.get(self.record_id)
        if record is None:
            return None
        does = address in (self.addresses if self.bare is None else self.bare)
        is_bare = does and (
            self.sends == "nothing" or (self.sends == "nothing new" and record["id"] not in self.account.first_records)
        )
        chain = "" if is_bare else record["_served_chain"]
        return server_context(record["_served"], chain, record["privateKey"], ecdsa=ecdsa)

    def opinions(self, *roots: Path) -> dict[str, Opinion]:
        """What clients say at each address."""
        return {address: judge(address, self.port, self.site, *roots) for address in self.addresses}


class _Doors:
    """The sockets of listeners."""

    def __init__(self) -> None:
        self._sockets: list[socket.socket] = []

    def open(self, addresses: Sequence[str], closed: Sequence[str]) -> tuple[int, dict[str, socket.socket]]:
        """A port that is free at all these addresses, and the sockets at those that are not closed."""
        for _try in range(50):
            bound: dict[str, socket.socket] = {}
            try:
                port = 0
                for address in addresses:
                    bound[address] = socket.socket()
                    bound[address].setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    bound[address].bind((address, port))
                    port = bound[address].getsockname()[1]
            except OSError:
                for each in bound.values():
                    each.close()
                continue
            self._sockets += bound.values()  # a closed one stays bound, so that nobody else takes its port
            for address in set(addresses) - set(closed):
                bound[address].listen(64)
            return port, {address: each for address, each in bound.items() if address not in closed}
        raise AssertionError("no port is free")

    def serve(self, front: Front, address: str, door: socket.socket) -> None:
        """Let clients in."""
        threading.Thread(target=self._accept, args=(front, address, door), daemon=True).start()

    def _accept(self, front: Front, address: str, door: socket.socket) -> None:
        with suppress(OSError):
            while True:
                client, _from = door.accept()
                threading.Thread(target=self._meet, args=(front, address, client), daemon=True).start()

    @staticmethod
    def _meet(front: Front, address: str, client: socket.socket) -> None:
        client.settimeout(SECONDS)
        with client, suppress(OSError, ValueError):
            context = front.context(address)
            if front.resets > 0 or context is None:
                front.resets -= 1
                client.recv(1)
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                return
            with context.wrap_socket(client, server_side=True) as tls:
                tls.recv(4096)

    def close(self) -> None:
        """Close all."""
        for door in self._sockets:
            with suppress(OSError):
                door.shutdown(socket.SHUT_RDWR)
            door.close()


def resolve(names: Mapping[str, Sequence[str]]) -> None:
    """In a module's process, let the names of load balancers lead to addresses of this machine."""
    ask = socket.getaddrinfo

    def answer(host: Any, *arguments: Any, **keywords: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        if name in names and keywords.get("flags"):
            raise socket.gaierror("it is no address")
        return [entry for each in names.get(name, [host]) for entry in ask(each, *arguments, **keywords)]

    socket.getaddrinfo = answer


# The API

STORED, ALL, UPDATE = "getSecurityCertificates", "getAllObjects", "updateLoadBalancerProtocols"
CREATE, EDIT, DELETE = "createObject", "editObject", "deleteObject"
WRITES = frozenset({CREATE, EDIT, DELETE, UPDATE})
PENDING, ACTIVE = "UPDATE_PENDING", "ACTIVE"
FOR_EVER = 1_000_000
PEM = re.compile(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\n?", re.DOTALL)


class Refusal(ApiFault):
    """A fault, as the API gives it."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(f"SoftLayer_Exception_{code}", text)


@dataclass
class Fault:
    """What goes wrong once, at the call of a method of this number.

    Attributes:
        kind: ``answer lost`` (it was carried out), ``request lost``, ``refused``, ``short`` (a list lacks its last row), or ``told``, which
            calls `action` and goes on.
    """

    method: str
    kind: str
    number: int = 1
    action: Callable[[], object] = lambda: None


class Account:
    """An account: its store, its load balancers, and the API that tells of them.

    Attributes:
        records: the store, by id; what is served of a record is kept beside what the API tells of it, in ``_served`` and ``_served_chain``.
        fronts: the listeners, as clients meet them.
        others: servers beside the load balancers, each of which serves one certificate.
        keeps: how many issuers the store keeps of those that it is given.
        hides_balancers: whether the user has lost the access to the balancers.
        reads_until_active: how often a balancer is read until a change of it is done.
        calls: method and arguments of each call, the oldest first.
    """

    username, api_key = "SL1", "0123456789abcdef" * 4

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.records: dict[int, Row] = {}
        self.fronts: list[Front] = []
        self.others: list[Front] = []
        self.keeps = 99
        self.hides_balancers = False
        self.reads_until_active = 1
        self.calls: list[tuple[str, tuple[Any, ...]]] = []
        self.fault: Fault | None = None
        self.first_records: set[int] = set()
        self._balancers: dict[str, Row] = {}
        self._pending: dict[str, int] = {}
        self._next = 5000
        self._doors = _Doors()
        self._lock = threading.Lock()
        self.public_roots, self.own_roots = folder / "public.pem", folder / "own.pem"
        self.public_roots.write_text(pem_of([authorities().public.certificate]), encoding="ascii")
        self.own_roots.write_text(pem_of([authorities().own.top]), encoding="ascii")
        self.authority_root = self.public_roots  # as the simulator calls it, for those who start playbooks
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, self))
        self.rest_url = self.url = f"http://127.0.0.1:{self._server.server_port}/xmlrpc/v3.1"

    def __enter__(self) -> Account:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._doors.close()

    # What a test builds it of

    def store(self, issued: Issued, chain: Iterable[x509.Certificate] | None = None, **changed: Any) -> int:
        """Have a record in the store, with its whole chain unless another one is given."""
        kept = pem_of(issued.chain if chain is None else chain)
        identifier = self._add(issued.pem, issued.key_pem, kept, **changed)
        self.first_records.add(identifier)
        return identifier

    def serve(
        self,
        balancer: str,
        record_id: int,
        site: str = "www.example.com",
        addresses: Sequence[str] = ("127.0.0.1",),
        *,
        status: str = ACTIVE,
        pending: int = 0,
        ecdsa: bool = False,
        **how: Any,
    ) -> Front:
        """Have an HTTPS listener, on a balancer that there is or that is made for it; for ``how`` see `Front`."""
        closed = tuple(how.get("closed", ()))
        port, doors = self._doors.open(addresses, closed)
        if balancer not in self._balancers:
            ciphers = [{"id": 30 + number, "name": name} for number, name in enumerate((*SUITES, *FOR_EC))]
            self._balancers[balancer] = {
                "id": 7000 + len(self._balancers),
                "uuid": str(uuid.uuid4()),
                "name": balancer,
                "address": addresses[0] if len(addresses) == 1 else f"{balancer}.lb.example.net",
                "type": 1,
                "isPublic": 1,
                "provisioningStatus": PENDING if pending else status,
                "operatingStatus": "ONLINE",
                "previousErrorText": "",
                "sslCiphers": ciphers if ecdsa else [],
                "listeners": [],
            }
            self._pending[balancer] = pending
        row = {
            "id": 9000 + len(self.fronts),
            "uuid": str(uuid.uuid4()),
            "protocol": "HTTPS",
            "protocolPort": port,
            "provisioningStatus": ACTIVE,
            "tlsCertificateId": record_id,
        }
        self._balancers[balancer]["listeners"].append(row)
        front = Front(self, self._balancers[balancer], row, site, tuple(addresses), port, **how)
        self.fronts.append(front)
        for address, door in doors.items():
            self._doors.serve(front, address, door)
        return front

    def serve_elsewhere(
        self, issued: Issued, site: str = "www.example.com", address: str = "127.0.0.1", closed: Sequence[str] = ()
    ) -> Front:
        """Have a server that is no load balancer, and goes on serving one certificate."""
        port, doors = self._doors.open((address,), closed)
        balancer = {"sslCiphers": [{"name": name} for name in FOR_EC]}
        front = Front(self, balancer, {}, site, (address,), port, fixed={address: issued}, closed=tuple(closed))
        self.others.append(front)
        for door in doors.values():
            self._doors.serve(front, address, door)
        return front

    def release(self) -> None:
        """Let all changes that are under way be done."""
        for name, balancer in self._balancers.items():
            self._pending[name] = 0
            if balancer["provisioningStatus"] == PENDING:
                balancer["provisioningStatus"] = ACTIVE

    @property
    def names(self) -> dict[str, tuple[str, ...]]:
        """The addresses of the balancers that have several."""
        return {front.balancer["address"]: front.addresses for front in self.fronts if len(front.addresses) > 1}

    @property
    def writes(self) -> list[str]:
        """The calls that change something, the oldest first."""
        return [method for method, _arguments in self.calls if method in WRITES]

    def options(self, **given: Any) -> dict[str, Any]:
        """What logs a module in, and keeps its run short."""
        login = {"username": self.username, "api_key": self.api_key, "endpoint_url": self.url, "retries": 0}
        return {**login, "ledger_url": f"sqlite:///{self.folder}/ledger.sqlite3", "verify_timeout": 4, **given}

    # What the API does

    def answer(self, call: Call) -> Answer:
        """The answer to a call.

        Raises:
            ApiFault: if there is none.
        """
        signature = SIGNATURES.get(call.service, {}).get(call.method)
        if signature is None:
            raise Refusal(
                "Public", f"Function ({call.method}) is not a valid method for this service ({call.service})."
            )
        with self._lock:
            self.calls.append((call.method, call.arguments))
            work = getattr(self, f"_{call.service.rpartition('_')[2]}_{call.method}")
            value = work(int(call.identifier or 0), *call.arguments)
            return listings.answer(value, signature, listings.projection(signature, call), call, Settings())

    def _listeners(self, record: Row) -> list[Row]:
        return [front.row for front in self.fronts if front.row["tlsCertificateId"] == record["id"]]

    def _Account_getObject(self, _id: int) -> Row:
        return {"id": 307600, "companyName": "Example"}

    def _Account_getSecurityCertificates(self, _id: int) -> list[Row]:
        return list(self.records.values())

    def _Certificate_findByCommonName(self, _id: int, name: str) -> list[Row]:
        return [row for row in self.records.values() if row["commonName"] == name]

    def _Certificate_getObject(self, identifier: int) -> Row:
        if identifier not in self.records:
            raise Refusal("ObjectNotFound", f"Unable to find object with id of '{identifier}'.")
        return self.records[identifier]

    def _Certificate_createObject(self, _id: int, template: Row) -> Row:
        for name in ("certificate", "privateKey"):
            if not template.get(name):
                raise Refusal("MissingCreationProperty", f"Property '{name}' must be set to create an instance.")
        leaf = x509.load_pem_x509_certificate(template["certificate"].encode())
        key = load_pem_private_key(template["privateKey"].encode(), None)
        if _spki(key.public_key()) != _spki(leaf.public_key()):
            raise Refusal("InvalidValue", "The private key does not match the certificate.")
        blocks = PEM.findall(template.get("intermediateCertificate") or "")
        if blocks and x509.load_pem_x509_certificate(blocks[0].encode()).subject != leaf.issuer:
            raise Refusal("InvalidValue", "The certificate does not match the intermediate certificate.")
        kept = "".join(blocks[: self.keeps])
        notes = {name: template[name] for name in ("notes", "certificateSigningRequest") if name in template}
        return self.records[self._add(template["certificate"], template["privateKey"], kept, **notes)]

    def _Certificate_editObject(self, identifier: int, template: Row) -> bool:
        record = self._Certificate_getObject(identifier)
        if self._listeners(record) and template.keys() - {"notes", "certificateSigningRequest"}:
            raise Refusal("Public", "The certificate is in use by a service and cannot be edited.")
        given = dict(template)
        if "intermediateCertificate" in given:
            given["intermediateCertificate"] = "".join(PEM.findall(given["intermediateCertificate"])[: self.keeps])
            record["_served_chain"] = given["intermediateCertificate"]
        record.update(given)
        return True

    def _Certificate_deleteObject(self, identifier: int) -> bool:
        if self._listeners(self._Certificate_getObject(identifier)):
            raise Refusal("Public", "The certificate is in use by a service and cannot be deleted.")
        del self.records[identifier]
        return True

    def _LoadBalancer_getAllObjects(self, _id: int) -> list[Row]:
        return [] if self.hides_balancers else [self._read(name) for name in self._balancers]

    def _LoadBalancer_getLoadBalancer(self, _id: int, identifier: str) -> Row:
        return self._read(self._name_of(identifier))

    def _Listener_updateLoadBalancerProtocols(self, _id: int, identifier: str, wanted: list[Row]) -> Row:
        name = self._name_of(identifier)
        balancer = self._balancers[name]
        status = balancer["provisioningStatus"]
        if status != ACTIVE:
            raise Refusal(
                "Public",
                f"The load balancer with ID '{identifier}' cannot be updated because its status is '{status}'",
            )
        rows = {row["uuid"]: row for row in balancer["listeners"]}
        for each in wanted:
            if each.keys() != {"listenerUuid", "tlsCertificateId"} or each["listenerUuid"] not in rows:
                raise Refusal("InvalidValue", "A listener would be created.")
            if each["tlsCertificateId"] not in self.records:
                raise Refusal("ObjectNotFound", f"Unable to find object with id of '{each['tlsCertificateId']}'.")
        for each in wanted:
            rows[each["listenerUuid"]]["tlsCertificateId"] = each["tlsCertificateId"]
        self._pending[name] = self.reads_until_active
        balancer["provisioningStatus"] = PENDING if self.reads_until_active else ACTIVE
        return dict(balancer)

    def _name_of(self, identifier: str) -> str:
        for name, balancer in self._balancers.items():
            if balancer["uuid"] == identifier and not self.hides_balancers:
                return name
        raise Refusal("Network_LBaaS_ObjectNotFound", f"Unable to find load balancer '{identifier}'.")

    def _read(self, name: str) -> Row:
        balancer = self._balancers[name]
        shown = {**balancer, "listeners": [dict(row) for row in balancer["listeners"]]}
        if balancer["provisioningStatus"] == PENDING:
            self._pending[name] -= 1
            if self._pending[name] <= 0:
                balancer["provisioningStatus"] = ACTIVE
        return shown

    def _add(self, pem: str, key: str, chain: str, **changed: Any) -> int:
        leaf = x509.load_pem_x509_certificate(pem.encode())
        self._next += 1
        row = {
            "id": self._next,
            "certificate": pem,
            "privateKey": key,
            "intermediateCertificate": chain,
            "certificateSigningRequest": "",
            "notes": "",
            **store.facts(leaf),
            "createDate": now(),
            "modifyDate": now(),
            "associatedServiceCount": lambda record: len(self._listeners(record)),
            "lbaasListeners": self._listeners,
            "_served": pem,
            "_served_chain": chain,
        }
        self.records[self._next] = {**row, **changed}
        return self._next


def _spki(key: Any) -> bytes:
    return bytes(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))


class _Handler(http.server.BaseHTTPRequestHandler):
    """XML-RPC, as the API speaks it: the service is in the path, and the first parameter holds the headers."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def __init__(self, account: Account, *arguments: Any) -> None:
        self._account = account
        super().__init__(*arguments)

    def log_message(self, *_parts: object) -> None:
        """Log nothing."""

    def do_POST(self) -> None:
        """Answer one call."""
        with suppress(OSError):
            self._answer(self.rfile.read(int(self.headers["Content-Length"])))

    def _answer(self, body: bytes) -> None:
        request: Any = SimpleNamespace(data=body, authorization=None)
        call, total = xmlrpc.decode(request, self.path.rpartition("/")[2]), None
        fault = self._fault(call.method)
        if fault == "request lost":
            self._break_off()
            return
        try:
            login = call.credentials
            if login is None or (login.username, login.api_key) != (Account.username, Account.api_key):
                raise Refusal("Public", "Access Denied.")
            if fault == "refused":
                raise Refusal("Public", "Internal Error")
            answer = self._account.answer(call)
            if fault == "short":
                answer = replace(answer, value=answer.value[:-1])
            data, total = xmlrpc.encode(answer).get_data(), answer.total
        except ApiFault as refusal:
            data = xmlrpc.encode_fault(refusal).get_data()
        if fault == "answer lost":
            self._break_off()
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/xml")
        self.send_header("Content-Length", str(len(data)))
        if total is not None:
            self.send_header("SoftLayer-Total-Items", str(total))
        self.end_headers()
        self.wfile.write(data)
        self.wfile.flush()

    def _fault(self, method: str) -> str:
        fault = self._account.fault
        if fault is None or fault.method != method:
            return ""
        fault.number -= 1
        if fault.number:
            return ""
        self._account.fault = None
        fault.action()
        return fault.kind

    def _break_off(self) -> None:
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
