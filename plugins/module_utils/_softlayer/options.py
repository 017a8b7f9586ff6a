# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of the API, and the options that select SSL orders. Private to softlayer.certificates."""

from __future__ import annotations

from .._base.options import ArgumentSpec, read_environment

STATUS_CHOICES = ("pending", "approved", "complete", "canceled", "unknown")
"""Statuses of an order in results."""
TRANSPORTS = ("xmlrpc", "rest")
"""The transports of the API: the parts of the endpoint path that select a transport."""
MAX_RETRIES = 100
"""Maximum number of retries, which last more than an hour including the pauses."""


def build_api_options() -> ArgumentSpec:
    """Return the options of all modules that call the SoftLayer API.

    `api_key` and `iam_token` have no fallback, because Ansible would reject an option of one and an environment variable of the other:
    `settings` reads their environment variables.
    """
    return ArgumentSpec(
        options={
            "username": {"type": "str", "fallback": (read_environment, ["SL_USERNAME"])},
            "api_key": {"type": "str", "no_log": True},
            "iam_token": {"type": "str", "no_log": True},
            "endpoint_url": {"type": "str", "fallback": (read_environment, ["SL_ENDPOINT_URL"])},
            "transport": {
                "type": "str",
                "choices": list(TRANSPORTS),
                "fallback": (read_environment, ["SOFTLAYER_CERTIFICATES_TRANSPORT"]),
            },
            "config_file": {"type": "path"},
            "timeout": {"type": "float", "default": 60},
            "proxy": {"type": "str"},
            "validate_certs": {"type": "bool", "default": True},
            "ca_path": {"type": "path", "fallback": (read_environment, ["SOFTLAYER_CERTIFICATES_CA_PATH"])},
            "retries": {"type": "int", "default": 5, "range": (0, MAX_RETRIES)},
        },
        mutually_exclusive=[("api_key", "iam_token")],
    )


def build_selection_options() -> ArgumentSpec:
    """Return the options for the selection and the content of a list of SSL orders."""
    return ArgumentSpec(
        options={
            "order_ids": {"type": "list", "elements": "int", "limits": True},
            "common_names": {"type": "list", "elements": "str", "limits": True},
            "statuses": {"type": "list", "elements": "str", "choices": list(STATUS_CHOICES), "limits": True},
            "approver_emails": {"type": "list", "elements": "str", "limits": True},
            "expires_within_days": {"type": "int", "limits": True},
            "exclude_expired": {"type": "bool", "default": False},
            "imported": {"type": "bool", "limits": True},
            "gather_imported": {"type": "bool", "default": False},
            "account_id": {"type": "int", "limits": True},
        },
    )


def select_option() -> ArgumentSpec:
    """Return the option `select`, for modules that process SSL orders."""
    return ArgumentSpec(
        {"select": {"type": "dict", "options": dict(build_selection_options().options), "limits": True}}
    )
