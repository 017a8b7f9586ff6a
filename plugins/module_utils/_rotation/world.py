# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The facts on which a rotation bases its decisions. Private to softlayer.certificates. Pure."""

from __future__ import annotations

import posixpath
import typing as t
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from types import MappingProxyType

from .._base.names import any_matches, is_host_name
from .._base.remedies import listener as called
from .._probe.revocation import Authorities, Sent
from .._replacement.index import StoreIndex
from .._replacement.trust import TrustView
from .._softlayer.load_balancers import Balancer
from .._softlayer.store import StoreCertificate, certificate_of
from .._sources.messages import source_name
from .._x509.bundle import KeyRef
from .._x509.certificate import Certificate, name_set
from .._x509.chain import Chain

Record = Mapping[str, t.Any]
ListenersByCertificate = Mapping[int, Sequence[str]]
"""The names of listeners in commands, by the ID of their certificate."""
NO_LISTENERS: ListenersByCertificate = MappingProxyType({})


@dataclass(frozen=True)
class SourceCertificate:
    """A certificate in a source, with its private key."""

    source: str
    """The kind of the source."""
    name: str
    path: str
    record: StoreCertificate
    """The record that the store would contain after an import."""
    chain: Chain
    """The chain that TLS clients build from the certificates in the source."""
    key: KeyRef | None = None
    """The private key; `None` if the store already contains the certificate, so that its key was not read."""

    @property
    def certificate(self) -> Certificate:
        """The certificate."""
        return certificate_of(self.record)

    @property
    def display_name(self) -> str:
        """Its name in messages."""
        return f"{source_name(self.source)} {self.name}"

    @property
    def location(self) -> str:
        """Its path, or its name if it is not stored in a file."""
        return self.path if self.key and self.key.real_path else self.name

    @property
    def directory(self) -> str | None:
        """Its directory, as the playbook `adopt` takes it; a file for Traefik; `None` if it is not stored in a file."""
        if self.source in {"mail", "secrets_manager"}:
            return None
        return self.path if self.source == "traefik" else posixpath.dirname(self.path)

    def is_selected(self, patterns: Sequence[str] | None) -> bool:
        """Return whether the certificate is selected; see `is_selected`."""
        return is_selected(self.certificate.common_name, self.certificate.subject_alt_names, patterns)

    def as_location(self) -> dict[str, t.Any]:
        """Return its location in the form of results."""
        return {"source": self.source, "name": self.name, "path": self.path}


def is_selected(common_name: str | None, alternatives: Iterable[str], patterns: Sequence[str] | None) -> bool:
    """Return whether a DNS name of a certificate matches one of the patterns; without patterns, always."""
    return patterns is None or any_matches(name_set(common_name, filter(is_host_name, alternatives)), patterns)


@dataclass(frozen=True)
class RenewalRequest:
    """The time before which a CA requests the renewal of a certificate in a source, and the URL of its explanation."""

    entry: SourceCertificate
    end: datetime
    explanation_url: str | None = None


@dataclass
class SourceContents:
    """The usable and unusable certificates in all sources."""

    entries: list[SourceCertificate] = field(default_factory=list)
    unusable_records: list[Record] = field(default_factory=list)
    excluded_records: list[Record] = field(default_factory=list)
    """Secrets that were not read, because they do not renew any certificate."""
    failed_records: list[Record] = field(default_factory=list)
    """The directories, mailboxes, instances and secrets that could not be read."""
    intermediates: dict[Certificate, None] = field(default_factory=dict)
    """All intermediate certificates in the sources, and in `intermediate_path`."""
    api_calls: int = 0
    """HTTP requests made to instances of Secrets Manager."""
    empty_records: list[Record] = field(default_factory=list)
    """The sources without any certificate, with a message."""


@dataclass(frozen=True)
class World:
    """The store, the load balancers and the sources at the time when they were read."""

    stored: Sequence[StoreCertificate]
    """The records of the store."""
    balancers: Sequence[Balancer] | None
    """The load balancers; `None` if they could not be listed."""
    view: TrustView
    """The trust of TLS clients, and the current time."""
    at: datetime
    """The time when the run began to read."""
    bundles: SourceContents = field(default_factory=SourceContents)
    """The contents of the sources."""
    failed: Sequence[Record] = ()
    """What could not be read."""
    imported_records: Sequence[StoreCertificate] = ()
    """Records that were imported since then; in check mode, records that would be imported."""
    truncated_ids: Collection[int] = ()
    """IDs of records whose chains the store truncated during the import; no listener may be switched to them."""

    @cached_property
    def index(self) -> StoreIndex:
        """The index of all records, including imports."""
        records = (*self.stored, *self.imported_records)
        return StoreIndex(
            record for record in records if record.id not in self.truncated_ids or record.associated_service_count
        )

    @property
    def listed_balancers(self) -> Sequence[Balancer]:
        """The load balancers; an empty list if they could not be listed."""
        return self.balancers or ()

    @cached_property
    def listeners_by_certificate(self) -> Mapping[int, Sequence[str]]:
        """Return the names of listeners in commands, by the ID of their certificate."""
        those: dict[int, list[str]] = defaultdict(list)
        for balancer in self.listed_balancers:
            for listener in balancer.listeners:
                if listener.certificate_id:
                    those[listener.certificate_id].append(called(balancer.name, balancer.uuid, listener.port))
        return those

    def add_imports(self, imported: Sequence[StoreCertificate], truncated: Collection[int]) -> World:
        """Return a copy with the imported certificates."""
        return replace(self, imported_records=imported, truncated_ids=truncated)

    def add_revocations(self, authorities: Authorities | None, chains: Iterable[Sent]) -> World:
        """Return a copy with the revocations of certificates and their chains; unchanged if revocation is not checked."""
        if authorities is None:
            return self
        each = dict.fromkeys((leaf, tuple(sent)) for leaf, sent in chains)
        pairs = ((leaf, self.view.signed_chain_of(leaf, sent)) for leaf, sent in each)
        return replace(self, view=self.view.knowing(authorities.ask(pairs, self.view.anchors, self.view.revocations)))
