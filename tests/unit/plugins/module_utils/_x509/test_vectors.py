# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every certificate, key and container that the library itself is tested with, the odd and the damaged ones above all.

Needs the package `cryptography-vectors`, which is larger than all else that tests need: with `LONG=1` only.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._base.errors import CertificatesError
from ansible_collections.softlayer.certificates.plugins.module_utils._orders.plan_collect import read_message
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.certificate import Certificate
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.chain import Anchors, Chains
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.keys import read_key_store, read_private_key
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.read import (
    read_certificates,
    read_request,
    read_root_store,
)

from tests.support.certificates import NOW
from tests.support.long import only_long

pytestmark = only_long

FOLDERS = ("asymmetric", "pkcs7", "pkcs12", "x509")
SECONDS = 20
"""How long a file may take; some hold keys that are encrypted with a million rounds."""
CODES = {"invalid_pem", "bad_passphrase", "ambiguous", "invalid_argument"}
READERS: dict[str, Callable[[bytes], Any]] = {
    "certificates": read_certificates,
    "readable": read_root_store,
    "request": read_request,
    "key": read_private_key,
    **{
        f"{name}_with_{word}": lambda data, read=read, word=word: read(data, word)
        for name, read in (("key", read_private_key), ("key_store", read_key_store))
        for word in ("password", "123456")
    },
    "message": read_message,
}


def vectors() -> Path:
    """The folder of the vectors."""
    found = find_spec("cryptography_vectors")
    if found is None or found.origin is None:
        pytest.skip("the package cryptography-vectors is not installed")
    return Path(found.origin).parent


def look_at(certificate: Certificate, others: list[Certificate]) -> None:
    """Ask a certificate for all that it can tell."""
    certificate.facts()
    certificate.to_pem()
    repr((certificate.shown_name, certificate.shown_issuer, certificate.is_root))
    Chains(others, Anchors([certificate]), NOW).build(certificate)
    Chains([*others, certificate], Anchors(others), NOW).build(others[0])


@pytest.mark.parametrize("folder", FOLDERS)
def test_nothing_else_is_raised(folder: str) -> None:
    unexpected: dict[str, str] = {}
    pile: list[Certificate] = []
    files = sorted(path for path in vectors().joinpath(folder).rglob("*") if path.is_file() and path.suffix != ".py")
    assert files
    for path in files:
        data, begun = path.read_bytes(), time.monotonic()
        for name, read in READERS.items():
            case = f"{path.name} as {name}"
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    result = read(data)
                    found = result if isinstance(result, list) else []
                    for certificate in found:
                        pile = [certificate, *pile][:20]
                        look_at(certificate, pile)
            except CertificatesError as error:
                if error.code not in CODES:
                    unexpected[case] = error.code
            except Exception as error:
                unexpected[case] = repr(error)
            except BaseException as error:  # a panic is no Exception
                if type(error).__name__ != "PanicException":
                    raise
                unexpected[case] = repr(error)
        if time.monotonic() - begun > SECONDS:
            unexpected[path.name] = "takes too long"
    assert not unexpected
