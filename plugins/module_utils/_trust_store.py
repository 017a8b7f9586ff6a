# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the root certificates are if no option names them. Private to softlayer.certificates."""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterator
from contextlib import suppress

from ._errors import CertificatesError
from ._files import not_readable, read_file, shown

ROOTS_VARIABLES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_DIR")
"""Environment variables that name root certificates, best first: those of OpenSSL and of the library that calls the API."""
BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
    "/usr/local/share/certs/ca-root-nss.crt",
)
"""Where distributions keep all roots in one file."""


def default_roots() -> str | None:
    """Return the file or folder of root certificates where no option names one: the environment's, else the machine's, else certifi's.

    The only answer to that for the API, mail servers and the trust in certificates, so that what is trusted by one is by all. What the
    environment names replaces the machine's.

    Raises:
        CertificatesError: `invalid_argument` if the environment names what has no certificates.
    """
    for variable in ROOTS_VARIABLES:
        path = os.environ.get(variable, "").strip()
        if path:
            why_not = _why_no_roots(path)
            if why_not:
                raise CertificatesError(
                    "invalid_argument",
                    f"The environment variable {variable} cannot be used. {why_not} Name a file of root certificates, or unset it.",
                    variable=variable,
                )
            return path
    return next((path for path in _places_of_roots() if path and _why_no_roots(path) is None), None)


def _places_of_roots() -> Iterator[str]:
    """Yield where the roots of a machine may be, best first."""
    yield from BUNDLES
    openssl = ssl.get_default_verify_paths()
    yield from (openssl.openssl_cafile, openssl.openssl_capath)
    with suppress(ImportError):
        import certifi

        yield certifi.where()


def _why_no_roots(path: str) -> str | None:
    """Return why a file or folder has no certificates, as a sentence, or `None`; whether they can be read, shows when they are used."""
    try:
        has_some = bool(os.listdir(path)) if os.path.isdir(path) else b"CERTIFICATE-----" in read_file(path)
    except OSError as error:
        return not_readable("folder", path, error).message
    except CertificatesError as error:
        return error.message
    return None if has_some else f"There is no certificate in{shown(path) or ' it'}."
