# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The API as a Flask application."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from flask import Flask, Response, g, jsonify, request

from . import rules
from .kinds import KINDS, TEMPLATES
from .rules import ENCRYPTED, Record, Refusal
from .world import World

_PAGING = ("page", "page_size", "order_by")
_READ_ONLY = ("GET", "HEAD", "OPTIONS")


@dataclass(frozen=True)
class Call:
    """One request, and how it was answered."""

    method: str
    path: str
    payload: Any
    status: int


def create_app(world: World, calls: list[Call]) -> Flask:
    """The application that answers for a world, and notes the requests."""
    app = Flask(__name__)
    app.url_map.strict_slashes = True
    api = "/api/v2"

    @app.errorhandler(Refusal)
    def refused(refusal: Refusal) -> tuple[Response, int]:
        return jsonify(refusal.body), refusal.status

    @app.before_request
    def authenticate() -> None:
        g.user = _user(world)
        changes = request.method not in _READ_ONLY and not request.path.endswith(("/launch/", "/tokens/"))
        if changes and not g.user["is_superuser"]:
            raise Refusal({"detail": "You do not have permission to perform this action."}, 403)

    @app.after_request
    def note(response: Response) -> Response:
        response.headers["X-API-Product-Name"] = "AWX"
        response.headers["X-API-Product-Version"] = "24.6.1"
        payload = request.get_json(silent=True)
        calls.append(Call(request.method, request.full_path.rstrip("?"), payload, response.status_code))
        return response

    @app.get(f"{api}/me/")
    def me() -> Response:
        return _page([{"id": g.user["id"], "username": g.user["username"], "is_superuser": g.user["is_superuser"]}])

    @app.post(f"{api}/tokens/")
    def make_token() -> tuple[Response, int]:
        token = f"token-{len(world.tokens)}"
        world.tokens[token] = g.user["id"]
        return jsonify(id=len(world.tokens), token=token), 201

    @app.delete(f"{api}/tokens/<int:number>/")
    def drop_token(number: int) -> tuple[str, int]:
        return "", 204

    @app.get(f"{api}/project_updates/")
    def project_updates() -> Response:
        return _page(_updates(world, int(request.args["project"]), request.args["status__in"].split(",")))

    @app.get(f"{api}/inventory_updates/")
    def inventory_updates() -> Response:
        return _page([])

    @app.post(f"{api}/project_updates/<int:number>/cancel/")
    def cancel(number: int) -> tuple[str, int]:
        world.updates[number]["status"] = "canceled"
        return "", 202

    @app.get(f"{api}/<any(jobs, workflow_jobs):endpoint>/")
    def jobs(endpoint: str) -> Response:
        of_type = [job for job in world.jobs.values() if f"{job['type']}s" == endpoint]
        return _page([job for job in of_type if _matches(world, job)])

    @app.get(f"{api}/<endpoint>/")
    def list_objects(endpoint: str) -> Response:
        if endpoint in world.out_of_order:
            world.out_of_order.remove(endpoint)
            raise Refusal({"detail": "The server is not able to handle this request."}, 503)
        found = [
            record for record in world.all(_known(endpoint)) if _visible(world, record) and _matches(world, record)
        ]
        return _page([_shown(world, record) for record in found])

    @app.post(f"{api}/<endpoint>/")
    def create(endpoint: str) -> tuple[Response, int]:
        return jsonify(_shown(world, world.create(_known(endpoint), request.get_json()))), 201

    @app.route(f"{api}/<endpoint>/<int:number>/", methods=["GET", "PATCH", "DELETE"])
    def one(endpoint: str, number: int) -> tuple[Response | str, int]:
        record = _find(world, endpoint, number)
        if request.method == "DELETE":
            return "", 204 if world.delete(endpoint, record) else 202
        if request.method == "PATCH":
            world.update(endpoint, record, request.get_json())
        return jsonify(_shown(world, record)), 200

    @app.route(f"{api}/<endpoint>/<int:number>/survey_spec/", methods=["GET", "POST"])
    def survey(endpoint: str, number: int) -> Response:
        record = _find(world, endpoint, number)
        if request.method == "POST":
            rules.check_survey(request.get_json())
            record["survey"] = request.get_json()
        return jsonify(record["survey"])

    @app.post(f"{api}/workflow_job_template_nodes/<int:number>/create_approval_template/")
    def create_approval(number: int) -> tuple[Response, int]:
        node = _find(world, "workflow_job_template_nodes", number)
        approval = world.create("workflow_approval_templates", request.get_json())
        node["unified_job_template"] = approval["id"]
        return jsonify(_shown(world, approval)), 201

    @app.post(f"{api}/<endpoint>/<int:number>/launch/")
    def launch(endpoint: str, number: int) -> tuple[Response, int]:
        template = _find(world, endpoint, number)
        if not world.may(g.user, template, "execute_role", "admin_role"):
            raise Refusal({"detail": "You do not have permission to perform this action."}, 403)
        sent = request.get_json(silent=True) or {}
        answers = {**sent, "extra_data": sent.get("extra_vars", {})}
        rules.check_launch(answers, template, template["survey"], complete=True)
        return jsonify(job=1), 201

    @app.route(f"{api}/roles/<int:number>/<actors>/", methods=["GET", "POST"])
    def role(number: int, actors: str) -> tuple[Response | str, int]:
        members: set[int] = getattr(world.roles[number], actors)
        if request.method == "GET":
            return _page([{"id": member} for member in sorted(members)]), 200
        change: Callable[[int], None] = members.discard if request.get_json().get("disassociate") else members.add
        change(request.get_json()["id"])
        return "", 204

    @app.route(f"{api}/<endpoint>/<int:number>/<name>/", methods=["GET", "POST"])
    def association(endpoint: str, number: int, name: str) -> tuple[Response | str, int]:
        record = _find(world, endpoint, number)
        if name not in KINDS[endpoint].associations:
            raise Refusal({"detail": "Not found."}, 404)
        if request.method == "GET":
            return _page([{"id": each} for each in record["associations"][name]]), 200
        sent = request.get_json()
        if sent.get("disassociate"):
            record["associations"][name].remove(sent["id"])
        else:
            world.associate(endpoint, record, name, sent["id"])
        return "", 204

    return app


def _user(world: World) -> Record:
    """Who asks, by token or by name and password."""
    login = request.authorization
    number = None
    if login and login.type == "bearer":
        number = world.tokens.get(login.token or "")
    elif login and world.passwords.get(login.username or "") == login.password:
        number = world.named("users", login.username or "")["id"]
    if number is None:
        raise Refusal({"detail": "Authentication credentials were not provided."}, 401)
    return world.objects["users"][number]


def _known(endpoint: str) -> str:
    if endpoint != "unified_job_templates" and endpoint not in {**KINDS, "labels": None}:
        raise Refusal({"detail": "The requested resource could not be found."}, 404)
    return endpoint


def _find(world: World, endpoint: str, number: int) -> Record:
    record = world.get(_known(endpoint), number)
    if record is None or not _visible(world, record):
        raise Refusal({"detail": "Not found."}, 404)
    return record


def _visible(world: World, record: Record) -> bool:
    return world.may(g.user, record)


def _matches(world: World, record: Record) -> bool:
    """Whether an object has all that the query asks for, and one of what comes with `or__`."""
    wanted = {name: value for name, value in request.args.items() if name not in _PAGING}
    either = [
        _has(world, record, name.removeprefix("or__"), wanted.pop(name))
        for name in list(wanted)
        if name.startswith("or__")
    ]
    return all(_has(world, record, name, value) for name, value in wanted.items()) and (not either or any(either))


def _has(world: World, record: Record, name: str, value: str) -> bool:
    field, _, rest = name.partition("__")
    if field not in record:
        raise Refusal({"detail": f"{record['type']} has no field named '{field}'"})
    if rest == "in":
        if not value:
            raise Refusal({"detail": "cannot provide empty value for __in"})
        return str(record[field]) in value.split(",")
    if rest:
        kind = next(kind for kind in KINDS.values() if kind.type == record["type"])
        endpoint = kind.references()[field]
        other = world.get(endpoint, record[field])
        return other is not None and _has(world, other, rest, value)
    if isinstance(record[field], bool):
        return str(record[field]).lower() == value.lower()
    return str(record[field]) == value


def _shown(world: World, record: Record) -> Record:
    """An object as AWX answers with it."""
    endpoint = next(kind.endpoint for kind in KINDS.values() if kind.type == record["type"])
    url = f"/api/v2/{endpoint}/{record['id']}/"
    hidden = {
        "survey",
        "associations",
        *(name for name, said in KINDS[endpoint].fields.items() if said.get("write_only")),
    }
    shown = {name: value for name, value in record.items() if name not in hidden}
    related = {"survey_spec": f"{url}survey_spec/"}
    template = world.get("unified_job_templates", record.get("unified_job_template"))
    if template:
        related["unified_job_template"] = f"/api/v2/{_endpoint(template)}/{template['id']}/"
    roles = {role.name: {"id": number} for number, role in world.roles.items() if role.target == record["id"]}
    if endpoint == "credentials":
        shown["inputs"] = _masked(record["inputs"], world.objects["credential_types"][record["credential_type"]])
    return {**shown, "url": url, "related": related, "summary_fields": {"object_roles": roles}}


def _endpoint(record: Record) -> str:
    return next(endpoint for endpoint in TEMPLATES if KINDS[endpoint].type == record["type"])


def _masked(inputs: Mapping[str, Any], credential_type: Record) -> Record:
    secret = {field["id"] for field in credential_type["inputs"].get("fields", []) if field.get("secret")}
    return {name: ENCRYPTED if name in secret else value for name, value in inputs.items()}


def _updates(world: World, template: int, statuses: list[str]) -> list[Record]:
    return [
        {**update, "url": f"/api/v2/project_updates/{number}/"}
        for number, update in world.updates.items()
        if update["template"] == template and update["status"] in statuses
    ]


def _page(results: list[Record]) -> Response:
    return jsonify(count=len(results), next=None, previous=None, results=results)
