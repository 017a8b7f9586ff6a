# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The certificates of lego. Private to softlayer.certificates.

All lie in the folder `certificates`: `NAME.crt` (with its issuers, unless lego runs with `--no-bundle`), `NAME.issuer.crt` and
`NAME.key`. With `--pem` and `--pfx` there are copies, which are not read.
"""

from __future__ import annotations

import os

from .base import Bundle, File, folder_in, names_in_source

CERTIFICATE, ISSUER, PRIVATE_KEY = ".crt", ".issuer.crt", ".key"


def bundles(path: str) -> list[Bundle]:
    """Return the certificates in lego's folder, or in its `certificates`.

    Raises:
        CertificatesError: `not_found`.
    """
    folder = folder_in(path, "certificates")
    names = dict.fromkeys(names_in_source(folder))
    found: dict[str, None] = {}
    for name in names:
        stem, ending = os.path.splitext(name)
        if ending in {CERTIFICATE, PRIVATE_KEY} and not name.endswith(ISSUER):
            found[stem] = None
    return [_bundle(stem, os.path.join(folder, stem), has_issuer=stem + ISSUER in names) for stem in found]


def _bundle(name: str, path: str, *, has_issuer: bool) -> Bundle:
    issuers = (File("chain", path + ISSUER),) if has_issuer else ()
    files = (File("certificate", path + CERTIFICATE), *issuers, File("key", path + PRIVATE_KEY))
    return Bundle(name, path + CERTIFICATE, files)
