# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The part of the control API that is about load balancers and users; see ``control``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Flask, Response, jsonify

from . import balancers, masks
from .balancers import Balancer, Habit
from .metadata import BALANCER, LISTENER, Row
from .switching import ProxyError
from .world import World

Body = Callable[[], dict[str, Any]]
_LISTENER: masks.Mask = {name: {} for name in LISTENER.local}
_BALANCER: masks.Mask = {name: {} for name in (*BALANCER.local, "sslCiphers")}


def route(app: Flask, world: World, body: Body) -> None:
    """Add it to an application that reads bodies like this."""
    _handle_errors(app)
    _route_balancers(app, world, body)
    _route_listeners(app, world, body)

    @app.put("/simulator/users/<username>")
    def permit(username: str) -> Response:
        with world.lock:
            return jsonify(sorted(world.users.permit(username, body()["permissions"]).permissions))


def _handle_errors(app: Flask) -> None:
    @app.errorhandler(ProxyError)
    def not_served(error: ProxyError) -> tuple[Response, int]:
        return jsonify(error=str(error)), 400


def _route_balancers(app: Flask, world: World, body: Body) -> None:
    @app.get("/simulator/balancers")
    def list_balancers() -> Response:
        with world.lock:
            return jsonify([_shown(balancer) for balancer in world.balancers])

    @app.post("/simulator/balancers")
    def add_balancer() -> Response:
        with world.lock:
            return jsonify(_shown(world.add_balancer(body())))

    @app.patch("/simulator/balancers/<int:identifier>")
    def change_balancer(identifier: int) -> Response:
        given = body()
        with world.lock:
            balancer = world.balancers.get(identifier)
            balancers.patch(balancer.row, given)
            if given.keys() & {"address", "sslCiphers"}:
                world.switching.apply(balancer, [row["uuid"] for row in balancer.listeners])
            return jsonify(_shown(balancer))

    @app.delete("/simulator/balancers/<int:identifier>")
    def delete_balancer(identifier: int) -> Response:
        with world.lock:
            world.balancers.remove(world.balancers.get(identifier))
            world.switching.refresh()
            return jsonify(True)


def _route_listeners(app: Flask, world: World, body: Body) -> None:
    @app.patch("/simulator/listeners/<uuid>")
    def change_listener(uuid: str) -> Response:
        """What is not about a habit is served at once, and so is a habit that is to start ``at_once``."""
        given = body()
        kind, changes, at_once = (given.pop(name, None) for name in ("misbehaves", "changes", "at_once"))
        with world.lock:
            balancer, row = world.balancers.owner(uuid)
            changed = balancers.patched_listener(row, given)
            world.balancers.put(balancer, [changed if one is row else one for one in balancer.listeners])
            if kind is not None:
                balancer.habits[uuid] = Habit(kind, 1 if changes is None else changes)
            if given or at_once:
                world.switching.apply(balancer, [uuid])
            return jsonify(_shown_listener(balancer, changed))


def _shown(balancer: Balancer) -> Row:
    """A balancer with all there is to know about it."""
    row = masks.projection(_BALANCER, BALANCER).of(balancer.row)
    return {**row, "listeners": [_shown_listener(balancer, listener) for listener in balancer.listeners]}


def _shown_listener(balancer: Balancer, listener: Row) -> Row:
    """A listener, whether its port is open, and the record of the certificate that is served there."""
    frontend = balancer.traffic.get(listener["uuid"])
    return {
        **masks.projection(_LISTENER, LISTENER).of(listener),
        "open": frontend is not None,
        "serves": frontend.certificate_id if frontend else None,
    }
