# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Decide what to create, change and delete in the certificate store. Private to softlayer.certificates.

Pure. A real run carries out exactly the plan that check mode and diff mode show.
"""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256

from .._base.action import Action
from .._base.codes import Code, ImportOutcome, ImportReason
from .._base.errors import CertificatesError, Obstacle
from .._base.names import ascii_name
from .._base.times import iso
from .._replacement.can_replace import best, completes
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
EDITABLE = ("intermediates", "request", "notes")
"""What can be changed of a record."""


@dataclass(frozen=True)
class Superseded:
    """An older certificate that the new one replaces."""

    record: StoreCertificate = field(repr=False)
    removed: bool
    """Whether it is to be deleted; of one that was carried out, whether it was."""


@dataclass(frozen=True)
class ImportAction(Action[ImportOutcome, Code]):
    """What to do, or what was done, about one certificate."""

    MESSAGE = messages.of_import
    REASONS = frozenset(t.get_args(ImportReason)) | {"invalid_argument"}
    """The last one says that an option makes no sense."""
    CHECKS_STATE_ON_RETRY = True
    RESET_ON_FAILURE = {"content": None, "record": None, "changes": {}, "superseded": ()}
    ERROR_DETAILS = frozenset({"trust"})

    id: int | None = None
    common_name: str | None = None
    """Where there is no certificate that has it."""
    certificate: Certificate | None = None
    notes: str | None = None
    order_id: int | None = None
    trust: Trust | None = None
    warnings: tuple[Obstacle[str], ...] = ()
    content: Content | None = field(default=None, repr=False)
    """What the store should have; `None` for one that is to be deleted, that failed, or that is given twice."""
    record: StoreCertificate | None = field(default=None, repr=False)
    """What is there already: the record to change, to delete, or to leave as it is."""
    changes: Mapping[str, str] = field(default_factory=dict, repr=False)
    """The properties of the record to change."""
    superseded: tuple[Superseded, ...] = ()
    """The older certificates that it replaces."""
    beside: frozenset[int] = frozenset()
    """For one to create: the records of the certificate that the store has already, in use and without issuers that clients need."""
    view: TrustView | None = field(default=None, repr=False, compare=False)
    """Who has to trust it with what the store keeps of its chain."""
    has_written: bool = False
    """Of one that failed: whether the store has another content than before all the same."""
    first: int | None = None
    """The position of the item that wants the same, if there is an earlier one in the run."""

    @classmethod
    def of(
        cls, content: Content, order_id: int | None = None, warnings: tuple[Obstacle[str], ...] = ()
    ) -> ImportAction:
        """Return what stores a certificate that the store does not have."""
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
        """Its name in messages."""
        return (self.certificate.shown_name if self.certificate else self.common_name) or "unknown name"

    @property
    def wanted(self) -> Content:
        """What the store should have, of one for which that is known."""
        return t.cast(Content, self.content)

    @property
    def held(self) -> StoreCertificate:
        """What the store will hold, of one that it should have."""
        if self.record and CHAIN in self.changes:
            return replace(self.record, intermediates=self.wanted.intermediates)
        return self.record or self.wanted.as_record()

    @property
    def changes_something(self) -> bool:
        """Whether it changes, or would change, the store."""
        is_done = self.outcome in {"imported", "updated", "removed"} or self.has_written
        return is_done or any(old.removed for old in self.superseded)

    @property
    def fingerprint(self) -> str:
        """What tells one to create from others: the certificate's fingerprint; with its chain, if there is a record without."""
        certificate = self.wanted.certificate
        if not self.beside:
            return certificate.fingerprint_sha256
        return sha256(b"".join(issued.der for issued in (certificate, *self.wanted.intermediates))).hexdigest()

    def is_done_by(self, record: StoreCertificate) -> bool:
        """Return whether a record is what is to be created."""
        return record.certificate == self.wanted.certificate and record.id not in self.beside

    def as_result(self) -> dict[str, t.Any]:
        """Return it in the form of the module's results: public facts only."""
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
                    "not_after": iso(old.record.not_after),
                    "associated_service_count": old.record.associated_service_count,
                    "removed": old.removed,
                }
                for old in self.superseded
            ],
            **self.as_outcome(),
        }

    def as_diff(self) -> dict[str, t.Any]:
        """Return it in the form of Ansible's diffs: public facts only."""
        facts = self.certificate.facts_in_diffs() if self.certificate else {"common_name": self.name}
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


def diff_of(planned: ImportAction, done: ImportAction) -> dict[str, t.Any] | None:
    """Return the diff of what was carried out, or would be; `None` if that changed nothing."""
    if not done.changes_something:
        return None
    if done.outcome == "failed":  # it was stored, or changed, all the same
        return replace(planned, id=done.id, superseded=()).as_diff()
    return replace(done, record=planned.record or done.record).as_diff()


def check_bundle(
    known: ImportAction, bundle: Bundle, options: ImportOptions, anchors: Anchors | None, view: TrustView
) -> ImportAction:
    """Return what stores a certificate with its key, or why that does not fit.

    Args:
        known: what is known of it without.
        bundle: the certificate, with its key itself.
        options: what to accept.
        anchors: the trusted certificates; `None` if trust is not to be checked.
        view: who has to trust it, and when; they need not look at the same chain again.
    """
    try:
        content, warnings = assemble(bundle, options, view.at, anchors, known.notes)
    except CertificatesError as error:
        return known.because(error)
    view.remember(content.certificate, t.cast(Chain, content.chain))
    return ImportAction.of(content, known.order_id, warnings)


def plan_present(
    new: ImportAction,
    index: StoreIndex,
    view: TrustView,
    *,
    remove_superseded: bool = False,
) -> ImportAction:
    """Decide how to bring a certificate into the store, or that it is already there.

    Certificates are equal if their DER is equal, and so their public key. Text, line ends and names do not matter.

    Args:
        new: what to do if the store does not have it.
        index: what it holds.
        view: who has to trust what stands in for what they trust.
        remove_superseded: whether to delete what it replaces and nothing uses.
    """
    planned = plan_found(new, index.same(new.wanted.certificate), view, longest=index.longest_chain)
    if planned.outcome == "failed":
        return planned
    end = view.end(planned.held)
    superseded = (
        Superseded(old, removed=remove_superseded and old.associated_service_count == 0 and view.end(old) <= end)
        for old in index.superseded_by(planned.held, view)
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
    """Decide what to do about a certificate that the store may already have.

    Args:
        new: what to do if it does not have it.
        same: its records.
        view: who has to trust it with the chain of its record.
        is_listed: whether these are all of its records; else this is one that another run was faster to store, and there is no other one.
        longest: the most intermediate certificates that any record of the store has; `None` if that is not known.
    """
    new = replace(new, view=view)
    if not same:
        return new
    content = new.wanted
    differing = [(record, content.changes_to(record)) for record in same]
    unchanged = next((record for record, changes in differing if not changes), None)
    if unchanged:
        there = replace(new, outcome="unchanged", facts={}, beside=frozenset())
        return replace(there, id=unchanged.id, notes=unchanged.notes, record=unchanged)
    candidates = [(record, changes) for record, changes in differing if CHAIN not in changes]
    if not candidates:
        nearest = best([record for record in same if stays(record, content, view)], view)
        nearest = nearest or best([record for record in same if not record.associated_service_count] or same, view)
        candidates = [(record, changes) for record, changes in differing if record in nearest]
    if len(candidates) != 1:
        return new.failed("ambiguous", {"same": [record for record, _changes in candidates]})
    record, changes = candidates[0]
    there = replace(new, id=record.id, notes=changes.get("notes", record.notes), record=record, beside=frozenset())
    if CHAIN in changes and stays(record, content, view):
        changes = {name: value for name, value in changes.items() if name != CHAIN}
        there = replace(there, warnings=(*there.warnings, _chain_stays(record, content)))
    elif CHAIN in changes and record.associated_service_count:
        return _beside_used(new, there, record, [other.stored_id for other in same], is_listed=is_listed)
    elif longest is not None and longest < len(content.intermediates) and has_part(record, content):
        # To give it the rest again would not help.
        return there.failed(
            "chain_truncated", {"record": record, "given": content.intermediates, "is_tried": False}, notes=record.notes
        )
    return _with_changes(there, changes)


def _with_changes(step: ImportAction, changes: Mapping[str, str]) -> ImportAction:
    """Return what changes these properties of a record, if there are any."""
    if not changes:
        return replace(step, outcome="unchanged", facts={}, changes={})
    return replace(step, outcome="updated", facts={"changed": tuple(changes)}, changes=changes)


def without_request(step: ImportAction, refusal: CertificatesError) -> ImportAction:
    """Return what is left to change of a record if the store takes no other CSR for it, as it may be while a service uses it.

    Args:
        step: what was refused.
        refusal: says why.
    """
    why = Obstacle("csr_stays", {"id": step.id, "error": refusal.message})
    left = replace(step, content=replace(step.wanted, request=None), warnings=(*step.warnings, why))
    return _with_changes(left, {name: value for name, value in step.changes.items() if name != REQUEST})


def _beside_used(
    new: ImportAction, there: ImportAction, record: StoreCertificate, ids: Sequence[int], *, is_listed: bool
) -> ImportAction:
    """Decide what to do where a record is in use, so that it cannot be given issuers that it lacks."""
    lacks_issuers = completes(new.wanted.as_record(), record, t.cast(TrustView, new.view))
    if lacks_issuers and is_listed:
        return replace(new, facts={"lacking": record.id}, beside=frozenset(ids))
    if lacks_issuers and new.beside:
        return as_kept(there, record)
    return there.failed("in_use", {"record": record, "lacks_issuers": lacks_issuers})


def lacks(record: StoreCertificate, content: Content, view: TrustView) -> bool:
    """Return whether a record lacks issuers of the given chain that clients need.

    They do if it deserves less trust without, or ends sooner and soon. Where not even the given chain ends in a root that is known here, as
    that of one's own authority may be, clients who know it need the whole path.
    """
    wanted = content.as_record()
    if completes(wanted, record, view):
        return True
    return not view.trust(wanted) and len(view.chain(record).issuers) < len(view.chain(wanted).issuers)


def stays(record: StoreCertificate, content: Content, view: TrustView) -> bool:
    """Return whether a record keeps its chain, which is not the given one.

    One in use cannot be changed. One that has a part of what is given, and all that clients need, is what a store makes of it that keeps
    no more: it would be changed each night.
    """
    return (has_part(record, content) or bool(record.associated_service_count)) and not lacks(record, content, view)


def has_part(record: StoreCertificate, content: Content) -> bool:
    """Return whether a record has some of the given issuers, and no others."""
    there = {issuer for issuer in record.intermediates if not issuer.is_root}
    return bool(there) and there < set(content.intermediates)


def as_kept(step: ImportAction, kept: StoreCertificate) -> ImportAction:
    """Return what became of a certificate by the chain that the store has kept of what it was given.

    Args:
        step: that was carried out.
        kept: its record, with that chain.
    """
    content, view, before = step.wanted, t.cast(TrustView, step.view), step.record
    step = replace(step, id=kept.id)
    if CHAIN not in content.changes_to(kept):
        return step
    has_written = before is None or any(getattr(kept, name) != getattr(before, name) for name in EDITABLE)
    if lacks(kept, content, view):
        cut = {"record": kept, "given": content.intermediates, "is_tried": True}
        return step.failed("chain_truncated", cut, record=kept, has_written=has_written)
    changes = {name: value for name, value in step.changes.items() if name != CHAIN}
    step = replace(step, record=kept, changes=changes, warnings=(*step.warnings, _chain_stays(kept, content)))
    return step if has_written else replace(step, outcome="unchanged", facts={})


def _chain_stays(record: StoreCertificate, content: Content) -> Obstacle[str]:
    """Return the warning about a record whose chain is not the given one."""
    return Obstacle("chain_stays", {"record": record, "given": content.intermediates})


def warnings_of(step: ImportAction) -> tuple[Obstacle[str], ...]:
    """Return the warnings for the user, one of them about replaced certificates that end later."""
    end = step.certificate.not_after if step.certificate else None
    longer = [old.record for old in step.superseded if end and certificate_of(old.record).not_after > end]
    return (*step.warnings, Obstacle("expires_earlier", {"end": end, "longer": longer})) if longer else step.warnings


def plan_absent(
    stored: Iterable[StoreCertificate],
    certificate_id: int | None,
    fingerprint_sha256: str | None,
    common_name: str | None,
) -> ImportAction:
    """Decide which record to delete: the only one with the id, the fingerprint or, among its names, the name."""
    fingerprint = None if fingerprint_sha256 is None else plain_fingerprint(fingerprint_sha256)
    name = None if common_name is None else ascii_name(common_name)
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
    step = removal_of(matching[0])
    return step if matching[0].is_surely_unused else step.failed("in_use", {"record": matching[0]})


def removal_of(record: StoreCertificate) -> ImportAction:
    """Return what deletes a record."""
    known = ImportAction("removed", None, {}, record.id, record.common_name, record.certificate, record.notes)
    return replace(known, record=record)


def check_deletion(record: StoreCertificate, listed: Certificate | None) -> None:
    """Refuse to delete a record that is in use by now, or whose certificate has changed since it was listed.

    `record` is as it was read right before the deletion.

    Raises:
        CertificatesError: `in_use` or `ambiguous`.
    """
    if record.certificate != listed:
        raise CertificatesError(
            "ambiguous",
            f"The record of certificate {record.id} changed during the run and contains another certificate now. Run the playbook again.",
        )
    if not record.is_surely_unused:
        raise CertificatesError("in_use", messages.why_kept(record))


def plain_fingerprint(text: str) -> str:
    """Return a fingerprint as hex without colons."""
    return text.replace(":", "").strip().lower()


def spare_what_is_wanted(steps: Sequence[ImportAction]) -> list[ImportAction]:
    """Keep in the store what one item of the run would remove but another one wants."""
    wanted = {step.id for step in steps if step.content}
    spared = []
    for step in steps:
        if step.outcome == "removed" and step.id in wanted:
            spared.append(step.failed("ambiguous", {"wanted": step.id}))
        else:
            superseded = (replace(old, removed=old.removed and old.record.id not in wanted) for old in step.superseded)
            spared.append(replace(step, superseded=tuple(superseded)))
    return spared


def mark_repeated(steps: Sequence[ImportAction]) -> list[ImportAction]:
    """Store or remove a certificate that is given twice only once: the later steps refer to the first."""
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
            marked.append(step.failed("ambiguous", {"first": first}))
        else:
            again = replace(step, content=None, record=None, changes={}, superseded=(), first=first)
            marked.append(replace(again, outcome="unchanged", facts={"first": first}))
    return marked
