# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Facts and wishes in, decisions out: what to do with each item, and why not. Private to softlayer.certificates.

Pure. A real run carries out exactly the plan that check mode and diff mode show.
"""

from __future__ import annotations

import re
import typing as t
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from ansible_collections.softlayer.certificates.plugins.module_utils._chain import Anchors, Chain, Chains, Trust
from ansible_collections.softlayer.certificates.plugins.module_utils._errors import CertificatesError
from ansible_collections.softlayer.certificates.plugins.module_utils._names import (
    address_matches,
    ascii_name,
    is_one_address,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._text import NOT_XML, printable, some_of
from ansible_collections.softlayer.certificates.plugins.module_utils._times import iso
from ansible_collections.softlayer.certificates.plugins.module_utils._x509 import (
    FACTS,
    STORED_KEY_TYPES,
    Certificate,
    PrivateKey,
    Request,
    find_by_key,
    pem_bundle,
    read_certificates,
    read_key_store,
    read_private_key,
    read_request,
)

if t.TYPE_CHECKING:
    from ansible_collections.softlayer.certificates.plugins.module_utils._ledger import Entry, Key
    from ansible_collections.softlayer.certificates.plugins.module_utils._orders import Order
    from ansible_collections.softlayer.certificates.plugins.module_utils._store import Stored
    from ansible_collections.softlayer.certificates.plugins.module_utils._terms import Shelf

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
    last_requests: Mapping[int, Entry[Key]],
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


def _plan_email(order: Order, last: Entry[Key] | None, wishes: EmailWishes, at: datetime) -> Email:
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
        return replace(
            email,
            outcome="failed",
            reason="recipient_not_allowed",
            message=f"Not requested: it would go to {_why_not_allowed(order.approver_email)}.",
        )
    if last is not None and blocked_until is not None and not wishes.force:
        return blocked(email, last, wishes.min_interval, at)
    return as_requested(
        email,
        at,
        wishes.min_interval,
        f"The fulfillment email goes to {printable(order.approver_email or 'the address of the order')}.",
    )


def _why_not_allowed(recipient: str | None) -> str:
    if recipient is None:
        return "an address that the API does not tell, so allowed_recipients cannot allow it"
    if not is_one_address(recipient):
        return f'"{printable(recipient)}", which is not exactly one address, so allowed_recipients cannot allow it'
    return f"{recipient}, which allowed_recipients does not allow"


def blocked(email: Email, last: Entry[Key], interval: timedelta, at: datetime) -> Email:
    """Return an email that is not requested because of the last request on record.

    One that may not have been sent is a failure, so that a task which is repeated until it succeeds does not end well by itself.
    """
    until = last.blocks_until(interval, at)
    email = replace(
        email, outcome="skipped", requested_at=None, previous_requested_at=last.requested_at, next_allowed_at=until
    )
    if last.state == "confirmed":
        return replace(
            email,
            reason="cooldown",
            message=f"Not requested: it was requested at {iso(last.requested_at)}; the next time is due at {iso(until)} (force: true overrules this).",
        )
    if last.is_under_way(at):
        return replace(
            email,
            reason="outcome_unknown",
            message=f"Not requested: a request of {iso(last.requested_at)} is under way in another run, and may have been sent. Run again to see.",
        )
    return replace(
        email,
        outcome="failed",
        reason="outcome_unknown",
        message=f"Not requested: a request of {iso(last.requested_at)} got no answer and may have been sent. "
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


def is_open(email: Email) -> bool:
    """Return whether the certificate would settle it: it is to be requested, or nobody knows whether it was."""
    return email.outcome == "requested" or email.reason == "outcome_unknown"


def skip_imported(emails: Iterable[Email], orders: Mapping[int, Order], shelf: Shelf, at: datetime) -> list[Email]:
    """Take out of a plan the orders whose certificate is in the store already, or one that took its place.

    Args:
        emails: the plan.
        orders: by id, at least those that C(is_open).
        shelf: what the store holds.
        at: the present instant.
    """
    return [_unless_imported(email, orders[email.order_id], shelf, at) if is_open(email) else email for email in emails]


def _unless_imported(email: Email, order: Order, shelf: Shelf, at: datetime) -> Email:
    standing = shelf.standing(order.term, at)
    if not standing.imported_as and not standing.superseded_by:
        return email
    if standing.imported_as:
        ids = ", ".join(str(held.id) for held in standing.imported_as)
        reason, why = "already_imported", f"the store holds the order's certificate already (id {ids})"
    else:
        newest = max(standing.superseded_by, key=lambda held: (held.not_after, held.id))
        reason = "superseded"
        why = f"the store holds a newer certificate for its names (id {newest.id}, valid until {iso(newest.not_after)})"
    return replace(
        email,
        outcome="skipped",
        reason=reason,
        requested_at=None,
        next_allowed_at=None,
        message=f"Not requested: {why}; force: true overrules this.",
    )


MOST_ORDERS_NAMED = 10
"""Orders that a warning names."""


def warning_of_unknown_keys(emails: Iterable[Email], orders: Mapping[int, Order]) -> str | None:
    """Return the warning of orders whose emails are to be requested although nothing can be compared with their key, if there are any."""
    keyless = [
        email for email in emails if email.outcome == "requested" and not orders[email.order_id].public_key_sha256
    ]
    if not keyless:
        return None
    names = [f"order {one.order_id}{f' ({one.common_name})' if one.common_name else ''}" for one in keyless]
    return (
        f"The API tells no readable CSR of {some_of(names, MOST_ORDERS_NAMED)}, so it cannot be known whether the store holds "
        "the certificate already, nor which email has it: look into the store, leave out of the selection what is there, and take the rest "
        "from its email by hand, with ssl_certificate_import."
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
    paths: Mapping[str, str] = field(default_factory=dict)
    """The files that it was read from, by the names of the options less C(_path)."""


@dataclass(frozen=True)
class Content:
    """What is to stand in the store. What the user did not give is left out, or left as it is."""

    certificate: Certificate
    private_key_pem: str = field(repr=False, compare=False)  # one key for one certificate, in whatever container
    intermediates: tuple[Certificate, ...]
    request: Request | None
    notes: str | None
    trust: Trust | None = field(default=None, compare=False)

    def as_template(self) -> dict[str, str]:
        """Return the template that C(createObject) takes."""
        return {"certificate": self.certificate.pem(), "privateKey": self.private_key_pem, **self._optional()}

    def changes_to(self, record: Stored) -> dict[str, str]:
        """Return the properties of a record that C(editObject) must change."""
        chain = tuple(issuer for issuer in record.intermediates if not issuer.is_root)
        held = {
            "intermediateCertificate": chain,
            "certificateSigningRequest": record.request,
            "notes": plain_notes(record.notes),
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
    trust: t.Literal["require", "warn", "ignore"] = "warn"


UNTRUSTED: Mapping[Trust, str] = {"incomplete": "chain_incomplete", "untrusted": "untrusted"}
"""The reason of a certificate that is not taken for want of trust."""


def remedy_for(trust: Trust) -> str:
    """Return what to do about a certificate that is not trusted."""
    if trust == "incomplete":
        return "Give the intermediate certificates that the authority publishes; if it is an authority of your own, its root as trusted_ca_path."
    return "If it comes from an authority of your own, give that one's root as trusted_ca_path."


@dataclass(frozen=True)
class Superseded:
    """An older certificate that the new one takes the place of."""

    id: int
    certificate: Certificate = field(repr=False)
    associated_service_count: int | None
    remove: bool
    removed: bool = False

    def as_result(self) -> dict[str, t.Any]:
        """Return it as the module returns it."""
        return {
            "id": self.id,
            "not_after": iso(self.certificate.not_after),
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
    trust: Trust | None = None

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
            "trust": self.trust,
            "notes": self.notes,
            "order_id": self.order_id,
            "outcome": self.outcome,
            "reason": self.reason,
            "superseded": [old.as_result() for old in self.superseded],
            "message": self.message,
        }


def assemble(
    material: Material, wishes: ImportWishes, at: datetime, anchors: Anchors | None = None
) -> tuple[Content, tuple[str, ...]]:
    """Check all that can be checked without the API and return what would be stored, with warnings.

    The certificate is the one that the private key belongs to, wherever it stands; the others are its chain.

    Args:
        material: what was given.
        wishes: what is accepted.
        at: the present instant.
        anchors: what is trusted; C(None) where that is not asked.

    Raises:
        CertificatesError: its code is the C(reason).
    """
    with _naming(material, "pkcs12"):
        key, pile, extra = _read_material(material)
    if key.key_type not in STORED_KEY_TYPES:
        raise CertificatesError(
            "refused",
            f"The certificate store takes RSA and EC keys, not {key.key_type}: order the certificate with one of those.",
        )
    own = find_by_key(pile, key.public_key_sha256)
    if not own:
        with _naming(material, "privatekey"):
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
    with _naming(material, "csr"):
        request = read_request(material.request) if material.request is not None else None
    if request and request.public_key_sha256 != leaf.public_key_sha256:
        raise CertificatesError("csr_mismatch", "The CSR is not the certificate's: their public keys differ.")
    others = [certificate for certificate in dict.fromkeys([*pile, *extra]) if certificate != leaf]
    if not leaf.subject_fits_xml:
        raise CertificatesError(
            "refused",
            f"The certificate's subject ({leaf.shown_name}) has control characters in it. Once it is stored, the list of certificates could "
            "not be read over XML-RPC any more: have it issued without them.",
        )
    chain, warnings = _chain_of(leaf, others, extra, wishes, at, anchors)
    content = Content(
        certificate=leaf,
        private_key_pem=key.pem,
        intermediates=chain.issuers,
        request=request,
        notes=None if material.notes is None else _check_notes(material.notes),
        trust=None if anchors is None else chain.trust,
    )
    return content, warnings


def plain_notes(text: str) -> str:
    """Return notes with line ends that XML does not change on its way, and none at their end, where stores keep or strip them."""
    return re.sub(r"\r\n?", "\n", text).rstrip("\n")


def _check_notes(notes: str) -> str:
    """Return notes as they are stored; what REST would take, and XML-RPC could never read again, is refused."""
    odd = NOT_XML.search(notes)
    if odd:
        raise CertificatesError(
            "refused",
            f"The notes hold the character U+{ord(odd[0]):04X}, which XML cannot carry, so that the store could not be read over "
            "XML-RPC any more: take it out of notes.",
        )
    return plain_notes(notes)


def _read_material(material: Material) -> tuple[PrivateKey, list[Certificate], list[Certificate]]:
    """Return the key, the certificates that the leaf is among, and those given as intermediates."""
    if material.key_store is not None:
        store = read_key_store(material.key_store, material.key_store_passphrase)
        if store.key is None or not store.certificates:
            raise CertificatesError(
                "invalid_pem", "The PKCS#12 file lacks the private key or the certificate: export it with both."
            )
        return store.key, list(store.certificates), []
    with _naming(material, "certificate"):
        pile = _some_certificates(material.certificate or b"", "one")
    with _naming(material, "privatekey"):
        key = read_private_key(material.private_key or b"", material.privatekey_passphrase)
    with _naming(material, "intermediate"):
        extra = [] if material.intermediate is None else _some_certificates(material.intermediate, "intermediates")
    return key, pile, extra


def _some_certificates(data: bytes, what: str) -> list[Certificate]:
    found = read_certificates(data)
    if not found:
        raise CertificatesError(
            "invalid_pem", f"There is no certificate in what was given as {what}: give PEM, DER or PKCS#7."
        )
    return found


@contextmanager
def _naming(material: Material, part: str) -> Iterator[None]:
    """Name the file, if it is one, in what is said of this part of the material."""
    try:
        yield
    except CertificatesError as error:
        if part not in material.paths:
            raise
        raise CertificatesError(error.code, f"{material.paths[part]}: {error.message}", **error.details) from None


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
    anchors: Anchors | None,
) -> tuple[Chain, tuple[str, ...]]:
    """Return the leaf's chain, with warnings.

    Args:
        leaf: the certificate.
        others: all other certificates that were given.
        intended: those of them that were given as intermediates.
        wishes: what is accepted.
        at: the present instant.
        anchors: what is trusted; C(None) where that is not asked.
    """
    valid_at = min(at, leaf.not_after) if wishes.allow_expired else at
    chain = Chains(others, anchors or Anchors(), valid_at).of(leaf)
    if anchors is not None and chain.trust != "trusted" and wishes.trust == "require":
        message = f"The certificate is not trusted: {chain.why}. {remedy_for(chain.trust)}"
        raise CertificatesError(UNTRUSTED[chain.trust], message, trust=chain.trust)
    if not wishes.verify_chain:
        given = (certificate for certificate in intended or others if certificate != leaf and not certificate.is_root)
        return replace(chain, issuers=tuple(given)), ()
    issuers = [certificate for certificate in others if not certificate.is_root]
    if (intended or issuers) and not chain.is_linked:
        raise CertificatesError(
            "chain_invalid",
            "None of the intermediate certificates issued the certificate: give the bundle that came with it.",
        )
    late = next((issuer for issuer in chain.issuers if not issuer.is_valid(at)), None)
    if late and not wishes.allow_expired:
        valid = f"valid from {iso(late.not_before)} to {iso(late.not_after)}"
        raise CertificatesError(
            "chain_invalid", f"The intermediate certificate {late.shown_name} is {valid}: give the current one."
        )
    warnings = []
    if not chain.is_linked and not leaf.is_root:
        warnings.append(
            "The chain is incomplete: no certificate of the issuer was given. Clients may not trust the certificate."
        )
    elif anchors is not None and chain.trust != "trusted":
        warnings.append(f"Not trusted: {chain.why}. {remedy_for(chain.trust)}")
    unused = [certificate.shown_name for certificate in others if certificate not in chain.issuers]
    if unused:
        warnings.append(f"Left out, as the certificate's chain does not need them: {', '.join(unused)}.")
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


def plan_present(
    content: Content, stored: Sequence[Stored], wishes: ImportWishes, order_id: int | None, at: datetime
) -> Step:
    """Decide how a certificate gets into the store, or that it is there already.

    Equal is what has the same DER, and so the same public key: text, line ends and names do not count.
    """
    leaf = content.certificate
    superseded = tuple(_superseded_by(leaf, stored, wishes)) if leaf.is_valid(at) else ()
    step = Step(
        "imported",
        "Imported.",
        certificate=leaf,
        notes=content.notes or "",
        order_id=order_id,
        superseded=superseded,
        content=content,
        trust=content.trust,
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
        why = f"{_in_use(record)}, so its intermediates cannot be changed: detach it first."
        return failed(CertificatesError("in_use", why), step)
    return replace(
        step,
        outcome="updated",
        changes=changes,
        message=f"Updated: {', '.join(CHANGED_PROPERTIES[name] for name in changes)}.",
    )


def plan_found(step: Step, record: Stored, at: datetime) -> Step:
    """Return the step of a certificate that another run has stored since the plan was made: unchanged, or still to be updated."""
    found = plan_present(t.cast("Content", step.content), [record], ImportWishes(), step.order_id, at)
    return replace(found, superseded=() if found.outcome == "failed" else step.superseded, warnings=step.warnings)


CHANGED_PROPERTIES = {
    "intermediateCertificate": "intermediate certificates",
    "certificateSigningRequest": "CSR",
    "notes": "notes",
}


def _superseded_by(leaf: Certificate, stored: Iterable[Stored], wishes: ImportWishes) -> t.Iterator[Superseded]:
    """Yield the certificates that were issued before and have no name which the new one lacks, and those of the same common name.

    Only those are removed that the new one can stand in for: unused, of the same organization and key type (RSA and EC
    certificates live side by side), and with no name that the new one lacks.
    """
    for record in stored:
        old = record.certificate
        if old is None or old == leaf or (old.not_before, old.not_after) >= (leaf.not_before, leaf.not_after):
            continue
        covered = leaf.has_all_names_of(old)
        namesakes = old.common_name and leaf.common_name and ascii_name(old.common_name) == ascii_name(leaf.common_name)
        if not covered and not namesakes:
            continue
        replaceable = (
            covered
            and record.associated_service_count == 0
            and old.organization_name == leaf.organization_name
            and old.key_type == leaf.key_type
        )
        yield Superseded(
            record.id, old, record.associated_service_count, remove=wishes.remove_superseded and replaceable
        )


MOST_NAMED = 5
"""Certificates that a warning names."""


def warnings_of_shorter_terms(step: Step) -> tuple[str, ...]:
    """Warn of what a certificate takes the place of although it ends later; some are named."""
    certificate = step.certificate
    longer = [
        f"certificate {old.id} ({iso(old.certificate.not_after)})"
        for old in step.superseded
        if certificate and old.certificate.not_after > certificate.not_after
    ]
    if certificate is None or not longer:
        return ()
    return (
        f"It ends at {iso(certificate.not_after)}, earlier than what it takes the place of: {some_of(longer, MOST_NAMED)}. "
        "See that it is the one you mean.",
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
    return step if record.is_surely_unused else failed(CertificatesError("in_use", _why_kept(record)), step)


def check_deletion(record: Stored, listed: Certificate | None) -> None:
    """Refuse to delete a record, as it is right before that, which is in use by now or holds another certificate than when it was listed.

    Raises:
        CertificatesError: C(in_use) or C(ambiguous).
    """
    if record.certificate != listed:
        raise CertificatesError(
            "ambiguous",
            f"Certificate {record.id} was given another certificate since the store was listed: run it again to see what is there now.",
        )
    if not record.is_surely_unused:
        raise CertificatesError("in_use", _why_kept(record))


def _in_use(record: Stored) -> str:
    services = "1 service" if record.associated_service_count == 1 else f"{record.associated_service_count} services"
    return f"Certificate {record.id} is in use by {services}"


def _why_kept(record: Stored) -> str:
    if record.associated_service_count:
        return f"{_in_use(record)}: detach it first."
    return (
        f"The API does not tell whether a service uses certificate {record.id}, so it is not deleted on a guess: see in the portal that "
        "none does, and delete it there."
    )


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
        trust=error.details.get("trust", step.trust if step else None),
    )


def why_not_imported(
    status: str,
    *,
    expired: bool,
    imported: bool,
    superseded_by: Sequence[int],
    has_certificate: bool,
    has_key: bool,
    by_email: bool,
) -> tuple[str, str] | None:
    """Return reason and message for an order whose certificate cannot be imported now, C(None) if it can."""
    if status in {"pending", "canceled"}:
        return status, f"Not imported: {INELIGIBLE[status]}"
    if status == "unknown":
        return "unknown_status", f"Not imported: {INELIGIBLE['unknown_status']}"
    if expired:
        return "expired", f"Not imported: {INELIGIBLE['expired']}"
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
