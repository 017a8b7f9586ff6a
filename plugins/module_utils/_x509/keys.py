# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read private keys and PKCS#12 files. Private to softlayer.certificates. Pure.

Only `PrivateKey.pem` and `list_key_texts` return private keys.
"""

from __future__ import annotations

import re
import typing as t
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial

from .._base.errors import CertificatesError
from . import asn1, messages
from .certificate import (
    RSASSA_PSS,
    Certificate,
    has_pss_algorithm,
    hash_public_key,
    read_type_and_size,
    translate_parse_errors,
)
from .pem import (
    DER_SEQUENCE,
    KEY_LABELS,
    TRADITIONAL_KEY_LABELS,
    convert_to_ascii,
    decode_base64,
    find_pem_blocks,
    is_der,
    why_invalid_der,
    why_missing,
    wrap_pem,
)
from .read import parse_certificate

with suppress(ImportError):
    from cryptography.exceptions import InternalError, UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.hazmat.primitives.serialization import (
        BestAvailableEncryption,
        Encoding,
        NoEncryption,
        PrivateFormat,
        PublicFormat,
        load_der_private_key,
        load_pem_private_key,
        pkcs12,
    )

MIN_KEY_LENGTH = 40
"""Minimum number of characters of a private key."""
HEADER = re.compile(rb"DEK-Info:[^A-Z]*([A-Z0-9-]+),\s*([0-9A-Fa-f]+)[^A-Za-z0-9+/]+")
"""The last header of an encrypted key in the traditional format (RFC 1421, 4.6.1.3), with its cipher and initialization vector."""
SSH_KEY_MESSAGE = (
    "The private key is in an SSH format. Convert a copy with `ssh-keygen -p -m PEM -f COPY`, and specify the copy. If the key is in "
    "PuTTY format, create the copy with `puttygen KEY -O private-openssh -o COPY`."
)
SSH_KEY_MARKS = (b"-----BEGIN OPENSSH PRIVATE KEY-----", b"PuTTY-User-Key-File-")
LONG_VECTOR_CIPHERS = (b"AES", b"ARIA", b"CAMELLIA", b"SEED", b"SM4")
"""Ciphers with an initialization vector of 16 bytes; all others use 8 bytes."""
UNKNOWN_ALGORITHM = re.compile(r"unknown|unsupported|not supported", re.IGNORECASE)
"""Error texts of the library for an unsupported algorithm, in contrast to a wrong passphrase."""
GENERIC_ERROR = re.compile(r"Could not deserialize key data\.[^)]*\)\.")
"""Start of the error text of the library for all unreadable data, including the output of a wrong passphrase."""


@dataclass(frozen=True)
class PrivateKey:
    """A decrypted private key."""

    pem: str = field(repr=False)
    public_key_sha256: str
    key_type: str


@dataclass(frozen=True)
class KeyStore:
    """The content of a PKCS#12 file."""

    key: PrivateKey | None
    certificates: tuple[Certificate, ...]


def read_private_key(data: bytes, passphrase: str | None = None, option: str = "privatekey_passphrase") -> PrivateKey:
    """Return the decrypted private key in PEM or DER data, in its original format: PKCS#8 or the traditional format.

    The library's RSA check is skipped, because its prime number test takes 1,000 times as long as a consistency check.

    Args:
        data: the content of a file with one private key.
        passphrase: ignored if the key is not encrypted.
        option: the option with the passphrase, for messages.

    Raises:
        CertificatesError: `invalid_pem`, `ambiguous`, or `bad_passphrase` if the passphrase is missing or wrong.
    """
    blocks = find_pem_blocks(data, KEY_LABELS)
    if len(blocks) > 1:
        raise CertificatesError(
            "ambiguous",
            "The file contains more than one private key. Keep only the key that belongs to the certificate.",
        )
    label, body = blocks[0] if blocks else (b"", b"")
    source = _normalize_key_block(label, body) if blocks else data
    load = load_pem_private_key if blocks else load_der_private_key
    if not blocks and data[:1] != DER_SEQUENCE:
        is_for_ssh = any(mark in convert_to_ascii(data) for mark in SSH_KEY_MARKS)
        why = (
            SSH_KEY_MESSAGE
            if is_for_ssh
            else messages.describe_problem(why_missing(data, "private key", "private key"))
        )
        raise CertificatesError("invalid_pem", why)
    with translate_parse_errors(
        CertificatesError("invalid_pem", messages.describe_problem(why_invalid_der(data, "private key")))
    ):
        try:
            key = load(source, None, unsafe_skip_rsa_key_validation=True)
        except TypeError:  # it is encrypted
            key = _decrypt(partial(load, unsafe_skip_rsa_key_validation=True), source, passphrase, option)
        if isinstance(key, rsa.RSAPrivateKey) and not _is_consistent(key.private_numbers()):
            raise CertificatesError("invalid_pem", "The private key is damaged. Copy the file from its source again.")
        pss_key = _read_pss_key(key, decode_base64(body) if blocks else data)
    return pss_key or _convert_key(
        key, PrivateFormat.TraditionalOpenSSL if label in TRADITIONAL_KEY_LABELS else PrivateFormat.PKCS8
    )


MAX_PASSPHRASE_LENGTH = 1023
"""Maximum length in bytes of a passphrase that the library supports."""


def encrypt_key(key: PrivateKey, passphrase: str) -> str:
    """Return a private key as encrypted PKCS#8 (RFC 5958; AES-256 with PBES2, RFC 8018).

    Args:
        key: the private key.
        passphrase: 1 to `MAX_PASSPHRASE_LENGTH` bytes in UTF-8.
    """
    parsed = load_pem_private_key(key.pem.encode("ascii"), None, unsafe_skip_rsa_key_validation=True)
    how = BestAvailableEncryption(passphrase.encode("utf-8", "replace"))
    return parsed.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, how).decode("ascii")


def _is_consistent(numbers: rsa.RSAPrivateNumbers) -> bool:
    """Return whether the numbers of an RSA key are consistent (RFC 8017, section 3.2)."""
    public, p, q = numbers.public_numbers, numbers.p, numbers.q
    return (
        min(p, q) > 2
        and p * q == public.n
        and numbers.d % (p - 1) == numbers.dmp1
        and numbers.d % (q - 1) == numbers.dmq1
        and public.e * numbers.dmp1 % (p - 1) == 1
        and public.e * numbers.dmq1 % (q - 1) == 1
        and numbers.iqmp * q % p == 1
    )


def _decrypt(load: t.Callable[[bytes, bytes], t.Any], source: bytes, passphrase: str | None, option: str) -> t.Any:
    if not passphrase:
        raise CertificatesError("bad_passphrase", f"The private key is encrypted. Set {option}.")
    try:
        return load(source, passphrase.encode("utf-8", "replace"))
    except (ValueError, TypeError, UnsupportedAlgorithm, InternalError) as error:
        if not _is_unknown_algorithm(error):
            raise CertificatesError("bad_passphrase", f"Cannot decrypt the private key. Check {option}.") from None
    raise CertificatesError(
        "invalid_pem",
        "Cannot decrypt the private key: this version of the Python library cryptography does not support the encryption of the key. "
        "Encrypt the key again with `openssl pkey -aes256 -in OLD -out NEW`.",
    )


def _is_unknown_algorithm(error: Exception) -> bool:
    """Return whether an error of the library means an unsupported encryption algorithm."""
    is_said = UNKNOWN_ALGORITHM.search(GENERIC_ERROR.sub("", str(error))) is not None
    return is_said or isinstance(error, UnsupportedAlgorithm | InternalError)


def list_key_texts(data: bytes) -> set[str]:
    """Return the texts of a private key that must not appear in any output, except texts too short for a key."""
    text = data.decode("utf-8", "replace").strip()
    return {form for form in (text, "".join(text.split())) if len(form) >= MIN_KEY_LENGTH}


def _normalize_key_block(label: bytes, body: bytes) -> bytes:
    """Return a PEM key without indentation, irregular line ends, or other text. Headers of an encrypted key are kept."""
    headers: tuple[bytes, ...] = ()
    encrypted = HEADER.search(body)
    if encrypted:
        cipher, vector = encrypted.groups()
        if len(vector) != (32 if cipher.startswith(LONG_VECTOR_CIPHERS) else 16):  # the library panics
            raise CertificatesError("invalid_pem", "The private key is damaged. Copy the file from its source again.")
        headers = (b"Proc-Type: 4,ENCRYPTED", b"DEK-Info: " + cipher + b"," + vector, b"")
        body = body[encrypted.end() :]
    return wrap_pem(label, decode_base64(body), headers)


def _read_pss_key(key: t.Any, der: bytes) -> PrivateKey | None:
    """Return an unencrypted RSASSA-PSS key, which the library reports as RSA; `None` for all other keys."""
    with suppress(ValueError):
        info = asn1.replace_algorithm(der, _encode_public_key(key))
        if has_pss_algorithm(info):
            pem = wrap_pem(b"PRIVATE KEY", der).decode("ascii")
            return PrivateKey(pem, hash_public_key(key.public_key(), info), RSASSA_PSS)
    return None


def _encode_public_key(key: t.Any) -> bytes:
    info: bytes = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return info


def _convert_key(key: t.Any, container: PrivateFormat) -> PrivateKey:
    info = _encode_public_key(key)
    key_type, _size = read_type_and_size(key.public_key(), info)
    if key_type not in {"RSA", "EC", "DSA"}:
        container = PrivateFormat.PKCS8  # newer algorithms have no traditional format
    return PrivateKey(
        pem=key.private_bytes(Encoding.PEM, container, NoEncryption()).decode("ascii"),
        public_key_sha256=hash_public_key(key.public_key(), info),
        key_type=key_type,
    )


def read_key_store(data: bytes, passphrase: str | None = None) -> KeyStore:
    """Return the content of a PKCS#12 file (RFC 7292). An unneeded passphrase is ignored.

    Raises:
        CertificatesError: `bad_passphrase` or `invalid_pem`.
    """
    try:
        return _open_key_store(data, passphrase)
    except CertificatesError as error:
        if passphrase and error.code == "bad_passphrase":
            with suppress(CertificatesError):
                return _open_key_store(data, None)
        raise


def _open_key_store(data: bytes, passphrase: str | None) -> KeyStore:
    no_store = CertificatesError(
        "invalid_pem", "The file is not a valid PKCS#12 file. Copy the file from its source again."
    )
    with translate_parse_errors(no_store):
        try:
            store = pkcs12.load_pkcs12(data, passphrase.encode("utf-8", "replace") if passphrase else None)
        except (ValueError, UnsupportedAlgorithm, InternalError) as error:
            if re.search("password|mac", str(error), re.IGNORECASE):
                why = "Cannot open the PKCS#12 file. Check pkcs12_passphrase."
                raise CertificatesError("bad_passphrase", why) from None
            if not _is_unknown_algorithm(error) or not is_der(data):
                raise no_store from None
            raise CertificatesError(
                "invalid_pem",
                "Cannot decrypt the PKCS#12 file: this version of the Python library cryptography does not support the encryption of the "
                "file. Convert the file with `openssl pkcs12 -legacy -in OLD -out ALL.pem` and `openssl pkcs12 -export -in ALL.pem -out NEW`.",
            ) from None
        entries = [store.cert, *store.additional_certs]
        return KeyStore(
            key=_convert_key(store.key, PrivateFormat.PKCS8) if store.key else None,
            certificates=tuple(
                parse_certificate(entry.certificate.public_bytes(Encoding.DER))
                for entry in entries
                if entry is not None
            ),
        )
