# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""File groups, their cached contents, and directories, for all sources of certificates. Private to softlayer.certificates.

Of a private key in a file, only the public key is kept in memory.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import stat
import typing as t
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial

from .._base.errors import CertificatesError, Obstacle
from .._base.files import MAX_FILE_SIZE, build_read_error, read_file
from .._base.names import normalize_file_name
from .._base.text import escape_invisible, make_encodable
from .._x509.bundle import EMPTY_BUNDLE, Bundle, Kind, Problem, read_bundle
from .._x509.certificate import Certificate

Stamp: t.TypeAlias = "tuple[int, ...] | None"
"""The inode, size, and modification time of a file; `None` for a missing file."""


@dataclass(frozen=True)
class File:
    """A file to read."""

    kind: Kind
    path: str


@dataclass(frozen=True)
class FileContent:
    """The content of a file, or of a part of a file."""

    file: File
    bundle: Bundle = EMPTY_BUNDLE
    """The certificates and the key; only the public key for a key file."""
    stamp: Stamp = None
    is_changing: bool = False
    """Whether another process wrote or replaced the file during the reading."""


@dataclass(frozen=True)
class FileGroup:
    """The files that belong together by their names or their directory, for example a certbot lineage."""

    name: str
    """Name of the group, which is unique among the groups with files of a source."""
    path: str
    """The name of the certificate in messages."""
    files: tuple[File, ...] = ()
    is_entry: bool = True
    """Whether the group is the entry of an ACME client for one certificate, so that a missing certificate or key is reported."""
    problem: Problem | None = None
    """The problem of the group, if known before the files are read."""
    renewal_problem: Problem | None = None
    """The probable problem of a certificate that does not match its key."""
    contents: tuple[FileContent, ...] = ()
    """The contents of the files. For a file of several groups, only the content of the group."""

    @cached_property
    def paths(self) -> Mapping[Certificate, str]:
        """The possible leaf certificates, with the path of the first file that contains each certificate."""
        paths: dict[Certificate, str] = {}
        for content in self.contents:
            for certificate in content.bundle.certificates:
                paths.setdefault(certificate, content.file.path)
        return paths

    @cached_property
    def certificates(self) -> tuple[Certificate, ...]:
        """All certificates in the files, including CA certificates."""
        bundles = (content.bundle for content in self.contents)
        return tuple(certificate for bundle in bundles for certificate in (*bundle.certificates, *bundle.issuers))


def select_names(name: str, alike: Mapping[str, Sequence[str]]) -> Sequence[str]:
    """Return the name if a file has exactly the name or no similar name, otherwise all similar names.

    Args:
        name: the expected file name.
        alike: file names in the directory, by spelling.
    """
    names = alike.get(normalize_file_name(name), ())
    return names if names and name not in names else (name,)


def list_names(folder: str) -> list[str]:
    """Return the sorted names of the files in a directory, without hidden files.

    Raises:
        OSError: the directory cannot be read.
    """
    return sorted(name for name in os.listdir(folder) if not name.startswith("."))


def list_source_names(folder: str) -> list[str]:
    """Return the names of the files in the directory of a source.

    Raises:
        CertificatesError: `not_found`.
    """
    try:
        return list_names(folder)
    except OSError as error:
        why = build_read_error("directory", folder, error).message
        raise CertificatesError(
            "not_found",
            f"{why} Specify another directory, or grant read access to the user who runs the playbook.",
            path=escape_invisible(folder),
        ) from None


def find_directory(path: str, name: str) -> str:
    """Return the path of a subdirectory of a source, or the path of the source without the subdirectory.

    Raises:
        CertificatesError: `not_found`, if the subdirectory is not a directory, for example because a disk is missing.
    """
    inner = os.path.join(path, name)
    if os.path.lexists(inner) and not os.path.isdir(inner):
        raise CertificatesError(
            "not_found",
            f"{escape_invisible(inner)} is not a directory, or is a link to a missing directory. Restore the directory, or specify another directory.",
            path=escape_invisible(inner),
        )
    return inner if os.path.isdir(inner) else path


def list_subdirectories(folder: str) -> t.Iterator[tuple[str, str, list[str] | Problem]]:
    """Yield the name, the path, and the file names (or the problem) of each subdirectory, sorted by name.

    Raises:
        CertificatesError: `not_found`, if the directory cannot be read.
    """
    for name in list_source_names(folder):
        path = os.path.join(folder, name)
        try:
            if os.path.isdir(path):
                yield name, path, list_names(path)
            elif os.path.islink(path) and not os.path.exists(path):
                yield name, path, Obstacle("broken_link", {"link": path})
        except OSError as error:
            yield name, path, describe_unreadable("directory", path, error)


def describe_unreadable(kind: str, path: str, error: OSError | ValueError) -> Problem:
    """Return the problem of an unreadable file or directory."""
    return Obstacle("unreadable", {"refused": build_read_error(kind, escape_invisible(path), error).message})


def read_setting(path: str, form: re.Pattern[str]) -> str | None:
    """Return the last match of a pattern (its second group) in the settings file of an ACME client, or `None`."""
    try:
        text = read_file(path).decode("utf-8", "replace")
    except CertificatesError:
        return None
    return next((match[2] for match in reversed(list(form.finditer(text)))), None)


# Reading


@dataclass
class FileCache:
    """A cache of the files of a source."""

    passphrase: str | None = field(default=None, repr=False)
    _contents: dict[File, FileContent] = field(default_factory=dict, repr=False)
    _chains: dict[bytes, Bundle] = field(default_factory=dict, repr=False)

    def read(self, group: FileGroup) -> FileGroup:
        """Return a group with the contents of its files."""
        return replace(group, contents=(*group.contents, *map(self.read_content, group.files)))

    def read_content(self, file: File) -> FileContent:
        """Return the cached content of a file."""
        if file not in self._contents:
            self._contents[file] = read_and_parse(file, partial(self._parse, file.kind))
        return self._contents[file]

    def remove(self, files: Iterable[File]) -> None:
        """Remove files from the cache."""
        for file in files:
            self._contents.pop(file, None)

    def _parse(self, kind: Kind, data: bytes) -> Bundle:
        """Return the parsed content of a file. Identical chains are parsed only once."""
        if kind != "chain":
            return read_bundle(data, kind, self.passphrase)
        digest = hashlib.sha256(data).digest()
        if digest not in self._chains:
            self._chains[digest] = read_bundle(data, kind, None)
        return self._chains[digest]


def read_and_parse(file: File, parse: Callable[[bytes], Bundle]) -> FileContent:
    """Return the parsed content of a file, or the problem of an unreadable file or of a file that another process is writing."""
    stamp = read_stamp(file.path)
    try:
        data = read_file(file.path)
    except CertificatesError as error:
        return FileContent(file, Bundle(problem=_find_read_problem(file.path, error)), stamp)
    bundle = parse(data)
    real_path = os.path.realpath(file.path) if bundle.key else file.path
    if not stamp == read_stamp(file.path) == read_stamp(real_path):
        why: Problem = Obstacle("unreadable", {"written": file.path})
        return FileContent(file, Bundle(problem=why), stamp, is_changing=True)
    if bundle.key and make_encodable(real_path) != real_path:
        why = Obstacle("unreadable", {"not_utf8": real_path})
        return FileContent(file, replace(bundle, key=None, problem=why), stamp)
    key = bundle.key and replace(bundle.key, private_key=None, path=file.path, real_path=real_path)
    return FileContent(file, replace(bundle, key=key, problem=name_damaged_file(file, bundle.problem)), stamp)


def read_stamp(path: str) -> Stamp:
    """Return the inode, size, and modification time of a file; `None` for a missing file."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return None
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def name_damaged_file(file: File, problem: Problem | None) -> Problem | None:
    """Return the problem of a content with the path of the file, or `None`."""
    if problem is None:
        return None
    is_closed = problem.reason == "bad_passphrase"
    why = Obstacle(problem.reason, {"is_store": True}) if is_closed and file.kind == "store" else problem
    is_known = is_closed or problem.reason == "being_renewed"
    return Obstacle(problem.reason if is_known else "malformed", {"file": file.path, "why": why})


def _find_read_problem(path: str, error: CertificatesError) -> Problem | None:
    """Return the problem of an unreadable file; `None` for a missing file."""
    try:
        status = os.stat(path)
    except (OSError, ValueError) as refusal:
        leads_nowhere = getattr(refusal, "errno", None) in {errno.ENOENT, errno.ELOOP}
        if not leads_nowhere:
            return describe_unreadable("file", path, refusal)
        return Obstacle("broken_link", {"link": path}) if os.path.islink(path) else None
    if not stat.S_ISREG(status.st_mode):
        return Obstacle("not_a_file", {"error": error.message})
    if status.st_size > MAX_FILE_SIZE:
        return Obstacle("too_large", {"error": error.message})
    return Obstacle("unreadable", {"refused": error.message})
