# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the roles' playbooks cost beside the modules that do the same work, each alone, and bare Ansible."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from statistics import median
from typing import Any

from tests.benchmark.mailbox import fulfillment
from tests.benchmark.rotation import UPDATE, Rotation, balancers_of
from tests.benchmark.scenario import Scenario, Way
from tests.benchmark.scenarios import CREATE, RESEND, SecondRun
from tests.benchmark.stage import ROOT, BenchmarkError, Job

LIST_ALL: dict[str, Any] = {"softlayer.certificates.ssl_order_info": {}}
LISTING, GATHERING = "list_ansible", "gather"
"""Playbooks that only list the orders, and that only gather what a report needs."""


class OfTheRole(Scenario):
    """The base of all: a playbook of the role, and the modules in its place."""

    def role(self, name: str, variables: Callable[[], dict[str, Any]], **keywords: Any) -> Way:
        """A playbook of the collection, with variables of its role as its users set them."""
        prefix = "ssl_rotation" if name == "deploy" else "ssl_fulfillment"

        def make(_items: int) -> Job:
            given = {f"{prefix}_{key}": value for key, value in variables().items()}
            return self.stage.playbook_of_role(name, given, **keywords)

        return Way("ansible", f"the playbook {name}", make)

    def alone(self, *makers: Callable[[], Job]) -> Way:
        """The modules that do the same, one after the other, without Ansible."""
        title = "the modules alone" if len(makers) > 1 else "the module alone"
        return Way("module", title, lambda _items: self.stage.in_turn(*(make() for make in makers)))


class Request(OfTheRole):
    """The email of every order, none of which was requested before."""

    name = "role_request"
    title = "Playbook resend: request the emails of all orders"

    def ways(self) -> list[Way]:
        orders = self.case.orders
        makes, says = {RESEND: orders}, ("requested_count", orders)
        module = "ssl_fulfillment_email"
        return [
            self.bare(),
            self.alone(
                lambda: self.stage.module(module, {"common_names": ["*"], **self._limits()}, makes=makes, says=says)
            ),
            self.role("resend", lambda: {"select": {"common_names": ["*"]}, **self._limits()}, makes=makes),
        ]

    def _limits(self) -> dict[str, Any]:
        return {"max_orders": self.case.orders, "ledger_url": self.ledger()}


class RequestAgain(OfTheRole, SecondRun):
    """Every email was requested within the interval, so nothing is left to do."""

    name = "role_request_again"
    title = "Playbook resend once more: nothing is left to do"

    def ways(self) -> list[Way]:
        orders = self.case.orders
        module, says = "ssl_fulfillment_email", ("skipped_count", orders)
        everything = {"common_names": ["*"]}
        return [
            self.bare(),
            Way(LISTING, "listing alone, playbook", lambda _items: self.stage.playbook(LIST_ALL)),
            self.alone(lambda: self.stage.module(module, self.options(**everything), says=says)),
            self.role("resend", lambda: self.options(select=everything), makes={RESEND: 0}),
        ]


class CollectAndImport(OfTheRole):
    """A fulfillment email for every order, in a maildir, and the keys in a folder; nothing is in the store."""

    name = "role_import"
    title = "Playbook import: from the emails to the certificate store"

    def prepare(self) -> None:
        """Write the emails, and find out what each module hands to the next one."""
        if "imports" in self.stage.cache:
            return
        folder = self.stage.new_path(".maildir")
        for part in ("cur", "new", "tmp"):
            (folder / part).mkdir(parents=True)
        for number, order in enumerate(self.stage.sim.orders()):
            message, _key = fulfillment(self.stage.sim, order, number)
            (folder / "new" / f"{order['id']}.localhost").write_bytes(message.as_bytes())
        self.stage.cache["maildir"] = str(folder)
        self.stage.cache["found"] = json.loads(self.stage.run_unmeasured(self._list()))["orders"]
        told = json.loads(self.stage.run_unmeasured(self._collect()))
        if told["missing"]:
            raise BenchmarkError(f"{len(told['missing'])} emails were not found, such as that of {told['missing'][0]}")
        self.stage.cache["imports"] = [self._import_of(found) for found in told["certificates"]]

    def _import_of(self, found: dict[str, Any]) -> dict[str, Any]:
        return {
            "certificate_content": found["certificate"],
            "intermediate_content": found["intermediate_certificate"],
            "privatekey_path": str(self.stage.sim.key_path(found["common_name"])),
            "order_id": found["order_id"],
            **self._trust(),
        }

    def _trust(self) -> dict[str, Any]:
        return {"trust": "require", "trusted_ca_path": str(self.stage.sim.authority_root)}

    def _list(self) -> Job:
        return self.stage.module("ssl_order_info", {"gather_imported": True}, says=("order_count", self.case.orders))

    def _collect(self) -> Job:
        options = {"maildir": self.stage.cache["maildir"], "orders": self.stage.cache["found"], **self._trust()}
        return self.stage.module("ssl_fulfillment_email_info", options, says=("messages_examined", self.case.orders))

    def _import(self) -> Job:
        options = {"certificates": self.stage.cache["imports"], "ledger_url": self.ledger()}
        return self.stage.module(
            "ssl_certificate_import", options, makes={CREATE: self.case.orders}, says=("changed", True)
        )

    def _variables(self) -> dict[str, Any]:
        return {
            "mail": {"maildir": self.stage.cache["maildir"]},
            "privatekey_dir": str(self.stage.sim.keys_dir),
            "ledger_url": self.ledger(),
            **self._trust(),
        }

    def ways(self) -> list[Way]:
        return [
            self.bare(),
            self.alone(self._list, self._collect, self._import),
            self.role("import", self._variables, makes={CREATE: self.case.orders}),
        ]


class Collect(CollectAndImport):
    """The same emails; they are only looked through."""

    name = "role_collect"
    title = "Playbook fulfill, its collect phase: find the certificates in the emails"

    def ways(self) -> list[Way]:
        return [
            self.bare(),
            self.alone(self._list, self._collect),
            self.role("fulfill", lambda: {"phases": ["collect"], **self._variables()}),
        ]


class Deploy(OfTheRole, Rotation):
    """The store has a newer certificate for each that a listener serves; HAProxy serves them, and no change locks anything."""

    name = "role_deploy"
    title = "Playbook deploy: have load balancers serve newer certificates"

    def ways(self) -> list[Way]:
        balancers = balancers_of(self.case.orders)
        module, makes, says = "ssl_certificate_deploy", {UPDATE: balancers}, ("failed_count", 0)
        ways = [
            self.alone(lambda: self.stage.module(module, self._options(), makes=makes, says=says)),
            self.role("deploy", self._options, makes=makes),
        ]
        return [self.bare(), *(self._renewed(way) for way in ways)]

    def _options(self) -> dict[str, Any]:
        return {
            "trusted_ca_path": self.stage.cache["roots"],
            "max_listeners": 2 * self.case.orders,
            "ledger_url": self.ledger(),
        }

    def _renewed(self, way: Way) -> Way:
        return replace(way, make=lambda items: replace(way.make(items), first=self._import()))

    def _import(self) -> Job:
        """Put the newer certificates into the store."""
        parts = {"certificate_path": ".crt", "intermediate_path": ".ca-bundle", "privatekey_path": ".key"}
        stems = [path.with_suffix("") for path in sorted(self.stage.cache["folders"]["renewed"].glob("*.crt"))]
        items = [{name: str(stem.with_suffix(ending)) for name, ending in parts.items()} for stem in stems]
        options = {"certificates": items, "ledger_url": self.ledger()}
        return self.stage.module("ssl_certificate_import", options, makes={CREATE: self.case.orders})


class Report(OfTheRole, SecondRun):
    """Each order's email was requested, and its certificate is in the store."""

    name = "role_report"
    title = "Playbook report: where every order stands"

    def ways(self) -> list[Way]:
        return [
            self.bare(),
            Way(GATHERING, "its data gathered, playbook", lambda _items: self.stage.playbook(*self._tasks())),
            self.alone(*(partial(self._module, task) for task in self._tasks())),
            self.role("report", lambda: self.options(report_path=str(self.stage.new_path(".html")))),
        ]

    def _tasks(self) -> list[dict[str, Any]]:
        """The tasks that gather what the report is made of."""
        known = {
            "order_ids": self.order_ids(),
            "max_orders": self.case.orders,
            "on_ineligible": "skip",
            "allow_ephemeral_ledger": True,
        }
        return [
            {"softlayer.certificates.ssl_order_info": {"gather_imported": True}},
            {"softlayer.certificates.ssl_fulfillment_email": self.options(**known), "check_mode": True},
            {"softlayer.certificates.ssl_certificate_info": {"gather_services": True}},
        ]

    def _module(self, task: dict[str, Any]) -> Job:
        (name, options), *more = task.items()
        return self.stage.module(name.rpartition(".")[2], options, check_mode=bool(more))


class Page(Report):
    """The page of that report in Chromium, opened from the disk."""

    name = "page"
    title = "The report in a browser (Chromium)"

    def prepare(self) -> None:
        """Make the report."""
        if "page" in self.stage.cache:
            return
        programs = {name: shutil.which(name) for name in ("chromium", "chromedriver")}
        if None in programs.values():
            raise BenchmarkError(
                "it needs Chromium and its driver: install the system's packages chromium and chromium-driver"
            )
        super().prepare()
        path = self.stage.new_path(".html")
        job = self.role("report", lambda: self.options(report_path=str(path))).make(self.case.orders)
        self.stage.run_unmeasured(job)
        self.stage.cache["page"] = {"url": path.as_uri(), **programs}

    def ways(self) -> list[Way]:
        return [
            Way("blank", "Chromium with an empty page", lambda _items: self._open(0, url="about:blank")),
            Way("page", "Chromium with the report", lambda _items: self._open(self.case.orders)),
        ]

    def facts(self) -> dict[str, Any]:
        """How long after it was asked for the page has answered, in the middle of some times."""
        job, environment = self._open(self.case.orders), self.stage.environment(self.case.transport)
        told = [json.loads(self.stage.launch(job, environment | dict(job.environment))[1]) for _time in range(LOADS)]
        return {name: median(each[name] for each in told) for name in ("interactive_seconds", "search_seconds")}

    def _open(self, rows: int, **changes: str) -> Job:
        return Job(
            [sys.executable, "-m", "tests.benchmark.browser"],
            stdin=json.dumps(self.stage.cache["page"] | changes),
            environment={"PYTHONPATH": str(ROOT)},
            says=("done", rows),
        )


LOADS = 3
