# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is said of imports into the store, and of exports from it. Private to softlayer.certificates. Pure."""

from __future__ import annotations

import typing as t
from collections.abc import Iterable

from .._base.action import Action
from .._base.errors import Obstacle
from .._base.messages import of_error, participle
from .._base.text import some_of, uncapitalized
from .._base.times import iso
from .._replacement.messages import trust_remedy, why_not
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


def of_import(action: Action[t.Any, t.Any]) -> str:
    """Return what is or was done about a certificate of the store."""
    match action.outcome, action.reason, action.facts:
        case "failed", reason, {"error": _, "planned": planned, "id": identifier}:
            return f"{_attempt(planned, identifier, is_unknown=reason == 'outcome_unknown')}: {of_error(reason, action.facts)}"
        case "failed", reason, {"error": _}:
            return of_error(reason, action.facts)
        case "imported", _, {"lacking": identifier}:
            imported = participle(action.form, "imported")
            return f"{imported} once more, with intermediate certificates that certificate {identifier} lacks and that it cannot be given while in use."
        case "updated", _, {"changed": changed}:
            return f"{participle(action.form, 'updated')}: {', '.join(PROPERTIES[name] for name in changed)}."
        case ("imported" | "removed") as outcome, _, _:
            return f"{participle(action.form, outcome)}."
        case "unchanged", _, {"is_absent": True}:
            return "The store holds no such certificate."
        case "unchanged", _, {"is_gone": True}:
            return "Somebody else has deleted it meanwhile."
        case "unchanged", _, {"first": first}:
            return f"The same as item {first}."
        case "unchanged", _, _:
            return "The store holds it already."
        case _, "ambiguous", {"first": first}:
            return f"The same certificate as item {first}, with another chain, CSR or notes: give it once."
        case _, "ambiguous", {"same": records}:
            return (
                f"The store holds it more than once (ids {_ids(records)}), none as wanted: leave one of them, and remove the others once nothing "
                "uses them."
            )
        case _, "ambiguous", {"matching": records}:
            return f"More than one certificate matches (ids {_ids(records)}): name one by certificate_id. Nothing was removed."
        case _, "ambiguous", {"wanted": identifier}:
            return (
                f"Another item of the same run wants certificate {identifier} to be in the store: leave one of the two."
            )
        case _, "chain_truncated", {"record": record, "given": given, "is_tried": is_tried}:
            return _cut(record, given, is_tried=is_tried)
        case _, "in_use", {"record": record, "lacks_issuers": True}:
            return f"{_in_use(record)} by now and lacks intermediate certificates: run it again, and it is stored once more with them."
        case _, "in_use", {"record": record, "lacks_issuers": False}:
            return (
                f"{_in_use(record)} and has another chain, so it is not changed, and which of the two clients trust is not known: give the root "
                "of its authority as trusted_ca_path."
            )
        case _, "in_use", {"record": record}:
            return why_kept(record)
    raise AssertionError(action)


def _attempt(planned: str, identifier: int | None, *, is_unknown: bool) -> str:
    """Return what has failed, or may have, as the beginning of a sentence."""
    what = "the certificate" if identifier is None else f"certificate {identifier}"
    verb, done = {
        "imported": ("import", "imported"),
        "updated": ("update", "updated"),
        "removed": ("delete", "deleted"),
    }[planned]
    return f"Cannot tell whether {what} was {done}" if is_unknown else f"Cannot {verb} {what}"


def _ids(records: Iterable[StoreCertificate]) -> str:
    return ", ".join(str(record.id) for record in records)


def _in_use(record: StoreCertificate) -> str:
    services = "1 service" if record.associated_service_count == 1 else f"{record.associated_service_count} services"
    return f"Certificate {record.id} is in use by {services}"


def why_kept(record: StoreCertificate) -> str:
    """Return why a record that is, or may be, in use is not deleted."""
    if record.associated_service_count:
        return (
            f"{_in_use(record)}: have its listeners serve another certificate first, with ssl_certificate_deploy; ssl_certificate_info with "
            "gather_services tells which they are."
        )
    return (
        f"The API does not tell whether a service uses certificate {record.id}, so it is not deleted on a guess: see in the portal that "
        "none does, and delete it there."
    )


def _cut(kept: StoreCertificate, given: tuple[Certificate, ...], *, is_tried: bool) -> str:
    """Say of a record that the store has left out issuers of it that clients need; if that was not tried now, no record has as many."""
    there = [issuer for issuer in given if issuer in kept.intermediates]
    has = f"{len(there)} of the {len(given)} intermediate certificates ({_names(there)})"
    if not there:
        has = f"none of the {len(given)} intermediate certificates" if len(given) > 1 else "no intermediate certificate"
    fewer = "one intermediate certificate" if len(there) == 1 else f"{len(there)} intermediate certificates"
    remedy = (
        f"Use a chain with {fewer}, which certbot, lego and acme.sh ask for with --preferred-chain where the authority offers one, or another "
        "authority."
        if there
        else "Ask the support of IBM Cloud why. Until it keeps them, it can hold no certificate that needs any."
    )
    what = f"The store has kept {has} of certificate {kept.id}."
    if not is_tried:
        what = f"Certificate {kept.id} has {has}, and no record of the store has more: the store seems to keep no more."
        remedy = f"If it was stored so by a client that gave no more, or the store has changed, delete it and run this again. Else: {uncapitalized(remedy)}"
    return f"{what} Clients need what is missing: {_missing(kept, given)}. So nothing is to serve it. {remedy}"


def _missing(record: StoreCertificate, given: Iterable[Certificate]) -> str:
    return _names(issuer for issuer in given if issuer not in record.intermediates)


def _names(certificates: Iterable[Certificate]) -> str:
    return some_of([certificate.shown_name for certificate in certificates])


def warning(about: Obstacle[str]) -> str:
    """Return what the user is warned of although a certificate is, or was, stored."""
    match about.reason, about.facts:
        case "no_issuer", _:
            return "The chain is incomplete: no certificate of the issuer was given. Clients may not trust the certificate."
        case "untrusted", {"chain": chain}:
            return f"Not trusted: {chain.why}. {trust_remedy(chain, 'new')}"
        case "left_out", {"certificates": certificates}:
            names = ", ".join(certificate.shown_name for certificate in certificates)
            return f"Left out, as the certificate's chain does not need them: {names}."
        case "csr_stays", {"id": identifier, "error": error}:
            return f"The CSR of certificate {identifier} stays as it is. {error}"
        case "chain_stays", {"record": record, "given": given}:
            missing = _missing(record, given)
            differs = (
                f"lacks {missing}, which clients here do not need" if missing else "has another chain than was given"
            )
            return f"Certificate {record.id} {differs}; it stays so{' while it is in use' if record.associated_service_count else ''}."
        case "expires_earlier", {"end": end, "longer": records}:
            longer = some_of([f"certificate {record.id} ({iso(record.not_after)})" for record in records])
            return f"It ends at {iso(end)}, earlier than what it takes the place of: {longer}. See that it is the one you mean."
    raise AssertionError(about)


def without_common_name(error: str) -> str:
    """Return why a certificate without a common name was not stored, which is not documented: the store may refuse it, or fail over it."""
    return (
        f"{error} It has no common name, which the store may not take: have it issued with one. Many ACME clients have an option for that, such "
        "as the profile classic of Let's Encrypt."
    )


def of_export(action: Action[t.Any, t.Any]) -> str:
    """Return what is or was done about the files of a certificate."""
    match action.outcome, action.reason, action.facts:
        case "failed", reason, {"error": _, "planned": planned, "id": identifier}:
            return f"{_attempt(planned, identifier, is_unknown=reason == 'outcome_unknown')}: {of_error(reason, action.facts)}"
        case "failed", reason, {"error": _}:
            return of_error(reason, action.facts)
        case "exported", _, {"parts": parts}:
            return f"{participle(action.form, 'exported')}: {', '.join(PARTS[part] for part in parts)}."
        case "unchanged", _, _:
            return "The folder has it already."
        case _, "no_permission", _:
            return "The API user may only view the store, and not read its private keys: grant it the permission SECURITY_CERTIFICATE_MANAGE."
        case _, "invalid_pem", {"certificate_id": identifier}:
            return f"What the store holds as certificate {identifier} cannot be read: mend or delete the record."
        case _, "not_found", {"why": why}:
            return why_not(why)
        case _, "not_found", {"certificate_id": identifier, "expired": end}:
            return f"Certificate {identifier} has expired at {iso(end)}: set include_expired: true to export it."
        case _, "not_found", {"pattern": pattern, "have_expired": True}:
            return f"All certificates that match {pattern} have expired: set include_expired: true to export them."
        case _, "not_found", {"pattern": pattern}:
            return f"No certificate of the store matches {pattern}: ssl_certificate_info lists those that it holds."
    raise AssertionError(action)
