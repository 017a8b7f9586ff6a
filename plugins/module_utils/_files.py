# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files that users name. Private to softlayer.certificates."""

from __future__ import annotations

import os
import stat
import typing as t

from ._errors import CertificatesError
from ._text import encodable

LARGEST_FILE = 10 * 1024 * 1024
"""Bytes of a file with keys or certificates; the longest certificate bundles have less than one million."""


def absolute(path: str) -> str:
    """Return a path that a user gave as an absolute one without `~` and links."""
    return os.path.realpath(os.path.expanduser(path))


def read_file(path: str) -> bytes:
    """Return a file's content.

    Raises:
        CertificatesError: `not_found`, also if it is not a regular file or is too large.
    """
    try:
        with open_plain_file("file", path) as file:
            data = file.read(LARGEST_FILE + 1)
    except (OSError, ValueError) as error:
        raise not_readable("file", path, error) from None
    if len(data) > LARGEST_FILE:
        raise CertificatesError(
            "not_found",
            f"The file{shown(path)} is larger than {LARGEST_FILE // 1024 // 1024} MiB, which no certificate or key is: "
            "check the path.",
        )
    return data


def open_plain_file(kind: str, path: str) -> t.BinaryIO:
    """Open a regular file for reading; anything else is refused, since waiting for it or reading it could go on for ever.

    Raises:
        CertificatesError: `not_found` for a pipe, a device, a socket or a folder.
        OSError: if there is no such file or it may not be read.
    """
    check_plain_file(kind, path, os.stat(path).st_mode)  # even opening a device may have an effect
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    try:
        check_plain_file(kind, path, os.fstat(descriptor).st_mode)  # it may have been replaced meanwhile
        return os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def check_plain_file(kind: str, path: str, mode: int) -> None:
    """Refuse anything that is not a regular file.

    Raises:
        CertificatesError: `not_found`.
    """
    if not stat.S_ISREG(mode):
        what = "a folder" if stat.S_ISDIR(mode) else "a pipe, a device or the like"
        details = {"path": path} if path.isprintable() else {}
        raise CertificatesError(
            "not_found",
            f"The {kind}{shown(path)} cannot be read: it is {what}, not a plain file. Save its content to a file and name that.",
            **details,
        )


def not_readable(kind: str, path: str, error: OSError | ValueError) -> CertificatesError:
    """Return the error for a file or folder that cannot be read."""
    why = getattr(error, "strerror", None) or "this is no path"
    details = {"path": path} if path.isprintable() else {}
    return CertificatesError("not_found", f"The {kind}{shown(path)} cannot be read: {why}.", **details)


def shown(path: str) -> str:
    """Return a path as it is appended to a word in a message; empty if it is no path, for example the text of a key."""
    text = encodable(path)
    return f" {text}" if text.isprintable() else ""
