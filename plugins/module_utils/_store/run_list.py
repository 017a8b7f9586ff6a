# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run the module `ssl_certificate_info`. Private to softlayer.certificates."""

from __future__ import annotations

import typing as t
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import fields

from .._base.errors import CertificatesError
from .._base.libraries import API_LIBRARIES, CERTIFICATE_LIBRARIES
from .._base.module import Module
from .._base.options import ArgumentSpec
from .._replacement.index import StoreIndex
from .._replacement.roots import create_trust_view
from .._softlayer.client import Client, connect
from .._softlayer.faults import PERMISSION_CODES
from .._softlayer.load_balancers import LISTING_ERROR, Balancer, fetch_balancers
from .._softlayer.options import build_api_options, build_selection_options
from .._softlayer.store import MISSING_ENTRY_FIELDS, PEM_FIELDS, StoreSelection, fetch_visible
from .._softlayer.values import check_ids

SPEC = (
    build_api_options()
    + build_selection_options().select("common_names", "expires_within_days")
    + ArgumentSpec(
        options={
            "certificate_ids": {"type": "list", "elements": "int", "limits": True},
            "status": {"type": "str", "choices": ["all", "valid", "expired"], "default": "all"},
            "renewal_due": {"type": "bool", "limits": True},
            "unused": {"type": "bool", "limits": True},
            "include_pem": {"type": "bool", "default": False},
            "gather_services": {"type": "bool", "default": False},
        },
    )
)
LIBRARIES = (*API_LIBRARIES, *CERTIFICATE_LIBRARIES)
SERVICES = "services"

Services = Mapping[int, list[dict[str, t.Any]]]
"""Listeners by the ID of their certificate."""


def run(module: Module) -> dict[str, t.Any]:
    """List the selected certificates and return the result of the module."""
    params = module.params
    selection = StoreSelection(**{field.name: params[field.name] for field in fields(StoreSelection)})
    check_ids("certificate_ids", selection.certificate_ids or ())
    if (selection.expires_within_days or 0) < 0:
        raise CertificatesError("invalid_argument", "expires_within_days must not be negative.")
    client = connect(module)
    listing = fetch_visible(client)
    services = fetch_services(module, client) if params["gather_services"] else None
    index, view = StoreIndex(listing.records), create_trust_view(None)
    at = view.at
    missing = [*MISSING_ENTRY_FIELDS, *(PEM_FIELDS if params["include_pem"] else ())] if listing.is_limited else []
    if listing.is_limited:
        module.warn(describe_limitation(missing, selection))
    if params["gather_services"] and services is None:
        missing.append(SERVICES)
    certificates = [
        {
            **record.as_result(at),
            "superseded_by": [newer.id for newer in index.find_successors(record, view)]
            if record.certificate
            else None,
            **(record.pems() if params["include_pem"] else {}),
            **({SERVICES: services.get(record.stored_id, [])} if services is not None else {}),
            **dict.fromkeys(missing),
        }
        for record in listing.records
        if selection.matches(record, at)
    ]
    return {
        "changed": False,
        "certificates": certificates,
        "certificate_count": len(certificates),
        "missing_certificate_ids": sorted(
            set(selection.certificate_ids or ()) - {record.id for record in listing.records}
        ),
        "limited_to_view": listing.is_limited,
        "missing_fields": missing,
        "api_calls": client.api_calls,
    }


def fetch_services(module: Module, client: Client) -> Services | None:
    """Return the listeners of each certificate; `None`, with a warning, if the API user cannot list the load balancers.

    Raises:
        CertificatesError: as `fetch_balancers`, for any other failure.
    """
    try:
        return group_services(fetch_balancers(client))
    except CertificatesError as error:
        if error.code not in PERMISSION_CODES | {"retired"}:
            raise
        why = error.message if error.code == "retired" else LISTING_ERROR
    module.warn(f"Cannot list the listeners that serve the certificates, so {SERVICES} is null. {why}")
    return None


def group_services(balancers: Iterable[Balancer]) -> Services:
    """Return the HTTPS listeners of each certificate, sorted by load balancer and port.

    Other listeners do not serve a certificate, even if the API returns a certificate ID.
    """
    by_certificate: dict[int, list[dict[str, t.Any]]] = defaultdict(list)
    for balancer in balancers:
        for listener in balancer.listeners:
            if listener.is_https and listener.certificate_id is not None:
                by_certificate[listener.certificate_id].append(
                    {
                        "load_balancer": balancer.name,
                        "load_balancer_uuid": balancer.uuid,
                        "address": balancer.address,
                        "port": listener.port,
                        "listener_uuid": listener.uuid,
                    }
                )
    return {
        identifier: sorted(
            services, key=lambda service: (service["load_balancer"], service["port"], service["listener_uuid"])
        )
        for identifier, services in by_certificate.items()
    }


def describe_limitation(missing: list[str], selection: StoreSelection) -> str:
    """Return the warning about facts that are missing for a user with view permission only."""
    unmet = {"status=expired": selection.status == "expired", "unused": selection.unused is not None}
    options = " and ".join(option for option, is_set in unmet.items() if is_set)
    by_name = "The module compares common_names with the common names only, and a certificate may have no common name. "
    return (
        "The API user lacks the permission SECURITY_CERTIFICATE_MANAGE: expired certificates are not listed, and these fields are null: "
        f"{', '.join(missing)}. "
        + (f"No certificate can match {options} without the permission. " if options else "")
        + (by_name if selection.common_names is not None else "")
        + "To list all certificates and fields, grant the permission."
    )
