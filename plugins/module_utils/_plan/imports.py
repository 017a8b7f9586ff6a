# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Decide what to create, change and delete in the certificate store. Private to softlayer.certificates.

Pure. A real run carries out exactly the plan that check mode and diff mode show.
"""

from __future__ import annotations

import typing as t
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256

from .._api.store import StoreCertificate
from .._codes import Code, ImportOutcome, Ineligibility, WaitingReason
from .._errors import CertificatesError
from .._names import ascii_name
from .._text import some_of
from .._times import iso
from .._x509.certificate import FACTS, Certificate
from .._x509.chain import Trust
from .emails import INELIGIBLE
from .material import Content, ImportOptions
from .store_index import StoreIndex
from .superseding import Clients, best, completes


@dataclass(frozen=True)
class Superseded:
    """An older certificate that the new one replaces."""

    id: int
    certificate: Certificate = field(repr=False)
    associated_service_count: int | None
    remove: bool
    removed: bool = False

    def as_result(self) -> dict[str, t.Any]:
        """Return it in the form of the module's results."""
        return {
            "id": self.id,
            "not_after": iso(self.certificate.not_after),
            "associated_service_count": self.associated_service_count,
            "removed": self.removed,
        }


@dataclass(frozen=True)
class About:
    """What is known about the certificate of a step."""

    id: int | None = None
    common_name: str | None = None
    """For a step without a certificate that contains it."""
    certificate: Certificate | None = None
    notes: str | None = None
    order_id: int | None = None
    trust: Trust | None = None
    warnings: tuple[str, ...] = ()

    @property
    def name(self) -> str | None:
        """Its name in messages."""
        return self.certificate.shown_name if self.certificate else self.common_name

    def facts(self) -> dict[str, t.Any]:
        """Return its public facts."""
        if self.certificate:
            return self.certificate.facts()
        return {**dict.fromkeys(FACTS), "subject_alt_names": [], "common_name": self.common_name}


@dataclass(frozen=True)
class ImportAction:
    """What to do, or what was done, about one certificate: see the classes below."""

    about: About
    message: str
    outcome: t.ClassVar[ImportOutcome]

    @property
    def changes_something(self) -> bool:
        """Return whether it changes, or would change, the store."""
        return False

    def as_result(self) -> dict[str, t.Any]:
        """Return it in the form of the module's results: public facts only."""
        return {
            "id": self.about.id,
            **self.about.facts(),
            "trust": self.about.trust,
            "notes": self.about.notes,
            "order_id": self.about.order_id,
            "outcome": self.outcome,
            "reason": None,
            "superseded": [],
            "message": self.message,
        }


@dataclass(frozen=True)
class Failure(ImportAction):
    """A certificate that is not, or was not, accepted; `reason` is an `ImportReason` or says that an option makes no sense."""

    outcome = "failed"
    reason: Code

    def as_result(self) -> dict[str, t.Any]:
        """See `ImportAction`."""
        return {**super().as_result(), "reason": self.reason}


@dataclass(frozen=True)
class Present(ImportAction):
    """A certificate that the store should have; those that it replaces may be deleted."""

    content: Content = field(repr=False)
    superseded: tuple[Superseded, ...]

    @property
    def changes_something(self) -> bool:
        """See `ImportAction`."""
        return any(old.removed for old in self.superseded)

    @property
    def held(self) -> StoreCertificate:
        """What the store will hold."""
        return self.content.as_record()

    def as_result(self) -> dict[str, t.Any]:
        """See `ImportAction`."""
        return {**super().as_result(), "superseded": [old.as_result() for old in self.superseded]}


@dataclass(frozen=True)
class Unchanged(Present):
    """It is there, as wanted."""

    outcome = "unchanged"
    record: StoreCertificate = field(repr=False)

    @property
    def held(self) -> StoreCertificate:
        """See `Present`."""
        return self.record


@dataclass(frozen=True)
class Creation(Present):
    """It is not there yet, or not with its chain."""

    outcome = "imported"
    is_second: bool = False
    """Whether the store has the certificate already, in a record that is in use and lacks issuers."""

    @property
    def fingerprint(self) -> str:
        """What tells it from other creations: the certificate's fingerprint; with its chain, if there is a record without."""
        certificate = self.content.certificate
        if not self.is_second:
            return certificate.fingerprint_sha256
        return sha256(b"".join(one.der for one in (certificate, *self.content.intermediates))).hexdigest()

    def is_done_by(self, record: StoreCertificate) -> bool:
        """Return whether a record is what is to be created."""
        has_chain = not self.is_second or record.intermediates == self.content.intermediates
        return record.certificate == self.content.certificate and has_chain

    @property
    def changes_something(self) -> bool:
        """See `ImportAction`."""
        return True


@dataclass(frozen=True)
class Update(Present):
    """It is there, but with other properties: `changes` are the properties to change."""

    outcome = "updated"
    record: StoreCertificate = field(repr=False)
    changes: Mapping[str, str] = field(repr=False)

    @property
    def held(self) -> StoreCertificate:
        """See `Present`."""
        has_chain = "intermediateCertificate" in self.changes
        return replace(self.record, intermediates=self.content.intermediates) if has_chain else self.record

    @property
    def changes_something(self) -> bool:
        """See `ImportAction`."""
        return True


@dataclass(frozen=True)
class Removal(ImportAction):
    """A record to delete."""

    outcome = "removed"
    record: StoreCertificate = field(repr=False)

    @property
    def changes_something(self) -> bool:
        """See `ImportAction`."""
        return True


@dataclass(frozen=True)
class NothingToRemove(ImportAction):
    """A certificate that was to be deleted but is not there."""

    outcome = "unchanged"


@dataclass(frozen=True)
class Repetition(ImportAction):
    """An item of the run that wants the same as an earlier one, at position `first`."""

    outcome = "unchanged"
    first: int


def failed(error: CertificatesError, about: About | None = None) -> Failure:
    """Return the step of a certificate that is not, or was not, accepted."""
    about = about or About()
    return Failure(replace(about, trust=error.details.get("trust", about.trust)), error.message, error.code)


def plan_present(
    content: Content, index: StoreIndex, wishes: ImportOptions, order_id: int | None, clients: Clients
) -> Present | Failure:
    """Decide how to bring a certificate into the store, or that it is already there.

    Certificates are equal if their DER is equal, and so their public key. Text, line ends and names do not matter.

    Args:
        content: what the store should hold.
        index: what it holds.
        wishes: what else to do.
        order_id: the order that it is for, if one is named.
        clients: who has to trust what stands in for what they trust.
    """
    about = About(certificate=content.certificate, notes=content.notes or "", order_id=order_id, trust=content.trust)
    found = plan_found(Creation(about, "Imported.", content, ()), index.same(content.certificate), clients)
    if isinstance(found, Failure):
        return found
    superseded = tuple(
        Superseded(
            old.id,
            old.certificate,
            old.associated_service_count,
            remove=wishes.remove_superseded and old.associated_service_count == 0,
        )
        for old in index.superseded_by(found.held, clients)
        if old.certificate
    )
    return replace(found, superseded=superseded)


def plan_found(new: Creation, same: Sequence[StoreCertificate], clients: Clients | None = None) -> Present | Failure:
    """Decide what to do about a certificate that the store may already have.

    Args:
        new: what to do if it does not have it.
        same: its records, that were listed, or that another run was faster to store.
        clients: who has to trust it with the chain of its record; `None` if it is not to be stored once more.
    """
    if not same:
        return new
    about, content = new.about, new.content
    differing = [(record, content.changes_to(record)) for record in same]
    unchanged = next((record for record, changes in differing if not changes), None)
    if unchanged:
        about = replace(about, id=unchanged.id, notes=unchanged.notes)
        return Unchanged(about, "The store holds it already.", content, new.superseded, unchanged)
    candidates = [one for one in differing if "intermediateCertificate" not in one[1]]
    if not candidates and clients:  # one that is not in use can be given the chain
        nearest = best([one for one in same if not one.associated_service_count] or same, clients)
        candidates = [one for one in differing if one[0] in nearest]
    if len(differing) > 1 and len(candidates) != 1:
        ids = ", ".join(str(record.id) for record in same)
        why = f"The store holds it more than once (ids {ids}), none as wanted: remove the surplus ones."
        return failed(CertificatesError("ambiguous", why), about)
    record, changes = (candidates or differing)[0]
    about = replace(about, id=record.id, notes=changes.get("notes", record.notes))
    if record.associated_service_count and "intermediateCertificate" in changes:
        if clients and completes(content.as_record(), record, clients):
            why = f"Imported once more, with intermediate certificates that certificate {record.id} lacks and that it cannot be given while in use."
            return replace(new, message=why, is_second=True)
        why = f"{_in_use(record)}, so its intermediates cannot be changed: detach it first."
        return failed(CertificatesError("in_use", why), about)
    what = ", ".join(CHANGED_PROPERTIES[name] for name in changes)
    return Update(about, f"Updated: {what}.", content, new.superseded, record, changes)


CHANGED_PROPERTIES = {
    "intermediateCertificate": "intermediate certificates",
    "certificateSigningRequest": "CSR",
    "notes": "notes",
}


MOST_NAMED = 5
"""Maximum number of certificates that a warning names."""


def warnings_of(step: ImportAction) -> tuple[str, ...]:
    """Return the warnings for the user."""
    return (*step.about.warnings, *(warnings_of_shorter_terms(step) if isinstance(step, Present) else ()))


def warnings_of_shorter_terms(step: Present) -> tuple[str, ...]:
    """Return a warning about replaced certificates that end later; it names some of them."""
    certificate = step.content.certificate
    longer = [
        f"certificate {old.id} ({iso(old.certificate.not_after)})"
        for old in step.superseded
        if old.certificate.not_after > certificate.not_after
    ]
    if not longer:
        return ()
    return (
        f"It ends at {iso(certificate.not_after)}, earlier than what it takes the place of: {some_of(longer, MOST_NAMED)}. "
        "See that it is the one you mean.",
    )


def plan_absent(
    stored: Sequence[StoreCertificate],
    certificate_id: int | None,
    fingerprint_sha256: str | None,
    common_name: str | None,
) -> Removal | NothingToRemove | Failure:
    """Decide which record to delete: the only one with the id, the fingerprint or, among its names, the name."""
    fingerprint = None if fingerprint_sha256 is None else plain_fingerprint(fingerprint_sha256)
    name = None if common_name is None else ascii_name(common_name)
    found = [
        record
        for record in stored
        if (certificate_id is None or record.id == certificate_id)
        and (
            fingerprint is None
            or (record.certificate is not None and record.certificate.fingerprint_sha256 == fingerprint)
        )
        and (name is None or name in record.names)
    ]
    if not found:
        return NothingToRemove(About(common_name=common_name), "The store holds no such certificate.")
    if len(found) > 1:
        ids = ", ".join(str(record.id) for record in found)
        return failed(
            CertificatesError(
                "ambiguous",
                f"More than one certificate matches (ids {ids}): name one by certificate_id. Nothing was removed.",
            )
        )
    record = found[0]
    about = About(record.id, record.common_name, record.certificate, record.notes)
    if not record.is_surely_unused:
        return failed(CertificatesError("in_use", _why_kept(record)), about)
    return Removal(about, "Removed.", record)


def check_deletion(record: StoreCertificate, listed: Certificate | None) -> None:
    """Refuse to delete a record that is in use by now, or whose certificate has changed since it was listed.

    `record` is as it was read right before the deletion.

    Raises:
        CertificatesError: `in_use` or `ambiguous`.
    """
    if record.certificate != listed:
        raise CertificatesError(
            "ambiguous",
            f"Certificate {record.id} was given another certificate since the store was listed: run it again to see what is there now.",
        )
    if not record.is_surely_unused:
        raise CertificatesError("in_use", _why_kept(record))


def _in_use(record: StoreCertificate) -> str:
    services = "1 service" if record.associated_service_count == 1 else f"{record.associated_service_count} services"
    return f"Certificate {record.id} is in use by {services}"


def _why_kept(record: StoreCertificate) -> str:
    if record.associated_service_count:
        return f"{_in_use(record)}: detach it first."
    return (
        f"The API does not tell whether a service uses certificate {record.id}, so it is not deleted on a guess: see in the portal that "
        "none does, and delete it there."
    )


def plain_fingerprint(text: str) -> str:
    """Return a fingerprint as hex without colons."""
    return text.replace(":", "").strip().lower()


def spare_what_is_wanted(steps: Sequence[ImportAction]) -> list[ImportAction]:
    """Keep in the store what one item of the run would remove but another one wants."""
    wanted = {step.about.id for step in steps if isinstance(step, Present)}
    return [_spare(step, wanted) for step in steps]


def _spare(step: ImportAction, wanted: Collection[int | None]) -> ImportAction:
    if isinstance(step, Removal) and step.record.id in wanted:
        why = (
            f"Another item of the same run wants certificate {step.record.id} to be in the store: leave one of the two."
        )
        return failed(CertificatesError("ambiguous", why), step.about)
    if not isinstance(step, Present):
        return step
    superseded = (replace(old, remove=old.remove and old.id not in wanted) for old in step.superseded)
    return replace(step, superseded=tuple(superseded))


def simulate(step: ImportAction) -> ImportAction:
    """Return a step as it would be after it was carried out, for check mode."""
    if not isinstance(step, Present):
        return step
    return replace(step, superseded=tuple(replace(old, removed=old.remove) for old in step.superseded))


def as_simulated(step: ImportAction) -> ImportAction:
    """Return a step with a message that does not say that it was carried out, for check mode."""
    if not isinstance(step, Creation | Update | Removal):
        return step
    return replace(step, message=f"Would be {step.message[0].lower()}{step.message[1:]}")


def mark_repeated(steps: Sequence[ImportAction]) -> list[ImportAction]:
    """Store or remove a certificate that is given twice only once: the later steps refer to the first."""
    first_of: dict[Certificate | int, int] = {}
    marked = []
    for position, step in enumerate(steps):
        first = position
        if isinstance(step, Present):
            first = first_of.setdefault(step.content.certificate, position)
        elif isinstance(step, Removal):
            first = first_of.setdefault(step.record.id, position)
        marked.append(step if first == position else _repeated(step, steps[first], first))
    return marked


def _repeated(step: ImportAction, first: ImportAction, position: int) -> Repetition | Failure:
    if isinstance(step, Present) and isinstance(first, Present) and step.content != first.content:
        why = f"The same certificate as item {position}, with another chain, CSR or notes: give it once."
        return failed(CertificatesError("ambiguous", why), step.about)
    return Repetition(step.about, f"The same as item {position}.", position)


def why_not_imported(
    ineligibility: Ineligibility | None,
    *,
    imported: bool,
    superseded_by: Sequence[int],
    has_certificate: bool,
    has_key: bool,
    by_email: bool,
) -> tuple[WaitingReason, str] | None:
    """Return reason and message for an order whose certificate cannot be imported now, or `None` if it can."""
    if ineligibility:
        return ineligibility, f"Not imported: {INELIGIBLE[ineligibility]}"
    if not has_certificate and imported:
        return "already_imported", "The store holds the order's certificate already."
    if superseded_by:
        ids = ", ".join(map(str, superseded_by))
        return "superseded", f"Not imported: the store holds a newer certificate for the order's names (id {ids})."
    if not has_certificate and by_email:
        return "waiting_for_email", "Waiting for the fulfillment email: no message with the certificate has come yet."
    if not has_certificate:
        return "waiting_for_certificate", "Waiting for the certificate: save it from the fulfillment email."
    if not has_key:
        return "waiting_for_key", "Waiting for the private key that the order's CSR was made with."
    return None
