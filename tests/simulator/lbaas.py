# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The API's methods of cloud load balancers; see ``services``. Who may do nothing else may still list them."""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Any

from . import dates, errors
from .balancers import ACTIVE, HTTPS, Balancer
from .metadata import BALANCER, LISTENER, Row
from .services import Context, method
from .users import BALANCE


def _by_uuid(context: Context, uuid: Any) -> Balancer:
    balancer = context.world.balancers.find(uuid)
    if balancer is None:
        raise errors.balancer_not_found(uuid)
    return balancer


@method(BALANCER, "getAllObjects", permission=None)
def _all(context: Context) -> list[Row]:
    return [balancer.row for balancer in context.world.balancers]


@method(BALANCER, "getLoadBalancer", permission=None)
def _one(context: Context, uuid: Any) -> Row:
    return _by_uuid(context, uuid).row


@method(LISTENER, "updateLoadBalancerProtocols", permission=BALANCE)
def _update_protocols(context: Context, uuid: Any, configurations: Any) -> Row:
    """Change the certificates of listeners, unless the balancer is locked; it is locked by that. Of a fault, nothing is done."""
    world, balancer = context.world, _by_uuid(context, uuid)
    status = balancer.row.get("provisioningStatus")
    if status != ACTIVE:
        raise errors.balancer_locked(
            f"The load balancer with ID '{uuid}' cannot be updated because its status is '{status}'"
        )
    listeners = {row["uuid"]: row for row in balancer.listeners}
    changed = [_changed(listeners, configuration, world.certificates) for configuration in configurations]
    listeners |= {row["uuid"]: row for row in changed}
    world.switching.begin(balancer, list(listeners.values()), [row["uuid"] for row in changed])
    return balancer.row


def _changed(listeners: Mapping[str, Row], configuration: Row, certificates: Container[int]) -> Row:
    """A listener with another certificate. All else that a configuration can change, or make, is not simulated."""
    if configuration.keys() != {"listenerUuid", "tlsCertificateId"}:
        raise errors.not_implemented(f"A change of {', '.join(sorted(configuration))}")
    uuid, identifier = configuration["listenerUuid"], configuration["tlsCertificateId"]
    if uuid not in listeners:
        raise errors.balancer_not_found(uuid)
    if listeners[uuid]["protocol"] != HTTPS:
        raise errors.invalid_value("tlsCertificateId", "Only an HTTPS protocol may have a certificate.")
    if type(identifier) is not int or identifier not in certificates:
        raise errors.invalid_value("tlsCertificateId", f"There is no certificate with id '{identifier}'.")
    return {**listeners[uuid], "modifyDate": dates.now(), "tlsCertificateId": identifier}
