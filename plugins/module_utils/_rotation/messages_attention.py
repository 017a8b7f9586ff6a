# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The sentences about what needs attention. Private to softlayer.certificates. Pure."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

from .._base import remedies
from .._base.errors import Obstacle
from .._base.names import shown_name_of
from .._base.remedies import DEPLOY, ROTATE
from .._base.text import capitalized
from .._base.times import iso
from .._replacement.messages import revoked
from .._softlayer.store import certificate_of
from .._sources import messages as of_sources
from .._sources.messages import name_in_source, source_name
from .._x509.certificate import Certificate
from .attention import AttentionItem, Served
from .messages_deploy import REFUSAL_REMEDIES, called_in_store, why_not_switched
from .messages_import import remedy_for_held_back

UNRENEWED = frozenset({"not_renewed", "unused", "no_source"})
"""Why nothing renews what is due; all else that can be said of it is about a renewal that there is."""


def needs_attention(item: AttentionItem) -> str:
    """Return what is wrong with a listener, and what to do about it.

    Of what is due, it says first when it ends, and that nothing renews it, unless something would; of what fails no run yet, last from when on.
    """
    said = why_attention(item.why, item.served)
    if item.reason in {"expired", "expiring"}:
        end, issuer = iso(item.served.lifespan.end), item.served.lifespan.limited_by
        ends = f"{'expired' if item.reason == 'expired' else 'ends'} at {end}"
        nothing = ", and nothing renews it" if item.why.reason in UNRENEWED else ""
        said = (
            f"Its issuer {issuer.shown_name} {ends}, and clients refuse it from then on{nothing}. Import the certificate again with today's "
            f"chain. {said}"
            if issuer
            else f"It {ends}{nothing}. {said}"
        )
    match item.fails_from:
        case None:
            return said
        case "due":
            return f"{said} A run fails only once what is served is due for renewal."
    return f"{said} No run fails for it before {iso(item.fails_from)}."


def why_attention(why: Obstacle[str], served: Served) -> str:
    """Return why a listener needs a person, or why what it serves is not renewed, and what to do about it."""
    match why.reason, why.facts:
        case "listener", {"listener": listener}:
            return str(listener.message)
        case "held_back", _:
            return _held_back(why.facts)
        case "unusable", {"skipped": record}:
            return f"{name_in_source(record)} would renew it and cannot be used: {record['message']}"
        case "renewal_requested", {"request": request}:
            entry, url = request.entry, request.explanation_url
            remedy = of_sources.remedy(
                "renewal", entry.source, entry.name, [served.shown_name or ""], entry.certificate.key_type
            )
            says = f" (it says why at {url} )" if url else ""
            return f"Its authority wanted it renewed by {iso(request.end)}{says}, and {entry.shown} has not done so: {remedy}."
        case "not_yet_valid", {"listener": listener, "before": before}:
            lifespan = served.lifespan
            what = f"Its issuer {lifespan.starts_by.shown_name}" if lifespan.starts_by else "It"
            other = (
                f"{remedies.deploy(before, listener.place.called)} goes back to certificate {before}"
                if before
                else "have one served that is valid"
            )
            return f"{what} is not valid before {iso(lifespan.usable_from)}, and clients refuse it until then: {other}, or check this machine's clock."
        case "revoked", _:
            return _revoked(why.facts, t.cast(Certificate, served.certificate))
        case "not_accepted", {"listener": listener, "has_whole_chain": has_whole_chain}:
            whole = "The chain that the store holds is complete: see why the load balancer does not send it, or import the certificate again."
            chain = REFUSAL_REMEDIES["chain" if listener.is_managed else "chain_elsewhere"]
            return f"Clients refuse what is served: {listener.refusal}. {whole if has_whole_chain else chain}"
        case "not_deployed", {"certificate_id": identifier, "because": because}:
            what = f"Certificate {identifier} of the store can replace it, and was not deployed"
            match because:
                case "refused":
                    return f"{what}, because no listener was switched: see what failed."
                case "phase":
                    return f"{what}, because this run was without the phase deploy: {DEPLOY} has it served."
                case "not_approved":
                    return f"{what}, because nobody has approved it: {DEPLOY} has it served."
            return f"{what}: {DEPLOY} has it served."
        case "newer_elsewhere", {"record": record}:
            return f"Certificate {called_in_store(record)} of the store is newer: have it served there."
        case "newer_elsewhere", {"entry": entry}:
            return f"The certificate of {entry.shown} ({entry.path}) is newer: have it served there."
        case "not_held", {"listener": listener, "newest": newest}:
            what = "has no" if served.record is None else "cannot show"
            remedy = (
                remedies.deploy(newest.id, listener.place.called, ["allow_name_loss"])
                if newest.id
                else remedies.adopt(certificate_of(newest).shown_name, [listener.place.called])
            )
            return (
                f"The store {what} certificate {listener.final_handle}, which the listener has, but certificate {called_in_store(newest)} for its names: "
                f"{remedy} has it served."
            )
        case "left_out", {"entry": entry, "skipped": record}:
            return f"{entry.shown} ({entry.path}) would renew it, but was left out: {record['message']}"
        case "not_imported", {"entry": entry, "because": because}:
            what = f"{entry.shown} ({entry.path}) would renew it, but"
            match because:
                case "phase":
                    return f"{what} this run was without the phase import: {ROTATE} brings it here."
                case "refused":
                    return f"{what} no listener was switched: see what failed."
            return f"{what} could not be stored as it is: see what failed."
        case "not_renewed", {"skipped": record}:
            shown, key_type = served.shown_name or "", str(record.get("key_type"))
            remedy = of_sources.remedy("renewal", record["source"], record["name"], [shown], key_type)
            return f"{name_in_source(record)} has it, and has not renewed it: {remedy}."
        case "unused", {"skipped": record}:
            name = record.get("name") or shown_name_of(record)
            return f"{source_name(record['source'])} {name}: {record['message']}"
        case "no_source", {"has_sources": True}:
            return (
                "No source has a newer certificate for it: have the client that looks after it renew it, and see that its certificates are "
                "among the sources."
            )
        case "no_source", {"is_managed": is_managed}:
            return f"Have it renewed, and {ROTATE} brings it here." if is_managed else "Have it renewed there."
    raise AssertionError(why)


def _held_back(facts: Mapping[str, t.Any]) -> str:
    """Return what is newer than a listener's certificate, why it is not put in its place, and what to do about it."""
    new, entry, why = facts["new"], facts["entry"], facts["why"]
    what = (
        f"The newer certificate of {entry.shown} ({entry.path})"
        if entry
        else f"Certificate {new.id} of the store, which is newer,"
    )
    remedy = remedy_for_held_back(why, facts["obstacles"], new, facts["old"], entry, [facts["listener"].place.called])
    is_left = not entry and why.reason == "organization_differs" and new.is_surely_unused
    unwanted = f" Or if nobody wants it, {remedies.remove(new.stored_id)} deletes it." if is_left else ""
    return f"{what} is held back. {why_not_switched(why)} {remedy}".strip() + unwanted


def _revoked(facts: Mapping[str, t.Any], certificate: Certificate) -> str:
    """Return what to do about a listener that serves what was revoked."""
    listener, revocation, entry, before = (facts[name] for name in ("listener", "revocation", "entry", "before"))
    is_own = revocation.certificate == certificate
    what = f"{capitalized(revoked(revocation, is_own=is_own))}, and clients that look refuse it"
    if listener.renewal_id:
        return f"{what}: {DEPLOY} has certificate {listener.renewal_id} of the store served in its place."
    source, name = (entry.source, entry.name) if entry else (None, certificate.shown_name)
    anew = of_sources.remedy("reissue", source, name, [certificate.shown_name], certificate.key_type)
    chain = "" if is_own else ", or put the chain that its authority has in its place beside it"
    back = (
        f" Until then, {remedies.deploy(before, listener.place.called)} goes back to the one that was probably before it."
        if before
        else ""
    )
    return f"{what}: {anew}{chain}; {ROTATE} brings it here.{back}"
