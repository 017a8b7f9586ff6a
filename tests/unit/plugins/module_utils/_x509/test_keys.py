# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keys that are damaged, or of a form that is not read: each is refused in a sentence that says what to do, and shows nothing of it."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._base.errors import CertificatesError
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.certificate import Certificate
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.keys import read_private_key
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.pem import wrap_pem
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import PrivateFormat

from tests.support import servers
from tests.support.certificates import Authority, key_bytes, key_pem, new_key
from tests.support.failing import fails
from tests.support.odd_certificates import pss_key, with_pss_key

AUTHORITY = Authority()
NUMBERS = ("p", "q", "d", "dmp1", "dmq1", "iqmp")


def with_another(name: str, container: PrivateFormat) -> bytes:
    key = new_key("rsa")
    assert isinstance(key, rsa.RSAPrivateKey)
    number = getattr(key.private_numbers(), name)
    length = (number.bit_length() + 7) // 8
    before, after = (one.to_bytes(length, "big") for one in (number, number ^ 1 << 40))
    der = key_bytes(key, container)
    assert der.count(before) == 1
    return der.replace(before, after)


@pytest.mark.parametrize("container", [PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL])
@pytest.mark.parametrize("name", NUMBERS)
def test_a_number_that_does_not_fit(name: str, container: PrivateFormat) -> None:
    text = with_another(name, container)
    with fails("invalid_pem"):
        read_private_key(text)


# Encrypted by other programs

PASSPHRASE = "correct horse"
KEY = new_key()
CLOSED = key_pem(KEY, PrivateFormat.TraditionalOpenSSL, PASSPHRASE)
OPENSSL = servers.find("openssl")


def refusal(text: str, passphrase: str | None = None) -> CertificatesError:
    """Why a key is not taken; nothing of it is told."""
    with pytest.raises(CertificatesError) as refused:
        read_private_key(text.encode(), passphrase)
    said = str(refused.value.build_failure())
    assert not [line for line in text.splitlines() if len(line) > 30 and "BEGIN" not in line and line in said]
    return refused.value


@pytest.mark.parametrize("vector", ["", "AABB" * 5, "00" * 15, "00" * 17])
def test_a_damaged_initialisation_vector(vector: str) -> None:
    """The library panics at some."""
    damaged, count = re.subn(r"(DEK-Info: [^,]+,)\w+", rf"\g<1>{vector}", CLOSED)
    assert count == 1
    assert refusal(damaged, PASSPHRASE).code in {"invalid_pem", "bad_passphrase"}


@pytest.mark.skipif(OPENSSL is None, reason="there is no openssl")
@pytest.mark.parametrize(
    "options", ["-v2 camellia-256-cbc", "-v2 aes-256-cbc -v2prf hmacWithSHA512-256", "-scrypt", "-v1 PBE-SHA1-3DES"]
)
def test_a_key_that_openssl_encrypted(tmp_path: Path, options: str) -> None:
    (tmp_path / "key").write_text(key_pem(KEY), encoding="ascii")
    command = [str(OPENSSL), "pkcs8", "-topk8", "-in", str(tmp_path / "key"), *options.split()]
    command += ["-passout", f"pass:{PASSPHRASE}"]
    made = subprocess.run(command, capture_output=True, text=True, check=False)
    if made.returncode:
        pytest.skip(f"this openssl does not: {made.stderr}")
    try:
        assert read_private_key(made.stdout.encode(), PASSPHRASE).key_type == "EC"
    except CertificatesError as error:
        assert error.code == "invalid_pem"
        assert "does not support the encryption of the key" in error.message and "openssl pkey -aes256" in error.message
    else:
        assert refusal(made.stdout, "wrong").code == "bad_passphrase"
    assert refusal(made.stdout).code == "bad_passphrase"


# RSASSA-PSS


@pytest.mark.parametrize("is_pem", [True, False])
def test_a_key_for_pss_is_a_type_of_its_own(is_pem: bool) -> None:
    """The library takes it for RSA; the key itself is kept as it is, and belongs to a certificate of the same type only."""
    key = new_key("rsa")
    assert isinstance(key, rsa.RSAPrivateKey)
    der = pss_key(key)
    read = read_private_key(wrap_pem(b"PRIVATE KEY", der) if is_pem else der)
    assert (read.key_type, read.pem) == ("RSASSA-PSS", wrap_pem(b"PRIVATE KEY", der).decode())
    issued, authority = AUTHORITY.issue("www.example.com", key=key), AUTHORITY.key
    of_pss = Certificate.from_library(with_pss_key(issued.certificate, authority))
    assert (of_pss.key_type, of_pss.key_size) == ("RSASSA-PSS", 2048)
    assert of_pss.facts()["key_type"] == "RSASSA-PSS"
    assert of_pss.public_key_sha256 == read.public_key_sha256
    as_rsa = read_private_key(key_pem(key).encode()).public_key_sha256
    assert as_rsa == Certificate.from_library(issued.certificate).public_key_sha256 != read.public_key_sha256


# For SSH

PUTTY = "PuTTY-User-Key-File-3: ecdsa-sha2-nistp256\nEncryption: none\nPrivate-Lines: 1\n" + "9" * 60 + "\n"


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_how_to_convert_a_key_for_ssh(line_end: str) -> None:
    advice = {key_pem(KEY, PrivateFormat.OpenSSH): "`ssh-keygen -p -m PEM -f COPY`"}
    advice[PUTTY] = "`puttygen KEY -O private-openssh -o COPY`"
    for text, command in advice.items():
        error = refusal(text.replace("\n", line_end))
        assert error.code == "invalid_pem" and command in error.message


def test_what_is_no_key_at_all_gets_no_advice_about_ssh() -> None:
    assert "ssh" not in refusal("garbage").message.lower()
