# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is in AWX: objects, roles, and jobs and updates that nothing ever runs."""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field

from . import rules
from .kinds import KINDS, TEMPLATES, Kind
from .rules import ENCRYPTED, Record, Refusal

_ACTIVE = ("new", "pending", "waiting", "running")
_OF_JOBS = ("job_template", "workflow_job_template", "project", "inventory", "organization")
"""What a job refers to, by types; while it is active, none of this can be deleted (awx/api/views/mixin.py, `_get_related_jobs`)."""


@dataclass
class Role:
    """What some may do with one object."""

    name: str
    endpoint: str
    target: int
    users: set[int] = field(default_factory=set)
    teams: set[int] = field(default_factory=set)


class World:
    """All of it."""

    def __init__(self, local_paths: Mapping[str, list[str]] | None = None) -> None:
        self.objects: dict[str, dict[int, Record]] = {endpoint: {} for endpoint in KINDS}
        self.roles: dict[int, Role] = {}
        self.updates: dict[int, Record] = {}
        self.jobs: dict[int, Record] = {}
        self.tokens: dict[str, int] = {}
        self.passwords: dict[str, str] = {}
        self.local_paths = local_paths or {}
        self.background = False
        """Whether what AWX does in the background gets done, such as deleting an inventory."""
        self.out_of_order: set[str] = set()
        """Endpoints that fail the next time."""
        self._ids = itertools.count(1)
        self._bring_along()

    def add_user(self, username: str, *, superuser: bool = False) -> str:
        """A new user's token."""
        record = self.create("users", {"username": username})
        record["is_superuser"] = superuser
        token = secrets.token_hex(16)
        self.tokens[token] = record["id"]
        self.passwords[username] = secrets.token_hex(16)
        return token

    def _bring_along(self) -> None:
        """Make what each AWX has from the start: an organization with a credential for Ansible Galaxy."""
        organization = self.create("organizations", {"name": "Default"})
        token = self.create("credential_types", {"name": "Galaxy token", "kind": "cloud"})
        token |= {"kind": "galaxy", "managed": True}
        galaxy = self.create("credentials", {"name": "Ansible Galaxy", "credential_type": token["id"]})
        galaxy["managed"] = True
        self.associate("organizations", organization, "galaxy_credentials", galaxy["id"])

    def named(self, endpoint: str, name: str) -> Record:
        """The one object of that name."""
        (found,) = [record for record in self.all(endpoint) if record.get("name", record.get("username")) == name]
        return found

    def all(self, endpoint: str) -> Iterator[Record]:
        """Every object at an endpoint."""
        for each in TEMPLATES if endpoint == "unified_job_templates" else (endpoint,):
            yield from self.objects[each].values()

    def get(self, endpoint: str, number: int | None) -> Record | None:
        """An object by its id."""
        return next((record for record in self.all(endpoint) if record["id"] == number), None)

    def survives(self) -> dict[str, list[str]]:
        """The names of what there is, but for users and what each AWX has."""
        kept = {
            endpoint: [
                record.get("name") or record["identifier"] for record in self.all(endpoint) if not record["managed"]
            ]
            for endpoint in KINDS
            if endpoint != "users"
        }
        return {endpoint: names for endpoint, names in kept.items() if names}

    # What POST, PATCH and DELETE do.

    def create(self, endpoint: str, sent: Record) -> Record:
        """A new object, unless AWX refuses it."""
        kind = KINDS[endpoint]
        record: Record = {name: deepcopy(described.get("default")) for name, described in kind.fields.items()}
        record |= {"id": next(self._ids), "type": kind.type, "survey": {}, "managed": False}
        record.setdefault("organization", None)  # derived, where it cannot be given
        record["associations"] = {name: [] for name in kind.associations}
        if endpoint == "inventories":
            record["pending_deletion"] = False
        self._change(kind, record, sent)
        self.objects[endpoint][record["id"]] = record
        for name in kind.roles:
            self.roles[next(self._ids)] = Role(f"{name}_role", endpoint, record["id"])
        if record.get("scm_type"):
            self._start_update(record)
        return record

    def update(self, endpoint: str, record: Record, sent: Record) -> None:
        """Change an object, unless AWX refuses it."""
        changed = deepcopy(record)
        self._change(KINDS[endpoint], changed, sent)
        record.update(changed)

    def delete(self, endpoint: str, record: Record) -> bool:
        """Delete an object and what belongs to it; whether that is done when this returns."""
        if endpoint == "credential_types" and any(
            credential["credential_type"] == record["id"] for credential in self.all("credentials")
        ):
            raise Refusal({"detail": "Credential types that are in use cannot be deleted"}, 403)
        users = [update for update in self.updates.values() if update["template"] == record["id"]]
        users += [job for job in self.jobs.values() if job.get(record["type"]) == record["id"]]
        if any(user["status"] in _ACTIVE for user in users):
            raise Refusal({"error": "Resource is being used by running jobs."}, 409)
        if endpoint == "inventories" and not self.background:
            if record["pending_deletion"]:
                raise Refusal({"error": "Inventory is already pending deletion."})
            record["pending_deletion"] = True
            return False
        self._remove(endpoint, record)
        return True

    def _remove(self, endpoint: str, record: Record) -> None:
        del self.objects[endpoint][record["id"]]
        for number, role in list(self.roles.items()):
            if role.target == record["id"]:
                del self.roles[number]
        for job in self.jobs.values():  # it stays, without what is gone
            job.update({name: None for name in _OF_JOBS if job.get(name) == record["id"]})
        approval = self.objects["workflow_approval_templates"].get(record.get("unified_job_template") or 0)
        if approval and endpoint == "workflow_job_template_nodes":
            self._remove("workflow_approval_templates", approval)
        for kind in KINDS.values():
            for other in list(self.objects[kind.endpoint].values()):
                self._forget(kind, other, record["id"])

    def _forget(self, kind: Kind, other: Record, number: int) -> None:
        """Let an object no longer refer to one that is gone, or go with it."""
        for name, members in other["associations"].items():
            other["associations"][name] = [member for member in members if member != number]
        for name in kind.references():
            if other.get(name) == number:
                other[name] = None
                if name in kind.parents and other["id"] in self.objects[kind.endpoint]:
                    self._remove(kind.endpoint, other)

    def job_of(self, template: Record, status: str = "successful") -> int:
        """The number of a job of a template, or of a workflow job, that a workflow or another user has started."""
        number = next(self._ids)
        kind = template["type"].removesuffix("_template")
        of_job = {name: template.get(name) for name in _OF_JOBS} | {template["type"]: template["id"]}
        self.jobs[number] = {"id": number, "type": kind, "name": template["name"], "status": status, **of_job}
        return number

    def _start_update(self, project: Record) -> None:
        number = next(self._ids)
        status = "successful" if self.background else "pending"
        self.updates[number] = {"id": number, "template": project["id"], "status": status}

    def _change(self, kind: Kind, record: Record, sent: Record) -> None:
        known = {name: value for name, value in sent.items() if name in kind.fields}
        for name in [name for name, value in known.items() if value is None]:
            known[name] = kind.fields[name].get("default")
        if kind.endpoint == "credentials" and "inputs" in known:
            kept = {name: record["inputs"].get(name) for name, value in known["inputs"].items() if value == ENCRYPTED}
            known["inputs"] = {**known["inputs"], **kept}
        record |= deepcopy(known)
        rules.check_fields(kind, sent, record)
        for name, endpoint in kind.references().items():
            if record[name] is not None:
                rules.require(self.get(endpoint, record[name]), name, f'Invalid pk "{record[name]}" - no such object.')
        self._check(kind, record)
        if kind.unique:
            identity = [record.get(name) for name in kind.unique]
            for other in self.others(kind.endpoint, record):
                if identity == [other.get(name) for name in kind.unique]:
                    raise Refusal({"__all__": [f"{kind.type} with this {' and '.join(kind.unique)} already exists."]})

    def _check(self, kind: Kind, record: Record) -> None:
        """Ask the rules of the kind."""
        if kind.endpoint == "credential_types":
            rules.check_credential_type(record)
        elif kind.endpoint == "credentials":
            rules.check_credential(record, self.objects["credential_types"][record["credential_type"]])
        elif kind.endpoint == "projects":
            rules.check_project(record, self.others("projects", record), self.local_paths)
        elif kind.endpoint == "job_templates":
            project = self.get("projects", record["project"])
            rules.check_job_template(record, project, self.local_paths)
            record["organization"] = project and project["organization"]
        elif kind.endpoint == "inventory_sources":
            rules.check_inventory_source(record, self.get("projects", record["source_project"]))
            record["organization"] = self.objects["inventories"][record["inventory"]]["organization"]
        elif kind.endpoint in ("schedules", "workflow_job_template_nodes"):
            template = self.get("unified_job_templates", record["unified_job_template"])
            if template:
                complete = kind.endpoint == "schedules"
                rules.check_launch(record, template, template["survey"], complete=complete)
            if kind.endpoint == "schedules":
                rules.check_rrule(record["rrule"])

    def others(self, endpoint: str, record: Record) -> Iterable[Record]:
        """All objects at an endpoint but one."""
        return [other for other in self.all(endpoint) if other["id"] != record["id"]]

    def associate(self, endpoint: str, record: Record, name: str, number: int) -> None:
        """Add to a list of an object."""
        other = self.get(KINDS[endpoint].associations[name], number)
        if other is None:
            raise Refusal({"detail": "Not found."}, 404)
        if name == "galaxy_credentials":
            rules.require(self._kind_of(other) == "galaxy", "msg", "Credential must be a Galaxy credential.")
        elif name == "credentials":
            present = [self.objects["credentials"][each] for each in record["associations"][name]]
            rules.check_credentials_of_one(other, present)
        else:
            rules.check_link(record, other, name, self.objects["workflow_job_template_nodes"])
        record["associations"][name].append(number)

    def _kind_of(self, credential: Record) -> str:
        return str(self.objects["credential_types"][credential["credential_type"]]["kind"])

    # Who may do what.

    def may(self, user: Record, record: Record, *names: str) -> bool:
        """Whether a user has one of these roles on an object, or any role if none is named."""
        public = not names and record["type"] == "credential_type"
        if user["is_superuser"] or public:
            return True
        teams = {
            role.target
            for role in self.roles.values()
            if role.endpoint == "teams" and role.name == "member_role" and user["id"] in role.users
        }
        return any(
            role.target == record["id"]
            and (not names or role.name in names)
            and (user["id"] in role.users or teams & role.teams)
            for role in self.roles.values()
        )
