# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private keys in forms that are for SSH, and how to convert them. Private to softlayer.certificates. Pure."""

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
"""What such a file has in its beginning, and what to do with it."""


def how_to_convert(text: bytes) -> str | None:
    """Return what to do with a private key in another form, `None` if it is in none of these; it quotes nothing of the key."""
    return next((remedy for mark, remedy in FOREIGN if mark in text), None)
