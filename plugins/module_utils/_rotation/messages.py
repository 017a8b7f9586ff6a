# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every sentence about a rotation that a user may read. Private to softlayer.certificates. Pure."""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Mapping, Sequence

from .._base import remedies
from .._base.errors import Obstacle
from .._base.messages import Form, participle
from .._base.names import listener_place, name_in_source, shown_name_of, source_name
from .._base.remedies import DEPLOY, ROTATE, adopt, deploy, rsa_key
from .._base.text import MOST_NAMED, capitalized, encodable, printable, some_of, uncapitalized
from .._base.times import iso
from .._probe.messages import demanded
from .._replacement.can_replace import ACCEPT
from .._replacement.messages import REPLACED_CHAIN, revoked, trust_remedy, why_not
from .._report.summary import MOST_NAMED as MAX_LISTED
from .._secrets_manager import messages as of_secrets
from .._softlayer.store import certificate_of
from .._sources import messages as of_sources

if t.TYPE_CHECKING:
    from .._secrets_manager.secret import Secret
    from .._softlayer.store import StoreCertificate
    from .._store.plan_import import ImportAction
    from .._x509.bundle import Bundle, Trouble
    from .._x509.certificate import Certificate
    from .._x509.chain import Chain
    from .attention import AttentionItem, Served
    from .plan_import import SourceCertificate
    from .world import Read

# Listeners and endpoints, and what is removed

NOT_APPROVED = "The check run did not show it, so nobody has approved it: run the check again."
GONE = {
    "imported": "It would have been imported, but no source has it any more. Run the check again.",
    "deployed": "It would have been switched, but it is gone, or not selected any more. Run the check again.",
    "removed": "It would have been deleted, but it is in use, not replaced, or gone. Run the check again.",
}
"""What is said of what a run in check mode showed, and can no longer be done, by the list of the result."""
TO_BE_REMOVED = "Would be removed, once it was seen that what replaces it is served."
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
    planned = _planned(outcome, reason, facts, form)
    return f"{planned} {_seen(outcome, facts)}" if "probe" in facts else planned


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


def _seen(outcome: str, facts: Mapping[str, t.Any]) -> str:
    """Return what was seen of a listener or an endpoint that serves what it should, or cannot be reached."""
    probe = facts["probe"]
    if probe.finding == "unreachable":
        return f"What is served cannot be looked at from here: {probe.words}"
    said = f"{'The one that the listener has' if outcome == 'skipped' else 'It'} is served."
    if probe.closed:
        said = f"{said} {len(probe.closed)} of its addresses cannot be reached from here."
    if probe.accepted is False:
        before = ", as they refused what was there before" if facts["was_refused"] else ""
        said = f"{said} Clients refuse it{before}: {probe.refusal}."
    return said


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
        case "unchanged", {"kept": "best"}:
            return f"The store holds no better certificate.{_if_expired(facts)}"
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


def _if_expired(facts: Mapping[str, t.Any]) -> str:
    """Return that what a listener has is not valid, and which certificate is, behind another sentence."""
    match facts:
        case {"end": end}:
            when = f"until {iso(end)} only"
        case {"start": start}:
            when = f"from {iso(start)} on only"
        case _:
            return ""
    said = f" What the listener has is valid {when}."
    if (other := facts["valid_id"]) is None:
        return said
    return (
        f"{said} Certificate {other} is valid, though it began earlier: {deploy(other, facts['called'])} has it served."
    )


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
            return f"The listener was changed since the plan was made: it {_now(changed)} now. Run it again to see what is there."
        case "changed_meanwhile", _:
            return "It would have been switched, but the store does not hold that certificate. Run the check again."
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
        case "not_found" | "ambiguous", {"listener": _} | {"load_balancer": _} | {"equals": _}:
            return _unclear(why)
    return _not_taken(why)


def _now(changed: Mapping[str, t.Any]) -> str:
    """Return what has changed about a listener, as a part of a sentence."""
    match changed:
        case {"port": port}:
            return f"is on port {port}"
        case {"protocol": protocol}:
            return f"is for {protocol or 'another protocol'}"
    return f"has certificate {changed['certificate_id']}" if changed["certificate_id"] else "has no certificate"


def _unclear(why: Obstacle[t.Any]) -> str:
    """Return why it is not known which listener is meant, what that has, or which certificate it is to get."""
    match why.reason, why.facts:
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
    raise AssertionError(why)


def _not_taken(why: Obstacle[t.Any]) -> str:
    """Return why a certificate is not put on a listener, and what to do about it."""
    match why.reason, why.facts:
        case _, {"newer": record, "why": nested}:
            return f"The newer certificate {called_in_store(record)} was not taken: {_not_taken(nested)}"
        case _, {"why": nested}:
            taken = (
                f"Certificate {why.facts['certificate_id']} was not taken: " if "certificate_id" in why.facts else ""
            )
            return f"{taken}{_not_taken(nested)}{_remedy_if_not_taken(nested, why.facts)}"
        case "key_type_not_offered", {"load_balancer": name, "key_type": key_type}:
            return (
                f"Its key is {key_type}, and load balancer {name} has no cipher suites for such keys, unless others are chosen: no client could "
                "connect."
            )
    return why_not(why)


def _remedy_if_not_taken(why: Obstacle[t.Any], facts: Mapping[str, t.Any]) -> str:
    match why.facts, facts:
        case _, {"source": source, "name": name, "names": names}:
            return f" {capitalized(rsa_key(source, name, names))}."
        case {"offers_rsa": offers_rsa}, _:
            return f" Have the certificate issued with {'an RSA' if offers_rsa else 'another'} key."
        case _, {"certificate_id": _} if why.reason in ACCEPT:
            return f" {ACCEPT[why.reason]}: true accepts it."
    return ""


def called_in_store(record: StoreCertificate) -> str:
    """Return what follows the word certificate in a sentence."""
    return str(record.id or f"with the SHA-256 {record.handle}, which is not stored yet,")


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


def too_many_listeners(planned: int, most: int) -> str:
    """Return why a run is refused that would switch more listeners than it may."""
    return (
        f"The run would switch more listeners ({planned}) than max_listeners allows ({most}), so it switched none. "
        "Select fewer of them, or raise max_listeners."
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
        case "in_use", {"endpoints": names, "newest": newest}:
            return f"{kept} {_serve(names)} it: have certificate {called_in_store(newest)} served there, and it is removed."
        case "in_use", {"expected_by": name, "newest": newest}:
            return f"{kept} {name} expects it to be served: name certificate {called_in_store(newest)} there, and it is removed."
        case "not_accepted", {"listeners": names, "refusal": refusal}:
            return f"{kept} clients refuse what {_serve(names)} in its place: {refusal}."
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


# Sources, and what needs attention

SEE = "See that its disk is mounted, and that the path is right."
"""What to do where something is not found."""
NO_RENEWAL = "It renews no certificate of the store. For certificate"
UNRENEWED = frozenset({"not_renewed", "unused", "no_source"})
"""Why nothing renews what is due; all else that can be said of it is about a renewal that there is."""


def not_trusted(chain: Chain) -> str:
    """Return what is wrong with the chain of a certificate of a source, and what to do about it."""
    return f"Not trusted: {chain.why}. {trust_remedy(chain, 'new')}"


def why_empty(why: Obstacle[str], kind: str) -> str:
    """Return why a source of some kind brings nothing at all."""
    nothing = f"The source {source_name(kind)} brings nothing:"
    match why.reason, why.facts:
        case "no_secrets", {"url": url}:
            return f"{nothing} {url} has no certificate, or none to which the source is narrowed. See that it is the right instance."
        case "not_found", {"path": path}:
            return f"{nothing} {printable(path)} is not there. {SEE}"
        case "empty", {"path": path}:
            return f"{nothing} {printable(path)} is empty. {SEE}"
        case "other_kind", {"path": path, "kind": other}:
            return f"{nothing} {printable(path)} is a place of the kind {other}: write {other} in place of {kind}."
        case "nothing", {"path": path}:
            what = "private key" if kind == "mail" else "certificate with its private key"
            return f"{nothing} there is no {what} in {printable(path)}. {SEE}"
    return f"{nothing} {why.facts['error']}"


def none_usable(path: str, useless: Sequence[Bundle]) -> str:
    """Return that a folder has certificates, but none that can be used."""
    first = useless[0]
    name, why = printable(first.origin.name), of_sources.trouble(t.cast("Trouble", first.trouble))
    return f"None of the {len(useless)} certificates in {printable(path)} can be used. {name}: {encodable(why)}"


def why_not_imported(why: Obstacle[t.Any], entry: SourceCertificate) -> str:
    """Return why a certificate of a source is not imported."""
    certificate = entry.certificate
    shown, key_type = certificate.shown_name or "", certificate.key_type
    match why.reason, why.facts:
        case "not_approved", _:
            return NOT_APPROVED
        case _, {"nearest": nearest, "why": nested, "remedy": reason, "listeners": listeners}:
            remedy = remedy_for_held_back(reason, entry.record, nearest, entry, listeners)
            return f"{NO_RENEWAL} {nearest.id}, {uncapitalized(why_not(nested))} {remedy}".strip()
        case "expired", _:
            remedy = remedies.renewal(entry.source, entry.name, shown, key_type)
            return f"It expired at {iso(certificate.not_after)}: {remedy}."
        case "not_yet_valid", _:
            begin = iso(certificate.not_before)
            return f"It is not valid before {begin}: run it again then, or check this machine's clock."
        case "revoked", {"revocation": revocation}:
            return f"It was {revocation.shown}: {remedies.reissue(entry.source, entry.name, shown, key_type)}."
        case "untrusted", {"revocation": revocation}:
            return f"{capitalized(revoked(revocation, is_own=False))}. {REPLACED_CHAIN}"
        case "untrusted" | "chain_incomplete", _:
            return not_trusted(entry.chain)
        case "already_imported", {"certificate_id": identifier}:
            return f"The store has it: certificate {identifier}."
        case "superseded", {"stored": newest}:
            until = iso(newest.not_after)
            return f"The store has a newer one for the same names: certificate {newest.id}, valid until {until}."
        case "superseded", {"other": other}:
            is_same = other.certificate.identities == certificate.identities
            which = "the same names" if is_same else "these names and more"
            until = iso(other.certificate.not_after)
            return f"{source_name(other.source)} has a better one for {which}, {other.where}, valid until {until}."
        case "ambiguous", {"stored": equal}:
            command = remedies.adopt(certificate.shown_name, source=entry.folder)
            return (
                f"The store has one that is exactly as new, certificate {equal.id}, so it is not known which one is meant: "
                f"{command} has this one served."
            )
        case "ambiguous", {"other": other}:
            return (
                f"{source_name(other.source)} has another one that is exactly as new, {other.where}, so it is not known which one is meant: "
                "leave one of them there."
            )
        case "ambiguous", {"later": later, "listeners": listeners}:
            command = remedies.adopt(shown, listeners, entry.folder)
            return _earlier(later, command, remedies.reissue(entry.source, entry.name, shown, key_type))
        case "new_name", {"names": names}:
            return _new_name(names)
    raise AssertionError(why)


def changed_while_read(planned: ImportAction) -> str:
    """Return why a certificate of a source is not imported that was fine a moment before."""
    return f"Its files were changed while they were read: run it again. {planned.message}"


def why_not_read(why: Obstacle[t.Any], secret: Secret) -> str:
    """Return why a certificate of Secrets Manager is not read, by what is known of it without its private key."""
    shown = secret.common_name or min(why.facts.get("names") or {""})
    match why.reason, why.facts:
        case "not_active", _:
            return f"Secrets Manager says that it is {secret.why_inactive}: look there why it is not active."
        case "expired", _:
            return (
                f"It expired at {iso(secret.not_after)}: have Secrets Manager renew it, or import a new version there."
            )
        case "names_not_covered", {"nearest": nearest, "lost": lost, "remedy": reason, "listeners": listeners}:
            lacks = uncapitalized(why_not(Obstacle("names_not_covered", {"lost": lost})))
            return f"{NO_RENEWAL} {nearest.id}, {lacks} {_accepting(reason, remedies.adopt(shown, listeners))}"
        case "ambiguous", {"later": later, "listeners": listeners}:
            anew = remedies.reissue("secrets_manager", secret.name, shown, "")
            return _earlier(later, remedies.adopt(shown, listeners), anew)
        case "new_name", {"names": names}:
            return _new_name(names)
        case "certificate_missing", {"is_gone": True}:
            return "It was removed from Secrets Manager while this ran."
    return of_secrets.trouble(why)


def _earlier(later: StoreCertificate, switch: str, anew: str) -> str:
    """Return what to do about a certificate that ends later than a record for its names, which began later: either may be meant."""
    return (
        f"It ends later than certificate {later.id} of the store, which is for the same names, but begins earlier, so it does not renew that: "
        f"{switch} has this one served; or {anew}."
    )


def _new_name(names: frozenset[str] | None) -> str:
    """Return what to do about a certificate for names that the store has no other one for; `None` if the store has nothing at all."""
    remedy = "import_new: true imports it."
    if names is None:
        return (
            "The list of the store is empty. If certificates are stored, give the API user the permission SECURITY_CERTIFICATE_MANAGE; "
            f"if none is, {remedy}"
        )
    if not names:
        return f"It is for no name, so it renews no certificate of the store. {remedy}"
    return f"The store holds no certificate for {some_of(sorted(names))} that it would renew: {remedy}"


def remedy_for_held_back(
    reason: str,
    new: StoreCertificate,
    old: StoreCertificate,
    entry: SourceCertificate | None,
    listeners: Sequence[str] = (),
) -> str:
    """Return what to do about a certificate that is held back, as a sentence; empty if its reason says that.

    Args:
        reason: why, wildcards considered; see `plan_import.reason_to_accept`.
        new: the certificate.
        old: what it is not put in the place of.
        entry: where a source has it; `None` for one of the store.
        listeners: what commands call those that it is held back from; empty for each that serves its names.
    """
    certificate = certificate_of(new)
    shown = certificate.shown_name or ""
    is_back_to_rsa = certificate.key_type == "RSA" and certificate_of(old).key_type != "RSA"
    if reason in {"key_type_differs", "key_type_not_offered"} and not is_back_to_rsa:
        names = [shown, *sorted(certificate.identities - {shown})]
        source, name = (entry.source, entry.name) if entry else (None, shown)
        return f"{capitalized(remedies.rsa_key(source, name, names))}."
    if entry or not listeners:
        return _accepting(reason, remedies.adopt(shown, listeners, entry.folder if entry else None))
    return _accepting(reason, remedies.deploy(new.stored_id, listeners[0], ACCEPT.get(reason)))


def _accepting(reason: str, switch: str) -> str:
    """Return what to do about a certificate that may be accepted for a reason; `switch` is the command that does so."""
    match reason:
        case "names_by_wildcard":
            return f"Its wildcards have them: {switch} has it served; or have it issued for these names, too."
        case "names_not_covered":
            return f"Have it issued for all names; or if they are to go, {switch} has it served."
        case "organization_differs" | "key_type_differs":
            return f"If that is meant, {switch} has it served, once."
    return ""


def why_not_adopted(why: Obstacle[t.Any], name: str, sources: Read) -> str:
    """Return why no certificate of the sources is taken for a name that a person wants to adopt one for."""
    match why.reason, why.facts:
        case "not_found", {"names": names}:
            there = some_of(names) or "nothing"
            lacks = f"The source has no certificate for {name} that can be read; it has those for: {there}."
            useless = [
                f"{record['name']} cannot be used: {record['message']}"
                for record in (*sources.useless, *sources.unwanted)
            ]
            others = [*useless, *(record["message"] for record in (*sources.failed, *sources.empty))]
            return " ".join([lacks, *others[:MAX_LISTED]])
        case "ambiguous", {"rivals": rivals}:
            folders = list(dict.fromkeys(filter(None, [entry.folder for entry in rivals])))
            remedy = (
                f"Name one of them as the source: {' or '.join(folders[:MOST_NAMED])}."
                if len(folders) == len(rivals)
                else "Copy one, with its key, to a folder of its own, and name that as the source."
            )
            each = [
                f"{entry.where} ({entry.certificate.key_type}, until {iso(entry.certificate.not_after)})"
                for entry in rivals
            ]
            return f"The source has several certificates for {name}, and none may stand in for all others: {some_of(each)}. {remedy}"
        case _, {"entry": entry, "why": nested}:
            return f"{entry.shown} cannot be used: {why_not_imported(nested, entry)}"
    raise AssertionError(why)


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
            remedy = remedies.renewal(entry.source, entry.name, served.shown_name or "", entry.certificate.key_type)
            says = f" (it says why at {url} )" if url else ""
            return f"Its authority wanted it renewed by {iso(request.end)}{says}, and {entry.shown} has not done so: {remedy}."
        case "not_yet_valid", {"listener": listener, "before": before}:
            lifespan = served.lifespan
            what = f"Its issuer {lifespan.starts_by.shown_name}" if lifespan.starts_by else "It"
            other = (
                f"{listener.place.command(before)} goes back to certificate {before}"
                if before
                else "have one served that is valid"
            )
            return f"{what} is not valid before {iso(lifespan.usable_from)}, and clients refuse it until then: {other}, or check this machine's clock."
        case "revoked", _:
            return _revoked(why.facts, t.cast("Certificate", served.certificate))
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
                listener.place.command(newest.id, "allow_name_loss")
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
            remedy = remedies.renewal(record["source"], record["name"], shown, key_type)
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
    remedy = remedy_for_held_back(facts["remedy"], new, facts["old"], entry, [facts["listener"].place.called])
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
    anew = remedies.reissue(source, name, certificate.shown_name, certificate.key_type)
    chain = "" if is_own else ", or put the chain that its authority has in its place beside it"
    back = (
        f" Until then, {listener.place.command(before)} goes back to the one that was probably before it."
        if before
        else ""
    )
    return f"{what}: {anew}{chain}; {ROTATE} brings it here.{back}"
