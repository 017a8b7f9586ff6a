# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find the Caddy certificates. Private to softlayer.certificates.

The directory `certificates` contains a directory for each CA with a directory for each certificate: `NAME/NAME.crt` (with the
chain), `NAME.key`, and `NAME.json` with the address of the CA.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence

from .._base.errors import Obstacle
from .._base.names import group_file_names, normalize_file_name
from .._x509.bundle import Kind
from .files import File, FileGroup, find_directory, list_source_names, list_subdirectories, read_setting, select_names

METADATA = ".json"
KINDS: Mapping[Kind, str] = {"certificate": ".crt", "key": ".key"}
CA_PATTERN = re.compile(r'("ca")\s*:\s*"([^"\\]+)"')


def list_groups(path: str) -> list[FileGroup]:
    """Return the file groups in the data directory of Caddy, or in one of its directories for certificates.

    Raises:
        CertificatesError: `not_found`.
    """
    return list(_find_groups(find_directory(path, "certificates"), tuple(KINDS.values()), levels=2))


def is_caddy(path: str) -> bool:
    """Return whether a directory contains a certificate with Caddy's metadata.

    Raises:
        CertificatesError: `not_found`.
    """
    return any(not group.problem for group in _find_groups(find_directory(path, "certificates"), (METADATA,), levels=2))


def find_acme_directory(path: str) -> str | None:
    """Return the ACME directory URL of the CA for the path of a certificate; `None` if unknown."""
    return read_setting(os.path.splitext(path)[0] + METADATA, CA_PATTERN)


def _find_groups(
    folder: str, endings: Sequence[str], levels: int, names: Sequence[str] | None = None
) -> Iterator[FileGroup]:
    """Yield the groups of the directories that contain a file with their own name and one of the endings."""
    own = os.path.basename(folder)
    alike = group_file_names(list_source_names(folder) if names is None else names)
    if any(normalize_file_name(own + ending) in alike for ending in endings):
        files = tuple(
            File(kind, os.path.join(folder, name))
            for kind, end in KINDS.items()
            for name in select_names(own + end, alike)
        )
        yield FileGroup(own, files[0].path, files)
    elif levels:
        for name, inner, found in list_subdirectories(folder):
            if isinstance(found, Obstacle):
                yield FileGroup(name, inner, problem=found)
            else:
                yield from _find_groups(inner, endings, levels - 1, found)
