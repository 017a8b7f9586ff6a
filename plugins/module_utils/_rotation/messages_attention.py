# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Messages about listeners that need attention. Private to softlayer.certificates. Pure."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

from .._base import remedies
from .._base.errors import Obstacle
from .._base.names import choose_record_name
from .._base.remedies import DEPLOY_COMMAND, ROTATE_COMMAND
from .._base.text import capitalize_first
from .._base.times import format_time
from .._replacement.messages import CURRENT_CHAIN_REMEDY, describe_revocation
from .._softlayer.store import certificate_of
from .._sources import messages as of_sources
from .._sources.messages import name_in_source, source_name
from .._x509.certificate import Certificate
from .attention import AttentionItem, ServedCertificate
from .messages_deploy import REFUSAL_REMEDIES, name_in_store, why_unswitched
from .messages_import import find_held_back_remedy

UNRENEWED_REASONS = frozenset({"not_renewed", "unused", "no_source"})
"""Reasons for a missing renewal; all other reasons concern an available renewal."""


def describe_attention(item: AttentionItem) -> str:
    """Return the message of an attention item.

    For an expired or expiring certificate, the message begins with the expiration time. If runs do not fail yet, it ends with the time from which
    they fail.
    """
    message = why_attention(item.why, item.served_certificate)
    if item.reason in {"expired", "expiring"}:
        end, issuer = (
            format_time(item.served_certificate.lifespan.end),
            item.served_certificate.lifespan.limiting_issuer,
        )
        has_expired = item.reason == "expired"
        expires = f"{'expired' if has_expired else 'expires'} at {end}"
        then = "have rejected the chain since then" if has_expired else "will reject the chain after that"
        nothing = ", and no renewal is available" if item.why.reason in UNRENEWED_REASONS else ""
        message = (
            f"The intermediate certificate {issuer.shown_name} {expires}; TLS clients {then}{nothing}. {CURRENT_CHAIN_REMEDY} {message}"
            if issuer
            else f"The certificate {expires}{nothing}. {message}"
        )
    match item.failure_start:
        case None:
            return message
        case "due":
            return f"{message} Once the certificate is due for renewal, runs fail with the reason {item.reason}."
    return f"{message} From {format_time(item.failure_start)}, runs fail with the reason {item.reason}."


def why_attention(why: Obstacle[str], served: ServedCertificate) -> str:
    """Return the cause of an attention item, and the remedy."""
    match why.reason, why.facts:
        case "listener", {"listener": listener}:
            return str(listener.message)
        case "held_back", _:
            return _describe_held_back(why.facts)
        case "unusable", {"skipped": record}:
            return f"Cannot use the renewal in {name_in_source(record)}: {record['message']}"
        case "renewal_requested", {"request": request}:
            entry, url = request.entry, request.explanation_url
            remedy = of_sources.remedy(
                "renewal", entry.source, entry.name, [served.shown_name or ""], entry.certificate.key_type
            )
            see = f" (see {url} )" if url else ""
            return (
                f"The CA requested a renewal before {format_time(request.end)}{see}, but {entry.display_name} has not renewed the certificate. "
                f"{capitalize_first(remedy)}."
            )
        case "not_yet_valid", {"listener": listener, "before": before}:
            lifespan = served.lifespan
            what = (
                f"intermediate certificate {lifespan.latest_issuer.shown_name}"
                if lifespan.latest_issuer
                else "certificate"
            )
            other = (
                f"switch back to certificate {before} with {remedies.deploy(before, listener.place.command_name)}"
                if before
                else "deploy a valid certificate"
            )
            return (
                f"The {what} is not valid before {format_time(lifespan.usable_start)}, and TLS clients reject it until then. Check the clock of the "
                f"control node, or {other}."
            )
        case "revoked", _:
            return _describe_revocation(why.facts, t.cast(Certificate, served.certificate))
        case "not_accepted", {"listener": listener, "has_whole_chain": has_whole_chain}:
            whole = "The chain in the certificate store is complete. Check the chain that the load balancer sends, or import the certificate again."
            chain = REFUSAL_REMEDIES["chain" if listener.is_managed else "chain_elsewhere"]
            return f"TLS clients reject the certificate: {listener.rejection}. {whole if has_whole_chain else chain}"
        case "not_deployed", {"certificate_id": identifier, "because": because}:
            what = f"Certificate {identifier} in the certificate store can replace the current certificate but was not deployed"
            match because:
                case "refused":
                    return f"{what}, because this run switched no listener. Check the errors of this run."
                case "phase":
                    return f"{what}, because this run did not include the phase deploy. Run {DEPLOY_COMMAND}."
                case "not_approved":
                    return f"{what}, because the change was not approved. Run {DEPLOY_COMMAND}."
            return f"{what}. Run {DEPLOY_COMMAND}."
        case "newer_elsewhere", {"record": record}:
            return f"Certificate {name_in_store(record)} in the certificate store is newer. Deploy the newer certificate at this endpoint."
        case "newer_elsewhere", {"entry": entry}:
            return f"The certificate in {entry.display_name} ({entry.path}) is newer. Deploy the newer certificate at this endpoint."
        case "not_held", {"listener": listener, "newest": newest}:
            problem = "is not in the certificate store" if served.record is None else "cannot be read"
            remedy = (
                remedies.deploy(newest.id, listener.place.command_name, ["allow_name_loss"])
                if newest.id
                else remedies.adopt(certificate_of(newest).shown_name, [listener.place.command_name])
            )
            return (
                f"The listener uses certificate {listener.final_handle}, which {problem}. Certificate {name_in_store(newest)} covers the same "
                f"DNS names. To switch the listener, run {remedy}."
            )
        case "left_out", {"entry": entry, "skipped": record}:
            return f"Skipped the renewal in {entry.display_name} ({entry.path}): {record['message']}"
        case "not_imported", {"entry": entry, "because": because}:
            what = f"Did not deploy the renewal in {entry.display_name} ({entry.path}), because"
            match because:
                case "phase":
                    return f"{what} this run did not include the phase import. Run {ROTATE_COMMAND}."
                case "refused":
                    return f"{what} this run switched no listener. Check the errors of this run."
            return f"{what} the renewal could not be stored. Check the errors of this run."
        case "not_renewed", {"skipped": record}:
            shown, key_type = served.shown_name or "", str(record.get("key_type"))
            remedy = of_sources.remedy("renewal", record["source"], record["name"], [shown], key_type)
            return f"{name_in_source(record)} has not renewed the certificate. {capitalize_first(remedy)}."
        case "unused", {"skipped": record}:
            name = record.get("name") or choose_record_name(record)
            return f"{source_name(record['source'])} {name}: {record['message']}"
        case "no_source", {"has_sources": True}:
            return (
                "No source contains a newer certificate. Renew the certificate with its ACME client, and check that sources includes the directory "
                "of that client."
            )
        case "no_source", {"is_managed": is_managed}:
            return (
                f"Renew the certificate, then run {ROTATE_COMMAND}."
                if is_managed
                else "Renew the certificate at this endpoint."
            )
    raise AssertionError(why)


def _describe_held_back(facts: Mapping[str, t.Any]) -> str:
    """Return the message about a held back certificate, with reason and remedy."""
    new, entry, why = facts["new"], facts["entry"], facts["why"]
    what = (
        f"The newer certificate in {entry.display_name} ({entry.path})"
        if entry
        else f"The newer certificate {new.id} in the certificate store"
    )
    remedy = find_held_back_remedy(
        why, facts["obstacles"], new, facts["old"], entry, [facts["listener"].place.command_name]
    )
    is_left = not entry and why.reason == "organization_differs" and new.is_unused
    leftover = f" To delete the newer certificate instead, run {remedies.remove(new.stored_id)}." if is_left else ""
    return f"{what} was not deployed. {why_unswitched(why)} {remedy}".strip() + leftover


def _describe_revocation(facts: Mapping[str, t.Any], certificate: Certificate) -> str:
    """Return the message about a revoked certificate, with the commands that replace it."""
    listener, revocation, entry, before = (facts[name] for name in ("listener", "revocation", "entry", "before"))
    is_own = revocation.certificate == certificate
    what = f"{capitalize_first(describe_revocation(revocation, is_own=is_own))}, and TLS clients that check revocation reject it"
    if listener.renewal_id:
        return f"{what}. To deploy certificate {listener.renewal_id} from the certificate store instead, run {DEPLOY_COMMAND}."
    source, name = (entry.source, entry.name) if entry else (None, certificate.shown_name)
    reissue = of_sources.remedy("reissue", source, name, [certificate.shown_name], certificate.key_type)
    chain = "" if is_own else ", or add the replacement chain of the CA to the source"
    back = (
        f" Before the reissue, you can switch back to certificate {before}, which was probably the previous certificate: "
        f"{remedies.deploy(before, listener.place.command_name)}."
        if before
        else ""
    )
    return f"{what}. {capitalize_first(reissue)}{chain}. Then run {ROTATE_COMMAND}.{back}"
