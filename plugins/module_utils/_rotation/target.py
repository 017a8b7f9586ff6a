# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The common base of listeners and endpoints, which must serve certificates. Private to softlayer.certificates. Pure."""

from __future__ import annotations

import typing as t
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from .._base.action import Action
from .._base.codes import ApprovalReason, DeployOutcome, DeployReason, HeldBackReason
from .._probe.evaluate import Leaves
from .._replacement.trust import TrustView
from .._softlayer.store import Handle, StoreCertificate
from .._x509.certificate import Certificate
from .._x509.lifespan import UNKNOWN_LIFESPAN
from . import messages_deploy

TargetReason = t.Literal[DeployReason, ApprovalReason, HeldBackReason]


@dataclass(frozen=True, kw_only=True)
class Target(Action[DeployOutcome, TargetReason], ABC):
    """A listener or an endpoint: expected certificate, outcome, and result of the verification."""

    REASONS = frozenset(t.get_args(DeployReason)) - {"not_served", "not_accepted", "unreachable"}
    RESET_ON_FAILURE = {"is_changed": False}
    is_managed: t.ClassVar[bool]
    """Whether the API returns and changes the certificate, as for all listeners."""

    target: StoreCertificate | None = field(default=None, repr=False)
    """The record of the expected certificate."""
    target_id: int | None = None
    """The ID of the expected certificate, even without a record in the store; `None` before the import."""
    is_changed: bool = False
    """Whether the certificate was changed, even with a later rollback; in check mode, whether it would be."""
    renewal_id: int | None = None
    """The ID of a better certificate in the store that was not deployed."""
    served: bool | None = None
    accepted: bool | None = None
    """Whether a TLS client accepts the served certificate at each address; `None` if unknown."""
    rejection: str | None = None
    """The reason why a TLS client rejects the served certificate, as a clause."""
    is_everywhere: bool = True
    """Whether the served certificate was verified at all addresses."""
    leaves: Leaves = field(default=(), repr=False)
    """The certificate that each address serves; `None` for an address without a handshake."""
    served_fingerprint: str | None = None
    served_chains: tuple[tuple[Certificate, ...], ...] = field(default=(), repr=False)
    """The served chains; a chain with the expected certificate comes last."""

    @property
    @abstractmethod
    def load_balancer(self) -> str:
        """The name of the load balancer, or the host of an endpoint."""

    @property
    def load_balancer_uuid(self) -> str | None:
        """The UUID of the load balancer; `None` for an endpoint."""
        return None

    @property
    @abstractmethod
    def address(self) -> str | None:
        """The host name or IP address."""

    @property
    @abstractmethod
    def port(self) -> int:
        """The TCP port."""

    @property
    def name(self) -> str:
        """The name in messages, such as `web:443`."""
        return f"{self.load_balancer}:{self.port}"

    @property
    def uuid(self) -> str:
        """The unique identifier in a run: the UUID of a listener (empty if not found), or the name of an endpoint."""
        return self.name

    @property
    def previous_id(self) -> int | None:
        """The ID of the certificate in the API before the run."""
        return None

    @property
    def final_handle(self) -> Handle | None:
        """The handle of the certificate in the API after the run; for an endpoint, of the expected certificate."""
        return self.target.handle if self.target else None

    @property
    def has_failed(self) -> bool:
        """Whether the switch or the verification failed."""
        return self.outcome in {"failed", "rolled_back"}

    @property
    def is_serving_other(self) -> bool:
        """Whether an unexpected certificate is served; always false after a rollback."""
        return self.served is False and self.outcome != "rolled_back"

    @property
    def is_known(self) -> bool:
        """Whether the expected certificate is readable, so that a probe can find it."""
        return self.target is not None and self.target.certificate is not None

    @property
    def is_verifiable(self) -> bool:
        """Whether a probe can verify the expected certificate."""
        return self.is_known and not self.has_failed

    @property
    def expected_name(self) -> str | None:
        """The name in tables if the certificate is unknown."""
        return None

    @property
    @abstractmethod
    def expectation(self) -> Mapping[str, t.Any]:
        """The expected certificate, as facts for a message about an unexpected served certificate."""

    @property
    def message(self) -> str:
        """The message about the outcome and the verification."""
        return messages_deploy.describe_target(self.outcome, self.reason, self.facts, self.form)

    def as_result(self, view: TrustView) -> dict[str, t.Any]:
        """Return the result record of the listener or endpoint."""
        facts = self.target.facts() if self.target else {}
        lifespan = view.find_lifespan(self.target) if self.target else UNKNOWN_LIFESPAN
        return {
            "load_balancer": self.load_balancer,
            "load_balancer_uuid": self.load_balancer_uuid,
            "address": self.address,
            "port": self.port,
            "listener_uuid": (self.uuid or None) if self.is_managed else None,
            "common_name": facts.get("common_name"),
            "subject_alt_names": facts.get("subject_alt_names") or [],
            "previous_certificate_id": self.previous_id,
            "certificate_id": self.target_id,
            "fingerprint_sha256": facts.get("fingerprint_sha256"),
            "not_after": facts.get("not_after"),
            **lifespan.as_result(),
            "served": self.served,
            "accepted": self.accepted,
            "served_fingerprint_sha256": self.served_fingerprint,
            **self.build_outcome(),
        }


AnyTarget = t.TypeVar("AnyTarget", bound=Target)


def merge_updates(targets: Iterable[AnyTarget], updates: Iterable[AnyTarget]) -> list[AnyTarget]:
    """Return listeners or endpoints with the given updates, matched by UUID."""
    by_uuid = {target.uuid: target for target in updates}
    return [by_uuid.get(target.uuid, target) for target in targets]
