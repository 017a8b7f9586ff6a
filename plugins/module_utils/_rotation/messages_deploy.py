# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Messages about listeners, endpoints, and the deletion of certificates. Private to softlayer.certificates. Pure."""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Mapping
from datetime import timedelta

from .._base.errors import Obstacle
from .._base.messages import Form, participle
from .._base.names import build_listener_sort_key
from .._base.remedies import adopt, deploy
from .._base.text import capitalize_first, join_first
from .._base.times import format_time
from .._probe.messages import describe_expected
from .._replacement.can_replace import ACCEPT_OPTIONS
from .._replacement.messages import RSA_CIPHER_NOTE, describe_obstacle, find_trust_remedy
from .._softlayer.store import StoreCertificate, certificate_of
from .._sources import messages as of_sources

UNAPPROVED_CHANGE = "The approved preview does not contain the change. Create a new preview in check mode."
IMPOSSIBLE_CHANGES = {
    "imported": "Cannot import the certificate as approved: no source contains it any longer. Create a new preview in check mode.",
    "deployed": "Cannot switch the listener as approved: it was deleted or is no longer selected. Create a new preview in check mode.",
    "removed": "Cannot delete the certificate as approved: it is in use, is not replaced, or was already deleted. Create a new preview in check mode.",
}
"""Messages about approved changes that are no longer possible, by the list of the preview."""
PLANNED_REMOVAL = "Would be removed once listeners serve its replacement, and TLS clients accept the replacement."
PLANNED_EXPIRED_REMOVAL = "Would be removed, because it has expired and no service uses it."
NO_BETTER_CERTIFICATE = "The certificate store does not contain a better certificate."
FINDINGS = {
    "other": "another certificate is served",
    "failing": "no TLS handshake succeeds",
    "unreachable": "the port no longer accepts connections",
}
"""Problems of a listener, as main clauses."""
CHANGE_STATES = {
    "unseen": "The API accepted the change, but its completion could not be confirmed",
    "done": "The listener has the new certificate",
    "lost": "The API accepted the change, but the listener does not have the new certificate",
}
"""The state of a listener after a failed change that the API accepted, as main clauses."""
REFUSAL_REMEDIES = {
    "ended": "The certificate has expired. Renew the certificate.",
    "to_come": "Wait until the certificate becomes valid, or check the clock of the control node.",
    "chain": find_trust_remedy(None),
    "chain_elsewhere": find_trust_remedy(None, "served"),
}
"""Remedies for a certificate that TLS clients reject."""


def describe_target(outcome: str, reason: str | None, facts: Mapping[str, t.Any], form: Form = "done") -> str:
    """Return the message of a listener or an endpoint: outcome, verification, and rollback."""
    message = _describe_outcome(outcome, reason, facts, form)
    if "probe_message" in facts:
        message = f"{message} {facts['probe_message']}"
    match facts:
        case {"is_interrupted": True, "previous_id": certificate_id}:
            return f"{message} The listener was not rolled back to certificate {certificate_id}, because the run was interrupted."
        case {"is_interrupted": True} if "probe" not in facts:
            return f"{message} The run was interrupted before it verified the served certificate."
        case {"rolled_back_to": certificate_id, "why_not": why}:
            return f"{message} The rollback to certificate {certificate_id} also failed: {why_unswitched(why)}"
        case {"rolled_back_to": certificate_id, "works": works}:
            state = (
                "and the listener works again."
                if works
                else "but the listener still does not work. Fix the listener immediately."
            )
            return f"Rolled back to certificate {certificate_id}, {state} {message}"
    return message


def _describe_outcome(outcome: str, reason: str | None, facts: Mapping[str, t.Any], form: Form) -> str:
    """Return the outcome and the verification of a listener or an endpoint, without a rollback."""
    match reason, facts:
        case "not_accepted", {"probe": probe, "predecessor_id": certificate_id, "called": called}:
            return (
                f"TLS clients reject the certificate: {probe.rejection}. Switch back to certificate {certificate_id}, which TLS clients trust and "
                f"which was probably the previous certificate, with {deploy(certificate_id, called)}; or import the current certificate again with the "
                "current chain of its CA."
            )
        case "not_accepted", {"probe": probe}:
            return (
                f"{_describe_expectation(facts)} TLS clients, which accepted the previous certificate, reject the served certificate: "
                f"{probe.rejection}. Check whether the load balancer sends the chain in the certificate store. If the stored chain is incomplete, "
                "import the certificate again with all its intermediate certificates."
            )
        case "not_served", {"probe": probe}:
            is_partial = probe.finding == "failing" and probe.working_addresses
            how = "the TLS handshake fails at some addresses" if is_partial else FINDINGS[probe.finding]
            return f"{_describe_expectation(facts)} {how}: {probe.message}{_find_remedy(facts)}"
    message = _describe_decision(outcome, reason, facts, form)
    if (probe := facts.get("probe")) is None:
        return message
    if probe.finding == "unreachable":
        return f"{message} Cannot verify the served certificate: {probe.message}"
    message = f"{message} The {'current ' if outcome == 'skipped' else ''}certificate is served."
    if probe.unconnected_results:
        message = f"{message} Cannot connect to {len(probe.unconnected_results)} of the addresses from this host."
    if probe.is_accepted is False:
        before = ", and also rejected the previous certificate" if facts["was_refused"] else ""
        message = f"{message} TLS clients reject the certificate{before}: {probe.rejection}."
    return message


def _describe_expectation(facts: Mapping[str, t.Any]) -> str:
    """Return the expected state, as the beginning of a sentence that ends with the current state."""
    if "demand" in facts:
        return f"The endpoint must serve {describe_expected(facts['demand'])}, but"
    return f"The listener has certificate {facts['certificate_id']} in the API, but"


def _find_remedy(facts: Mapping[str, t.Any]) -> str:
    """Return the remedy for an unexpected served certificate, with a leading space."""
    match facts:
        case {"demand": _}:
            return " Deploy the expected certificate at this endpoint, or correct the value of expected."
        case {"cause": Obstacle(reason="balancer_error", facts={"balancer": balancer})}:
            return f" {balancer.final_status_message}"
        case {"cause": Obstacle(reason="balancer_busy", facts={"balancer": balancer})}:
            return f" Load balancer {balancer.name} was {balancer.provisioning_status}. Run the playbook again when the load balancer is ACTIVE."
        case {"certificate_id": present, "cause": Obstacle(facts={"balancer": balancer, "since": since, **cause})}:
            known = f" since {format_time(since)} or earlier" if since else ""
            why = (
                f" Load balancer {balancer.name} does not serve the certificate that was set for this listener{known}."
            )
            case = f"a support case for load balancer {balancer.uuid}."
            if "other_id" not in cause:
                return f"{why} Open {case}"
            other = deploy(cause["other_id"], cause["called"], cause["allow"])
            back = deploy(present, cause["called"])
            return f"{why} Switch the listener to another certificate with {other}, and back with {back}. If the problem persists, open {case}"
    return ""


def _describe_decision(outcome: str, reason: str | None, facts: Mapping[str, t.Any], form: Form) -> str:
    """Return the planned or completed outcome, without the verification."""
    match outcome, facts:
        case "switched", {"is_known": False}:
            return f"{participle(form, 'switched')} to the certificate that would be imported."
        case "switched", {"is_stored": False} if form == "would be":
            return "Would be switched once the certificate is stored."
        case "switched", _:
            return f"{participle(form, 'switched')}."
        case "unchanged", {"planned": why}:
            return why_unswitched(why)
        case "unchanged", {"demand": demand}:
            return f"The endpoint must serve {describe_expected(demand)}."
        case "unchanged", {"kept": "best", "valid_id": other, "called": called}:
            when = f"until {format_time(facts['end'])}" if "end" in facts else f"from {format_time(facts['start'])}"
            message = f"{NO_BETTER_CERTIFICATE} The current certificate is valid only {when}."
            if other is None:
                return message
            return f"{message} Certificate {other} is valid now but was issued earlier. To deploy certificate {other}, run {deploy(other, called)}."
        case "unchanged", {"kept": "best"}:
            return NO_BETTER_CERTIFICATE
        case "unchanged", {"kept": "same"}:
            return "The listener already has the certificate."
        case "unchanged", {"kept": "newer", "certificate_id": certificate_id}:
            return f"The listener has certificate {certificate_id}, which is newer than the certificate in the source and can replace it."
        case "unchanged", {"kept": "not_stored"}:
            return "The certificate was not stored."
        case "unchanged", {"kept": "switched"}:
            return "Another run has already switched the listener."
        case "unchanged", {"kept": "as_it_is", "certificate_id": certificate_id}:
            return f"The listener has {f'certificate {certificate_id}' if certificate_id else 'no certificate'}."
    return why_unswitched(Obstacle(str(reason), facts))


def why_unswitched(why: Obstacle[t.Any]) -> str:
    """Return the reason why a listener is not switched, and the remedy."""
    match why.reason, why.facts:
        case "not_approved", _:
            return UNAPPROVED_CHANGE
        case "not_found", {"demand": demand}:
            return describe_obstacle(demand.why_unknown)
        case "not_found", {"is_deleted": True, "certificate_id": certificate_id}:
            return f"Certificate {certificate_id} was deleted from the certificate store during the run."
        case "not_found", {"is_deleted": True}:
            return "The listener was deleted during the run."
        case "changed_meanwhile", {"now": changed}:
            match changed:
                case {"port": port}:
                    what = f"is on port {port}"
                case {"protocol": protocol}:
                    what = f"uses {protocol or 'another protocol'}"
                case {"certificate_id": has}:
                    what = f"has certificate {has}" if has else "has no certificate"
            return f"The listener changed during the run and now {what}. Run the playbook again to create a new plan."
        case "changed_meanwhile", {"listener": name, "certificate_id": has, "expected": expected}:
            what = f"certificate {has}" if has else "no certificate"
            return f"Listener {name} has {what} instead of {expected}, so it changed after the plan was created. Create a new plan."
        case "changed_meanwhile", {"certificate_id": has, **cause}:
            match cause:
                case {"had": had}:
                    now = f"certificate {has}" if has else "no certificate"
                    state = f"the listener now has {now} instead of certificate {had}"
                case {"is_switched_back": True}:
                    state = f"somebody has switched the listener back to certificate {has}"
                case {"is_stored": True}:
                    state = f"the approved certificate can no longer replace certificate {has}"
                case _:
                    state = "the certificate store does not contain the approved certificate"
            return f"Cannot switch the listener as approved: {state}. Create a new preview in check mode."
        case "switched_back", {"certificate_id": certificate_id}:
            return f"The listener was switched back to certificate {certificate_id} after a run had replaced that certificate."
        case "api_error", {"is_accepted": True, "balancer": balancer}:
            return f"The API accepted the change, but the listener does not have the certificate. Run the playbook again.{balancer.error_sentence}"
        case _, {"error": error, "change": change}:
            return f"{CHANGE_STATES[change]}. {error}"
        case _, {"error": error}:
            return str(error)
        case "balancer_error", {"balancer": balancer}:
            return str(balancer.final_status_message)
        case "not_https", {"listener": name, "protocol": protocol}:
            return f"Listener {name} uses {protocol or 'another protocol'}, and only HTTPS listeners have certificates. Specify an HTTPS listener."
        case "names_not_covered", {"lost": lost, "listener": name}:
            return (
                f"The certificate does not cover any of the DNS names that listener {name} serves ({join_first(lost)}). Check that {name} is the "
                "correct listener. If the listener is correct, import the certificate with import_new, and deploy it with ssl_certificate_deploy and "
                "allow_name_loss."
            )
        case "names_not_covered", {"lost": lost, "is_named": False}:
            return f"The listener would no longer serve {join_first(lost)}. To accept the loss, specify the listener in listeners."
        case "not_found", {"listener": name, "certificate_id": None, "called": called}:
            return (
                f"Listener {name} has no certificate. To deploy a certificate, replace NAME with the DNS name of the certificate, and run "
                f"{adopt(None, [called])}."
            )
        case "not_found", {"listener": name, "certificate_id": certificate_id, "is_there": is_there}:
            problem = "cannot be read" if is_there else "is not in the certificate store"
            return (
                f"The DNS names of listener {name} are unknown, because its certificate {certificate_id} {problem}. Deploy another certificate with "
                "ssl_certificate_deploy and allow_name_loss."
            )
        case "not_found", {"load_balancer": name, "port": port, "there": ports}:
            return f"Load balancer {name} does not have a listener on port {port}. Available ports: {_list_names(map(str, ports))}."
        case "not_found", {"load_balancer": name, "there": names}:
            return f"Load balancer {name} does not exist, or the API user cannot access it. Available load balancers: {_list_names(names)}."
        case "ambiguous", {"load_balancer": name, "uuids": uuids}:
            return f"Several load balancers are named {name}. Specify the load balancer by its UUID ({_list_names(uuids)})."
        case "ambiguous", {"listener": name, "certificate_ids": ids}:
            first, second = (f"certificate {each}" if each else "a certificate that would be imported" for each in ids)
            return f"Two certificates are specified for listener {name} ({first} and {second}). Remove one of the certificates."
        case "ambiguous", {"equals": records, "called": called}:
            ids = [record.id for record in records if record.id]
            new = [certificate_of(record).fingerprint_sha256 for record in records if not record.id]
            stored, coming = ", ".join(map(str, ids)), ", ".join(new)
            shown = [stored and f"IDs {stored}", coming and f"not stored yet, with the SHA-256 {coming}"]
            remedy = "Keep only one of the certificates in the sources."
            if ids:
                remedy = f"To deploy certificate {ids[0]}, run {deploy(ids[0], called)}; otherwise, delete the unneeded certificates."
            return f"Cannot choose between equally good certificates ({'; '.join(filter(None, shown))}). {remedy}"
    return _why_rejected(why)


def _why_rejected(why: Obstacle[t.Any]) -> str:
    """Return the obstacle of a certificate for a listener, and the remedy."""
    match why.reason, why.facts:
        case _, {"newer": record, "why": nested}:
            return f"Did not deploy the newer certificate {name_in_store(record)}: {_why_rejected(nested)}"
        case _, {"why": nested, **facts}:
            message = _why_rejected(nested)
            if "certificate_id" in facts:
                message = f"Did not deploy certificate {facts['certificate_id']}: {message}"
            match nested.facts, facts:
                case _, {"source": source, "name": name, "names": names}:
                    return f"{message} {capitalize_first(of_sources.remedy('rsa_key', source, name, names))}."
                case {"offers_rsa": offers_rsa}, _:
                    return (
                        f"{message} Reissue the certificate with {'an RSA key' if offers_rsa else 'another key type'}."
                    )
                case _, {"certificate_id": _} if nested.reason in ACCEPT_OPTIONS:
                    return f"{message} To deploy the certificate anyway, set {ACCEPT_OPTIONS[nested.reason]}: true."
            return message
        case "key_type_not_offered", {"load_balancer": name, "key_type": key_type}:
            return f"Load balancer {name} does not offer cipher suites for {key_type} keys, so TLS clients could not connect. {RSA_CIPHER_NOTE}"
    return describe_obstacle(why)


def name_in_store(record: StoreCertificate) -> str:
    """Return the ID of a record; before the import, the name of the certificate."""
    return str(record.id or f"for {certificate_of(record).shown_name} (not stored yet)")


def describe_unmatched(why: Obstacle[t.Any]) -> str:
    """Return the message about patterns without a match."""
    match why.facts:
        case {"load_balancers": patterns, "there": names}:
            return (
                f"No load balancer matches {join_first(patterns)} in load_balancers, or the API user cannot access it. Available load balancers: "
                f"{_list_names(names)}."
            )
        case {"common_names": patterns, "there": names}:
            return (
                f"No certificate matches {join_first(patterns)} in common_names. Available names: {_list_names(names)}."
            )
    raise AssertionError(why)


def describe_excess(why: Obstacle[t.Any]) -> str:
    """Return the message about a plan that exceeds `max_listeners`."""
    return (
        f"The run would switch more listeners ({why.facts['planned']}) than max_listeners allows ({why.facts['max_listeners']}), so it switched "
        "none. Select fewer listeners, or raise max_listeners."
    )


def describe_rejection(names: Iterable[str], rejection: str, remedy: str) -> str:
    """Return the warning about listeners whose certificates TLS clients reject for the same reason."""
    listeners = join_first(sorted(names, key=build_listener_sort_key))
    return f"TLS clients reject the certificate of {listeners}: {rejection}. {REFUSAL_REMEDIES[remedy]}"


def describe_unreachable(names: Iterable[str]) -> str:
    """Return the warning about listeners that do not accept connections from this host."""
    return (
        f"Cannot verify the certificates of listeners, because this host cannot connect to "
        f"{join_first(sorted(names, key=build_listener_sort_key))}. Run the "
        "playbook or ssl_endpoint_info on a host that can connect to the listeners."
    )


def why_kept(certificate_id: int, why: Obstacle[t.Any]) -> str:
    """Return the reason why a replaced or expired certificate is not deleted."""
    kept = f"Certificate {certificate_id} was kept because"
    match why.reason, why.facts:
        case "in_use", {"endpoint": number, "demand": demand}:
            unknown = f"endpoints[{number}].expected: {describe_obstacle(demand.why_unknown)}"
            return f"{kept} the expected certificate of an endpoint is unknown. {unknown}"
        case "in_use", {"listeners": names}:
            return f"{kept} {join_first(names)} {'uses' if len(names) == 1 else 'use'} it."
        case "in_use", {"services": None}:
            return f"{kept} the API does not report whether a service uses it."
        case "in_use", {"services": count}:
            return f"{kept} {'a service' if count == 1 else f'{count} services'} outside this run {'uses' if count == 1 else 'use'} it."
        case "in_use", {"endpoints": names}:
            return f"{kept} {join_first(names)} {'serves' if len(names) == 1 else 'serve'} it. Deploy another certificate to {join_first(names)}."
        case "in_use", {"expected_by": name}:
            return f"{kept} {name} expects the certificate. If {name} can serve another certificate, change the option expected of {name}."
        case "not_accepted", {"listeners": names, "refusal": rejection}:
            return (
                f"{kept} TLS clients reject its replacement at {join_first(names)}: {rejection}. Check whether the load balancer sends the chain in "
                "the certificate store. If the stored chain is incomplete, import the replacement again with all its intermediate certificates. "
                "For a private CA, set trusted_ca_path."
            )
        case "unreachable", {"endpoints": names}:
            remedy = f"Run the rotation on a host that can connect to each address of {join_first(names)}, or set remove_unverified."
            return f"{kept} the run could not verify the certificate of {join_first(names)}. {remedy}"
        case "unreachable" | "not_served", {"listeners": names}:
            return f"{kept} the run did not verify its replacement at each address of {join_first(names)}."
        case "replaced_recently", {"since": since, "days": days, "listeners": names, "allow": allow}:
            if since is None:
                return f"{kept} the API does not report when its replacement was stored."
            end = format_time(since + timedelta(days=days))
            message = f"Certificate {certificate_id} is kept until {end}, so that listeners can be switched back to it."
            switch = f"To switch {join_first([*names])} back to it, run {deploy(certificate_id, names, allow)}."
            return f"{message} {switch}" if names else message
        case "expires_earlier", {"end": end}:
            return f"Certificate {certificate_id} is kept until it expires at {format_time(end)}, because its replacement expires earlier."
    raise AssertionError(why)


def _list_names(texts: Iterable[str]) -> str:
    return join_first(list(texts)) or "none"
