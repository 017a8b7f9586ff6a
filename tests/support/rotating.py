# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a rotation knows: certificates of sources, and listeners with what was done about them and what was seen."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from ansible_collections.softlayer.certificates.plugins.module_utils._replacement.trust import TrustView
from ansible_collections.softlayer.certificates.plugins.module_utils._rotation.plan_deploy import ListenerAction, Place
from ansible_collections.softlayer.certificates.plugins.module_utils._rotation.world import SourceCertificate, World
from ansible_collections.softlayer.certificates.plugins.module_utils._softlayer.load_balancers import Balancer, Listener
from ansible_collections.softlayer.certificates.plugins.module_utils._softlayer.store import (
    StoreCertificate,
    certificate_of,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.bundle import KeyRef

from tests.support.stored import Made, view_with


def entry(made: Made, number: int = 1, source: str = "certbot", **changed: Any) -> SourceCertificate:
    """A certificate of a source, with the chain that could be built of what the source has."""
    record = made.record(None)
    chain = view_with().find_chain(record)
    found = SourceCertificate(
        source,
        f"entry-{number}",
        f"/{source}/{number}/cert.pem",
        replace(record, intermediates=tuple(chain.issuers)),
        chain,
        KeyRef(certificate_of(record).public_key_sha256, real_path=f"/{source}/{number}/privkey.pem"),
    )
    return replace(found, **changed)


def world_of(stored: Iterable[StoreCertificate], *balancers: Balancer, view: TrustView | None = None) -> World:
    """What a store and balancers hold."""
    view = view or view_with()
    return World(list(stored), list(balancers), view, view.at)


def balancer(name: str, ciphers: tuple[str, ...] = (), **ports: int | None) -> Balancer:
    """A load balancer, with the ids of the certificates that its ports have, such as ``p443=1``."""
    listeners = tuple(
        Listener(f"{name}-{port[1:]}", "HTTPS", int(port[1:]), certificate_id) for port, certificate_id in ports.items()
    )
    uuid = f"uuid-of-{name}"
    return Balancer(7, uuid, name, f"{name}.lb", "ACTIVE", None, ciphers, listeners)


def listener(
    had: int | None,
    has: StoreCertificate | None,
    name: str = "web",
    *,
    port: int = 443,
    served: bool | None = True,
    ciphers: tuple[str, ...] = (),
    **changed: Any,
) -> ListenerAction:
    """What became of a listener that had a certificate by its id, and has one now; it was seen, if nothing else is said."""
    at = balancer(name, ciphers, **{f"p{port}": had})
    identifier = has.id if has else had
    is_switched = identifier != had
    action = ListenerAction(
        "switched" if is_switched else "unchanged",
        None,
        {} if is_switched else {"kept": "same"},
        Place(at, at.listeners[0]),
        target=has,
        target_id=identifier,
        is_changed=is_switched,
        served=served,
        accepted=True if served else None,
    )
    return replace(action, **changed)
