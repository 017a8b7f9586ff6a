# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How it reads why the files of a source cannot be used, and how certificates are renewed in sources: a shell reads in commands what is meant."""

from __future__ import annotations

import re
import shlex
from typing import Any, get_args

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._base.errors import Obstacle
from ansible_collections.softlayer.certificates.plugins.module_utils._sources.messages import (
    KINDS,
    name_in_source,
    remedy,
    source_name,
    trouble,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._sources.source import SourceKind

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


# How certificates are renewed there


def test_each_kind_of_source_has_its_texts() -> None:
    assert KINDS.keys() == {*get_args(SourceKind), None}


def test_what_people_call_a_source() -> None:
    names = {"acme_sh": "acme.sh", "secrets_manager": "Secrets Manager", "traefik": "Traefik"}
    assert [*map(source_name, get_args(SourceKind))] == [names.get(kind, kind) for kind in get_args(SourceKind)]
    assert source_name("of a later release") == "of a later release"
    assert name_in_source({"source": "secrets_manager", "name": "web"}) == "Secrets Manager web"


@pytest.mark.parametrize(
    ("source", "commands"),
    [
        ("certbot", ["certbot renew --cert-name odd\\ name --key-type rsa --force-renewal"]),
        (
            "lego",
            [
                "lego run --key-type RSA2048 --renew-force --domains '*.example.com' --domains example.com",
                "lego --key-type rsa2048 --domains '*.example.com' --domains example.com renew --days 3650",
            ],
        ),
        (
            "acme_sh",
            [
                "acme.sh --issue --force --keylength 2048 --domain '*.example.com' --domain example.com",
                "acme.sh --remove --ecc --domain '*.example.com'",
            ],
        ),
        ("traefik", []),
        ("secrets_manager", []),
        ("folder", []),
        ("mail", []),
        (None, []),
    ],
)
def test_each_client_is_told_how_to_make_keys_that_balancers_offer(source: str | None, commands: list[str]) -> None:
    said = remedy("rsa_key", source, "odd name", ["*.example.com", "example.com"])
    assert [shlex.split(one) for one in re.findall("`([^`]*)`", said)] == [shlex.split(one) for one in commands]
    assert commands or "RSA2048" in said or said == "request the renewal with an RSA key from its CA or ACME client"


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("certbot", "`certbot renew --cert-name 'odd name' --force-renewal` has it issued anew"),
        ("acme_sh", "`acme.sh --renew --force --domain '*.example.com' --ecc` has it issued anew"),
        ("traefik", "have Traefik get it issued anew"),
        ("lego", "have lego get it issued anew"),
        ("secrets_manager", "have Secrets Manager get it issued anew"),
        ("folder", "have it issued anew"),
        (None, "have it issued anew"),
    ],
)
def test_each_client_is_told_how_to_have_it_issued_anew(source: str | None, said: str) -> None:
    assert remedy("reissue", source, "odd name", ["*.example.com"], "EC") == said


@pytest.mark.parametrize(
    ("source", "key_type", "said"),
    [
        ("certbot", "EC", "`certbot renew --cert-name 'odd name'` renews it, or says why not"),
        ("acme_sh", "EC", "`acme.sh --renew --domain '*.example.com' --ecc` renews it, or says why not"),
        ("acme_sh", "RSA", "`acme.sh --renew --domain '*.example.com'` renews it, or says why not"),
        ("traefik", "EC", "have Traefik renew it"),
        ("lego", "EC", "have lego renew it"),
        ("secrets_manager", "EC", "have Secrets Manager renew it"),
        ("mail", "EC", "put a renewed one there"),
        ("folder", "EC", "put a renewed one there"),
    ],
)
def test_each_client_is_told_how_to_renew_it(source: str, key_type: str, said: str) -> None:
    assert remedy("renewal", source, "odd name", ["*.example.com"], key_type) == said
