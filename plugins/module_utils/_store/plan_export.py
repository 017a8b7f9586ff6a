# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plan exports: the selected certificates, the names of their files, and the parts to write. Private to softlayer.certificates.

Pure. File names depend only on the content of the store, not on the selection or the time.
"""

from __future__ import annotations

import typing as t
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from operator import attrgetter

from .._base.action import Action
from .._base.codes import ExportOutcome, ExportReason
from .._base.errors import CertificatesError
from .._base.names import build_safe_stem, choose_name, has_matching_name
from .._base.text import capitalize_first
from .._replacement.index import why_unavailable
from .._softlayer.store import MISSING_ENTRY_FIELDS, StoreCertificate, StoreListing
from .._x509.bundle import KeyRef, read_parts
from .._x509.certificate import Certificate, join_pem
from .._x509.keys import PrivateKey, encrypt_key, read_private_key
from . import messages

Part = t.Literal["privatekey", "intermediate", "certificate"]
ENDINGS: Mapping[Part, str] = {"privatekey": ".key", "intermediate": ".ca-bundle", "certificate": ".crt"}
"""Endings of file names, in the order of writing.

The key is written first, so that the next run after an interruption detects the previous certificate and writes the missing files.
"""
DEFAULT_STEM = "certificate"
"""File name of a certificate without a name."""
ID_SEPARATOR = "+"
"""Separator between a name and an ID, which no name contains."""


@dataclass(frozen=True)
class ExportOptions:
    """The selection of certificates by IDs or name patterns; all if both are `None`."""

    certificate_ids: Sequence[int] | None = None
    common_names: Sequence[str] | None = None
    include_expired: bool = False


@dataclass(frozen=True)
class ExportAction(Action[ExportOutcome, ExportReason]):
    """The planned or completed export of one certificate; for a failure, an ID or a pattern without a certificate."""

    MESSAGE = messages.describe_export
    REASONS = frozenset(t.get_args(ExportReason))
    RESET_ON_FAILURE = {"parts": (), "is_changed": False}
    ERROR_DETAILS = frozenset({"is_changed"})

    id: int | None = None
    common_name: str | None = None
    """The common name, or a pattern without a match."""
    record: StoreCertificate | None = None
    stem: str = ""
    """Beginning of the file names."""
    parts: tuple[Part, ...] = ()
    """Parts to write, in the order of `ENDINGS`."""
    previous_certificate: Certificate | None = None
    """The previous certificate in the directory, with the same file name."""
    is_limited: bool = False
    """Whether the API returned only a part of the record."""
    is_changed: bool = False
    """Whether a failed export changed files in the directory."""

    @property
    def name(self) -> str:
        """Name in messages."""
        return (self.record and _find_name(self.record)) or self.common_name or f"certificate {self.id}"

    @property
    def bundle(self) -> tuple[Certificate, ...]:
        """The certificate and its chain, without duplicates."""
        return collect_bundle(t.cast(StoreCertificate, self.record))

    def files(self) -> dict[Part, str]:
        """Return the file names, in the order of `ENDINGS`."""
        return {part: f"{self.stem}{ending}" for part, ending in ENDINGS.items()}

    def as_result(self, at: datetime, shown: t.Callable[[str], str]) -> dict[str, t.Any]:
        """Return the public facts for the result of the module.

        Args:
            at: the current time.
            shown: returns the path of a file.
        """
        paths: dict[str, str | None] | None = None
        if self.outcome != "failed":
            paths = {f"{part}_path": shown(file) for part, file in self.files().items()}
            if not self.bundle[1:]:
                paths["intermediate_path"] = None
        facts = self.record.as_result(at) if self.record else dict.fromkeys(NO_RECORD.as_result(at))
        lacking = {field: None for field in MISSING_ENTRY_FIELDS if field in facts} if self.is_limited else {}
        return {
            **facts,
            **lacking,
            "id": self.id,
            "common_name": facts["common_name"] or self.common_name,
            "paths": paths,
            **self.build_outcome(),
        }

    def as_diff(self, shown: t.Callable[[str], str]) -> dict[str, t.Any]:
        """Return the public facts for a diff of Ansible.

        Args:
            shown: returns the path of a file.
        """
        header = shown(self.stem)
        return {
            "before_header": header,
            "after_header": header,
            "before": self.previous_certificate.diff_facts() if self.previous_certificate else {},
            "after": {"id": self.id, **self.bundle[0].diff_facts(), "state": self.state},
        }


NO_RECORD = StoreCertificate(None, None, "", None, None, (), None, None, None)
"""A record without facts."""


def collect_bundle(record: StoreCertificate) -> tuple[Certificate, ...]:
    """Return the certificate and the chain of a record, without duplicates."""
    return tuple(dict.fromkeys((t.cast(Certificate, record.certificate), *record.intermediates)))


def _find_name(record: StoreCertificate) -> str | None:
    certificate = record.certificate
    return choose_name(certificate.common_name, certificate.subject_alt_names) if certificate else record.common_name


def list_file_stems(records: Collection[StoreCertificate]) -> dict[int, str]:
    """Return the beginning of the file names of each record, by ID.

    Args:
        records: all records in the store. The file names of records with the same name contain their IDs, regardless of the selection.
    """
    names = {record.stored_id: _make_stem(record) for record in records}
    counts = Counter(names.values())
    return {id: f"{name}{ID_SEPARATOR}{id}" if counts[name] > 1 else name for id, name in names.items()}


def _make_stem(record: StoreCertificate) -> str:
    return build_safe_stem(_find_name(record) or "") or DEFAULT_STEM


def find_leftover_keys(actions: Iterable[ExportAction], names: Collection[str]) -> list[str]:
    """Return the names of leftover key files of exports with another number of certificates with the same name.

    Args:
        actions: the exported certificates.
        names: the names of all files in the directory.
    """
    former: set[str] = set()
    for action in actions:
        if action.record:
            plain = _make_stem(action.record)
            stem = f"{plain}{ID_SEPARATOR}{action.record.stored_id}" if action.stem == plain else plain
            former.add(stem + ENDINGS["privatekey"])
    return sorted(former & set(names))


def plan_exports(listing: StoreListing, options: ExportOptions, at: datetime) -> list[ExportAction]:
    """Return the actions for selected certificates and missing IDs, sorted by ID, and for patterns without a match.

    The outcome of an exportable certificate is `unchanged` until `compare` checks the directory.

    Args:
        listing: the records in the store.
        options: the selection.
        at: the current time, to determine expired certificates.
    """
    stems = list_file_stems(listing.records)
    taken = [
        record
        for record in listing.records
        if (options.certificate_ids is None or record.id in options.certificate_ids)
        and (options.common_names is None or has_matching_name(record.names, options.common_names))
        and (options.include_expired or record.not_after is None or record.not_after >= at)
    ]
    known = {record.id: record for record in listing.records}
    actions = []
    for record in taken:
        action = ExportAction("unchanged", None, {}, record.id, record=record, stem=stems[record.stored_id])
        actions.append(
            action if record.certificate else action.mark_failed("invalid_pem", {"certificate_id": record.id})
        )
    for id in set(options.certificate_ids or ()) - {record.id for record in taken}:
        expired = known.get(id)
        facts: Mapping[str, t.Any] = {"why": why_unavailable(id, None)}
        if expired:
            facts = {"certificate_id": id, "expired": expired.not_after}
        actions.append(ExportAction("failed", "not_found", facts, id, record=expired, stem=stems.get(id, "")))
    actions.sort(key=attrgetter("id"))
    for pattern in dict.fromkeys(options.common_names or ()):
        if not any(has_matching_name(record.names, [pattern]) for record in taken):
            have_expired = any(has_matching_name(record.names, [pattern]) for record in listing.records)
            facts = {"pattern": pattern, "have_expired": have_expired}
            actions.append(ExportAction("failed", "not_found", facts, common_name=pattern))
    if listing.is_limited:
        return [action.mark_failed("no_permission", {}, is_limited=True) for action in actions]
    return actions


def compare(action: ExportAction, contents: Mapping[str, bytes | None], passphrase: str | None) -> ExportAction:
    """Return an export with the parts that differ from the directory.

    Certificates are equal if their DER is equal, and keys if their public keys are equal, regardless of text and line ends.

    Args:
        action: the export.
        contents: the content of its files; `None` for a missing file.
        passphrase: the passphrase to encrypt the key with; `None` for no encryption.
    """
    certificate, *chain = action.bundle
    there = read_parts(contents)
    key = there.key
    if passphrase is not None:  # a key that is not encrypted is not as wanted
        key = None if key else read_parts({"privatekey": contents.get("privatekey")}, passphrase).key
    differs: Mapping[Part, bool] = {
        "privatekey": key != KeyRef(certificate.public_key_sha256),
        "intermediate": there.issuers != tuple(chain) or (not chain and contents.get("intermediate") is not None),
        "certificate": there.certificates != action.bundle,
    }
    parts = tuple(part for part in ENDINGS if differs[part])
    if not parts:
        return action
    before = next(iter(there.certificates), None)
    return replace(action, outcome="exported", facts={"parts": parts}, parts=parts, previous_certificate=before)


def build_content(action: ExportAction, key: PrivateKey | None, passphrase: str | None) -> dict[str, bytes | None]:
    """Return the content of each file to write, in the order of `ENDINGS`; `None` for a file to delete.

    Args:
        action: the export with the parts to write.
        key: the private key, if the key is one of the parts.
        passphrase: the passphrase to encrypt the key with, if any.
    """
    texts: dict[Part, str] = {"certificate": join_pem(action.bundle), "intermediate": join_pem(action.bundle[1:])}
    if key is not None:
        texts["privatekey"] = key.pem if passphrase is None else encrypt_key(key, passphrase)
    files = action.files()
    return {files[part]: texts[part].encode("ascii") or None for part in action.parts}


def check_key(identifier: int | None, certificate: Certificate, given: str | None) -> PrivateKey:
    """Return the private key of a certificate from the store, after a check.

    Args:
        identifier: ID of the record.
        certificate: the certificate of the record.
        given: the returned key, if any.

    Raises:
        CertificatesError: `no_private_key`, `invalid_pem`, `key_mismatch`.
    """
    again = "import the certificate again with its private key."
    if given is None:
        why = f"The store returns no private key for certificate {identifier}. Grant the API user SECURITY_CERTIFICATE_MANAGE, or {again}"
        raise CertificatesError("no_private_key", why)
    try:
        key = read_private_key(given.encode("utf-8", "replace"))
    except CertificatesError:
        why = f"Cannot read the private key of certificate {identifier} in the store. {capitalize_first(again)}"
        raise CertificatesError("invalid_pem", why) from None
    if key.public_key_sha256 != certificate.public_key_sha256:
        why = f"The private key of certificate {identifier} in the store belongs to another certificate. {capitalize_first(again)}"
        raise CertificatesError("key_mismatch", why)
    return key
