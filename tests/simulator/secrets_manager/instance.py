# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An instance of Secrets Manager: its secrets and groups, who may do what, and the tokens that IAM gave out."""

from __future__ import annotations

import base64
import json
import re
import secrets
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from .. import dates
from ..calls import Call
from ..faults import FaultBook, Rule
from ..metadata import Row
from . import certificates, secret
from .certificates import written
from .refusals import Refusal
from .secret import Secret

ROLES = ("None", "Reader", "SecretsReader", "Writer")
"""Each may do what the ones before it may: nothing; read metadata; read values; create secrets and versions."""

_DEFAULT_LIMIT, _MOST_AT_ONCE = 200, 1000
_SORTED_BY = frozenset(
    {"id", "created_at", "updated_at", "retrieved_at", "expiration_date", "secret_type", "name"},
)
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*[A-Za-z0-9]")
_LONGEST_NAME, _MOST_LABELS = 256, 30
_TOKEN_SECONDS = 3600
_LABEL_LENGTHS = range(2, 65)
_CREATED = ("arbitrary", "imported_cert")
"""What the API lets one create here: the others need an authority behind it."""
_CHANGEABLE = frozenset({"name", "description", "labels", "custom_metadata"})
_TAKEN = (*_CHANGEABLE, "secret_type", "secret_group_id")


@dataclass
class Entry:
    """A line of the log of calls, without anything secret; ``subjects`` are the ids and names it is about."""

    time: str
    operation: str
    method: str
    path: str
    query: dict[str, str]
    subjects: list[str]
    user: str | None = None
    status: int | None = None
    outcome: str | None = None


@dataclass
class Instance:
    """The state. Whoever reads or changes it holds the world's lock."""

    crn: str = f"crn:v1:bluemix:public:secrets-manager:us-south:a/{uuid.uuid4().hex}:{uuid.uuid4()}"
    faults: FaultBook = field(default_factory=FaultBook)

    def __post_init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """As at the start: no secrets, only the group that always exists, everybody with the roles of the beginning."""
        self.secrets: dict[str, Secret] = {}
        self.groups: dict[str, Row] = {}
        self.roles: dict[str, str] = {}
        self.calls: list[Entry] = []
        self.tokens: dict[str, tuple[str, float]] = {}
        self.changes: list[tuple[Rule, Callable[[], object]]] = []
        """What happens right after calls, such as a renewal between a listing and a read."""
        self.faults.clear()
        self.add_group("default", identifier="default")

    # What happens past the API

    def add(self, **given: Any) -> Row:
        """A new secret, past the API's checks; its metadata."""
        created = secret.new(given, self.crn)
        self.secrets[created.id] = created
        return created.metadata()

    def renew(self, identifier: str, **given: Any) -> Row:
        """A new version of any type, as by automatic rotation."""
        renewed = self.secrets[identifier]
        renewed.add_version(given, rotated=True)
        return renewed.metadata()

    def remove(self, identifier: str) -> None:
        """Delete a secret."""
        del self.secrets[identifier]

    def add_group(self, name: str, *, identifier: str | None = None) -> Row:
        """A new group."""
        now, identifier = written(dates.now()), identifier or str(uuid.uuid4())
        group = {"id": identifier, "name": name, "description": f"The group {name}", "created_by": secret.SOMEBODY}
        self.groups[identifier] = {**group, "created_at": now, "updated_at": now}
        return self.groups[identifier]

    def grant(self, username: str, role: str) -> None:
        """Let a user have this role, one of ``ROLES``."""
        if role not in ROLES:
            raise ValueError(f"no such role: {role}")
        self.roles[username] = role

    def expire_tokens(self) -> None:
        """No token that was given out is good any more, whatever it says."""
        self.tokens.clear()

    def happen(self, call: Call) -> None:
        """Let what was to follow this call happen."""
        for change in [change for rule, change in self.changes if rule.meets(call)]:
            change()

    # Logins

    def token(self, username: str) -> tuple[str, int, int]:
        """A new token, a JWT that nobody checks the signature of; its life in seconds, and its end in seconds of Unix."""
        now, life = int(time.time()), _TOKEN_SECONDS
        claims = {"iam_id": f"IBMid-{username}", "sub": username, "iat": now, "exp": now + life}
        parts = [json.dumps(part).encode() for part in ({"kid": "1", "alg": "RS256", "typ": "JWT"}, claims)]
        token = ".".join(map(_base64, [*parts, secrets.token_bytes(32)]))
        self.tokens[token] = (username, now + life)
        return token, life, now + life

    def authorize(self, authorization: str, needed: str, roles: Mapping[str, str]) -> str:
        """The user whose token this is, who has that role or one above it."""
        username, end = self.tokens.get(authorization.removeprefix("Bearer "), ("", 0.0))
        if end <= time.time():
            raise Refusal(401, "The token is not valid or has expired")
        if ROLES.index({**roles, **self.roles}[username]) < ROLES.index(needed):
            raise Refusal(403, "You are not authorized to perform this action")
        return username

    # What the API does

    def get(self, identifier: str) -> Secret:
        """A secret by its id."""
        try:
            return self.secrets[identifier]
        except KeyError:
            raise Refusal(404, f"Secret with id {identifier} was not found") from None

    def create(self, given: Mapping[str, Any]) -> Secret:
        """A new secret."""
        secret_type, group = given.get("secret_type"), given.get("secret_group_id", "default")
        if secret_type not in _CREATED or "managed_csr" in given:
            raise Refusal(501, f"{secret_type} is not simulated", code="not_simulated")
        self._check_names(given)
        if group not in self.groups:
            raise Refusal(404, f"Secret group {group} was not found")
        if secret_type == "imported_cert":
            certificates.check(given)
        taken = {
            (row["secret_group_id"], row["secret_type"], row["name"])
            for row in (found.row for found in self.secrets.values())
        }
        if (group, secret_type, given["name"]) in taken:
            raise Refusal(409, f"A secret of type {secret_type} with the name {given['name']} already exists")
        allowed = {*_TAKEN, *certificates.PARTS, "payload", "version_custom_metadata"}
        created = secret.new({name: given[name] for name in allowed & given.keys()}, self.crn)
        self.secrets[created.id] = created
        return created

    def add_version(self, identifier: str, given: Mapping[str, Any]) -> Row:
        """A new version of a secret that somebody gives its values."""
        changed = self.get(identifier)
        if changed.row["secret_type"] not in _CREATED:
            raise Refusal(501, f"{changed.row['secret_type']} is not simulated", code="not_simulated")
        if changed.row["secret_type"] == "imported_cert":
            certificates.check(given)
        return changed.add_version(given)

    def update_metadata(self, identifier: str, given: Mapping[str, Any]) -> Row:
        """Change what users say of a secret; what is not given stays (RFC 7396)."""
        changed = self.get(identifier)
        patch = {name: given[name] for name in _CHANGEABLE & given.keys()}
        self._check_names({**changed.row, **patch})
        changed.row |= patch | {"updated_at": written(dates.now())}
        return changed.metadata()

    def page(self, query: Mapping[str, str], url: str) -> Row:
        """A page of the listing at a URL."""
        rows = [row for row in (found.metadata() for found in self.secrets.values()) if _matches(row, query)]
        limit, offset = _number(query, "limit", _DEFAULT_LIMIT, 1), _number(query, "offset", 0, 0)
        if limit > _MOST_AT_ONCE:
            raise Refusal(400, f"limit must be at most {_MOST_AT_ONCE}")
        if order := query.get("sort"):
            if order.removeprefix("-") not in _SORTED_BY:
                raise Refusal(400, f"sort cannot be {order}")
            rows.sort(key=lambda row: row.get(order.removeprefix("-"), ""), reverse=order.startswith("-"))

        def link(start: int) -> Row:
            others = {name: value for name, value in query.items() if name not in ("limit", "offset")}
            page = {"limit": limit, **({"offset": start} if start else {})}
            return {"href": f"{url}?{urlencode({**page, **others})}"}

        return {
            "total_count": len(rows),
            "limit": limit,
            "offset": offset,
            "first": link(0),
            **({"next": link(offset + limit)} if offset + limit < len(rows) else {}),
            **({"previous": link(max(offset - limit, 0))} if offset else {}),
            "last": link(max(len(rows) - 1, 0) // limit * limit),
            "secrets": rows[offset : offset + limit],
        }

    def _check_names(self, given: Mapping[str, Any]) -> None:
        name, labels = given.get("name"), given.get("labels", [])
        if not isinstance(name, str) or not 2 <= len(name) <= _LONGEST_NAME:
            raise Refusal(400, f"name must have 2 to {_LONGEST_NAME} characters")
        if not _NAME.fullmatch(name):
            raise Refusal(400, "name has characters that are not allowed")
        if len(labels) > _MOST_LABELS or any(len(label) not in _LABEL_LENGTHS for label in labels):
            raise Refusal(400, f"there may be {_MOST_LABELS} labels, each of 2 to 64 characters")


def _matches(row: Row, query: Mapping[str, str]) -> bool:
    """Is it of these groups and types, with all these labels?"""
    given = {name: set(value.split(",")) for name, value in query.items() if value}
    return (
        row["secret_group_id"] in given.get("groups", {row["secret_group_id"]})
        and row["secret_type"] in given.get("secret_types", {row["secret_type"]})
        and given.get("match_all_labels", set()) <= set(row.get("labels", []))
    )


def _number(query: Mapping[str, str], name: str, default: int, least: int) -> int:
    text = query.get(name, str(default))
    if not text.isdecimal() or int(text) < least:
        raise Refusal(400, f"{name} must be a number of at least {least}")
    return int(text)


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
