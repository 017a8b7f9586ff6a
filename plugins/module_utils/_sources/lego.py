# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find the lego certificates. Private to softlayer.certificates.

The directory `certificates` contains `NAME.crt` (with the chain, unless lego runs with `--no-bundle`), `NAME.issuer.crt`, and
`NAME.key`. The copies of `--pem` and `--pfx` are not read.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from .._base.names import group_file_names, normalize_file_name
from .._x509.bundle import Kind
from .files import File, FileGroup, find_directory, list_source_names, select_names

CERTIFICATE, ISSUER, PRIVATE_KEY = ".crt", ".issuer.crt", ".key"


def list_groups(path: str) -> list[FileGroup]:
    """Return the file groups in the lego directory, or in its `certificates` directory.

    Raises:
        CertificatesError: `not_found`.
    """
    folder = find_directory(path, "certificates")
    names = list_source_names(folder)
    alike = group_file_names(names)
    stems: dict[str, str] = {}
    for name in names:
        stem, ending = os.path.splitext(name)
        if ending.lower() in {CERTIFICATE, PRIVATE_KEY} and not name.lower().endswith(ISSUER):
            own = normalize_file_name(stem)  # as lego writes it
            stems[own] = own if stem == own else stems.get(own, stem)
    return [_make_group(stem, folder, alike) for stem in stems.values()]


def _make_group(name: str, folder: str, alike: Mapping[str, Sequence[str]]) -> FileGroup:
    kinds: Mapping[Kind, str] = {
        "certificate": name + CERTIFICATE,
        "chain": name + ISSUER,
        "key": name + PRIVATE_KEY,
    }
    files = tuple(
        File(kind, os.path.join(folder, file))
        for kind, usual in kinds.items()
        if kind != "chain" or normalize_file_name(usual) in alike
        for file in select_names(usual, alike)
    )
    return FileGroup(name, files[0].path, files)
