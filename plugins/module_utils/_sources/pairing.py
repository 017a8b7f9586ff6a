# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which key belongs to which certificate: the one with the same public key, whatever its name. Private to softlayer.certificates.

Pure.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from .._text import printable
from .._x509.certificate import Certificate
from .base import Bundle, FileContent, Trouble


@dataclass(frozen=True)
class Unit:
    """A bundle with the content of its files."""

    bundle: Bundle
    contents: tuple[FileContent, ...] = ()

    @cached_property
    def paths(self) -> Mapping[Certificate, str]:
        """What may be the certificate that is kept here, with the first file that has it; its issuers may be among them."""
        found: dict[Certificate, str] = {}
        for content in self.contents:
            for certificate in content.certificates if content.file.kind != "chain" else ():
                found.setdefault(certificate, content.file.path)
        return found

    def issuers(self) -> Iterable[Certificate]:
        """Return the CA certificates that are kept here."""
        return (one for content in self.contents for one in content.certificates if one.may_issue)


@dataclass(frozen=True)
class Pair:
    """A certificate with the file of its private key."""

    unit: Unit
    certificate: Certificate
    key: FileContent

    @property
    def path(self) -> str:
        """The file that the certificate was found in."""
        return self.unit.paths[self.certificate]


@dataclass(frozen=True)
class Useless:
    """What cannot be used, with its certificate if that can be read."""

    unit: Unit
    trouble: Trouble
    path: str
    certificate: Certificate | None = None


@dataclass(frozen=True)
class Paired:
    """What a source has."""

    pairs: tuple[Pair, ...]
    useless: tuple[Useless, ...]
    warnings: tuple[str, ...]
    """About files that do not matter much."""
    issuers: tuple[Certificate, ...]
    """All CA certificates."""
    doubtful: tuple[Unit, ...] = field(repr=False)
    """The units with anything wrong, which another look may show to be right."""


def pair(units: Sequence[Unit]) -> Paired:
    """Return the certificates of a source with their keys, each certificate once.

    A certificate that has a key is one to use, unless it is a CA's own. Others are issuers if they belong to CAs, or lack their key.
    """
    keys = _Keys(units)
    found: dict[Certificate, tuple[int, Pair]] = {}
    orphans: dict[int, list[Certificate]] = defaultdict(list)
    for certificate, places in _places(units).items():
        key = keys.of(certificate, places) if is_for_hosts(certificate) else None
        if key is not None:
            number, content = key
            home = number if number in places else next(iter(places))
            found[certificate] = home, Pair(units[home], certificate, content)
        elif not certificate.may_issue:
            orphans[next(iter(places))].append(certificate)
    useless = [one for number, unit in enumerate(units) for one in _useless(unit, orphans[number], found.keys())]
    doubtful = {id(one.unit) for one in useless}
    return Paired(
        pairs=tuple(pair for _number, pair in sorted(found.values(), key=lambda one: one[0])),
        useless=tuple(useless),
        warnings=tuple(warning for unit in units for warning in _warnings(unit, found.keys())),
        issuers=tuple(dict.fromkeys(one for unit in units for one in unit.issuers())),
        doubtful=tuple(
            unit for unit in units if id(unit) in doubtful or any(content.trouble for content in unit.contents)
        ),
    )


def is_for_hosts(certificate: Certificate) -> bool:
    """Return whether a certificate is for hosts, or at least not a CA's own.

    Self-signed certificates for hosts are often CA certificates, too. The key of a real CA may lie beside it, but must not leave
    the machine.
    """
    name = certificate.common_name or ""
    return not certificate.may_issue or bool(certificate.subject_alt_names) or ("." in name and " " not in name)


def _places(units: Sequence[Unit]) -> dict[Certificate, dict[int, None]]:
    """Return the certificates with the numbers of the units that they are in."""
    found: dict[Certificate, dict[int, None]] = defaultdict(dict)
    for number, unit in enumerate(units):
        for certificate in unit.paths:
            found[certificate][number] = None
    return found


class _Keys:
    """The files with keys, and the numbers of their units."""

    def __init__(self, units: Sequence[Unit]) -> None:
        self._plain: dict[str, dict[int, FileContent]] = defaultdict(dict)
        self._stores: dict[Certificate, dict[int, FileContent]] = defaultdict(dict)
        for number, unit in enumerate(units):
            for content in unit.contents:
                key = content.public_key_sha256
                if key is None:
                    continue
                if content.file.kind != "store":
                    self._plain[key].setdefault(number, content)
                    continue
                carriers = [one for one in content.certificates if one.public_key_sha256 == key]
                if len(carriers) == 1:  # an import takes the certificate from there, too
                    self._stores[carriers[0]].setdefault(number, content)

    def of(self, certificate: Certificate, places: Iterable[int]) -> tuple[int, FileContent] | None:
        """Return the file of a certificate's key: one beside it if possible, and rather a plain one than PKCS#12."""
        files = (self._plain.get(certificate.public_key_sha256, {}), self._stores.get(certificate, {}))
        beside = ((number, one[number]) for one in files for number in places if number in one)
        elsewhere = (next(iter(one.items())) for one in files if one)
        return next(beside, None) or next(elsewhere, None)


def _useless(unit: Unit, orphans: Sequence[Certificate], used: Collection[Certificate]) -> Iterator[Useless]:
    """Yield what cannot be used of a unit.

    Args:
        unit: the unit.
        orphans: its certificates that lack their keys.
        used: the certificates that have keys, of all units.
    """
    bundle = unit.bundle
    if bundle.trouble is not None:
        yield Useless(unit, bundle.trouble, bundle.path)
        return
    troubles = [(one, one.trouble) for one in unit.contents if one.trouble and one.file.kind != "chain"]
    of_keys = [(one, why) for one, why in troubles if one.file.kind == "key" or why.reason == "bad_passphrase"]
    for certificate in orphans:
        path = unit.paths[certificate]
        yield Useless(unit, of_keys[0][1] if of_keys else _key_missing(path, unit), path, certificate)
    has_certificate = bool(orphans) or any(certificate in used for certificate in unit.paths)
    if not bundle.is_entry:
        for content, why in troubles:
            if not (orphans and (content, why) in of_keys):
                yield Useless(unit, why, content.file.path)
    elif not has_certificate and troubles:
        yield Useless(unit, troubles[0][1], troubles[0][0].file.path)
    elif not has_certificate and any(one.public_key_sha256 for one in unit.contents):
        yield Useless(unit, _certificate_missing(bundle), bundle.path)


def _key_missing(path: str, unit: Unit) -> Trouble:
    there = next((one.file.path for one in unit.contents if one.public_key_sha256), None)
    other = f"; the key in {printable(there)} is that of another one" if there else ""
    return Trouble(
        "key_missing",
        f"The private key of the certificate in {printable(path)} is missing{other}. Put it beside the certificate, or have the "
        "certificate issued anew.",
    )


def _certificate_missing(bundle: Bundle) -> Trouble:
    return Trouble(
        "certificate_missing",
        f"The private key is there, but not the certificate {printable(bundle.path)}: have it issued, or remove the key.",
    )


def _warnings(unit: Unit, used: Collection[Certificate]) -> Iterator[str]:
    """Yield what is wrong with files that matter less, as the certificate can be used without them."""
    can_be_used = unit.bundle.is_entry and any(certificate in used for certificate in unit.paths)
    for content in unit.contents:
        if content.trouble and (content.file.kind == "chain" or can_be_used):
            yield content.trouble.message
