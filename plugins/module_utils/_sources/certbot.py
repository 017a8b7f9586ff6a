# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find the certbot certificates. Private to softlayer.certificates.

Each lineage is a directory in `live` with links to the newest version of each file in `archive`, such as `privkey7.pem`. During a
renewal, certbot replaces the links one by one, and keeps the previous links as `previous_*.pem` until the end.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress

from .._base.errors import Obstacle
from .._base.names import group_file_names, normalize_file_name
from .._x509.bundle import Kind, Problem
from .files import File, FileGroup, find_directory, list_source_names, list_subdirectories, read_setting, select_names

CERTIFICATE, CHAIN, FULL_CHAIN, PRIVATE_KEY = "cert.pem", "chain.pem", "fullchain.pem", "privkey.pem"
LINKS = (CERTIFICATE, CHAIN, FULL_CHAIN, PRIVATE_KEY)
PREVIOUS_LINKS = frozenset(f"previous_{name}" for name in LINKS)
SERVER_SETTING = re.compile(r"""^[ \t]*server[ \t]*=[ \t]*(['"]?)([^\s'"]+)\1[ \t\r]*$""", re.MULTILINE)
VERSION_PATTERN = re.compile(r"(\d+)\.pem$")


def list_groups(path: str) -> list[FileGroup]:
    """Return the file groups of the lineages in the certbot directory or its `live` directory, or in the directory of one lineage.

    Raises:
        CertificatesError: `not_found`.
    """
    live = find_directory(path, "live")
    names = list_source_names(live)
    if _is_lineage(names):
        return [_make_group(os.path.basename(live), live, names)]
    return [
        FileGroup(name, folder, problem=names) if isinstance(names, Obstacle) else _make_group(name, folder, names)
        for name, folder, names in list_subdirectories(live)
        if isinstance(names, Obstacle) or _is_lineage(names)
    ]


def find_acme_directory(path: str) -> str | None:
    """Return the ACME directory URL of the CA for the path of a certificate in `live`; `None` if unknown."""
    lineage = os.path.dirname(path)
    home, name = os.path.dirname(os.path.dirname(lineage)), os.path.basename(lineage)
    return read_setting(os.path.join(home, "renewal", f"{name}.conf"), SERVER_SETTING)


def _is_lineage(names: Sequence[str]) -> bool:
    return not {*LINKS, *PREVIOUS_LINKS}.isdisjoint(map(normalize_file_name, names))


def _make_group(name: str, folder: str, names: Sequence[str]) -> FileGroup:
    alike = group_file_names(names)
    kinds: Mapping[Kind, str] = {
        "certificate": CERTIFICATE,
        "chain": CHAIN if CHAIN in alike else FULL_CHAIN,
        "key": PRIVATE_KEY,
    }
    files = tuple(File(kind, os.path.join(folder, file)) for kind in kinds for file in select_names(kinds[kind], alike))
    return FileGroup(name, files[0].path, files, renewal_problem=_find_renewal(name, folder, names))


def _find_renewal(name: str, folder: str, names: Sequence[str]) -> Problem | None:
    """Return the problem of a lineage whose links certbot has not replaced completely, or `None`."""
    versions = set()
    for link in LINKS:
        with suppress(OSError):
            version = VERSION_PATTERN.search(os.readlink(os.path.join(folder, link)))
            versions.add(version and version[1])
    if len(versions) < 2 and PREVIOUS_LINKS.isdisjoint(names):
        return None
    return Obstacle("being_renewed", {"lineage": name, "folder": folder})
