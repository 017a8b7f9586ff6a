# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is wrong with bytes that should be certificates or keys, as sentences. Private to softlayer.certificates. Pure."""

from __future__ import annotations

import typing as t
from dataclasses import replace

from .._base.errors import Obstacle

FORMS = {
    "certificate": "PEM, DER or PKCS#7",
    "private key": "PEM or DER",
    "certificate signing request": "PEM or DER",
}
"""What files are given for, and their forms."""


def trouble(why: Obstacle[t.Any]) -> str:
    """Return why something that was read cannot be used, and what to do."""
    match why.facts:
        case {"path": str(path), **facts}:
            return f"{path}: {trouble(replace(why, facts=facts))}"
        case {"error": error}:
            return str(error)
        case {"cut_off": label, "given_as": given_as}:
            what = f"What was given as {given_as}" if given_as else "A PEM block"
            return f"{what} is cut off: its last line, -----END {label}-----, is missing. Take the file anew from its source."
        case {"given_as": given_as, "is_empty": True}:
            return f"What was given as {given_as} is empty: take the file anew from its source."
        case {"given_as": given_as, "kind": kind, "found": str(found)}:
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
