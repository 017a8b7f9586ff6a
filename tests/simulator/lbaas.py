# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The API's methods of cloud load balancers; see ``services``. Who may do nothing else may still list them."""

from __future__ import annotations

from typing import Any

from . import balancers, errors, protocols
from .balancers import ACTIVE, Balancer
from .metadata import BALANCER, CIPHER, LISTENER, Row
from .services import Context, method, number
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


@method(BALANCER, "getObject", permission=None)
def _balancer(context: Context) -> Row:
    return _with_id(context, _all(context))


@method(BALANCER, "getLoadBalancerMemberHealth", permission=None)
def _member_health(context: Context, uuid: Any) -> list[Row]:
    """By pool, how its members are; balancers have no members here."""
    return [{"poolUuid": row["defaultPool"]["uuid"], "membersHealth": []} for row in _by_uuid(context, uuid).listeners]


@method(LISTENER, "getObject", permission=None)
def _listener(context: Context) -> Row:
    return _with_id(context, [row for balancer in context.world.balancers for row in balancer.listeners])


@method(LISTENER, "updateLoadBalancerProtocols", permission=BALANCE)
def _update_protocols(context: Context, uuid: Any, configurations: Any) -> Row:
    """Change listeners, or make new ones, unless the balancer is locked; it is locked by that."""
    world, balancer = context.world, _by_uuid(context, uuid)
    status = balancer.row.get("provisioningStatus")
    if status != ACTIVE:
        raise errors.balancer_locked(balancer.refusal.replace("{uuid}", str(uuid)).replace("{status}", str(status)))
    listeners, changed = protocols.configured(world.balancers, balancer, configurations, world.certificates)
    world.switching.begin(balancer, listeners, changed)
    return balancer.row


@method(CIPHER, "getAllObjects", permission=None)
def _ciphers(_context: Context) -> list[Row]:
    return list(balancers.CIPHERS)


@method(CIPHER, "getObject", permission=None)
def _cipher(context: Context) -> Row:
    return _with_id(context, _ciphers(context))


def _with_id(context: Context, rows: list[Row]) -> Row:
    wanted = number(context.identifier)
    found = next((row for row in rows if row["id"] == wanted), None)
    if found is None:
        raise errors.balancer_not_found(context.identifier)
    return found
