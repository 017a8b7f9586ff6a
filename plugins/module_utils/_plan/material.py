# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Check and combine what the user gave for one certificate. Private to softlayer.certificates. Pure."""

from __future__ import annotations

import re
import typing as t
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime

from .._api.store import StoreCertificate
from .._errors import CertificatesError
from .._text import NOT_XML
from .._times import iso
from .._x509.certificate import STORED_KEY_TYPES, Certificate, pem_bundle
from .._x509.chain import UNTRUSTED, Anchors, Chain, Chains, Trust
from .._x509.keys import PrivateKey, read_key_store, read_private_key
from .._x509.read import Csr, read_certificates, read_request, read_some_certificates

if t.TYPE_CHECKING:
    from .._api.orders import Order


@dataclass(frozen=True)
class Material:
    """What the user gave for one certificate, as bytes in any encoding; files have already been read."""

    certificate: bytes | None = field(default=None, repr=False)
    private_key: bytes | None = field(default=None, repr=False)
    privatekey_passphrase: str | None = field(default=None, repr=False)
    intermediate: bytes | None = field(default=None, repr=False)
    request: bytes | None = field(default=None, repr=False)
    key_store: bytes | None = field(default=None, repr=False)
    key_store_passphrase: str | None = field(default=None, repr=False)
    notes: str | None = None
    paths: Mapping[str, str] = field(default_factory=dict)
    """The files that it was read from, by the names of the options without `_path`."""


@dataclass(frozen=True)
class Content:
    """What the store, or a secret, should contain. Anything that the user did not give is omitted, or left as it is."""

    certificate: Certificate
    private_key_pem: str = field(repr=False, compare=False)  # the same key may come in another container
    intermediates: tuple[Certificate, ...]
    request: Csr | None
    notes: str | None
    trust: Trust | None = field(default=None, compare=False)

    def as_record(self, identifier: int = -1) -> StoreCertificate:
        """Return the record that it would be, unused; a negative id says that it is not stored yet."""
        return StoreCertificate.unstored(
            self.certificate, self.intermediates, identifier, self.request, self.notes or ""
        )

    def as_template(self) -> dict[str, str]:
        """Return the template for `createObject`."""
        return {"certificate": self.certificate.pem(), "privateKey": self.private_key_pem, **self._optional()}

    def changes_to(self, record: StoreCertificate) -> dict[str, str]:
        """Return the properties of a record that `editObject` has to change."""
        chain = tuple(issuer for issuer in record.intermediates if not issuer.is_root)
        is_there = {
            "intermediateCertificate": self.intermediates == chain,
            "certificateSigningRequest": self.request == record.request,
            "notes": self.notes == plain_notes(record.notes),
        }
        return {name: value for name, value in self._optional().items() if not is_there[name]}

    def _optional(self) -> dict[str, str]:
        properties = {
            "intermediateCertificate": pem_bundle(self.intermediates) or None,
            "certificateSigningRequest": self.request.pem() if self.request else None,
            "notes": self.notes,
        }
        return {name: value for name, value in properties.items() if value is not None}


@dataclass(frozen=True)
class ImportOptions:
    """What to accept."""

    allow_expired: bool = False
    verify_chain: bool = True
    trust: t.Literal["require", "warn", "ignore"] = "warn"
    for_store: bool = True
    """Whether it is for the certificate store, which does not take every key and every subject."""


def remedy_for(trust: Trust) -> str:
    """Return what to do about a certificate that is not trusted."""
    if trust == "incomplete":
        return (
            "If that is an intermediate certificate, give it with the others; if it is a root, such as that of a staging environment or of an "
            "authority of your own, give it as trusted_ca_path."
        )
    return "If it comes from an authority of your own, give that one's root as trusted_ca_path."


def with_remedy(error: CertificatesError, certificate: Certificate) -> CertificatesError:
    """Return the error of a failed creation, with what may be behind it.

    What the store makes of a certificate without a common name is not documented; it may refuse it, or fail over it.
    """
    if certificate.common_name or error.code not in {"refused", "no_answer"}:
        return error
    why = (
        "It has no common name, which the store may not take: have it issued with one. Many ACME clients have an option for that, such as "
        "the profile classic of Let's Encrypt."
    )
    return CertificatesError(error.code, f"{error.message} {why}", **error.details)


def assemble(
    material: Material, wishes: ImportOptions, at: datetime, anchors: Anchors | None = None
) -> tuple[Content, tuple[str, ...]]:
    """Check everything that can be checked without the API; return what would be stored, and warnings.

    The certificate is the one with the private key's public key, wherever it is; the others are its chain.

    Args:
        material: what the user gave.
        wishes: what to accept.
        at: the present instant.
        anchors: the trusted certificates; `None` if trust is not to be checked.

    Raises:
        CertificatesError: its code is the `reason`.
    """
    with _naming(material, "pkcs12"):
        key, pile, extra = _read_material(material)
    if wishes.for_store and key.key_type not in STORED_KEY_TYPES:
        raise CertificatesError(
            "refused",
            f"The certificate store takes RSA and EC keys, not {key.key_type}: order the certificate with one of those.",
        )
    own = [one for one in pile if one.public_key_sha256 == key.public_key_sha256]
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
    if leaf.not_before > at:
        raise CertificatesError(
            "not_yet_valid",
            f"The certificate is valid from {iso(leaf.not_before)} on: import it then, or check this machine's clock.",
        )
    if leaf.not_after < at and not wishes.allow_expired:
        raise CertificatesError(
            "expired", f"The certificate expired at {iso(leaf.not_after)}: give the renewed one, or set allow_expired."
        )
    with _naming(material, "csr"):
        request = read_request(material.request) if material.request is not None else None
    if request and request.public_key_sha256 != leaf.public_key_sha256:
        raise CertificatesError("csr_mismatch", "The CSR is not the certificate's: their public keys differ.")
    others = [certificate for certificate in dict.fromkeys([*pile, *extra]) if certificate != leaf]
    if wishes.for_store and not leaf.subject_fits_xml:
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
    """Return notes with line ends that survive XML, and without any at the end, where a store may keep or strip them."""
    return re.sub(r"\r\n?", "\n", text).rstrip("\n")


def _check_notes(notes: str) -> str:
    """Return notes as they are stored; refuse characters that REST accepts but XML-RPC could never read again."""
    odd = NOT_XML.search(notes)
    if odd:
        raise CertificatesError(
            "refused",
            f"The notes hold the character U+{ord(odd[0]):04X}, which XML cannot carry, so that the store could not be read over "
            "XML-RPC any more: take it out of notes.",
        )
    return plain_notes(notes)


def _read_material(material: Material) -> tuple[PrivateKey, list[Certificate], list[Certificate]]:
    """Return the key, the certificates that include the leaf, and those given as intermediates."""
    if material.key_store is not None:
        store = read_key_store(material.key_store, material.key_store_passphrase)
        if store.key is None or not store.certificates:
            raise CertificatesError(
                "invalid_pem", "The PKCS#12 file lacks the private key or the certificate: export it with both."
            )
        return store.key, list(store.certificates), []
    with _naming(material, "certificate"):
        pile = read_some_certificates(material.certificate or b"", "certificate")
    with _naming(material, "privatekey"):
        key = read_private_key(material.private_key or b"", material.privatekey_passphrase)
    with _naming(material, "intermediate"):
        extra = [] if material.intermediate is None else read_some_certificates(material.intermediate, "intermediates")
    return key, pile, extra


@contextmanager
def _naming(material: Material, part: str) -> Iterator[None]:
    """Name the file, if there is one, in errors about this part of the material."""
    try:
        yield
    except CertificatesError as error:
        if part not in material.paths:
            raise
        raise CertificatesError(error.code, f"{material.paths[part]}: {error.message}", **error.details) from None


def _chain_of(
    leaf: Certificate,
    others: Sequence[Certificate],
    intended: Sequence[Certificate],
    wishes: ImportOptions,
    at: datetime,
    anchors: Anchors | None,
) -> tuple[Chain, tuple[str, ...]]:
    """Return the leaf's chain, with warnings.

    Args:
        leaf: the certificate.
        others: all other certificates that were given.
        intended: those of them that were given as intermediates.
        wishes: what to accept.
        at: the present instant.
        anchors: the trusted certificates; `None` if trust is not to be checked.
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
    """Return the certificate that the user probably means, to name it in a message about material that does not fit."""
    try:
        pile = read_certificates(material.certificate or b"")
    except CertificatesError:
        return None
    return next((certificate for certificate in pile if not certificate.may_issue), pile[0] if pile else None)


def check_order(content: Content, order: Order | None, order_id: int) -> None:
    """Refuse a certificate that was not issued for an order's CSR.

    Raises:
        CertificatesError: `not_found` or `order_mismatch`.
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
            f"The certificate does not carry the public key of order {order_id} ({order.shown_name}).",
        )
