# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Messages about unusable files of sources, and remedies for certificates. Private to softlayer.certificates. Pure."""

from __future__ import annotations

import shlex
import typing as t
from collections.abc import Mapping, Sequence

from .._base.errors import Obstacle
from .._base.text import escape_invisible
from .._x509 import messages as of_x509


class SourceTexts(t.NamedTuple):
    """Name of a kind of source, and the remedies for its certificates, as imperative clauses."""

    name: str
    renewal: str
    """Remedy for a certificate that is due for renewal."""
    reissue: str
    """Remedy for a certificate that must be reissued before it is due for renewal."""
    rsa_key: str
    """Remedy for a certificate without an RSA key."""


REISSUE_REMEDIES = (
    "reissue the certificate with its ACME client or CA",
    "use the ACME client or CA to reissue the certificate with an RSA key",
)
SOURCE_TEXTS: Mapping[str | None, SourceTexts] = {
    "certbot": SourceTexts(
        "certbot",
        "run `certbot renew --cert-name {name}` and check its output",
        "reissue the certificate with `certbot renew --cert-name {name} --force-renewal`",
        "reissue the certificate with an RSA key: `certbot renew --cert-name {name} --key-type rsa --force-renewal`",
    ),
    "lego": SourceTexts(
        "lego",
        "renew the certificate with lego",
        "reissue the certificate with lego",
        "reissue the certificate with an RSA key: `lego run --key-type RSA2048 --renew-force {domains_options}` (lego 4: `lego --key-type rsa2048 "
        "{domains_options} renew --days 3650`), with your email and challenge; specify the key type in every lego command",
    ),
    "acme_sh": SourceTexts(
        "acme.sh",
        "run `acme.sh --renew --domain {domain}{ecc}` and check its output",
        "reissue the certificate with `acme.sh --renew --force --domain {domain}{ecc}`",
        "reissue the certificate with an RSA key: `acme.sh --issue --force --keylength 2048 {domain_options}` with your challenge, such as "
        "--webroot /var/www/html; then stop the renewals of the other certificate with `acme.sh --remove --ecc --domain {domain}`",
    ),
    "traefik": SourceTexts(
        "Traefik",
        "renew the certificate with Traefik",
        "reissue the certificate with Traefik",
        "set keyType: RSA2048 in Traefik's certificate resolver, stop Traefik, delete the entry of this certificate from acme.json, and start "
        "Traefik again",
    ),
    "caddy": SourceTexts(
        "Caddy",
        "restart Caddy, and check its log for errors about the certificate",
        "reissue the certificate: delete the directory {name} in the Caddy directory, and restart Caddy",
        "set `key_type rsa2048` in the global options of the Caddyfile, delete the directory {name} in the Caddy directory, and restart Caddy",
    ),
    "secrets_manager": SourceTexts(
        "Secrets Manager",
        "renew the certificate in Secrets Manager",
        "reissue the certificate in Secrets Manager",
        "order the certificate again in Secrets Manager with the key algorithm RSA2048",
    ),
    "folder": SourceTexts("folder", "copy a renewed certificate to the directory", *REISSUE_REMEDIES),
    "mail": SourceTexts(
        "mail", "renew the certificate with its CA, and check that the email arrives in the mailbox", *REISSUE_REMEDIES
    ),
    None: SourceTexts("the store", "import a renewed certificate", *REISSUE_REMEDIES),
}
"""Texts by source option; `None` for a certificate in the store whose ACME client or CA is unknown."""


def source_name(kind: str) -> str:
    """Return the name of a kind of source in messages."""
    return SOURCE_TEXTS[kind].name if kind in SOURCE_TEXTS else kind


def name_in_source(record: Mapping[str, t.Any]) -> str:
    """Return the source and the name of the certificate in a result record, such as `certbot www.example.com`."""
    return f"{source_name(record['source'])} {record['name']}"


def remedy(
    what: t.Literal["renewal", "reissue", "rsa_key"],
    source: str | None,
    name: str,
    names: Sequence[str],
    key_type: str = "",
) -> str:
    """Return the remedy that renews or reissues a certificate, as an imperative clause.

    Args:
        what: a field of `SourceTexts`.
        source: the kind of source that contains the certificate; `None` for a certificate in the store.
        name: name of the certificate in the source.
        names: DNS names of the certificate, beginning with its name in messages.
        key_type: key type of the certificate.
    """
    quoted = [shlex.quote(each) for each in names]
    text: str = getattr(SOURCE_TEXTS[source], what)
    return text.format(
        name=shlex.quote(name),
        domain=quoted[0],
        domain_options=" ".join(f"--domain {each}" for each in quoted),
        domains_options=" ".join(f"--domains {each}" for each in quoted),
        ecc=" --ecc" if key_type == "EC" else "",
    )


def describe_problem(why: Obstacle[t.Any]) -> str:
    """Return the message about an unusable file of a source, with a remedy."""
    match why.reason, why.facts:
        case _, {"file": path, "why": nested}:
            return f"{escape_invisible(path)}: {describe_problem(nested)}"
        case "bad_passphrase", {"is_store": True}:
            return "Cannot open the PKCS#12 file. Set privatekey_passphrase to its passphrase."
        case "unreadable", {"refused": error}:
            return f"{error} Grant read access to the user who runs the playbook, and check the disk."
        case "unreadable", {"written": path}:
            return f"Cannot read {escape_invisible(path)}: another process was writing the file. Run the playbook again later."
        case "unreadable", {"not_utf8": path}:
            return f"The path {escape_invisible(path)} is not valid UTF-8. Rename the file or its directory."
        case "broken_link", {"link": path}:
            return f"{escape_invisible(path)} is a symbolic link to a missing file. Restore the file, or delete the link and reissue the certificate."
        case "key_missing", {"certificate": path, "other_key": other_key}:
            other = f"; the key in {escape_invisible(other_key)} belongs to another certificate" if other_key else ""
            return (
                f"The private key of the certificate in {escape_invisible(path)} is missing{other}. Put the private key next to the "
                "certificate, or reissue the certificate."
            )
        case "certificate_missing", {"certificate": path}:
            return f"The private key exists, but the certificate {escape_invisible(path)} is missing. Request the certificate, or delete the key."
        case "being_renewed", {"lineage": name, "folder": folder}:
            return (
                f"Certbot is renewing {escape_invisible(name)}, or was interrupted during the renewal: the links in {escape_invisible(folder)} lead to files "
                "of different versions. Run the playbook again later. If the problem persists, run `certbot update_symlinks`."
            )
        case "being_renewed", {"is_cut_off": True}:
            return "Traefik is writing the file, or has not issued a certificate yet. Run the playbook again later. If the problem persists, restart Traefik."
        case "being_renewed", {"written": path}:
            return f"Another process was writing {escape_invisible(path)} or its private key during the run. Run the playbook again later."
        case "malformed", {"is_storage": False}:
            return "The file is not a Traefik acme.json file. Specify the storage file of the certificate resolvers in Traefik."
        case "malformed", {"is_old": True}:
            return "The file is from Traefik 1. Convert it with `traefik-migration-tool acme`, and specify the converted file."
    return of_x509.describe_problem(why)
