# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find the acme.sh certificates. Private to softlayer.certificates.

The directory of each certificate, `NAME` or `NAME_ecc`, contains `NAME.cer`, `NAME.key`, `ca.cer`, `fullchain.cer`, and `NAME.conf`.
`acme.sh --remove` renames `NAME.conf` to `NAME.conf.removed`. `acme.sh --revoke` deletes `NAME.cer`, but not `fullchain.cer`, which
therefore counts as a chain only.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence

from .._base.errors import Obstacle
from .._base.names import group_file_names, normalize_file_name
from .files import File, FileGroup, list_source_names, list_subdirectories, read_setting, select_names

OTHER_DIRECTORIES = frozenset({"ca", "deploy", "dnsapi", "notify", "backup"})
"""Names of acme.sh directories without certificates."""
CERTIFICATE, PRIVATE_KEY, SETTINGS, REMOVED = ".cer", ".key", ".conf", ".conf.removed"
CHAIN, FULL_CHAIN = "ca.cer", "fullchain.cer"
EC_SUFFIX = "_ecc"
API_SETTING = re.compile(r"""^Le_API=(['"]?)([^\s'"]+)\1[ \t\r]*$""", re.MULTILINE)


def list_groups(path: str) -> list[FileGroup]:
    """Return the file groups in the acme.sh directory, or in the directory of one certificate.

    Raises:
        CertificatesError: `not_found`.
    """
    names, folder = list_source_names(path), os.path.basename(path)
    if _is_certificate_directory(folder, names):
        return _make_groups(folder, path, names)
    listed = []
    for name, inner, inside in list_subdirectories(path):
        if isinstance(inside, Obstacle):
            listed += [] if name in OTHER_DIRECTORIES else [FileGroup(name, inner, problem=inside)]
        elif _is_certificate_directory(name, inside):
            listed += _make_groups(name, inner, inside)
    return listed


def find_acme_directory(path: str) -> str | None:
    """Return the ACME directory URL of the CA for the path of a certificate; `None` if unknown."""
    folder = os.path.dirname(path)
    return read_setting(os.path.join(folder, build_settings_name(os.path.basename(folder))), API_SETTING)


def build_settings_name(folder: str) -> str:
    """Return the name of the acme.sh settings file in a certificate directory."""
    return f"{folder.removesuffix(EC_SUFFIX)}{SETTINGS}"


def _is_certificate_directory(folder: str, names: Sequence[str]) -> bool:
    stem, there = normalize_file_name(folder).removesuffix(EC_SUFFIX), group_file_names(names)
    return folder not in OTHER_DIRECTORIES and (
        any(normalize_file_name(stem + ending) in there for ending in (CERTIFICATE, PRIVATE_KEY, SETTINGS))
        or any(name.endswith(CERTIFICATE) for name in there)
    )


def _make_groups(folder: str, path: str, names: Sequence[str]) -> list[FileGroup]:
    stem, there = folder[: -len(EC_SUFFIX)] if folder.lower().endswith(EC_SUFFIX) else folder, group_file_names(names)
    if normalize_file_name(stem + REMOVED) in there and normalize_file_name(stem + SETTINGS) not in there:
        return []
    own = [
        name
        for name in names
        if name.lower().endswith(CERTIFICATE) and normalize_file_name(name) not in {CHAIN, FULL_CHAIN}
    ]
    keys = [name for name in names if name.lower().endswith(PRIVATE_KEY)]
    certificates = own or [stem + CERTIFICATE]
    chains = select_names(CHAIN if CHAIN in there else FULL_CHAIN, there)
    files = (
        *(File("certificate", os.path.join(path, name)) for name in certificates),
        *(File("chain", os.path.join(path, name)) for name in chains),
        *(File("key", os.path.join(path, name)) for name in keys or [stem + PRIVATE_KEY]),
    )
    return [FileGroup(folder, os.path.join(path, certificates[0]), files)]
