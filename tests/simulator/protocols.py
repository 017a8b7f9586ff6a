# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``updateLoadBalancerProtocols``: what its configurations make of the listeners of a balancer, and what it refuses."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from typing import Any

from . import dates, errors
from .balancers import HTTP, HTTPS, TCP, Balancer, Balancers
from .metadata import PROTOCOL_CONFIGURATION, Row

_MOST_LISTENERS = 10
_MOST_PORTS = 65535
_PROTOCOLS = (TCP, HTTP, HTTPS)
_ON_LISTENER = {
    "frontendProtocol": "protocol",
    "frontendPort": "protocolPort",
    "maxConn": "connectionLimit",
    "clientTimeout": "clientTimeout",
    "serverTimeout": "serverTimeout",
    "tlsCertificateId": "tlsCertificateId",
}
_ON_POOL = {
    "backendProtocol": "protocol",
    "backendPort": "protocolPort",
    "loadBalancingMethod": "loadBalancingAlgorithm",
}


def configured(
    balancers: Balancers, balancer: Balancer, configurations: Any, certificates: Container[int]
) -> tuple[list[Row], list[str]]:
    """The listeners as they shall be, and the uuids of those that are changed; or the API's fault, and nothing is done.

    A configuration with a ``listenerUuid`` changes what it names of that listener; one without makes a new listener.
    """
    if not isinstance(configurations, list) or not configurations:
        raise errors.bad_request()
    listeners = {row["uuid"]: row for row in balancer.listeners}
    changed = []
    for configuration in configurations:
        _check(configuration, certificates)
        row = _changed(_named(configuration, listeners, balancers.new_listener), configuration)
        _check_certificate(row, configuration)
        listeners[row["uuid"]] = row
        changed.append(row["uuid"])
    _check_together(list(listeners.values()))
    return list(listeners.values()), changed


def _named(configuration: Row, listeners: Mapping[str, Row], new: Callable[[Row], Row]) -> Row:
    """The listener that a configuration is about."""
    if "listenerUuid" not in configuration:
        for name in ("frontendProtocol", "frontendPort", "backendProtocol", "backendPort"):
            if name not in configuration:
                raise errors.missing_property(name, PROTOCOL_CONFIGURATION.name)
        return new({})
    uuid = str(configuration["listenerUuid"])
    if uuid not in listeners:
        raise errors.balancer_not_found(uuid)
    return listeners[uuid]


def _changed(listener: Row, configuration: Row) -> Row:
    """A listener with all that a configuration names; one that is no longer HTTPS has no certificate."""
    row = {**listener, "modifyDate": dates.now()}
    row.update({mine: configuration[name] for name, mine in _ON_LISTENER.items() if name in configuration})
    if row["protocol"] != HTTPS and "tlsCertificateId" not in configuration:
        row["tlsCertificateId"] = None
    pool = {mine: configuration[name] for name, mine in _ON_POOL.items() if name in configuration}
    if "sessionType" in configuration:
        pool["sessionAffinity"] = {"type": configuration["sessionType"]}
    if pool:
        row["defaultPool"] = {**row["defaultPool"], **pool}
    return row


def _check(configuration: Any, certificates: Container[int]) -> None:
    """Refuse what makes no sense whatever the listener is."""
    if not isinstance(configuration, Mapping):
        raise errors.bad_request()
    for name, value in configuration.items():
        if name not in PROTOCOL_CONFIGURATION.local:
            raise errors.invalid_value(name, "There is no such property.")
        if value is None:
            raise errors.invalid_value(name, "It may not be null.")
    for name in ("frontendProtocol", "backendProtocol"):
        if configuration.get(name, TCP) not in _PROTOCOLS:
            raise errors.invalid_value(name, f"It is none of {', '.join(_PROTOCOLS)}.")
    for name in ("frontendPort", "backendPort"):
        port = configuration.get(name, 1)
        if type(port) is not int or not 0 < port <= _MOST_PORTS:
            raise errors.invalid_value(name, "It is no port.")
    identifier = configuration.get("tlsCertificateId")
    if identifier is not None and (type(identifier) is not int or identifier not in certificates):
        raise errors.invalid_value("tlsCertificateId", f"There is no certificate with id '{identifier}'.")


def _check_certificate(row: Row, configuration: Row) -> None:
    """A certificate is for HTTPS, and HTTPS has one."""
    if row["protocol"] == HTTPS and row["tlsCertificateId"] is None:
        raise errors.invalid_value("tlsCertificateId", "An HTTPS protocol needs a certificate.")
    if row["protocol"] != HTTPS and "tlsCertificateId" in configuration:
        raise errors.invalid_value("tlsCertificateId", "Only an HTTPS protocol may have a certificate.")


def _check_together(listeners: list[Row]) -> None:
    if len(listeners) > _MOST_LISTENERS:
        raise errors.invalid_value("protocolConfigurations", f"There may be {_MOST_LISTENERS} protocols at most.")
    if len({row["protocolPort"] for row in listeners}) < len(listeners):
        raise errors.invalid_value("frontendPort", "Another protocol has this port.")
