# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Certificates and keys that the library reads but does not make: what it makes is taken apart, and signed anew."""

from __future__ import annotations

import math
import secrets
from collections.abc import Iterable
from typing import Literal

from ansible_collections.softlayer.certificates.plugins.module_utils._x509 import asn1
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.support.certificates import Key

BIT_STRING = 0x03
EXPONENT = 65537
SMALL_FACTORS = math.factorial(1000)
Hash = Literal["md5", "sha1", "sha256"]
ALGORITHMS: dict[tuple[Hash, type], str] = {
    ("md5", rsa.RSAPrivateKey): "300d06092a864886f70d0101040500",
    ("sha1", rsa.RSAPrivateKey): "300d06092a864886f70d0101050500",
    ("sha256", rsa.RSAPrivateKey): "300d06092a864886f70d01010b0500",
    ("sha1", ec.EllipticCurvePrivateKey): "300906072a8648ce3d0401",
    ("sha256", ec.EllipticCurvePrivateKey): "300a06082a8648ce3d040302",
}
"""AlgorithmIdentifiers in DER (RFC 3279, 2.2; RFC 4055, 5; RFC 5758, 3.2)."""
HASHES: dict[Hash, hashes.HashAlgorithm] = {"md5": hashes.MD5(), "sha1": hashes.SHA1(), "sha256": hashes.SHA256()}


def of_version_1(certificate: x509.Certificate, issuer_key: Key) -> x509.Certificate:
    """The same certificate as it was made before there were extensions."""
    kept = [part.der for part in parts_of(certificate) if part.tag not in {asn1.VERSION, asn1.EXTENSIONS}]
    return _signed(kept, issuer_key)


def with_twice(certificate: x509.Certificate, issuer_key: Key, oid: x509.ObjectIdentifier) -> x509.Certificate:
    """The same certificate with one of its extensions twice."""
    found = asn1.read_extensions(certificate.tbs_certificate_bytes)
    twice = [one.der for one in (*found, *(one for one in found if one.oid == oid.dotted_string))]
    assert len(twice) == len(found) + 1
    extensions = asn1.wrap(asn1.EXTENSIONS, asn1.wrap(asn1.SEQUENCE, b"".join(twice)))
    return _signed((extensions if one.tag == asn1.EXTENSIONS else one.der for one in parts_of(certificate)), issuer_key)


def signed_with(certificate: x509.Certificate, issuer_key: Key, hash_name: Hash) -> x509.Certificate:
    """The same certificate with a signature that rests on this hash."""
    version, number, _algorithm, *others = (part.der for part in parts_of(certificate))
    return _signed([version, number, _algorithm_of(issuer_key, hash_name), *others], issuer_key, hash_name)


def parts_of(certificate: x509.Certificate) -> list[asn1.Element]:
    """The parts of what is signed (RFC 5280, 4.1)."""
    [outer] = asn1.read_elements(certificate.tbs_certificate_bytes)
    return list(asn1.read_elements(outer.content))


def _algorithm_of(key: Key, hash_name: Hash) -> bytes:
    return bytes.fromhex(
        next(der for (name, kind), der in ALGORITHMS.items() if name == hash_name and isinstance(key, kind))
    )


def _signed(parts: Iterable[bytes], key: Key, hash_name: Hash = "sha256") -> x509.Certificate:
    """A certificate of these parts; the second or third of them says how it is signed."""
    content = asn1.wrap(asn1.SEQUENCE, b"".join(parts))
    if isinstance(key, rsa.RSAPrivateKey):
        signature = key.sign(content, padding.PKCS1v15(), HASHES[hash_name])
    else:
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        signature = key.sign(content, ec.ECDSA(HASHES[hash_name]))
    rest = _algorithm_of(key, hash_name) + asn1.wrap(BIT_STRING, b"\0" + signature)
    return x509.load_der_x509_certificate(asn1.wrap(asn1.SEQUENCE, content + rest))


PSS_ALGORITHM = bytes.fromhex("300b06092a864886f70d01010a")
"""AlgorithmIdentifier of an RSASSA-PSS key without limits (RFC 4055, 1.2)."""


def info_as_pss(part: asn1.Element) -> bytes:
    """The public key in a certificate as one for RSASSA-PSS; any other part as it is."""
    inner = list(asn1.read_elements(part.content)) if part.tag == asn1.SEQUENCE else []
    is_key = len(inner) == 2 and inner[1].tag == BIT_STRING
    return asn1.wrap(asn1.SEQUENCE, PSS_ALGORITHM + inner[1].der) if is_key else part.der


def with_pss_key(certificate: x509.Certificate, issuer_key: Key) -> x509.Certificate:
    """The same certificate of an RSA key as one of an RSASSA-PSS key."""
    return _signed(map(info_as_pss, parts_of(certificate)), issuer_key)


def pss_key(key: rsa.RSAPrivateKey) -> bytes:
    """An RSA key as one for RSASSA-PSS, in PKCS#8."""
    [outer] = asn1.read_elements(key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()))
    version, _algorithm, numbers, *_attributes = asn1.read_elements(outer.content)
    return asn1.wrap(asn1.SEQUENCE, version.der + PSS_ALGORITHM + numbers.der)


def rsa_key_of(bits: int) -> rsa.RSAPrivateKey:
    """An RSA key of exactly so many bits, which may be fewer than the library makes one of."""
    p, q = _prime(bits - bits // 2), _prime(bits // 2)
    numbers = rsa.RSAPublicNumbers(EXPONENT, p * q)
    d = pow(EXPONENT, -1, math.lcm(p - 1, q - 1))
    parts = rsa.rsa_crt_dmp1(d, p), rsa.rsa_crt_dmq1(d, q), rsa.rsa_crt_iqmp(p, q)
    key = rsa.RSAPrivateNumbers(p, q, d, *parts, numbers).private_key()
    assert key.key_size == bits
    return key


def _prime(bits: int) -> int:
    """A number that is prime beyond any reasonable doubt; the product of two has all the bits of both."""
    highest_two = 3 << (bits - 2)
    while True:
        number = secrets.randbits(bits) | highest_two | 1
        has_small_factor = math.gcd(number, SMALL_FACTORS) > 1
        if not has_small_factor and number % EXPONENT != 1 and pow(2, number - 1, number) == 1:
            return number
