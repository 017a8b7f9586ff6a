# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Check a certificate with its key and intermediate certificates. Private to softlayer.certificates. Pure."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass, field, replace
from datetime import datetime

from .._base.codes import Code
from .._base.errors import CertificatesError, Obstacle
from .._base.text import NON_XML_CHARACTERS, is_xml_text
from .._base.times import format_time
from .._replacement.messages import find_trust_remedy
from .._softlayer.orders import Order
from .._softlayer.store import StoreCertificate
from .._x509.bundle import Bundle, KeyRef
from .._x509.certificate import STORED_KEY_TYPES, Certificate, join_pem
from .._x509.chain import UNTRUSTED_REASONS, Anchors, Chain, Chains, Trust
from .._x509.keys import PrivateKey
from .._x509.messages import describe_problem
from .._x509.read import Csr


@dataclass(frozen=True)
class Content:
    """Expected content of the store, or of a secret. Unspecified parts are omitted or remain unchanged."""

    certificate: Certificate
    private_key_pem: str = field(repr=False, compare=False)  # the same key may come in another container
    intermediates: tuple[Certificate, ...]
    request: Csr | None
    notes: str | None
    trust: Trust | None = field(default=None, compare=False)
    chain: Chain | None = field(default=None, compare=False)
    """The chain that was built for the check."""

    def as_record(self) -> StoreCertificate:
        """Return the content as an unused record that is not stored yet."""
        return StoreCertificate.create_unstored(self.certificate, self.intermediates, self.request, self.notes or "")

    def as_template(self) -> dict[str, str]:
        """Return the template for `createObject`."""
        return {"certificate": self.certificate.to_pem(), "privateKey": self.private_key_pem, **self._list_optional()}

    def find_changes(self, record: StoreCertificate) -> dict[str, str]:
        """Return the properties that `editObject` must change in a record."""
        chain = tuple(issuer for issuer in record.intermediates if not issuer.is_root)
        is_there = {
            "intermediateCertificate": self.intermediates == chain,
            "certificateSigningRequest": self.request == record.request,
            "notes": self.notes == normalize_notes(record.notes),
        }
        return {name: value for name, value in self._list_optional().items() if not is_there[name]}

    def _list_optional(self) -> dict[str, str]:
        properties = {
            "intermediateCertificate": join_pem(self.intermediates) or None,
            "certificateSigningRequest": self.request.to_pem() if self.request else None,
            "notes": self.notes,
        }
        return {name: value for name, value in properties.items() if value is not None}


@dataclass(frozen=True)
class ImportOptions:
    """Options of the check."""

    allow_expired: bool = False
    verify_chain: bool = True
    trust: t.Literal["require", "warn", "ignore"] = "warn"
    is_for_store: bool = True
    """Whether to check the restrictions of the certificate store for keys and subjects."""


def assemble(
    bundle: Bundle, options: ImportOptions, at: datetime, anchors: Anchors | None = None, notes: str | None = None
) -> tuple[Content, tuple[Obstacle[str], ...]]:
    """Check a certificate without the API; return the content to store, and warnings.

    The certificate that matches the private key is the leaf certificate, regardless of its position.

    Args:
        bundle: the specified or found certificates, with the private key.
        options: options of the check.
        at: the current time.
        anchors: the trusted certificates; `None` to skip the trust check.
        notes: the notes of the user.

    Raises:
        CertificatesError: the code is the `reason` in results.
    """
    if bundle.problem:
        raise CertificatesError(t.cast(Code, bundle.problem.reason), describe_problem(bundle.problem))
    ref = t.cast(KeyRef, bundle.key)
    key = t.cast(PrivateKey, ref.private_key)
    if options.is_for_store and key.key_type not in STORED_KEY_TYPES:
        raise CertificatesError(
            "refused",
            f"The certificate store accepts RSA and EC keys only, not {key.key_type}. Reissue the certificate with an RSA or EC key.",
        )
    if not bundle.matching_certificates:
        where = f"{ref.path}: " if ref.path and not ref.is_pkcs12 else ""
        raise CertificatesError(
            "key_mismatch",
            f"{where}The private key does not belong to the certificate. Specify the private key of the certificate's CSR.",
        )
    if len(bundle.matching_certificates) > 1:
        raise CertificatesError(
            "ambiguous", "More than one certificate matches the private key. Specify only the certificate to import."
        )
    [leaf] = bundle.matching_certificates
    if leaf.not_before > at:
        raise CertificatesError(
            "not_yet_valid",
            f"The certificate is not valid before {format_time(leaf.not_before)}. Import the certificate later, or check the clock of this host.",
        )
    if leaf.not_after < at and not options.allow_expired:
        raise CertificatesError(
            "expired",
            f"The certificate expired at {format_time(leaf.not_after)}. Specify the renewed certificate, or set allow_expired: true.",
        )
    if bundle.request and bundle.request.public_key_sha256 != leaf.public_key_sha256:
        raise CertificatesError(
            "csr_mismatch",
            "The CSR does not belong to the certificate: the public keys differ. Specify the CSR of the certificate, or omit the CSR.",
        )
    if options.is_for_store and not all(is_xml_text(str(part.value)) for part in leaf.library_object.subject):
        raise CertificatesError(
            "refused",
            f"The certificate's subject ({leaf.shown_name}) must not contain control characters, because control characters make the list of "
            "certificates unreadable over XML-RPC. Reissue the certificate without control characters.",
        )
    chain, warnings = _build_chain(leaf, bundle, options, at, anchors)
    content = Content(
        certificate=leaf,
        private_key_pem=key.pem,
        intermediates=chain.issuers,
        request=bundle.request,
        notes=None if notes is None else _check_notes(notes),
        trust=None if anchors is None else chain.trust,
        chain=chain,
    )
    return content, warnings


def normalize_notes(text: str) -> str:
    """Return notes with the line ends of XML, and without line ends at the end, which a store may remove."""
    return re.sub(r"\r\n?", "\n", text).rstrip("\n")


def _check_notes(notes: str) -> str:
    """Return normalized notes; reject characters that are invalid in XML, although REST accepts the characters."""
    odd = NON_XML_CHARACTERS.search(notes)
    if odd:
        raise CertificatesError(
            "refused",
            f"The notes must not contain the character U+{ord(odd[0]):04X}, because XML does not allow the character and the store would become "
            "unreadable over XML-RPC. Remove the character from notes.",
        )
    return normalize_notes(notes)


def _build_chain(
    leaf: Certificate, bundle: Bundle, options: ImportOptions, at: datetime, anchors: Anchors | None
) -> tuple[Chain, tuple[Obstacle[str], ...]]:
    """Return the checked chain of a leaf certificate, with warnings."""
    others = bundle.other_certificates
    valid_at = min(at, leaf.not_after) if options.allow_expired else at
    chain = Chains(others, anchors or Anchors(), valid_at).build(leaf)
    if anchors is not None and chain.trust != "trusted" and options.trust == "require":
        message = f"The certificate is not trusted: {chain.why}. {find_trust_remedy(chain, 'new')}"
        raise CertificatesError(UNTRUSTED_REASONS[chain.trust], message, trust=chain.trust)
    if not options.verify_chain:
        given = (
            certificate for certificate in bundle.issuers or others if certificate != leaf and not certificate.is_root
        )
        return replace(chain, issuers=tuple(given)), ()
    if (bundle.issuers or bundle.chain) and not chain.is_linked:
        raise CertificatesError(
            "chain_invalid",
            "None of the intermediate certificates issued the certificate. Specify the bundle that the CA delivered with the certificate.",
        )
    late = next((issuer for issuer in chain.issuers if not issuer.is_valid(at)), None)
    if late and not options.allow_expired:
        valid = f"valid only from {format_time(late.not_before)} to {format_time(late.not_after)}"
        raise CertificatesError(
            "chain_invalid",
            f"The intermediate certificate {late.shown_name} is {valid}. Specify the current intermediate certificate.",
        )
    warnings: list[Obstacle[str]] = []
    if not chain.is_linked and not leaf.is_root:
        warnings.append(Obstacle("no_issuer"))
    elif anchors is not None and chain.trust != "trusted":
        warnings.append(Obstacle("untrusted", {"chain": chain}))
    unused = [certificate for certificate in others if certificate not in chain.issuers]
    if unused:
        warnings.append(Obstacle("left_out", {"certificates": unused}))
    return chain, tuple(warnings)


def check_order(content: Content, order: Order | None, order_id: int) -> None:
    """Reject a certificate that was not issued for an order's CSR.

    Raises:
        CertificatesError: `not_found` or `order_mismatch`.
    """
    if order is None:
        raise CertificatesError(
            "not_found", f"SSL order {order_id} does not exist, or the API user cannot access it. Check order_id."
        )
    if order.public_key_sha256 is None:
        raise CertificatesError(
            "order_mismatch",
            f"Order {order_id} has no CSR to compare the certificate with. To import the certificate without the comparison, remove order_id.",
        )
    if order.public_key_sha256 != content.certificate.public_key_sha256:
        raise CertificatesError(
            "order_mismatch",
            f"The certificate does not have the public key of order {order_id} ({order.shown_name}). Specify the certificate of the order, or correct "
            "order_id.",
        )
