# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ciphers of encrypted private keys that the library may not know. Private to softlayer.certificates. Pure."""

from __future__ import annotations

import re

HEADER = re.compile(rb"DEK-Info:[^A-Z]*([A-Z0-9-]+),\s*([0-9A-Fa-f]+)[^A-Za-z0-9+/]+")
"""The last header of an encrypted key in the traditional format (RFC 1421, 4.6.1.3): cipher and initialisation vector."""
LONG_VECTOR = (b"AES", b"ARIA", b"CAMELLIA", b"SEED", b"SM4")
"""Ciphers with an initialisation vector of 16 bytes; all others have 8."""
UNKNOWN = re.compile(r"unknown|unsupported|not supported", re.IGNORECASE)
"""The library's words for an unknown algorithm; for a wrong passphrase it uses others."""
GUESSES = re.compile(r"Could not deserialize key data\.[^)]*\)\.")
"""The first words of the library for anything that it cannot read.

That includes what one in 256 wrong passphrases decrypts to. The algorithm may be unsupported.
"""
OBJECT_IDENTIFIER = re.compile(r"\b\d(?:\.\d+){4,}\b")
NAMES = {
    "1.2.840.113549.1.5.3": "MD5 and DES",
    "1.2.840.113549.1.5.10": "SHA-1 and DES",
    "1.2.840.113549.1.5.11": "SHA-1 and RC2",
    "1.2.840.113549.1.12.1.1": "SHA-1 and RC4",
    "1.2.840.113549.1.12.1.4": "SHA-1 and two-key triple DES",
    "1.2.840.113549.2.13": "PBKDF2 with HMAC-SHA-512/256",
    "1.2.840.113549.3.2": "RC2-CBC",
    "1.2.156.10197.1.104.2": "SM4-CBC",
    "1.3.14.3.2.7": "DES-CBC",
    **{f"1.2.410.200046.1.1.{last}": f"ARIA-{bits}-CBC" for last, bits in ((2, 128), (7, 192), (12, 256))},
    **{f"1.2.392.200011.61.1.1.1.{last}": f"CAMELLIA-{bits}-CBC" for last, bits in ((2, 128), (3, 192), (4, 256))},
    **{
        f"2.16.840.1.101.3.4.1.{first + mode}": f"AES-{bits}-{name}"
        for first, bits in ((0, 128), (20, 192), (40, 256))
        for mode, name in ((3, "OFB"), (4, "CFB"), (6, "GCM"))
    },
}
"""By object identifier: the name that OpenSSL uses."""


def has_right_vector(cipher: bytes, vector: bytes) -> bool:
    """Return whether an initialisation vector, in hex, has its cipher's length: with a wrong length the library panics."""
    return len(vector) == (32 if cipher.startswith(LONG_VECTOR) else 16)


def unknown_cipher(said: str, key: bytes) -> str | None:
    """Return the cipher of an encrypted key if the library reported it as unknown, else `None`.

    Args:
        said: the text of the library's error.
        key: the key as PEM or DER.
    """
    if not UNKNOWN.search(GUESSES.sub("", said)):
        return None
    header = HEADER.search(key)
    if header:
        return header[1].decode("ascii")
    identifier = OBJECT_IDENTIFIER.search(said)
    return NAMES.get(identifier[0], identifier[0]) if identifier else "an uncommon algorithm"
