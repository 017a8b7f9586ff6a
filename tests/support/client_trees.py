# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Folders as certbot, lego and acme.sh leave them, with everything in them that those write: see `Kept` for each; and Traefik's file."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.serialization import PrivateFormat

from tests.support.certificates import Issued, key_bytes, key_pem, new_key, pkcs12_of

KINDS = ("cert", "privkey", "chain", "fullchain")
"""Certbot's files, in the order in which it replaces the links to them."""

ACCOUNT = new_key()
ACCOUNT_KEY = key_pem(ACCOUNT)
"""A key that no certificate is for."""


@dataclass(frozen=True)
class Kept:
    """Where a client keeps one certificate."""

    home: Path
    """The client's folder."""
    own: Path
    """The folder of this certificate, or, with lego, of all certificates."""
    certificate: Path
    key: Path


def certbot(home: Path, name: str, issued: Issued, version: int = 1) -> Kept:
    """A lineage at a version, with its former versions if it had any."""
    live, archive = home / "live" / name, home / "archive" / name
    for folder in (live, archive, home / "renewal", home / "accounts/localhost/dir/0f1e"):
        folder.mkdir(parents=True, exist_ok=True)
    (home / "live/README").write_text("This directory contains your keys and certificates.\n")
    (live / "README").write_text("This directory contains your keys and certificates.\n")
    (home / "renewal" / f"{name}.conf").write_text(f"version = 2.1.0\narchive_dir = {archive}\n")
    (home / "accounts/localhost/dir/0f1e/private_key.json").write_text("{}")
    write_version(archive, issued, version)
    for kind in KINDS:
        link(live, kind, version)
    return Kept(home, live, live / "cert.pem", live / "privkey.pem")


def write_version(archive: Path, issued: Issued, version: int) -> None:
    """What certbot writes before it replaces any link."""
    texts = dict(zip(KINDS, (issued.pem, issued.key_pem, issued.chain_pem, issued.pem + issued.chain_pem), strict=True))
    for kind, text in texts.items():
        (archive / f"{kind}{version}.pem").write_text(text)


def link(live: Path, kind: str, version: int, former: bool = False) -> None:
    """Have a link lead to a version; or the one to the former version, which certbot keeps until it is done."""
    place = live / f"{'previous_' if former else ''}{kind}.pem"
    place.unlink(missing_ok=True)
    os.symlink(f"../../archive/{live.name}/{kind}{version}.pem", place)


def lego(home: Path, name: str, issued: Issued, *, copies: bool = False) -> Kept:
    """A certificate, with `--pem --pfx` if copies are wanted."""
    folder, keys = home / "certificates", home / "accounts/localhost_14000/me@example.com/keys"
    for one in (folder, keys, home / "archives"):
        one.mkdir(parents=True, exist_ok=True)
    (keys / "me@example.com.key").write_text(ACCOUNT_KEY)
    stem = name.replace("*", "_")
    key = key_pem(issued.key, PrivateFormat.TraditionalOpenSSL)
    (folder / f"{stem}.crt").write_text(issued.pem + issued.chain_pem)
    (folder / f"{stem}.issuer.crt").write_text(issued.chain_pem)
    (folder / f"{stem}.key").write_text(key)
    (folder / f"{stem}.json").write_text(f'{{"domain": "{name}"}}')
    if copies:
        (folder / f"{stem}.pem").write_text(issued.pem + issued.chain_pem + key)
        (folder / f"{stem}.pfx").write_bytes(pkcs12_of(issued, "changeit"))
    return Kept(home, folder, folder / f"{stem}.crt", folder / f"{stem}.key")


def acme_sh(home: Path, name: str, issued: Issued, *, ecc: bool = True) -> Kept:
    """A certificate."""
    folder = home / f"{name}{'_ecc' if ecc else ''}"
    others = ("ca/localhost/dir", "deploy", "dnsapi", "notify")
    for one in (folder, folder / "backup", *(home / other for other in others)):
        one.mkdir(parents=True, exist_ok=True)
    (home / "account.conf").write_text("UPGRADE_HASH='0'\n")
    (home / "http.header").write_text("HTTP/2 200\n")
    (home / "ca/localhost/dir/account.key").write_text(ACCOUNT_KEY)
    (home / "dnsapi/dns_aws.sh").write_text("#!/usr/bin/env sh\n")
    (folder / f"{name}.cer").write_text(issued.pem)
    (folder / f"{name}.key").write_text(key_pem(issued.key, PrivateFormat.TraditionalOpenSSL))
    (folder / "ca.cer").write_text(issued.chain_pem)
    (folder / "fullchain.cer").write_text(issued.pem + issued.chain_pem)
    (folder / f"{name}.csr").write_text(issued.csr_pem)
    (folder / f"{name}.csr.conf").write_text("[ req ]\n")
    (folder / f"{name}.conf").write_text(f"Le_Domain='{name}'\n")
    return Kept(home, folder, folder / f"{name}.cer", folder / f"{name}.key")


def traefik(folder: Path, certificates: Mapping[str, Issued], resolver: str = "letsencrypt") -> Path:
    """Traefik's file with certificates by their main domains, of one resolver; another one has none yet."""
    folder.mkdir(exist_ok=True)
    path = folder / "acme.json"
    account = {"Email": "me@example.com", "Registration": {"uri": "https://acme.example/1"}, "KeyType": "4096"}
    account["PrivateKey"] = base64.b64encode(key_bytes(ACCOUNT, PrivateFormat.TraditionalOpenSSL)).decode()
    entries = [traefik_entry(name, issued) for name, issued in certificates.items()]
    stored = {
        resolver: {"Account": account, "Certificates": entries},
        "staging": {"Account": account, "Certificates": None},
    }
    path.touch(mode=0o600)
    path.write_text(json.dumps(stored, indent=2), encoding="ascii")
    return path


def traefik_entry(name: str, issued: Issued) -> dict[str, Any]:
    """A certificate with its chain and its key, as Traefik stores it."""
    texts = {
        "certificate": issued.pem + issued.chain_pem,
        "key": key_pem(issued.key, PrivateFormat.TraditionalOpenSSL),
    }
    encoded = {member: base64.b64encode(text.encode()).decode() for member, text in texts.items()}
    return {"domain": {"main": name}, **encoded, "Store": "default"}


def caddy(home: Path, name: str, issued: Issued) -> Kept:
    """A certificate, as certmagic stores it: `KeyBuilder` in its storage.go, `CertificateResource` in its certmagic.go."""
    stem = name.replace("*", "wildcard_")
    folder = home / "certificates/acme-v02.api.letsencrypt.org-directory" / stem
    for one in (folder, home / "locks", home / "acme/acme-v02.api.letsencrypt.org-directory/users/me"):
        one.mkdir(parents=True, exist_ok=True)
    (home / "acme/acme-v02.api.letsencrypt.org-directory/users/me/me.key").write_text(ACCOUNT_KEY)
    (home / "last_clean.json").write_text("{}")
    (folder / f"{stem}.crt").write_text(issued.pem + issued.chain_pem)
    (folder / f"{stem}.key").write_text(key_pem(issued.key, PrivateFormat.TraditionalOpenSSL))
    data = {
        "sans": [name],
        "issuer_data": {"url": "https://acme.example/cert/1", "ca": "https://acme.example/directory"},
    }
    (folder / f"{stem}.json").write_text(json.dumps(data, indent="\t"))
    return Kept(home, folder, folder / f"{stem}.crt", folder / f"{stem}.key")


CLIENTS: dict[str, Callable[[Path, str, Issued], Kept]] = {
    "certbot": certbot,
    "lego": lego,
    "acme_sh": acme_sh,
    "caddy": caddy,
}
