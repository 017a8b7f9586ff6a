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
    SOURCE_TEXTS,
    describe_problem,
    name_in_source,
    remedy,
    source_name,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._sources.source import SourceKind

MISSING = "The private key of the certificate in /cert is missing"
NEXT_TO_IT = "Put the private key next to the certificate, or reissue the certificate."


@pytest.mark.parametrize(
    ("reason", "facts", "said"),
    [
        ("malformed", {"file": "/a\u202e", "why": Obstacle("invalid_pem", {"error": "No."})}, "/a\\u202e: No."),
        (
            "bad_passphrase",
            {"file": "/a.p12", "why": Obstacle("bad_passphrase", {"is_store": True})},
            "/a.p12: Cannot open the PKCS#12 file. Set privatekey_passphrase to its passphrase.",
        ),
        (
            "unreadable",
            {"refused": "No."},
            "No. Grant read access to the user who runs the playbook, and check the disk.",
        ),
        (
            "unreadable",
            {"written": "/a"},
            "Cannot read /a: another process was writing the file. Run the playbook again later.",
        ),
        (
            "unreadable",
            {"not_utf8": "/\udce9"},
            "The path /\\udce9 is not valid UTF-8. Rename the file or its directory.",
        ),
        (
            "broken_link",
            {"link": "/a"},
            "/a is a symbolic link to a missing file. Restore the file, or delete the link and reissue the certificate.",
        ),
        ("key_missing", {"certificate": "/cert", "other_key": None}, f"{MISSING}. {NEXT_TO_IT}"),
        (
            "key_missing",
            {"certificate": "/cert", "other_key": "/key"},
            f"{MISSING}; the key in /key belongs to another certificate. {NEXT_TO_IT}",
        ),
        (
            "certificate_missing",
            {"certificate": "/cert"},
            "The private key exists, but the certificate /cert is missing. Request the certificate, or delete the key.",
        ),
        (
            "being_renewed",
            {"lineage": "www", "folder": "/live/www"},
            "Certbot is renewing www, or was interrupted during the renewal: the links in /live/www lead to files of different versions. Run "
            "the playbook again later. If the problem persists, run `certbot update_symlinks`.",
        ),
        (
            "being_renewed",
            {"is_cut_off": True},
            (
                "Traefik is writing the file, or has not issued a certificate yet. Run the playbook again later. If the problem persists, "
                "restart Traefik."
            ),
        ),
        (
            "being_renewed",
            {"written": "/a"},
            "Another process was writing /a or its private key during the run. Run the playbook again later.",
        ),
        (
            "malformed",
            {"is_storage": False},
            "The file is not a Traefik acme.json file. Specify the storage file of the certificate resolvers in Traefik.",
        ),
        (
            "malformed",
            {"is_old": True},
            "The file is from Traefik 1. Convert it with `traefik-migration-tool acme`, and specify the converted file.",
        ),
        ("not_a_file", {"error": "It is a folder."}, "It is a folder."),
    ],
)
def test_problem(reason: str, facts: dict[str, Any], said: str) -> None:
    assert describe_problem(Obstacle(reason, facts)) == said


# How certificates are renewed there


def test_each_kind_of_source_has_its_texts() -> None:
    assert SOURCE_TEXTS.keys() == {*get_args(SourceKind), None}


def test_the_names_of_sources() -> None:
    names = {"acme_sh": "acme.sh", "secrets_manager": "Secrets Manager", "traefik": "Traefik", "caddy": "Caddy"}
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
def test_the_remedy_that_reissues_with_an_rsa_key(source: str | None, commands: list[str]) -> None:
    said = remedy("rsa_key", source, "odd name", ["*.example.com", "example.com"])
    assert [shlex.split(one) for one in re.findall("`([^`]*)`", said)] == [shlex.split(one) for one in commands]
    assert (
        commands or "RSA2048" in said or said == "use the ACME client or CA to reissue the certificate with an RSA key"
    )


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("certbot", "reissue the certificate with `certbot renew --cert-name 'odd name' --force-renewal`"),
        ("acme_sh", "reissue the certificate with `acme.sh --renew --force --domain '*.example.com' --ecc`"),
        ("traefik", "reissue the certificate with Traefik"),
        ("lego", "reissue the certificate with lego"),
        ("secrets_manager", "reissue the certificate in Secrets Manager"),
        ("folder", "reissue the certificate with its ACME client or CA"),
        (None, "reissue the certificate with its ACME client or CA"),
    ],
)
def test_the_remedy_that_reissues(source: str | None, said: str) -> None:
    assert remedy("reissue", source, "odd name", ["*.example.com"], "EC") == said


@pytest.mark.parametrize(
    ("source", "key_type", "said"),
    [
        ("certbot", "EC", "run `certbot renew --cert-name 'odd name'` and check its output"),
        ("acme_sh", "EC", "run `acme.sh --renew --domain '*.example.com' --ecc` and check its output"),
        ("acme_sh", "RSA", "run `acme.sh --renew --domain '*.example.com'` and check its output"),
        ("traefik", "EC", "renew the certificate with Traefik"),
        ("lego", "EC", "renew the certificate with lego"),
        ("secrets_manager", "EC", "renew the certificate in Secrets Manager"),
        ("mail", "EC", "renew the certificate with its CA, and check that the email arrives in the mailbox"),
        ("folder", "EC", "copy a renewed certificate to the directory"),
    ],
)
def test_the_remedy_that_renews(source: str, key_type: str, said: str) -> None:
    assert remedy("renewal", source, "odd name", ["*.example.com"], key_type) == said
