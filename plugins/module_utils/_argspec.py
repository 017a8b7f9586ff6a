# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Argument specifications that compose. Private to softlayer.certificates.

Their options are documented in C(plugins/doc_fragments/) where modules share them, else with the module.
"""

from __future__ import annotations

import typing as t
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ansible.module_utils.basic import env_fallback

OneArgument = dict[str, t.Any]

SOURCES = ("certificate_path", "certificate_content", "pkcs12_path")
"""Options of C(ssl_certificate_import) that say which certificate to store."""
IDENTITIES = ("certificate_id", "fingerprint_sha256", "common_name")
"""Options of C(ssl_certificate_import) that say which certificate to delete."""
STATUS_CHOICES = ("pending", "approved", "complete", "canceled", "unknown")
"""The collection's words for the status of an order."""


@dataclass(frozen=True)
class ArgumentSpec:
    """A module's options together with the constraints between them."""

    options: Mapping[str, OneArgument] = field(default_factory=dict)
    mutually_exclusive: Sequence[Sequence[str]] = ()
    required_one_of: Sequence[Sequence[str]] = ()

    def __add__(self, other: ArgumentSpec) -> ArgumentSpec:
        """Return the options and constraints of both."""
        return ArgumentSpec(
            options={**self.options, **other.options},
            mutually_exclusive=[*self.mutually_exclusive, *other.mutually_exclusive],
            required_one_of=[*self.required_one_of, *other.required_one_of],
        )

    def without_blanks(self, values: Mapping[str, t.Any]) -> dict[str, t.Any]:
        """Return values less the empty ones that the environment may fill in, as where a survey was left blank."""
        blanks = {name for name, argument in self.options.items() if "fallback" in argument and values.get(name) == ""}
        return {name: value for name, value in values.items() if name not in blanks}

    def as_keywords(self) -> dict[str, t.Any]:
        """Return what C(AnsibleModule) takes."""
        return {
            "argument_spec": dict(self.options),
            "mutually_exclusive": list(self.mutually_exclusive),
            "required_one_of": list(self.required_one_of),
        }


def api_options() -> ArgumentSpec:
    """Return the options of every module that calls the SoftLayer API."""
    return ArgumentSpec(
        options={
            "username": {"type": "str", "fallback": (env_fallback, ["SL_USERNAME"])},
            "api_key": {"type": "str", "no_log": True, "fallback": (env_fallback, ["SL_API_KEY"])},
            "endpoint_url": {"type": "str", "fallback": (env_fallback, ["SL_ENDPOINT_URL"])},
            "config_file": {"type": "path"},
            "timeout": {"type": "float", "default": 60},
            "proxy": {"type": "str"},
            "validate_certs": {"type": "bool", "default": True},
            "ca_path": {"type": "path"},
            "retries": {"type": "int", "default": 5},
        },
    )


def selection_options() -> ArgumentSpec:
    """Return the options that say which SSL orders to list, and what to tell of them."""
    return ArgumentSpec(
        options={
            "order_ids": {"type": "list", "elements": "int"},
            "common_names": {"type": "list", "elements": "str"},
            "statuses": {"type": "list", "elements": "str", "choices": list(STATUS_CHOICES)},
            "approver_emails": {"type": "list", "elements": "str"},
            "expires_within_days": {"type": "int"},
            "exclude_expired": {"type": "bool", "default": False},
            "imported": {"type": "bool"},
            "gather_imported": {"type": "bool", "default": False},
            "account_id": {"type": "int"},
        },
    )


def import_options() -> ArgumentSpec:
    """Return the options of C(ssl_certificate_import): one certificate at top level, or several in C(certificates)."""
    one = _one_certificate()
    several: OneArgument = {
        "type": "list",
        "elements": "dict",
        "options": one.options,
        "mutually_exclusive": one.mutually_exclusive,
    }
    own = [name for name, argument in one.options.items() if "default" not in argument]
    return ArgumentSpec(
        options={**one.options, "certificates": several},
        mutually_exclusive=[*one.mutually_exclusive, *(("certificates", name) for name in own)],
        required_one_of=[("certificates", *SOURCES, *IDENTITIES)],
    )


def _one_certificate() -> ArgumentSpec:
    """Return the options of one certificate."""
    parts = ("certificate", "privatekey", "intermediate", "csr")
    return ArgumentSpec(
        options={
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
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
            "notes": {"type": "str"},
            "order_id": {"type": "int"},
            "certificate_id": {"type": "int"},
            "fingerprint_sha256": {"type": "str"},
            "common_name": {"type": "str"},
            "allow_expired": {"type": "bool", "default": False},
            "verify_chain": {"type": "bool", "default": True},
            "remove_superseded": {"type": "bool", "default": False},
        },
        mutually_exclusive=[
            *((f"{part}_path", f"{part}_content") for part in parts),
            *(("pkcs12_path", f"{part}_{form}") for part in parts for form in ("path", "content")),
        ],
    )
