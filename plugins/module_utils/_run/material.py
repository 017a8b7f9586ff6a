# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What modules do that keep certificates somewhere: read what is given, and tell what failed. Private to softlayer.certificates."""

from __future__ import annotations

import typing as t
from collections.abc import Sequence

from .._codes import Code
from .._errors import CertificatesError
from .._files import read_file
from .._module import Module
from .._plan.material import Material
from .._text import some_of
from .._x509.chain import Anchors
from .roots import roots_if_any, trusted_roots

Item = dict[str, t.Any]
"""The options of one certificate."""


class FailedAction(t.Protocol):
    """One certificate that failed."""

    @property
    def name(self) -> str | None:
        """Its name in messages."""

    @property
    def reason(self) -> str | None:
        """Why."""

    @property
    def message(self) -> str:
        """Why, as a sentence."""


def anchors_for(item: Item, module: Module) -> Anchors | None:
    """Return the trusted certificates, or `None` if trust is not to be checked.

    Also `None` if only a warning depends on it and this machine has no roots.
    """
    if item["trust"] == "ignore":
        return None
    if item["trust"] == "require":
        return trusted_roots(item["trusted_ca_path"])
    return roots_if_any(item["trusted_ca_path"], module.warn)


def read_material(item: Item) -> Material:
    """Return the content given for one certificate, with its files read; a module may have no CSR and notes among its options."""

    def given(name: str) -> bytes | None:
        if item.get(f"{name}_content") is not None:
            return t.cast(str, item[f"{name}_content"]).encode("utf-8", "replace")
        return read_file(item[f"{name}_path"]) if item.get(f"{name}_path") is not None else None

    return Material(
        certificate=given("certificate"),
        private_key=given("privatekey"),
        privatekey_passphrase=item["privatekey_passphrase"],
        intermediate=given("intermediate"),
        request=given("csr"),
        key_store=read_file(item["pkcs12_path"]) if item["pkcs12_path"] is not None else None,
        key_store_passphrase=item["pkcs12_passphrase"],
        notes=item.get("notes"),
        paths={
            part: item[f"{part}_path"]
            for part in ("certificate", "privatekey", "intermediate", "csr", "pkcs12")
            if item.get(f"{part}_path") is not None
        },
    )


def as_failure(failures: Sequence[tuple[int, FailedAction]], count: int, *, stopped: bool) -> dict[str, t.Any]:
    """Return `failure` for the certificates that failed."""
    _position, first = failures[0]
    if count == 1:
        code = "interrupted" if stopped else t.cast(Code, first.reason)
        return CertificatesError(code, first.message).as_failure()
    said = [
        f"item {position} ({step.name or 'unknown name'}): {step.reason}: {step.message}" for position, step in failures
    ]
    return CertificatesError(
        "interrupted" if stopped else "certificates_failed",
        f"{'The run was told to stop. ' if stopped else ''}{len(failures)} of {count} certificates failed: "
        f"{some_of(said, 5, '; ', '; ')}",
        items=[{"item": position, "reason": step.reason, "message": step.message} for position, step in failures],
    ).as_failure()
