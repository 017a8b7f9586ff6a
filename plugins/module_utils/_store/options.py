# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of one certificate, or of several certificates, in the store. Private to softlayer.certificates."""

from __future__ import annotations

import typing as t
from collections.abc import Collection, Mapping

from .._base.errors import CertificatesError
from .._base.options import Argument, ArgumentSpec
from .._x509.options import build_certificate_options

SOURCES = ("certificate_path", "certificate_content", "pkcs12_path")
"""Options of `ssl_certificate_import` that specify the certificate to store."""
IDENTITIES = ("certificate_id", "fingerprint_sha256", "common_name")
"""Options of `ssl_certificate_import` that specify the certificate to delete."""
SHARED_OPTIONS = ("privatekey_passphrase", "intermediate_path", "trusted_ca_path")
"""Options without a default that apply to all certificates of `orders` and `collected`."""


def build_certificates_options(single: ArgumentSpec) -> ArgumentSpec:
    """Return the option for several certificates, in addition to the options of a single certificate."""
    certificates: Argument = {
        "type": "list",
        "elements": "dict",
        "options": single.options,
        "mutually_exclusive": single.mutually_exclusive,
    }
    alone = [name for name, argument in single.options.items() if "default" not in argument]
    return ArgumentSpec({"certificates": certificates}, [("certificates", name) for name in alone])


def check_item_options(spec: ArgumentSpec, values: Mapping[str, t.Any], given: Collection[str]) -> None:
    """Reject options that belong in the items of `certificates`. Ansible checks only options without a default.

    Args:
        spec: the argument specification of the module.
        values: the values of its options.
        given: names of the options that the user set.

    Raises:
        CertificatesError: `invalid_argument`.
    """
    options = spec.options["certificates"]["options"]
    misplaced = sorted(name for name in given if "default" in options.get(name, {}))
    if values["certificates"] is not None and misplaced:
        raise CertificatesError(
            "invalid_argument",
            f"Cannot combine certificates with {', '.join(misplaced)}. Set {', '.join(misplaced)} in the items of certificates instead.",
        )


def build_import_options() -> ArgumentSpec:
    """Return the options of `ssl_certificate_import`, for one certificate or for several certificates."""
    own: dict[str, Argument] = {
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "notes": {"type": "str"},
        "order_id": {"type": "int"},
        "certificate_id": {"type": "int"},
        "fingerprint_sha256": {"type": "str"},
        "common_name": {"type": "str"},
        "remove_superseded": {"type": "bool", "default": False},
    }
    single = build_certificate_options() + ArgumentSpec(own)
    of_orders: dict[str, Argument] = {
        "orders": {"type": "list", "elements": "dict"},
        "collected": {"type": "list", "elements": "dict"},
        "certificate_dir": {"type": "path"},
        "privatekey_dir": {"type": "path", "no_log": False},
        "force": {"type": "bool", "default": False},
    }
    alone = [
        name for name, argument in single.options.items() if "default" not in argument and name not in SHARED_OPTIONS
    ]
    top_level = [name for name, argument in of_orders.items() if "default" not in argument]
    return (
        single
        + build_certificates_options(single)
        + ArgumentSpec(
            options=of_orders,
            mutually_exclusive=[
                *(("certificates", name) for name in top_level),
                *((several, name) for several in ("orders", "collected") for name in alone),
                ("collected", "certificate_dir"),
            ],
            required_one_of=[("certificates", "orders", "collected", *SOURCES, *IDENTITIES)],
        )
    )
