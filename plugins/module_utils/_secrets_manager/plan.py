# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Decide what to create and change in IBM Cloud Secrets Manager. Private to softlayer.certificates.

Pure. `plan_secret` decides by the metadata of the secrets, and `compare_content` by their values, because the metadata may not identify the
certificate. The rules of `can_replace` apply to a new current version. Check mode and diff mode show exactly the plan that a real run carries out.
"""

from __future__ import annotations

import typing as t
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from .._base.action import Action
from .._base.codes import Code, SecretOutcome, SecretReason
from .._base.errors import Obstacle
from .._base.names import build_diff_name, is_host_name
from .._base.text import escape_invisible
from .._base.times import format_time
from .._replacement.can_replace import (
    Overrides,
    PresentCertificate,
    can_supersede,
    find_replacement_obstacle,
    get_age,
    is_newer,
)
from .._replacement.trust import TrustView
from .._softlayer.store import StoreCertificate
from .._store.check import Content
from .._x509.bundle import Bundle, KeyRef
from .._x509.certificate import FACTS, Certificate, join_pem
from .._x509.chain import Trust
from . import messages
from .secret import DEACTIVATED, IMPORTED_TYPE, Secret

MAX_PART_BYTES = 100_000
"""Maximum size in bytes of a certificate, a chain, and a key in Secrets Manager."""
Part = t.Literal["certificate", "intermediate", "private_key"]
"""Name of a part of a version in the API."""


@dataclass(frozen=True)
class SecretAction(Action[SecretOutcome, Code]):
    """The planned or completed action for one certificate in Secrets Manager."""

    MESSAGE = messages.describe_action
    REASONS = frozenset(t.get_args(SecretReason)) | {"invalid_argument"}
    """The reason codes of an action; `invalid_argument` reports an invalid option."""
    CHECKS_STATE_ON_RETRY = True
    RESET_ON_FAILURE = {"content": None, "is_to_be_read": False, "changes": (), "metadata": {}}
    ERROR_DETAILS = frozenset({"trust", "version_id", "has_written"})

    name: str
    """Name of the secret that the user specified."""
    group: str
    """Name or ID of the secret group that the user specified."""
    group_id: str = ""
    labels: tuple[str, ...] | None = None
    """Expected labels; `None` for any."""
    description: str | None = None
    """Expected description; `None` for any."""
    certificate: Certificate | None = None
    trust: Trust | None = None
    warnings: tuple[Obstacle[str], ...] = ()
    content: Content | None = field(default=None, repr=False)
    """Expected content; `None` if unknown or invalid."""
    view: TrustView | None = field(default=None, repr=False, compare=False)
    """Trust of TLS clients, for the comparison with the current version; `None` with the option `force`."""
    secret: Secret | None = None
    """The existing secret; `None` if the secret does not exist yet."""
    is_to_be_read: bool = False
    """Whether the values of the existing secret must be read."""
    changes: tuple[Part, ...] = ()
    """Parts that require a new version."""
    issuers: tuple[Certificate, ...] = ()
    """Intermediate certificates of the new version."""
    metadata: Mapping[str, t.Any] = field(default_factory=dict)
    """Metadata properties to change, with the names of the API."""
    version_id: str | None = None
    has_written: bool = False
    """Whether a new version was created although the action failed."""

    def add_content(
        self, content: Content, warnings: tuple[Obstacle[str], ...], view: TrustView | None
    ) -> SecretAction:
        """Return the action that creates the secret with a content."""
        known = replace(self, certificate=content.certificate, trust=content.trust, warnings=warnings)
        return replace(known, content=content, view=view).plan_creation()

    def plan_creation(self) -> SecretAction:
        """Return the action that creates the secret, without the facts of an existing secret."""
        known = replace(self, outcome="created", facts={}, secret=None, is_to_be_read=False, changes=())
        return replace(known, issuers=self.expected_content.intermediates, metadata={}, version_id=None)

    @property
    def expected_content(self) -> Content:
        """The expected content of an action with a content."""
        return t.cast(Content, self.content)

    @property
    def key(self) -> tuple[str, str]:
        """Unique key of the secret: the ID of the group and the name, as in listings."""
        return self.group_id, escape_invisible(self.name)

    @property
    def changes_something(self) -> bool:
        """Whether the action changes, or would change, Secrets Manager."""
        return self.outcome in {"created", "updated"} or self.has_written

    def build_version(self) -> dict[str, str]:
        """Return the properties of a new version, with the names of the API."""
        content = self.expected_content
        chain = join_pem(self.issuers)
        return {
            "certificate": content.certificate.to_pem(),
            **({"intermediate": chain} if chain else {}),
            "private_key": content.private_key_pem,
        }

    def build_secret(self) -> dict[str, t.Any]:
        """Return the properties of a new secret, with the names of the API."""
        return {
            "secret_type": IMPORTED_TYPE,
            "name": self.name,
            "secret_group_id": self.group_id,
            **({} if self.labels is None else {"labels": list(self.labels)}),
            **({} if self.description is None else {"description": self.description}),
            **self.build_version(),
        }

    def as_result(self) -> dict[str, t.Any]:
        """Return the public facts of the action for the result of the module."""
        unknown: dict[str, t.Any] = {**dict.fromkeys(FACTS), "subject_alt_names": []}
        return {
            "id": self.secret.id if self.secret else None,
            "crn": self.secret.crn if self.secret else None,
            "version_id": self.version_id,
            "name": self.name,
            "secret_group": self.group,
            **(self.certificate.facts() if self.certificate else unknown),
            "trust": self.trust,
            **self.build_outcome(),
        }

    def as_diff(self) -> dict[str, t.Any]:
        """Return the public facts of the action for diff mode."""
        certificate, present = t.cast(Certificate, self.certificate), self.secret
        header = escape_invisible(f"{self.group}/{self.name}")
        before: dict[str, t.Any] = {}
        if present:
            now_there = {"labels": sorted(present.labels), "description": present.description}
            before = {
                **build_diff_name(present.common_name, present.common_name or ""),
                "serial_number": present.serial_number,
                "not_after": format_time(present.not_after),
                **{name: now_there[name] for name in self.metadata},
            }
        after = {
            **build_diff_name(certificate.common_name, certificate.shown_name),
            "serial_number": certificate.serial_number,
            "not_after": format_time(certificate.not_after),
            **self.metadata,
            "state": self.state,
        }
        return {"before_header": header, "after_header": header, "before": before, "after": after}


def plan_secret(new: SecretAction, there: Sequence[Secret], at: datetime) -> SecretAction:
    """Return the action for a certificate, by the metadata of the secrets with the same name.

    Args:
        new: the action that creates the secret.
        there: the secrets with the same name in the same group, of any type. Names are unique for each type, so an imported certificate takes
            precedence over secrets of other types.
        at: the current time.
    """
    imported = [secret for secret in there if secret.secret_type == IMPORTED_TYPE]
    if not there:
        return new
    if len(imported) > 1:
        return new.mark_failed("ambiguous", {"ids": sorted(secret.id for secret in imported)})
    present = (imported or list(there))[0]
    known = replace(new, secret=present)
    if present.secret_type != IMPORTED_TYPE:
        return known.mark_failed("wrong_type", {"secret_type": present.secret_type})
    if present.is_managed:
        return known.mark_failed("managed_csr", {})
    has_only_expired = present.state == DEACTIVATED and present.not_after is not None and present.not_after < at
    if present.why_inactive and not has_only_expired:
        return known.mark_failed("not_active", {"state": present.why_inactive})
    metadata: dict[str, t.Any] = {}
    if new.labels is not None and frozenset(new.labels) != present.labels:
        metadata["labels"] = list(new.labels)
    if new.description is not None and new.description != present.description:
        metadata["description"] = new.description
    return replace(known, outcome="unchanged", facts={}, is_to_be_read=True, metadata=metadata)


def compare_content(action: SecretAction, held: Bundle) -> SecretAction:
    """Return the action for a certificate, by the values of the existing secret.

    Certificates are compared by DER, and keys by their public keys. Without a specified chain, the chain of the secret does not change. The action
    fails if the certificate cannot replace the current version.
    """
    content = action.expected_content
    is_same = held.certificate == content.certificate
    differs: Mapping[Part, bool] = {
        "certificate": not is_same,
        "intermediate": bool(content.intermediates) and held.chain != content.intermediates,
        "private_key": held.key != KeyRef(content.certificate.public_key_sha256),
    }
    issuers = content.intermediates or (held.chain if is_same else ())
    changes = tuple(part for part, is_other in differs.items() if is_other)
    known = replace(action, is_to_be_read=False, issuers=issuers, changes=changes)
    refusal = find_version_obstacle(known, held, action.view) if changes and action.view else None
    if refusal:
        return known.mark_failed(refusal.reason, refusal.facts)
    changed = (*changes, *known.metadata)
    return replace(known, outcome="updated" if changed else "unchanged", facts={"changed": changed} if changed else {})


def find_version_obstacle(action: SecretAction, held: Bundle, view: TrustView) -> Obstacle[Code] | None:
    """Return the reason why a certificate with its chain cannot replace a secret's current version, or `None`.

    A certificate that became valid earlier can replace only an expired version. An unreadable version is compared by the names in its metadata.
    """
    new = StoreCertificate.create_unstored(action.expected_content.certificate, action.issuers)
    if held.certificate is None:
        names = frozenset(filter(is_host_name, action.secret.names if action.secret else ()))
        unread = PresentCertificate(names, frozenset(), frozenset(), None)
        return find_replacement_obstacle(new, unread if names else None, view, Overrides(untrusted=True))
    current = StoreCertificate.create_unstored(held.certificate, held.chain)
    is_same = held.certificate == new.certificate
    why = find_replacement_obstacle(
        new, PresentCertificate.of(current), view, Overrides(expired=True) if is_same else None
    )
    if why:
        return why
    if is_same:
        return Obstacle("chain_incomplete", {"lacks_issuers": True}) if is_newer(current, new, view) else None
    if held.certificate.not_after < view.at or can_supersede(new, current, view):
        return None
    facts = {"new": action.expected_content.certificate, "present": held.certificate}
    return Obstacle("ambiguous" if get_age(new) == get_age(current) else "superseded", facts)


def find_large_part(content: Content) -> Part | None:
    """Return the first part of a certificate that exceeds `MAX_PART_BYTES`, or `None`."""
    parts: Mapping[Part, str] = {
        "certificate": content.certificate.to_pem(),
        "intermediate": join_pem(content.intermediates),
        "private_key": content.private_key_pem,
    }
    return next((part for part, pem in parts.items() if len(pem) > MAX_PART_BYTES), None)


def mark_repeated(actions: Sequence[SecretAction]) -> list[SecretAction]:
    """Return the actions, with a failure for all items that specify the same secret."""
    positions: dict[tuple[str, str], list[int]] = defaultdict(list)
    for position, action in enumerate(actions):
        if action.group_id:
            positions[action.key].append(position)
    marked = []
    for action in actions:
        given = positions[action.key] if action.group_id else []
        if action.outcome == "failed" or len(given) < 2:
            marked.append(action)
        else:
            marked.append(action.mark_failed("ambiguous", {"items": given}))
    return marked
