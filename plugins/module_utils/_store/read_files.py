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
from .._x509.bundle import Bundle, KeyRef, bundle_of_key_store, bundle_of_parts, unreadable
from .._x509.keys import key_texts
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
    hide(*key_texts(parts["privatekey"] or b""))
    if key_store is None:
        needed = {part: parts[part] or b"" for part in ("certificate", "privatekey")}
        paths = {part: item.get(f"{part}_path") or "" for part in parts}
        bundle = bundle_of_parts({**parts, **needed}, item["privatekey_passphrase"], paths)
    else:
        bundle = bundle_of_key_store(key_store, item["pkcs12_passphrase"], item["pkcs12_path"])
        request = bundle_of_parts({"csr": parts["csr"]}, paths={"csr": item.get("csr_path") or ""})
        bundle = replace(bundle, request=request.request, trouble=bundle.trouble or request.trouble)
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
    if key.held is None:
        try:
            data = read_file(key.real_path)
        except CertificatesError as error:
            return replace(bundle, trouble=unreadable(error))
        if key.is_pkcs12:
            there = bundle_of_key_store(data, passphrase, key.real_path)
            if there.trouble is None and there.fitting != bundle.certificates:
                there = replace(bundle, trouble=Obstacle("key_mismatch", {"path": key.real_path, "has_changed": True}))
            bundle = there
        else:
            hide(*key_texts(data))
            there = bundle_of_parts({"privatekey": data}, passphrase, {"privatekey": key.real_path})
            bundle = replace(bundle, key=there.key, trouble=there.trouble)
    return _hide_key(bundle, hide)


def _hide_key(bundle: Bundle, hide: Callable[..., object]) -> Bundle:
    if bundle.key and bundle.key.held:
        hide(*key_texts(bundle.key.held.pem.encode()))
    return bundle
