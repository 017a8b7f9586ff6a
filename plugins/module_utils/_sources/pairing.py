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
from .._x509.bundle import Bundle, Origin, Trouble
from .._x509.certificate import Certificate
from .files import File, FileContent, FileGroup


@dataclass(frozen=True)
class Unit:
    """A group of files with their content."""

    group: FileGroup
    contents: tuple[FileContent, ...] = ()

    @cached_property
    def paths(self) -> Mapping[Certificate, str]:
        """What may be the certificate that is kept here, with the first file that has it; its issuers may be among them."""
        paths: dict[Certificate, str] = {}
        for content in self.contents:
            for certificate in content.bundle.certificates:
                paths.setdefault(certificate, content.file.path)
        return paths

    @cached_property
    def certificates(self) -> tuple[Certificate, ...]:
        """All that are kept here, its issuers among them."""
        bundles = (content.bundle for content in self.contents)
        return tuple(certificate for bundle in bundles for certificate in (*bundle.certificates, *bundle.issuers))


def unit_of(bundle: Bundle) -> Unit:
    """Return what is in no file of a source: it needs a key, but its lack is worth no word."""
    group = FileGroup(bundle.origin.name, bundle.origin.path, is_entry=False)
    return Unit(group, (FileContent(File("certificate", bundle.origin.path), bundle),))


@dataclass(frozen=True)
class Paired:
    """What a source has."""

    usable: tuple[Bundle, ...]
    """A certificate with its key, and all that lies beside it as its issuers."""
    useless: tuple[Bundle, ...]
    """What cannot be used, with its certificate if that can be read."""
    warnings: tuple[str, ...] = ()
    """About files that do not matter much."""
    issuers: tuple[Certificate, ...] = ()
    """All CA certificates."""
    doubtful: tuple[Unit, ...] = field(default=(), repr=False)
    """The units with anything wrong, which another look may show to be right."""


def pair(units: Sequence[Unit]) -> Paired:
    """Return the certificates of a source with their keys, each certificate once.

    A certificate that has a key is one to use, unless it is a CA's own. Others are issuers if they belong to CAs, or lack their key.
    """
    keys = _Keys(units)
    usable: list[tuple[int, Bundle]] = []
    used: set[Certificate] = set()
    orphans: dict[int, list[Certificate]] = defaultdict(list)
    for certificate, places in _places(units).items():
        key_file = keys.of(certificate, places) if is_for_hosts(certificate) else None
        if key_file is not None:
            number, held = key_file
            home = number if number in places else next(iter(places))
            beside = held.certificates if held.key and held.key.is_pkcs12 else units[home].certificates
            origin = Origin(units[home].group.name, units[home].paths[certificate])
            usable.append((home, Bundle((certificate,), beside, held.key, origin=origin)))
            used.add(certificate)
        elif not certificate.may_issue:
            orphans[next(iter(places))].append(certificate)
    useless = [list(_useless(unit, orphans[number], used)) for number, unit in enumerate(units)]
    return Paired(
        usable=tuple(bundle for _home, bundle in sorted(usable, key=lambda homed: homed[0])),
        useless=tuple(bundle for of_unit in useless for bundle in of_unit),
        warnings=tuple(warning for unit in units for warning in _warnings(unit, used)),
        issuers=_authorities(certificate for unit in units for certificate in unit.certificates),
        doubtful=tuple(
            unit
            for unit, of_unit in zip(units, useless, strict=True)
            if of_unit or any(content.bundle.trouble for content in unit.contents)
        ),
    )


def sorted_out(bundles: Sequence[Bundle]) -> Paired:
    """Return what came as bundles, each with its own key."""
    every = (certificate for bundle in bundles for certificate in (*bundle.certificates, *bundle.issuers))
    usable, useless = (
        tuple(bundle for bundle in bundles if bool(bundle.trouble) == is_useless) for is_useless in (False, True)
    )
    return Paired(usable, useless, issuers=_authorities(every))


def _authorities(certificates: Iterable[Certificate]) -> tuple[Certificate, ...]:
    """Return the CA certificates among others, each once."""
    return tuple(dict.fromkeys(certificate for certificate in certificates if certificate.may_issue))


def is_for_hosts(certificate: Certificate) -> bool:
    """Return whether a certificate is for hosts, or at least not a CA's own.

    Self-signed certificates for hosts are often CA certificates, too. The key of a real CA may lie beside it, but must not leave
    the machine.
    """
    name = certificate.common_name or ""
    return not certificate.may_issue or bool(certificate.subject_alt_names) or ("." in name and " " not in name)


def _places(units: Sequence[Unit]) -> dict[Certificate, dict[int, None]]:
    """Return the certificates with the numbers of the units that they are in."""
    places: dict[Certificate, dict[int, None]] = defaultdict(dict)
    for number, unit in enumerate(units):
        for certificate in unit.paths:
            places[certificate][number] = None
    return places


class _Keys:
    """The files with keys, and the numbers of their units."""

    def __init__(self, units: Sequence[Unit]) -> None:
        self._plain: dict[str, dict[int, Bundle]] = defaultdict(dict)
        self._stores: dict[Certificate, dict[int, Bundle]] = defaultdict(dict)
        for number, unit in enumerate(units):
            for bundle in (content.bundle for content in unit.contents):
                if bundle.key is None:
                    continue
                if not bundle.key.is_pkcs12:
                    self._plain[bundle.key.public_key_sha256].setdefault(number, bundle)
                elif len(bundle.fitting) == 1:  # an import takes the certificate from there, too
                    self._stores[bundle.fitting[0]].setdefault(number, bundle)

    def of(self, certificate: Certificate, places: Iterable[int]) -> tuple[int, Bundle] | None:
        """Return the file of a certificate's key: one beside it if possible, and rather a plain one than PKCS#12."""
        kinds = (self._plain.get(certificate.public_key_sha256, {}), self._stores.get(certificate, {}))
        beside = ((number, files[number]) for files in kinds for number in places if number in files)
        elsewhere = (next(iter(files.items())) for files in kinds if files)
        return next(beside, None) or next(elsewhere, None)


def _useless(unit: Unit, orphans: Sequence[Certificate], used: Collection[Certificate]) -> Iterator[Bundle]:
    """Yield what cannot be used of a unit.

    Args:
        unit: the unit.
        orphans: its certificates that lack their keys.
        used: the certificates that have keys, of all units.
    """
    group = unit.group
    if group.trouble is not None:
        yield _not_usable(group, group.trouble, group.path)
        return
    troubles = [
        (content.file, content.bundle.trouble)
        for content in unit.contents
        if content.bundle.trouble and content.file.kind != "chain"
    ]
    of_keys = [(file, why) for file, why in troubles if file.kind == "key" or why.reason == "bad_passphrase"]
    for certificate in orphans:
        path = unit.paths[certificate]
        why_not = of_keys[0][1] if of_keys else _key_missing(path, unit)
        yield _not_usable(group, why_not, path, (certificate,))
    has_certificate = bool(orphans) or any(certificate in used for certificate in unit.paths)
    if not group.is_entry:
        for file, why in troubles:
            if not (orphans and (file, why) in of_keys):
                yield _not_usable(group, why, file.path)
    elif not has_certificate and troubles:
        yield _not_usable(group, troubles[0][1], troubles[0][0].path)
    elif not has_certificate and any(content.bundle.key for content in unit.contents):
        yield _not_usable(group, _certificate_missing(group), group.path)


def _not_usable(group: FileGroup, trouble: Trouble, path: str, certificates: tuple[Certificate, ...] = ()) -> Bundle:
    return Bundle(certificates, origin=Origin(group.name, path), trouble=trouble)


def _key_missing(path: str, unit: Unit) -> Trouble:
    there = next((content.file.path for content in unit.contents if content.bundle.key), None)
    other = f"; the key in {printable(there)} is that of another one" if there else ""
    return Trouble(
        "key_missing",
        f"The private key of the certificate in {printable(path)} is missing{other}. Put it beside the certificate, or have the "
        "certificate issued anew.",
    )


def _certificate_missing(group: FileGroup) -> Trouble:
    return Trouble(
        "certificate_missing",
        f"The private key is there, but not the certificate {printable(group.path)}: have it issued, or remove the key.",
    )


def _warnings(unit: Unit, used: Collection[Certificate]) -> Iterator[str]:
    """Yield what is wrong with files that matter less, as the certificate can be used without them."""
    can_be_used = unit.group.is_entry and any(certificate in used for certificate in unit.paths)
    for content in unit.contents:
        if content.bundle.trouble and (content.file.kind == "chain" or can_be_used):
            yield content.bundle.trouble.message
