# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find the Traefik certificates. Private to softlayer.certificates.

The file `acme.json` contains the certificates of each certificate resolver, with chain and private key as base64 of PEM. Traefik empties and
rewrites the file for each new certificate. The keys are kept in memory, because the keys have no files.
"""

from __future__ import annotations

import json
import os
import typing as t
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from .._base.errors import Obstacle
from .._softlayer.values import as_dict
from .._x509.bundle import EMPTY_BUNDLE, Bundle, Kind, Problem, read_bundle
from .._x509.keys import list_key_texts
from .._x509.pem import decode_base64
from .files import File, FileContent, FileGroup, name_damaged_file, read_and_parse

STORAGE, CERTIFICATES = "acme.json", "Certificates"


def list_groups(path: str, hide: Callable[..., object] = lambda *_texts: None) -> list[FileGroup]:
    """Return the certificates in the Traefik file, after a group for the problem of the whole file, if any.

    Args:
        path: path of the file, or of its directory.
        hide: hides texts in all output. Called with each private key, encoded and decoded.
    """
    path = os.path.join(path, STORAGE) if os.path.isdir(path) else path
    listed: list[FileGroup] = []

    def parse(data: bytes) -> Bundle:
        stored = _parse_storage(data.decode("utf-8", "replace").strip())
        if isinstance(stored, Obstacle):
            return Bundle(problem=stored)
        listed.extend(
            FileGroup(name, path, contents=_read_contents(path, entry, hide)) for name, entry in _list_entries(stored)
        )
        return EMPTY_BUNDLE

    content = read_and_parse(File("any", path), parse)
    return [FileGroup(os.path.basename(path), path, contents=(content,)), *listed]


def _parse_storage(text: str) -> Mapping[str, t.Any] | Problem:
    """Return the parsed file, by certificate resolver, or the problem of the file."""
    stored = None
    try:
        stored = json.loads(text)
    except (ValueError, RecursionError) as error:
        if text[:1] in {"", "{"} and (text[-1:] != "}" or getattr(error, "pos", None) == len(text)):
            return Obstacle("being_renewed", {"is_cut_off": True})
    if not isinstance(stored, dict):
        return Obstacle("malformed", {"is_storage": False})
    is_old = not isinstance(stored.get(CERTIFICATES, {}), dict)  # else that is the name of a resolver
    return Obstacle("malformed", {"is_old": True}) if is_old else stored


def _list_entries(stored: Mapping[str, t.Any]) -> Iterator[tuple[str, Mapping[str, t.Any]]]:
    """Yield the name and the content of each entry. An invalid entry is empty and has the name of its resolver."""
    for resolver, held in stored.items():
        listed = held.get(CERTIFICATES) if isinstance(held, dict) else held
        for entry in listed if isinstance(listed, list) else () if listed is None else (listed,):
            main = as_dict(as_dict(entry).get("domain")).get("main")
            yield main if isinstance(main, str) and main else resolver, as_dict(entry)


def _read_contents(path: str, entry: Mapping[str, t.Any], hide: Callable[..., object]) -> tuple[FileContent, ...]:
    """Return the certificate and the key of an entry, including a missing certificate, so that the problem is reported."""

    def content(kind: Kind) -> FileContent:
        text = entry[kind].encode("ascii", "replace") if isinstance(entry.get(kind), str) else b""
        data, file = decode_base64(text), File(kind, path)
        if kind == "key":
            hide(*list_key_texts(text), *list_key_texts(data))
        bundle = read_bundle(data, kind, None)
        return FileContent(file, replace(bundle, problem=name_damaged_file(file, bundle.problem)))

    return (content("certificate"), content("key")) if entry.get("key") else (content("certificate"),)
