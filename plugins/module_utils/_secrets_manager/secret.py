# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Parse secrets of IBM Cloud Secrets Manager. Private to softlayer.certificates.

Pure. Responses have the form of the SDK's models `...CertificateMetadata` and `...Certificate`; other properties are ignored.
"""

from __future__ import annotations

import re
import typing as t
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property

from .._base.errors import Obstacle
from .._base.names import is_host_name
from .._base.text import escape_invisible
from .._base.times import parse
from .._softlayer.values import as_dict
from .._x509.bundle import Bundle, Origin, Problem, read_parts
from .._x509.certificate import Certificate, normalize_names

IMPORTED_TYPE = "imported_cert"
"""The type of imported certificates."""
ACTIVE, DEACTIVATED = 1, 3
"""The states of a usable secret and of an expired certificate (NIST SP 800-57)."""
STATE_NAMES: Mapping[int, str] = {0: "pre-activation", 2: "suspended", 3: "deactivated", 5: "destroyed"}
MISSING_KEY: Problem = Obstacle("key_missing", {"has_key": False})
"""The problem with an imported certificate without a private key."""
KEY_ALGORITHM_PATTERN = re.compile(r"(RSA|EC|ECDSA)[-_ ]?P?[-_ ]?(\d+)", re.IGNORECASE)
"""Pattern of key algorithms with a key size, such as `RSA2048` and `EC256`."""


@dataclass(frozen=True)
class Secret:
    """The metadata of a secret. Certificate properties are empty for other secret types."""

    id: str
    crn: str
    name: str
    secret_type: str
    group_id: str
    labels: frozenset[str]
    state: int | None
    common_name: str | None
    alt_names: tuple[str, ...]
    key_algorithm: str
    serial_number: int | None
    not_before: datetime | None
    not_after: datetime | None
    has_private_key: bool
    has_chain: bool
    is_managed: bool
    """Whether the certificate belongs to a CSR that Secrets Manager created."""
    description: str = ""
    updated_at: str = ""
    """Time of the last change as the server returns it, to the second; empty if unknown."""
    versions_total: int | None = None
    """Total number of versions."""

    @cached_property
    def names(self) -> frozenset[str]:
        """The DNS names of the certificate."""
        return _collect_host_names(self.common_name, self.alt_names)

    @property
    def why_inactive(self) -> str | None:
        """Description of the state of an unusable secret, or `None`."""
        return None if self.state in {None, ACTIVE} else STATE_NAMES.get(self.state or 0, f"in the state {self.state}")

    def is_metadata_of(self, certificate: Certificate) -> bool:
        """Return whether a certificate matches the metadata."""
        algorithm = KEY_ALGORITHM_PATTERN.fullmatch(self.key_algorithm)
        size = certificate.key_size
        return (
            self.serial_number == certificate.serial_number
            and (self.not_before, self.not_after) == (certificate.not_before, certificate.not_after)
            and self.names == _collect_host_names(certificate.common_name, certificate.subject_alt_names)
            and (algorithm is None or size is None or int(algorithm[2]) == size)
        )


@dataclass(frozen=True)
class Value:
    """A certificate with the private key and the intermediate certificates, as PEM."""

    secret: Secret
    certificate: str
    private_key: str | None = field(repr=False)
    chain: str

    @cached_property
    def bundle(self) -> Bundle:
        """The parsed values; the path is the ID of the secret."""
        texts = {"certificate": self.certificate, "privatekey": self.private_key, "intermediate": self.chain or None}
        there = read_parts({part: None if text is None else text.encode() for part, text in texts.items()})
        problem = there.problem
        if problem:
            is_encrypted = problem.reason == "bad_passphrase"
            problem = Obstacle("malformed", {**problem.facts, "is_encrypted": is_encrypted})
        elif not there.matching_certificates:
            problem = Obstacle("key_missing", {"has_key": True}) if there.key else MISSING_KEY
        return replace(there, origin=Origin(self.secret.name, self.secret.id), problem=problem)

    @property
    def is_consistent(self) -> bool:
        """Whether the certificate matches the metadata; false if a renewal interfered."""
        number, there = self.secret.serial_number, self.bundle.certificates
        return number is None or not there or any(number == certificate.serial_number for certificate in there)


def parse_secret(row: Mapping[str, t.Any]) -> Secret | None:
    """Return the metadata in an API response; `None` without an ID or a type."""
    secret_type = row.get("secret_type")
    if not isinstance(secret_type, str) or not isinstance(row.get("id"), str) or not row["id"]:
        return None
    validity = as_dict(row.get("validity"))
    is_imported = secret_type == IMPORTED_TYPE
    return Secret(
        id=row["id"],
        crn=_parse_text(row.get("crn")),
        name=_parse_text(row.get("name")),
        secret_type=secret_type,
        group_id=_parse_text(row.get("secret_group_id")),
        labels=frozenset(map(str, _parse_list(row.get("labels")))),
        state=row.get("state") if isinstance(row.get("state"), int) else None,
        common_name=_parse_text(row.get("common_name")) or None,
        alt_names=tuple(escape_invisible(str(name)) for name in _parse_list(row.get("alt_names"))),
        key_algorithm=_parse_text(row.get("key_algorithm")),
        serial_number=_parse_serial_number(row.get("serial_number")),
        not_before=parse(validity.get("not_before")),
        not_after=parse(validity.get("not_after") or row.get("expiration_date")),
        has_private_key=not is_imported or row.get("private_key_included") is not False,
        has_chain=not is_imported or row.get("intermediate_included") is not False,
        is_managed=bool(as_dict(row.get("managed_csr"))),
        description=str(row.get("description") or ""),
        updated_at=_parse_text(row.get("updated_at")),
        versions_total=row.get("versions_total") if isinstance(row.get("versions_total"), int) else None,
    )


def parse_value(row: Mapping[str, t.Any]) -> Value | None:
    """Return the secret and the values in an API response; `None` without a certificate."""
    secret = parse_secret(row)
    certificate = row.get("certificate")
    if secret is None or not isinstance(certificate, str) or not certificate:
        return None
    private_key = row.get("private_key")
    issuers = (row.get(name) for name in ("intermediate", "issuing_ca", "ca_chain"))
    return Value(
        secret,
        certificate,
        private_key if isinstance(private_key, str) and private_key else None,
        "\n".join(
            pem for given in issuers for pem in (given if isinstance(given, list) else [given]) if isinstance(pem, str)
        ),
    )


def _collect_host_names(common_name: str | None, alternatives: Iterable[str]) -> frozenset[str]:
    return normalize_names(common_name, filter(is_host_name, alternatives))


def _parse_text(value: object) -> str:
    return escape_invisible(value) if isinstance(value, str) else ""


def _parse_list(value: object) -> Iterable[t.Any]:
    return value if isinstance(value, list) else ()


def _parse_serial_number(value: object) -> int | None:
    """Parse a hexadecimal serial number with optional colons or hyphens."""
    try:
        return int(str(value).replace(":", "").replace("-", "").strip(), 16)
    except ValueError:
        return None
