# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a module costs beside the bare SDK and beside a loop: each scenario is a class with the ways to do its work."""

from __future__ import annotations

import contextlib
import json
import re
import shlex
import shutil
import sqlite3
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.benchmark import sdk
from tests.benchmark.figures import BARE, Case
from tests.benchmark.scenario import Scenario, Way
from tests.benchmark.stage import Job

RESEND = "resendEmail"
CREATE = "createObject"
LIST = "getSslCertificateRequests"
REQUESTS = f"SoftLayer_{sdk.REQUESTS}"
PAGE_SIZE = sdk.PAGE_SIZE
SLOW_ROUNDS = 2

NEEDLESS = frozenset(
    {"click", "greenlet", "imap_tools", "prettytable", "prompt_toolkit", "psycopg", "pygments", "rich", "sqlalchemy"}
)
"""Packages that reading orders has no use for."""


class StartUp(Scenario):
    """One order, so that all there is is the start."""

    name = "start_up"
    title = "Start-up: one order"
    fleet_is_stored = True

    def ways(self) -> list[Way]:
        order = self.order_ids()[0]
        options = {"order_ids": [order]}
        uri = self.stage.uri_options(f"{REQUESTS}/{order}/getObject.json", {"objectMask": sdk.ORDER_MASK})
        return [
            Way(BARE, "bare Ansible (ansible -m ping)", lambda _items: self.stage.ad_hoc("ansible.builtin.ping", {})),
            Way("uri", "ansible -m uri", lambda _items: self.stage.ad_hoc("ansible.builtin.uri", uri)),
            Way(
                "ansible",
                "ansible -m ssl_order_info",
                lambda _items: self.stage.ad_hoc("softlayer.certificates.ssl_order_info", options),
            ),
            Way("uri_module", "uri, module alone", lambda _items: self.stage.module("uri", uri)),
            *self.module("ssl_order_info", "ssl_order_info", lambda: options, ("order_count", 1))[:1],
            Way("sdk", "bare SDK", lambda _items: self.stage.sdk(self.case, "one", 1, order_id=order)),
        ]

    def facts(self) -> dict[str, Any]:
        """Which packages the module imports and for how long, and which the SDK brings that nothing here has a use for."""
        module = self._imports(self.stage.module("ssl_order_info", {"order_ids": self.order_ids()[:1]}, *IMPORT_TIMES))
        library = self._imports(Job([sys.executable, *IMPORT_TIMES, "-c", "import SoftLayer"]))
        needless = NEEDLESS & module.keys()
        return {
            "import_ms": module,
            "needless_imports": sorted(needless - library.keys()),
            "needless_imports_of_the_sdk": sorted(needless & library.keys()),
        }

    def _imports(self, job: Job) -> dict[str, float]:
        environment = self.stage.environment(self.case.transport) | dict(job.environment)
        _taken, _output, errors = self.stage.launch(job, environment)
        return import_times(errors)


class ListOrders(Scenario):
    """All orders of the account."""

    name = "list"
    title = "List all orders"
    fleet_is_stored = True

    def prepare(self) -> None:
        """Keep a result, to see what handing it over costs without making it."""
        if "result" not in self.stage.cache:
            path = self.stage.new_path(".result")
            job = self.stage.module("ssl_order_info", {}, says=("order_count", self.case.orders))
            path.write_text(self.stage.run_unmeasured(job), encoding="utf-8")
            self.stage.cache["result"] = path

    def ways(self) -> list[Way]:
        orders = self.case.orders
        ways = [
            Way("sdk", "bare SDK", lambda _items: self.stage.sdk(self.case, "list", orders)),
            self.bare(),
            Way("handover", "Ansible handing over as large a result", lambda _items: self._handover()),
            *self.module("ssl_order_info", "ssl_order_info", dict, ("order_count", orders)),
        ]
        if self.case.instead:
            ways += [
                Way("uri", "uri loop over pages", lambda _items: self._uri(), most_rounds=SLOW_ROUNDS),
                Way("slcli", "slcli loop over pages", lambda _items: self._slcli(), most_rounds=SLOW_ROUNDS),
                Way(
                    "per_order", "ssl_order_info for each order", self._per_order, sampled=True, most_rounds=SLOW_ROUNDS
                ),
            ]
        return ways

    def _handover(self) -> Job:
        library = {"ANSIBLE_LIBRARY": str(Path(__file__).with_name("library"))}
        return self.stage.playbook({"handover": {"path": str(self.stage.cache["result"])}}, environment=library)

    def _uri(self) -> Job:
        """The user has to know how many orders there are."""
        options = self.stage.uri_options(f"{REQUESTS}/{LIST}.json", self.page_query("@"), [self.stage.sim.account_id])
        options["url"] = options["url"].replace("%40", "{{ item }}")
        offsets = range(0, self.case.orders, PAGE_SIZE)
        return self.looped("ansible.builtin.uri", options, offsets, makes={LIST: len(offsets)})

    def _slcli(self) -> Job:
        offsets = range(0, self.case.orders, PAGE_SIZE)
        words = [sdk.REQUESTS, LIST, str(self.stage.sim.account_id), f"--mask={sdk.ORDER_MASK}"]
        words += [f"--json-filter={json.dumps(sdk.BY_ID, separators=(',', ':'))}", f"--limit={PAGE_SIZE}"]
        calls = [shlex.join([*words, f"--offset={offset}"]) for offset in offsets]
        return self.stage.slcli(self.case, calls, makes={LIST: len(offsets)})

    def _per_order(self, items: int) -> Job:
        ids = self.order_ids()[:items]
        return self.looped(
            "softlayer.certificates.ssl_order_info", {"order_ids": ["{{ item }}"]}, ids, makes={LIST: items}
        )


class GatherImported(Scenario):
    """All orders, each with its certificates in the store."""

    name = "gather_imported"
    title = "List all orders with their stored certificates"
    fleet_is_stored = True

    def ways(self) -> list[Way]:
        orders = self.case.orders
        return [
            Way("sdk", "bare SDK, both lists", lambda _items: self.stage.sdk(self.case, "gather_imported", orders)),
            self.bare(),
            *self.module(
                "gather_imported", "ssl_order_info", lambda: {"gather_imported": True}, ("order_count", orders)
            ),
        ]


class Resend(Scenario):
    """The email of every order."""

    name = "resend"
    title = "Request the fulfillment emails"

    def ways(self) -> list[Way]:
        orders = self.case.orders
        ways = [
            Way("sdk", "bare SDK", lambda _items: self.stage.sdk(self.case, "resend", orders)),
            self.bare(),
            *self.module(
                "ssl_fulfillment_email",
                "ssl_fulfillment_email",
                lambda: resend_options(self.order_ids(), self.ledger(), self.case),
                ("requested_count", orders),
                **{RESEND: orders},
            ),
        ]
        if self.case.instead:
            ways += [
                Way("uri", "uri loop", self._uri, sampled=True, most_rounds=SLOW_ROUNDS),
                Way("slcli", "slcli loop", self._slcli, sampled=True, most_rounds=SLOW_ROUNDS),
                Way(
                    "per_order",
                    "ssl_fulfillment_email for each order",
                    self._per_order,
                    sampled=True,
                    most_rounds=SLOW_ROUNDS,
                ),
            ]
        return ways

    def _uri(self, items: int) -> Job:
        options = self.stage.uri_options(f"{REQUESTS}/{{{{ item }}}}/{RESEND}.json", {}, ["FulfillmentEmail"])
        return self.looped("ansible.builtin.uri", options, self.order_ids()[:items], makes={RESEND: items})

    def _slcli(self, items: int) -> Job:
        calls = [f"{sdk.REQUESTS} {RESEND} --id={order} FulfillmentEmail" for order in self.order_ids()[:items]]
        return self.stage.slcli(self.case, calls, makes={RESEND: items})

    def _per_order(self, items: int) -> Job:
        options = {"order_ids": ["{{ item }}"], "ledger_url": self.ledger()}
        ids = self.order_ids()[:items]
        return self.looped("softlayer.certificates.ssl_fulfillment_email", options, ids, makes={RESEND: items})


class Import(Scenario):
    """A certificate and a key for every order, none of which is in the store."""

    name = "import"
    title = "Import certificates"

    def prepare(self) -> None:
        """Write the certificates to files, as they came by mail; the keys lie with the simulator."""
        if "files" in self.stage.cache:
            return
        folder = self.stage.new_path(".certificates")
        folder.mkdir()
        sim, items = self.stage.sim, []
        for order in sim.orders():
            issued, stem = sim.issue(order["id"]), folder / str(order["id"])
            certificate, chain = stem.with_suffix(".crt"), stem.with_suffix(".pem")
            certificate.write_text(issued["certificate"], encoding="ascii")
            chain.write_text(issued["intermediateCertificate"], encoding="ascii")
            items.append(
                {
                    "certificate_path": str(certificate),
                    "intermediate_path": str(chain),
                    "privatekey_path": str(sim.key_path(order["commonName"])),
                }
            )
        self.stage.cache["files"] = items

    @property
    def _items(self) -> list[dict[str, str]]:
        items: list[dict[str, str]] = self.stage.cache["files"]
        return items

    def ways(self) -> list[Way]:
        count = self.case.orders
        ways = [
            Way("sdk", "bare SDK", lambda _items: self.stage.sdk(self.case, "import", count, items=self._items)),
            self.bare(),
            *self.module(
                "ssl_certificate_import",
                "ssl_certificate_import",
                lambda: {
                    "certificates": self._items,
                    "concurrency": self.case.concurrency,
                    "ledger_url": self.ledger(),
                },
                ("changed", True),
                **{CREATE: count},
            ),
        ]
        if self.case.instead:
            ways += [
                Way("uri", "uri loop", self._uri, sampled=True, most_rounds=SLOW_ROUNDS),
                Way("slcli", "slcli loop", self._slcli, sampled=True, most_rounds=SLOW_ROUNDS),
                Way(
                    "per_order",
                    "ssl_certificate_import for each",
                    self._per_order,
                    sampled=True,
                    most_rounds=SLOW_ROUNDS,
                ),
            ]
        return ways

    def _uri(self, items: int) -> Job:
        template = {
            "certificate": "{{ lookup('ansible.builtin.file', item.certificate_path, rstrip=false) }}",
            "privateKey": "{{ lookup('ansible.builtin.file', item.privatekey_path, rstrip=false) }}",
            "intermediateCertificate": "{{ lookup('ansible.builtin.file', item.intermediate_path, rstrip=false) }}",
        }
        path = f"SoftLayer_{sdk.CERTIFICATES}/{CREATE}.json"
        options = self.stage.uri_options(path, {"objectMask": "mask[id]"}, [template])
        return self.looped("ansible.builtin.uri", options, self._items[:items], makes={CREATE: items})

    def _slcli(self, items: int) -> Job:
        calls = []
        for item in self._items[:items]:
            parts = {
                "certificate": "certificate",
                "privateKey": "privatekey",
                "intermediateCertificate": "intermediate",
            }
            template = {}
            for name, option in parts.items():
                with open(item[f"{option}_path"], encoding="ascii") as file:
                    template[name] = file.read()
            path = self.stage.new_path(".template")
            path.write_text(json.dumps(template), encoding="ascii")
            calls.append(f'{sdk.CERTIFICATES} {CREATE} --mask=id "$(cat {shlex.quote(str(path))})"')
        return self.stage.slcli(self.case, calls, makes={CREATE: items})

    def _per_order(self, items: int) -> Job:
        names = ("certificate_path", "intermediate_path", "privatekey_path")
        options = {**{name: f"{{{{ item.{name} }}}}" for name in names}, "ledger_url": self.ledger()}
        module = "softlayer.certificates.ssl_certificate_import"
        return self.looped(module, options, self._items[:items], makes={CREATE: items})


class SecondRun(Scenario):
    """Every email was requested within the interval, so nothing is left to do."""

    name = "second_run"
    title = "Request the emails once more: nothing is left to do"
    fleet_is_stored = True

    def prepare(self) -> None:
        """Request one email, and write into the ledger that it was the same with all others."""
        if "ledger" in self.stage.cache:
            return
        path = self.stage.new_path(".sqlite3")
        first, *others = self.order_ids()
        options = resend_options([first], f"sqlite:///{path}", self.case)
        job = self.stage.module("ssl_fulfillment_email", {**options, "skip_imported": False}, makes={RESEND: 1})
        self.stage.run_unmeasured(job)
        repeat_entry(path, first, others)
        self.stage.cache["ledger"] = path

    def ways(self) -> list[Way]:
        orders = self.case.orders
        by_ids = self.options
        module = "ssl_fulfillment_email"
        listing = self.module("listing alone", "ssl_order_info", dict, ("order_count", orders))
        return [
            *(Way(f"list_{way.name}", way.title, way.make) for way in listing),
            *self.module("second run", module, lambda: self.options(common_names=["*"]), ("skipped_count", orders)),
            Way(
                "module_by_ids",
                "second run by order_ids, module alone",
                lambda _items: self.stage.module(
                    module, by_ids(order_ids=self.order_ids()), says=("skipped_count", orders)
                ),
            ),
        ]

    def options(self, **others: Any) -> dict[str, Any]:
        """Some options, and a copy of that ledger."""
        path = self.stage.new_path(".sqlite3")
        shutil.copy(self.stage.cache["ledger"], path)
        return {"ledger_url": f"sqlite:///{path}", **others}


def resend_options(order_ids: Sequence[int], ledger_url: str, case: Case) -> dict[str, Any]:
    """The options that request the emails of all of these orders."""
    return {
        "order_ids": list(order_ids),
        "max_orders": len(order_ids),
        "concurrency": case.concurrency,
        "ledger_url": ledger_url,
    }


def repeat_entry(ledger: Path, order_id: int, others: Sequence[int]) -> None:
    """Copy what a ledger says of one order for others: requesting thousands of emails would take minutes."""
    with contextlib.closing(sqlite3.connect(ledger)) as connection, connection:
        names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        columns = {name: [row[1] for row in connection.execute(f"PRAGMA table_info({name})")] for name in names}
        (table,) = [name for name in names if "order_id" in columns[name]]
        kept = ", ".join(column for column in columns[table] if column not in ("id", "order_id"))
        connection.executemany(
            f"INSERT INTO {table} (order_id, {kept}) SELECT ?, {kept} FROM {table} WHERE order_id = ?",
            [(other, order_id) for other in others],
        )


IMPORT_TIMES = ("-X", "importtime")
IMPORTED = re.compile(r"import time:\s+(\d+) \|\s+\d+ \|\s+(\S+)")


def import_times(text: str) -> dict[str, float]:
    """Milliseconds spent in the imports of each package, of what `python -X importtime` says; the longest first."""
    spent: dict[str, int] = {}
    for microseconds, name in IMPORTED.findall(text):
        package = name.partition(".")[0]
        spent[package] = spent.get(package, 0) + int(microseconds)
    return {package: spent[package] / 1000 for package in sorted(spent, key=lambda package: -spent[package])}
