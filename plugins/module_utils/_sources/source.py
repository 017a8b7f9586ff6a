# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Everything that one source holds. Private to softlayer.certificates."""

from __future__ import annotations

import os
import typing as t
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from .._errors import CertificatesError
from .._text import printable
from .._x509.bundle import Bundle, Trouble
from . import acme_sh, certbot, folder, lego
from .files import FileGroup, Files, Stamp, absolute
from .pairing import Paired, pair

SourceKind = t.Literal["certbot", "lego", "acme_sh", "folder", "mail", "secrets_manager"]
CLIENTS: Mapping[SourceKind, Callable[[str], list[FileGroup]]] = {
    "certbot": certbot.groups,
    "lego": lego.groups,
    "acme_sh": acme_sh.groups,
    "folder": folder.groups,
}
MAIL: SourceKind = "mail"
SECRETS_MANAGER: SourceKind = "secrets_manager"
KEY_FOLDER = "privatekey_dir"


@dataclass(frozen=True)
class Source:
    """A source as the user names it: what keeps it, and where."""

    kind: SourceKind
    path: str
    """The folder; for mail, that of the private keys; nothing for Secrets Manager."""

    @classmethod
    def of(cls, given: Mapping[str, t.Any]) -> Source:
        """Return a source, as an option of `ssl_certificate_rotate` has it.

        Raises:
            CertificatesError: `invalid_argument` if it is not exactly one, `not_found` if its path is that of something else than a folder.
        """
        kinds: list[SourceKind] = [kind for kind in (*CLIENTS, MAIL, SECRETS_MANAGER) if given.get(kind) is not None]
        if len(kinds) != 1:
            raise CertificatesError(
                "invalid_argument",
                f"Each source has exactly one of {', '.join(CLIENTS)}, {MAIL} and {SECRETS_MANAGER}, but one has "
                f"{' and '.join(kinds) or f'none of them, or an empty one. For all of an instance, write {SECRETS_MANAGER}: {{}}'}.",
            )
        [kind] = kinds
        if kind == SECRETS_MANAGER:
            return cls(kind, "")
        option = KEY_FOLDER if kind == MAIL else kind
        path = given.get(option)
        if not path:
            raise CertificatesError("invalid_argument", f"A source with {kind} needs a path as {option}.")
        return cls(kind, _no_file(absolute(path), option))


def _no_file(path: str, option: str) -> str:
    """Return the path of a folder, which may be missing: its disk may not be mounted.

    Raises:
        CertificatesError: `not_found`.
    """
    if os.path.isdir(path) or not os.path.exists(path):
        return path
    raise CertificatesError(
        "not_found",
        f"{printable(path)}, which is given as {option}, is no folder on this machine: name the folder in which the certificates or keys are.",
        path=printable(path),
    )


MAY_PASS = frozenset({"key_missing", "certificate_missing", "malformed", "broken_link", "unreadable", "too_large"})
"""Reasons that files may give while they are being replaced."""
DOES_NOT_FIT = frozenset({"key_missing", "certificate_missing", "malformed"})
"""Those that links to different versions explain."""


def look(groups: Callable[[], Sequence[FileGroup]], files: Files, others: Sequence[FileGroup] = ()) -> Paired:
    """Return what a source holds. What seems to be wrong is looked at twice: it may just be being renewed.

    Args:
        groups: lists the source's groups of files.
        files: reads the files.
        others: what comes from elsewhere.
    """
    first = [files.read(group) for group in groups()]
    paired = pair([*first, *others])
    if not paired.doubtful:
        return paired
    before = {group.name: _stamps(group) for group in first}
    files.forget(content.file for group in paired.doubtful for content in group.contents)
    second = [files.read(group) for group in groups()]
    paired = pair([*second, *others])
    by_name = {group.name: group for group in (*others, *second)}
    useless = (_with_renewal(bundle, by_name[bundle.origin.name], before) for bundle in paired.useless)
    return replace(paired, useless=tuple(useless))


def _stamps(group: FileGroup) -> dict[str, Stamp]:
    return {content.file.path: content.stamp for content in group.contents}


def _with_renewal(bundle: Bundle, group: FileGroup, before: Mapping[str, Mapping[str, Stamp]]) -> Bundle:
    """Return what cannot be used, said to be renewed if that is what it looks like.

    Args:
        bundle: the second look at it.
        group: that look at its files.
        before: by the names of groups, the files that were there at the first look.
    """
    trouble, stamps = t.cast(Trouble, bundle.trouble), _stamps(group)
    if group.renewing is not None and trouble.reason in DOES_NOT_FIT:
        return replace(bundle, trouble=Trouble("being_renewed", group.renewing))
    is_changing = any(content.is_changing for content in group.contents) or before.get(group.name, stamps) != stamps
    if is_changing and trouble.reason in MAY_PASS:
        message = f"{printable(bundle.origin.path)}, or its private key, was being written: run this again when that has ended."
        return replace(bundle, trouble=Trouble("being_renewed", message))
    return bundle


def usable_keys(path: str, files: Files) -> dict[str, str]:
    """Return the private keys in a folder that can be read: the path of each by the SHA-256 of its public key.

    Raises:
        CertificatesError: `not_found`.
    """
    contents = (content for group in folder.key_files(path) for content in files.read(group).contents)
    paths: dict[str, str] = {}
    for key in (content.bundle.key for content in contents):
        if key is not None:
            paths.setdefault(key.public_key_sha256, key.real_path)
    return paths
