# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The part of the control API that is about Secrets Manager; see ``..control`` and, for what can be asked, ``client``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from flask import Flask, Response, jsonify

from .. import faults
from ..faults import Rule
from ..world import World
from .refusals import CODES

Body = Callable[[], dict[str, Any]]
_KINDS = (faults.BEFORE | faults.AFTER | {"fault"}) - {"false"}
_CHANGES = frozenset({"add", "renew", "remove", "add_group", "grant", "token", "expire_tokens"})


def route(app: Flask, world: World, body: Body) -> None:
    """Add it to an application that reads bodies like this."""
    instance, path = world.secrets_manager, "/simulator/secrets_manager"

    @app.get(f"{path}/calls")
    def secrets_manager_calls() -> Response:
        return jsonify([asdict(entry) for entry in instance.calls])

    @app.delete(f"{path}/calls")
    def clear_secrets_manager_calls() -> Response:
        instance.calls.clear()
        return jsonify(True)

    @app.post(f"{path}/faults")
    def add_secrets_manager_fault() -> Response:
        given = body()
        if given.get("kind") not in _KINDS:
            raise ValueError(f"no such kind of fault: {given.get('kind')}")
        instance.faults.add(Rule.from_json({"code": CODES.get(given.get("status", 500)), **given}))
        return jsonify(True)

    @app.delete(f"{path}/faults")
    def clear_secrets_manager_faults() -> Response:
        instance.faults.clear()
        instance.changes.clear()
        return jsonify(True)

    @app.get(f"{path}/secrets")
    def secrets() -> Response:
        with world.lock:
            return jsonify([found.whole() for found in instance.secrets.values()])

    @app.post(f"{path}/changes/<name>")
    def change(name: str) -> Response:
        """Make a change, now or after a call of ``after`` that a fault's ``nth``, ``every``, ``times`` and ``argument`` select."""
        if name not in _CHANGES:
            raise ValueError(f"no such change: {name}")
        asked = body()
        given, after, selection = asked["given"], asked["after"], asked["selection"]
        with world.lock:
            if after is None:
                return jsonify(getattr(instance, name)(**given))
            rule = Rule("change", method=after, **{"times": 1, **selection})
            instance.changes.append((rule, lambda: getattr(instance, name)(**given)))
            return jsonify(None)
