# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a nightly rotation costs: from the certificates in a folder to what load balancers serve, seen by a TLS handshake."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from tests.benchmark.figures import Case
from tests.benchmark.scenario import Scenario, Way
from tests.benchmark.stage import Fleet, Job
from tests.support.certificates import DAY, NOW, Authority, certificate_of, pem_of

CREATE, UPDATE = "createObject", "updateLoadBalancerProtocols"
NAMES_OF_A_BALANCER = 7.5
"""300 names on 40 load balancers."""
LOCK_MS = 2_000
"""How long a load balancer is locked by a change."""
CHANGES_AT_ONCE = 4
"""Load balancers that are changed at once: the role's default."""
LOOKS = "looks"


def balancers_of(names: int) -> int:
    """How many load balancers so many names are on."""
    return math.ceil(names / NAMES_OF_A_BALANCER)


def floor_seconds(case: Case) -> float:
    """What the network and the load balancers alone take to rotate all: each import is a call, and each balancer a change and a lock."""
    call = case.latency_ms / 1000
    changes = math.ceil(balancers_of(case.orders) / CHANGES_AT_ONCE)
    return math.ceil(case.orders / case.concurrency) * call + changes * (call + LOCK_MS / 1000)


class Rotation(Scenario):
    """The base of both: the certificates of all orders are in the store, and each is served by a listener at least."""

    fleet_is_stored = True

    @classmethod
    def fleet(cls, orders: int) -> Fleet:
        """What the account has in a case of so many names."""
        balancers = balancers_of(orders)
        return Fleet(orders, orders, balancers, math.ceil(orders / balancers))

    def prepare(self) -> None:
        """Write two folders: one with what the store has, one with newer certificates for the same keys and names."""
        if "folders" in self.stage.cache:
            return
        folders = {name: self.stage.new_path(f".{name}") for name in ("stored", "renewed")}
        for folder in folders.values():
            folder.mkdir()
        authority = Authority()
        roots = self.stage.new_path(".pem")
        roots.write_text(pem_of([authority.root]) + self.stage.sim.authority_root.read_text("ascii"), encoding="ascii")
        for record in self.stage.sim.certificates():
            keep(folders["stored"], record, record["certificate"], record["intermediateCertificate"])
            keep(folders["renewed"], record, renew(record, authority), pem_of(authority.chain))
        self.stage.cache["folders"] = folders
        self.stage.cache["roots"] = str(roots)

    def rotate(self, title: str, folder: str, creates: int, updates: int) -> Way:
        """The playbook, as it is run every night."""

        def make(_items: int) -> Job:
            variables = {
                "sources": [{"folder": str(self.stage.cache["folders"][folder])}],
                "trusted_ca_path": self.stage.cache["roots"],
                "max_listeners": 2 * self.case.orders,
                "ledger_url": self.ledger(),
            }
            return self.stage.playbook_of_role(
                "rotate",
                {f"ssl_rotation_{name}": value for name, value in variables.items()},
                makes={CREATE: creates, UPDATE: updates},
                settings={"balancer_lock_ms": LOCK_MS},
            )

        return Way("ansible", title, make)


class Rotate(Rotation):
    """All certificates are new."""

    name = "rotate"
    title = "Rotate: each name has a new certificate"

    def ways(self) -> list[Way]:
        names = self.case.orders
        return [self.bare(), self.rotate("rotate, playbook", "renewed", names, balancers_of(names))]


class RotateAgain(Rotation):
    """All is as it should be, as on most nights."""

    name = "rotate_again"
    title = "Rotate: nothing is left to do"

    def ways(self) -> list[Way]:
        return [
            self.bare(),
            Way("lists", "both lists are read, playbook", lambda _items: self.stage.playbook(*self._reading())),
            Way(LOOKS, "and all listeners looked at, playbook", lambda _items: self._looking()),
            self.rotate("rotate, playbook", "stored", 0, 0),
        ]

    def _reading(self) -> list[dict[str, Any]]:
        return [
            {"softlayer.certificates.ssl_certificate_info": {}},
            {"softlayer.certificates.ssl_certificate_deploy": {"max_listeners": 0}, "check_mode": True},
        ]

    def _looking(self) -> Job:
        store, listeners = self._reading()
        looks = {"verify": True, "trusted_ca_path": self.stage.cache["roots"]}
        listeners["softlayer.certificates.ssl_certificate_deploy"] |= looks
        return self.stage.playbook(store, {**listeners, "check_mode": False})


def keep(folder: Path, record: dict[str, Any], certificate: str, chain: str) -> None:
    """Put a certificate, the key of a record of the store and a chain into a folder, as people keep them."""
    stem = folder / str(record["id"])
    for ending, text in ((".crt", certificate), (".key", record["privateKey"]), (".ca-bundle", chain)):
        stem.with_suffix(ending).write_text(text, encoding="ascii")


def renew(record: dict[str, Any], authority: Authority) -> str:
    """A newer certificate for the key and the names of a record of the store."""
    old = x509.load_pem_x509_certificate(record["certificate"].encode())
    names = old.extensions.get_extension_for_class(x509.SubjectAlternativeName).value.get_values_for_type(x509.DNSName)
    key = load_pem_private_key(record["privateKey"].encode(), None)
    validity = {"not_before": NOW, "not_after": NOW + 90 * DAY}
    new = certificate_of(old.subject, authority.issuer.subject, key, authority.key, names=names, **validity)  # type: ignore[arg-type]
    return pem_of([new])
