# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Messages about sources and the certificates in them. Private to softlayer.certificates. Pure."""

from __future__ import annotations

import typing as t
from collections.abc import Sequence

from .._base import remedies
from .._base.errors import Obstacle
from .._base.text import MAX_LISTED, capitalize_first, escape_invisible, join_first, make_encodable
from .._base.times import format_time
from .._replacement.can_replace import ACCEPT_OPTIONS, OVERRIDABLE
from .._replacement.messages import REPLACEMENT_CHAIN_REMEDY, describe_obstacle, describe_revocation, find_trust_remedy
from .._report.summary import MAX_LISTED as MAX_PARTS
from .._secrets_manager import messages as of_secrets
from .._secrets_manager.secret import Secret
from .._softlayer.store import StoreCertificate, certificate_of
from .._sources import messages as of_sources
from .._sources.messages import source_name
from .._store.plan_import import ImportAction
from .._x509.bundle import Bundle, Problem
from .._x509.chain import Chain
from .messages_deploy import UNAPPROVED_CHANGE
from .world import SourceCertificate, SourceContents

PATH_REMEDY = "Check that the disk is mounted, and that the path is correct."
"""The remedy for a missing file or directory."""


def describe_distrust(chain: Chain) -> str:
    """Return the reason why a certificate in a source is not trusted, and the remedy."""
    return f"The certificate is not trusted: {chain.why}. {find_trust_remedy(chain, 'new')}"


def why_empty(why: Obstacle[str], kind: str) -> str:
    """Return the reason why a source contains no certificate, and the remedy."""
    problem = f"Cannot find certificates in the source {source_name(kind)}:"
    match why.reason, why.facts:
        case "no_secrets", {"url": url}:
            return f"{problem} no certificate in {url} matches the options names, labels, secret_groups, and types. Check the options and instance_url."
        case "not_found", {"path": path}:
            return f"{problem} {escape_invisible(path)} does not exist. {PATH_REMEDY}"
        case "empty", {"path": path}:
            return f"{problem} {escape_invisible(path)} is empty. {PATH_REMEDY}"
        case "other_kind", {"path": path, "kind": other}:
            return (
                f"{problem} {escape_invisible(path)} is a source of the kind {other}. Write {other} instead of {kind}."
            )
        case "nothing", {"path": path}:
            what = "private key" if kind == "mail" else "certificate with its private key"
            return f"{problem} {escape_invisible(path)} does not contain a {what}. {PATH_REMEDY}"
    return f"{problem} {why.facts['error']}"


def describe_unusable(path: str, useless: Sequence[Bundle]) -> str:
    """Return the message about a directory with only unusable certificates."""
    first = useless[0]
    name, why = escape_invisible(first.origin.name), of_sources.describe_problem(t.cast(Problem, first.problem))
    return (
        f"Cannot use any of the {len(useless)} certificates in {escape_invisible(path)}. {name}: {make_encodable(why)}"
    )


def why_skipped(why: Obstacle[t.Any], entry: SourceCertificate) -> str:
    """Return the reason why a certificate in a source is skipped, and the remedy."""
    certificate = entry.certificate
    shown, key_type = certificate.shown_name or "", certificate.key_type
    match why.reason, why.facts:
        case "not_approved", _:
            return UNAPPROVED_CHANGE
        case _, {"nearest": nearest, "why": nested, "obstacles": obstacles, "listeners": listeners}:
            remedy = find_held_back_remedy(nested, obstacles, entry.record, nearest, entry, listeners)
            return f"{_describe_nearest(nearest)} {describe_obstacle(nested)} {remedy}".strip()
        case "expired", _:
            remedy = of_sources.remedy("renewal", entry.source, entry.name, [shown], key_type)
            return f"The certificate expired at {format_time(certificate.not_after)}. {capitalize_first(remedy)}."
        case "not_yet_valid", _:
            begin = format_time(certificate.not_before)
            return f"The certificate is not valid before {begin}. Run the playbook again after that time, or check the clock of the control node."
        case "revoked", {"revocation": revocation}:
            remedy = of_sources.remedy("reissue", entry.source, entry.name, [shown], key_type)
            return f"The certificate was {revocation.shown}. {capitalize_first(remedy)}."
        case "untrusted", {"revocation": revocation}:
            return f"{capitalize_first(describe_revocation(revocation, is_own=False))}. {REPLACEMENT_CHAIN_REMEDY}"
        case "untrusted" | "chain_incomplete", _:
            return describe_distrust(entry.chain)
        case "already_imported", {"certificate_id": identifier}:
            return f"The certificate is already in the certificate store, with the ID {identifier}."
        case "superseded", {"stored": newest}:
            until = format_time(newest.not_after)
            return f"The certificate store contains a newer certificate for the same DNS names: certificate {newest.id}, which expires at {until}."
        case "superseded", {"other": other}:
            is_same = other.certificate.identities == certificate.identities
            which = "the same DNS names" if is_same else "the same and more DNS names"
            until = format_time(other.certificate.not_after)
            return f"{source_name(other.source)} contains a better certificate for {which}: {other.location}, which expires at {until}."
        case "ambiguous", {"stored": equal}:
            command = remedies.adopt(certificate.shown_name, source=entry.directory)
            return (
                f"Cannot identify the renewal: certificate {equal.id} in the certificate store is equally new. To deploy the certificate in the "
                f"source, run {command}."
            )
        case "ambiguous", {"other": other}:
            return (
                f"Cannot identify the renewal: {other.location} in {source_name(other.source)} is equally new. Keep only one of the certificates in the "
                "sources."
            )
        case "ambiguous", {"later": later, "listeners": listeners}:
            command = remedies.adopt(shown, listeners, entry.directory)
            return _describe_ambiguity(
                later, command, of_sources.remedy("reissue", entry.source, entry.name, [shown], key_type)
            )
        case "new_name", {"names": names}:
            return _describe_new_name(names)
    raise AssertionError(why)


def describe_changed_files(planned: ImportAction) -> str:
    """Return the message about a certificate whose files changed during the run."""
    return f"The files of the certificate changed while they were read. Run the playbook again. {planned.message}"


def why_unread(why: Obstacle[t.Any], secret: Secret) -> str:
    """Return the reason why a secret is not read, according to its metadata."""
    shown = secret.common_name or min(why.facts.get("names") or {""})
    match why.reason, why.facts:
        case "not_active", _:
            return f"The secret is not active: Secrets Manager reports that it is {secret.why_inactive}. Check the secret in Secrets Manager."
        case "expired", _:
            return f"The certificate expired at {format_time(secret.not_after)}. Renew the certificate in Secrets Manager, or import a new version."
        case "names_not_covered", {"nearest": nearest, "lost": lost, "remedy": reason, "listeners": listeners}:
            lacks = describe_obstacle(Obstacle("names_not_covered", {"lost": lost}))
            return (
                f"{_describe_nearest(nearest)} {lacks} {_describe_override([reason], remedies.adopt(shown, listeners))}"
            )
        case "ambiguous", {"later": later, "listeners": listeners}:
            reissue = of_sources.remedy("reissue", "secrets_manager", secret.name, [shown])
            return _describe_ambiguity(later, remedies.adopt(shown, listeners), reissue)
        case "new_name", {"names": names}:
            return _describe_new_name(names)
        case "certificate_missing", {"is_gone": True}:
            return "The secret was deleted from Secrets Manager during the run."
    return of_secrets.describe_problem(why)


def _describe_nearest(nearest: StoreCertificate) -> str:
    """Return the beginning of a message about the record that a certificate cannot replace."""
    return f"Cannot replace certificate {nearest.id} in the certificate store."


def _describe_ambiguity(later: StoreCertificate, switch: str, reissue: str) -> str:
    """Return the message about a certificate that was issued earlier than a record but expires later: either may be the renewal."""
    return (
        f"Cannot identify the renewal: the certificate in the source expires later than certificate {later.id} in the certificate store, which "
        f"covers the same DNS names, but was issued earlier. To deploy the certificate in the source, run {switch}; otherwise, {reissue}."
    )


def _describe_new_name(names: frozenset[str] | None) -> str:
    """Return the message about a certificate with new DNS names; `None` stands for an empty certificate store."""
    remedy = "to import the certificate, set import_new: true."
    if names is None:
        return (
            "The API returned an empty certificate store. If certificates are stored, grant the API user the permission "
            f"SECURITY_CERTIFICATE_MANAGE; otherwise, {remedy}"
        )
    if not names:
        return f"The certificate does not contain a DNS name, so it cannot replace a certificate in the store. {capitalize_first(remedy)}"
    return f"The certificate store does not contain a certificate for {join_first(sorted(names))}. {capitalize_first(remedy)}"


def find_held_back_remedy(
    why: Obstacle[t.Any],
    obstacles: Sequence[Obstacle[t.Any]],
    new: StoreCertificate,
    old: StoreCertificate,
    entry: SourceCertificate | None,
    listeners: Sequence[str] = (),
) -> str:
    """Return the other obstacles of a held back certificate, and the remedy; empty if the message about `why` contains the remedy.

    Args:
        why: the reported obstacle.
        obstacles: all obstacles, with wildcards accepted; see `can_replace.obstacles`.
        new: the held back certificate.
        old: the current certificate of the listeners.
        entry: the held back certificate in a source; `None` for a certificate in the store.
        listeners: names of listeners in commands; empty for all listeners that serve the DNS names.
    """
    others = [describe_obstacle(other) for other in obstacles if other.reason != why.reason]
    reasons = [other.reason for other in obstacles]
    remedy = _find_remedy(
        reasons or ["names_by_wildcard" if why.reason == "names_not_covered" else why.reason],
        new,
        old,
        entry,
        listeners,
    )
    return " ".join([*others, remedy]).strip()


def _find_remedy(
    reasons: Sequence[str],
    new: StoreCertificate,
    old: StoreCertificate,
    entry: SourceCertificate | None,
    listeners: Sequence[str],
) -> str:
    """Return the remedy for a held back certificate; see `find_held_back_remedy`."""
    certificate = certificate_of(new)
    shown = certificate.shown_name or ""
    is_back_to_rsa = certificate.key_type == "RSA" and certificate_of(old).key_type != "RSA"
    if not {"key_type_differs", "key_type_not_offered"}.isdisjoint(reasons) and not is_back_to_rsa:
        names = [shown, *sorted(certificate.identities - {shown})]
        source, name = (entry.source, entry.name) if entry else (None, shown)
        return f"{capitalize_first(of_sources.remedy('rsa_key', source, name, names))}."
    if entry or not listeners:
        return _describe_override(reasons, remedies.adopt(shown, listeners, entry.directory if entry else None))
    allow = [ACCEPT_OPTIONS[reason] for reason in reasons if reason in ACCEPT_OPTIONS]
    return _describe_override(reasons, remedies.deploy(new.stored_id, listeners[0], allow))


def _describe_override(reasons: Sequence[str], switch: str) -> str:
    """Return the remedy for obstacles that the command `switch` overrides; empty if an obstacle cannot be overridden."""
    match [*reasons]:
        case [*_, last] if last not in {"names_by_wildcard", "switched_back", *OVERRIDABLE}:
            return ""
        case ["names_by_wildcard"]:
            return (
                f"The wildcards of the certificate cover the missing names. To deploy the certificate, run {switch}; otherwise, reissue the "
                "certificate for the missing names, too."
            )
        case ["names_not_covered"]:
            return f"Reissue the certificate for all names. To drop the missing names, run {switch}."
        case ["names_not_covered", *_]:
            return f"Reissue the certificate for all names. To accept all differences, run {switch} once."
        case ["key_differs"]:
            return f"Reissue the certificate with the current key. To change the key, run {switch} once."
        case ["switched_back"]:
            return f"To deploy the newer certificate, run {switch}."
    return f"To accept {'all differences' if len(reasons) > 1 else 'the difference'}, run {switch} once."


def why_unadopted(why: Obstacle[t.Any], name: str, sources: SourceContents) -> str:
    """Return the reason why no certificate for a name can be adopted, and the remedy."""
    match why.reason, why.facts:
        case "not_found", {"names": names}:
            lacks = f"The source does not contain a readable certificate for {name}. Available names: {join_first(names) or 'none'}."
            useless = [
                f"Cannot use {record['name']}: {record['message']}"
                for record in (*sources.unusable_records, *sources.excluded_records)
            ]
            others = [*useless, *(record["message"] for record in (*sources.failed_records, *sources.empty_records))]
            return " ".join([lacks, *others[:MAX_PARTS]])
        case "ambiguous", {"rivals": rivals}:
            folders = list(dict.fromkeys(filter(None, [entry.directory for entry in rivals])))
            remedy = (
                f"Specify one directory as the source: {' or '.join(folders[:MAX_LISTED])}."
                if len(folders) == len(rivals)
                else "Copy one certificate, with its private key, to a separate directory, and specify the directory as the source."
            )
            each = [
                f"{entry.location} ({entry.certificate.key_type}, expires at {format_time(entry.certificate.not_after)})"
                for entry in rivals
            ]
            return f"Cannot choose between several certificates for {name}, because none of them can replace all others: {join_first(each)}. {remedy}"
        case _, {"entry": entry, "why": nested}:
            return f"Cannot use {entry.display_name}: {why_skipped(nested, entry)}"
    raise AssertionError(why)
