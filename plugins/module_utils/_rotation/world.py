# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is known when something is decided. Private to softlayer.certificates. Pure."""

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
ListenersWith = Mapping[int, Sequence[str]]
"""What commands call the listeners that have a certificate of the store, by its id."""
NO_LISTENERS: ListenersWith = MappingProxyType({})


@dataclass(frozen=True)
class SourceCertificate:
    """A certificate that a source holds with its private key."""

    source: str
    """The kind of the source."""
    name: str
    path: str
    record: StoreCertificate
    """The record that it would be."""
    chain: Chain
    """What TLS clients make of it, with what the source has."""
    key: KeyRef | None = None
    """`None` where the store has it already, so that its key was not read."""

    @property
    def certificate(self) -> Certificate:
        """The certificate."""
        return certificate_of(self.record)

    @property
    def shown(self) -> str:
        """What it is called in messages."""
        return f"{source_name(self.source)} {self.name}"

    @property
    def where(self) -> str:
        """By what a person finds it: its path, or its name if it is in no file."""
        return self.path if self.key and self.key.real_path else self.name

    @property
    def folder(self) -> str | None:
        """The folder that it is in, as the playbook `adopt` takes it; Traefik's is a file; `None` if it is in neither."""
        if self.source in {"mail", "secrets_manager"}:
            return None
        return self.path if self.source == "traefik" else posixpath.dirname(self.path)

    def is_selected(self, patterns: Sequence[str] | None) -> bool:
        """Return whether it is one of those that are meant; see `is_selected`."""
        return is_selected(self.certificate.common_name, self.certificate.subject_alt_names, patterns)

    def named(self) -> dict[str, t.Any]:
        """Return where it is, in the form of results."""
        return {"source": self.source, "name": self.name, "path": self.path}


def is_selected(common_name: str | None, alternatives: Iterable[str], patterns: Sequence[str] | None) -> bool:
    """Return whether one of a certificate's names matches one of the patterns, if there are any; an address is no name."""
    return patterns is None or any_matches(name_set(common_name, filter(is_host_name, alternatives)), patterns)


@dataclass(frozen=True)
class RenewalRequest:
    """When an authority wants a certificate that a source has renewed at the latest, and where it says why."""

    entry: SourceCertificate
    end: datetime
    explanation_url: str | None = None


@dataclass
class SourceContents:
    """The certificates of all sources that can be used, and what cannot be used."""

    entries: list[SourceCertificate] = field(default_factory=list)
    useless: list[Record] = field(default_factory=list)
    excluded: list[Record] = field(default_factory=list)
    """What was not read, as it renews nothing."""
    failed: list[Record] = field(default_factory=list)
    """The folders, mailboxes, instances and secrets that could not be read."""
    issuers: dict[Certificate, None] = field(default_factory=dict)
    """All issuers of the sources, and those that they may lack."""
    api_calls: int = 0
    """HTTP requests made to instances of Secrets Manager."""
    empty: list[Record] = field(default_factory=list)
    """The sources that bring nothing at all, with a message."""


@dataclass(frozen=True)
class World:
    """The store, the load balancers and the sources as they were read; reading again gives a new one."""

    stored: Sequence[StoreCertificate]
    """The store, as it was listed."""
    balancers: Sequence[Balancer] | None
    """`None` if they could not be listed."""
    view: TrustView
    """Who has to trust what is served, and the present instant."""
    at: datetime
    """When it began to be read."""
    bundles: SourceContents = field(default_factory=SourceContents)
    """What the sources hold."""
    failed: Sequence[Record] = ()
    """What could not be read."""
    imported: Sequence[StoreCertificate] = ()
    """What the store holds since then, or would hold in check mode."""
    truncated: Collection[int] = ()
    """The ids of what the store has cut the chains of since then: nothing is to serve it, unless it is in use."""

    @cached_property
    def index(self) -> StoreIndex:
        """What there is to choose from."""
        records = (*self.stored, *self.imported)
        return StoreIndex(
            record for record in records if record.id not in self.truncated or record.associated_service_count
        )

    @property
    def listed_balancers(self) -> Sequence[Balancer]:
        """The load balancers, as far as they are known."""
        return self.balancers or ()

    @cached_property
    def listeners_with(self) -> Mapping[int, Sequence[str]]:
        """Return what commands call the listeners that have a certificate, by its id."""
        those: dict[int, list[str]] = defaultdict(list)
        for balancer in self.listed_balancers:
            for listener in balancer.listeners:
                if listener.certificate_id:
                    those[listener.certificate_id].append(called(balancer.name, balancer.uuid, listener.port))
        return those

    def after(self, imported: Sequence[StoreCertificate], truncated: Collection[int]) -> World:
        """Return it with what was imported, or would be."""
        return replace(self, imported=imported, truncated=truncated)

    def with_revocations(self, authorities: Authorities | None, chains: Iterable[Sent]) -> World:
        """Return it with what authorities say of certificates and their chains; as it is if nobody is to be asked."""
        if authorities is None:
            return self
        each = dict.fromkeys((leaf, tuple(sent)) for leaf, sent in chains)
        pairs = ((leaf, self.view.signed_chain_of(leaf, sent)) for leaf, sent in each)
        return replace(self, view=self.view.knowing(authorities.ask(pairs, self.view.anchors, self.view.revocations)))
