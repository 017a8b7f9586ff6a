# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is wrong with certificates, keys, and lists of revoked certificates, as sentences. Private to softlayer.certificates. Pure."""

from __future__ import annotations

import typing as t
from dataclasses import replace

from .._base.errors import Obstacle
from .._base.times import iso

FORMS = {
    "certificate": "PEM, DER or PKCS#7",
    "private key": "PEM or DER",
    "certificate signing request": "PEM or DER",
}
"""What files are given for, and their forms."""


def trouble(why: Obstacle[t.Any]) -> str:
    """Return why something that was read cannot be used, and what to do."""
    match why.facts:
        case {"path": str() as path, **facts}:
            return f"{path}: {trouble(replace(why, facts=facts))}"
        case {"error": error}:
            return str(error)
        case {"cut_off": label, "given_as": given_as}:
            what = f"What was given as {given_as}" if given_as else "A PEM block"
            return f"{what} is cut off: its last line, -----END {label}-----, is missing. Take the file anew from its source."
        case {"given_as": given_as, "is_empty": True}:
            return f"What was given as {given_as} is empty: take the file anew from its source."
        case {"given_as": given_as, "kind": kind, "found": str() as found}:
            return f"What was given as {given_as} is a {found}: give a {kind}, {FORMS[kind]}."
        case {"given_as": given_as, "kind": kind}:
            return f"There is no {kind} in what was given as {given_as}: give {FORMS[kind]}."
        case {"is_pkcs12": True}:
            return "This is a PKCS#12 file: give it as pkcs12_path; in a folder, let its name end in .p12 or .pfx."
        case {"not_der_of": kind}:
            what = {
                "certificate": "neither an X.509 certificate nor PKCS#7 with certificates",
                "private key": "no private key in PEM or DER form",
            }[kind]
            return f"This is {what}, or it is damaged: take the file anew from its source."
        case {"has_changed": True}:
            return "It has another certificate or private key by now."
        case {"has_both": False}:
            return "The PKCS#12 file lacks the private key or the certificate: export it with both."
    raise AssertionError(why)


def why_unknown(why: Obstacle[t.Any]) -> str:
    """Return why it is not known whether a certificate was revoked, as the end of a sentence about it, or about a list of its authority."""
    match why.reason, why.facts:
        case "not_named", _:
            return "it names no list of revoked certificates that can be had over http"
        case "not_asked", _:
            return "its authority is not known here, or it is not valid now"
        case "unusable_list", {"url": url, "why": inner}:
            return f"its list of revoked certificates, {url}, cannot be used: {why_unknown(inner)}"
        case "unreadable_entry", _:
            return "its entry in the list of revoked certificates cannot be read"
        case "entry_of_other", _:
            return "its entry in the list of revoked certificates is about another issuer's"
        case "for_others", _:
            return "the list of revoked certificates that is there is for other certificates of its issuer"
        case "lacks_kind", {"is_authority": is_authority}:
            return f"the list of revoked certificates has no certificates of {'authorities' if is_authority else 'servers'}"
        case "some_reasons", _:
            return "the list of revoked certificates has those only that were revoked for some reasons"
        case "not_there", {"error": error}:
            return str(error)
        case "no_list", _:
            return "what is there is no list of revoked certificates"
        case "unreadable", _:
            return "it cannot be read"
        case "of_other", {"of": name, "issuer": issuer}:
            return f"it is of {name}, not of {issuer.shown_name}"
        case "may_not_sign", {"issuer": issuer}:
            return f"{issuer.shown_name} must not sign such lists"
        case "not_signed", {"issuer": issuer}:
            return f"{issuer.shown_name} has not signed it"
        case "no_end", _:
            return "it does not say until when it holds"
        case "not_now", {"begin": begin, "end": end}:
            return f"it holds from {iso(begin)} to {iso(end)}"
        case "delta", _:
            return "it has only what has changed since another one"
        case "critical_extension", {"oid": oid}:
            return f"its critical extension {oid} is not known"
        case "critical_entry", _:
            return "an entry has a critical extension that is not known"
        case "unknown_kind", _:
            return "it is of a kind that is not known"
    raise AssertionError(why)
