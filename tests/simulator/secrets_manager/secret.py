# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A secret with its versions, and the shapes it is shown in."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .. import dates
from ..metadata import Row
from . import certificates
from .certificates import written

CERTIFICATES = frozenset({"public_cert", "imported_cert"})
STATES = {0: "pre_activation", 1: "active", 2: "suspended", 3: "deactivated", 5: "destroyed"}
VALUES = frozenset({*certificates.PARTS, "csr", "payload"})
SOMEBODY = "IBMid-5500000000"
"""Who has made all that there is."""
_EXPIRED = 3
"""The state of a certificate after its end."""
_NEVER = "1970-01-01T00:00:00Z"
_OF_CERTIFICATE_VERSIONS = ("expiration_date", "serial_number", "validity")


@dataclass
class Version:
    """One version: what is its own, what its certificate tells, and what only those may read who may read values."""

    row: Row
    facts: Row
    values: Row


@dataclass
class Secret:
    """A secret; what ``row`` has counts for more than what the newest version, the last, tells."""

    row: Row
    versions: list[Version] = field(default_factory=list)

    @property
    def id(self) -> str:
        """The UUID."""
        return str(self.row["id"])

    def metadata(self) -> Row:
        """As listings show it: what is empty is left out."""
        return _present({**self.versions[-1].facts, **self.row, "versions_total": len(self.versions)})

    def whole(self) -> Row:
        """Metadata and values."""
        return {**self.metadata(), **_present(self.versions[-1].values)}

    def read(self) -> Row:
        """Metadata and values, and note that somebody had them."""
        self.row |= {"downloaded": True, "retrieved_at": written(dates.now())}
        self.versions[-1].row["downloaded"] = True
        return self.whole()

    def version(self, number: int) -> Row:
        """The metadata of a version, the oldest of which is 0; its payload is kept for two."""
        version, age = self.versions[number], len(self.versions) - 1 - number
        return _present(
            {
                **version.row,
                "secret_id": self.id,
                "secret_name": self.row["name"],
                "secret_type": self.row["secret_type"],
                "secret_group_id": self.row["secret_group_id"],
                "alias": ("current", "previous", None)[min(age, 2)],
                "payload_available": age < 2,
                **{name: version.facts.get(name) for name in _OF_CERTIFICATE_VERSIONS},
            }
        )

    def add_version(self, given: Mapping[str, Any], *, rotated: bool = False) -> Row:
        """A new version of what is given, whoever gives it; the version with its values."""
        secret_type, now = self.row["secret_type"], written(dates.now())
        row = {
            "id": str(uuid.uuid4()),
            "created_at": now,
            "created_by": SOMEBODY,
            "auto_rotated": rotated,
            "downloaded": False,
            "version_custom_metadata": given.get("version_custom_metadata"),
        }
        facts, values = _contents(secret_type, {"bundle_certs": self.row.get("bundle_certs"), **given})
        self.versions.append(Version(row, facts, values))
        self.row["updated_at"] = now
        if self.row.get("state") == _EXPIRED:
            self.row["state"] = _state(secret_type, facts, now)
            self.row["state_description"] = STATES[self.row["state"]]
        return {**self.version(len(self.versions) - 1), **_present(values)}


def new(given: Mapping[str, Any], crn: str) -> Secret:
    """A secret of what is given, past all checks; what is not known goes into its metadata as it is."""
    given, identifier, now = dict(given), str(uuid.uuid4()), written(dates.now())
    contents = {name: given.pop(name) for name in (*VALUES, "version_custom_metadata") if name in given}
    secret_type = given.setdefault("secret_type", "imported_cert")
    secret = Secret({**_BY_TYPE.get(secret_type, {}), **_COMMON, "id": identifier, "crn": f"{crn}:secret:{identifier}"})
    secret.row |= {"created_at": now, "created_by": SOMEBODY, **given}
    secret.add_version(contents)
    facts = secret.versions[-1].facts
    if given.get("managed_csr"):
        csr = certificates.managed_csr(contents["private_key"], facts.get("common_name") or secret.row["name"])
        secret.row["managed_csr"], secret.versions[-1].values["csr"] = csr, csr["csr"]
    if secret.row.get("state") is None:
        secret.row["state"] = _state(secret_type, facts, now)
    secret.row["state_description"] = STATES[secret.row["state"]]
    return secret


_COMMON: Row = {"secret_group_id": "default", "downloaded": False, "retrieved_at": _NEVER, "locks_total": 0}
_BY_TYPE: dict[str, Row] = {
    "public_cert": {
        "bundle_certs": True,
        "ca": "lets-encrypt",
        "dns": "classic-infrastructure",
        "rotation": {"auto_rotate": True, "rotate_keys": False},
    },
}


def _contents(secret_type: str, given: Mapping[str, Any]) -> tuple[Row, Row]:
    """Facts and values of a version."""
    if secret_type not in CERTIFICATES:
        return {}, {name: given[name] for name in VALUES & given.keys()}
    values = certificates.values(secret_type, given)
    facts = certificates.facts(given["certificate"]) if "certificate" in values else {}
    if secret_type == "public_cert":
        facts.setdefault("key_algorithm", "RSA2048")  # it is chosen before there is a certificate
    if secret_type == "imported_cert":
        facts |= {f"{name}_included": name in values for name in ("intermediate", "private_key")}
    return facts, values


def _state(secret_type: str, facts: Row, now: str) -> int:
    """A certificate is active from the moment that it is there until it expires."""
    if secret_type in CERTIFICATES and "validity" not in facts:
        return 0
    return _EXPIRED if facts.get("expiration_date", now) < now else 1


def _present(row: Mapping[str, Any]) -> Row:
    return {name: value for name, value in row.items() if value not in (None, "", [], {})}
