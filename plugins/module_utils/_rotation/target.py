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
    """A listener or an endpoint: what it must serve, what becomes of it, and what was seen there."""

    REASONS = frozenset(t.get_args(DeployReason)) - {"not_served", "not_accepted", "unreachable"}
    RESET_ON_FAILURE = {"is_changed": False}
    is_managed: t.ClassVar[bool]
    """Whether the API says what it has, and it can be given something else: whether it is a listener."""

    target: StoreCertificate | None = field(default=None, repr=False)
    """The certificate meant for it."""
    target_id: int | None = None
    """The id of the one meant for it, even if the store does not have it; `None` if it is not stored yet."""
    is_changed: bool = False
    """Whether it was, or would be, given another certificate, even if that was undone afterwards."""
    renewal_id: int | None = None
    """For one that is left as it is, though the store has a better certificate: the id of that."""
    served: bool | None = None
    accepted: bool | None = None
    """Whether a client accepts what is served, at each address; `None` if that is not known."""
    refusal: str | None = None
    """Why it does not, as the end of a sentence."""
    is_everywhere: bool = True
    """Whether what is served was seen at each of its addresses."""
    leaves: Leaves = field(default=(), repr=False)
    """The certificate that was seen at each address, `None` where nothing was seen."""
    served_fingerprint: str | None = None
    seen: tuple[tuple[Certificate, ...], ...] = field(default=(), repr=False)
    """What was seen: certificates, each followed by what came with it; what should be served comes last."""

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
        """Where clients find it."""
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
        """What tells it from others in a run: a listener's uuid, which is empty if it was not found."""
        return self.name

    @property
    def previous_id(self) -> int | None:
        """The id of the certificate that it had in the API."""
        return None

    @property
    def final_handle(self) -> Handle | None:
        """The handle of the certificate that it has in the API after this, or is seen to serve, or must serve."""
        return self.target.handle if self.target else None

    @property
    def has_failed(self) -> bool:
        """Whether it could not be given, or does not serve, what is meant for it."""
        return self.outcome in {"failed", "rolled_back"}

    @property
    def serves_something_else(self) -> bool:
        """Whether it was seen to serve another certificate than it has; one that was pointed back was seen before that."""
        return self.served is False and self.outcome != "rolled_back"

    @property
    def is_known(self) -> bool:
        """Whether it is known what it must serve, so that it can be compared with what is served."""
        return self.target is not None and self.target.certificate is not None

    @property
    def is_to_be_seen(self) -> bool:
        """Whether it can be looked at whether it serves what it should: the new certificate, or the one that it keeps."""
        return self.is_known and not self.has_failed

    @property
    def expected_name(self) -> str | None:
        """The name in tables of what was not seen, if no certificate is known that has one."""
        return None

    @property
    def expectation(self) -> Mapping[str, t.Any]:
        """What it should serve, and why it might serve something else, as facts of a message."""
        raise NotImplementedError

    @property
    def message(self) -> str:
        """What becomes of it, and what was seen of it."""
        return messages_deploy.of_target(self.outcome, self.reason, self.facts, self.form)

    def as_result(self, view: TrustView) -> dict[str, t.Any]:
        """Return it in the form of the module's results."""
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


Some = t.TypeVar("Some", bound=Target)


def updated(targets: Iterable[Some], anew: Iterable[Some]) -> list[Some]:
    """Return listeners or endpoints, those in place of them that were looked at anew."""
    by_uuid = {target.uuid: target for target in anew}
    return [by_uuid.get(target.uuid, target) for target in targets]
