# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How it reads why the files of a source cannot be used."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._base.errors import Obstacle
from ansible_collections.softlayer.certificates.plugins.module_utils._sources.messages import trouble

MISSING = "The private key of the certificate in /cert is missing"
BESIDE = "Put it beside the certificate, or have the certificate issued anew."


@pytest.mark.parametrize(
    ("reason", "facts", "said"),
    [
        ("malformed", {"file": "/a\u202e", "why": Obstacle("invalid_pem", {"error": "No."})}, "/a\\u202e: No."),
        (
            "bad_passphrase",
            {"file": "/a.p12", "why": Obstacle("bad_passphrase", {"is_store": True})},
            "/a.p12: The PKCS#12 file cannot be opened: give its passphrase as privatekey_passphrase.",
        ),
        ("unreadable", {"refused": "No."}, "No. Let the user who runs this read it, and check the disk."),
        ("unreadable", {"written": "/a"}, "/a was being written: run this again when that has ended."),
        ("unreadable", {"not_utf8": "/\udce9"}, "The path /\\udce9 is not in UTF-8: rename the file or its folder."),
        (
            "broken_link",
            {"link": "/a"},
            "/a is a link to something that is not there: restore that, or remove the link and have the certificate issued anew.",
        ),
        ("key_missing", {"certificate": "/cert", "other_key": None}, f"{MISSING}. {BESIDE}"),
        (
            "key_missing",
            {"certificate": "/cert", "other_key": "/key"},
            f"{MISSING}; the key in /key is that of another one. {BESIDE}",
        ),
        (
            "certificate_missing",
            {"certificate": "/cert"},
            "The private key is there, but not the certificate /cert: have it issued, or remove the key.",
        ),
        (
            "being_renewed",
            {"lineage": "www", "folder": "/live/www"},
            "Certbot is renewing www, or was interrupted while it did: the links in /live/www lead to files of different versions. Run this "
            "again later; if it stays like that, run `certbot update_symlinks`.",
        ),
        (
            "being_renewed",
            {"is_cut_off": True},
            "Traefik is writing it, or has issued no certificate yet: run this again later, and restart Traefik if it stays like that.",
        ),
        (
            "being_renewed",
            {"written": "/a"},
            "/a, or its private key, was being written: run this again when that has ended.",
        ),
        (
            "malformed",
            {"is_storage": False},
            "This is no acme.json of Traefik: name the file that is the storage of its certificate resolvers.",
        ),
        (
            "malformed",
            {"is_old": True},
            "This is of Traefik 1: convert it with `traefik-migration-tool acme`, and name what that writes.",
        ),
        ("not_a_file", {"error": "It is a folder."}, "It is a folder."),
    ],
)
def test_trouble(reason: str, facts: dict[str, Any], said: str) -> None:
    assert trouble(Obstacle(reason, facts)) == said
