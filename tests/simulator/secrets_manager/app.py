# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""IAM and Secrets Manager as Flask applications. Functions are named as the SDK's methods, and so are the calls in the log and in faults."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from flask import Flask, Response, jsonify, request

from .. import app as softlayer
from .. import dates, faults
from ..calls import Call, Credentials
from ..errors import ApiFault
from ..metadata import Row
from ..server import fate_of
from ..users import MANAGE
from ..world import World
from . import refusals
from .instance import Entry
from .refusals import Refusal

Body = Callable[[Refusal, str], Row]
_GRANT_TYPE = "urn:ibm:params:oauth:grant-type:apikey"


def create_iam(world: World) -> Flask:
    """IAM, as far as an API key gets a token from it."""
    app, instance = Flask(__name__), world.secrets_manager

    @app.post("/identity/token")
    def token() -> Response:
        return _answer(world, refusals.of_iam, [], lambda entry: (log_in(entry), 200))

    def log_in(entry: Entry) -> Row:
        if request.form.get("grant_type") != _GRANT_TYPE:
            raise Refusal(400, "Property missing or empty: grant_type", code="BXNIM0109E")
        try:
            user = world.users.authenticate(Credentials("apikey", request.form.get("apikey", "")))
        except ApiFault:
            raise Refusal(400, "Provided API key could not be found.", code="BXNIM0415E") from None
        entry.user = user.username
        access_token, life, end = instance.token(user.username)
        bearer = {"token_type": "Bearer", "scope": "ibm openid", "refresh_token": "not_supported"}
        return {"access_token": access_token, **bearer, "expires_in": life, "expiration": end}

    return app


def create_instance(world: World) -> Flask:
    """The API of an instance of Secrets Manager."""
    app, instance = Flask(__name__), world.secrets_manager
    roles = {user.username: "Writer" if MANAGE in user.permissions else "Reader" for user in world.users}
    app.register_error_handler(404, lambda _error: (refusals.of_secrets_manager(Refusal(404, "Not found"), ""), 404))

    def operation(path: str, needed: str, method: str = "GET") -> Callable[[Callable[..., Row]], Callable[..., Row]]:
        """What a function gives is answered, with status 201 to a POST, to those who have the role that is needed."""

        def route(work: Callable[..., Row]) -> Callable[..., Row]:
            def view(**of_path: str) -> Response:
                def process(entry: Entry) -> tuple[Row, int]:
                    authorization = request.headers.get("Authorization", "")
                    entry.user = instance.authorize(authorization, needed, roles)
                    return work(**of_path), 201 if method == "POST" else 200

                return _answer(world, refusals.of_secrets_manager, _subjects(world, of_path), process)

            app.add_url_rule(f"/api/v2/{path}", work.__name__, view, methods=[method])
            return work

        return route

    @operation("secrets", "Reader")
    def list_secrets() -> Row:
        return instance.page(request.args.to_dict(), request.base_url)

    @operation("secrets", "Writer", "POST")
    def create_secret() -> Row:
        return instance.create(_body()).whole()

    @operation("secrets/<identifier>", "SecretsReader")
    def get_secret(identifier: str) -> Row:
        return instance.get(identifier).read()

    @operation("secrets/<identifier>/metadata", "Reader")
    def get_secret_metadata(identifier: str) -> Row:
        return instance.get(identifier).metadata()

    @operation("secrets/<identifier>/metadata", "Writer", "PATCH")
    def update_secret_metadata(identifier: str) -> Row:
        return instance.update_metadata(identifier, _body())

    @operation("secrets/<identifier>/versions", "Reader")
    def list_secret_versions(identifier: str) -> Row:
        found = instance.get(identifier)
        versions = [found.version(number) for number in range(len(found.versions))]
        return {"versions": versions, "total_count": len(versions)}

    @operation("secrets/<identifier>/versions", "Writer", "POST")
    def create_secret_version(identifier: str) -> Row:
        return instance.add_version(identifier, _body())

    @operation("secret_groups", "Reader")
    def list_secret_groups() -> Row:
        return {"secret_groups": list(instance.groups.values()), "total_count": len(instance.groups)}

    return app


def _answer(world: World, body: Body, subjects: list[str], process: Callable[[Entry], tuple[Row, int]]) -> Response:
    """The response to a request, logged; which may be none at all, or not the right one."""
    instance, operation = world.secrets_manager, str(request.endpoint)
    entry = Entry(dates.now().isoformat(), operation, request.method, request.path, request.args.to_dict(), subjects)
    instance.calls.append(entry)
    world.stopping.wait(world.settings.latency_ms / 1000)
    call = Call("http", "", operation, arguments=tuple(subjects))
    rule = instance.faults.pick(call)
    try:
        if rule is not None and rule.kind in faults.BEFORE:
            response = softlayer.instead(rule)
        elif rule is not None and rule.kind == "fault":
            raise Refusal(rule.status, rule.message, code=rule.code)
        else:
            with world.lock:
                row, status = process(entry)
                response = _json(row, status)
                instance.happen(call)
        entry.outcome = "ok"
    except Refusal as refusal:
        entry.outcome = refusal.code
        response = _json(body(refusal, str(uuid.uuid4())), refusal.status)
    if rule is not None:
        entry.outcome = rule.kind
        if rule.kind in faults.AFTER:
            response = softlayer.spoil(rule, response)
    entry.status = None if fate_of(request).reset else response.status_code
    return response


def _subjects(world: World, of_path: dict[str, str]) -> list[str]:
    """What a call is about: what its path names, the secret's name, or the name that is to be created."""
    subjects = list(of_path.values())
    if secret := world.secrets_manager.secrets.get(of_path.get("identifier", "")):
        subjects.append(secret.row["name"])
    if request.method == "POST" and not subjects:
        subjects.append(str(_body().get("name")))
    return subjects


def _body() -> dict[str, Any]:
    given = request.get_json(silent=True)
    return given if isinstance(given, dict) else {}


def _json(row: Row, status: int) -> Response:
    response = jsonify(row)
    response.status_code = status
    return response
