# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Messages about problems with certificates, private keys, and CRLs. Private to softlayer.certificates. Pure."""

from __future__ import annotations

import typing as t
from dataclasses import replace

from .._base.errors import Obstacle
from .._base.times import format_time

FORMATS = {
    "certificate": "PEM, DER, or PKCS#7",
    "private key": "PEM or DER",
    "certificate signing request": "PEM or DER",
}
"""The supported formats of each kind of content."""


def describe_problem(why: Obstacle[t.Any]) -> str:
    """Return the message for content that cannot be used."""
    match why.facts:
        case {"path": str() as path, **facts}:
            return f"{path}: {describe_problem(replace(why, facts=facts))}"
        case {"error": error}:
            return str(error)
        case {"cut_off": label, "given_as": given_as}:
            what = f"The content specified as {given_as}" if given_as else "A PEM block"
            return f"{what} is truncated: the last line, -----END {label}-----, is missing. Copy the file from its source again."
        case {"given_as": given_as, "is_empty": True}:
            return f"The content specified as {given_as} is empty. Copy the file from its source again."
        case {"given_as": given_as, "kind": kind, "found": str() as found}:
            return f"The content specified as {given_as} is a {found}. Specify a {kind} in {FORMATS[kind]} format."
        case {"given_as": given_as, "kind": kind}:
            return (
                f"The content specified as {given_as} contains no {kind}. Specify a {kind} in {FORMATS[kind]} format."
            )
        case {"is_pkcs12": True}:
            return "The file is in PKCS#12 format. Set pkcs12_path to the file, or, for a source, change the extension of the file to .p12 or .pfx."
        case {"not_der_of": kind}:
            what = {
                "certificate": "neither an X.509 certificate nor a PKCS#7 file with certificates",
                "private key": "not a private key in PEM or DER format",
            }[kind]
            return f"The file is damaged, or is {what}. Copy the file from its source again."
        case {"has_changed": True}:
            return "The file now contains another certificate or private key."
        case {"has_both": False}:
            return "The PKCS#12 file does not contain both a private key and a certificate. Export the file with the key and the certificate."
    raise AssertionError(why)


def why_unknown(why: Obstacle[t.Any]) -> str:
    """Return the reason for an unknown revocation status or a rejected CRL, as the end of a sentence."""
    match why.reason, why.facts:
        case "not_named", _:
            return "the certificate contains no http URL of a certificate revocation list (CRL)"
        case "not_asked", _:
            return "the CA certificate is not available, or the certificate is not currently valid"
        case "unusable_list", {"url": url, "why": inner}:
            return f"the certificate revocation list (CRL) {url} cannot be used: {why_unknown(inner)}"
        case "unreadable_entry", _:
            return "the entry of the certificate in the CRL cannot be read"
        case "entry_of_other", _:
            return "the entry in the CRL belongs to a certificate from another CA"
        case "for_others", _:
            return "the CRL covers other certificates of the same CA"
        case "lacks_kind", {"is_authority": is_authority}:
            return f"the CRL does not cover certificates of {'CAs' if is_authority else 'servers'}"
        case "some_reasons", _:
            return "the CRL covers only some revocation reasons"
        case "not_there", {"error": error}:
            return str(error)
        case "no_list", _:
            return "the content is not a CRL"
        case "unreadable", _:
            return "the CRL cannot be read"
        case "of_other", {"of": name, "issuer": issuer}:
            return f"the CRL was issued by {name}, not by {issuer.shown_name}"
        case "may_not_sign", {"issuer": issuer}:
            return f"{issuer.shown_name} must not sign CRLs"
        case "not_signed", {"issuer": issuer}:
            return f"the CRL is not signed by {issuer.shown_name}"
        case "no_end", _:
            return "the CRL does not contain the time of its next update"
        case "not_now", {"begin": begin, "end": end}:
            return f"the CRL is valid only from {format_time(begin)} to {format_time(end)}"
        case "delta", _:
            return "the CRL is a delta CRL, which contains only changes"
        case "critical_extension", {"oid": oid}:
            return f"the CRL has the unknown critical extension {oid}"
        case "critical_entry", _:
            return "an entry of the CRL has an unknown critical extension"
        case "unknown_kind", _:
            return "the CRL has an unknown type"
    raise AssertionError(why)
