# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An API server that knows neither our code nor our simulator: Python's own HTTP server, and the reference's metadata.

It speaks REST and XML-RPC on one port. It does what the real one does and no more: it stores the same certificate as often as it is
told to, mails as often as it is asked, and counts both.
"""

from __future__ import annotations

import contextlib
import json
import re
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import NameOID

from tests.outside.wire import Call, Fault, serving

TYPES = json.loads(Path(__file__).parents[1].joinpath("sldn-types.json").read_text(encoding="utf-8"))
ACCOUNT = 307608
USERNAME, API_KEY = "stranger", "c7d1f2-not-a-real-key"
STATUSES = {"Pending CA Approval": 42, "Approved": 43, "Complete": 44, "Canceled": 45}
UNDOCUMENTED = {("SoftLayer_Security_Certificate_Request::getSslCertificateRequests", "limit")}
"""What may be given though the reference does not offer it: a server that does not know it gives the whole list."""
SECONDS = 60
"""How long to wait for what must happen, at most."""

Row = dict[str, Any]
Hook = Callable[[Call], object]


class Answer(Exception):
    """Raised by a hook: this is answered, whatever the API's own answer would be."""

    def __init__(self, value: Any) -> None:
        super().__init__(value)
        self.value = value


def go_on(_call: Call) -> None:
    """The hook that does nothing."""


def answering(**odd: Any) -> Hook:
    """A hook that answers these methods otherwise: a value, or what a function makes of the call; `ConnectionError` is no answer."""

    def answer(call: Call) -> None:
        if call.method in odd:
            value = odd[call.method]
            if callable(value) and value is not ConnectionError:
                value = value(call)
            raise ConnectionError if value is ConnectionError else Answer(value)

    return answer


def time_text(moment: datetime | None) -> str | None:
    """An instant as the API writes it, in US Central time."""
    return None if moment is None else moment.astimezone(timezone(timedelta(hours=-6))).isoformat(timespec="seconds")


class Stranger:
    """An account: its orders, its certificate store, and how both are called.

    Attributes:
        orders: by id, as the API's type has them.
        store: the certificates by id, likewise.
        entries: what a user who may only view is given of the store; `None` where the user may manage it.
        calls: all calls of those who know the key, as they arrived.
        answered: the methods of those that have been answered, or whose connection was ended.
        mailed: the orders whose email was sent, each as often as it was.
        created: ids of certificates in the order in which they were stored.
        creates: how often each certificate was stored, by its SHA-256 fingerprint in hex.
        deleted: ids of certificates that were deleted.
        before: called with each call before it is carried out; may raise `Fault`, `Answer`, or `ConnectionError`.
        after: the same after it was carried out, before it is answered.
    """

    def __init__(self) -> None:
        self.orders: dict[int, Row] = {}
        self.store: dict[int, Row] = {}
        self.entries: list[Row] | None = None
        self.calls: list[Call] = []
        self.answered: list[str] = []
        self.mailed: list[int] = []
        self.created: list[int] = []
        self.creates: Counter[str] = Counter()
        self.deleted: list[int] = []
        self.before: Hook = go_on
        self.after: Hook = go_on
        self._changed = threading.Condition()
        self._held: dict[tuple[str, str], threading.Event] = {}
        self._mistakes: list[Exception] = []
        self._port = 0

    def url(self, transport: str = "rest") -> str:
        """Its endpoint."""
        return f"http://127.0.0.1:{self._port}/{transport}/v3.1/"

    @property
    def options(self) -> dict[str, Any]:
        """The options that log a module in, over REST, and let it repeat nothing."""
        return {"username": USERNAME, "api_key": API_KEY, "endpoint_url": self.url(), "retries": 0}

    @property
    def login(self) -> dict[str, str]:
        """The environment that logs a playbook in, over REST."""
        return {"SL_USERNAME": USERNAME, "SL_API_KEY": API_KEY, "SL_ENDPOINT_URL": self.url()}

    def made(self, method: str) -> list[Call]:
        """The calls of one method."""
        return [call for call in self.calls if call.method == method]

    def count(self, method: str) -> int:
        """How often a method was called."""
        return len(self.made(method))

    @property
    def changes(self) -> list[str]:
        """The calls that send, create, edit or delete something."""
        return [call.name for call in self.calls if not call.method.startswith(("get", "find"))]

    # What there is

    def add_order(self, identifier: int, name: str | None, **properties: Any) -> Row:
        """Keep an order that is approved unless told otherwise; a status is given by its name."""
        today, status = datetime.now(timezone.utc), properties.pop("status", "Approved")
        self.orders[identifier] = {
            "id": identifier,
            "accountId": ACCOUNT,
            "commonName": name,
            "approverEmailAddress": "admin@example.com",
            "createDate": time_text(today - timedelta(days=40)),
            "expirationDate": time_text(today + timedelta(days=300)),
            "statusId": STATUSES[status],
            "status": {"id": STATUSES[status], "name": status},
            **properties,
        }
        return self.orders[identifier]

    def add_certificate(self, identifier: int, pem: str, /, **properties: Any) -> Row:
        """Keep a certificate as if it had been stored."""
        self.store[identifier] = {
            "id": identifier,
            "certificate": pem,
            "intermediateCertificate": "",
            "certificateSigningRequest": "",
            "notes": "",
            "associatedServiceCount": 0,
            "lbaasListeners": [],
            **_derived(x509.load_pem_x509_certificates(pem.encode())[0]),
            **properties,
        }
        return self.store[identifier]

    # Serving

    @contextlib.contextmanager
    def serving(self) -> Iterator[Stranger]:
        """Serve on a free port of this machine until the block ends; what this server itself could not do fails the test."""
        with serving(self.carry_out) as self._port:
            try:
                yield self
            finally:
                for event in self._held.values():
                    event.set()
        assert self._mistakes == []

    @contextlib.contextmanager
    def hold(self, method: str, *, before: bool = False) -> Iterator[threading.Event]:
        """Hold a method's answers until the event is set; `before` it is carried out, or else after it."""
        event = self._held["before" if before else "after", method] = threading.Event()
        try:
            yield event
        finally:
            event.set()

    def wait_for(self, condition: Callable[[], object]) -> None:
        """Return as soon as something is so, which a call makes so."""
        with self._changed:
            so = self._changed.wait_for(condition, SECONDS)
        assert so, f"it never came to that; there were {[call.name for call in self.calls]}"

    def carry_out(self, call: Call) -> tuple[Any, int | None]:
        """Carry a call out; returns its answer and, of a list, how many rows there are in all."""
        if call.api_key != API_KEY:
            raise Fault("SoftLayer_Exception_Public", "Access Denied.", 401)
        with self._changed:
            self.calls.append(call)
            self._changed.notify_all()
        try:
            return self._between_hooks(call)
        except Answer as odd:
            return odd.value, None
        except (Fault, ConnectionError):
            raise
        except Exception as error:
            self._mistakes.append(error)
            raise Fault("SoftLayer_Exception_Public", f"{call.name}: {error!r}") from error
        finally:
            with self._changed:
                self.answered.append(call.method)
                self._changed.notify_all()

    def _between_hooks(self, call: Call) -> tuple[Any, int | None]:
        known = _known(call)
        self._wait("before", call)
        self.before(call)
        with self._changed:
            answer = self._answer(call, known)
            self._changed.notify_all()
        self._wait("after", call)
        self.after(call)
        return answer

    def _wait(self, when: str, call: Call) -> None:
        if (when, call.method) in self._held:
            self._held[when, call.method].wait(SECONDS)

    # The API's methods

    def _answer(self, call: Call, known: Row) -> tuple[Any, int | None]:
        method = getattr(self, f"_{call.service.removeprefix('SoftLayer_')}_{call.method}", None)
        assert method, f"{call.name} is a method of the API that this server lacks"
        answer = method(call)
        kind = known["gives"].removesuffix("[]")
        if isinstance(answer, dict):
            return masked(answer, kind, call.conditions.get("mask")), None
        if not isinstance(answer, list):
            return answer, None
        total = len(answer) if known.get("maskable") else None
        if known.get("limitable"):
            offset, limit = call.conditions.get("offset", 0), call.conditions.get("limit", len(answer))
            answer = sorted(answer, key=lambda row: int(row["id"]))[offset : offset + limit]
        return [masked(row, kind, call.conditions.get("mask")) for row in answer], total

    def _Account_getObject(self, _call: Call) -> Row:
        return {"id": ACCOUNT, "companyName": "Stranger Inc."}

    def _Account_getSecurityCertificates(self, call: Call) -> list[Row]:
        if self.entries is not None:
            raise _not_found(call)
        return list(self.store.values())

    def _Account_getValidSecurityCertificateEntries(self, _call: Call) -> list[Row]:
        return self.entries or []

    def _Network_LBaaS_LoadBalancer_getAllObjects(self, _call: Call) -> list[Row]:
        return []  # see `balancers`

    def _Security_Certificate_Request_getSslCertificateRequests(self, call: Call) -> list[Row]:
        return list(self.orders.values()) if call.arguments == (ACCOUNT,) else []

    def _Security_Certificate_Request_getObject(self, call: Call) -> Row:
        return _found(self.orders, call)

    def _Security_Certificate_Request_resendEmail(self, call: Call) -> bool:
        assert call.arguments == ("FulfillmentEmail",)
        self.mailed.append(int(_found(self.orders, call)["id"]))
        return True

    def _Security_Certificate_Request_Status_getSslRequestStatuses(self, _call: Call) -> list[Row]:
        return [{"id": identifier, "name": name} for name, identifier in STATUSES.items()]

    def _Security_Certificate_createObject(self, call: Call) -> Row:
        identifier = max([*self.store, *self.created, *self.deleted], default=1000) + 1
        template = dict(call.arguments[0])
        row = self.add_certificate(identifier, template["certificate"], **template)
        certificate = x509.load_pem_x509_certificate(template["certificate"].encode())
        self.creates[certificate.fingerprint(hashes.SHA256()).hex()] += 1
        self.created.append(identifier)
        return row

    def _Security_Certificate_findByCommonName(self, call: Call) -> list[Row]:
        return [row for row in self.store.values() if row["commonName"] == call.arguments[0]]

    def _Security_Certificate_getObject(self, call: Call) -> Row:
        return self._stored(call)

    def _Security_Certificate_editObject(self, call: Call) -> bool:
        self._stored(call).update(call.arguments[0])
        return True

    def _Security_Certificate_deleteObject(self, call: Call) -> bool:
        row = self._stored(call)
        if row["associatedServiceCount"] or row["lbaasListeners"]:
            raise Fault("SoftLayer_Exception_Public", "The certificate is in use by a service.")
        self.deleted.append(row["id"])
        del self.store[row["id"]]
        return True

    def _stored(self, call: Call) -> Row:
        return _found({} if self.entries is not None else self.store, call)


def _known(call: Call) -> Row:
    """What the metadata says of the method that is called, or of the property whose own getter it is."""
    if call.service not in TYPES:
        raise Fault(None, "Service does not exist", 404)
    kind = TYPES[call.service]
    known: Row | None = kind["methods"].get(call.method)
    if known is None:
        found = kind["properties"].get(call.method[3:4].lower() + call.method[4:], {})
        if not call.method.startswith("get") or found.get("form") != "relational":
            words = f'Function ("{call.method}") is not a valid method for this service'
            raise Fault("SoftLayer_Exception_Public", words)
        known = {"gives": found["type"], "maskable": True, "filterable": True, "limitable": True}
    offered = {"mask": "maskable", "filter": "filterable", "limit": "limitable"}
    for given in offered.keys() & call.conditions.keys():
        if not known.get(offered[given]) and (call.name, given) not in UNDOCUMENTED:
            raise Fault("SoftLayer_Exception_Public", f"{call.name} takes no {given}.")
    assert "mask" in call.conditions or not known.get("maskable"), f"no mask: {call.name} would bring everything"
    return known


def _not_found(call: Call) -> Fault:
    words = f"Unable to find object with id of '{call.identifier}'."
    return Fault("SoftLayer_Exception_ObjectNotFound", words, 404)


def _found(rows: Mapping[int, Row], call: Call) -> Row:
    if call.identifier not in rows:
        raise _not_found(call)
    return rows[call.identifier]


def _derived(certificate: x509.Certificate) -> Row:
    """What the store reads from a certificate."""
    now = time_text(datetime.now(timezone.utc))
    return {
        "commonName": _first(certificate.subject, NameOID.COMMON_NAME),
        "organizationName": _first(certificate.subject, NameOID.ORGANIZATION_NAME),
        "keySize": getattr(certificate.public_key(), "key_size", None),
        "validityBegin": time_text(certificate.not_valid_before_utc),
        "validityEnd": time_text(certificate.not_valid_after_utc),
        "createDate": now,
        "modifyDate": now,
    }


def _first(name: x509.Name, oid: x509.ObjectIdentifier) -> str | None:
    found = name.get_attributes_for_oid(oid)
    return str(found[0].value) if found else None


def masked(row: Row, kind: str, mask: str | None) -> Row:
    """Return what a mask leaves of an object: it limits only if it names a local property (see `softlayer-api.md`)."""
    wanted = _read_mask(mask or "")
    properties = TYPES[kind]["properties"]
    local = {name for name in properties if properties[name]["form"] == "local"}
    answer = {name: row[name] for name in (local & wanted.keys() or local) if name in row}
    assert "privateKey" not in (local & wanted.keys() or local), f"nobody may ask for private keys, as {mask!r} does"
    for name in wanted.keys() - local:
        inner = properties[name]["type"].removesuffix("[]")  # an unknown property ends the call, as it should
        value = row.get(name)
        if inner not in TYPES:
            answer[name] = value
        elif isinstance(value, list):
            answer[name] = [masked(one, inner, wanted[name]) for one in value]
        elif value is not None:
            answer[name] = masked(value, inner, wanted[name])
    return answer


def _read_mask(mask: str) -> dict[str, str]:
    """Return the names of one level of `mask[a,b[c]]`, each with what stands in the brackets behind it."""
    inside = re.fullmatch(r"(?:mask)?\[(.*)\]", mask)
    text, names, depth, start = inside[1] if inside else mask, {}, 0, 0
    for position, character in enumerate(f"{text},"):
        depth += {"[": 1, "]": -1}.get(character, 0)
        if character == "," and depth == 0:
            name, bracket, rest = text[start:position].partition("[")
            if name:
                names[name] = f"[{rest}" if bracket else ""
            start = position + 1
    return names
