# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The API as a Flask application: from a request to its answer, by way of whatever is set to go wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from flask import Flask, Response, request

from . import faults, listings, rest, services, xmlrpc
from . import lbaas as _lbaas  # noqa: F401 - its methods are there once it is imported
from .calls import Call, Entry
from .errors import ApiFault
from .faults import Rule
from .listings import Answer
from .metadata import Signature
from .server import fate_of
from .world import World

_VERBS = ("GET", "POST", "PUT", "DELETE")


@dataclass(frozen=True)
class _Transport:
    encode: Callable[[Answer], Response]
    encode_fault: Callable[[ApiFault], Response]


_REST = _Transport(rest.encode, rest.encode_fault)
_XMLRPC = _Transport(xmlrpc.encode, xmlrpc.encode_fault)


def create_app(world: World) -> Flask:
    """The application that answers for a world."""
    app = Flask(__name__)
    endpoint = _Endpoint(world)

    @app.post("/xmlrpc/v3/<service>")
    @app.post("/xmlrpc/v3.1/<service>")
    def xmlrpc_call(service: str) -> Response:
        return endpoint.answer(_XMLRPC, lambda: xmlrpc.decode(request, service))

    @app.route("/rest/v3/<path:path>", methods=_VERBS)
    @app.route("/rest/v3.1/<path:path>", methods=_VERBS)
    def rest_call(path: str) -> Response:
        return endpoint.answer(_REST, lambda: rest.decode(request, path))

    return app


class _Endpoint:
    """Answers calls of either transport."""

    def __init__(self, world: World) -> None:
        self._world = world

    def answer(self, transport: _Transport, decode: Callable[[], Call]) -> Response:
        """The response to a request, logged; which may be none at all."""
        try:
            call = decode()
        except ApiFault as fault:
            return transport.encode_fault(fault)
        entry = self._world.calls.begin(call)
        self._world.stopping.wait(self._world.settings.latency_ms / 1000)
        rule = self._world.faults.pick(call)
        if rule is None:
            response = self._process(transport, call, entry)
        else:
            response = self._fail(rule, transport, call, entry)
            entry.outcome = rule.kind
        return response

    def _process(self, transport: _Transport, call: Call, entry: Entry) -> Response:
        """The right answer."""
        world = self._world
        try:
            user = world.users.authenticate(call.credentials, world.secrets_manager.tokens)
            entry.user = user.username
            method = services.find(call)
            self._note_ignored(call, method.signature)
            projection = listings.projection(method.signature, call)
            with world.lock:
                result = method.invoke(services.Context(world, user, call.identifier), call.arguments)
                answer = listings.answer(result, method.signature, projection, call, world.settings)
        except ApiFault as fault:
            entry.outcome = fault.code
            return transport.encode_fault(fault)
        entry.outcome = "ok"
        response = transport.encode(answer)
        if answer.total is not None:
            response.headers["softlayer-total-items"] = str(answer.total)
        return response

    def _note_ignored(self, call: Call, signature: Signature) -> None:
        """Note a mask, filter or limit that the method does not take; it will count for nothing."""
        if ignored := call.conditions - signature.takes:
            self._world.calls.ignored.update((str(signature), condition) for condition in ignored)

    def _fail(self, rule: Rule, transport: _Transport, call: Call, entry: Entry) -> Response:
        """The answer that a rule gives instead of the right one, or makes of it."""
        if rule.kind in faults.FAULTS:
            return transport.encode_fault(rule.fault(call))
        if rule.kind in faults.BEFORE:
            return transport.encode(Answer(False)) if rule.kind == "false" else instead(rule)
        return spoil(rule, self._process(transport, call, entry))


def instead(rule: Rule) -> Response:
    """What a rule answers, if anything, to a call that is not processed."""
    if rule.kind == "hang_before":
        rule.over.wait(rule.seconds)
    fate_of(request).reset = True
    return Response()


def spoil(rule: Rule, response: Response) -> Response:
    """What a rule makes of the right answer to a call that was processed."""
    if rule.kind == "hang_after":
        rule.over.wait(rule.seconds)
    else:
        fate_of(request).reset = True
    return response
