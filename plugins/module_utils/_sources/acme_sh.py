# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The certificates of acme.sh. Private to softlayer.certificates.

Each has a folder, `NAME` or `NAME_ecc`, with `NAME.cer`, `NAME.key`, `ca.cer`, `fullchain.cer` and `NAME.conf`. `acme.sh --remove` renames
the last one to `NAME.conf.removed`; `acme.sh --revoke` deletes `NAME.cer`, but not `fullchain.cer`, which therefore counts as a chain only.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from .base import Bundle, File, Trouble, names_in_source, subfolders

NO_CERTIFICATES = frozenset({"ca", "deploy", "dnsapi", "notify", "backup"})
"""Other folders of acme.sh."""
CERTIFICATE, PRIVATE_KEY, SETTINGS, REMOVED = ".cer", ".key", ".conf", ".conf.removed"
CHAIN, FULL_CHAIN = "ca.cer", "fullchain.cer"
EC = "_ecc"


def bundles(path: str) -> list[Bundle]:
    """Return the certificates in the folder of acme.sh, or the one in a certificate's folder.

    Raises:
        CertificatesError: `not_found`.
    """
    names, folder = names_in_source(path), os.path.basename(path)
    if _is_of_certificate(folder, names):
        return _bundle(folder, path, names)
    found = []
    for name, inner, inside in subfolders(path):
        if isinstance(inside, Trouble):
            found += [] if name in NO_CERTIFICATES else [Bundle(name, inner, trouble=inside)]
        elif _is_of_certificate(name, inside):
            found += _bundle(name, inner, inside)
    return found


def _is_of_certificate(folder: str, names: Sequence[str]) -> bool:
    stem = folder.removesuffix(EC)
    return folder not in NO_CERTIFICATES and (
        any(stem + ending in names for ending in (CERTIFICATE, PRIVATE_KEY, SETTINGS))
        or any(name.endswith(CERTIFICATE) for name in names)
    )


def _bundle(folder: str, path: str, names: Sequence[str]) -> list[Bundle]:
    stem = folder.removesuffix(EC)
    if stem + REMOVED in names and stem + SETTINGS not in names:
        return []
    own = [name for name in names if name.endswith(CERTIFICATE) and name not in {CHAIN, FULL_CHAIN}]
    keys = [name for name in names if name.endswith(PRIVATE_KEY)]
    certificates = own or [stem + CERTIFICATE]
    files = (
        *(File("certificate", os.path.join(path, name)) for name in certificates),
        File("chain", os.path.join(path, CHAIN if CHAIN in names else FULL_CHAIN)),
        *(File("key", os.path.join(path, name)) for name in keys or [stem + PRIVATE_KEY]),
    )
    return [Bundle(folder, os.path.join(path, certificates[0]), files)]
