# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read certificates and private keys from IBM Cloud Secrets Manager. Private to softlayer.certificates."""

from __future__ import annotations

import fnmatch
import threading
import typing as t
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass

from .._base.errors import CertificatesError
from .._base.module import Module
from .._base.text import join_first
from .._x509.bundle import Bundle
from .._x509.keys import list_key_texts
from .client import SecretsManager
from .secret import Secret
from .settings import SECRET_TYPES, resolve_instance

SECRET_ERROR_CODES = frozenset({"no_permission", "not_found", "api_error", "no_answer"})
"""Codes of errors that affect only one secret."""


@dataclass(frozen=True)
class InstanceListing:
    """The certificates of an instance, and the session for reading their values."""

    manager: SecretsManager
    secrets: Sequence[Secret]


def begin_listing(module: Module, source: Mapping[str, t.Any], stop: threading.Event) -> Future[InstanceListing]:
    """Start to list an instance in the background, and return the future listing.

    Args:
        module: the options; receives the keys to hide.
        source: the options of the source.
        stop: ends the calls when set.
    """
    listing: Future[InstanceListing] = Future()
    try:
        instance = resolve_instance(module.params, module.given, source, "api_key")
    except CertificatesError as error:
        listing.set_exception(error)
        return listing
    module.hide(instance.api_key, instance.iam_token)
    manager = SecretsManager(instance, module.params["concurrency"], stop, module.warn, module.hide)

    def fill_listing() -> None:
        try:
            listing.set_result(InstanceListing(manager, _list_selected(manager, source)))
        except Exception as error:
            listing.set_exception(error)

    threading.Thread(target=fill_listing, daemon=True).start()
    return listing


def read_bundle(module: Module, manager: SecretsManager, identifier: str) -> Bundle:
    """Return a certificate with its private key, which is hidden in all output. If a renewal interferes, read once more.

    Raises:
        CertificatesError: as `SecretsManager.read`.
    """
    for _attempt in range(2):
        value = manager.read(identifier)
        module.hide(*list_key_texts((value.private_key or "").encode()))
        if value.is_consistent:
            break
    return value.bundle


def _list_selected(manager: SecretsManager, source: Mapping[str, t.Any]) -> list[Secret]:
    """Return the metadata of the certificates that a source selects.

    Raises:
        CertificatesError: as `SecretsManager.list_secrets`; `not_found` if a selection option matches nothing.
    """
    groups = manager.find_group_ids(source["secret_groups"]) if source["secret_groups"] is not None else ()
    secrets = manager.list_secrets(source["types"] or SECRET_TYPES, source["labels"] or (), groups)
    if source["labels"] and not secrets:
        raise CertificatesError(
            "not_found",
            f"No certificate in Secrets Manager has all of the labels {', '.join(source['labels'])}. Check labels.",
        )
    unmatched = [name for name in source["names"] or () if not any(_is_named(secret, [name]) for secret in secrets)]
    if unmatched:
        there = join_first(sorted({secret.name for secret in secrets})) or "none"
        raise CertificatesError(
            "not_found",
            f"No certificate in Secrets Manager matches {', '.join(unmatched)}. Existing certificates: {there}. Check names.",
        )
    return [secret for secret in secrets if _is_named(secret, source["names"])]


def _is_named(secret: Secret, patterns: Sequence[str] | None) -> bool:
    """Return whether the name of a secret matches a shell pattern, ignoring case; always true for `None`."""
    name = secret.name.casefold()
    return patterns is None or any(fnmatch.fnmatchcase(name, pattern.casefold()) for pattern in patterns)
