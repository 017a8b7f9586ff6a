# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Records of the certificate store as the API gives them, made of whatever a test needs; and clients that trust some roots."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache, cached_property
from typing import Any

from ansible_collections.softlayer.certificates.plugins.module_utils._replacement.trust import TrustView
from ansible_collections.softlayer.certificates.plugins.module_utils._softlayer.store import StoreCertificate, normalize
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.certificate import Certificate
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.chain import Anchors
from cryptography import x509

from tests.support.certificates import DAY, NOW, Authority, Issued, certificate_of, name_of, new_key, pem_of

NAME = "www.example.com"
TRUSTED = Authority("Public", intermediates=2)
"""The authority whose root clients know."""
OWN = Authority("Own", intermediates=2)
"""One whose root they do not know: one's own, or one for staging."""
KEYS = {"rsa": new_key("rsa"), "ec": new_key(), "other ec": new_key()}


def stored(identifier: int | None, issued: Issued, **changed: Any) -> StoreCertificate:
    """A record, with properties of the API's object changed; one that is not stored yet has no id."""
    row = {"id": 1, "certificate": issued.pem, "intermediateCertificate": issued.chain_pem, **changed}
    return replace(normalize({"commonName": NAME, "associatedServiceCount": 0, **row}), id=identifier)


def view_with(*roots: x509.Certificate, at: datetime = NOW) -> TrustView:
    """Clients with these roots at an instant, by default with that of the authority that is trusted."""
    anchors = Anchors(map(Certificate.from_library, roots or (TRUSTED.root,)))
    return TrustView(lambda: anchors, at)


@dataclass(frozen=True)
class Made:
    """What a certificate and its record are to be like; what is equal is the same certificate."""

    common_name: str | None = NAME
    names: tuple[str, ...] = (NAME,)
    addresses: tuple[str, ...] = ()
    organization: str | None = None
    key: str = "rsa"
    """One of `KEYS`."""
    days: tuple[float, float] = (-1, 90)
    by: str = "trusted"
    """Who signed it: ``trusted``, ``own`` or ``itself``."""
    chain: str = "whole"
    """What the record has beside it, see `CHAINS`."""

    copy: int = 0
    """Certificates that differ in nothing else are told apart by it."""

    @cached_property
    def issued(self) -> Issued:
        """The certificate, whatever the record has beside it."""
        return _issued(replace(self, chain="whole"))

    def record(self, identifier: int | None = 1, **changed: Any) -> StoreCertificate:
        """A record that holds it."""
        return stored(identifier, self.issued, **{"intermediateCertificate": pem_of(_chain(self)), **changed})


CHAINS = ("whole", "none", "first", "last", "with the root", "of another authority", "expired", "expired first")
"""The chains that a record can have."""


def _chain(made: Made) -> tuple[x509.Certificate, ...]:
    issued = made.issued
    if not issued.root:
        return ()
    authority, other = (TRUSTED, OWN) if made.by == "trusted" else (OWN, TRUSTED)
    expired = (_expired(authority),)
    chains = (issued.chain, (), issued.chain[:1], issued.chain[1:], (*issued.chain, issued.root), other.chain)
    return dict(zip(CHAINS, (*chains, (*expired, *issued.chain[1:]), expired), strict=True))[made.chain]


@cache
def _expired(authority: Authority) -> x509.Certificate:
    return authority.reissue(not_after=NOW - DAY)


@cache
def _issued(made: Made) -> Issued:
    how: dict[str, Any] = {"names": made.names, "addresses": made.addresses}
    if made.by != "itself":
        authority = TRUSTED if made.by == "trusted" else OWN
        how |= {"organization": made.organization, "days": made.days}
        return authority.issue(made.common_name, key=KEYS[made.key], **how)
    key, subject = KEYS[made.key], name_of(made.common_name, made.organization)
    begin, end = (NOW + days * DAY for days in made.days)
    return Issued(key, certificate_of(subject, subject, key, key, not_before=begin, not_after=end, **how))
