# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The sentences about sources, and about their certificates. Private to softlayer.certificates. Pure."""

from __future__ import annotations

import typing as t
from collections.abc import Sequence

from .._base import remedies
from .._base.errors import Obstacle
from .._base.text import MOST_NAMED, capitalized, encodable, printable, some_of, uncapitalized
from .._base.times import iso
from .._replacement.can_replace import ACCEPT, LOOSENED
from .._replacement.messages import REPLACED_CHAIN, revoked, trust_remedy, why_not
from .._report.summary import MOST_NAMED as MAX_LISTED
from .._secrets_manager import messages as of_secrets
from .._secrets_manager.secret import Secret
from .._softlayer.store import StoreCertificate, certificate_of
from .._sources import messages as of_sources
from .._sources.messages import source_name
from .._store.plan_import import ImportAction
from .._x509.bundle import Bundle, Trouble
from .._x509.chain import Chain
from .messages_deploy import NOT_APPROVED
from .world import SourceCertificate, SourceContents

SEE = "See that its disk is mounted, and that the path is right."
"""What to do where something is not found."""
NO_RENEWAL = "It renews no certificate of the store. For certificate"


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
    name, why = printable(first.origin.name), of_sources.trouble(t.cast(Trouble, first.trouble))
    return f"None of the {len(useless)} certificates in {printable(path)} can be used. {name}: {encodable(why)}"


def why_not_imported(why: Obstacle[t.Any], entry: SourceCertificate) -> str:
    """Return why a certificate of a source is not imported."""
    certificate = entry.certificate
    shown, key_type = certificate.shown_name or "", certificate.key_type
    match why.reason, why.facts:
        case "not_approved", _:
            return NOT_APPROVED
        case _, {"nearest": nearest, "why": nested, "obstacles": obstacles, "listeners": listeners}:
            remedy = remedy_for_held_back(nested, obstacles, entry.record, nearest, entry, listeners)
            return f"{NO_RENEWAL} {nearest.id}, {uncapitalized(why_not(nested))} {remedy}".strip()
        case "expired", _:
            remedy = of_sources.remedy("renewal", entry.source, entry.name, [shown], key_type)
            return f"It expired at {iso(certificate.not_after)}: {remedy}."
        case "not_yet_valid", _:
            begin = iso(certificate.not_before)
            return f"It is not valid before {begin}: run it again then, or check this machine's clock."
        case "revoked", {"revocation": revocation}:
            return f"It was {revocation.shown}: {of_sources.remedy('reissue', entry.source, entry.name, [shown], key_type)}."
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
            return _earlier(later, command, of_sources.remedy("reissue", entry.source, entry.name, [shown], key_type))
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
            return f"{NO_RENEWAL} {nearest.id}, {lacks} {_accepting([reason], remedies.adopt(shown, listeners))}"
        case "ambiguous", {"later": later, "listeners": listeners}:
            anew = of_sources.remedy("reissue", "secrets_manager", secret.name, [shown])
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
    why: Obstacle[t.Any],
    obstacles: Sequence[Obstacle[t.Any]],
    new: StoreCertificate,
    old: StoreCertificate,
    entry: SourceCertificate | None,
    listeners: Sequence[str] = (),
) -> str:
    """Return what else speaks against a certificate that is held back, and what to do about it, as sentences; empty if its reason says that.

    Args:
        why: why it is held back.
        obstacles: all that speaks against it, wildcards considered; see `can_replace.obstacles`.
        new: the certificate.
        old: what it is not put in the place of.
        entry: where a source has it; `None` for one of the store.
        listeners: what commands call those that it is held back from; empty for each that serves its names.
    """
    others = [why_not(other) for other in obstacles if other.reason != why.reason]
    reasons = [other.reason for other in obstacles]
    remedy = _remedy(
        reasons or ["names_by_wildcard" if why.reason == "names_not_covered" else why.reason],
        new,
        old,
        entry,
        listeners,
    )
    return " ".join([*others, remedy]).strip()


def _remedy(
    reasons: Sequence[str],
    new: StoreCertificate,
    old: StoreCertificate,
    entry: SourceCertificate | None,
    listeners: Sequence[str],
) -> str:
    """Return what to do about a certificate that is held back for reasons; see `remedy_for_held_back`."""
    certificate = certificate_of(new)
    shown = certificate.shown_name or ""
    is_back_to_rsa = certificate.key_type == "RSA" and certificate_of(old).key_type != "RSA"
    if not {"key_type_differs", "key_type_not_offered"}.isdisjoint(reasons) and not is_back_to_rsa:
        names = [shown, *sorted(certificate.identities - {shown})]
        source, name = (entry.source, entry.name) if entry else (None, shown)
        return f"{capitalized(of_sources.remedy('rsa_key', source, name, names))}."
    if entry or not listeners:
        return _accepting(reasons, remedies.adopt(shown, listeners, entry.folder if entry else None))
    allow = [ACCEPT[reason] for reason in reasons if reason in ACCEPT]
    return _accepting(reasons, remedies.deploy(new.stored_id, listeners[0], allow))


def _accepting(reasons: Sequence[str], switch: str) -> str:
    """Return what to do about a certificate that may be accepted for some reasons; `switch` is the command that does so."""
    match [*reasons]:
        case [*_, last] if last not in {"names_by_wildcard", *LOOSENED}:
            return ""
        case ["names_by_wildcard"]:
            return f"Its wildcards have them: {switch} has it served; or have it issued for these names, too."
        case ["names_not_covered"]:
            return f"Have it issued for all names; or if they are to go, {switch} has it served."
        case ["names_not_covered", *_]:
            return f"Have it issued for all names; or if all that is meant, {switch} has it served, once."
    return f"If {'all that' if len(reasons) > 1 else 'that'} is meant, {switch} has it served, once."


def why_not_adopted(why: Obstacle[t.Any], name: str, sources: SourceContents) -> str:
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
