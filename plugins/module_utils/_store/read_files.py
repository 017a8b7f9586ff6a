# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read specified certificates and their private keys, which are hidden in all output. Private to softlayer.certificates."""

from __future__ import annotations

import typing as t
from collections.abc import Callable
from dataclasses import replace

from .._base.errors import CertificatesError, Obstacle
from .._base.files import read_file
from .._x509.bundle import Bundle, KeyRef, convert_error, read_parts, read_pkcs12_bundle
from .._x509.keys import list_key_texts
from .._x509.options import PARTS

Item = dict[str, t.Any]
"""The options of one certificate."""


def read_item(item: Item, hide: Callable[..., object]) -> Bundle:
    """Return the certificate, the private key, and the CSR of one item, from files or texts. The key is hidden in all output.

    Raises:
        CertificatesError: a file cannot be read.
    """
    parts = {part: _read_part(item, part) for part in PARTS}
    key_store = _read_part(item, "pkcs12")
    hide(*list_key_texts(parts["privatekey"] or b""))
    if key_store is None:
        needed = {part: parts[part] or b"" for part in ("certificate", "privatekey")}
        paths = {part: item.get(f"{part}_path") or "" for part in parts}
        bundle = read_parts({**parts, **needed}, item["privatekey_passphrase"], paths)
    else:
        bundle = read_pkcs12_bundle(key_store, item["pkcs12_passphrase"], item["pkcs12_path"])
        request = read_parts({"csr": parts["csr"]}, paths={"csr": item.get("csr_path") or ""})
        bundle = replace(bundle, request=request.request, problem=bundle.problem or request.problem)
    return _hide_key(bundle, hide)


def _read_part(item: Item, part: str) -> bytes | None:
    if item.get(f"{part}_content") is not None:
        return t.cast(str, item[f"{part}_content"]).encode("utf-8", "replace")
    return read_file(item[f"{part}_path"]) if item.get(f"{part}_path") is not None else None


def load_key(bundle: Bundle, passphrase: str | None, hide: Callable[..., object]) -> Bundle:
    """Return a certificate of a source with its private key, from memory or from its file. The key is hidden in all output.

    A PKCS#12 file must still contain the same certificate.
    """
    key = t.cast(KeyRef, bundle.key)
    if key.private_key is None:
        try:
            data = read_file(key.real_path)
        except CertificatesError as error:
            return replace(bundle, problem=convert_error(error))
        if key.is_pkcs12:
            there = read_pkcs12_bundle(data, passphrase, key.real_path)
            if there.problem is None and there.matching_certificates != bundle.certificates:
                there = replace(bundle, problem=Obstacle("key_mismatch", {"path": key.real_path, "has_changed": True}))
            bundle = there
        else:
            hide(*list_key_texts(data))
            there = read_parts({"privatekey": data}, passphrase, {"privatekey": key.real_path})
            bundle = replace(bundle, key=there.key, problem=there.problem)
    return _hide_key(bundle, hide)


def _hide_key(bundle: Bundle, hide: Callable[..., object]) -> Bundle:
    if bundle.key and bundle.key.private_key:
        hide(*list_key_texts(bundle.key.private_key.pem.encode()))
    return bundle
