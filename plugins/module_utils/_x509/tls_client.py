# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Verify certificate chains with OpenSSL, as a TLS client does. Private to softlayer.certificates.

OpenSSL verifies a chain when it reads the Certificate message of TLS 1.2 (RFC 5246, 7.4.2), before the server uses its key. An
in-memory handshake therefore needs no private key. Keys that are too short or unusual, CA certificates without basic constraints,
and duplicate extensions are always rejected, regardless of the OpenSSL security level of the host.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from .._base.times import format_time
from .certificate import MAX_CACHE_ENTRIES, RSASSA_PSS, Certificate

with suppress(ImportError):  # the callers of _x509 report a missing library
    from cryptography import x509

NO_CHECK_TIME = ssl.VerifyFlags(0x200000)
"""OpenSSL's X509_V_FLAG_NO_CHECK_TIME, which Python does not define. The validity is checked separately for a given time."""
ENCODING_DER = 2
"""OpenSSL's number of the DER encoding."""
SUITES = {
    **dict.fromkeys(("RSA", RSASSA_PSS), (b"\xc0\x30", "ECDHE-RSA-AES256-GCM-SHA384")),
    **dict.fromkeys(("EC", "Ed25519", "Ed448"), (b"\xc0\x2c", "ECDHE-ECDSA-AES256-GCM-SHA384")),
}
"""The cipher suite for each key type, allowed at every security level (RFC 5289, 3.2; RFC 8422, 5.4)."""
CIPHERS = ":".join(sorted({name for _number, name in SUITES.values()}))
"""The OpenSSL cipher list, which leaves the security level unchanged."""
MAX_LIST_SIZE = 100 * 1024
"""Maximum size in bytes of all certificates of a server, as in OpenSSL clients."""
MAX_RECORD_SIZE = 2**14
"""Maximum size of a TLS record in bytes (RFC 5246, 6.2.1)."""
MIN_KEY_SIZES = {"RSA": 2048, RSASSA_PSS: 2048, "EC": 256}
"""Minimum key size in bits for each key type."""
CURVES = frozenset({"secp256r1", "secp384r1", "secp521r1"})
"""Elliptic curves that all TLS clients support (RFC 8446, 9.1 and 4.2.3)."""
NO_ISSUER_CODES = frozenset({2, 20, 21})
"""OpenSSL's error codes for a missing or unsuitable CA certificate."""


def make_client_settings(roots: Iterable[Certificate]) -> ssl.SSLContext:
    """Return thread-safe settings of a TLS client that trusts only the given certificates, with the security level of the host.

    The settings are the same for all Python versions: `VERIFY_X509_PARTIAL_CHAIN` without `VERIFY_X509_STRICT`.
    """
    settings = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    settings.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    for root in roots:
        with suppress(ssl.SSLError, ValueError):  # one that OpenSSL cannot read hides no others
            settings.load_verify_locations(cadata=root.der)
    return settings


@dataclass(frozen=True)
class Acceptance:
    """The result of verifying a chain as a TLS client does.

    Attributes:
        path: the certificates that OpenSSL used, starting with the server certificate.
        why: the reason for the rejection, as the end of a sentence about the certificate; empty if accepted.
        code: OpenSSL's error code.
    """

    path: tuple[Certificate, ...] = ()
    why: str = ""
    code: int | None = None


def check_acceptance(
    leaf: Certificate, sent: Sequence[Certificate], roots: Sequence[Certificate], at: datetime
) -> Acceptance:
    """Return the result of verifying a server certificate with exactly the sent certificates, in this order.

    Args:
        leaf: the server certificate.
        sent: the other certificates.
        roots: the trusted certificates; only issuers of the certificates, and `leaf`, are needed.
        at: the time of the verification.
    """
    why_not = _why_unsuitable(leaf, at)
    if why_not:
        return Acceptance((leaf,), why_not)
    answer = _run_handshake(leaf, tuple(sent), tuple(roots))
    # OpenSSL does not get the time. It uses an invalid certificate only if it has no other one of the same issuer, so verify again
    # without the invalid certificate: a real client uses the other one if there is one at the same position.
    while late := next((number for number, used in enumerate(answer.path) if not used.is_valid(at)), None):
        unused = answer.path[late]
        refused = Acceptance(answer.path, describe_invalid_issuer(unused))
        sent = [certificate for certificate in sent if certificate != unused or unused in roots]
        remaining = [root for root in roots if root != unused]
        answer = _run_handshake(leaf, tuple(sent), tuple(remaining))
        if len(answer.path) <= late or (answer.path[late] in remaining) != (unused in roots):
            return refused
        roots = remaining
    why_not = next(filter(None, map(_why_issuer_rejected, answer.path[1:])), None)
    return Acceptance(answer.path, why_not) if why_not else answer


def describe_invalid_issuer(issuer: Certificate) -> str:
    """Return the problem of a CA certificate that is not currently valid."""
    return f"the CA certificate {issuer.shown_name} is valid only from {format_time(issuer.not_before)} to {format_time(issuer.not_after)}"


def _why_unsuitable(leaf: Certificate, at: datetime) -> str | None:
    if not leaf.is_valid(at):
        return f"the certificate is valid only from {format_time(leaf.not_before)} to {format_time(leaf.not_after)}"
    if _has_short_key(leaf):
        return "the key of the certificate is too short"
    if leaf.key_type not in SUITES or not leaf.can_verify_quickly or leaf.curve not in {None, *CURVES}:
        size = f" of {leaf.key_size} bits" if leaf.key_size else ""
        return f"TLS clients do not support the key of the certificate, {leaf.curve or leaf.key_type}{size}"
    usage = leaf.extension(x509.KeyUsage)
    if leaf.key_type != "RSA" and usage and not usage.digital_signature:  # RFC 8422, 2.2
        return (
            "the key usage of the certificate does not include digital signatures, which TLS requires for its key type"
        )
    return "the certificate contains an extension twice" if _has_duplicate_extension(leaf) else None


def _has_duplicate_extension(certificate: Certificate) -> bool:
    """Return whether an extension occurs twice, which RFC 5280, 4.2, forbids."""
    return None in certificate.unreadable_extensions.values()


def _has_short_key(certificate: Certificate) -> bool:
    return (certificate.key_size or 0) < MIN_KEY_SIZES.get(certificate.key_type, 0)


def _why_issuer_rejected(issuer: Certificate) -> str | None:
    if not issuer.can_issue or _has_duplicate_extension(issuer):
        return f"{issuer.shown_name} must not issue certificates"
    return f"the key of the CA certificate {issuer.shown_name} is too short" if _has_short_key(issuer) else None


@lru_cache(MAX_CACHE_ENTRIES)
def _make_settings(roots: tuple[Certificate, ...]) -> ssl.SSLContext:
    settings = make_client_settings(roots)
    settings.check_hostname = False  # its names are looked at elsewhere: they say what it may be used for
    settings.minimum_version = settings.maximum_version = ssl.TLSVersion.TLSv1_2
    settings.verify_flags |= NO_CHECK_TIME
    settings.set_ciphers(CIPHERS)
    return settings


def _run_handshake(leaf: Certificate, sent: tuple[Certificate, ...], roots: tuple[Certificate, ...]) -> Acceptance:
    """Return the result of an in-memory handshake with OpenSSL. Other errors count as rejections."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    known = {certificate.der: certificate for certificate in (leaf, *sent, *roots)}
    path: tuple[Certificate, ...] = ()
    why, code = "", None
    try:
        tls = _make_settings(roots).wrap_bio(incoming, outgoing)
        with suppress(ssl.SSLWantReadError):
            tls.do_handshake()
        incoming.write(_encode_records(leaf, sent))
        try:
            tls.do_handshake()
        except ssl.SSLWantReadError:  # it waits for what the server needs its key for
            pass
        except ssl.SSLCertVerificationError as error:
            why, code = error.verify_message.rstrip("."), error.verify_code
        path = tuple(known.get(der) or Certificate(der) for der in get_chain(tls, "get_verified_chain") or ())
        why = why or ("" if path else "the Python TLS library does not return the verified chain")
    except (OSError, ValueError, AttributeError) as error:  # such as a library that is not quite OpenSSL
        why = str(getattr(error, "reason", None) or type(error).__name__)
    if code in NO_ISSUER_CODES and path:
        return Acceptance(
            path, f"OpenSSL cannot find the CA certificate that issued {path[-1].shown_name}: {why}", code
        )
    return Acceptance(path, f"OpenSSL rejects the certificate: {why}" if why else "", code)


def get_chain(tls: ssl.SSLObject, method: str) -> tuple[bytes, ...] | None:
    """Return the result of `get_verified_chain` or `get_unverified_chain` in DER; `None` if Python lacks the method."""
    public: Callable[[], list[bytes]] | None = getattr(tls, method, None)  # from Python 3.13 on
    if public is not None:
        return tuple(public())
    inner = getattr(getattr(tls, "_sslobj", None), method, None)
    return None if inner is None else tuple(certificate.public_bytes(ENCODING_DER) for certificate in inner() or ())


def _encode_records(leaf: Certificate, sent: Iterable[Certificate]) -> bytes:
    """Return the ServerHello and Certificate messages of a server (RFC 5246, 7.4.1.3 and 7.4.2).

    Raises:
        ValueError: if the certificates are larger than `MAX_LIST_SIZE`.
    """
    certificates = b"".join(_add_size(certificate.der, 3) for certificate in (leaf, *sent))
    if len(certificates) > MAX_LIST_SIZE:
        raise ValueError
    suite, _name = SUITES[leaf.key_type]
    secure_renegotiation = b"\xff\x01" + _add_size(b"\0", 2)  # RFC 5746, 3.6: OpenSSL wants it
    hello = b"\x03\x03" + bytes(32) + _add_size(b"", 1) + suite + b"\0" + _add_size(secure_renegotiation, 2)
    messages = b"\x02" + _add_size(hello, 3) + b"\x0b" + _add_size(_add_size(certificates, 3), 3)
    parts = (messages[start : start + MAX_RECORD_SIZE] for start in range(0, len(messages), MAX_RECORD_SIZE))
    return b"".join(b"\x16\x03\x03" + _add_size(part, 2) for part in parts)


def _add_size(content: bytes, size: int) -> bytes:
    return len(content).to_bytes(size, "big") + content
