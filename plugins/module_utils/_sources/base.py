# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What all sources of certificates share: groups of files, their content, and folders. Private to softlayer.certificates."""

from __future__ import annotations

import os
import typing as t
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .._errors import CertificatesError
from .._files import not_readable
from .._names import spelling
from .._text import printable
from .._x509.bundle import EMPTY, Bundle, Kind, Trouble

Stamp: t.TypeAlias = "tuple[int, ...] | None"
"""What changes when a file is written or replaced; `None` if there is no file."""


@dataclass(frozen=True)
class File:
    """A file that is to be read."""

    kind: Kind
    path: str


@dataclass(frozen=True)
class FileGroup:
    """The files that belong together by their names or their folder, for example a lineage of certbot."""

    name: str
    path: str
    """Of the certificate, for people."""
    files: tuple[File, ...] = ()
    is_entry: bool = True
    """Whether a client keeps one certificate here, so that it is worth a word if that or the key is missing."""
    trouble: Trouble | None = None
    """What was found wrong before any file was read."""
    renewing: str | None = None
    """What it may mean if its certificate and key do not fit: a message."""


@dataclass(frozen=True)
class FileContent:
    """What a file contains, of which nothing is secret."""

    file: File
    bundle: Bundle = EMPTY
    """Its key is known by its public key alone."""
    stamp: Stamp = None
    is_changing: bool = False
    """Whether it was written or replaced while it was read."""


def written(name: str, alike: Mapping[str, Sequence[str]]) -> Sequence[str]:
    """Return the files that a client may have written under a name: the one that has exactly this, or else all that are like it.

    Args:
        name: returned itself if there is none.
        alike: what is in the folder, by its spelling.
    """
    names = alike.get(spelling(name), ())
    return names if names and name not in names else (name,)


def absolute(path: str) -> str:
    """Return a path that a user wrote as an absolute one."""
    return os.path.abspath(os.path.expanduser(path))


def names_in(folder: str) -> list[str]:
    """Return the names in a folder in their order, without hidden ones.

    Raises:
        OSError: if it cannot be read.
    """
    return sorted(name for name in os.listdir(folder) if not name.startswith("."))


def names_in_source(folder: str) -> list[str]:
    """Return the names in a folder that a user named as a source.

    Raises:
        CertificatesError: `not_found`.
    """
    try:
        return names_in(folder)
    except OSError as error:
        why = not_readable("folder", folder, error).message
        raise CertificatesError(
            "not_found", f"{why} Name another one, or let the user who runs this read it.", path=printable(folder)
        ) from None


def folder_in(path: str, name: str) -> str:
    """Return the folder of this name in a source, or the source itself if there is none.

    Raises:
        CertificatesError: `not_found`, if there is something else of this name: perhaps a disk is missing.
    """
    inner = os.path.join(path, name)
    if os.path.lexists(inner) and not os.path.isdir(inner):
        raise CertificatesError(
            "not_found",
            f"{printable(inner)} is no folder, or a link to one that is not there: restore it, or name another folder.",
            path=printable(inner),
        )
    return inner if os.path.isdir(inner) else path


def subfolders(folder: str) -> t.Iterator[tuple[str, str, list[str] | Trouble]]:
    """Yield name, path and names of the folders in a folder, in the order of their names.

    Raises:
        CertificatesError: `not_found`, if the folder itself cannot be read.
    """
    for name in names_in_source(folder):
        path = os.path.join(folder, name)
        try:
            if os.path.isdir(path):
                yield name, path, names_in(path)
            elif os.path.islink(path) and not os.path.exists(path):
                yield name, path, broken_link(path)
        except OSError as error:
            yield name, path, unreadable("folder", path, error)


def unreadable(kind: str, path: str, error: OSError | ValueError) -> Trouble:
    """Return the trouble with something that may not or cannot be read."""
    why = not_readable(kind, printable(path), error).message
    return Trouble("unreadable", f"{why} Let the user who runs this read it, and check the disk.")


def broken_link(path: str) -> Trouble:
    """Return the trouble with a link that leads nowhere."""
    return Trouble(
        "broken_link",
        f"{printable(path)} is a link to something that is not there: restore that, or remove the link and have the "
        "certificate issued anew.",
    )
