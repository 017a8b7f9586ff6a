# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What `ssl_certificate_deploy` does between its options and its result. Private to softlayer.certificates."""

from __future__ import annotations

import math
import typing as t
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import groupby

from .._api.balancers import fetch_balancers
from .._api.client import Client, connect
from .._api.store import fetch_stored, warn_of_unreadable
from .._api.values import check_ids
from .._argspec import ArgumentSpec, api_options, concurrency_options, ledger_options, selection_options
from .._codes import DeployOutcome
from .._errors import CertificatesError
from .._ledger.place import check_given_place, check_place
from .._libraries import FOR_API, FOR_CERTIFICATES, FOR_LEDGER
from .._module import Module
from .._names import LARGEST_PORT, named, shown_name_of
from .._plan.deployments import (
    ListenerAction,
    ListenerOptions,
    ListenerSelection,
    by_place,
    plan_renewals,
    plan_wishes,
    why_unmatched,
)
from .._plan.store_index import StoreIndex
from .._plan.superseding import Clients, Overrides
from .._progress import ProgressFile
from .._text import some_of
from .._times import now
from .roots import clients_of, roots_if_any
from .serving import Watch
from .switching import Switcher, WaitOptions

LISTENERS: dict[str, t.Any] = {
    "type": "list",
    "elements": "dict",
    "options": {
        "load_balancer": {"type": "str", "required": True},
        "port": {"type": "int", "required": True},
        "previous_certificate_id": {"type": "int"},
    },
}
LONGEST_WAIT = 86_400
"""Seconds."""
SPEC = (
    api_options()
    + ledger_options()
    + concurrency_options(4)
    + selection_options().only("common_names")
    + ArgumentSpec(
        options={
            "certificate_id": {"type": "int"},
            "listeners": LISTENERS,
            "deployments": {
                "type": "list",
                "elements": "dict",
                "options": {
                    "certificate_id": {"type": "int", "required": True},
                    "listeners": {**LISTENERS, "required": True},
                },
            },
            "load_balancers": {"type": "list", "elements": "str"},
            "ports": {"type": "list", "elements": "int"},
            "allow_name_loss": {"type": "bool", "default": False},
            "allow_key_type_change": {"type": "bool", "default": False},
            "allow_organization_change": {"type": "bool", "default": False},
            "allow_expired": {"type": "bool", "default": False},
            "allow_untrusted": {"type": "bool", "default": False},
            "max_listeners": {"type": "int", "default": 20},
            "wait": {"type": "bool", "default": True},
            "wait_timeout": {"type": "float", "default": 900},
            "wait_interval": {"type": "float", "default": 10},
            "verify": {"type": "bool", "default": True},
            "verify_timeout": {"type": "float", "default": 120},
            "trusted_ca_path": {"type": "path"},
            "rollback": {"type": "bool", "default": True},
            "exclusive": {"type": "bool", "default": False},
        },
        limits={
            "max_listeners": (0, math.inf),
            "wait_interval": (0.1, LONGEST_WAIT),
            "wait_timeout": (0, LONGEST_WAIT),
            "verify_timeout": (0, LONGEST_WAIT),
        },
    )
)
LIBRARIES = (*FOR_API, *FOR_CERTIFICATES)
NARROWING = ("common_names", "load_balancers", "ports")
"""Options of the renewal mode."""
OVERRIDES = (
    *("allow_name_loss", "allow_key_type_change", "allow_organization_change"),
    *("allow_expired", "allow_untrusted"),
)
"""Options for certificates that the user names."""
MOST_NAMED = 5
"""Maximum number of listeners in a message."""


def run(module: Module) -> dict[str, t.Any]:
    """Return the module's result."""
    params = module.params
    check_params(module)
    wishes = wishes_of(params)
    if params["exclusive"]:
        check_ledger(module)
    client = connect(module, params["concurrency"], module.stop_on_signals())
    clients = clients_of(params["trusted_ca_path"])
    watch = None
    if params["verify"]:  # without any root certificates, it does not tell about trust
        watch = Watch(params["verify_timeout"], roots_if_any(params["trusted_ca_path"], module.warn), client.stop)
    planned_at = now()
    planned = plan(module, client, wishes, clients)
    if module.check_mode:
        if params["exclusive"] and any_change(planned):
            check_place(params["ledger_url"])
        return as_result(planned, [simulate(one) for one in planned], client, clients)
    wait_options = WaitOptions(params["wait"], params["wait_timeout"], params["wait_interval"])
    planned, done = carry_out(
        module,
        client,
        planned,
        planned_at,
        lambda: plan(module, client, wishes, clients),
        wait_options,
        watch,
        exclusive=params["exclusive"],
    )
    for warning in watch.warnings if watch else ():
        module.warn(warning)
    return as_result(planned, done, client, clients)


def any_change(planned: Iterable[ListenerAction]) -> bool:
    """Return whether a plan changes anything."""
    return any(one.is_changed for one in planned)


def check_ledger(module: Module) -> None:
    """Refuse a run that could not have a lock: without the library for databases, or with a URL that cannot be meant.

    Raises:
        CertificatesError: `missing_library`, `ledger_unavailable`.
    """
    module.require(*FOR_LEDGER, loads=False)
    check_given_place(module.params["ledger_url"])


def carry_out(
    module: Module,
    client: Client,
    planned: list[ListenerAction],
    planned_at: datetime,
    plan_again: Callable[[], list[ListenerAction]],
    wait_options: WaitOptions,
    watch: Watch | None,
    *,
    exclusive: bool,
    at_once: int | None = None,
) -> tuple[list[ListenerAction], list[ListenerAction]]:
    """Carry out a plan, several balancers at the same time; return it, and what became of the listeners.

    Args:
        module: the options.
        client: the session.
        planned: the plan.
        planned_at: when its facts began to be read.
        plan_again: makes it anew, if another run may have changed something since then.
        wait_options: how long to wait for balancers and other runs.
        watch: looks at what is served, if that is wanted.
        exclusive: whether no other run may change something meanwhile.
        at_once: as `Client.each` takes it.
    """
    lock = None
    if exclusive and any_change(planned):
        module.require(*FOR_LEDGER)
        from .._apply.lock import acquire  # only here: it loads the library, and mostly there is nothing to change

        longest_wait = wait_options.timeout if wait_options.waits else 0
        lock = acquire(
            client,
            module.params["ledger_url"],
            lambda: f"load balancers of account {client.account_id()}",
            "load balancers",
            longest_wait,
            planned_at,
        )
    try:
        if lock and lock.is_plan_stale:
            planned = plan_again()
        if lock and not any_change(planned):
            lock.end()
        check = lock.check if lock else None
        switcher = Switcher(client, wait_options, watch, rollback=module.params["rollback"], before_sending=check)
        groups = list(by_balancer(planned))
        done = client.each(ProgressFile(module.given_folder, len(groups)).of(switcher), groups, at_once=at_once)
    finally:
        if lock:
            lock.end()
    settled = [one for one in planned if one.place is None]
    return planned, sorted([*settled, *(one for group in done for one in group)], key=by_place)


def check_params(module: Module) -> None:
    """Refuse invalid values, and combinations that the argument specification cannot express."""
    params = module.params
    named = [name for name in ("certificate_id", "deployments") if params[name] is not None]
    if len(named) > 1 or (params["listeners"] is not None) != (params["certificate_id"] is not None):
        raise CertificatesError(
            "invalid_argument",
            "Give certificate_id together with listeners, or deployments, or none of them to renew what is served.",
        )
    misplaced = [name for name in (NARROWING if named else OVERRIDES) if params[name] not in (None, False)]
    if misplaced:
        where = f"with {named[0]}" if named else "without certificate_id or deployments"
        raise CertificatesError(
            "invalid_argument", f"{', '.join(misplaced)} cannot be used {where}: leave one or the other out."
        )
    check_ports("ports", params["ports"] or ())


def check_ports(name: str, ports: Iterable[int]) -> None:
    """Refuse what is no port."""
    wrong = [str(port) for port in ports if not 1 <= port <= LARGEST_PORT]
    if wrong:
        raise CertificatesError(
            "invalid_argument", f"{name}: {some_of(wrong, MOST_NAMED)} is no port; ports are from 1 to {LARGEST_PORT}."
        )


def wishes_of(params: dict[str, t.Any]) -> list[ListenerOptions] | None:
    """Return what the user wants on which listener, or `None` for the renewal mode.

    Raises:
        CertificatesError: `invalid_argument`, if a certificate's id or a port is impossible, or a balancer is not named.
    """
    deployments = params["deployments"]
    if params["certificate_id"] is not None:
        deployments = [{"certificate_id": params["certificate_id"], "listeners": params["listeners"]}]
    if deployments is None:
        return None
    check_ids("certificate_id", [one["certificate_id"] for one in deployments])
    listeners = [listener for one in deployments for listener in one["listeners"]]
    check_ports("listeners", [listener["port"] for listener in listeners])
    if not all(listener["load_balancer"].strip() for listener in listeners):
        raise CertificatesError(
            "invalid_argument", "listeners: a load_balancer is empty; give each listener the name, uuid or id of one."
        )
    return [
        ListenerOptions(**{**listener, "certificate_id": one["certificate_id"]})
        for one in deployments
        for listener in one["listeners"]
    ]


def plan(
    module: Module, client: Client, wishes: Sequence[ListenerOptions] | None, clients: Clients
) -> list[ListenerAction]:
    """Read the store and the balancers; return what to do about each listener.

    Raises:
        CertificatesError: as `fetch_stored` and `fetch_balancers`; `not_found`, `too_many_listeners`.
    """
    params = module.params
    stored = fetch_stored(client)
    warn_of_unreadable(client, stored)
    balancers = fetch_balancers(client)
    index = StoreIndex(stored)
    if wishes is not None:
        overrides = Overrides(**{name.removeprefix("allow_"): params[name] for name in OVERRIDES}, wildcards=True)
        planned = plan_wishes(balancers, index, wishes, overrides, clients)
    else:
        selection = ListenerSelection(params["common_names"], params["load_balancers"], params["ports"])
        unmatched = why_unmatched(selection, balancers, index)
        if unmatched:
            raise CertificatesError("not_found", unmatched)
        planned = plan_renewals(balancers, index, selection, clients)
        warn_of_what_is_missing(client, planned, selection)
    check_number([one for one in planned if one.is_changed], params["max_listeners"])
    return planned


def warn_of_what_is_missing(client: Client, planned: Sequence[ListenerAction], selection: ListenerSelection) -> None:
    """Warn if nothing was found to renew, and about certificates that the listing of the store lacks: permissions may be missing."""
    if not planned and selection == ListenerSelection():
        client.warn(
            "No HTTPS listener was found. If the account has some, give the API user access to the devices of its load balancers."
        )
    elif not planned and all(one != [] for one in (selection.common_names, selection.load_balancers, selection.ports)):
        client.warn(
            "No HTTPS listener matches common_names, load_balancers and ports; ssl_endpoint_info lists those that there are."
        )
    unknown = sorted({one.certificate_id or 0 for one in planned if one.certificate_id and one.target is None})
    if unknown:
        client.warn(
            f"Listeners have certificates that the store's list lacks: {some_of(list(map(str, unknown)), MOST_NAMED)}. They are not renewed. "
            "The API user may lack the permission SECURITY_CERTIFICATE_MANAGE."
        )


def simulate(planned: ListenerAction) -> ListenerAction:
    """Return a planned change as check mode shows it."""
    if planned.outcome != "switched":
        return planned
    is_stored = planned.target is None or planned.target.stored_id is not None
    return replace(planned, message=f"Would be switched{'' if is_stored else ', once the certificate is stored'}.")


def check_number(planned: Sequence[ListenerAction], most: int) -> None:
    """Refuse a run that would switch more listeners than `max_listeners` allows."""
    if len(planned) > most:
        raise CertificatesError(
            "too_many_listeners",
            f"The run would switch more listeners ({len(planned)}) than max_listeners allows ({most}), so it switched none. "
            "Select fewer of them, or raise max_listeners.",
            planned=len(planned),
            max_listeners=most,
            listeners=[one.name for one in planned],
        )


def by_balancer(planned: Sequence[ListenerAction]) -> Iterator[list[ListenerAction]]:
    """Yield the listeners of each balancer."""
    found = sorted((one for one in planned if one.place), key=lambda one: one.at.balancer.uuid)
    for _uuid, group in groupby(found, key=lambda one: one.at.balancer.uuid):
        yield sorted(group, key=by_place)


def as_result(
    planned: Sequence[ListenerAction], done: Sequence[ListenerAction], client: Client, clients: Clients
) -> dict[str, t.Any]:
    """Return the module's result, with `failure` if a listener failed."""
    counts = {outcome: sum(one.outcome == outcome for one in done) for outcome in t.get_args(DeployOutcome)}
    counts["failed"] += counts.pop("rolled_back")
    result: dict[str, t.Any] = {
        "changed": any(one.is_changed for one in done),
        "listeners": [one.as_result(clients) for one in done],
        **{f"{outcome}_count": count for outcome, count in counts.items()},
        "api_calls": client.api_calls,
        "diff": [as_diff(one) for one in planned if one.is_changed],
    }
    failures = [one for one in done if one.outcome in {"failed", "rolled_back"}]
    if failures or client.stop.is_set():
        result["failure"] = as_failure(failures, len(done), stopped=client.stop.is_set())
    return result


def as_failure(failures: Sequence[ListenerAction], count: int, *, stopped: bool) -> dict[str, t.Any]:
    """Return `failure` for the listeners that failed."""
    said = [f"{one.name}: {one.reason}: {one.message}" for one in failures]
    told = "The run was told to stop before it had seen what all listeners serve. " if stopped else ""
    return CertificatesError(
        "interrupted" if stopped else "listeners_failed",
        f"{told}{len(failures)} of {count} listeners failed: {some_of(said, MOST_NAMED, ' ', ' ')}"
        if failures
        else told.strip(),
        listeners=[{"listener": one.name, "reason": one.reason, "message": one.message} for one in failures],
    ).as_failure()


def as_diff(deployment: ListenerAction) -> dict[str, t.Any]:
    """Return the plan for one listener in the form of Ansible's diffs."""
    target = deployment.target.facts() if deployment.target else {}
    return {
        "before_header": deployment.name,
        "after_header": deployment.name,
        "before": {"certificate_id": deployment.previous_certificate_id},
        "after": {
            "certificate_id": deployment.certificate_id,
            **named(target.get("common_name"), shown_name_of(target)),
            "not_after": target.get("not_after"),
        },
    }
