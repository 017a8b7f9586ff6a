# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private keys in SSH formats, and how to convert them. Private to softlayer.certificates. Pure."""

from __future__ import annotations

FOREIGN = (
    (
        b"-----BEGIN OPENSSH PRIVATE KEY-----",
        "This private key is in OpenSSH's own form: copy the file, convert the copy with `ssh-keygen -p -m PEM -f COPY`, and give that.",
    ),
    (
        b"PuTTY-User-Key-File-",
        "This private key is in PuTTY's form: convert it with `puttygen KEY -O private-openssh -o NEW`, and give the new file.",
    ),
)
"""What the beginning of such a file contains, and how to convert it."""


def how_to_convert(text: bytes) -> str | None:
    """Return how to convert a private key in one of these formats, or `None`; the advice quotes nothing of the key."""
    return next((remedy for mark, remedy in FOREIGN if mark in text), None)
