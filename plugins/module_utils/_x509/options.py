# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options for a certificate, its private key, its chain, and its trusted root certificates. Private to softlayer.certificates. Pure."""

from __future__ import annotations

from .._base.options import ArgumentSpec

PARTS = ("certificate", "privatekey", "intermediate", "csr")
"""The kinds of content that options specify."""


def build_certificate_options() -> ArgumentSpec:
    """Return the options of modules that read a certificate from files or variables."""
    return ArgumentSpec(
        options={
            "certificate_path": {"type": "path"},
            "certificate_content": {"type": "str"},
            "privatekey_path": {"type": "path"},
            "privatekey_content": {"type": "str", "no_log": True},
            "privatekey_passphrase": {"type": "str", "no_log": True},
            "intermediate_path": {"type": "path"},
            "intermediate_content": {"type": "str"},
            "csr_path": {"type": "path"},
            "csr_content": {"type": "str"},
            "pkcs12_path": {"type": "path"},
            "pkcs12_passphrase": {"type": "str", "no_log": True},
            "allow_expired": {"type": "bool", "default": False},
            "verify_chain": {"type": "bool", "default": True},
            "trust": {"type": "str", "choices": ["require", "warn", "ignore"], "default": "warn"},
            "trusted_ca_path": {"type": "path"},
        },
        mutually_exclusive=[
            *((f"{part}_path", f"{part}_content") for part in PARTS),
            *(("pkcs12_path", f"{part}_{form}") for part in PARTS for form in ("path", "content")),
        ],
    )
