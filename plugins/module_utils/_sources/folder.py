# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Certificates and keys in a directory without the layout of an ACME client. Private to softlayer.certificates."""

from __future__ import annotations

import os
from collections.abc import Mapping

from .._base.names import normalize_file_name
from .._x509.bundle import Kind
from .files import File, FileGroup, list_source_names

KINDS: Mapping[str, Kind] = {
    ".chain.pem": "certificate",
    ".ca-bundle": "certificate",
    ".crt": "certificate",
    ".cer": "certificate",
    ".pem": "any",
    ".key": "key",
    ".p12": "store",
    ".pfx": "store",
}
"""The kind of a file by its suffix. The first match counts."""
KEY_SUFFIXES = (".key", ".pem")


def list_groups(path: str) -> list[FileGroup]:
    """Return the files in a directory, grouped by names without suffixes, regardless of case.

    Raises:
        CertificatesError: `not_found`.
    """
    listed: dict[str, tuple[str, list[File]]] = {}
    for name in list_source_names(path):
        ending = next((ending for ending in KINDS if name.lower().endswith(ending)), None)
        if ending is not None:
            stem = name[: -len(ending)]
            _stem, files = listed.setdefault(normalize_file_name(stem), (stem, []))
            files.append(File(KINDS[ending], os.path.join(path, name)))
    return [FileGroup(stem, files[0].path, tuple(files), is_entry=False) for stem, files in listed.values()]


def list_key_files(path: str) -> list[FileGroup]:
    """Return the files in a directory that may contain private keys.

    Raises:
        CertificatesError: `not_found`.
    """
    listed = []
    for name in list_source_names(path):
        stem, ending = os.path.splitext(name)
        if ending.lower() in KEY_SUFFIXES:
            file = File(KINDS[ending.lower()], os.path.join(path, name))
            listed.append(FileGroup(stem, file.path, (file,), is_entry=False))
    return listed
