# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run `ssl_certificate_deploy`. Private to softlayer.certificates."""

from __future__ import annotations

import math
import typing as t
from collections.abc import Iterable, Sequence

from .._base.action import build_items_failure
from .._base.errors import CertificatesError
from .._base.libraries import API_LIBRARIES, CERTIFICATE_LIBRARIES
from .._base.module import Module
from .._base.names import MAX_PORT
from .._base.options import ArgumentSpec, build_concurrency_options
from .._base.text import join_first
from .._base.times import now
from .._ledger.place import build_ledger_options, check_ledger_url, find_ledger_directory
from .._probe.revocation import SPEC as REVOCATION_SPEC
from .._probe.revocation import RevocationClient, create_revocation_client, get_sent_certificates
from .._replacement.can_replace import Overrides
from .._replacement.roots import create_trust_view, find_roots
from .._replacement.trust import TrustView
from .._softlayer.client import Client, connect
from .._softlayer.load_balancers import fetch_balancers
from .._softlayer.options import build_api_options, build_selection_options
from .._softlayer.store import fetch_stored, warn_of_unreadable
from .._softlayer.values import check_ids
from . import messages_deploy
from .plan_deploy import (
    ListenerAction,
    ListenerOptions,
    ListenerPlan,
    ListenerSelection,
    find_contenders,
    find_named_contenders,
    plan_named,
    plan_renewals,
    why_too_many,
    why_unmatched,
)
from .switch import MAX_WAIT, WaitOptions, check_ledger, switch_all
from .watch import ListenerProbe
from .world import World

SELECTION_OPTIONS = ("common_names", "load_balancers", "ports")
"""Options that select listeners in the renewal mode."""
OVERRIDE_OPTIONS = (
    *("allow_name_loss", "allow_key_type_change", "allow_organization_change"),
    *("allow_expired", "allow_untrusted"),
)
"""Options that accept differences of a specified certificate."""
LISTENERS_SPEC: dict[str, t.Any] = {
    "type": "list",
    "elements": "dict",
    "options": {
        "load_balancer": {"type": "str", "required": True},
        "port": {"type": "int", "required": True},
        "previous_certificate_id": {"type": "int", "limits": True},
    },
    "limits": True,
}
SPEC = (
    build_api_options()
    + build_ledger_options()
    + build_concurrency_options(4)
    + build_selection_options().select("common_names")
    + REVOCATION_SPEC
    + ArgumentSpec(
        options={
            "certificate_id": {"type": "int"},
            "listeners": LISTENERS_SPEC,
            "deployments": {
                "type": "list",
                "elements": "dict",
                "options": {"certificate_id": {"type": "int"}, "listeners": {**LISTENERS_SPEC, "required": True}},
                "required_together": [["certificate_id", "listeners"]],  # so it must be there, but may be null
                "limits": True,
            },
            "load_balancers": {"type": "list", "elements": "str", "limits": True},
            "ports": {"type": "list", "elements": "int", "limits": True},
            **{name: {"type": "bool", "default": False} for name in OVERRIDE_OPTIONS},
            "max_listeners": {"type": "int", "default": 20, "range": (0, math.inf), "limits": True},
            "wait": {"type": "bool", "default": True},
            "wait_timeout": {"type": "float", "default": 900, "range": (0, MAX_WAIT)},
            "wait_interval": {"type": "float", "default": 10, "range": (0.1, MAX_WAIT)},
            "verify": {"type": "bool", "default": True},
            "verify_timeout": {"type": "float", "default": 120, "range": (0, MAX_WAIT)},
            "trusted_ca_path": {"type": "path"},
            "rollback": {"type": "bool", "default": True},
            "exclusive": {"type": "bool", "default": False},
        },
    )
)
LIBRARIES = (*API_LIBRARIES, *CERTIFICATE_LIBRARIES)


def run(module: Module) -> dict[str, t.Any]:
    """Deploy the certificates, and return the module's result."""
    params = module.params
    check_params(module)
    wanted = read_listeners(params)
    if params["exclusive"]:
        check_ledger(module)
    client = connect(module, params["concurrency"], module.stop_on_signals())
    authorities = create_revocation_client(module, client, find_ledger_directory(params["ledger_url"]))
    watch = None
    if params["verify"]:  # without root certificates, trust is not verified
        watch = ListenerProbe(params["verify_timeout"], find_roots(params["trusted_ca_path"], module.warn), client.stop)
    first = planned = create_plan(module, client, wanted, create_trust_view(params["trusted_ca_path"]), authorities)
    if module.check_mode:
        if params["exclusive"] and planned.changes:
            check_ledger_url(params["ledger_url"])
        done = [action.simulate() for action in planned.actions]
    else:
        planned, done = switch_all(
            module,
            client,
            first,
            lambda: create_plan(module, client, wanted, first.world.view, authorities),  # who know what was revoked
            WaitOptions(params["wait"], params["wait_timeout"], params["wait_interval"]),
            watch,
            exclusive=params["exclusive"],
        )
    for warning in (*(authorities.warnings if authorities else ()), *(watch.warnings if watch else ())):
        module.warn(warning)
    return as_result(planned, done, client)


def check_params(module: Module) -> None:
    """Reject invalid option values and combinations that the argument specification cannot express."""
    params = module.params
    named = [name for name in ("certificate_id", "deployments") if params[name] is not None or name in module.null]
    if len(named) > 1 or (params["listeners"] is not None) != ("certificate_id" in named):
        raise CertificatesError(
            "invalid_argument",
            "The values of certificate_id, listeners, and deployments cannot be combined. Set certificate_id together with listeners, or set "
            "deployments, or set none of the three options to renew the certificates of all listeners.",
        )
    misplaced = [
        name for name in (SELECTION_OPTIONS if named else OVERRIDE_OPTIONS) if params[name] not in (None, False)
    ]
    if misplaced:
        options = ", ".join(misplaced)
        raise CertificatesError(
            "invalid_argument",
            f"{options} cannot be used with {named[0]}. Remove {options}, or remove {named[0]}."
            if named
            else f"{options} cannot be used without certificate_id or deployments. Set certificate_id or deployments, or remove {options}.",
        )
    check_ports("ports", params["ports"] or ())
    ids = {f"deployments[{number}].certificate_id": each for number, each in enumerate(params["deployments"] or ())}
    ids |= {"certificate_id": params} if "certificate_id" in named else {}
    null = next((name for name, given in ids.items() if given["certificate_id"] is None), None)
    if null and not module.check_mode:
        raise CertificatesError(
            "invalid_argument",
            f"{null} must not be null: only check mode allows null, for a certificate that would be imported. Specify the ID of a certificate "
            "in the store.",
        )


def check_ports(name: str, ports: Iterable[int]) -> None:
    """Reject ports outside the range from 1 to `MAX_PORT`."""
    wrong = [str(port) for port in ports if not 1 <= port <= MAX_PORT]
    if wrong:
        raise CertificatesError(
            "invalid_argument", f"{name} must contain ports from 1 to {MAX_PORT}, not {join_first(wrong)}."
        )


def read_listeners(params: dict[str, t.Any]) -> list[ListenerOptions] | None:
    """Return the specified listeners with their certificates; `None` in the renewal mode.

    Raises:
        CertificatesError: `invalid_argument` for an invalid ID or port, or an empty `load_balancer`.
    """
    deployments = params["deployments"]
    if params["listeners"] is not None:
        deployments = [{"certificate_id": params["certificate_id"], "listeners": params["listeners"]}]
    if deployments is None:
        return None
    ids = [deployment["certificate_id"] for deployment in deployments]
    check_ids("certificate_id", [identifier for identifier in ids if identifier is not None])
    wanted = [
        ListenerOptions(**{**listener, "certificate_id": deployment["certificate_id"]})
        for deployment in deployments
        for listener in deployment["listeners"]
    ]
    check_ports("listeners", [listener.port for listener in wanted])
    if not all(listener.load_balancer.strip() for listener in wanted):
        raise CertificatesError(
            "invalid_argument",
            "load_balancer must not be empty. Specify the name, UUID, or ID of a load balancer for each listener in listeners.",
        )
    return wanted


def create_plan(
    module: Module,
    client: Client,
    wanted: Sequence[ListenerOptions] | None,
    view: TrustView,
    authorities: RevocationClient | None,
) -> ListenerPlan:
    """Read the store and the load balancers, and return the plan.

    Args:
        module: the module with its options.
        client: the session.
        wanted: the result of `read_listeners`.
        view: the trust of TLS clients.
        authorities: the revocation check; `None` if revocation is not checked.

    Raises:
        CertificatesError: errors of `fetch_stored` and `fetch_balancers`; `not_found`, `too_many_listeners`.
    """
    params, began = module.params, now()
    stored = fetch_stored(client)
    warn_of_unreadable(client, stored)
    world = World(stored, fetch_balancers(client), view, began)
    if wanted is not None:
        world = world.add_revocations(authorities, map(get_sent_certificates, find_named_contenders(world, wanted)))
        overrides = Overrides(
            **{name.removeprefix("allow_"): params[name] for name in OVERRIDE_OPTIONS}, wildcards=True
        )
        actions = plan_named(world, wanted, overrides)
    else:
        selection = ListenerSelection(params["common_names"], params["load_balancers"], params["ports"])
        if unmatched := why_unmatched(selection, world.listed_balancers, world.index):
            raise CertificatesError(unmatched.reason, messages_deploy.describe_unmatched(unmatched))
        rivals = (pair for pair in find_contenders(world, selection) if pair[1])  # else there is nothing to decide
        chains = (get_sent_certificates(record) for current, others in rivals for record in (current, *others))
        world = world.add_revocations(authorities, chains)
        actions = plan_renewals(world, selection)
        warn_of_missing(client, actions, selection)
    planned = ListenerPlan(world, actions)
    if too_many := why_too_many(planned.changes, params["max_listeners"]):
        raise CertificatesError("too_many_listeners", messages_deploy.describe_excess(too_many), **too_many.facts)
    return planned


def warn_of_missing(client: Client, planned: Sequence[ListenerAction], selection: ListenerSelection) -> None:
    """Warn about missing listeners, and about certificates that the store does not list; permissions may be missing."""
    if not planned and selection == ListenerSelection():
        client.warn(
            "The API returned no HTTPS listener. If the account has HTTPS listeners, grant the API user access to the devices of its load balancers."
        )
    elif not planned and [] not in (selection.common_names, selection.load_balancers, selection.ports):
        client.warn(
            "No HTTPS listener matches common_names, load_balancers, and ports. "
            "To list the available listeners, use ssl_endpoint_info with from_load_balancers: true."
        )
    unknown = sorted({action.target_id for action in planned if action.target_id and action.target is None})
    if unknown:
        client.warn(
            f"Cannot renew certificates of listeners that the certificate store does not list: {join_first(list(map(str, unknown)))}. Check that the "
            "API user has the permission SECURITY_CERTIFICATE_MANAGE."
        )


def as_result(planned: ListenerPlan, done: Sequence[ListenerAction], client: Client) -> dict[str, t.Any]:
    """Return the module's result; `failure` is present if a listener failed or the run was interrupted."""
    outcomes = ["failed" if listener.has_failed else listener.outcome for listener in done]
    result: dict[str, t.Any] = {
        "changed": any(listener.is_changed for listener in done),
        "listeners": [listener.as_result(planned.world.view) for listener in done],
        **{f"{name}_count": outcomes.count(name) for name in ("switched", "unchanged", "skipped", "failed")},
        "api_calls": client.api_calls,
        "diff": [action.as_diff() for action in planned.changes],
    }
    failures = [listener for listener in done if listener.has_failed]
    stopped = client.stop.is_set()
    if failures or stopped:
        result["failure"] = build_items_failure(
            "listeners_failed",
            [f"{listener.name}: {listener.reason}: {listener.message}" for listener in failures],
            f"{len(done)} listeners failed",
            stopped=stopped,
            stop="The run was interrupted before it verified all listeners.",
            between=" ",
            listeners=[
                {"listener": listener.name, "reason": listener.reason, "message": listener.message}
                for listener in failures
            ],
        )
    return result
