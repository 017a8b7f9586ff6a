# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Parse the endpoints that users specify, and define probe results. Private to softlayer.certificates. Pure."""

from __future__ import annotations

import json
import re
import typing as t
from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from .._base.codes import ProbeFailureReason
from .._base.errors import CertificatesError, Obstacle
from .._base.names import MAX_PORT, encode_name, is_address
from .._base.text import escape_invisible
from .._replacement.index import StoreIndex, why_unavailable
from .._replacement.trust import TrustView
from .._softlayer.store import StoreCertificate
from .._x509.certificate import Certificate

HTTPS_PORT = 443
ENDPOINT_KEYS = ("host", "port", "server_name", "expected")
HOST_NAME_PATTERN = re.compile(
    r"(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*"
)
"""A host name in ASCII form (RFC 1123, 2.1). Underscores are allowed."""
BRACKETED_ADDRESS = re.compile(r"\[([^\[\]]*)\](?::(.*))?")
URL_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
MAX_SHOWN_LENGTH = 80
EXPECTED_REMEDY = 'Set DNS names, such as ["www.example.com"], or the ID of a certificate in the store, such as {"certificate_id": 4711}'


@dataclass(frozen=True)
class ExpectedCertificate:
    """The expected certificate of an endpoint: a certificate for all `names`, or a certificate in the store."""

    names: tuple[str, ...] = ()
    certificate_id: int | None = None


@dataclass(frozen=True)
class Endpoint:
    """A host and port, and the requested name in the handshake (SNI, RFC 6066, 3)."""

    host: str
    port: int = HTTPS_PORT
    server_name: str | None = None
    expected: ExpectedCertificate | None = None
    """Expected certificate; `None` for any certificate."""

    @property
    def address_text(self) -> str:
        """Host and port for messages."""
        host = escape_invisible(self.host)
        return f"[{host}]:{self.port}" if ":" in host else f"{host}:{self.port}"

    @property
    def network_host(self) -> str:
        """The host for name resolution: a name in ASCII form, or an address."""
        return self.host if is_address(self.host) else encode_name(self.host)

    @property
    def sni(self) -> str | None:
        """The name to send as SNI; `None` for an address (RFC 6066, 3)."""
        return None if not self.server_name or is_address(self.server_name) else encode_name(self.server_name)

    @property
    def checked_name(self) -> str:
        """The name or address that the certificate must match."""
        name = (self.server_name or self.host).partition("%")[0]
        return name if is_address(name) else encode_name(name)


@dataclass(frozen=True)
class ProbeResult:
    """The result of a probe.

    Attributes:
        chain: the sent certificates, the server's own certificate first; may be set even if `reason` is set.
        message: one sentence about `reason`.
        is_connected: whether the endpoint accepted a connection.
        is_cut: whether the accepted connection broke or timed out, so that a second attempt may succeed.
        is_accepted: whether a TLS client accepts the certificate; `None` if unknown.
        rejection: the reason for a rejection, as the end of a sentence.
        has_name_mismatch: whether the client rejected the certificate because of the name.
    """

    endpoint: Endpoint
    ip_address: str | None = None
    chain: tuple[Certificate, ...] = ()
    tls_version: str | None = None
    cipher: str | None = None
    reason: ProbeFailureReason | None = None
    message: str | None = None
    is_connected: bool = False
    is_cut: bool = False
    is_accepted: bool | None = None
    rejection: str | None = None
    has_name_mismatch: bool = False


def read_endpoint(written: object, place: str) -> Endpoint:
    """Parse an endpoint.

    Args:
        written: text such as `host`, `host:port`, `[v6]:port`, or an `https` URL; or a dict.
        place: the position of the endpoint for messages, such as `endpoints[0]`.

    Raises:
        CertificatesError: `invalid_argument`.
    """
    if isinstance(written, str):
        host, port = _split_address(written.strip(), place)
        return _create_endpoint(host, port, None, place)
    if not isinstance(written, Mapping):
        raise _create_value_error(
            place, written, "must be text or a dict. Use the form HOST:PORT, such as www.example.com:443"
        )
    unknown = [str(key) for key in written if key not in ENDPOINT_KEYS]
    if unknown:
        raise _create_value_error(
            place, unknown[0], f"is not a valid key of an endpoint. Valid keys are {', '.join(ENDPOINT_KEYS)}"
        )
    name, server_name = (_parse_text(written, key, place) for key in ("host", "server_name"))
    if name is None:
        raise CertificatesError("invalid_argument", f"{place}.host is missing.")
    bracketed = BRACKETED_ADDRESS.fullmatch(name)
    if bracketed and bracketed[2] is None:
        name = bracketed[1]
    port = written.get("port")
    is_blank = port is None or (isinstance(port, str) and not port.strip())
    endpoint = _create_endpoint(name, HTTPS_PORT if is_blank else port, server_name, place)
    return replace(endpoint, expected=_parse_expected(written.get("expected"), f"{place}.expected"))


def has_expected_record(written: object) -> bool:
    """Return whether an endpoint, even an invalid endpoint, specifies a certificate in the store by ID."""
    expected = written.get("expected") if isinstance(written, Mapping) else None
    return (
        expected.get("certificate_id") is not None if isinstance(expected, Mapping) else _parse_id(expected) is not None
    )


def _parse_expected(written: object, place: str) -> ExpectedCertificate | None:
    """Parse the expected certificate of an endpoint: DNS names, or the ID of a certificate in the store."""
    if isinstance(written, Mapping) and len(written) == 1:
        if (value := written.get("names")) is not None and _parse_id(value) is None:
            return _parse_expected(value, place)
        if (identifier := _parse_id(written.get("certificate_id"))) is not None:
            return ExpectedCertificate(certificate_id=identifier)
    elif not isinstance(written, Mapping):
        if written is None:
            return None
        if (identifier := _parse_id(written)) is not None:
            return ExpectedCertificate(certificate_id=identifier)
        names = re.split(r"[\s,]+", written.strip()) if isinstance(written, str) else written
        if isinstance(names, list) and names and all(isinstance(name, str) for name in names):
            wrong = next((name for name in names if not is_host(name.strip().removeprefix("*."))), None)
            if wrong is not None:
                raise _create_value_error(place, wrong, f"is not a valid DNS name. {EXPECTED_REMEDY}")
            return ExpectedCertificate(tuple(dict.fromkeys(encode_name(name) for name in names)))
    raise _create_value_error(place, written, f"must be DNS names or the ID of a certificate. {EXPECTED_REMEDY}")


def _parse_id(value: object) -> int | None:
    """Return the ID of a certificate in the store; `None` if the value is not an ID."""
    text = str(value).strip() if isinstance(value, int | str) and not isinstance(value, bool) else ""
    return int(text) if re.fullmatch(r"[1-9][0-9]{0,17}", text) else None


def _parse_text(written: Mapping[str, t.Any], key: str, place: str) -> str | None:
    value = written.get(key)
    if value is None:
        return None
    if not isinstance(value, str):
        raise _create_value_error(f"{place}.{key}", value, "must be text")
    return value.strip() or None


def _split_address(text: str, place: str) -> tuple[str, object]:
    """Split a text into host and port."""
    if URL_SCHEME.match(text):  # a URL that was copied from a browser; its path is ignored
        try:
            url = urlsplit(text)
            name, number = url.hostname, url.port
        except ValueError:
            raise _create_value_error(place, text, "is not a valid URL. Use the form HOST:PORT") from None
        if url.scheme != "https" or not name or "@" in url.netloc:
            raise _create_value_error(
                place, text, "must be an https URL with a host name and without a user name. Use the form HOST:PORT"
            )
        return name, HTTPS_PORT if number is None else number
    bracketed = BRACKETED_ADDRESS.fullmatch(text)
    if bracketed:
        return bracketed[1], HTTPS_PORT if bracketed[2] is None else bracketed[2]
    host, colon, port = text.partition(":")
    return (text, HTTPS_PORT) if not colon or ":" in port else (host, port)


def _create_endpoint(host: str, port: object, server_name: str | None, place: str) -> Endpoint:
    if not is_host(host):
        raise _create_value_error(
            place, host, "is not a valid host name or address. Use the form www.example.com:443 or [2001:db8::1]:443"
        )
    if server_name is not None and not is_host(server_name):
        raise _create_value_error(
            f"{place}.server_name", server_name, "is not a valid host name or address. Correct server_name"
        )
    number = int(port) if isinstance(port, str) and re.fullmatch(r"\s*[0-9]{1,9}\s*", port, re.ASCII) else port
    if isinstance(number, bool) or not isinstance(number, int) or not 0 < number <= MAX_PORT:
        raise _create_value_error(place, port, f"is not a valid port. Set a number from 1 to {MAX_PORT}")
    return Endpoint(host, number, server_name or host)


def is_host(text: str) -> bool:
    """Return whether a text is an address or a host name, but not a wildcard."""
    return is_address(text) or HOST_NAME_PATTERN.fullmatch(encode_name(text)) is not None


def _create_value_error(place: str, value: object, why: str) -> CertificatesError:
    shown = json.dumps(value, ensure_ascii=False, default=str)
    shown = shown if len(shown) <= MAX_SHOWN_LENGTH else f"{shown[:MAX_SHOWN_LENGTH]}..."
    return CertificatesError("invalid_argument", f"{place}: {shown} {why}.")


@dataclass(frozen=True)
class Demand:
    """The expected certificate of an endpoint, resolved with the store."""

    names: tuple[str, ...]
    """DNS names that the certificate must cover; empty if `records` matter instead."""
    records: tuple[StoreCertificate, ...]
    """The specified record, and the records that can replace the specified record."""
    certificate_id: int | None = None
    """The specified ID of a record."""
    why_unknown: Obstacle[t.Literal["not_found"]] | None = None
    """The reason why the expected certificate is unknown; `None` if known."""

    @classmethod
    def resolve(cls, expected: ExpectedCertificate, index: StoreIndex, view: TrustView) -> Demand:
        """Return the demand for the expected certificate that a user specified."""
        if expected.certificate_id is None:
            return cls(expected.names, ())
        record = index.by_handle.get(expected.certificate_id)
        if record is None or record.certificate is None:
            return cls((), (), expected.certificate_id, why_unavailable(expected.certificate_id, record))
        return cls((), (record, *index.find_successors(record, view)), expected.certificate_id)

    def is_met_by(self, certificate: Certificate) -> bool:
        """Return whether a certificate meets the demand."""
        if self.names:
            return all(certificate.is_accepted_for(name) for name in self.names)
        return any(record.certificate == certificate for record in self.records)
