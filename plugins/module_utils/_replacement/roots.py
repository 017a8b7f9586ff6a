# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The trusted root certificates: `find_default_roots`, and the certificates that the user specifies. Private to softlayer.certificates."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from functools import cache

from .._base.errors import CertificatesError
from .._base.files import MAX_FILE_SIZE, build_read_error, format_path, read_file
from .._base.times import now
from .._http.network import find_default_roots
from .._x509.certificate import Certificate
from .._x509.chain import Anchors
from .._x509.messages import describe_problem
from .._x509.pem import convert_to_bytes, why_missing
from .._x509.read import read_certificates, read_root_store
from .trust import TrustView

ROOTS_REMEDY = "Specify a file with root certificates in PEM format, or a directory of such files."
"""The remedy for missing root certificates."""


@cache
def read_trusted_roots(path: str | None) -> Anchors:
    """Return the trusted root certificates: `default_roots` together with the certificates in a file or directory.

    Raises:
        CertificatesError: `not_found` if no root certificates exist or can be read, `invalid_argument` for a file or directory without
            certificates.
    """
    named = () if path is None else read_roots(path)
    default = find_default_roots()
    anchors = Anchors([*named, *(_read_path(default) if default else ())])
    if not any(True for _anchor in anchors):
        raise CertificatesError(
            "not_found",
            "Cannot verify the trust of certificates: this host has no trusted root certificates. Install the package ca-certificates, or set "
            "trusted_ca_path to a file or directory with root certificates.",
        )
    return anchors


def read_roots(path: str) -> Anchors:
    """Return the certificates in a file or directory that the user specifies. The result is not cached.

    Raises:
        CertificatesError: as `read_trusted_roots`.
    """
    if not path:
        raise CertificatesError("invalid_argument", "trusted_ca_path must not be empty.")
    try:
        anchors = Anchors(_read_path(path))
    except CertificatesError as error:
        raise CertificatesError(
            error.code, f"Cannot use trusted_ca_path. {error.message} {ROOTS_REMEDY}", **error.details
        ) from None
    if not any(True for _anchor in anchors):
        raise CertificatesError(
            "invalid_argument",
            f"trusted_ca_path{format_path(f'({path})')} does not contain a certificate. {ROOTS_REMEDY}",
            path=path,
        )
    return anchors


def find_roots(path: str | None, warn: Callable[[str], object]) -> Anchors | None:
    """Return the trusted root certificates; `None`, with a warning, on a host without root certificates.

    Raises:
        CertificatesError: as `read_trusted_roots`, if the user or the environment specifies root certificates.
    """
    try:
        return read_trusted_roots(path)
    except CertificatesError as error:
        if path is not None or error.code != "not_found":
            raise
        warn(error.message)
        return None


def find_anchors(trust: str, path: str | None, warn: Callable[[str], object]) -> Anchors | None:
    """Return the trusted root certificates, or `None` if the option `trust` is `ignore`.

    If `trust` is `warn`, the function also returns `None` on a host without root certificates.

    Raises:
        CertificatesError: as `read_trusted_roots`.
    """
    if trust == "ignore":
        return None
    return read_trusted_roots(path) if trust == "require" else find_roots(path, warn)


def create_trust_view(path: str | None, *, pins_keys: bool = False) -> TrustView:
    """Return a view with the trusted root certificates: `find_default_roots` and the certificates in a file or directory, if any.

    `default_roots` are read only on first use.

    Raises:
        CertificatesError: as `read_trusted_roots`, for the file or directory.
    """
    if path is not None:
        read_roots(path)
    return TrustView(lambda: find_roots(path, lambda _warning: None) or Anchors(), now(), pins_keys=pins_keys)


def _read_path(path: str) -> list[Certificate]:
    return _read_directory(path) if os.path.isdir(path) else read_root_store(read_file(path))


def _read_directory(path: str) -> list[Certificate]:
    """Return the certificates in all files of a directory, but not of subdirectories."""
    files: dict[tuple[int, int], str] = {}  # c_rehash creates links to each file, named by its hash
    try:
        with os.scandir(path) as entries:
            for entry in sorted(entries, key=lambda entry: entry.name):
                with suppress(OSError):  # a broken link
                    if entry.is_file() and (status := entry.stat()).st_size <= MAX_FILE_SIZE:
                        files.setdefault((status.st_dev, status.st_ino), entry.path)
    except OSError as error:
        raise build_read_error("directory", path, error) from None
    certificates: dict[Certificate, None] = {}
    for file in files.values():
        with suppress(CertificatesError):
            certificates |= dict.fromkeys(read_root_store(read_file(file)))
    return list(certificates)


def read_known_issuers(path: str | None, content: str | None = None) -> list[Certificate]:
    """Return the intermediate certificates from a file or from text, to complete the chains of sources."""
    if path is None and content is None:
        return []
    named = f" {path}" if path is not None else ""
    try:
        data = read_file(path) if path is not None else convert_to_bytes(content)
        issuers = read_certificates(data)
    except CertificatesError as error:
        raise CertificatesError(error.code, f"intermediate_path{named}: {error.message}") from None
    if not issuers:
        why = describe_problem(why_missing(data, "certificate", "intermediates"))
        raise CertificatesError("invalid_argument", f"intermediate_path{named}: {why}")
    return issuers
