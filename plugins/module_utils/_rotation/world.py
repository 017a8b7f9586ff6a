# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The facts that determine the decisions of a rotation. Private to softlayer.certificates. Pure."""

from __future__ import annotations

import posixpath
import typing as t
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from types import MappingProxyType

from .._base.names import has_matching_name, is_host_name
from .._base.remedies import format_listener as called
from .._probe.revocation import RevocationClient, SentCertificate
from .._replacement.index import StoreIndex
from .._replacement.trust import TrustView
from .._softlayer.load_balancers import Balancer
from .._softlayer.store import Handle, StoreCertificate, certificate_of
from .._sources.messages import source_name
from .._x509.bundle import KeyRef
from .._x509.certificate import Certificate, normalize_names
from .._x509.chain import Chain

Record = Mapping[str, t.Any]
ListenersByCertificate = Mapping[int, Sequence[str]]
"""The names of listeners in commands, by the ID of their certificate."""
NO_LISTENERS: ListenersByCertificate = MappingProxyType({})


@dataclass(frozen=True)
class SourceCertificate:
    """A certificate in a source, with its private key."""

    source: str
    """The kind of the source, such as `certbot`."""
    name: str
    path: str
    record: StoreCertificate
    """The record that the store would contain after an import."""
    chain: Chain
    """The chain that TLS clients build from the certificates in the source."""
    key: KeyRef | None = None
    """The private key; `None` for a stored certificate of Secrets Manager, whose key was not read."""

    @property
    def certificate(self) -> Certificate:
        """The parsed certificate."""
        return certificate_of(self.record)

    @property
    def display_name(self) -> str:
        """The name of the certificate in messages, with the source."""
        return f"{source_name(self.source)} {self.name}"

    @property
    def location(self) -> str:
        """The path of the certificate; without a file, the name."""
        return self.path if self.key and self.key.real_path else self.name

    @property
    def directory(self) -> str | None:
        """The directory of the certificate for the option `source` of the playbook `adopt`; for Traefik, the file; `None` without a file."""
        if self.source in {"mail", "secrets_manager"}:
            return None
        return self.path if self.source == "traefik" else posixpath.dirname(self.path)

    def is_selected(self, patterns: Sequence[str] | None) -> bool:
        """Return whether a DNS name of the certificate matches a pattern; `None` matches each certificate."""
        return is_selected(self.certificate.common_name, self.certificate.subject_alt_names, patterns)

    def as_location(self) -> dict[str, t.Any]:
        """Return the result fields that locate the certificate: `source`, `name`, and `path`."""
        return {"source": self.source, "name": self.name, "path": self.path}


def is_selected(common_name: str | None, alternatives: Iterable[str], patterns: Sequence[str] | None) -> bool:
    """Return whether a DNS name of a certificate matches a pattern; `None` matches each certificate."""
    return patterns is None or has_matching_name(
        normalize_names(common_name, filter(is_host_name, alternatives)), patterns
    )


@dataclass(frozen=True)
class RenewalRequest:
    """The request of a CA to renew a certificate in a source before `end`, with the URL of an explanation."""

    entry: SourceCertificate
    end: datetime
    explanation_url: str | None = None


@dataclass
class SourceContents:
    """The usable and unusable certificates in all sources."""

    entries: list[SourceCertificate] = field(default_factory=list)
    unusable_records: list[Record] = field(default_factory=list)
    excluded_records: list[Record] = field(default_factory=list)
    """Records of secrets that were not read, because they renew no certificate."""
    failed_records: list[Record] = field(default_factory=list)
    """Records of unreadable directories, mailboxes, instances, and secrets."""
    intermediates: dict[Certificate, None] = field(default_factory=dict)
    """All intermediate certificates in the sources, and in `intermediate_path`."""
    api_calls: int = 0
    """The number of HTTP requests to Secrets Manager instances."""
    empty_records: list[Record] = field(default_factory=list)
    """Records of sources without certificates."""


@dataclass(frozen=True)
class World:
    """The store, the load balancers, and the sources at one time."""

    stored_records: Sequence[StoreCertificate]
    """The records of the store."""
    balancers: Sequence[Balancer] | None
    """The load balancers; `None` after a failed listing."""
    view: TrustView
    """The trust of TLS clients at the time of the run."""
    at: datetime
    """The time at the start of the listing."""
    bundles: SourceContents = field(default_factory=SourceContents)
    """The contents of the sources."""
    failed_records: Sequence[Record] = ()
    """Records of the load balancers and sources that could not be read."""
    imported_records: Sequence[StoreCertificate] = ()
    """The imports of the run; in check mode, the planned imports."""
    truncated_ids: Collection[int] = ()
    """IDs of records with truncated chains, which must not be deployed."""

    @cached_property
    def index(self) -> StoreIndex:
        """The index of all records and imports, without truncated records that no service uses."""
        records = (*self.stored_records, *self.imported_records)
        return StoreIndex(
            record for record in records if record.id not in self.truncated_ids or record.associated_service_count
        )

    @cached_property
    def imported_handles(self) -> frozenset[Handle]:
        """The handles of the imports."""
        return frozenset(record.handle for record in self.imported_records)

    @property
    def listed_balancers(self) -> Sequence[Balancer]:
        """The load balancers; empty after a failed listing."""
        return self.balancers or ()

    @cached_property
    def listeners_by_certificate(self) -> Mapping[int, Sequence[str]]:
        """The names of listeners in commands, by the ID of their certificate."""
        those: dict[int, list[str]] = defaultdict(list)
        for balancer in self.listed_balancers:
            for listener in balancer.listeners:
                if listener.certificate_id:
                    those[listener.certificate_id].append(called(balancer.name, balancer.uuid, listener.port))
        return those

    def add_imports(self, imported: Sequence[StoreCertificate], truncated: Collection[int]) -> World:
        """Return a copy with the imports of the run."""
        return replace(self, imported_records=imported, truncated_ids=truncated)

    def add_revocations(self, authorities: RevocationClient | None, chains: Iterable[SentCertificate]) -> World:
        """Return a copy with the revocations in chains; unchanged if revocation is not checked."""
        if authorities is None:
            return self
        each = dict.fromkeys((leaf, tuple(sent)) for leaf, sent in chains)
        pairs = ((leaf, self.view.build_signed_chain(leaf, sent)) for leaf, sent in each)
        return replace(
            self, view=self.view.add_revocations(authorities.query(pairs, self.view.anchors, self.view.revocations))
        )
