# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Why a certificate cannot replace another one, and what would be lost, as sentences. Private to softlayer.certificates. Pure."""

from __future__ import annotations

import typing as t

from .._base.errors import Obstacle
from .._base.text import capitalized, some_of
from .._base.times import iso
from .._x509.chain import Chain
from .._x509.crl import Revocation

REPLACED_CHAIN = "Import it again with the chain that its authority has in its place."
"""What to do about an issuer that was revoked."""


def why_not(why: Obstacle[t.Any]) -> str:
    """Return why a certificate must not take the place of another one, or why the store does not have it."""
    match why.reason, why.facts:
        case "expires_earlier", {"end": end, "issuer": issuer}:
            by, remedy = (
                (f", as its issuer {issuer.shown_name} does", "give it today's chain")
                if issuer
                else ("", "have it renewed")
            )
            return f"It ends at {iso(end)}{by}, which is soon, and before what is served now ends: {remedy}."
        case "expired", {"end": end, "issuer": issuer}:
            name = issuer.shown_name if issuer else "none"
            return f"Its issuer {name} expired at {iso(end)}: import it again with today's chain."
        case "expired", {"end": end}:
            return f"It expired at {iso(end)}."
        case "not_yet_valid", {"start": start, "issuer": issuer}:
            return f"Its issuer {issuer.shown_name} is not valid before {iso(start)}: run it again then."
        case "not_yet_valid", {"start": start}:
            return f"It is not valid before {iso(start)}: run it again then."
        case "revoked", {"revocation": revocation}:
            return f"It was {revocation.shown}: have it issued anew."
        case "names_not_covered", {"lost": lost}:
            which = some_of(lost) or "those that it has are not known"
            return f"It lacks names that are served now: {which}."
        case "organization_differs", {"new": ours, "present": theirs}:
            return f"Its organization ({listed(ours)}) is not that of what is served now ({listed(theirs)})."
        case "key_type_differs", {"new": ours, "present": theirs}:
            offered = (
                ""
                if ours == "RSA"
                else ": load balancers offer cipher suites for RSA keys only, unless others are chosen"
            )
            return f"Its key is {ours}, and that of what is served now is {theirs}{offered}."
        case "not_found", {"certificate_id": identifier, "is_there": is_there}:
            holds = "holds nothing that can be read as certificate" if is_there else "holds no certificate"
            return f"The store {holds} {identifier}: ssl_certificate_info lists those that it holds."
        case _, {"chain": chain, "is_revoked": is_revoked}:
            return f"Clients would not trust it: {chain.why}. {trust_remedy(chain, is_revoked=is_revoked)}"
    raise AssertionError(why)


Situation = t.Literal["stored", "new", "served"]
"""Where a certificate is: in the store, given or found to be stored, or on a server that others look after."""
IF_OWN = "if its authority is one of your own, give its root as trusted_ca_path"


def trust_remedy(chain: Chain | None, situation: Situation = "stored", *, is_revoked: bool = False) -> str:
    """Return what to do about a certificate whose chain clients do not trust; without the chain, issuers are taken to be missing."""
    lacks = "issuers" if chain is None or chain.trust == "incomplete" else "root" if chain.lacks_root else "nothing"
    match situation, lacks:
        case _ if is_revoked:
            return REPLACED_CHAIN
        case "stored", "issuers":
            return f"Import it again with its intermediate certificates; {IF_OWN}."
        case "stored", "root":
            return f"Import one of an authority that clients trust; {IF_OWN}."
        case "stored", _:
            return "Have it issued anew, or import it with another chain of its authority."
        case "new", "issuers":
            return (
                "If that is an intermediate certificate, give it as intermediate_path; if it is a root, such as that of a staging environment or "
                "of an authority of your own, give it as trusted_ca_path."
            )
        case "new", "root":
            return f"{capitalized(IF_OWN)}."
        case "new", _:
            return "Have it issued anew, or give another chain of its authority."
        case "served", "issuers":
            return f"Have the server send the intermediate certificates that the authority publishes; {IF_OWN}."
        case "served", "root":
            return f"Replace the certificate; {IF_OWN}."
    return "Replace it, or the issuers that the server sends."


def revoked(revocation: Revocation, *, is_own: bool) -> str:
    """Return that a certificate or an issuer of it was revoked, as the end of a sentence about it."""
    issuer = revocation.certificate.shown_name if revocation.certificate else ""
    return f"{'it' if is_own else f'its issuer {issuer}'} was {revocation.shown}"


def loss(lost: Obstacle[str]) -> str:
    """Return what is lost by a certificate that takes the place of another one, as part of a sentence."""
    match lost.reason, lost.facts:
        case "names", {"names": names}:
            return f"the name{'s' if len(names) > 1 else ''} {some_of(names)}"
        case "organization", {"organizations": organizations}:
            return f"the organization {some_of(sorted(organizations))}"
        case "key_type", {"new": ours, "present": theirs}:
            return f"the {theirs} key, for one of {ours}"
        case "trust", _:
            return "that clients trust it"
        case "time", {"days": days}:
            return f"{days} day{'s' if days > 1 else ''} until it ends"
    raise AssertionError(lost)


def listed(organizations: frozenset[str]) -> str:
    """Return organizations as part of a sentence."""
    return some_of(sorted(organizations)) or "none"
