# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The sentences about listeners and endpoints, and about what is removed. Private to softlayer.certificates. Pure."""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Mapping, Sequence

from .._base.errors import Obstacle
from .._base.messages import Form, participle
from .._base.names import listener_place
from .._base.remedies import adopt, deploy
from .._base.text import capitalized, some_of
from .._base.times import iso
from .._probe.messages import demanded
from .._replacement.can_replace import ACCEPT
from .._replacement.messages import trust_remedy, why_not
from .._softlayer.store import StoreCertificate, certificate_of
from .._sources import messages as of_sources

NOT_APPROVED = "The check run did not show it, so nobody has approved it: run the check again."
GONE = {
    "imported": "It would have been imported, but no source has it any more. Run the check again.",
    "deployed": "It would have been switched, but it is gone, or not selected any more. Run the check again.",
    "removed": "It would have been deleted, but it is in use, not replaced, or gone. Run the check again.",
}
"""What is said of what a run in check mode showed, and can no longer be done, by the list of the result."""
TO_BE_REMOVED = "Would be removed once its replacement is served, and TLS clients accept it."
FINDINGS = {
    "other": "another one is served",
    "failing": "no TLS handshake succeeds",
    "unreachable": "it does not accept connections any more",
}
"""What is wrong with a listener, as a part of a sentence."""
CHANGES = {
    "unseen": "The change was accepted, but its end was not seen",
    "done": "The listener has the certificate",
    "lost": "The API accepted the change, but the listener lacks the certificate",
}
"""What is known of a change that has failed after the API had accepted it."""
REFUSAL_REMEDIES = {
    "ended": "Have it renewed: it has ended.",
    "to_come": "Wait until it begins, or check this machine's clock.",
    "chain": trust_remedy(None),
    "chain_elsewhere": trust_remedy(None, "served"),
}
"""What to do about what clients refuse."""


def of_target(outcome: str, reason: str | None, facts: Mapping[str, t.Any], form: Form = "done") -> str:
    """Return what becomes of a listener or an endpoint, and what was seen of it."""
    said = _outcome(outcome, reason, facts, form)
    if "glimpsed" in facts:
        said = f"{said} {facts['glimpsed']}"
    match facts:
        case {"is_interrupted": True, "previous_id": certificate_id}:
            return f"{said} It was not pointed back to certificate {certificate_id}, because the run was told to stop."
        case {"is_interrupted": True} if "probe" not in facts:
            return f"{said} The run was told to stop before it was seen what is served."
        case {"rolled_back_to": certificate_id, "why_not": why}:
            return f"{said} Pointing it back to certificate {certificate_id} failed, too: {why_not_switched(why)}"
        case {"rolled_back_to": certificate_id, "works": works}:
            how = "and works again" if works else "and does not work yet: see to it at once"
            return f"It was pointed back to certificate {certificate_id} {how}. {said}"
    return said


def _outcome(outcome: str, reason: str | None, facts: Mapping[str, t.Any], form: Form) -> str:
    """Return what became of a listener or an endpoint, with what was seen of it last."""
    match reason, facts:
        case "not_accepted", {"probe": probe, "predecessor_id": certificate_id, "called": called}:
            back = f"{deploy(certificate_id, called)} goes back to the one that was probably before it, which clients trust"
            return (
                f"Clients refuse what is served: {probe.refusal}. {back}, or import this one again with today's chain."
            )
        case "not_accepted", {"probe": probe}:
            return (
                f"{_expected(facts)} clients refuse what is served, and accepted what was served before: {probe.refusal}. See whether the load "
                "balancer sends the chain that the store holds; if that lacks a certificate, import this one again with all its intermediate "
                "certificates."
            )
        case "not_served", {"probe": probe}:
            is_partial = probe.finding == "failing" and probe.working
            how = (
                "the TLS handshake does not succeed at each of its addresses" if is_partial else FINDINGS[probe.finding]
            )
            return f"{_expected(facts)} {how}: {probe.words}{_remedy(facts)}"
    said = _planned(outcome, reason, facts, form)
    if (probe := facts.get("probe")) is None:
        return said
    if probe.finding == "unreachable":
        return f"{said} What is served cannot be looked at from here: {probe.words}"
    said = f"{said} {'The one that the listener has' if outcome == 'skipped' else 'It'} is served."
    if probe.closed:
        said = f"{said} {len(probe.closed)} of its addresses cannot be reached from here."
    if probe.accepted is False:
        before = ", as they refused what was there before" if facts["was_refused"] else ""
        said = f"{said} Clients refuse it{before}: {probe.refusal}."
    return said


def _expected(facts: Mapping[str, t.Any]) -> str:
    """Return what should be, as the beginning of a sentence that says what is."""
    if "demand" in facts:
        return f"It must serve {demanded(facts['demand'])}, and"
    return f"With certificate {facts['certificate_id']} in the API,"


def _remedy(facts: Mapping[str, t.Any]) -> str:
    """Return what to do if something else is served than should be, behind another sentence."""
    match facts:
        case {"demand": _}:
            return " Have that served there, or correct what is expected."
        case {"cause": Obstacle(reason="balancer_error", facts={"balancer": balancer})}:
            return f" {balancer.why_ended}"
        case {"cause": Obstacle(reason="balancer_busy", facts={"balancer": balancer})}:
            return f" Load balancer {balancer.name} was {balancer.provisioning_status}: run it again when it is ACTIVE."
        case {"certificate_id": present, "cause": Obstacle(facts={"balancer": balancer, "since": since, **cause})}:
            known = f" since {iso(since)} or earlier" if since else ""
            why = f" Load balancer {balancer.name} does not serve what this listener has been set to{known}."
            case = f"a support case for load balancer {balancer.uuid}."
            if "other_id" not in cause:
                return f"{why} Open {case}"
            other = deploy(cause["other_id"], cause["called"], cause["allow"])
            back = deploy(present, cause["called"])
            return f"{why} Switch it to another certificate with {other}, and back with {back}. If that does not help, open {case}"
    return ""


def _planned(outcome: str, reason: str | None, facts: Mapping[str, t.Any], form: Form) -> str:
    """Return what was decided about a listener or an endpoint."""
    match outcome, facts:
        case "switched", {"is_known": False}:
            return f"{participle(form, 'switched')} to the certificate that would be imported."
        case "switched", {"is_stored": False} if form == "would be":
            return "Would be switched, once the certificate is stored."
        case "switched", _:
            return f"{participle(form, 'switched')}."
        case "unchanged", {"planned": why}:
            return why_not_switched(why)
        case "unchanged", {"demand": demand}:
            return f"It must serve {demanded(demand)}."
        case "unchanged", {"kept": "best", "valid_id": other, "called": called}:
            when = f"until {iso(facts['end'])} only" if "end" in facts else f"from {iso(facts['start'])} on only"
            said = f"The store holds no better certificate. What the listener has is valid {when}."
            if other is None:
                return said
            return (
                f"{said} Certificate {other} is valid, though it began earlier: {deploy(other, called)} has it served."
            )
        case "unchanged", {"kept": "best"}:
            return "The store holds no better certificate."
        case "unchanged", {"kept": "same"}:
            return "It has this certificate already."
        case "unchanged", {"kept": "newer", "certificate_id": certificate_id}:
            return (
                f"It has certificate {certificate_id}, which is newer than that of the source and may stand in for it."
            )
        case "unchanged", {"kept": "not_stored"}:
            return "Its certificate was not stored."
        case "unchanged", {"kept": "switched"}:
            return "Another run has switched it meanwhile."
        case "unchanged", {"kept": "as_it_is", "certificate_id": certificate_id}:
            return f"The listener has {f'certificate {certificate_id}' if certificate_id else 'no certificate'}."
    return why_not_switched(Obstacle(str(reason), facts))


def why_not_switched(why: Obstacle[t.Any]) -> str:
    """Return why a listener is not given a certificate."""
    match why.reason, why.facts:
        case "not_approved", _:
            return NOT_APPROVED
        case "not_found", {"demand": demand}:
            return why_not(demand.why_unknown)
        case "not_found", {"is_deleted": True, "certificate_id": certificate_id}:
            return f"Certificate {certificate_id} was deleted from the store meanwhile."
        case "not_found", {"is_deleted": True}:
            return "The listener was deleted meanwhile."
        case "changed_meanwhile", {"now": changed}:
            match changed:
                case {"port": port}:
                    what = f"is on port {port}"
                case {"protocol": protocol}:
                    what = f"is for {protocol or 'another protocol'}"
                case {"certificate_id": has}:
                    what = f"has certificate {has}" if has else "has no certificate"
            return (
                f"The listener was changed since the plan was made: it {what} now. Run it again to see what is there."
            )
        case "changed_meanwhile", {"certificate_id": has, **cause}:
            match cause:
                case {"had": had}:
                    now = f"certificate {has}" if has else "no certificate"
                    state = f"it has {now}, and no longer certificate {had} as in the preview"
                case {"is_stored": True}:
                    state = f"the approved certificate can no longer replace certificate {has}"
                case _:
                    state = "the store does not contain the approved certificate"
            return f"Cannot switch the listener as approved: {state}. Create a new preview in check mode."
        case "api_error", {"is_accepted": True, "balancer": balancer}:
            return f"The API accepted the change, but the listener does not have the certificate: run it again.{balancer.shown_error}"
        case _, {"error": error, "change": change}:
            return f"{CHANGES[change]}. {error}"
        case _, {"error": error}:
            return str(error)
        case "balancer_error", {"balancer": balancer}:
            return str(balancer.why_ended)
        case "not_https", {"listener": name, "protocol": protocol}:
            return (
                f"The listener {name} is for {protocol or 'another protocol'}: only HTTPS listeners have a certificate."
            )
        case "names_not_covered", {"lost": lost, "listener": name}:
            return (
                f"The certificate is for none of the names that it serves, {some_of(lost)}: see that {name} is the listener that is meant. If it "
                "is, store the certificate with import_new, and name it in ssl_certificate_deploy, with allow_name_loss."
            )
        case "names_not_covered", {"lost": lost, "is_named": False}:
            return f"It would no longer serve {some_of(lost)}: name it as one of the listeners, if that is meant."
        case "not_found", {"listener": name, "certificate_id": None, "called": called}:
            return (
                f"The listener {name} has no certificate: {adopt(None, [called])} gives it one, with its name for NAME."
            )
        case "not_found", {"listener": name, "certificate_id": certificate_id, "is_there": is_there}:
            how = "cannot be read" if is_there else "is not in the store"
            return (
                f"Certificate {certificate_id}, which the listener {name} has, {how}, so its names are not known: name the one to serve in "
                "ssl_certificate_deploy, with allow_name_loss."
            )
        case "not_found", {"load_balancer": name, "port": port, "there": ports}:
            return f"Load balancer {name} has no listener on port {port}; it has: {_some(map(str, ports))}."
        case "not_found", {"load_balancer": name, "there": names}:
            return f"There is no load balancer {name}, or the API user has no access to it; there are: {_some(names)}."
        case "ambiguous", {"load_balancer": name, "uuids": uuids}:
            return f"Several load balancers are called {name}: name one by its uuid ({_some(uuids)})."
        case "ambiguous", {"listener": name, "certificate_ids": ids}:
            first, second = (f"id {each}" if each else "one that would be imported" for each in ids)
            return f"{name} is given two certificates ({first}, and {second}): leave one of the two."
        case "ambiguous", {"listener": name, "certificate_id": has, "expected": expected}:
            what = f"certificate {has}" if has else "no certificate"
            return f"The listener {name} has {what} and not {expected}, as the plan says: it was changed meanwhile. Plan anew."
        case "ambiguous", {"equals": records, "called": called}:
            ids = [record.id for record in records if record.id]
            new = [certificate_of(record).fingerprint_sha256 for record in records if not record.id]
            stored, coming = ", ".join(map(str, ids)), ", ".join(new)
            shown = [stored and f"ids {stored}", coming and f"not stored yet, with the SHA-256 {coming}"]
            remedy = "leave one of them in the sources"
            if ids:
                remedy = f"{deploy(ids[0], called)} has one of them served; or delete the others"
            return f"There are several equally good certificates ({'; '.join(filter(None, shown))}): {remedy}."
    return _not_taken(why)


def _not_taken(why: Obstacle[t.Any]) -> str:
    """Return why a certificate is not put on a listener, and what to do about it."""
    match why.reason, why.facts:
        case _, {"newer": record, "why": nested}:
            return f"The newer certificate {called_in_store(record)} was not taken: {_not_taken(nested)}"
        case _, {"why": nested, **facts}:
            said = _not_taken(nested)
            if "certificate_id" in facts:
                said = f"Certificate {facts['certificate_id']} was not taken: {said}"
            match nested.facts, facts:
                case _, {"source": source, "name": name, "names": names}:
                    return f"{said} {capitalized(of_sources.remedy('rsa_key', source, name, names))}."
                case {"offers_rsa": offers_rsa}, _:
                    return f"{said} Have the certificate issued with {'an RSA' if offers_rsa else 'another'} key."
                case _, {"certificate_id": _} if nested.reason in ACCEPT:
                    return f"{said} {ACCEPT[nested.reason]}: true accepts it."
            return said
        case "key_type_not_offered", {"load_balancer": name, "key_type": key_type}:
            return (
                f"Its key is {key_type}, and load balancer {name} has no cipher suites for such keys, unless others are chosen: no client could "
                "connect."
            )
    return why_not(why)


def called_in_store(record: StoreCertificate) -> str:
    """Return what follows the word certificate in a sentence."""
    return str(record.id or f"for {certificate_of(record).shown_name}, which is not stored yet,")


def unmatched(why: Obstacle[t.Any]) -> str:
    """Return which patterns of a selection match nothing."""
    match why.facts:
        case {"load_balancers": patterns, "there": names}:
            return (
                f"No load balancer matches {some_of(patterns)} of load_balancers, or the API user has no access to it; there "
                f"are: {_some(names)}."
            )
        case {"common_names": patterns, "there": names}:
            return f"No certificate matches {some_of(patterns)} of common_names; there are those for: {some_of(names) or 'nothing'}."
    raise AssertionError(why)


def too_many_listeners(why: Obstacle[t.Any]) -> str:
    """Return why a run is refused that would switch more listeners than it may."""
    return (
        f"The run would switch more listeners ({why.facts['planned']}) than max_listeners allows ({why.facts['max_listeners']}), so it switched "
        "none. Select fewer of them, or raise max_listeners."
    )


def refused_by_clients(names: Iterable[str], refusal: str, remedy: str) -> str:
    """Return the warning about listeners whose certificate clients refuse for one reason."""
    listeners = some_of(sorted(names, key=listener_place))
    return f"Clients refuse what these listeners serve: {listeners}: {refusal}. {REFUSAL_REMEDIES[remedy]}"


def not_reached(names: Iterable[str]) -> str:
    """Return the warning about listeners that do not accept connections from here."""
    return (
        f"What these listeners serve cannot be looked at from here: {some_of(sorted(names, key=listener_place))}. Run it from a machine that "
        "reaches them, or see with ssl_endpoint_info from there."
    )


def why_kept(certificate_id: int | None, why: Obstacle[t.Any]) -> str:
    """Return why a certificate of the store is not deleted although others may stand in for it."""
    kept = f"Certificate {certificate_id} is kept, because"
    match why.reason, why.facts:
        case "in_use", {"endpoint": number, "demand": demand}:
            unknown = f"endpoints[{number}].expected: {why_not(demand.why_unknown)}"
            return f"It is kept until it is known what endpoints must serve. {unknown}"
        case "in_use", {"listeners": names}:
            return f"{kept} {some_of(names)} {'uses' if len(names) == 1 else 'use'} it."
        case "in_use", {"services": None}:
            return f"{kept} the API does not tell whether a service uses it."
        case "in_use", {"services": count}:
            return f"{kept} {'a service uses' if count == 1 else f'{count} services use'} it that this run does not deal with."
        case "in_use", {"endpoints": names}:
            which = "this endpoint" if len(names) == 1 else "these endpoints"
            return f"{kept} {_serve(names)} it. Deploy another certificate to {which}."
        case "in_use", {"expected_by": name}:
            return f"{kept} {name} expects it to be served. If that is no longer true, change what {name} expects."
        case "not_accepted", {"listeners": names, "refusal": refusal}:
            return (
                f"{kept} TLS clients reject its replacement at {some_of(names)}: {refusal}. Check whether the load balancer sends the chain that "
                "the store contains. If that chain lacks a certificate, import the replacement again with all its intermediate certificates. For "
                "a private CA, set trusted_ca_path."
            )
        case "unreachable", {"endpoints": names}:
            remedy = "Run the rotation from a host that reaches each of their addresses, or set remove_unverified."
            return f"{kept} the run could not see what {_serve(names)}. {remedy}"
        case "unreachable" | "not_served", {"listeners": names}:
            return f"{kept} it was not seen at each address that {_serve(names)} what replaces it."
        case "expires_earlier", {"end": end}:
            return f"Certificate {certificate_id} is kept until it ends at {iso(end)}, because what replaces it ends earlier."
    raise AssertionError(why)


def _serve(names: Sequence[str]) -> str:
    return f"{some_of(names)} {'serves' if len(names) == 1 else 'serve'}"


def _some(texts: Iterable[str]) -> str:
    return some_of(list(texts)) or "none"
