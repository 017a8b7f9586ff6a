# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Facts and wishes in, decisions out: what to do with each item, and why not. Private to softlayer.certificates.

Pure. A real run carries out exactly the plan that check mode and diff mode show.
"""

from __future__ import annotations

import typing as t
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from ansible_collections.softlayer.certificates.plugins.module_utils._errors import CertificatesError
from ansible_collections.softlayer.certificates.plugins.module_utils._names import address_matches, ascii_name
from ansible_collections.softlayer.certificates.plugins.module_utils._times import iso
from ansible_collections.softlayer.certificates.plugins.module_utils._x509 import (
    FACTS,
    STORED_KEY_TYPES,
    Certificate,
    PrivateKey,
    Request,
    find_by_key,
    order_chain,
    pem_bundle,
    read_certificates,
    read_key_store,
    read_private_key,
    read_request,
)

if t.TYPE_CHECKING:
    from ansible_collections.softlayer.certificates.plugins.module_utils._ledger import Entry
    from ansible_collections.softlayer.certificates.plugins.module_utils._orders import Order
    from ansible_collections.softlayer.certificates.plugins.module_utils._store import Stored

Outcome = t.Literal["requested", "skipped", "failed"]


@dataclass(frozen=True)
class EmailWishes:
    """How the user wants emails to be requested."""

    min_interval: timedelta
    allowed_recipients: Sequence[str] | None
    skip_imported: bool
    force: bool
    on_ineligible: t.Literal["fail", "skip"]


@dataclass(frozen=True)
class Email:
    """What is to be done, or was done, about one order's fulfillment email."""

    order_id: int
    common_name: str | None
    recipient: str | None
    technical_contact_email: str | None
    status: str | None
    outcome: Outcome
    reason: str | None
    requested_at: datetime | None
    previous_requested_at: datetime | None
    next_allowed_at: datetime | None
    message: str

    def as_result(self) -> dict[str, t.Any]:
        """Return it as the module returns it."""
        times = ("requested_at", "previous_requested_at", "next_allowed_at")
        return {**self.__dict__, **{name: iso(getattr(self, name)) for name in times}}


INELIGIBLE = {
    "pending": "the certificate authority has not approved the order yet; there is no certificate to mail.",
    "canceled": "the order was canceled or rejected, so there is no certificate to mail; leave it out.",
    "expired": "the order has expired; get a new certificate.",
    "unknown_status": "the API gives the order a status that this release does not know; nothing is sent on a guess.",
}


def ineligibility(order: Order, at: datetime) -> str | None:
    """Return why an order's fulfillment email cannot be sent at all, C(None) if it can: the status gate."""
    if order.status in {"pending", "canceled"}:
        return order.status
    if order.status == "unknown":
        return "unknown_status"
    return "expired" if order.is_expired(at) else None


def plan_emails(
    orders: Iterable[Order],
    last_requests: Mapping[int, Entry],
    wishes: EmailWishes,
    at: datetime,
) -> list[Email]:
    """Decide for each order whether its email is to be requested, as far as the store need not be known.

    Args:
        orders: the selected orders.
        last_requests: by order id, the last request on record.
        wishes: what the user wants.
        at: the present instant.
    """
    return [_plan_email(order, last_requests.get(order.id), wishes, at) for order in orders]


def _plan_email(order: Order, last: Entry | None, wishes: EmailWishes, at: datetime) -> Email:
    blocked_until = last.blocks_until(wishes.min_interval, at) if last else None
    email = Email(
        order_id=order.id,
        common_name=order.common_name,
        recipient=order.approver_email,
        technical_contact_email=order.technical_contact_email,
        status=order.status,
        outcome="skipped",
        reason=None,
        requested_at=None,
        previous_requested_at=last.requested_at if last else None,
        next_allowed_at=blocked_until,
        message="",
    )
    why_not = ineligibility(order, at)
    if why_not:
        outcome: Outcome = "failed" if wishes.on_ineligible == "fail" else "skipped"
        return replace(email, outcome=outcome, reason=why_not, message=f"Not requested: {INELIGIBLE[why_not]}")
    if wishes.allowed_recipients is not None and not address_matches(order.approver_email, wishes.allowed_recipients):
        recipient = order.approver_email or "an address that the API does not tell"
        return replace(
            email,
            outcome="failed",
            reason="recipient_not_allowed",
            message=f"Not requested: it would go to {recipient}, which allowed_recipients does not allow.",
        )
    if last is not None and blocked_until is not None and not wishes.force:
        return blocked(email, last, wishes.min_interval, at)
    return as_requested(
        email,
        at,
        wishes.min_interval,
        f"The fulfillment email goes to {order.approver_email or 'the address of the order'}.",
    )


def blocked(email: Email, last: Entry, interval: timedelta, at: datetime) -> Email:
    """Return an email that is not requested because of the last request on record."""
    until = last.blocks_until(interval, at)
    email = replace(
        email, outcome="skipped", requested_at=None, previous_requested_at=last.requested_at, next_allowed_at=until
    )
    if last.confirmed:
        return replace(
            email,
            reason="cooldown",
            message=f"Not requested: it was requested at {iso(last.requested_at)}; the next time is due at {iso(until)} (force: true overrules this).",
        )
    return replace(
        email,
        reason="outcome_unknown",
        message=f"Not requested: a request of {iso(last.requested_at)} got no answer, or is under way in another run, and may have been sent. "
        "Look into the mailbox; force: true requests it again.",
    )


def as_requested(email: Email, at: datetime, interval: timedelta, message: str) -> Email:
    """Return an email that is, or would be, requested at an instant."""
    return replace(
        email,
        outcome="requested",
        reason=None,
        requested_at=at,
        next_allowed_at=at + interval if interval else None,
        message=message,
    )


def skip_imported(
    emails: Iterable[Email], orders: Mapping[int, Order], certificate_ids_by_key: Mapping[str, Sequence[int]]
) -> list[Email]:
    """Take out of a plan the orders whose certificate is in the store already."""
    return [
        _unless_imported(email, orders[email.order_id].public_key_sha256, certificate_ids_by_key) for email in emails
    ]


def _unless_imported(
    email: Email, public_key_sha256: str | None, certificate_ids_by_key: Mapping[str, Sequence[int]]
) -> Email:
    stored = certificate_ids_by_key.get(public_key_sha256 or "")
    if email.outcome != "requested" or not stored:
        return email
    ids = ", ".join(map(str, stored))
    return replace(
        email,
        outcome="skipped",
        reason="already_imported",
        requested_at=None,
        next_allowed_at=None,
        message=f"Not requested: the store holds a certificate with the order's public key already (id {ids}).",
    )


def not_found(order_id: int) -> Email:
    """Return the entry of an order id that the account does not have."""
    return Email(
        order_id=order_id,
        common_name=None,
        recipient=None,
        technical_contact_email=None,
        status=None,
        outcome="failed",
        reason="not_found",
        requested_at=None,
        previous_requested_at=None,
        next_allowed_at=None,
        message="There is no such order, or the API user has no permission to see it; ssl_order_info lists the orders there are.",
    )


@dataclass(frozen=True)
class Material:
    """What the user gave for one certificate, as bytes in any encoding; the paths are read already."""

    certificate: bytes | None = field(default=None, repr=False)
    private_key: bytes | None = field(default=None, repr=False)
    privatekey_passphrase: str | None = field(default=None, repr=False)
    intermediate: bytes | None = field(default=None, repr=False)
    request: bytes | None = field(default=None, repr=False)
    key_store: bytes | None = field(default=None, repr=False)
    key_store_passphrase: str | None = field(default=None, repr=False)
    notes: str | None = None


@dataclass(frozen=True)
class Content:
    """What is to stand in the store. What the user did not give is left out, or left as it is."""

    certificate: Certificate
    private_key_pem: str = field(repr=False, compare=False)  # one key for one certificate, in whatever container
    intermediates: tuple[Certificate, ...]
    request: Request | None
    notes: str | None

    def as_template(self) -> dict[str, str]:
        """Return the template that C(createObject) takes."""
        return {"certificate": self.certificate.pem(), "privateKey": self.private_key_pem, **self._optional()}

    def changes_to(self, record: Stored) -> dict[str, str]:
        """Return the properties of a record that C(editObject) must change."""
        chain = tuple(issuer for issuer in record.intermediates if not issuer.is_self_issued)
        held = {
            "intermediateCertificate": chain,
            "certificateSigningRequest": record.request,
            "notes": with_plain_line_ends(record.notes),
        }
        wanted = {
            "intermediateCertificate": self.intermediates,
            "certificateSigningRequest": self.request,
            "notes": self.notes,
        }
        return {name: value for name, value in self._optional().items() if wanted[name] != held[name]}

    def _optional(self) -> dict[str, str]:
        properties = {
            "intermediateCertificate": pem_bundle(self.intermediates) or None,
            "certificateSigningRequest": self.request.pem() if self.request else None,
            "notes": self.notes,
        }
        return {name: value for name, value in properties.items() if value is not None}


@dataclass(frozen=True)
class ImportWishes:
    """What is accepted, and what is done beside it."""

    allow_expired: bool = False
    verify_chain: bool = True
    remove_superseded: bool = False


@dataclass(frozen=True)
class Superseded:
    """An older certificate of the same common name."""

    id: int
    not_after: datetime | None
    associated_service_count: int | None
    remove: bool
    removed: bool = False

    def as_result(self) -> dict[str, t.Any]:
        """Return it as the module returns it."""
        return {
            "id": self.id,
            "not_after": iso(self.not_after),
            "associated_service_count": self.associated_service_count,
            "removed": self.removed,
        }


ImportOutcome = t.Literal["imported", "updated", "unchanged", "removed", "failed"]


@dataclass(frozen=True)
class Step:
    """What is to be done, or was done, about one certificate."""

    outcome: ImportOutcome
    message: str
    reason: str | None = None
    id: int | None = None
    common_name: str | None = None
    certificate: Certificate | None = None
    notes: str | None = None
    order_id: int | None = None
    superseded: tuple[Superseded, ...] = ()
    content: Content | None = field(default=None, repr=False)
    changes: Mapping[str, str] = field(default_factory=dict, repr=False)
    notes_before: str | None = None
    same_as: int | None = None
    warnings: tuple[str, ...] = ()

    @property
    def changes_something(self) -> bool:
        """Return whether the store is, or would be, another one afterwards."""
        return self.outcome in {"imported", "updated", "removed"} or any(old.removed for old in self.superseded)

    def as_result(self) -> dict[str, t.Any]:
        """Return it as the module returns it: public facts only."""
        facts = (
            self.certificate.facts()
            if self.certificate
            else {**dict.fromkeys(FACTS), "subject_alt_names": [], "common_name": self.common_name}
        )
        return {
            "id": self.id,
            **facts,
            "notes": self.notes,
            "order_id": self.order_id,
            "outcome": self.outcome,
            "reason": self.reason,
            "superseded": [old.as_result() for old in self.superseded],
            "message": self.message,
        }


def assemble(material: Material, wishes: ImportWishes, at: datetime) -> tuple[Content, tuple[str, ...]]:
    """Check all that can be checked without the API and return what would be stored, with warnings.

    The certificate is the one that the private key belongs to, wherever it stands; the others are its chain.

    Raises:
        CertificatesError: its code is the C(reason).
    """
    key, pile, extra = _read_material(material)
    if key.key_type not in STORED_KEY_TYPES:
        raise CertificatesError(
            "refused",
            f"The certificate store takes RSA and EC keys, not {key.key_type}: order the certificate with one of those.",
        )
    own = find_by_key(pile, key.public_key_sha256)
    if not own:
        raise CertificatesError(
            "key_mismatch",
            "The private key does not belong to the certificate: give the key that the certificate's CSR was made with.",
        )
    if len(own) > 1:
        raise CertificatesError(
            "ambiguous", "Several certificates with the private key's public key were given: leave the one to import."
        )
    leaf = own[0]
    _check_validity(leaf, wishes, at)
    request = read_request(material.request) if material.request is not None else None
    if request and request.public_key_sha256 != leaf.public_key_sha256:
        raise CertificatesError("csr_mismatch", "The CSR is not the certificate's: their public keys differ.")
    others = [certificate for certificate in dict.fromkeys([*pile, *extra]) if certificate != leaf]
    chain, warnings = _chain_of(leaf, others, extra, wishes, at)
    content = Content(
        certificate=leaf,
        private_key_pem=key.pem,
        intermediates=tuple(chain),
        request=request,
        notes=None if material.notes is None else with_plain_line_ends(material.notes),
    )
    return content, warnings


def with_plain_line_ends(text: str) -> str:
    """Return a text with line ends that XML does not change on its way."""
    return "\n".join(text.splitlines())


def _read_material(material: Material) -> tuple[PrivateKey, list[Certificate], list[Certificate]]:
    """Return the key, the certificates that the leaf is among, and those given as intermediates."""
    if material.key_store is not None:
        store = read_key_store(material.key_store, material.key_store_passphrase)
        if store.key is None or not store.certificates:
            raise CertificatesError(
                "invalid_pem", "The PKCS#12 file lacks the private key or the certificate: export it with both."
            )
        return store.key, list(store.certificates), []
    pile = read_certificates(material.certificate or b"")
    if not pile:
        raise CertificatesError(
            "invalid_pem", "There is no certificate in what was given as one: give PEM, DER or PKCS#7."
        )
    key = read_private_key(material.private_key or b"", material.privatekey_passphrase)
    extra: list[Certificate] = []
    if material.intermediate is not None:
        extra = read_certificates(material.intermediate)
        if not extra:
            raise CertificatesError(
                "invalid_pem", "There is no certificate in what was given as intermediates: give PEM, DER or PKCS#7."
            )
    return key, pile, extra


def _check_validity(leaf: Certificate, wishes: ImportWishes, at: datetime) -> None:
    if leaf.not_before > at:
        raise CertificatesError(
            "not_yet_valid",
            f"The certificate is valid from {iso(leaf.not_before)} on: import it then, or check this machine's clock.",
        )
    if leaf.not_after < at and not wishes.allow_expired:
        raise CertificatesError(
            "expired", f"The certificate expired at {iso(leaf.not_after)}: give the renewed one, or set allow_expired."
        )


def _chain_of(
    leaf: Certificate,
    others: Sequence[Certificate],
    intended: Sequence[Certificate],
    wishes: ImportWishes,
    at: datetime,
) -> tuple[list[Certificate], tuple[str, ...]]:
    """Return the leaf's chain in order, the root left out.

    Args:
        leaf: the certificate.
        others: all other certificates that were given.
        intended: those of them that were given as intermediates.
        wishes: whether to check at all.
        at: the present instant.
    """
    if not wishes.verify_chain:
        given = intended or others
        return [certificate for certificate in given if certificate != leaf and not certificate.is_self_issued], ()
    chain = order_chain(leaf, others, at)
    issued_by_root = any(root.is_self_issued and leaf.is_issued_by(root) for root in others)
    issuers = [certificate for certificate in others if not certificate.is_self_issued]
    if (intended or issuers) and not chain and not issued_by_root:
        raise CertificatesError(
            "chain_invalid",
            "None of the intermediate certificates issued the certificate: give the bundle that came with it.",
        )
    late = next((issuer for issuer in chain if not issuer.not_before <= at <= issuer.not_after), None)
    if late and not wishes.allow_expired:
        valid = f"valid from {iso(late.not_before)} to {iso(late.not_after)}"
        raise CertificatesError(
            "chain_invalid", f"The intermediate certificate {late.common_name} is {valid}: give the current one."
        )
    warnings = []
    if not chain and not issued_by_root and not leaf.is_self_issued:
        warnings.append(
            "The chain is incomplete: no certificate of the issuer was given. Clients may not trust the certificate."
        )
    unused = [certificate for certificate in issuers if certificate not in chain]
    if unused:
        names = ", ".join(str(certificate.common_name) for certificate in unused)
        warnings.append(f"Left out, as they are not part of the certificate's chain: {names}.")
    return chain, tuple(warnings)


def presumed_leaf(material: Material) -> Certificate | None:
    """Return the certificate that is probably meant, to name it in a message about material that does not fit."""
    try:
        pile = read_certificates(material.certificate or b"")
    except CertificatesError:
        return None
    return next((certificate for certificate in pile if not certificate.may_issue), pile[0] if pile else None)


def check_order(content: Content, order: Order | None, order_id: int) -> None:
    """Refuse a certificate that was not issued for an order's CSR.

    Raises:
        CertificatesError: C(not_found) or C(order_mismatch).
    """
    if order is None:
        raise CertificatesError(
            "not_found", f"There is no SSL order {order_id}, or the API user has no permission to see it."
        )
    if order.public_key_sha256 is None:
        raise CertificatesError(
            "order_mismatch",
            f"Order {order_id} has no CSR to compare with: leave order_id out to import without this check.",
        )
    if order.public_key_sha256 != content.certificate.public_key_sha256:
        raise CertificatesError(
            "order_mismatch",
            f"The certificate does not carry the public key of order {order_id} ({order.common_name}).",
        )


def plan_present(content: Content, stored: Sequence[Stored], wishes: ImportWishes, order_id: int | None) -> Step:
    """Decide how a certificate gets into the store, or that it is there already.

    Equal is what has the same DER, and so the same public key: text, line ends and names do not count.
    """
    leaf = content.certificate
    superseded = tuple(_superseded_by(leaf, stored, wishes))
    step = Step(
        "imported",
        "Imported.",
        certificate=leaf,
        notes=content.notes or "",
        order_id=order_id,
        superseded=superseded,
        content=content,
    )
    same = [record for record in stored if record.certificate == leaf]
    if not same:
        return step
    differing = [(record, content.changes_to(record)) for record in same]
    unchanged = next((record for record, changes in differing if not changes), None)
    if unchanged:
        return replace(
            step, outcome="unchanged", id=unchanged.id, notes=unchanged.notes, message="The store holds it already."
        )
    if len(same) > 1:
        ids = ", ".join(str(record.id) for record in same)
        return failed(
            CertificatesError(
                "ambiguous", f"The store holds it more than once (ids {ids}), none as wanted: remove the surplus ones."
            ),
            step,
        )
    record, changes = differing[0]
    step = replace(step, id=record.id, notes=changes.get("notes", record.notes), notes_before=record.notes)
    if record.associated_service_count and "intermediateCertificate" in changes:
        services = f"{record.associated_service_count} service{'s' if record.associated_service_count > 1 else ''}"
        return failed(
            CertificatesError(
                "in_use",
                f"Certificate {record.id} is in use by {services}, so its intermediates cannot be changed: detach it first.",
            ),
            step,
        )
    return replace(
        step,
        outcome="updated",
        changes=changes,
        message=f"Updated: {', '.join(CHANGED_PROPERTIES[name] for name in changes)}.",
    )


CHANGED_PROPERTIES = {
    "intermediateCertificate": "intermediate certificates",
    "certificateSigningRequest": "CSR",
    "notes": "notes",
}


def _superseded_by(leaf: Certificate, stored: Iterable[Stored], wishes: ImportWishes) -> t.Iterator[Superseded]:
    """Yield the older certificates of the same common name.

    Only those are removed that the new one can stand in for: unused, of the same organization and key type (RSA and EC
    certificates live side by side), and with no name that the new one lacks.
    """
    if not leaf.common_name:
        return
    for record in stored:
        old = record.certificate
        if old is None or old == leaf or ascii_name(old.common_name or "") != ascii_name(leaf.common_name or ""):
            continue
        if (old.not_before, old.not_after) >= (leaf.not_before, leaf.not_after):
            continue
        replaceable = (
            record.associated_service_count == 0
            and old.organization_name == leaf.organization_name
            and old.key_type == leaf.key_type
            and set(old.subject_alt_names) <= set(leaf.subject_alt_names)
        )
        yield Superseded(
            record.id, old.not_after, record.associated_service_count, remove=wishes.remove_superseded and replaceable
        )


def plan_absent(
    stored: Sequence[Stored],
    certificate_id: int | None,
    fingerprint_sha256: str | None,
    common_name: str | None,
) -> Step:
    """Decide which record is to be removed: the only one that has the id, the fingerprint or the common name."""
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
        and (name is None or (name and ascii_name(record.common_name or "") == name))
    ]
    if not found:
        return Step("unchanged", "The store holds no such certificate.", common_name=common_name)
    if len(found) > 1:
        ids = ", ".join(str(record.id) for record in found)
        return failed(
            CertificatesError(
                "ambiguous",
                f"More than one certificate matches (ids {ids}): name one by certificate_id. Nothing was removed.",
            )
        )
    record = found[0]
    step = Step(
        "removed",
        "Removed.",
        id=record.id,
        common_name=record.common_name,
        certificate=record.certificate,
        notes=record.notes,
    )
    if record.associated_service_count:
        return failed(
            CertificatesError(
                "in_use",
                f"Certificate {record.id} is in use by {record.associated_service_count} service(s): detach it first.",
            ),
            step,
        )
    return step


def plain_fingerprint(text: str) -> str:
    """Return a fingerprint as hex without colons."""
    return text.replace(":", "").strip().lower()


def spare_what_is_wanted(steps: Sequence[Step]) -> list[Step]:
    """Keep in the store what one item of the run would remove and another wants to be there."""
    wanted = {step.id for step in steps if step.content is not None}
    return [_spare(step, wanted) for step in steps]


def _spare(step: Step, wanted: Collection[int | None]) -> Step:
    if step.outcome == "removed" and step.id in wanted:
        error = f"Another item of the same run wants certificate {step.id} to be in the store: leave one of the two."
        return failed(CertificatesError("ambiguous", error), step)
    superseded = (replace(old, remove=old.remove and old.id not in wanted) for old in step.superseded)
    return replace(step, superseded=tuple(superseded))


def predicted(step: Step) -> Step:
    """Return a step as it will have been carried out, for check mode."""
    return replace(step, superseded=tuple(replace(old, removed=old.remove) for old in step.superseded))


def mark_repeated(steps: Sequence[Step]) -> list[Step]:
    """Let a certificate that was given twice be stored, or removed, once: the later ones refer to the first."""
    first_of: dict[Certificate | int | None, int] = {}
    marked: list[Step] = []
    for position, step in enumerate(steps):
        current = step
        if (step.content is not None or step.outcome == "removed") and step.outcome != "failed":
            first = first_of.setdefault(step.content.certificate if step.content else step.id, position)
            if first != position:
                current = _repeated(step, steps[first], first)
        marked.append(current)
    return marked


def _repeated(step: Step, first: Step, position: int) -> Step:
    if step.content == first.content:
        message = f"The same as item {position}."
        return replace(step, outcome="unchanged", same_as=position, superseded=(), changes={}, message=message)
    error = CertificatesError(
        "ambiguous", f"The same certificate as item {position}, with another chain, CSR or notes: give it once."
    )
    return failed(error, step)


def failed(error: CertificatesError, step: Step | None = None) -> Step:
    """Return the step of a certificate that is not, or was not, taken."""
    return replace(
        step or Step("failed", ""),
        outcome="failed",
        reason=error.code,
        message=error.message,
        superseded=(),
        changes={},
    )


def why_not_imported(
    status: str, *, expired: bool, imported: bool, has_certificate: bool, has_key: bool, by_email: bool
) -> tuple[str, str] | None:
    """Return reason and message for an order whose certificate cannot be imported now, C(None) if it can."""
    if status in {"pending", "canceled"}:
        return status, f"Not imported: {INELIGIBLE[status]}"
    if status == "unknown":
        return "unknown_status", f"Not imported: {INELIGIBLE['unknown_status']}"
    if expired:
        return "expired", f"Not imported: {INELIGIBLE['expired']}"
    if not has_certificate and imported:
        return "already_imported", "The store holds a certificate with the order's public key already."
    if not has_certificate and by_email:
        return "waiting_for_email", "Waiting for the fulfillment email: no message with the certificate has come yet."
    if not has_certificate:
        return "waiting_for_certificate", "Waiting for the certificate: save it from the fulfillment email."
    if not has_key:
        return "waiting_for_key", "Waiting for the private key that the order's CSR was made with."
    return None
