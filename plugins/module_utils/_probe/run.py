# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run the module `ssl_endpoint_info`. Private to softlayer.certificates."""

from __future__ import annotations

import typing as t
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from ansible.module_utils.common.validation import check_type_dict

from .._base.codes import EndpointReason
from .._base.errors import CertificatesError
from .._base.files import find_state_folder
from .._base.libraries import API_LIBRARIES, CERTIFICATE_LIBRARIES, DOWNLOAD_LIBRARIES
from .._base.module import Module
from .._base.names import choose_server_name
from .._base.options import ArgumentSpec, build_concurrency_options
from .._base.times import now
from .._http.network import MAX_TIMEOUT, Network, read_network_settings
from .._replacement.index import StoreIndex
from .._replacement.messages import describe_obstacle
from .._replacement.roots import find_roots
from .._replacement.trust import TrustView
from .._softlayer.client import Client
from .._softlayer.load_balancers import fetch_balancers
from .._softlayer.options import build_api_options
from .._softlayer.settings import resolve_settings
from .._softlayer.store import StoreCertificate, fetch_visible
from .._x509.certificate import Certificate
from .._x509.chain import Anchors
from .._x509.crl import NOT_ASKED, Revocation, combine_known_results
from .._x509.options import build_certificate_options
from . import messages
from .endpoint import Demand, Endpoint, ExpectedCertificate, ProbeResult, has_expected_record, is_host, read_endpoint
from .handshake import DEFAULT_CONCURRENCY, probe_all
from .result import EndpointEntries
from .revocation import SPEC as REVOCATION_SPEC
from .revocation import RevocationClient, open_cache, read_named_anchors

SPEC = (
    build_api_options()
    + build_certificate_options().select("trusted_ca_path")
    + build_concurrency_options(DEFAULT_CONCURRENCY)
    + REVOCATION_SPEC
    + ArgumentSpec(
        options={
            "endpoints": {"type": "list", "elements": "raw"},
            "from_load_balancers": {"type": "bool", "default": False},
            "gather_stored": {"type": "bool", "default": False},
            "timeout": {"type": "float", "default": 10},
        },
    )
)
API_TIMEOUT = build_api_options().options["timeout"]["default"]
"""Minimum timeout of API calls in seconds; the option `timeout` may be too short, because it applies to probes."""
REASONS: tuple[EndpointReason, ...] = t.get_args(EndpointReason)


@dataclass(frozen=True)
class Item:
    """An endpoint to probe, and additional facts for its result. If the endpoint has no host, `obstacle` is the reason."""

    endpoint: Endpoint
    facts: Mapping[str, t.Any] = field(default_factory=dict)
    obstacle: str | None = None


def list_libraries(params: t.Mapping[str, t.Any]) -> tuple[str, ...]:
    """Return the names of the Python libraries that the options require."""
    for_lists = DOWNLOAD_LIBRARIES if params["check_revocation"] != "off" else ()
    return tuple(dict.fromkeys((*(API_LIBRARIES if is_api_needed(params) else ()), *for_lists, *CERTIFICATE_LIBRARIES)))


def is_api_needed(params: t.Mapping[str, t.Any]) -> bool:
    """Return whether a run reads the load balancers or the certificate store."""
    expects_record = any(has_expected_record(parse_item(item)) for item in params["endpoints"] or ())
    return bool(params["from_load_balancers"] or params["gather_stored"] or expects_record)


def run(module: Module) -> dict[str, t.Any]:
    """Return the module's result."""
    params = module.params
    check_params(params)
    items = [Item(endpoint) for endpoint in read_endpoints(params["endpoints"])]
    anchors = find_roots(params["trusted_ca_path"], module.warn)
    client, listing = None, None
    if is_api_needed(params):
        client = connect_client(module)
        listing = fetch_visible(client)
        items += list_listeners(client, listing.records) if params["from_load_balancers"] else []
    if listing is not None and listing.is_limited:
        warn_of_limits(module)
    store, view = StoreIndex(listing.records if listing else ()), TrustView(lambda: anchors or Anchors(), now())
    index = store if params["gather_stored"] else None
    demands = [
        Demand.resolve(item.endpoint.expected, store, view) if item.endpoint.expected else None for item in items
    ]
    for number, demand in enumerate(demands):
        if demand and demand.why_unknown and not (listing and listing.is_limited):
            raise CertificatesError(
                "not_found", f"endpoints[{number}].expected: {describe_obstacle(demand.why_unknown)}"
            )
    to_probe = [item.endpoint for item in items if not item.obstacle]
    tls_client = anchors.client if anchors else None
    results = probe_all(to_probe, params["timeout"], params["concurrency"], client=tls_client)
    make = EndpointEntries(anchors, view.at)
    revocations = find_revocations(module, client, make, results) if anchors else {}
    left = iter(results)
    entries = []
    for item, demand in zip(items, demands, strict=True):
        unseen = ProbeResult(item.endpoint, reason="unreachable", message=item.obstacle)
        result = unseen if item.obstacle else next(left)
        ids = [record.id for record in index.find_copies(result.chain[0])] if index and result.chain else None
        name = item.endpoint.server_name or item.endpoint.host
        known = demand if demand and not demand.why_unknown else None
        revocation = revocations.get(result.chain)
        additional = {"revocation": revocation.as_result() if revocation else None, "certificate_ids": ids}
        entries.append({**make.build_entry(result, name, known), **additional, **item.facts})
    met = Counter(entry["reason"] for entry in entries)
    return {
        "changed": False,
        "endpoints": entries,
        "endpoint_count": len(entries),
        "reason_counts": {reason: met[reason] for reason in REASONS},
        "api_calls": client.api_calls if client else 0,
    }


def find_revocations(
    module: Module, client: Client | None, entries: EndpointEntries, results: Sequence[ProbeResult]
) -> Mapping[tuple[Certificate, ...], Revocation]:
    """Return the revocation status of the served certificates, by chain; empty if `check_revocation` is off."""
    params = module.params
    if params["check_revocation"] == "off":
        return {}
    chains = {result.chain: chain for result in results if (chain := entries.check_chain(result))}

    def get_network() -> Network:
        return client.settings if client else read_network_settings(params, module.given, {})

    named = read_named_anchors(params["trusted_ca_path"])
    cache = open_cache(find_state_folder(), is_check_mode=module.check_mode)
    authorities = RevocationClient(get_network, cache, params["timeout"], named)
    known = authorities.query(
        ((sent[0], chain) for sent, chain in chains.items()), lambda: entries.anchors or Anchors(), {}
    )
    for warning in authorities.warnings:
        module.warn(warning)
    not_queried = Revocation("unknown", why=NOT_ASKED)
    return {sent: combine_known_results(sent[0], chain, known) or not_queried for sent, chain in chains.items()}


def check_params(params: Mapping[str, t.Any]) -> None:
    """Reject missing endpoints and an invalid timeout."""
    if params["endpoints"] is None and not params["from_load_balancers"]:
        raise CertificatesError(
            "invalid_argument", "The endpoints to probe are missing. Set endpoints, or from_load_balancers: true."
        )
    if not 0 < params["timeout"] < MAX_TIMEOUT:
        raise CertificatesError(
            "invalid_argument", f"timeout must be greater than 0 and less than {MAX_TIMEOUT} seconds."
        )


def read_endpoints(given: Sequence[object] | None) -> list[Endpoint]:
    """Return the parsed endpoints of the option `endpoints`.

    Raises:
        CertificatesError: `invalid_argument`.
    """
    return [read_endpoint(parse_item(item), f"endpoints[{number}]") for number, item in enumerate(given or ())]


def add_expected_certificates(endpoints: Sequence[Endpoint]) -> list[Endpoint]:
    """Return the endpoints with expected certificates; by default, a certificate for the requested name.

    Raises:
        CertificatesError: `invalid_argument` for a repeated endpoint.
    """
    first: dict[tuple[object, ...], int] = {}
    for number, endpoint in enumerate(endpoints):
        place = (endpoint.network_host, endpoint.port, endpoint.checked_name)
        before = first.setdefault(place, number)
        if before != number:
            why = f"endpoints[{number}] repeats endpoints[{before}] ({endpoint.address_text}). Remove one of the two entries."
            raise CertificatesError("invalid_argument", why)
    return [
        endpoint if endpoint.expected else replace(endpoint, expected=ExpectedCertificate((endpoint.checked_name,)))
        for endpoint in endpoints
    ]


def parse_item(item: object) -> object:
    """Return an item of `endpoints`, as a dict if the item is text with the JSON or `key=value` form of a dict."""
    if isinstance(item, str) and (item.strip().startswith("{") or "=" in item.partition("/")[0]):
        try:
            return check_type_dict(item)
        except (TypeError, ValueError, SyntaxError):
            return item
    return item


def connect_client(module: Module) -> Client:
    """Return an API client with a timeout of at least `API_TIMEOUT`."""
    params = {**module.params, "timeout": max(module.params["timeout"], API_TIMEOUT)}
    settings = resolve_settings(params, module.given - {"timeout"})
    module.hide(*settings.secrets)
    return Client(settings, warn=module.warn)


def warn_of_limits(module: Module) -> None:
    """Warn about the facts that are unavailable to a user with view permission only."""
    given = module.params["endpoints"] or ()
    unmet = {
        "the module knows only the common names of certificates": "from_load_balancers",
        "certificate_ids is empty": "gather_stored",
        "the module cannot verify endpoints with certificate_id": "endpoints",
    }
    what = " and ".join(
        text
        for text, option in unmet.items()
        if (
            any(has_expected_record(parse_item(item)) for item in given)
            if option == "endpoints"
            else module.params[option]
        )
    )
    module.warn(f"The API user lacks the permission SECURITY_CERTIFICATE_MANAGE: {what}. Grant the permission.")


def list_listeners(client: Client, records: Sequence[StoreCertificate]) -> list[Item]:
    """Return the HTTPS listeners of the account, sorted by load balancer ID and port."""
    stored = {record.id: record for record in records}
    items = []
    for balancer in fetch_balancers(client):
        host, why_unseen = balancer.address or "", None
        if not host:
            why_unseen = messages.explain_missing_address(balancer.name, balancer.provisioning_status)
        for listener in sorted(filter(lambda x: x.is_https, balancer.listeners), key=lambda x: x.port):
            record = stored.get(listener.certificate_id or 0)
            of_api = choose_server_name(filter(None, [record.common_name])) if record else None
            name = record.certificate.server_name if record and record.certificate else of_api
            name = name if name and is_host(name) else None  # by which clients would ask for it
            about = {
                "load_balancer": balancer.name,
                "load_balancer_uuid": balancer.uuid,
                "listener_uuid": listener.uuid,
            }
            items.append(Item(Endpoint(host, listener.port, name or host or None), about, why_unseen))
    return items
