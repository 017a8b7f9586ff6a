# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files that users name. Private to softlayer.certificates."""

from __future__ import annotations

from ansible_collections.softlayer.certificates.plugins.module_utils._errors import CertificatesError


def read_file(path: str) -> bytes:
    """Return a file's content.

    Raises:
        CertificatesError: C(not_found).
    """
    try:
        with open(path, "rb") as file:
            return file.read()
    except (OSError, ValueError) as error:
        raise not_readable("file", path, error) from None


def not_readable(kind: str, path: str, error: OSError | ValueError) -> CertificatesError:
    """Return what is to be said of a file or folder that cannot be read."""
    why = getattr(error, "strerror", None) or "this is no path"
    details = {"path": path} if path.isprintable() else {}
    return CertificatesError("not_found", f"The {kind}{shown(path)} cannot be read: {why}.", **details)


def shown(path: str) -> str:
    """Return a path as it can stand behind a word in a sentence; what is none, such as the text of a key, is left out."""
    return f" {path}" if path.isprintable() else ""
