# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The control API: plain JSON under ``/simulator/``, for tests; no part of SoftLayer and without authentication.

It has a port of its own, which is never TLS and never refuses connections:

=================================  ================================================================================
``GET, DELETE calls``              the log of calls, without private keys
``GET ignored``                    masks, filters and limits that came, since the start or a reset, with methods that take none
``GET sends``                      the messages that were asked for and sent
``POST deliveries``                deliver the mail that the setting ``hold_mail`` held back
``POST, DELETE faults``            one more rule (see ``faults.Rule``); none any more, and what hangs goes on
``PATCH settings``                 see ``settings.Settings``
``PUT listening``                  ``{"listening": false}`` refuses connections to the API
``POST reset``                     everything as it was at the start
``GET, POST orders``               all orders; one more (see ``orders.change``)
``PATCH orders/<id>``              change an order
``GET orders/<id>/certificate``    the order's certificate and its issuer's
``POST orders/<id>/import``        put the order's certificate into the store
``GET certificates``               the store, private keys and all
``PATCH certificates/<id>``        change a record past the store's checks
``GET, POST balancers``            all load balancers; one more
``PATCH, DELETE balancers/<id>``   change a balancer past the API's checks; delete it
``PATCH listeners/<uuid>``         change a listener, or let it misbehave (see ``balancers.Habit``)
``secrets_manager/...``            see ``secrets_manager.control``
``PUT users/<name>``               ``{"permissions": [...]}`` that a user has from now on
=================================  ================================================================================
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from flask import Flask, Response, jsonify, request

from . import control_balancers, dates, masks, orders, store
from .faults import Rule
from .metadata import CERTIFICATE, REQUEST, Row
from .orders import Order
from .secrets_manager import control as control_secrets
from .server import Server
from .world import World


def create_app(world: World, api: Server) -> Flask:
    """The application that steers a world and the server of its API."""
    app = Flask(__name__)
    _handle_errors(app)
    _route_logs(app, world)
    _route_faults(app, world)
    _route_behaviour(app, world, api)
    _route_orders(app, world)
    _route_certificates(app, world)
    control_balancers.route(app, world, _body)
    control_secrets.route(app, world, _body)
    return app


def _handle_errors(app: Flask) -> None:
    @app.errorhandler(ValueError)
    @app.errorhandler(TypeError)
    def refused(error: Exception) -> tuple[Response, int]:
        return jsonify(error=str(error)), 400

    @app.errorhandler(KeyError)
    def not_found(error: KeyError) -> tuple[Response, int]:
        return jsonify(error=f"there is no {error}"), 404


def _route_logs(app: Flask, world: World) -> None:
    @app.get("/simulator/calls")
    def calls() -> Response:
        return jsonify([asdict(entry) for entry in world.calls.entries])

    @app.delete("/simulator/calls")
    def clear_calls() -> Response:
        world.calls.clear()
        return jsonify(True)

    @app.get("/simulator/ignored")
    def ignored() -> Response:
        return jsonify(sorted(world.calls.ignored))

    @app.get("/simulator/sends")
    def sends() -> Response:
        return jsonify([asdict(send) for send in world.sends])


def _route_faults(app: Flask, world: World) -> None:
    @app.post("/simulator/faults")
    def add_fault() -> Response:
        world.faults.add(Rule.from_json(_body()))
        return jsonify(True)

    @app.delete("/simulator/faults")
    def clear_faults() -> Response:
        world.faults.clear()
        return jsonify(True)


def _route_behaviour(app: Flask, world: World, api: Server) -> None:
    @app.patch("/simulator/settings")
    def change_settings() -> Response:
        world.settings = world.settings.updated(_body())
        return jsonify(True)

    @app.put("/simulator/listening")
    def listen() -> Response:
        if _body()["listening"]:
            api.start_listening()
        else:
            api.stop_listening()
        return jsonify(api.listening)

    @app.post("/simulator/deliveries")
    def release_mail() -> Response:
        """Deliver what the setting ``hold_mail`` held back."""
        with world.lock:
            return jsonify(world.maildir.release())

    @app.post("/simulator/reset")
    def reset() -> Response:
        api.start_listening()
        world.reset()
        return jsonify(True)


def _route_orders(app: Flask, world: World) -> None:
    @app.get("/simulator/orders")
    def list_orders() -> Response:
        with world.lock:
            return jsonify([_order(order) for order in world.orders.values()])

    @app.post("/simulator/orders")
    def add_order() -> Response:
        """Properties as ``orders.change`` takes them, ``missing`` ones, and ``key_type`` and ``names`` of a new key's request."""
        given = _body()
        missing, key_type, names = given.pop("missing", ()), given.pop("key_type", "ec"), given.pop("names", ())
        with world.lock:
            order = world.add_order(given, key_type=key_type, names=names)
            orders.change(order, world.statuses, {}, missing)
            return jsonify(_order(order))

    @app.patch("/simulator/orders/<int:identifier>")
    def change_order(identifier: int) -> Response:
        given = _body()
        missing = given.pop("missing", ())
        with world.lock:
            order = world.orders[identifier]
            orders.change(order, world.statuses, given, missing)
            return jsonify(_order(order))

    @app.get("/simulator/orders/<int:identifier>/certificate")
    def issue(identifier: int) -> Response:
        """The order's certificate and its issuer's, as its mail has them; null without a readable signing request."""
        with world.lock:
            issued = world.issue(world.orders[identifier])
        if issued is None:
            return jsonify(None)
        return jsonify(certificate=issued.leaf_pem, intermediateCertificate=issued.intermediate_pem)

    @app.post("/simulator/orders/<int:identifier>/import")
    def import_order(identifier: int) -> Response:
        with world.lock:
            return jsonify(_certificate(world.import_order(world.orders[identifier])))


def _route_certificates(app: Flask, world: World) -> None:
    @app.get("/simulator/certificates")
    def list_certificates() -> Response:
        with world.lock:
            return jsonify([_certificate(record) for record in world.certificates.values()])

    @app.patch("/simulator/certificates/<int:identifier>")
    def change_certificate(identifier: int) -> Response:
        """Any property, past the store's checks; a count of services alone has as many listeners come with it.

        Those of the balancers that there are come on top.
        """
        given = {
            name: dates.parse(value) if name.startswith("validity") and isinstance(value, str) else value
            for name, value in _body().items()
        }
        if "associatedServiceCount" in given and "lbaasListeners" not in given:
            given["lbaasListeners"] = store.listeners(identifier, given["associatedServiceCount"])
        with world.lock:
            record = world.certificates[identifier]
            if unknown := given.keys() - record.keys():
                raise ValueError(f"a certificate has no {', '.join(sorted(unknown))}")
            used = world.services(given.get("associatedServiceCount"), given.get("lbaasListeners"))
            record.update(given, **{name: used[name] for name in used if type(given.get(name)) in (int, list)})
            return jsonify(_certificate(record))


def _body() -> dict[str, Any]:
    given = request.get_json()
    if not isinstance(given, Mapping):
        raise ValueError("not a JSON object")
    return dict(given)


def _order(order: Order) -> Row:
    """An order with all there is to know about it."""
    row = masks.projection({}, REQUEST).of(order.row)
    return {
        **row,
        "status": order.status,
        "product": order.product,
        "mail_family": order.mail_family,
        "sends": order.sends,
    }


def _certificate(record: Row) -> Row:
    """A record of the store, private key and all."""
    everything: masks.Mask = {name: {} for name in (*CERTIFICATE.local, *CERTIFICATE.values, *CERTIFICATE.relations)}
    return masks.projection(everything, CERTIFICATE).of(record)
