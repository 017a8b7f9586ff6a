# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Why the files of a source cannot be used, as sentences. Private to softlayer.certificates. Pure."""

from __future__ import annotations

import typing as t

from .._base.errors import Obstacle
from .._base.text import printable
from .._x509 import messages as of_x509


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
