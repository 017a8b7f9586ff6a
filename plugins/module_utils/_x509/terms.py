# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find an order's certificate in the store, or one that replaces it. Private to softlayer.certificates.

Pure. The public key alone is not enough: a renewal may keep the key, and a stored certificate may have expired. So an order
is compared with a certificate by key, term and names.
"""

from __future__ import annotations

import typing as t
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property

from .._times import has_passed, iso, parse
from .certificate import name_set
from .read import stored_certificate

SLACK = timedelta(days=2)
"""Maximum difference between the dates of an order and its certificate: the authority signs some time after the order."""


@dataclass(frozen=True)
class Term:
    """What an order's certificate should be: its key, its names, its start and its end; any of them may be unknown."""

    public_key_sha256: str | None
    key_type: str | None
    names: frozenset[str]
    begins_at: datetime | None
    expires_at: datetime | None

    @classmethod
    def from_result(cls, order: Mapping[str, t.Any]) -> Term:
        """Return the term of an order in the form of `ssl_order_info`."""
        return cls(
            public_key_sha256=order.get("public_key_sha256"),
            key_type=order.get("key_type"),
            names=name_set(order.get("common_name"), order.get("subject_alt_names") or ()),
            begins_at=parse(order.get("effective_at")) or parse(order.get("created_at")),
            expires_at=parse(order.get("expires_at")),
        )


class Traits(t.Protocol):
    """What is read from a certificate only on demand."""

    @property
    def names(self) -> frozenset[str]:
        """The names it is for, in ASCII form."""

    @property
    def key_type(self) -> str | None:
        """Name of the key's algorithm."""


@dataclass(frozen=True)
class KnownTraits:
    """The same, for a certificate that has been read elsewhere."""

    names: frozenset[str]
    key_type: str | None


@dataclass(frozen=True)
class Held:
    """A certificate of the store, with the fields that orders are compared with."""

    id: int
    public_key_sha256: str
    not_before: datetime
    not_after: datetime
    traits: Traits = field(repr=False)

    @classmethod
    def from_pem(cls, identifier: int, pem: object) -> Held | None:
        """Return a record of the API, or `None` if its certificate cannot be read."""
        read = stored_certificate(pem)
        if read is None:
            return None
        return cls(identifier, read.public_key_sha256, read.not_before, read.not_after, read)

    @classmethod
    def from_result(cls, record: Mapping[str, t.Any]) -> Held | None:
        """Return a record from the form of `ssl_certificate_info` or `as_facts`, or `None` if its key or a date is unknown."""
        key, begin, end = (
            record.get("public_key_sha256"),
            parse(record.get("not_before")),
            parse(record.get("not_after")),
        )
        if key is None or begin is None or end is None:
            return None
        names = name_set(record.get("common_name"), record.get("subject_alt_names") or ())
        return cls(record["id"], key, begin, end, KnownTraits(names, record.get("key_type")))

    def as_facts(self) -> dict[str, t.Any]:
        """Return it ready for JSON; `from_result` reads it."""
        return {
            "id": self.id,
            "public_key_sha256": self.public_key_sha256,
            "not_before": iso(self.not_before),
            "not_after": iso(self.not_after),
            "key_type": self.traits.key_type,
            "subject_alt_names": sorted(self.traits.names),
        }

    def is_valid(self, at: datetime) -> bool:
        """Return whether an instant lies within its validity."""
        return self.not_before <= at <= self.not_after


def is_imported(term: Term, held: Held, at: datetime) -> bool:
    """Return whether a certificate of the store is an order's: it has the order's public key and term.

    It must also be valid, unless the order itself has expired. If the order's end is unknown, validity alone decides.
    """
    if held.public_key_sha256 != term.public_key_sha256:
        return False
    if term.expires_at is None:
        return held.is_valid(at)
    return held.not_after >= term.expires_at - SLACK and (has_passed(term.expires_at, at) or held.is_valid(at))


def supersedes(held: Held, term: Term, at: datetime) -> bool:
    """Return whether a certificate of the store replaces an order's certificate.

    It must be valid, have another key or term, and have all names of the order. It must have been issued later, or at the
    same time with a later end: the rule by which an import finds the newer one. RSA and EC certificates do not replace each
    other. If no date of the order is known, nothing replaces it.
    """
    ends_later = term.expires_at is not None and held.not_after > term.expires_at + SLACK
    has_other_key = term.public_key_sha256 is not None and held.public_key_sha256 != term.public_key_sha256
    if term.begins_at is None:
        is_newer = ends_later
    elif held.not_before > term.begins_at + SLACK:
        is_newer = ends_later or has_other_key
    else:
        is_newer = ends_later and held.not_before >= term.begins_at - SLACK
    return (
        held.is_valid(at)
        and is_newer
        and bool(term.names)
        and term.names <= held.traits.names
        and (term.key_type is None or held.traits.key_type in {None, term.key_type})
    )


@dataclass(frozen=True)
class Standing:
    """The state of an order in the store."""

    of_its_key: tuple[Held, ...]
    """Those with the public key of its CSR."""
    imported_as: tuple[Held, ...]
    """Those of them that are its certificate."""
    superseded_by: tuple[Held, ...]
    """Those that replace it; empty if its own certificate is there."""

    def as_result(self) -> dict[str, t.Any]:
        """Return it in the form of `ssl_order_info`."""
        return {
            "certificate_ids": [held.id for held in self.of_its_key],
            "imported": bool(self.imported_as),
            "superseded_by": [held.id for held in self.superseded_by],
        }


class Shelf:
    """The certificates of the store, indexed by public key and by name."""

    def __init__(self, records: Iterable[Held]) -> None:
        self.records = tuple(records)
        self._by_key: dict[str, list[Held]] = defaultdict(list)
        for held in self.records:
            self._by_key[held.public_key_sha256].append(held)

    @cached_property
    def _by_name(self) -> dict[str, list[Held]]:
        """By each of their names; read only if an order's own certificate is not there, as this takes as long as everything else."""
        found: dict[str, list[Held]] = defaultdict(list)
        for held in self.records:
            for name in held.traits.names:
                found[name].append(held)
        return found

    def standing(self, term: Term, at: datetime) -> Standing:
        """Return the state of an order at an instant."""
        of_its_key = tuple(self._by_key.get(term.public_key_sha256 or "", ()))
        imported_as = tuple(held for held in of_its_key if is_imported(term, held, at))
        return Standing(of_its_key, imported_as, () if imported_as else self.replacing(term, at))

    def replacing(self, term: Term, at: datetime) -> tuple[Held, ...]:
        """Return what replaces an order's certificate, whether or not that is there itself."""
        return tuple(held for held in self._namesakes(term) if supersedes(held, term, at))

    def about(self, terms: Iterable[Term]) -> Shelf:
        """Return the certificates that can ever matter to these orders, at any time."""
        wanted: dict[int, Held] = {}
        for term in terms:
            for held in (*self._by_key.get(term.public_key_sha256 or "", ()), *self._namesakes(term)):
                wanted[held.id] = held
        return Shelf(wanted[identifier] for identifier in sorted(wanted))

    def _namesakes(self, term: Term) -> Iterable[Held]:
        """Return the certificates that have one particular name of an order, if it has any: those with all its names are among them."""
        return self._by_name.get(next(iter(term.names), ""), ())
