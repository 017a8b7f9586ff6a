# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A variable that limits a role and is spoiled: what is done is part of what is done with the right value, or nothing.

Each variable of both roles that limits what is done, spoiled in each way, with the role's validation and without; some of all that, others
each time.

Promise: Only intended recipients get emails.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, cast

import pytest
import yaml

from tests.outside.random_orders import Order, OrderAccount, Record, World, age, begin, store
from tests.outside.random_worlds import DAYS
from tests.outside.runs import play
from tests.outside.worlds import authorities, keys
from tests.simulator.client import Simulator
from tests.support.certificates import Issued
from tests.support.long import LONG, new_random
from tests.support.modules import finish_module

pytestmark = pytest.mark.later

PARTS = 2
SOME = 12
"""How many cases each part tries; `make test-long` tries all."""
BATCH = 25
"""So many are plays of one playbook."""
A, B, C, D = (f"{letter}.example.com" for letter in "abcd")


@dataclass(frozen=True)
class Limit:
    """A variable that limits what a role does.

    Attributes:
        name: of the variable, less the role's prefix; after a dot, a key inside.
        right: its value.
        done: all that is done then.
        beside: other variables.
        hosts: what the play is for.
        ledger: what the ledger knows: ``new`` has nothing, ``full`` has all orders since now, ``old`` for 30 hours.
        closed: whether the second listener cannot be reached.
    """

    role: str
    name: str
    right: Any
    done: frozenset[str]
    beside: Mapping[str, Any] = field(default_factory=dict)
    hosts: str = "localhost"
    ledger: str = "new"
    closed: bool = False


def emails(name: str, right: Any, *done: int, **other: Any) -> Limit:
    """A limit of the role ssl_fulfillment, and the orders that are mailed."""
    return Limit("ssl_fulfillment", name, right, frozenset(f"mail {number}" for number in done), **other)


def rotation(name: str, right: Any, *done: str, **other: Any) -> Limit:
    """A limit of the role ssl_rotation."""
    return Limit("ssl_rotation", name, right, frozenset(done), **other)


FORCED = {"force": True}
BOTH = (f"import {A}", f"import {B}", "switch 0", "switch 1")
CLEAN = {"remove_superseded": True}
LIMITS = (
    emails("phases", ["report"]),
    emails("order_ids", [1], 1),
    emails("allowed_recipients", ["*@example.com"], 1),
    emails("max_orders", 1),
    emails("min_interval_hours", 48, ledger="old"),
    emails("force", right=False, ledger="full"),
    emails("ledger_url", "LEDGER", ledger="full"),
    emails("from_inventory", True, 1, hosts="orders"),
    emails("inventory_vars_prefix", "my_order_", 1, hosts="orders", beside={"from_inventory": True}),
    emails("select", {"common_names": [A]}, 1),
    emails("select.order_ids", [1], 1),
    emails("select.common_names", [A], 1),
    emails("select.statuses", ["complete"], 1),
    emails("select.approver_emails", ["*@example.com"], 1),
    emails("select.expires_within_days", 30, 2, beside=FORCED),
    emails("select.exclude_expired", True, 1, 2, 3, beside=FORCED),
    emails("select.imported", True, 2, beside=FORCED),
    emails("select.imported", False, 1, 3, beside=FORCED),
    emails("select.account_id", 307600, 1, 2, 3, beside=FORCED),
    rotation("phases", ["verify"]),
    rotation("sources", [{"folder": "FOLDER"}], *BOTH),
    rotation("common_names", [A], f"import {A}", "switch 0"),
    rotation("load_balancers", ["lb0"], f"import {A}", f"import {B}", "switch 0"),
    rotation("max_listeners", 1, f"import {A}", f"import {B}"),
    rotation("approved", {"imported": [], "deployed": [], "removed": []}),
    rotation("trust", "require", *BOTH, f"import {C}", beside={"import_new": True}),
    rotation("import_new", False, *BOTH),
    rotation("remove_superseded", False, *BOTH),
    rotation("remove_unverified", False, *BOTH, f"delete {A}", beside=CLEAN, closed=True),
    rotation("fail_on", ["expired"], *BOTH),
)
SPOILED: Mapping[str, Any] = {
    "undefined inside": "{{ not_there }}",
    "undefined in a part": ["{{ not_there }}"],
    "null": None,
    "null as text": "null",
    "empty": "",
    "blank": " \t\n",
    "a dict": {},
    "a dict with something": {"a": 1},
    "a list": [],
    "a list in a list": [[]],
    "a number": -5,
    "words": "neither this nor that",
    "half a list": '["a.example.com", ',
    "half a dict": '{"common_names": ',
    "half a template": "{{ ",
}
WIDE = {("select", "a dict"), ("fail_on", "a list")}
"""What is no mistake, and documented to limit nothing."""
ENDS = {"line end": "LEDGER\n", "blank": "LEDGER ", "tab": "\tLEDGER"}


@dataclass(frozen=True)
class Case:
    """A limit, and the value that it is given."""

    limit: Limit
    how: str
    value: Any
    validated: bool

    @property
    def words(self) -> str:
        """It in words."""
        how = f"{self.how}{'' if self.validated else ', without validation'}"
        return f"{self.limit.role}_{self.limit.name}: {json.dumps(self.value)} ({how})"


def cases() -> Iterator[Case]:
    """All of them."""
    for limit in LIMITS:
        values = {"right": limit.right, **SPOILED, **(ENDS if limit.name == "ledger_url" else {})}
        for how, value in values.items():
            if (limit.name, how) not in WIDE:
                yield from (Case(limit, how, value, validated) for validated in (True, False))


# Accounts


ORDERS = (
    Order(1, A, key=keys("rsa")[0], csr="whole"),
    Order(2, B, key=keys("rsa")[1], csr="whole", status="Approved", address="admin@example.org", ends=20),
    Order(3, C, key=keys("rsa")[2], csr="whole", status="Approved", address="admin@example.net"),
)
IN_STORE = Record((B,), keys("rsa")[1], "one", -99, 20, has_chain=True)
"""The certificate of the second order."""
HOSTS = {"orders": {"hosts": {A: {"ssl_order_id": 1, "my_order_id": 1}}}, "others": {"hosts": {B: {"ssl_order_id": 2}}}}


@cache
def old_and_new() -> tuple[dict[str, Issued], dict[str, Issued]]:
    """The certificates that two listeners have, and what renews them; of what is new, one is trusted and one is not."""
    by, key = authorities(), keys("rsa")[0]
    old = {name: by.one.issue(name, days=DAYS["due"], key=key) for name in (A, B)}
    new = {name: by.one.issue(name, days=DAYS["new"], key=key) for name in (A, B, C)}
    return old, {**new, D: by.staging.issue(D, days=DAYS["new"], key=key)}


class Scene:
    """An account of a case's own, and what is done in it."""

    def __init__(self, folder: Path, case: Case, ledgers: Path) -> None:
        folder.mkdir()
        self.case, self.folder, self.account = case, folder, OrderAccount(folder)
        limit, old = case.limit, old_and_new()[0]
        self.account.orders = {order.id: order for order in ORDERS}
        if limit.role == "ssl_fulfillment":
            store(self.account, IN_STORE)
            if limit.ledger != "new":
                shutil.copy(ledgers / limit.ledger, folder / "ledger.sqlite3")
        else:
            for number, (name, issued) in enumerate(old.items()):
                closed = ("127.0.0.1",) if limit.closed and number else ()
                self.account.serve(f"lb{number}", self.account.store(issued), name, closed=closed)
            self.account.reads_until_active = 0
        self._names = {issued.pem: name for name, issued in old_and_new()[1].items()}
        self._first = {number: row["certificate"] for number, row in self.account.records.items()}
        self._had = [front.record_id for front in self.account.fronts]

    @property
    def done(self) -> frozenset[str]:
        """What was done."""
        account, old = self.account, {issued.pem: name for name, issued in old_and_new()[0].items()}
        made = [row["certificate"] for number, row in account.records.items() if number not in self._first]
        fronts = enumerate(zip(account.fronts, self._had, strict=True))
        return frozenset(
            [f"mail {number}" for number in account.mailed()]
            + [f"import {self._names[pem]}" for pem in made]
            + [f"switch {number}" for number, (front, had) in fronts if front.record_id != had]
            + [f"delete {old.get(pem, pem)}" for number, pem in self._first.items() if number not in account.records]
        )

    def play(self, sources: Path) -> dict[str, Any]:
        """A play in which the role is included, and in which it is noted how that ended."""
        limit, prefix = self.case.limit, f"{self.case.limit.role}_"
        ledger = f"sqlite:///{self.folder}/ledger.sqlite3"
        every = {"select": {}} if limit.role == "ssl_fulfillment" else {}
        variables: dict[str, Any] = {"ledger_url": ledger, **every, **limit.beside}
        if limit.role == "ssl_rotation":
            variables |= {
                "sources": [{"folder": "FOLDER"}],
                "balancer_wait_timeout": 2,
                "verify_timeout": 3,
                **limit.beside,
            }
        name, dot, key = limit.name.partition(".")
        variables[name] = {key: self.case.value} if dot else self.case.value
        written = json.dumps({prefix + each: value for each, value in variables.items()})
        written = written.replace('"LEDGER', f'"{ledger}').replace("LEDGER", ledger).replace("FOLDER", str(sources))
        role = {"name": f"softlayer.certificates.{limit.role}", "rolespec_validate": self.case.validated}
        note = {"dest": f"{self.folder}/told", "mode": "0600"}
        return {
            "hosts": limit.hosts,
            "connection": "local",
            "gather_facts": False,
            "vars": {"ansible_python_interpreter": "{{ ansible_playbook_python }}"},
            "module_defaults": {
                "group/softlayer.certificates.softlayer": {"endpoint_url": self.account.url, "retries": 0}
            },
            "tasks": [
                {
                    "block": [
                        {"include_role": role, "run_once": True, "vars": json.loads(written)},
                        {"copy": {"content": "done", **note}},
                    ],
                    "rescue": [{"copy": {"content": "{{ ansible_failed_result.msg | default('') }}", **note}}],
                }
            ],
        }

    def wrong(self) -> Iterator[str]:
        """What is wrong with what was done, and with what was said."""
        limit, path = self.case.limit, self.folder / "told"
        said = path.read_text("utf-8") if path.exists() else "it ended the playbook"
        if self.case.how == "right" and self.done != limit.done:
            yield f"right, but done is {sorted(self.done)} and not {sorted(limit.done)}: {said}"
        if not self.done <= limit.done:
            yield f"done is {sorted(self.done - limit.done)} more than with {limit.right!r}"
        if len(self.account.asked) > len(set(self.account.asked)):
            yield f"mailed is {self.account.mailed()}"
        if not said.strip() or "Traceback" in said or "MODULE FAILURE" in said:
            yield f"said is {said!r}"


def write_ledgers(folder: Path) -> None:
    """Have the emails of all orders requested, and note what the ledger knows then, and 30 hours later."""
    folder.mkdir()
    with OrderAccount(folder) as account:
        account.orders = {order.id: order for order in ORDERS}
        world = World(account, options={"order_ids": list(account.orders), "skip_imported": False})
        assert finish_module(begin(world))["requested_count"] == len(ORDERS)
        shutil.copy(folder / "ledger.sqlite3", folder / "full")
        age(world, 30)
        shutil.copy(folder / "ledger.sqlite3", folder / "old")


def write_sources(folder: Path) -> None:
    """What a client of the authorities has."""
    folder.mkdir()
    for name, issued in old_and_new()[1].items():
        for ending, text in {".crt": issued.pem, ".ca-bundle": issued.chain_pem, ".key": issued.key_pem}.items():
            (folder / f"{name}{ending}").write_text(text, encoding="ascii")


def try_cases(tried: Sequence[Case], folder: Path) -> Iterator[str]:
    """Have a play for each of these cases; what is wrong with them."""
    folder.mkdir()
    (folder / "hosts.yml").write_text(yaml.safe_dump(HOSTS), encoding="utf-8")
    with ExitStack() as stack:
        scenes = [Scene(folder / str(number), case, folder.parent / "ledgers") for number, case in enumerate(tried)]
        for scene in scenes:
            stack.enter_context(scene.account)
        waiting = scenes
        while waiting:
            text = yaml.safe_dump([scene.play(folder.parent / "sources") for scene in waiting])
            ran = play(cast(Simulator, waiting[0].account), folder, text, "-i", "hosts.yml")
            if "Traceback" in ran.output:
                yield ran.output
            left = [scene for scene in waiting if not (scene.folder / "told").exists()]
            if left and ran.code == 0:
                yield f"{left[0].case.words}: neither done nor refused: {ran.output}"
            waiting = left[1:]  # the first of them has ended the playbook
        for scene in scenes:
            yield from (f"{scene.case.words}: {what}" for what in scene.wrong())


@pytest.mark.parametrize("part", range(PARTS))
def test_spoiled_variables(part: int, tmp_path: Path) -> None:
    tried = [*cases()][part::PARTS]
    if not LONG:
        tried = new_random().sample(tried, SOME)
    write_ledgers(tmp_path / "ledgers")
    write_sources(tmp_path / "sources")
    batches = [tried[first : first + BATCH] for first in range(0, len(tried), BATCH)]
    wrong = [what for number, batch in enumerate(batches) for what in try_cases(batch, tmp_path / f"batch{number}")]
    assert not wrong, "\n".join(wrong)
