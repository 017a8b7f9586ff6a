# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is said of sources: why their files cannot be used, and how certificates are renewed there. Private to softlayer.certificates. Pure."""

from __future__ import annotations

import shlex
import typing as t
from collections.abc import Mapping, Sequence

from .._base.errors import Obstacle
from .._base.text import printable
from .._x509 import messages as of_x509


class Kind(t.NamedTuple):
    """What people call a kind of source, and what they do about a certificate there, as the ends of sentences; see `remedy`."""

    name: str
    renewal: str
    """What renews a certificate that is due."""
    reissue: str
    """What has one issued anew that is not due."""
    rsa_key: str
    """What has one issued anew with an RSA key."""


BY_HAND = (
    "put a renewed one there",
    "have it issued anew",
    "request the renewal with an RSA key from its CA or ACME client",
)
KINDS: Mapping[str | None, Kind] = {
    "certbot": Kind(
        "certbot",
        "`certbot renew --cert-name {name}` renews it, or says why not",
        "`certbot renew --cert-name {name} --force-renewal` has it issued anew",
        "`certbot renew --cert-name {name} --key-type rsa --force-renewal` issues it anew with an RSA key",
    ),
    "lego": Kind(
        "lego",
        "have lego renew it",
        "have lego get it issued anew",
        "`lego run --key-type RSA2048 --renew-force {domains_options}` issues it anew with an RSA key (lego 4: `lego --key-type rsa2048 "
        "{domains_options} renew --days 3650`), with your email and challenge; it needs the key type each time",
    ),
    "acme_sh": Kind(
        "acme.sh",
        "`acme.sh --renew --domain {domain}{ecc}` renews it, or says why not",
        "`acme.sh --renew --force --domain {domain}{ecc}` has it issued anew",
        "`acme.sh --issue --force --keylength 2048 {domain_options}` with your challenge, such as --webroot /var/www/html, issues it anew with an "
        "RSA key; `acme.sh --remove --ecc --domain {domain}` ends the renewals of the other",
    ),
    "traefik": Kind(
        "Traefik",
        "have Traefik renew it",
        "have Traefik get it issued anew",
        "write keyType: RSA2048 in Traefik's certificate resolver, stop it, take the entry of this name out of acme.json, and start it",
    ),
    "secrets_manager": Kind(
        "Secrets Manager",
        "have Secrets Manager renew it",
        "have Secrets Manager get it issued anew",
        "order it anew in Secrets Manager with the key algorithm RSA2048",
    ),
    "folder": Kind("folder", *BY_HAND),
    "mail": Kind("mail", *BY_HAND),
    None: Kind("the store", *BY_HAND),
}
"""By the options that select them; `None` is for a certificate of the store, of which nobody knows who renews it."""


def source_name(kind: str) -> str:
    """Return the name in messages of a kind of source."""
    return KINDS[kind].name if kind in KINDS else kind


def name_in_source(record: Mapping[str, t.Any]) -> str:
    """Return what a source calls a certificate in a result, such as `certbot www.example.com`."""
    return f"{source_name(record['source'])} {record['name']}"


def remedy(
    what: t.Literal["renewal", "reissue", "rsa_key"],
    source: str | None,
    name: str,
    names: Sequence[str],
    key_type: str = "",
) -> str:
    """Return what renews a certificate, or has it issued anew, as the end of a sentence.

    Args:
        what: which of the texts of `Kind`.
        source: the kind of source that has the certificate; `None` for one of the store.
        name: what the source calls it.
        names: its names, first that by which a person knows it.
        key_type: that of its key.
    """
    quoted = [shlex.quote(each) for each in names]
    text: str = getattr(KINDS[source], what)
    return text.format(
        name=shlex.quote(name),
        domain=quoted[0],
        domain_options=" ".join(f"--domain {each}" for each in quoted),
        domains_options=" ".join(f"--domains {each}" for each in quoted),
        ecc=" --ecc" if key_type == "EC" else "",
    )


def trouble(why: Obstacle[t.Any]) -> str:
    """Return why files of a source cannot be used, and what to do."""
    match why.reason, why.facts:
        case _, {"file": path, "why": nested}:
            return f"{printable(path)}: {trouble(nested)}"
        case "bad_passphrase", {"is_store": True}:
            return "The PKCS#12 file cannot be opened: give its passphrase as privatekey_passphrase."
        case "unreadable", {"refused": error}:
            return f"{error} Let the user who runs this read it, and check the disk."
        case "unreadable", {"written": path}:
            return f"{printable(path)} was being written: run this again when that has ended."
        case "unreadable", {"not_utf8": path}:
            return f"The path {printable(path)} is not in UTF-8: rename the file or its folder."
        case "broken_link", {"link": path}:
            return (
                f"{printable(path)} is a link to something that is not there: restore that, or remove the link and have the certificate issued "
                "anew."
            )
        case "key_missing", {"certificate": path, "other_key": other_key}:
            other = f"; the key in {printable(other_key)} is that of another one" if other_key else ""
            return (
                f"The private key of the certificate in {printable(path)} is missing{other}. Put it beside the certificate, or have the "
                "certificate issued anew."
            )
        case "certificate_missing", {"certificate": path}:
            return f"The private key is there, but not the certificate {printable(path)}: have it issued, or remove the key."
        case "being_renewed", {"lineage": name, "folder": folder}:
            return (
                f"Certbot is renewing {printable(name)}, or was interrupted while it did: the links in {printable(folder)} lead to files of "
                "different versions. Run this again later; if it stays like that, run `certbot update_symlinks`."
            )
        case "being_renewed", {"is_cut_off": True}:
            return "Traefik is writing it, or has issued no certificate yet: run this again later, and restart Traefik if it stays like that."
        case "being_renewed", {"written": path}:
            return f"{printable(path)}, or its private key, was being written: run this again when that has ended."
        case "malformed", {"is_storage": False}:
            return "This is no acme.json of Traefik: name the file that is the storage of its certificate resolvers."
        case "malformed", {"is_old": True}:
            return "This is of Traefik 1: convert it with `traefik-migration-tool acme`, and name what that writes."
    return of_x509.trouble(why)
