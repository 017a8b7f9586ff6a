# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plan the probes of other endpoints than listeners, such as load balancers of a VPC. Private to softlayer.certificates. Pure."""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from .._base.codes import KeptReason
from .._base.errors import Obstacle
from .._base.names import encode_name, has_matching_name
from .._probe.endpoint import Demand, Endpoint, ExpectedCertificate
from .._replacement.index import StoreIndex
from .._replacement.trust import TrustView
from .._softlayer.store import StoreCertificate, certificate_of
from .._x509.certificate import Certificate
from .plan_deploy import ListenerAction
from .target import Target
from .world import World


def find_unknown_expectation(endpoints: Iterable[Endpoint], world: World) -> Obstacle[KeptReason] | None:
    """Return the obstacle of the first endpoint whose expected certificate is unknown; `None` if all are known."""
    for number, endpoint in enumerate(endpoints):
        demand = Demand.resolve(endpoint.expected, world.index, world.view) if endpoint.expected else None
        if demand and demand.why_unknown:
            return Obstacle("in_use", {"endpoint": number, "demand": demand})
    return None


@dataclass(frozen=True)
class EndpointAction(Target):
    """The planned or completed probe of an endpoint."""

    is_managed = False
    endpoint: Endpoint
    demand: Demand

    @property
    def load_balancer(self) -> str:
        """The host, with the requested server name if the name differs from the host."""
        host, asked = self.endpoint.address_text.rpartition(":")[0], self.endpoint.server_name
        return host if asked in {None, self.endpoint.host} else f"{asked} at {host}"

    @property
    def address(self) -> str:
        """The host name or IP address."""
        return self.endpoint.host

    @property
    def port(self) -> int:
        """The TCP port."""
        return self.endpoint.port

    @property
    def is_known(self) -> bool:
        """Whether the expected certificate is known."""
        return self.demand.why_unknown is None

    @property
    def expected_name(self) -> str | None:
        """The name in tables if the served certificate is unknown."""
        return next(iter(self.demand.names), None)

    @property
    def expectation(self) -> Mapping[str, t.Any]:
        """The expected certificate, as facts for a message."""
        return {"demand": self.demand}

    def can_serve(self, certificate: Certificate) -> bool:
        """Return whether a certificate covers the requested server name, or a name that the endpoint must serve."""
        names = {self.endpoint.checked_name, *self.demand.names}
        names |= {name for record in self.demand.records[:1] for name in certificate_of(record).identities}
        return any(certificate.is_accepted_for(name) for name in names) or has_matching_name(
            certificate.identities, names
        )

    def is_at(self, listener: ListenerAction, ip_address: str | None) -> bool:
        """Return whether the endpoint has the address and port of a listener."""
        is_host = listener.address is not None and encode_name(listener.address) == self.endpoint.network_host
        known = {address for address, _leaf in listener.leaves if address is not None}
        return self.port == listener.port and (is_host or ip_address in known)

    def as_result(self, view: TrustView) -> dict[str, t.Any]:
        """Return the result record of the endpoint."""
        names = {} if self.target else {"subject_alt_names": list(self.demand.names)}
        return {**super().as_result(view), **names}


def plan_endpoints(world: World, endpoints: Iterable[Endpoint], patterns: Sequence[str] | None) -> list[EndpointAction]:
    """Return the actions for the endpoints to probe.

    Args:
        world: the most recently read world, with the imports of the run.
        endpoints: the specified endpoints, each with an expected certificate.
        patterns: patterns of names of the expected certificates; `None` means no restriction.
    """
    planned = []
    for endpoint in endpoints:
        demand = Demand.resolve(t.cast(ExpectedCertificate, endpoint.expected), world.index, world.view)
        target = demand.records[0] if demand.records else None
        if patterns is not None and not has_matching_name([*demand.names, *(target.names if target else ())], patterns):
            continue
        action = EndpointAction(
            "unchanged",
            None,
            {"demand": demand},
            endpoint,
            demand,
            target=target,
            target_id=target.id if target else None,
            is_everywhere=False,
        )
        planned.append(action.mark_failed("not_found", action.facts) if demand.why_unknown else action)
    return planned


def add_served_record(action: EndpointAction, index: StoreIndex) -> EndpointAction:
    """Return an endpoint with the record of its served certificate, if the endpoint serves the expected certificate."""
    if not action.served:
        return action
    leaf, *sent = action.served_chains[-1]
    record = next(iter(index.find_copies(leaf)), StoreCertificate.create_unstored(leaf, tuple(sent)))
    return replace(action, target=record, target_id=record.id)
