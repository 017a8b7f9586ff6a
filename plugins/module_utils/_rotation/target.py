# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What listeners and endpoints have in common: both must serve a certificate. Private to softlayer.certificates. Pure."""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from .._base.action import Action
from .._base.codes import ApprovalReason, DeployOutcome, DeployReason
from .._probe.evaluate import Leaves
from .._replacement.trust import TrustView
from .._softlayer.store import Handle, StoreCertificate
from .._x509.certificate import Certificate
from .._x509.lifespan import NOT_KNOWN
from . import messages_deploy

TargetReason = t.Literal[DeployReason, ApprovalReason]


@dataclass(frozen=True, kw_only=True)
class Target(Action[DeployOutcome, TargetReason]):
    """A listener or an endpoint: the certificate it must serve, its outcome, and the result of its verification."""

    REASONS = frozenset(t.get_args(DeployReason)) - {"not_served", "not_accepted", "unreachable"}
    RESET_ON_FAILURE = {"is_changed": False}
    is_managed: t.ClassVar[bool]
    """Whether it is a listener, whose certificate the API returns and can change."""

    target: StoreCertificate | None = field(default=None, repr=False)
    """The certificate that it must serve."""
    target_id: int | None = None
    """The ID of the certificate that it must serve, even if the store does not contain it; `None` if it is not stored yet."""
    is_changed: bool = False
    """Whether its certificate was changed, or would be, even if the change was rolled back."""
    renewal_id: int | None = None
    """The ID of a better certificate in the store, if the target was not switched to it."""
    served: bool | None = None
    accepted: bool | None = None
    """Whether a TLS client accepts the served certificate at each address; `None` if unknown."""
    refusal: str | None = None
    """Why the TLS client rejects it, as a clause."""
    is_everywhere: bool = True
    """Whether the served certificate was verified at each of its addresses."""
    leaves: Leaves = field(default=(), repr=False)
    """The certificate that each address serves; `None` for an address without a handshake."""
    served_fingerprint: str | None = None
    seen: tuple[tuple[Certificate, ...], ...] = field(default=(), repr=False)
    """The served chains; the expected chain comes last."""

    @property
    def load_balancer(self) -> str:
        """The name of its load balancer, or of its host."""
        raise NotImplementedError

    @property
    def load_balancer_uuid(self) -> str | None:
        """The uuid of its load balancer; `None` if the API does not know it."""
        return None

    @property
    def address(self) -> str | None:
        """Its address."""
        raise NotImplementedError

    @property
    def port(self) -> int:
        """Its port."""
        raise NotImplementedError

    @property
    def name(self) -> str:
        """Its name in messages."""
        return f"{self.load_balancer}:{self.port}"

    @property
    def uuid(self) -> str:
        """Its unique identifier in a run: the UUID of a listener; empty if the listener was not found."""
        return self.name

    @property
    def previous_id(self) -> int | None:
        """The id of the certificate that it had in the API."""
        return None

    @property
    def final_handle(self) -> Handle | None:
        """The handle of the certificate that it finally has in the API, or serves, or must serve."""
        return self.target.handle if self.target else None

    @property
    def has_failed(self) -> bool:
        """Whether it was not switched to the certificate, or does not serve it."""
        return self.outcome in {"failed", "rolled_back"}

    @property
    def is_serving_other(self) -> bool:
        """Whether it served another certificate than it has in the API; for a listener that was rolled back, before the rollback."""
        return self.served is False and self.outcome != "rolled_back"

    @property
    def is_known(self) -> bool:
        """Whether the expected certificate is known, so that it can be compared with the served one."""
        return self.target is not None and self.target.certificate is not None

    @property
    def is_verifiable(self) -> bool:
        """Whether its certificate can be verified: the new one, or the one that it keeps."""
        return self.is_known and not self.has_failed

    @property
    def expected_name(self) -> str | None:
        """Its name in tables if its certificate is unknown."""
        return None

    @property
    def expectation(self) -> Mapping[str, t.Any]:
        """The expected certificate, and why another one might be served, as facts of a message."""
        raise NotImplementedError

    @property
    def message(self) -> str:
        """The message about its outcome and its verification."""
        return messages_deploy.describe_target(self.outcome, self.reason, self.facts, self.form)

    def as_result(self, view: TrustView) -> dict[str, t.Any]:
        """Return the target in the form of the results of the module."""
        facts = self.target.facts() if self.target else {}
        lifespan = view.lifespan(self.target) if self.target else NOT_KNOWN
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
            **self.as_outcome(),
        }


AnyTarget = t.TypeVar("AnyTarget", bound=Target)


def merge_updates(targets: Iterable[AnyTarget], updates: Iterable[AnyTarget]) -> list[AnyTarget]:
    """Return listeners or endpoints, with newer states of some of them."""
    by_uuid = {target.uuid: target for target in updates}
    return [by_uuid.get(target.uuid, target) for target in targets]
