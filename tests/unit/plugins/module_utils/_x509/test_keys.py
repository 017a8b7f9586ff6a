# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""RSA keys whose numbers do not belong together."""

from __future__ import annotations

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._errors import CertificatesError
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.keys import read_private_key
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import PrivateFormat, load_der_private_key

from tests.support.certificates import key_bytes, key_pem, new_key

NUMBERS = ("p", "q", "d", "dmp1", "dmq1", "iqmp")


def with_another(name: str, container: PrivateFormat) -> bytes:
    """A key with one number changed, as by a damaged file."""
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
    """It is refused if the key is to be used; the public key can be told from it."""
    text = with_another(name, container)
    with pytest.raises(CertificatesError) as refusal:
        read_private_key(text)
    assert refusal.value.code == "invalid_pem"
    assert read_private_key(text, is_for_use=False).key_type == "RSA"


def test_an_encrypted_key_is_checked_too() -> None:
    """After it was decrypted."""
    damaged = load_der_private_key(with_another("d", PrivateFormat.PKCS8), None, unsafe_skip_rsa_key_validation=True)
    with pytest.raises(CertificatesError) as refusal:
        read_private_key(key_pem(damaged, passphrase="secret").encode(), "secret")  # type: ignore[arg-type]
    assert refusal.value.code == "invalid_pem"
    assert read_private_key(key_pem(new_key("rsa"), passphrase="secret").encode(), "secret").key_type == "RSA"
