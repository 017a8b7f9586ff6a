# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plan imports and removals in the certificate store. Private to softlayer.certificates.

Pure. A real run carries out the same plan that check mode and diff mode show.
"""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256

from .._base.action import Action
from .._base.codes import Code, ImportOutcome, ImportReason
from .._base.errors import CertificatesError, Obstacle
from .._base.names import encode_name
from .._base.times import format_time
from .._replacement.can_replace import has_better_chain, select_best
from .._replacement.index import StoreIndex
from .._replacement.trust import TrustView
from .._softlayer.store import StoreCertificate, certificate_of
from .._x509.bundle import Bundle
from .._x509.certificate import FACTS, Certificate
from .._x509.chain import Anchors, Chain, Trust
from . import messages
from .check import Content, ImportOptions, assemble

CHAIN = "intermediateCertificate"
REQUEST = "certificateSigningRequest"
EDITABLE_FIELDS = ("intermediates", "request", "notes")
"""Fields of a record that `editObject` can change."""


@dataclass(frozen=True)
class SupersededCertificate:
    """An older certificate that the new one replaces."""

    record: StoreCertificate = field(repr=False)
    removed: bool
    """Whether to delete the record; after the run, whether the record was deleted."""


@dataclass(frozen=True)
class ImportAction(Action[ImportOutcome, Code]):
    """The planned or completed action for one certificate."""

    MESSAGE = messages.describe_import
    REASONS = frozenset(t.get_args(ImportReason)) | {"invalid_argument"}
    """Reasons for failures, including the reason for invalid options."""
    CHECKS_STATE_ON_RETRY = True
    RESET_ON_FAILURE = {"content": None, "record": None, "changes": {}, "superseded": ()}
    ERROR_DETAILS = frozenset({"trust"})

    id: int | None = None
    common_name: str | None = None
    """The common name for an action without a certificate."""
    certificate: Certificate | None = None
    notes: str | None = None
    order_id: int | None = None
    trust: Trust | None = None
    warnings: tuple[Obstacle[str], ...] = ()
    content: Content | None = field(default=None, repr=False)
    """Expected content; `None` for a deletion, a failure, or a repeated certificate."""
    record: StoreCertificate | None = field(default=None, repr=False)
    """The current record, to change, delete, or keep."""
    changes: Mapping[str, str] = field(default_factory=dict, repr=False)
    """The properties of the record to change."""
    superseded: tuple[SupersededCertificate, ...] = ()
    """The older certificates that the certificate replaces."""
    incomplete_ids: frozenset[int] = frozenset()
    """For a creation, the IDs of current records that are in use and lack required intermediate certificates."""
    view: TrustView | None = field(default=None, repr=False, compare=False)
    """The TLS clients that must trust the certificate with the stored part of its chain."""
    has_written: bool = False
    """Whether a failed action changed the store."""
    first: int | None = None
    """Position of the first item with the same certificate, if repeated."""

    @classmethod
    def of(
        cls, content: Content, order_id: int | None = None, warnings: tuple[Obstacle[str], ...] = ()
    ) -> ImportAction:
        """Return the action that stores a new certificate."""
        return cls(
            "imported",
            None,
            {},
            certificate=content.certificate,
            notes=content.notes or "",
            order_id=order_id,
            trust=content.trust,
            warnings=warnings,
            content=content,
        )

    @property
    def name(self) -> str:
        """Name in messages."""
        return (self.certificate.shown_name if self.certificate else self.common_name) or "unknown name"

    @property
    def expected_content(self) -> Content:
        """The content of an action that has content."""
        return t.cast(Content, self.content)

    @property
    def resulting_record(self) -> StoreCertificate:
        """The record after the action."""
        if self.record and CHAIN in self.changes:
            return replace(self.record, intermediates=self.expected_content.intermediates)
        return self.record or self.expected_content.as_record()

    @property
    def has_changes(self) -> bool:
        """Whether the action changes the store, or would change the store in check mode."""
        is_done = self.outcome in {"imported", "updated", "removed"} or self.has_written
        return is_done or any(old.removed for old in self.superseded)

    @property
    def fingerprint(self) -> str:
        """Unique key of a creation: the fingerprint of the certificate, or a hash including the chain if a record without the chain exists."""
        certificate = self.expected_content.certificate
        if not self.incomplete_ids:
            return certificate.fingerprint_sha256
        return sha256(
            b"".join(issued.der for issued in (certificate, *self.expected_content.intermediates))
        ).hexdigest()

    def is_result_in(self, record: StoreCertificate) -> bool:
        """Return whether a record is the result of the creation."""
        return record.certificate == self.expected_content.certificate and record.id not in self.incomplete_ids

    def as_result(self) -> dict[str, t.Any]:
        """Return the public facts for the result of the module."""
        unknown: dict[str, t.Any] = {**dict.fromkeys(FACTS), "subject_alt_names": [], "common_name": self.common_name}
        return {
            "id": self.id,
            **(self.certificate.facts() if self.certificate else unknown),
            "trust": self.trust,
            "notes": self.notes,
            "order_id": self.order_id,
            "superseded": [
                {
                    "id": old.record.id,
                    "not_after": format_time(old.record.not_after),
                    "associated_service_count": old.record.associated_service_count,
                    "removed": old.removed,
                }
                for old in self.superseded
            ],
            **self.build_outcome(),
        }

    def as_diff(self) -> dict[str, t.Any]:
        """Return the public facts for a diff of Ansible."""
        facts = self.certificate.diff_facts() if self.certificate else {"common_name": self.name}
        before: dict[str, t.Any] = {} if self.outcome == "imported" else {"id": self.id, **facts}
        after: dict[str, t.Any] = {} if self.outcome == "removed" else {"id": self.id, **facts}
        if self.outcome in {"imported", "updated"}:
            after["state"] = self.state
        if self.record and "notes" in self.changes:
            before["notes"], after["notes"] = self.record.notes, self.notes
        removed = [old.record.id for old in self.superseded if old.removed]
        if removed:
            before["superseded"], after["superseded"] = removed, []
        return {"before_header": self.name, "after_header": self.name, "before": before, "after": after}


def build_diff(planned: ImportAction, done: ImportAction) -> dict[str, t.Any] | None:
    """Return the diff of a completed or simulated action; `None` without changes."""
    if not done.has_changes:
        return None
    if done.outcome == "failed":  # it was stored, or changed, all the same
        return replace(planned, id=done.id, superseded=()).as_diff()
    return replace(done, record=planned.record or done.record).as_diff()


def check_bundle(
    known: ImportAction, bundle: Bundle, options: ImportOptions, anchors: Anchors | None, view: TrustView
) -> ImportAction:
    """Return the action that stores a certificate with its key, or its failure.

    Args:
        known: the action without content.
        bundle: the certificate with its private key.
        options: options of the check.
        anchors: the trusted certificates; `None` to skip the trust check.
        view: the TLS clients that must trust the certificate, and the current time.
    """
    try:
        content, warnings = assemble(bundle, options, view.at, anchors, known.notes)
    except CertificatesError as error:
        return known.mark_failed_by(error)
    view.record_chain(content.certificate, t.cast(Chain, content.chain))
    return ImportAction.of(content, known.order_id, warnings)


def plan_present(
    new: ImportAction,
    index: StoreIndex,
    view: TrustView,
    *,
    remove_superseded: bool = False,
) -> ImportAction:
    """Return the action for a certificate: import, update, no change, or failure.

    Certificates are equal if their DER is equal, regardless of text, line ends, and names.

    Args:
        new: the action if the store does not contain the certificate.
        index: the certificates in the store.
        view: the TLS clients that must trust a replacement.
        remove_superseded: whether to delete replaced certificates that are unused.
    """
    planned = plan_found(new, index.find_copies(new.expected_content.certificate), view, longest=index.max_chain_length)
    if planned.outcome == "failed":
        return planned
    end = view.find_end(planned.resulting_record)
    superseded = (
        SupersededCertificate(
            old, removed=remove_superseded and old.associated_service_count == 0 and view.find_end(old) <= end
        )
        for old in index.find_superseded(planned.resulting_record, view)
    )
    return replace(planned, superseded=tuple(superseded))


def plan_found(
    new: ImportAction,
    same: Sequence[StoreCertificate],
    view: TrustView,
    *,
    is_listed: bool = True,
    longest: int | None = None,
) -> ImportAction:
    """Return the action for a certificate and its records in the store.

    Args:
        new: the action if the store does not contain the certificate.
        same: records of the certificate in the store.
        view: the TLS clients that must trust the certificate.
        is_listed: whether `same` has all records of the certificate, instead of a record that another run has just stored.
        longest: the maximum number of intermediate certificates of a record in the store; `None` if unknown.
    """
    new = replace(new, view=view)
    if not same:
        return new
    content = new.expected_content
    differing = [(record, content.find_changes(record)) for record in same]
    unchanged = next((record for record, changes in differing if not changes), None)
    if unchanged:
        there = replace(new, outcome="unchanged", facts={}, incomplete_ids=frozenset())
        return replace(there, id=unchanged.id, notes=unchanged.notes, record=unchanged)
    candidates = [(record, changes) for record, changes in differing if CHAIN not in changes]
    if not candidates:
        nearest = select_best([record for record in same if can_keep_chain(record, content, view)], view)
        nearest = nearest or select_best(
            [record for record in same if not record.associated_service_count] or same, view
        )
        candidates = [(record, changes) for record, changes in differing if record in nearest]
    if len(candidates) != 1:
        return new.mark_failed("ambiguous", {"same": [record for record, _changes in candidates]})
    record, changes = candidates[0]
    there = replace(
        new, id=record.id, notes=changes.get("notes", record.notes), record=record, incomplete_ids=frozenset()
    )
    if CHAIN in changes and can_keep_chain(record, content, view):
        changes = {name: value for name, value in changes.items() if name != CHAIN}
        there = replace(there, warnings=(*there.warnings, _make_chain_warning(record, content)))
    elif CHAIN in changes and record.associated_service_count:
        return _plan_record_in_use(new, there, record, [other.stored_id for other in same], is_listed=is_listed)
    elif longest is not None and longest < len(content.intermediates) and has_chain_part(record, content):
        # To give it the rest again would not help.
        return there.mark_failed(
            "chain_truncated", {"record": record, "given": content.intermediates, "is_tried": False}, notes=record.notes
        )
    return _plan_changes(there, changes)


def _plan_changes(step: ImportAction, changes: Mapping[str, str]) -> ImportAction:
    """Return the action that changes properties of a record, or an unchanged action without properties."""
    if not changes:
        return replace(step, outcome="unchanged", facts={}, changes={})
    return replace(step, outcome="updated", facts={"changed": tuple(changes)}, changes=changes)


def plan_without_request(step: ImportAction, refusal: CertificatesError) -> ImportAction:
    """Return the remaining changes after the store rejected a CSR, for example because the record is in use.

    Args:
        step: the rejected action.
        refusal: the error.
    """
    why = Obstacle("csr_stays", {"id": step.id, "error": refusal.message})
    left = replace(step, content=replace(step.expected_content, request=None), warnings=(*step.warnings, why))
    return _plan_changes(left, {name: value for name, value in step.changes.items() if name != REQUEST})


def _plan_record_in_use(
    new: ImportAction, there: ImportAction, record: StoreCertificate, ids: Sequence[int], *, is_listed: bool
) -> ImportAction:
    """Return the action for a record in use, whose chain cannot be changed."""
    lacks_issuers = has_better_chain(new.expected_content.as_record(), record, t.cast(TrustView, new.view))
    if lacks_issuers and is_listed:
        return replace(new, facts={"lacking": record.id}, incomplete_ids=frozenset(ids))
    if lacks_issuers and new.incomplete_ids:
        return evaluate_kept_chain(there, record)
    return there.mark_failed("in_use", {"record": record, "lacks_issuers": lacks_issuers})


def lacks_intermediates(record: StoreCertificate, content: Content, view: TrustView) -> bool:
    """Return whether a record lacks required intermediate certificates of the content.

    An intermediate certificate is required if the certificate is trusted less without the intermediate certificate, or expires earlier and soon.
    If the root certificate is unknown on this host, as for a private CA, the whole path is required.
    """
    wanted = content.as_record()
    if has_better_chain(wanted, record, view):
        return True
    return not view.is_trusted(wanted) and len(view.find_chain(record).issuers) < len(view.find_chain(wanted).issuers)


def can_keep_chain(record: StoreCertificate, content: Content, view: TrustView) -> bool:
    """Return whether a record can keep a chain that differs from the content.

    A record in use cannot be changed. If the store keeps only a part of each chain, every run would change the record again.
    """
    return (has_chain_part(record, content) or bool(record.associated_service_count)) and not lacks_intermediates(
        record, content, view
    )


def has_chain_part(record: StoreCertificate, content: Content) -> bool:
    """Return whether the chain of a record is a part of the chain of the content."""
    there = {issuer for issuer in record.intermediates if not issuer.is_root}
    return bool(there) and there < set(content.intermediates)


def evaluate_kept_chain(step: ImportAction, kept: StoreCertificate) -> ImportAction:
    """Return the outcome of an action for the part of the chain that the store kept.

    Args:
        step: the completed action.
        kept: the record with the stored chain.
    """
    content, view, before = step.expected_content, t.cast(TrustView, step.view), step.record
    step = replace(step, id=kept.id)
    if CHAIN not in content.find_changes(kept):
        return step
    has_written = before is None or any(getattr(kept, name) != getattr(before, name) for name in EDITABLE_FIELDS)
    if lacks_intermediates(kept, content, view):
        cut = {"record": kept, "given": content.intermediates, "is_tried": True}
        return step.mark_failed("chain_truncated", cut, record=kept, has_written=has_written)
    changes = {name: value for name, value in step.changes.items() if name != CHAIN}
    step = replace(step, record=kept, changes=changes, warnings=(*step.warnings, _make_chain_warning(kept, content)))
    return step if has_written else replace(step, outcome="unchanged", facts={})


def _make_chain_warning(record: StoreCertificate, content: Content) -> Obstacle[str]:
    """Return the warning about a record whose chain differs from the content."""
    return Obstacle("chain_stays", {"record": record, "given": content.intermediates})


def list_warnings(step: ImportAction) -> tuple[Obstacle[str], ...]:
    """Return the warnings, including the warning about replaced certificates that expire later."""
    end = step.certificate.not_after if step.certificate else None
    longer = [old.record for old in step.superseded if end and certificate_of(old.record).not_after > end]
    return (*step.warnings, Obstacle("expires_earlier", {"end": end, "longer": longer})) if longer else step.warnings


def plan_absent(
    stored: Iterable[StoreCertificate],
    certificate_id: int | None,
    fingerprint_sha256: str | None,
    common_name: str | None,
) -> ImportAction:
    """Return the action that deletes the only record with an ID, a fingerprint, or a name."""
    fingerprint = None if fingerprint_sha256 is None else normalize_fingerprint(fingerprint_sha256)
    name = None if common_name is None else encode_name(common_name)
    matching = [
        record
        for record in stored
        if (certificate_id is None or record.id == certificate_id)
        and (
            fingerprint is None
            or (record.certificate is not None and record.certificate.fingerprint_sha256 == fingerprint)
        )
        and (name is None or name in record.names)
    ]
    if not matching:
        return ImportAction("unchanged", None, {"is_absent": True}, common_name=common_name)
    if len(matching) > 1:
        known_as = common_name or matching[0].common_name  # by its fingerprint, all are the same certificate
        return ImportAction("failed", "ambiguous", {"matching": matching}, common_name=known_as)
    step = plan_record_removal(matching[0])
    return step if matching[0].is_unused else step.mark_failed("in_use", {"record": matching[0]})


def plan_record_removal(record: StoreCertificate) -> ImportAction:
    """Return the action that deletes a record."""
    known = ImportAction("removed", None, {}, record.id, record.common_name, record.certificate, record.notes)
    return replace(known, record=record)


def check_deletion(record: StoreCertificate, listed: Certificate | None) -> None:
    """Reject the deletion of a record that is in use, or whose certificate has changed.

    Args:
        record: the record, read before the deletion.
        listed: the certificate of the record in the list of the store.

    Raises:
        CertificatesError: `in_use` or `ambiguous`.
    """
    if record.certificate != listed:
        raise CertificatesError(
            "ambiguous",
            f"The record of certificate {record.id} changed during the run and contains another certificate now. Run the playbook again.",
        )
    if not record.is_unused:
        raise CertificatesError("in_use", messages.why_kept(record))


def normalize_fingerprint(text: str) -> str:
    """Return a fingerprint as lowercase hexadecimal digits, without colons."""
    return text.replace(":", "").strip().lower()


def cancel_conflicting_removals(steps: Sequence[ImportAction]) -> list[ImportAction]:
    """Return the actions without removals of certificates that other items require."""
    wanted = {step.id for step in steps if step.content}
    spared = []
    for step in steps:
        if step.outcome == "removed" and step.id in wanted:
            spared.append(step.mark_failed("ambiguous", {"wanted": step.id}))
        else:
            superseded = (replace(old, removed=old.removed and old.record.id not in wanted) for old in step.superseded)
            spared.append(replace(step, superseded=tuple(superseded)))
    return spared


def mark_repeated(steps: Sequence[ImportAction]) -> list[ImportAction]:
    """Return the actions, in which repeated certificates refer to the first action."""
    first_of: dict[Certificate | int | None, int] = {}
    marked = []
    for position, step in enumerate(steps):
        first = position
        if step.content:
            first = first_of.setdefault(step.content.certificate, position)
        elif step.outcome == "removed":
            first = first_of.setdefault(step.id, position)
        if first == position:
            marked.append(step)
        elif step.content != steps[first].content:
            marked.append(step.mark_failed("ambiguous", {"first": first}))
        else:
            again = replace(step, content=None, record=None, changes={}, superseded=(), first=first)
            marked.append(replace(again, outcome="unchanged", facts={"first": first}))
    return marked
