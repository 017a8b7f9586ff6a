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
from . import acme_sh, certbot, lego, plain
from .base import Bundle, Stamp, Trouble, absolute
from .pairing import Paired, Unit, Useless, pair
from .reading import Files

Kind = t.Literal["certbot", "lego", "acme_sh", "folder", "mail"]
CLIENTS: Mapping[Kind, Callable[[str], list[Bundle]]] = {
    "certbot": certbot.bundles,
    "lego": lego.bundles,
    "acme_sh": acme_sh.bundles,
    "folder": plain.bundles,
}
MAIL: Kind = "mail"
KEY_FOLDER = "privatekey_dir"


@dataclass(frozen=True)
class Source:
    """A source as the user names it: what keeps it, and where."""

    kind: Kind
    path: str
    """The folder; for mail, that of the private keys."""

    @classmethod
    def of(cls, given: Mapping[str, t.Any]) -> Source:
        """Return a source of the variable of the role.

        Raises:
            CertificatesError: `invalid_argument` if it is not exactly one, `not_found` if there is no such folder.
        """
        kinds: list[Kind] = [kind for kind in (*CLIENTS, MAIL) if given.get(kind) is not None]
        if len(kinds) != 1:
            found = " and ".join(kinds) or "none"
            raise CertificatesError(
                "invalid_argument",
                f"Each source has exactly one of {', '.join(CLIENTS)} or mail; one has {found} of them.",
            )
        [kind] = kinds
        option = KEY_FOLDER if kind == MAIL else kind
        path = given.get(option)
        if not isinstance(path, str) or not path:
            raise CertificatesError("invalid_argument", f"A source with {kind} needs a path as {option}.")
        return cls(kind, existing(absolute(path), option))


def existing(path: str, option: str) -> str:
    """Return the path of a folder that is there.

    Raises:
        CertificatesError: `not_found`.
    """
    if os.path.isdir(path):
        return path
    what = "is no folder" if os.path.lexists(path) else "does not exist"
    raise CertificatesError(
        "not_found",
        f"{printable(path)}, which is given as {option}, {what} on this machine: name the folder in which the certificates or keys are.",
        path=printable(path),
    )


def look(bundles: Callable[[], Sequence[Bundle]], files: Files, others: Sequence[Unit] = ()) -> Paired:
    """Return what a source holds, looking twice at what seems to be wrong: it may just be about to be renewed.

    Args:
        bundles: lists the source's bundles.
        files: reads their files.
        others: what was read before.
    """
    first = pair([*(_unit(bundle, files) for bundle in bundles()), *others])
    if not first.doubtful:
        return first
    before = {unit.bundle.name: _stamps(unit) for unit in first.doubtful}
    files.forget(content.file for unit in first.doubtful for content in unit.contents)
    second = pair([*(_unit(bundle, files) for bundle in bundles()), *others])
    return replace(second, useless=tuple(_with_renewal(one, before) for one in second.useless))


def _unit(bundle: Bundle, files: Files) -> Unit:
    return Unit(bundle, tuple(files.content(file) for file in bundle.files))


def _stamps(unit: Unit) -> dict[str, Stamp]:
    return {content.file.path: content.stamp for content in unit.contents}


def _with_renewal(one: Useless, before: Mapping[str, Mapping[str, Stamp]]) -> Useless:
    """Return what cannot be used, said to be renewed if that is what it looks like."""
    bundle = one.unit.bundle
    if bundle.renewing is not None:
        return replace(one, trouble=Trouble("being_renewed", bundle.renewing))
    is_changing = any(content.is_changing for content in one.unit.contents)
    if is_changing or before.get(bundle.name, _stamps(one.unit)) != _stamps(one.unit):
        message = f"The files of {printable(one.path)} changed while they were read: run this again when they have been renewed."
        return replace(one, trouble=Trouble("being_renewed", message))
    return one


def usable_keys(path: str, files: Files) -> list[str]:
    """Return the paths of the private keys in a folder that can be read, one for each key.

    Raises:
        CertificatesError: `not_found`.
    """
    found: dict[str, str] = {}
    for bundle in plain.key_files(existing(absolute(path), KEY_FOLDER)):
        for file in bundle.files:
            key = files.content(file).public_key_sha256
            if key is not None:
                found.setdefault(key, os.path.realpath(file.path))
    return list(found.values())
