# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Messages about certificates in Secrets Manager. Private to softlayer.certificates. Pure."""

from __future__ import annotations

import typing as t

from .._base.action import Action
from .._base.errors import Obstacle
from .._base.messages import describe_error, participle
from .._base.text import join_first
from .._base.times import format_time
from .._replacement.messages import describe_obstacle, find_trust_remedy, join_organizations
from .._x509 import messages as of_x509

CURRENT_VERSION = "the secret's current version"
FORCE_REMEDY = "To make the certificate the current version anyway, set force: true."
PART_NAMES = {"certificate": "certificate", "intermediate": "intermediate certificates", "private_key": "private key"}
"""Names of the parts of a version, by their API names."""


def describe_problem(why: Obstacle[t.Any]) -> str:
    """Return the message about an unusable certificate in Secrets Manager."""
    match why.reason, why.facts:
        case "key_missing", {"has_key": False}:
            return "Secrets Manager contains no private key for the certificate. Import the certificate into Secrets Manager again with its private key."
        case "key_missing", {"has_key": True}:
            return (
                "The private key in Secrets Manager belongs to another certificate. Import the certificate into Secrets Manager again with its own "
                "private key."
            )
        case "malformed", {"is_encrypted": True}:
            return "The private key in Secrets Manager is encrypted. Import the certificate into Secrets Manager again with a decrypted private key."
    return of_x509.describe_problem(why)


def describe_action(action: Action[t.Any, t.Any]) -> str:
    """Return the message about the action for a certificate in Secrets Manager."""
    match action.outcome, action.reason, action.facts:
        case "failed", reason, {"error": _}:
            return describe_error(reason, action.facts)
        case "created", _, _:
            return f"{participle(action.form, 'created')}."
        case "updated", _, {"changed": changed}:
            return f"{participle(action.form, 'updated')}: {', '.join(PART_NAMES.get(name, name) for name in changed)}."
        case "unchanged", _, _:
            return "Secrets Manager already contains the certificate."
        case _, "ambiguous", {"ids": ids}:
            return (
                f"Secrets Manager contains more than one imported certificate with this name in the secret group (IDs {', '.join(ids)}). Delete all except "
                "one of these certificates."
            )
        case _, "ambiguous", {"items": items}:
            given = ", ".join(map(str, items))
            return f"The items {given} specify the same secret. Specify each secret once, or set different names or groups."
        case _, "invalid_pem", {"certificate_id": identifier}:
            return f"Cannot read the content of certificate {identifier} in the certificate store. Import the certificate into the store again."
        case _, "not_found", {"certificate_id": identifier}:
            return f"The certificate store does not contain certificate {identifier}. To list the certificates in the store, use ssl_certificate_info."
        case _, "no_permission", {"certificate_id": identifier}:
            return (
                f"The API user cannot read certificate {identifier} in the certificate store with its private key. Grant the API user the permission "
                "SECURITY_CERTIFICATE_MANAGE."
            )
        case _, "refused", {"too_large": part}:
            what = {**PART_NAMES, "intermediate": "chain of intermediate certificates"}[part]
            return f"The {what} exceeds the limit of Secrets Manager, 100 KB in PEM format. Specify a smaller {what}."
        case _, "wrong_type", {"secret_type": secret_type}:
            return f"The secret with this name in the secret group has the type {secret_type} instead of imported_cert. Set another name."
        case _, "managed_csr", _:
            return "Cannot import another private key: Secrets Manager generated the private key of the secret. Set another name."
        case _, "not_active", {"state": state}:
            return f"Secrets Manager reports that the secret is {state}. Check the secret in Secrets Manager, or set another name."
    return f"{_explain_obstacle(Obstacle(str(action.reason), action.facts))} {FORCE_REMEDY}"


def _explain_obstacle(why: Obstacle[str]) -> str:
    match why.reason, why.facts:
        case "names_not_covered", {"lost": lost}:
            return (
                f"The certificate lacks DNS names of {CURRENT_VERSION}: {join_first(lost)}."
                if lost
                else f"The DNS names of {CURRENT_VERSION} are unknown."
            )
        case "key_type_differs", {"new": ours, "present": theirs}:
            return f"The key type differs: {ours} instead of {theirs} in {CURRENT_VERSION}."
        case "organization_differs", {"new": ours, "present": theirs}:
            return f"The organization differs: {join_organizations(ours)} instead of {join_organizations(theirs)} in {CURRENT_VERSION}."
        case "chain_incomplete", {"lacks_issuers": True}:
            return (
                f"The chain lacks intermediate certificates of {CURRENT_VERSION}. Specify all intermediate certificates, or none to keep the current "
                "intermediate certificates."
            )
        case _, {"chain": chain}:
            return f"TLS clients would trust the certificate less than {CURRENT_VERSION}: {chain.why}. {find_trust_remedy(chain, 'new')}"
        case "ambiguous" | "superseded", {"new": new, "present": present}:
            ours, theirs = (
                f"from {format_time(one.not_before)} to {format_time(one.not_after)}" for one in (new, present)
            )
            return f"The certificate is not a renewal of {CURRENT_VERSION}: it is valid {ours}, and the current version {theirs}."
    return describe_obstacle(why)
