# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is said of certificates in Secrets Manager. Private to softlayer.certificates. Pure."""

from __future__ import annotations

import typing as t

from .._base.action import Action
from .._base.errors import Obstacle
from .._base.messages import of_error, participle
from .._base.text import some_of
from .._base.times import iso
from .._replacement.messages import listed, trust_remedy, why_not
from .._x509 import messages as of_x509

CURRENT = "the secret's current version"
FORCE = "Set force: true if it is to become the current version all the same."
PARTS = {"certificate": "certificate", "intermediate": "intermediate certificates", "private_key": "private key"}
"""The parts of a version; all else that changes is metadata, and is called as the API calls it."""


def trouble(why: Obstacle[t.Any]) -> str:
    """Return why a certificate that was read from Secrets Manager cannot be used, and what to do."""
    match why.reason, why.facts:
        case "key_missing", {"has_key": False}:
            return "Secrets Manager has no private key of it: import it there again, with its key."
        case "key_missing", {"has_key": True}:
            return "The private key in Secrets Manager is that of another certificate: import both there again."
        case "malformed", {"is_encrypted": True}:
            return "The private key in Secrets Manager is encrypted: import the certificate there again, with its key decrypted."
    return of_x509.trouble(why)


def of_secret(action: Action[t.Any, t.Any]) -> str:
    """Return what is or was done about a certificate in Secrets Manager."""
    match action.outcome, action.reason, action.facts:
        case "failed", reason, {"error": _}:
            return of_error(reason, action.facts)
        case "created", _, _:
            return f"{participle(action.form, 'created')}."
        case "updated", _, {"changed": changed}:
            return f"{participle(action.form, 'updated')}: {', '.join(PARTS.get(name, name) for name in changed)}."
        case "unchanged", _, _:
            return "Secrets Manager has it already."
        case _, "ambiguous", {"ids": ids}:
            return f"Secrets Manager has more than one imported certificate of this name in the group (ids {', '.join(ids)}): remove the surplus ones."
        case _, "ambiguous", {"items": items}:
            given = ", ".join(map(str, items))
            return f"The same secret is given more than once, by the items {given}: give it once, or other names or groups."
        case _, "invalid_pem", {"certificate_id": identifier}:
            return (
                f"What the certificate store holds as certificate {identifier} cannot be read: import it there again."
            )
        case _, "not_found", {"certificate_id": identifier}:
            return f"The certificate store has no certificate {identifier}: ssl_certificate_info lists those that there are."
        case _, "no_permission", {"certificate_id": identifier}:
            return (
                f"The API user may not read certificate {identifier} of the certificate store with its private key: "
                "grant the API user the permission SECURITY_CERTIFICATE_MANAGE."
            )
        case _, "refused", {"too_large": part}:
            what = {**PARTS, "intermediate": "chain of intermediate certificates"}[part]
            return f"The {what} is larger than 100 KB as PEM, which Secrets Manager does not take: give a smaller one."
        case _, "wrong_type", {"secret_type": secret_type}:
            return (
                f"Secrets Manager has a secret of this name in the group that is no imported certificate, but of the type {secret_type}: give "
                "another name."
            )
        case _, "managed_csr", _:
            return "The secret has a CSR whose private key Secrets Manager has made itself, so it takes no other key: give another name."
        case _, "not_active", {"state": state}:
            return f"Secrets Manager says that the secret is {state}: look there why it is not active, or give another name."
    return f"{_why_not_current(Obstacle(str(action.reason), action.facts))} {FORCE}"


def _why_not_current(why: Obstacle[str]) -> str:
    match why.reason, why.facts:
        case "names_not_covered", {"lost": lost}:
            return (
                f"It lacks names of {CURRENT}: {some_of(lost)}."
                if lost
                else f"It is not known which names {CURRENT} has."
            )
        case "key_type_differs", {"new": ours, "present": theirs}:
            return f"Its key is {ours}, and that of {CURRENT} is {theirs}."
        case "organization_differs", {"new": ours, "present": theirs}:
            return f"Its organization ({listed(ours)}) is not that of {CURRENT} ({listed(theirs)})."
        case "chain_incomplete", {"lacks_issuers": True}:
            return f"Its chain lacks intermediate certificates of {CURRENT}: give them all, or none, which keeps those that are there."
        case _, {"chain": chain}:
            return f"Clients would trust it less than {CURRENT}: {chain.why}. {trust_remedy(chain, 'new')}"
        case "ambiguous" | "superseded", {"new": new, "present": present}:
            ours, theirs = (f"from {iso(one.not_before)} to {iso(one.not_after)}" for one in (new, present))
            return f"It is no renewal of {CURRENT}: it is valid {ours}, and that one {theirs}."
    return why_not(why)
