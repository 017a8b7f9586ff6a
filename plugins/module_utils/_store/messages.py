# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Messages about imports into the store, and exports from it. Private to softlayer.certificates. Pure."""

from __future__ import annotations

import typing as t
from collections.abc import Iterable

from .._base.action import Action
from .._base.errors import Obstacle
from .._base.messages import describe_error, participle
from .._base.text import join_first, uncapitalize_first
from .._base.times import format_time
from .._replacement.messages import describe_obstacle, find_trust_remedy
from .._softlayer.store import StoreCertificate
from .._x509.certificate import Certificate

PROPERTIES = {
    "intermediateCertificate": "intermediate certificates",
    "certificateSigningRequest": "CSR",
    "notes": "notes",
}
"""The properties of a record that an import changes."""
PARTS = {"privatekey": "private key", "intermediate": "intermediate certificates", "certificate": "certificate"}
"""The files that an export writes."""


def describe_import(action: Action[t.Any, t.Any]) -> str:
    """Return the message about an import or a removal."""
    match action.outcome, action.reason, action.facts:
        case "failed", reason, {"error": _, "planned": planned, "id": identifier}:
            return f"{_describe_attempt(planned, identifier, is_unknown=reason == 'outcome_unknown')}: {describe_error(reason, action.facts)}"
        case "failed", reason, {"error": _}:
            return describe_error(reason, action.facts)
        case "imported", _, {"lacking": identifier}:
            imported = participle(action.form, "imported")
            return (
                f"{imported} again with intermediate certificates, because certificate {identifier} is in use, lacks these certificates, and cannot be "
                "changed."
            )
        case "updated", _, {"changed": changed}:
            return f"{participle(action.form, 'updated')}: {', '.join(PROPERTIES[name] for name in changed)}."
        case ("imported" | "removed") as outcome, _, _:
            return f"{participle(action.form, outcome)}."
        case "unchanged", _, {"is_absent": True}:
            return "The store does not contain the certificate."
        case "unchanged", _, {"is_gone": True}:
            return "Another user or run has already deleted the certificate."
        case "unchanged", _, {"first": first}:
            return f"The item has the same certificate as item {first}."
        case "unchanged", _, _:
            return "The store already contains the certificate."
        case _, "ambiguous", {"first": first}:
            return f"The item has the same certificate as item {first}, but another chain, CSR, or notes. Specify each certificate once."
        case _, "ambiguous", {"same": records}:
            return (
                f"The store contains the certificate more than once (IDs {_join_ids(records)}), and no record has the specified content. Keep one record, "
                "and delete the other records when no service uses the other records."
            )
        case _, "ambiguous", {"matching": records}:
            return f"More than one certificate matches (IDs {_join_ids(records)}). Specify one of the certificates with certificate_id. Nothing was removed."
        case _, "ambiguous", {"wanted": identifier}:
            return f"Another item of the same run requires certificate {identifier} in the store. Remove one of the two items."
        case _, "chain_truncated", {"record": record, "given": given, "is_tried": is_tried}:
            return _describe_truncation(record, given, is_tried=is_tried)
        case _, "in_use", {"record": record, "lacks_issuers": True}:
            return (
                f"{_describe_use(record)} now and lacks intermediate certificates. To import the certificate with its intermediate certificates, run the "
                "playbook again."
            )
        case _, "in_use", {"record": record, "lacks_issuers": False}:
            return (
                f"{_describe_use(record)} and has another chain, so the certificate was not changed. Cannot determine the chain that TLS clients trust. Set "
                "trusted_ca_path to the root certificate of the CA."
            )
        case _, "in_use", {"record": record}:
            return why_kept(record)
    raise AssertionError(action)


def _describe_attempt(planned: str, identifier: int | None, *, is_unknown: bool) -> str:
    """Return the beginning of a sentence about a failed action, or about an action with unknown outcome."""
    what = "the certificate" if identifier is None else f"certificate {identifier}"
    verb, done = {
        "imported": ("import", "imported"),
        "updated": ("update", "updated"),
        "removed": ("delete", "deleted"),
    }[planned]
    return f"Cannot determine whether {what} was {done}" if is_unknown else f"Cannot {verb} {what}"


def _join_ids(records: Iterable[StoreCertificate]) -> str:
    return ", ".join(str(record.id) for record in records)


def _describe_use(record: StoreCertificate) -> str:
    services = "1 service" if record.associated_service_count == 1 else f"{record.associated_service_count} services"
    return f"Certificate {record.id} is in use by {services}"


def why_kept(record: StoreCertificate) -> str:
    """Return the message about a record that is not deleted because a service uses, or may use, the record."""
    if record.associated_service_count:
        return (
            f"{_describe_use(record)}. Deploy another certificate to the listeners first, with ssl_certificate_deploy. ssl_certificate_info with "
            "gather_services: true lists the listeners."
        )
    return (
        f"The API does not show whether a service uses certificate {record.id}, so the certificate was not deleted. Check in the portal that no "
        "service uses the certificate, and delete it in the portal."
    )


def _describe_truncation(kept: StoreCertificate, given: tuple[Certificate, ...], *, is_tried: bool) -> str:
    """Return the message about a record without required intermediate certificates. If `is_tried` is false, no record has the required number."""
    there = [issuer for issuer in given if issuer in kept.intermediates]
    has = f"{len(there)} of the {len(given)} intermediate certificates ({_join_names(there)})"
    if not there:
        has = f"none of the {len(given)} intermediate certificates" if len(given) > 1 else "no intermediate certificate"
    fewer = "one intermediate certificate" if len(there) == 1 else f"{len(there)} intermediate certificates"
    remedy = (
        f"Use a chain with {fewer} (certbot, lego, and acme.sh: --preferred-chain) if the CA offers such a chain, or use another CA."
        if there
        else "Ask IBM Cloud support for the reason. Until the store keeps intermediate certificates, import only certificates that do not need them."
    )
    what = f"The store kept {has} of certificate {kept.id}."
    if not is_tried:
        what = f"Certificate {kept.id} has {has}, and no record in the store has more intermediate certificates, so the store probably shortens chains."
        remedy = (
            "If the certificate was imported without the missing certificates, or the store has changed, delete the certificate and run the playbook again. "
            f"Otherwise, {uncapitalize_first(remedy)}"
        )
    return f"{what} TLS clients need the missing certificates: {_join_missing(kept, given)}. Do not deploy the certificate. {remedy}"


def _join_missing(record: StoreCertificate, given: Iterable[Certificate]) -> str:
    return _join_names(issuer for issuer in given if issuer not in record.intermediates)


def _join_names(certificates: Iterable[Certificate]) -> str:
    return join_first([certificate.shown_name for certificate in certificates])


def describe_warning(about: Obstacle[str]) -> str:
    """Return a warning about the import of a certificate."""
    match about.reason, about.facts:
        case "no_issuer", _:
            return (
                "The chain is incomplete, because an intermediate certificate is missing. TLS clients may not trust the certificate. Set "
                "intermediate_path."
            )
        case "untrusted", {"chain": chain}:
            return f"The certificate is not trusted: {chain.why}. {find_trust_remedy(chain, 'new')}"
        case "left_out", {"certificates": certificates}:
            names = ", ".join(certificate.shown_name for certificate in certificates)
            return f"Ignored the certificates that are not part of the chain: {names}."
        case "csr_stays", {"id": identifier, "error": error}:
            return f"The CSR of certificate {identifier} was not changed. {error}"
        case "chain_stays", {"record": record, "given": given}:
            missing = _join_missing(record, given)
            differs = (
                f"lacks {missing}, which TLS clients on this host do not need"
                if missing
                else "has another chain than specified"
            )
            return f"Certificate {record.id} {differs}. The record is not changed{' while it is in use' if record.associated_service_count else ''}."
        case "expires_earlier", {"end": end, "longer": records}:
            longer = join_first([f"certificate {record.id} ({format_time(record.not_after)})" for record in records])
            return (
                f"The certificate expires at {format_time(end)}, earlier than {longer}. "
                "Check that you specified the correct certificate."
            )
    raise AssertionError(about)


def add_common_name_advice(error: str) -> str:
    """Return an error with advice about a missing common name, which the store may require. The API reference does not document the requirement."""
    return (
        f"{error} The certificate has no common name, and the store may require a common name. Reissue the certificate with a common name. Many ACME clients "
        "have an option for a common name, such as the profile classic of Let's Encrypt."
    )


def describe_export(action: Action[t.Any, t.Any]) -> str:
    """Return the message about an export."""
    match action.outcome, action.reason, action.facts:
        case "failed", reason, {"error": _, "planned": planned, "id": identifier}:
            return f"{_describe_attempt(planned, identifier, is_unknown=reason == 'outcome_unknown')}: {describe_error(reason, action.facts)}"
        case "failed", reason, {"error": _}:
            return describe_error(reason, action.facts)
        case "exported", _, {"parts": parts}:
            return f"{participle(action.form, 'exported')}: {', '.join(PARTS[part] for part in parts)}."
        case "unchanged", _, _:
            return "The directory already contains the certificate."
        case _, "no_permission", _:
            return "The API user has view permission only and cannot read private keys. Grant the API user the permission SECURITY_CERTIFICATE_MANAGE."
        case _, "invalid_pem", {"certificate_id": identifier}:
            return f"Cannot read the content of certificate {identifier} in the store. Fix or delete the record."
        case _, "not_found", {"why": why}:
            return describe_obstacle(why)
        case _, "not_found", {"certificate_id": identifier, "expired": end}:
            return f"Certificate {identifier} expired at {format_time(end)}. To export the certificate, set include_expired: true."
        case _, "not_found", {"pattern": pattern, "have_expired": True}:
            return f"All certificates that match {pattern} have expired. To export expired certificates, set include_expired: true."
        case _, "not_found", {"pattern": pattern}:
            return f"No certificate in the store matches {pattern}. To list the certificates in the store, use ssl_certificate_info."
    raise AssertionError(action)
