# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Accounts, ledgers, options and plays that are drawn at random: who gets an email is who may get one.

They are the same each time, and others each time in `make test-long`. `WORLDS=100` tries so many others, and `WORLD=4711` repeats one.

Promise: Only intended recipients get emails.
Promise: No email is requested twice, and no certificate is imported twice.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, cast

import pytest
import yaml

from tests.outside.random_orders import Order, OrderAccount, try_orders
from tests.outside.runs import play
from tests.outside.test_last_word_at_random import COUNT, PARTS, try_all
from tests.simulator.client import Simulator
from tests.support.long import LONG, new_random
from tests.support.playing import Ran

pytestmark = pytest.mark.later

AWX = str(Path(__file__).parents[2] / "playbooks/awx/resend.yml")
WORLDS = COUNT or (2400 if LONG else 36)
PLAYS, PARTS_OF_PLAYS = COUNT or (200 if LONG else 6), 2


@pytest.mark.parametrize("part", range(PARTS))
def test_random_orders(part: int, tmp_path: Path, record_property: Callable[[str, Any], None]) -> None:
    try_all(try_orders, WORLDS, part, tmp_path, record_property)


TRUE = (True, "true", "TRUE", "True ", "yes", "y", "on", "1", 1, "t")
STRATEGIES = ("linear", "free", "host_pinned", "debug")
KINDS = ("resend", "awx", "include", "include everywhere", "import", "import everywhere", "roles", "loop")
"""A playbook of the collection's, or how a play of a user's own has the role; ``everywhere`` is without `run_once`."""


@dataclass(frozen=True)
class Play:
    """A play that was drawn.

    Attributes:
        place: where its strategy is set: ``ansible.cfg``, the ``environment`` or the ``play``.
        leaves: the hosts that leave it before the role, by ``meta`` or because they ``fail``.
    """

    kind: str
    hosts: tuple[str, ...]
    from_inventory: Any
    strategy: str
    place: str
    serial: Any
    forks: int
    throttle: int
    max_orders: int
    leaves: dict[str, str]

    @classmethod
    def draw(cls, random: Random) -> Play:
        """One; what the collection's playbooks cannot have, they do not have."""
        kind = random.choice(KINDS)
        is_own = kind not in {"resend", "awx"}
        hosts = tuple(f"host{number}" for number in range(1, random.randint(2, 7)))
        leaving = random.sample(hosts, random.choice((0, 0, 1, 2)) if is_own and len(hosts) > 2 else 0)
        return cls(
            kind,
            hosts,
            random.choice(TRUE),
            random.choice(STRATEGIES),
            random.choice(("ansible.cfg", "environment", *(["play"] if is_own else []))),
            random.choice((None, None, 1, 2, "50%")) if is_own else None,
            random.choice((1, 2, 20)),
            random.choice((0, 0, 1)) if is_own else 0,
            random.choice((len(hosts), len(hosts), max(1, len(hosts) - 2))),
            {host: random.choice(("meta", "fail")) for host in leaving},
        )

    @property
    def in_step(self) -> bool:
        """Whether the hosts wait for each other."""
        return self.kind in {"resend", "awx"} or self.strategy in {"linear", "debug"}

    @property
    def is_plain(self) -> bool:
        """Whether nothing is in the way of doing it as the guides do."""
        return self.kind in {"resend", "awx", "include"} and self.in_step and self.serial is None and not self.throttle

    def text(self) -> str:
        """Its playbook."""
        role: dict[str, Any] = {"name": "softlayer.certificates.ssl_fulfillment"}
        once = {} if self.kind.endswith("everywhere") else {"run_once": True}
        variables = {"ssl_fulfillment_from_inventory": self.from_inventory, "ssl_fulfillment_force": True}
        variables |= {"ssl_fulfillment_max_orders": self.max_orders}
        leaving: list[dict[str, Any]] = [
            {
                ("meta" if how == "meta" else "fail"): "end_host" if how == "meta" else {},
                "when": f"inventory_hostname == '{host}'",
            }
            for host, how in self.leaves.items()
        ]
        more: dict[str, Any] = {"throttle": self.throttle} if self.throttle else {}
        play: dict[str, Any] = {"hosts": "all", "connection": "local", "gather_facts": False, "vars": variables}
        variables["ansible_python_interpreter"] = "{{ ansible_playbook_python }}"
        play |= {"serial": self.serial} if self.serial else {}
        play |= {"strategy": self.strategy} if self.place == "play" else {}
        if self.kind == "roles":
            return yaml.safe_dump([{**play, "pre_tasks": leaving, "roles": [{"role": role["name"], **more}]}])
        verb = "import_role" if self.kind.startswith("import") else "include_role"
        task = {verb: role, **once, **({"loop": [1, 2]} if self.kind == "loop" else {})}
        return yaml.safe_dump([{**play, "tasks": [*leaving, {"block": [task], **more}]}])


def run_play(drawn: Play, account: OrderAccount, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Ran:
    """Run it, with an inventory that has its hosts."""
    hosts = {host: {"ssl_order_id": number} for number, host in enumerate(drawn.hosts, 1)}
    (folder / "hosts.yml").write_text(yaml.safe_dump({"orders": {"hosts": hosts}}), encoding="utf-8")
    monkeypatch.setenv("ANSIBLE_FORKS", str(drawn.forks))
    monkeypatch.delenv("ANSIBLE_STRATEGY", raising=False)
    named = drawn.strategy if drawn.place == "ansible.cfg" else "linear"
    (folder / "ansible.cfg").write_text(f"[defaults]\nstrategy = {named}\n", encoding="utf-8")
    if drawn.place == "environment":
        monkeypatch.setenv("ANSIBLE_STRATEGY", drawn.strategy)
    variables: dict[str, Any] = {"ssl_fulfillment_ledger_url": f"sqlite:///{folder}/ledger.sqlite3"}
    if drawn.kind in {"resend", "awx"}:
        variables |= {
            "ssl_fulfillment_from_inventory": drawn.from_inventory,
            "ssl_fulfillment_max_orders": drawn.max_orders,
        }
    if drawn.kind == "resend":
        return play(
            account, folder, "softlayer.certificates.resend", "-i", "hosts.yml", **variables, ssl_fulfillment_force=True
        )
    if drawn.kind == "awx":
        survey = {"ssl_allowed_recipients": "*@example.com", "ssl_force": "true"}
        return play(cast(Simulator, account), folder, AWX, "-i", "hosts.yml", **variables, **survey)
    return play(cast(Simulator, account), folder, drawn.text(), "-i", "hosts.yml", **variables)


def wrong_with_play(drawn: Play, account: OrderAccount, ran: Ran) -> Iterator[str]:
    """What the contract has against it."""
    mailed = Counter(account.mailed())
    numbers = {host: number for number, host in enumerate(drawn.hosts, 1)}
    stayed = {number for host, number in numbers.items() if host not in drawn.leaves}
    if max(mailed.values(), default=0) > 1:
        yield f"mailed is {dict(mailed)}"
    if mailed.total() > drawn.max_orders:
        yield f"{mailed.total()} are mailed, and max_orders is {drawn.max_orders}"
    if not mailed.keys() <= (stayed if drawn.in_step else set(numbers.values())):
        yield f"mailed is {sorted(mailed)} for {sorted(stayed)}"
    if ran.code == 0 and drawn.in_step and mailed.keys() != stayed:
        yield f"it ends well, and has mailed {sorted(mailed)} of {sorted(stayed)}"
    if drawn.is_plain and len(stayed) <= drawn.max_orders and mailed.keys() != stayed:
        yield f"it is refused, or mails {sorted(mailed)} of {sorted(stayed)}"
    if "Traceback" in ran.output or (ran.code != 0 and not re.search(r'"msg": "[^"]|ERROR! \w', ran.output)):
        yield "it says nothing of use"


@pytest.mark.parametrize("part", range(PARTS_OF_PLAYS))
def test_random_plays(part: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the strategy is, each order is mailed once, and no more are than a play may mail."""

    def trying(seed: int, folder: Path) -> tuple[Counter[str], list[str]]:
        drawn = Play.draw(Random(seed))
        with OrderAccount(folder) as account:
            account.orders = {number: Order(number) for number in range(1, 10)}
            ran = run_play(drawn, account, folder, monkeypatch)
            wrong = list(wrong_with_play(drawn, account, ran))
        words = [f"    {drawn}", *(["", ran.output] if "it says nothing of use" in wrong else [])]
        return Counter({drawn.kind: 1}), [f"world {seed}: {what}" for what in wrong] + (words if wrong else [])

    try_all(trying, PLAYS, part, tmp_path, lambda *_: None, PARTS_OF_PLAYS)


def test_what_was_approved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In AWX, each order goes to the address that was shown with it, or nowhere."""
    random = new_random()
    monkeypatch.setenv("ANSIBLE_SHOW_CUSTOM_STATS", "true")
    shown = {number: random.choice((None, "a@example.com", "b@example.com", "c@example.com")) for number in range(1, 6)}
    shown |= {1: "a@example.com", 2: None, 3: "b@example.com"}
    later = {
        number: random.choice((address, address, "a@example.com", "x@example.com")) for number, address in shown.items()
    }
    later |= {1: "a@example.com", 3: random.choice(("a@example.com", "x@example.com"))}
    survey = {
        "ssl_allowed_recipients": "*@example.com",
        "ssl_fulfillment_ledger_url": f"sqlite:///{tmp_path}/ledger.sqlite3",
    }
    survey |= random.choice(({}, {"ssl_allowed_recipients": "*"}))
    with OrderAccount(tmp_path) as account:
        account.orders = {number: Order(number, address=address) for number, address in shown.items()}
        preview = play(cast(Simulator, account), tmp_path, AWX, "--check", **survey)
        assert account.asked == [] and "RUN: " in preview.output, preview.output
        stats = json.JSONDecoder().raw_decode(preview.output.partition("RUN: ")[2])[0]
        account.orders = {number: Order(number, address=address) for number, address in later.items()}
        ran = play(cast(Simulator, account), tmp_path, AWX, **survey, **stats)
        same = {number for number, address in shown.items() if address and later[number] == address}
        assert set(account.mailed()) <= same, (shown, later, stats, account.mailed())
        assert account.mailed() and len(account.mailed()) == len(set(account.mailed())), ran.output
