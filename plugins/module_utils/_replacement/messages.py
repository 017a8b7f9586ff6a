# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sentences about the obstacles to a replacement, the remedies, and the properties that a replacement loses. Private to softlayer.certificates. Pure."""

from __future__ import annotations

import typing as t

from .._base.errors import Obstacle
from .._base.text import capitalize_first, join_first
from .._base.times import format_time
from .._x509.chain import Chain
from .._x509.crl import Revocation

REPLACEMENT_CHAIN_REMEDY = "Import the certificate again with the replacement chain of its CA."
"""The remedy for a revoked intermediate certificate."""
CURRENT_CHAIN_REMEDY = "Import the certificate again with the current chain of its CA."
"""The remedy for an expiring intermediate certificate."""


def describe_obstacle(why: Obstacle[t.Any]) -> str:
    """Return the reason why a certificate cannot replace another one, or why a certificate is not available in the store."""
    match why.reason, why.facts:
        case "expires_earlier", {"end": end, "issuer": issuer}:
            if issuer:
                return (
                    f"The intermediate certificate {issuer.shown_name} of the new certificate expires at {format_time(end)}, earlier than the current "
                    f"certificate, and is itself due for renewal. {CURRENT_CHAIN_REMEDY}"
                )
            return (
                f"The new certificate expires at {format_time(end)}, earlier than the current certificate, and is itself due "
                "for renewal. Renew the new "
                "certificate first."
            )
        case "expired", {"end": end, "issuer": issuer}:
            name = issuer.shown_name if issuer else "none"
            return f"The intermediate certificate {name} expired at {format_time(end)}. {CURRENT_CHAIN_REMEDY}"
        case "expired", {"end": end}:
            return f"The certificate expired at {format_time(end)}."
        case "not_yet_valid", {"start": start, "issuer": issuer}:
            return (
                f"The intermediate certificate {issuer.shown_name} is not valid before {format_time(start)}. Run the playbook again when the intermediate "
                "certificate is valid."
            )
        case "not_yet_valid", {"start": start}:
            return f"The certificate is not valid before {format_time(start)}. Run the playbook again when the certificate is valid."
        case "revoked", {"revocation": revocation}:
            return f"The certificate was {revocation.shown}. Reissue the certificate."
        case "names_not_covered", {"lost": lost}:
            if not lost:
                return "The DNS names of the current certificate are unknown, and the new certificate may lack some of them."
            return f"The new certificate lacks DNS names of the current certificate: {join_first(lost)}."
        case "organization_differs", {"new": ours, "present": theirs}:
            return f"The organization differs: {join_organizations(ours)} instead of {join_organizations(theirs)}."
        case "key_type_differs", {"new": ours, "present": theirs}:
            offered = "" if ours == "RSA" else f" {RSA_CIPHER_NOTE}"
            return f"The key type differs: {ours} instead of {theirs}.{offered}"
        case "key_differs", _:
            return "The key of the new certificate differs from the key of the current certificate, and require_same_key is true."
        case "not_found", {"certificate_id": identifier, "is_there": is_there}:
            problem = "cannot be read" if is_there else "does not exist"
            return f"Certificate {identifier} {problem} in the certificate store. Specify the ID of a certificate that ssl_certificate_info lists."
        case _, {"chain": chain, "is_revoked": is_revoked}:
            return f"TLS clients would not trust the new certificate: {chain.why}. {find_trust_remedy(chain, is_revoked=is_revoked)}"
    raise AssertionError(why)


Situation = t.Literal["stored", "new", "served"]
"""Location of a certificate: in the certificate store, in a source or a parameter, or on a server outside the account."""
PRIVATE_CA_REMEDY = "for a private CA, set trusted_ca_path to its root certificate"
RSA_CIPHER_NOTE = "By default, load balancers offer cipher suites for RSA keys only."


def find_trust_remedy(chain: Chain | None, situation: Situation = "stored", *, is_revoked: bool = False) -> str:
    """Return the remedy for an untrusted chain; without `chain`, for missing intermediate certificates."""
    lacks = (
        "issuers" if chain is None or chain.trust == "incomplete" else "root" if chain.has_untrusted_root else "nothing"
    )
    match situation, lacks:
        case _ if is_revoked:
            return REPLACEMENT_CHAIN_REMEDY
        case "stored", "issuers":
            return f"Import the certificate again with its intermediate certificates; {PRIVATE_CA_REMEDY}."
        case "stored", "root":
            return f"Import a certificate of a CA that TLS clients trust; {PRIVATE_CA_REMEDY}."
        case "stored", _:
            return "Reissue the certificate, or import it with another chain of its CA."
        case "new", "issuers":
            return (
                "If an intermediate certificate is missing, set intermediate_path to its file. If a root certificate is missing, such as the root "
                "of a private CA or of a staging environment, set trusted_ca_path to its file."
            )
        case "new", "root":
            return f"{capitalize_first(PRIVATE_CA_REMEDY)}."
        case "new", _:
            return "Reissue the certificate, or provide another chain of its CA."
        case "served", "issuers":
            return f"Configure the server to send the intermediate certificates that the CA publishes; {PRIVATE_CA_REMEDY}."
        case "served", "root":
            return f"Replace the certificate; {PRIVATE_CA_REMEDY}."
    return "Replace the certificate, or the intermediate certificates that the server sends."


def describe_revocation(revocation: Revocation, *, is_own: bool) -> str:
    """Return the main clause about a revocation of a certificate or an intermediate certificate."""
    issuer = revocation.certificate.shown_name if revocation.certificate else ""
    return f"the {'certificate' if is_own else f'intermediate certificate {issuer}'} was {revocation.shown}"


def describe_loss(lost: Obstacle[str]) -> str:
    """Return a property that a replacement loses, as a noun phrase."""
    match lost.reason, lost.facts:
        case "names", {"names": names}:
            return f"the DNS name{'s' if len(names) > 1 else ''} {join_first(names)}"
        case "organization", {"organizations": organizations}:
            return f"the organization {join_first(sorted(organizations))}"
        case "key_type", {"new": ours, "present": theirs}:
            return f"the {theirs} key type (now {ours})"
        case "key", _:
            return "the key, although require_same_key is true"
        case "trust", _:
            return "the trust of TLS clients"
        case "time", {"days": days}:
            return f"{days} day{'s' if days > 1 else ''} of validity"
    raise AssertionError(lost)


def join_organizations(organizations: frozenset[str]) -> str:
    """Return the names of organizations as a noun phrase; `none` without organizations."""
    return join_first(sorted(organizations)) or "none"
