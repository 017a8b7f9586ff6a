# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which kinds of objects there are, which fields they have, and what they refer to."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Fields = Mapping[str, Mapping[str, Any]]

_OPTIONS = Path(__file__).parent / "options"
_NAME = {"type": "string", "required": True, "max_length": 512}
_TEXT = {"type": "string", "required": False, "default": ""}
_ID = {"type": "id", "required": True}
_REFERENCES = {
    "credential": "credentials",
    "credential_type": "credential_types",
    "default_environment": "execution_environments",
    "execution_environment": "execution_environments",
    "inventory": "inventories",
    "organization": "organizations",
    "project": "projects",
    "source_project": "projects",
    "unified_job_template": "unified_job_templates",
    "workflow_job_template": "workflow_job_templates",
}


@dataclass(frozen=True)
class Kind:
    """One kind of object."""

    endpoint: str
    type: str
    fields: Fields
    unique: tuple[str, ...] = ("name", "organization")
    """Which fields tell its objects apart."""
    parents: tuple[str, ...] = ()
    """Fields whose object takes this one with it when it is deleted."""
    roles: tuple[str, ...] = ()
    associations: Mapping[str, str] = field(default_factory=dict)
    """Lists of other objects, and the endpoint these are found at."""

    def references(self) -> dict[str, str]:
        """Fields that name another object by its id, and the endpoint of that object."""
        return {name: endpoint for name, endpoint in _REFERENCES.items() if name in self.fields}


def _documented(endpoint: str) -> Fields:
    """What AWX says of the fields of a kind."""
    fields: Fields = json.loads((_OPTIONS / f"{endpoint}.json").read_text(encoding="utf-8"))
    return fields


_LINKS = {f"{way}_nodes": "workflow_job_template_nodes" for way in ("success", "failure", "always")}
_KINDS = (
    Kind(
        *("organizations", "organization", {"name": _NAME, "description": _TEXT}, ("name",)),
        roles=("admin", "member"),
        associations={"galaxy_credentials": "credentials"},
    ),
    Kind(
        *("teams", "team", {"name": _NAME, "description": _TEXT, "organization": _ID}),
        parents=("organization",),
        roles=("admin", "member", "read"),
    ),
    Kind("users", "user", {"username": _NAME}, ("username",)),
    Kind(
        *("execution_environments", "execution_environment"),
        {
            **{"name": _NAME, "description": _TEXT, "image": _NAME},
            **{"organization": {**_ID, "required": False}, "pull": _TEXT},
        },
        ("name",),
    ),
    Kind("credential_types", "credential_type", _documented("credential_types"), ("name", "kind")),
    Kind(
        *("credentials", "credential", _documented("credentials"), ("name", "organization", "credential_type")),
        roles=("admin", "use", "read"),
    ),
    Kind("projects", "project", _documented("projects"), roles=("admin", "use", "update", "read")),
    Kind("inventories", "inventory", _documented("inventories"), roles=("admin", "use", "update", "adhoc", "read")),
    Kind(
        *("inventory_sources", "inventory_source", _documented("inventory_sources"), ("name", "inventory")),
        parents=("inventory",),
    ),
    Kind(
        *("job_templates", "job_template", _documented("job_templates")),
        roles=("admin", "execute", "read"),
        associations={"credentials": "credentials", "labels": "labels"},
    ),
    Kind(
        *("workflow_job_templates", "workflow_job_template", _documented("workflow_job_templates")),
        roles=("admin", "execute", "approval", "read"),
    ),
    Kind(
        *("workflow_job_template_nodes", "workflow_job_template_node", _documented("workflow_job_template_nodes")),
        ("identifier", "workflow_job_template"),
        parents=("workflow_job_template",),
        associations=_LINKS,
    ),
    Kind(
        *("workflow_approval_templates", "workflow_approval_template"),
        {"name": _NAME, "description": _TEXT, "timeout": {"type": "integer", "required": False, "default": 0}},
        (),
    ),
    Kind(
        *("schedules", "schedule", _documented("schedules"), ("name", "unified_job_template")),
        parents=("unified_job_template",),
    ),
)
KINDS = {kind.endpoint: kind for kind in _KINDS}
TEMPLATES = (
    *("projects", "inventory_sources", "job_templates"),
    *("workflow_job_templates", "workflow_approval_templates"),
)
"""What `unified_job_templates` finds."""
