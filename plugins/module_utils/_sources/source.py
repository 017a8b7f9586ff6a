# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read one source, and pair its certificates with keys. Private to softlayer.certificates."""

from __future__ import annotations

import os
import typing as t
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from .._base.errors import CertificatesError, Obstacle
from .._base.files import make_absolute
from .._base.text import escape_invisible
from .._x509.bundle import Bundle, Origin, Problem
from .._x509.certificate import Certificate
from . import acme_sh, caddy, certbot, folder, lego, traefik
from .files import File, FileCache, FileContent, FileGroup, Stamp, list_source_names, list_subdirectories

SourceKind = t.Literal["certbot", "lego", "acme_sh", "traefik", "caddy", "folder", "mail", "secrets_manager"]
TRAEFIK: SourceKind = "traefik"
MAIL: SourceKind = "mail"
SECRETS_MANAGER: SourceKind = "secrets_manager"
KEY_DIR_OPTION = "privatekey_dir"
PATH_OPTION = "path"
"""The option of a source whose kind is detected automatically."""


class AcmeClient(t.NamedTuple):
    """The functions that read the files of an ACME client, or of a directory."""

    list_groups: Callable[[str], list[FileGroup]]
    """Function that returns the file groups at a path."""
    find_acme_directory: Callable[[str], str | None] = lambda _path: None
    """Function that returns the ACME directory URL of the CA for the path of a certificate; `None` if unknown."""


CLIENTS: Mapping[str, AcmeClient] = {
    "certbot": AcmeClient(certbot.list_groups, certbot.find_acme_directory),
    "lego": AcmeClient(lego.list_groups),
    "acme_sh": AcmeClient(acme_sh.list_groups, acme_sh.find_acme_directory),
    "traefik": AcmeClient(traefik.list_groups),
    "caddy": AcmeClient(caddy.list_groups, caddy.find_acme_directory),
    "folder": AcmeClient(folder.list_groups),
}
"""ACME clients by source option."""


@dataclass(frozen=True)
class Source:
    """A source of certificates: its kind and its path."""

    kind: SourceKind
    path: str
    """Path of the directory, of the file for Traefik, or of the private key directory for mail; empty for Secrets Manager."""

    @classmethod
    def of(cls, given: Mapping[str, t.Any]) -> Source:
        """Return the source for an item of the option `sources` of `ssl_certificate_rotate`.

        Raises:
            CertificatesError: `invalid_argument` for an item without exactly one kind, `not_found` for a path that is not a directory.
        """
        kinds = [kind for kind in (PATH_OPTION, *CLIENTS, MAIL, SECRETS_MANAGER) if given.get(kind) is not None]
        if len(kinds) != 1:
            raise CertificatesError(
                "invalid_argument",
                f"A source must have exactly one of {PATH_OPTION}, {', '.join(CLIENTS)}, {MAIL}, and {SECRETS_MANAGER}, but a source has "
                f"{' and '.join(kinds) or f'none, or has an empty value. To read all certificates of an instance, set {SECRETS_MANAGER}: {{}}'}.",
            )
        if kinds == [PATH_OPTION]:
            given = {_require_kind(given[PATH_OPTION]): given[PATH_OPTION]}
        kind: SourceKind = next(kind for kind in t.get_args(SourceKind) if given.get(kind) is not None)
        if kind == SECRETS_MANAGER:
            return cls(kind, "")
        option = KEY_DIR_OPTION if kind == MAIL else kind
        path = given.get(option)
        if not path:
            raise CertificatesError(
                "invalid_argument", f"{option} is missing: a source with {kind} requires a path. Set {option}."
            )
        return cls(kind, make_absolute(path) if kind == TRAEFIK else _check_directory(make_absolute(path), option))


def _require_kind(path: str) -> SourceKind:
    """Return the kind of the source at a path.

    Raises:
        CertificatesError: `not_found` if the path is not a source.
    """
    kind = detect_kind(make_absolute(path)) if path else None
    if kind is None:
        raise CertificatesError(
            "not_found",
            f"Cannot find certificates at {escape_invisible(path)}. Specify the certbot, lego, acme.sh, or Caddy directory, the acme.json file of Traefik, or "
            f"a directory with certificates and keys; or specify the kind of source, such as {{folder: {escape_invisible(path)}}}.",
            path=escape_invisible(path),
        )
    return kind


def _check_directory(path: str, option: str) -> str:
    """Return a path that is not a file. The directory may be missing, for example because a disk is not mounted.

    Raises:
        CertificatesError: `not_found`.
    """
    if os.path.isdir(path) or not os.path.exists(path):
        return path
    raise CertificatesError(
        "not_found",
        f"{escape_invisible(path)}, the value of {option}, is not a directory on this host. Specify the directory of the certificates or keys.",
        path=escape_invisible(path),
    )


def detect_kind(path: str) -> SourceKind | None:
    """Return the kind of source at a path, detected by its files; `None` if the path is not a source.

    The checks begin with the files of one ACME client only, because, for example, the links of certbot also look like certificates and keys in a
    directory.

    Raises:
        CertificatesError: `not_found`, if the directory cannot be read.
    """
    if not os.path.isdir(path):
        return TRAEFIK if path.endswith(".json") and os.path.isfile(path) else None
    names, own = list_source_names(path), os.path.basename(path)
    if traefik.STORAGE in names:
        return TRAEFIK
    inside = {name: inner for name, _folder, inner in list_subdirectories(path) if not isinstance(inner, Obstacle)}
    if {"live", "renewal"} & set(names) or any(certbot.PRIVATE_KEY in each for each in (names, *inside.values())):
        return "certbot"
    if caddy.is_caddy(path):
        return "caddy"
    is_legos = own == "certificates" and any(name.endswith(".json") for name in names)
    if is_legos or "certificates" in names:
        return "lego"
    is_acme_shs = {"account.conf", acme_sh.build_settings_name(own)} & set(names)
    if is_acme_shs or any(acme_sh.build_settings_name(name) in inner for name, inner in inside.items()):
        return "acme_sh"
    return "folder" if folder.list_groups(path) else None


def find_acme_directory(kind: str, path: str) -> str | None:
    """Return the ACME directory URL of the CA for the path of a certificate in a source; `None` if unknown."""
    return CLIENTS[kind].find_acme_directory(path) if kind in CLIENTS else None


# Which key belongs to which certificate: the one with the same public key, whatever its name


def make_group(bundle: Bundle) -> FileGroup:
    """Return the group of a certificate that is not in a file of the source. A missing key is not reported."""
    content = FileContent(File("certificate", bundle.origin.path), bundle)
    return FileGroup(bundle.origin.name, bundle.origin.path, is_entry=False, contents=(content,))


@dataclass(frozen=True)
class SourceResult:
    """The certificates and problems of a source."""

    usable_bundles: tuple[Bundle, ...]
    """The certificates with keys, each with all certificates in its files, which may be CA certificates."""
    unusable_bundles: tuple[Bundle, ...]
    """The unusable certificates with their problems."""
    warnings: tuple[Problem, ...] = ()
    """Problems of files that are not required."""
    issuers: tuple[Certificate, ...] = ()
    """All CA certificates."""
    doubtful_groups: tuple[FileGroup, ...] = field(default=(), repr=False)
    """The groups with problems, which are read a second time."""


def pair(groups: Sequence[FileGroup]) -> SourceResult:
    """Return the certificates of a source with their keys, each certificate once. CA certificates are never paired with keys."""
    keys = _KeyIndex(groups)
    places_of: dict[Certificate, dict[int, None]] = defaultdict(dict)
    for number, group in enumerate(groups):
        for certificate in group.paths:
            places_of[certificate][number] = None
    usable: list[tuple[int, Bundle]] = []
    used: set[Certificate] = set()
    orphans: dict[int, list[Certificate]] = defaultdict(list)
    for certificate, places in places_of.items():
        key_file = keys.find(certificate, places) if is_for_hosts(certificate) else None
        if key_file is not None:
            number, held = key_file
            home = number if number in places else next(iter(places))
            neighbors = held.certificates if held.key and held.key.is_pkcs12 else groups[home].certificates
            origin = Origin(groups[home].name, groups[home].paths[certificate])
            usable.append((home, Bundle((certificate,), neighbors, held.key, origin=origin)))
            used.add(certificate)
        elif not certificate.can_issue:
            orphans[next(iter(places))].append(certificate)
    useless = [list(_list_unusable(group, orphans[number], used)) for number, group in enumerate(groups)]
    return SourceResult(
        usable_bundles=tuple(bundle for _home, bundle in sorted(usable, key=lambda homed: homed[0])),
        unusable_bundles=tuple(bundle for of_group in useless for bundle in of_group),
        warnings=tuple(warning for group in groups for warning in _list_warnings(group, used)),
        issuers=_select_issuers(certificate for group in groups for certificate in group.certificates),
        doubtful_groups=tuple(
            group
            for group, of_group in zip(groups, useless, strict=True)
            if of_group or any(content.bundle.problem for content in group.contents)
        ),
    )


def separate_bundles(bundles: Sequence[Bundle]) -> SourceResult:
    """Return the usable and unusable bundles among bundles that contain their keys."""
    every = (certificate for bundle in bundles for certificate in (*bundle.certificates, *bundle.issuers))
    usable, useless = (
        tuple(bundle for bundle in bundles if bool(bundle.problem) == is_useless) for is_useless in (False, True)
    )
    return SourceResult(usable, useless, issuers=_select_issuers(every))


def _select_issuers(certificates: Iterable[Certificate]) -> tuple[Certificate, ...]:
    """Return the CA certificates among others, each once."""
    return tuple(dict.fromkeys(certificate for certificate in certificates if certificate.can_issue))


def is_for_hosts(certificate: Certificate) -> bool:
    """Return whether a certificate is a server certificate, or at least not a CA certificate.

    Self-signed server certificates are often CA certificates as well. The key of a real CA must not leave the host.
    """
    name = certificate.common_name or ""
    return not certificate.can_issue or bool(certificate.subject_alt_names) or ("." in name and " " not in name)


class _KeyIndex:
    """The key files by public key or PKCS#12 certificate, with the numbers of their groups."""

    def __init__(self, groups: Sequence[FileGroup]) -> None:
        self._plain: dict[str, dict[int, Bundle]] = defaultdict(dict)
        self._stores: dict[Certificate, dict[int, Bundle]] = defaultdict(dict)
        for number, group in enumerate(groups):
            for bundle in (content.bundle for content in group.contents):
                if bundle.key is None:
                    continue
                if not bundle.key.is_pkcs12:
                    self._plain[bundle.key.public_key_sha256].setdefault(number, bundle)
                elif len(bundle.matching_certificates) == 1:  # an import takes the certificate from there, too
                    self._stores[bundle.matching_certificates[0]].setdefault(number, bundle)

    def find(self, certificate: Certificate, places: Iterable[int]) -> tuple[int, Bundle] | None:
        """Return the group number and the content of the key file of a certificate, preferably from its own group and not PKCS#12; or `None`."""
        kinds = (self._plain.get(certificate.public_key_sha256, {}), self._stores.get(certificate, {}))
        neighbors = ((number, files[number]) for files in kinds for number in places if number in files)
        elsewhere = (next(iter(files.items())) for files in kinds if files)
        return next(neighbors, None) or next(elsewhere, None)


def _list_unusable(group: FileGroup, orphans: Sequence[Certificate], used: Collection[Certificate]) -> Iterator[Bundle]:
    """Yield the unusable certificates of a group.

    Args:
        group: the group.
        orphans: certificates without keys in the group.
        used: certificates with keys in all groups.
    """
    if group.problem is not None:
        yield _make_unusable(group, group.problem, group.path)
        return
    troubles = [
        (content.file, content.bundle.problem)
        for content in group.contents
        if content.bundle.problem and content.file.kind != "chain"
    ]
    of_keys = [(file, why) for file, why in troubles if file.kind == "key" or why.reason == "bad_passphrase"]
    for certificate in orphans:
        path = group.paths[certificate]
        other_key = next((content.file.path for content in group.contents if content.bundle.key), None)
        missing: Problem = Obstacle("key_missing", {"certificate": path, "other_key": other_key})
        why_not = of_keys[0][1] if of_keys else missing
        yield _make_unusable(group, why_not, path, (certificate,))
    has_certificate = bool(orphans) or any(certificate in used for certificate in group.paths)
    if not group.is_entry:
        for file, why in troubles:
            if not (orphans and (file, why) in of_keys):
                yield _make_unusable(group, why, file.path)
    elif not has_certificate and troubles:
        yield _make_unusable(group, troubles[0][1], troubles[0][0].path)
    elif not has_certificate and any(content.bundle.key for content in group.contents):
        yield _make_unusable(group, Obstacle("certificate_missing", {"certificate": group.path}), group.path)


def _make_unusable(group: FileGroup, problem: Problem, path: str, certificates: tuple[Certificate, ...] = ()) -> Bundle:
    return Bundle(certificates, origin=Origin(group.name, path), problem=problem)


def _list_warnings(group: FileGroup, used: Collection[Certificate]) -> Iterator[Problem]:
    """Yield the problems of files that no certificate requires."""
    can_be_used = group.is_entry and any(certificate in used for certificate in group.paths)
    for content in group.contents:
        if content.bundle.problem and (content.file.kind == "chain" or can_be_used):
            yield content.bundle.problem


# Looking at it


TEMPORARY_REASONS = frozenset(
    {"key_missing", "certificate_missing", "malformed", "broken_link", "unreadable", "too_large"}
)
"""Reasons that can occur while files are being replaced."""
LINK_REASONS = frozenset({"key_missing", "certificate_missing", "malformed"})
"""Reasons that may result from links to different versions."""


def read_source(
    groups: Callable[[], Sequence[FileGroup]], files: FileCache, others: Sequence[FileGroup] = ()
) -> SourceResult:
    """Return the content of a source. Groups with problems are read twice, because a renewal may be in progress.

    Args:
        groups: returns the file groups of the source.
        files: the file cache.
        others: groups from other places, such as emails.
    """
    first = [files.read(group) for group in groups()]
    paired = pair([*first, *others])
    if not paired.doubtful_groups:
        return paired
    before = {group.name: _collect_stamps(group) for group in first}
    files.remove(content.file for group in paired.doubtful_groups for content in group.contents)
    second = [files.read(group) for group in groups()]
    paired = pair([*second, *others])
    by_name = {group.name: group for group in (*others, *second)}
    useless = (_mark_renewal(bundle, by_name[bundle.origin.name], before) for bundle in paired.unusable_bundles)
    return replace(paired, unusable_bundles=tuple(useless))


def _collect_stamps(group: FileGroup) -> dict[str, Stamp]:
    return {content.file.path: content.stamp for content in group.contents}


def _mark_renewal(bundle: Bundle, group: FileGroup, before: Mapping[str, Mapping[str, Stamp]]) -> Bundle:
    """Return an unusable certificate, with the reason `being_renewed` if its files changed between the two readings.

    Args:
        bundle: the certificate of the second reading.
        group: the file group of the second reading.
        before: the stamps of the files of the first reading, by group name.
    """
    problem, stamps = t.cast(Problem, bundle.problem), _collect_stamps(group)
    if group.renewal_problem is not None and problem.reason in LINK_REASONS:
        return replace(bundle, problem=group.renewal_problem)
    is_changing = any(content.is_changing for content in group.contents) or before.get(group.name, stamps) != stamps
    if is_changing and problem.reason in TEMPORARY_REASONS:
        return replace(bundle, problem=Obstacle("being_renewed", {"written": bundle.origin.path}))
    return bundle


def find_keys(path: str, files: FileCache) -> dict[str, str]:
    """Return the paths of the readable private keys in a directory, by the SHA-256 of the public key.

    Raises:
        CertificatesError: `not_found`.
    """
    contents = (content for group in folder.list_key_files(path) for content in files.read(group).contents)
    paths: dict[str, str] = {}
    for key in (content.bundle.key for content in contents):
        if key is not None:
            paths.setdefault(key.public_key_sha256, key.real_path)
    return paths
