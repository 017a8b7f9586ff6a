# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is measured: each scenario is a class with the ways to do its work, and the ratios that these are measured for."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from functools import partial
from pathlib import Path
from typing import Any, ClassVar
from uuid import UUID

from tests.simulator.client import Simulator
from tests.tools.benchmark.figures import Case, Ratio
from tests.tools.benchmark.stage import COLLECTION, Job, Stage

BARE, SDK, MODULE, ROLE = "bare", "sdk", "module", "role"
RESEND, CREATE, SWITCH, READ = "resendEmail", "createObject", "updateLoadBalancerProtocols", "get_secret"
PARTS = ("certificate", "intermediateCertificate", "privateKey")
"""What a record of the store has of a certificate."""
LINEAGE = (("archive", "1"), ("live", ""))
"""Where certbot keeps the files, and the links to them; and how their names end."""
PING: dict[str, Any] = {"ansible.builtin.ping": {}}


@dataclass(frozen=True)
class Way:
    """One way to do a scenario's work."""

    name: str
    title: str
    make: Callable[[], Job]
    """Makes the job anew for each round, so that none finds what another one left in its ledger."""


class Scenario:
    """The base of all: a fleet, and the ways to do a work with it."""

    title: ClassVar[str]
    ratios: ClassVar[tuple[Ratio, ...]]

    @classmethod
    def fleet(cls, orders: int) -> dict[str, Any]:
        """What the simulated account of a case has, as options of the simulator."""
        return {"fleet": orders}

    def __init__(self, stage: Stage, case: Case) -> None:
        self.stage = stage
        self.case = case

    def prepare(self) -> None:
        """Make what the ways need; not measured."""

    def ways(self) -> list[Way]:
        """What is measured, in turn, in each round."""
        raise NotImplementedError

    # What several have in common

    def bare(self) -> Way:
        """A playbook that does nothing."""
        return Way(BARE, "bare Ansible", partial(self.stage.play, PING))

    def floor(self, what: str, *args: Any, **more: Any) -> list[Way]:
        """The bare SDK, where calls take time: without latency, all that it leaves undone would be what is measured."""
        make = partial(self.stage.sdk, what, self.case.concurrency, self.case.orders, *args, **more)
        return [Way(SDK, "bare SDK", make)] if self.case.latency_ms else []

    def ledger(self) -> str:
        """The URL of a ledger that nothing was noted in."""
        return f"sqlite:///{self.stage.new_path('.sqlite3')}"

    def request(self) -> Job:
        """The module that requests the email of every order."""
        limits = {"max_orders": self.case.orders, "ledger_url": self.ledger()}
        options = {"common_names": ["*"], "concurrency": self.case.concurrency, **limits}
        return self.stage.module("ssl_fulfillment_email", options, makes={RESEND: self.case.orders})

    def play(self, role: str, variables: dict[str, Any], **more: Any) -> Job:
        """A playbook with a role, as its users write it, with as many calls at once as the modules beside it make."""
        concurrency = {"concurrency": self.case.concurrency}
        modules = ("ssl_fulfillment_email", "ssl_certificate_import")
        task = {
            "ansible.builtin.include_role": {"name": f"{COLLECTION}.{role}"},
            "vars": {f"{role}_{name}": value for name, value in variables.items()},
        }
        return self.stage.play(task, defaults={f"{COLLECTION}.{name}": concurrency for name in modules}, **more)


class ListOrders(Scenario):
    """All orders of the account, over both transports."""

    title = "List all orders"
    ratios = (
        Ratio(MODULE, (SDK,), 3),
        Ratio("playbook", (MODULE, BARE), 1.3),
        Ratio(f"{SDK}_xmlrpc", (SDK,), 2, at_least=True),
        Ratio(f"{MODULE}_xmlrpc", (MODULE,), 1.2, at_least=True),
    )

    def ways(self) -> list[Way]:
        module = "ssl_order_info"
        alone = partial(self.stage.module, module, {}, says=("order_count", self.case.orders))
        bare_sdk = partial(self.stage.sdk, "orders", self.case.concurrency, self.case.orders)
        return [
            self.bare(),
            Way(SDK, "bare SDK", bare_sdk),
            Way(f"{SDK}_xmlrpc", "bare SDK over XML-RPC", partial(bare_sdk, transport="xmlrpc")),
            Way(MODULE, module, alone),
            Way(f"{MODULE}_xmlrpc", f"{module} over XML-RPC", partial(alone, transport="xmlrpc")),
            Way("playbook", "a playbook with it", partial(self.stage.play, {f"{COLLECTION}.{module}": {}})),
        ]


class RequestEmails(Scenario):
    """The email of every order, none of which was requested before."""

    title = "Request the fulfillment emails"
    ratios = (Ratio(MODULE, (SDK,), 1.2), Ratio(ROLE, (MODULE, BARE), 1.1))

    def ways(self) -> list[Way]:
        return [
            self.bare(),
            *self.floor("resend", makes={RESEND: self.case.orders}),
            Way(MODULE, "ssl_fulfillment_email", self.request),
            Way(ROLE, "role, phase request", self._role),
        ]

    def _role(self) -> Job:
        limits = {"max_orders": self.case.orders, "ledger_url": self.ledger()}
        variables = {"phases": ["request"], "select": {"common_names": ["*"]}, **limits}
        return self.play("ssl_fulfillment", variables, makes={RESEND: self.case.orders})


class ImportCertificates(Scenario):
    """A fulfillment email for every order, in a maildir, and the keys in a folder; nothing is in the store."""

    title = "Import the certificates from the emails"
    ratios = (Ratio(MODULE, (SDK,), 1.2), Ratio(ROLE, ("list", "known", "collect", MODULE, BARE), 1.1))

    def prepare(self) -> None:
        """Have the emails sent, and find out what each module hands to the next one."""
        sim, self._maildir = self.stage.sim, self.stage.new_path(".maildir")
        self.stage.run(self.request())
        sim.release_mail()
        shutil.copytree(sim.maildir, self._maildir)
        self._trust = {"trust": "require", "trusted_ca_path": str(sim.authority_root)}
        self._orders = json.loads(self.stage.run(self._list())[1])["orders"]
        self._collected = json.loads(self.stage.run(self._collect())[1])["certificates"]

    def ways(self) -> list[Way]:
        templates = [
            {
                "certificate": found["certificate"],
                "intermediateCertificate": found["intermediate_certificate"],
                "privateKey": self.stage.sim.key_path(found["common_name"]).read_text(encoding="ascii"),
            }
            for found in self._collected
        ]
        return [
            self.bare(),
            *self.floor("create", templates, makes={CREATE: self.case.orders}),
            Way("list", "ssl_order_info", self._list),
            Way("known", "ssl_fulfillment_email, in check mode", self._known),
            Way("collect", "ssl_fulfillment_email_info", self._collect),
            Way(MODULE, "ssl_certificate_import", self._module),
            Way(ROLE, "role, phases collect and import", self._role),
        ]

    def _list(self) -> Job:
        return self.stage.module("ssl_order_info", {"gather_imported": True}, says=("order_count", self.case.orders))

    def _known(self) -> Job:
        """Whoever does not look up when each email was requested cannot tell which of them should have come by now."""
        options = {"order_ids": [order["id"] for order in self._orders], "skip_imported": False}
        limits = {"max_orders": self.case.orders, "ledger_url": self.ledger()}
        return self.stage.module("ssl_fulfillment_email", {**options, **limits}, check_mode=True)

    def _collect(self) -> Job:
        options = {"maildir": str(self._maildir), "orders": self._orders, **self._trust}
        return self.stage.module("ssl_fulfillment_email_info", options, says=("messages_examined", self.case.orders))

    def _module(self) -> Job:
        given = {"orders": self._orders, "collected": self._collected, "concurrency": self.case.concurrency}
        options = {**given, **self._keys_and_ledger(), **self._trust}
        return self.stage.module("ssl_certificate_import", options, makes={CREATE: self.case.orders})

    def _role(self) -> Job:
        variables = {"phases": ["collect", "import"], "mail": {"maildir": str(self._maildir)}}
        variables |= {**self._keys_and_ledger(), **self._trust}
        return self.play("ssl_fulfillment", variables, makes={CREATE: self.case.orders})

    def _keys_and_ledger(self) -> dict[str, Any]:
        return {"privatekey_dir": str(self.stage.sim.keys_dir), "ledger_url": self.ledger()}


class Report(Scenario):
    """The report of a fleet whose certificates are all in the store."""

    title = "Report where every order stands"
    ratios = (Ratio(ROLE, ("gather",), 2),)

    @classmethod
    def fleet(cls, orders: int) -> dict[str, Any]:
        return {"fleet": orders, "stored": orders}

    def prepare(self) -> None:
        """Find out which orders there are."""
        self._order_ids = sorted(order["id"] for order in self.stage.sim.orders())

    def ways(self) -> list[Way]:
        return [
            self.bare(),
            Way("gather", "a playbook that gathers its data", self._gather),
            Way(ROLE, "role, phase report", self._role),
        ]

    def _gather(self) -> Job:
        known = {
            "order_ids": self._order_ids,
            "max_orders": self.case.orders,
            "on_ineligible": "skip",
            "skip_imported": False,
            "ledger_url": self.ledger(),
        }
        return self.stage.play(
            {f"{COLLECTION}.ssl_order_info": {"gather_imported": True}},
            {f"{COLLECTION}.ssl_fulfillment_email": known, "check_mode": True},
            {f"{COLLECTION}.ssl_certificate_info": {"gather_services": True}},
        )

    def _role(self) -> Job:
        path = str(self.stage.new_path(".html"))
        return self.play("ssl_fulfillment", {"phases": ["report"], "report_path": path, "ledger_url": self.ledger()})


class Rotate(Scenario):
    """A rotation that finds all as it should be, as on most nights; HAProxy serves for the load balancers."""

    title = "Rotate: nothing is left to do"
    ratios = (Ratio(ROLE, ("looks",), 1.1),)

    @classmethod
    def fleet(cls, orders: int) -> dict[str, Any]:
        """300 names are on 40 load balancers."""
        balancers = math.ceil(orders / 7.5)
        served = {"key_type": "rsa", "balancers": balancers, "listeners": math.ceil(orders / balancers)}
        return {"fleet": orders, "stored": orders, "haproxy": True, **served}

    def prepare(self) -> None:
        """Write what the store has into a folder, as people keep it."""
        self._folder = self.stage.new_path(".stored")
        self._folder.mkdir()
        endings = {"certificate": ".crt", "privateKey": ".key", "intermediateCertificate": ".ca-bundle"}
        for record in self.stage.sim.certificates():
            for name, ending in endings.items():
                path = Path(self._folder, f"{record['id']}{ending}")
                path.write_text(record[name], encoding="ascii")
        self._trust = {"trusted_ca_path": str(self.stage.sim.authority_root)}

    def ways(self) -> list[Way]:
        return [
            self.bare(),
            Way("looks", "a playbook that lists the store and looks at all listeners", self._looks),
            Way(ROLE, "role ssl_rotation", self._role),
        ]

    def _looks(self) -> Job:
        """Whoever does not look at the listeners does not know that nothing is left to do."""
        return self.stage.play(
            {f"{COLLECTION}.ssl_certificate_info": {}},
            {f"{COLLECTION}.ssl_certificate_deploy": {"max_listeners": 0, "verify": True, **self._trust}},
            makes={SWITCH: 0},
        )

    def _role(self) -> Job:
        variables = {
            "sources": [{"folder": str(self._folder)}],
            "max_listeners": 2 * self.case.orders,
            "fail_on": [],  # some certificates of the fleet are about to end
            "ledger_url": self.ledger(),
            **self._trust,
        }
        return self.play("ssl_rotation", variables, makes={CREATE: 0, SWITCH: 0})


class Check(Scenario):
    """A large account in check mode: 4 listeners on each load balancer, for two of five records; certbot has three of five.

    One lineage in ten was renewed. HAProxy serves for the load balancers.
    """

    title = "Check a rotation of a large account"
    ratios = (
        Ratio(MODULE, (SDK,), 4, of="cpu_seconds"),
        Ratio(MODULE, (SDK,), 3, of="peak_bytes"),
        Ratio("gathered", (MODULE,), 1.3, of="cpu_seconds"),
    )

    @classmethod
    def fleet(cls, orders: int) -> dict[str, Any]:
        served = {"balancers": math.ceil(orders / 10), "listeners": 4}
        return {"fleet": orders, "stored": orders, "haproxy": True, **served}

    def prepare(self) -> None:
        """Write the lineages, as certbot does."""
        self._certbot = self.stage.new_path(".certbot")
        sim, count = self.stage.sim, math.ceil(self.case.orders * 3 / 5)
        new = _renew(sim, sim.orders()[:count:10])
        for record in sim.certificates()[:count]:
            name = record["commonName"]
            certificate, chain, key = new.get(name) or (record[part] for part in PARTS)
            for part, text in {
                "cert": certificate,
                "chain": chain,
                "fullchain": certificate + chain,
                "privkey": key,
            }.items():
                file, link = (Path(self._certbot, place, name, f"{part}{end}.pem") for place, end in LINEAGE)
                for path in (file, link):
                    path.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text, encoding="ascii")
                link.symlink_to(file)

    def ways(self) -> list[Way]:
        """What a report needs of the store and of the sources is returned by default, so that it is measured, too."""
        lineages, root = str(self._certbot / "live"), str(self.stage.sim.authority_root)
        done = 4 * math.ceil(self.case.orders / 10)
        sdk = partial(self.stage.sdk, "look", self.case.concurrency, done, lineages, root)
        name = "ssl_certificate_rotate"
        return [
            Way(SDK, "bare SDK, cryptography, and TLS", sdk),
            Way(MODULE, f"{name}, in check mode", partial(self._check, gather_certificates=False)),
            Way("gathered", f"{name}, also with what a report needs", self._check),
        ]

    def _check(self, **more: Any) -> Job:
        options = {
            "sources": [{"certbot": str(self._certbot)}],
            "max_listeners": self.case.orders,
            "concurrency": self.case.concurrency,
            "check_revocation": "off",
            "fail_on": [],  # some certificates of the fleet are about to end
            "ledger_url": self.ledger(),
            "trusted_ca_path": str(self.stage.sim.authority_root),
        }
        given = {"check_mode": True, "says": ("changed", True), "makes": {CREATE: 0, SWITCH: 0}}
        return self.stage.module("ssl_certificate_rotate", {**options, **more}, **given)


class Secrets(Scenario):
    """Secrets Manager has the same certificates as the store, or newer ones of a tenth of them; and the store is exported."""

    title = "Secrets Manager and the store"
    ratios = (
        Ratio(MODULE, (SDK,), 2),
        Ratio(MODULE, ("idle",), 1.3),
        Ratio("renewed", ("renewed_sdk",), 1.5),
        Ratio("export", ("export_sdk",), 1.5),
    )

    @classmethod
    def fleet(cls, orders: int) -> dict[str, Any]:
        return {"fleet": orders, "stored": orders}

    def prepare(self) -> None:
        """Have newer certificates issued of a tenth of the names."""
        sim = self.stage.sim
        self._stored = [tuple(record[name] for name in PARTS) for record in sim.certificates()]
        self._renewed = [*_renew(sim, sim.orders()[: math.ceil(self.case.orders / 10)]).values()]
        self._empty = self.stage.new_path(".empty")
        self._empty.mkdir()

    def ways(self) -> list[Way]:
        """A source that has nothing is what the module needs in any case: its start, the listing of the store, its end."""
        new, all_of_them = len(self._renewed), self.case.orders
        before, at_night = {"before": self._fill}, {"before": partial(self._fill, new)}
        nothing, found = {"makes": {READ: 0, CREATE: 0}}, {"makes": {READ: new, CREATE: new}}
        ids = [_secret_id(one) for one in range(new)]
        manager, module = {"secrets_manager": {}}, "ssl_certificate_rotate"
        return [
            Way(SDK, "bare SDKs, two listings", partial(self._sdk, "secrets", all_of_them, **before, **nothing)),
            Way("idle", f"{module}, empty folder", partial(self._rotate, {"folder": str(self._empty)}, **nothing)),
            Way(MODULE, f"{module}, nothing new", partial(self._rotate, manager, **before, **nothing)),
            Way(
                "renewed_sdk", "bare SDKs, a tenth renewed", partial(self._sdk, "renew", new, ids, **at_night, **found)
            ),
            Way("renewed", f"{module}, a tenth renewed", partial(self._rotate, manager, **at_night, **found)),
            Way("export_sdk", "bare SDK, all with their keys", partial(self._sdk, "export", all_of_them)),
            Way("export", "ssl_certificate_export", self._export),
        ]

    def _fill(self, renewed: int = 0) -> None:
        """Put the certificates into Secrets Manager, so many of them renewed."""
        for number, (certificate, intermediate, private_key) in enumerate(
            [*self._renewed[:renewed], *self._stored[renewed:]]
        ):
            self.stage.sim.secrets_manager.add(
                f"secret-{number}",
                id=_secret_id(number),
                certificate=certificate,
                intermediate=intermediate,
                private_key=private_key,
            )

    def _sdk(self, what: str, done: int, *args: Any, **more: Any) -> Job:
        return self.stage.sdk(what, self.case.concurrency, done, *args, **more)

    def _rotate(self, source: dict[str, Any], **more: Any) -> Job:
        options = {
            "sources": [source],
            "phases": ["import"],
            "concurrency": self.case.concurrency,
            "ledger_url": self.ledger(),
            "trusted_ca_path": str(self.stage.sim.authority_root),
        }
        return self.stage.module("ssl_certificate_rotate", options, **more)

    def _export(self) -> Job:
        options = {"all": True, "include_expired": True, "dest": str(self.stage.new_path(".exported"))}
        options["concurrency"] = self.case.concurrency
        return self.stage.module("ssl_certificate_export", options, says=("exported_count", self.case.orders))


def _renew(sim: Simulator, orders: Iterable[dict[str, Any]]) -> dict[str, tuple[str, str, str]]:
    """Have newer certificates issued; by name, each with its issuers and its key."""
    new = {}
    begin, end = ((datetime.now(timezone.utc) + timedelta(days=days)).isoformat() for days in (0, 90))
    for order in orders:
        like = {name: order[name] for name in ("commonName", "certificateSigningRequest", "status", "product")}
        issued = sim.issue(sim.add_order(**like, effectiveDate=begin, expirationDate=end)["id"])
        key = sim.key_path(order["commonName"]).read_text(encoding="ascii")
        new[order["commonName"]] = (issued["certificate"], issued["intermediateCertificate"], key)
    return new


def _secret_id(number: int) -> str:
    return str(UUID(int=number + 1))


SCENARIOS: dict[str, type[Scenario]] = {
    "list": ListOrders,
    "emails": RequestEmails,
    "import": ImportCertificates,
    "report": Report,
    "rotate": Rotate,
    "check": Check,
    "secrets": Secrets,
}
PROFILES: dict[str, tuple[Case, ...]] = {
    "full": (
        Case("list", 10_000, 50),
        *(
            case
            for scenario in ("emails", "import")
            for case in (
                Case(scenario, 500, 150, 16),
                Case(scenario, 1_000, rounds=1),
                Case(scenario, 4_000, rounds=1),
            )
        ),
        Case("report", 10_000, rounds=1),
        Case("rotate", 300, 150),
        Case("check", 5_000),
        Case("secrets", 1_000, 150, 16),
    ),
    "quick": (
        Case("list", 1_000, 50, rounds=2),
        Case("emails", 100, 50, 16, rounds=2),
        Case("import", 100, 50, 16, rounds=2),
        Case("report", 100, rounds=1),
        Case("rotate", 30, 150, rounds=2),
        Case("check", 500, rounds=2),
        Case("secrets", 100, 50, 16, rounds=2),
    ),
}


def choose(
    cases: Iterable[Case], only: Sequence[str] = (), most_orders: int | None = None, rounds: int | None = None
) -> list[Case]:
    """Those of some scenarios, none of them with more orders than said, each once."""
    chosen: dict[Case, Case] = {}
    for case in cases:
        if not only or case.scenario in only:
            orders = min(case.orders, most_orders or case.orders)
            made = replace(case, orders=orders, rounds=rounds or case.rounds)
            chosen.setdefault(replace(made, rounds=0), made)
    return list(chosen.values())
