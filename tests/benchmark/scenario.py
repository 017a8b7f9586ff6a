# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a scenario is: a fleet, and the ways to do its work that are measured."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from tests.benchmark import sdk
from tests.benchmark.figures import BARE, Case
from tests.benchmark.stage import Fleet, Job, Stage


@dataclass(frozen=True)
class Way:
    """One way to do a scenario's work: ``make`` takes the number of items to do it for."""

    name: str
    title: str
    make: Callable[[int], Job]
    sampled: bool = False
    """Whether it is so slow that it is measured for some items, and extrapolated."""
    most_rounds: int | None = None
    """In how many rounds it is measured at the most, if it is slow."""


class Scenario:
    """The base of all: a name, a fleet, and the ways to measure."""

    name: ClassVar[str]
    title: ClassVar[str]
    fleet_is_stored: ClassVar[bool] = False

    @classmethod
    def fleet(cls, orders: int) -> Fleet:
        """What the account has in a case of so many orders."""
        return Fleet(orders, orders if cls.fleet_is_stored else 0)

    def __init__(self, stage: Stage, case: Case) -> None:
        self.stage = stage
        self.case = case

    def prepare(self) -> None:
        """Make what the ways need; not measured."""

    def ways(self) -> list[Way]:
        """What is measured, in turn, in each round."""
        raise NotImplementedError

    def facts(self) -> dict[str, Any]:
        """What else is found out, once."""
        return {}

    # What several have in common

    def bare(self) -> Way:
        """A playbook that does nothing."""
        return Way(BARE, "bare Ansible (ping)", lambda _items: self.stage.playbook({"ansible.builtin.ping": {}}))

    def module(
        self, title: str, module: str, options: Callable[[], dict[str, Any]], says: Any, **makes: int
    ) -> list[Way]:
        """Our module alone, and in a playbook."""
        return [
            Way("module", f"{title}, module alone", lambda _items: self._alone(module, options(), says, makes)),
            Way("ansible", f"{title}, playbook", lambda _items: self._played(module, options(), makes)),
        ]

    def _alone(self, module: str, options: dict[str, Any], says: Any, makes: dict[str, int]) -> Job:
        return self.stage.module(module, options, says=says, makes=makes)

    def _played(self, module: str, options: dict[str, Any], makes: dict[str, int]) -> Job:
        return self.stage.playbook({f"softlayer.certificates.{module}": options}, makes=makes)

    def looped(self, module: str, options: dict[str, Any], items: Sequence[Any], **keywords: Any) -> Job:
        """A playbook that runs a module for each item."""
        return self.stage.playbook({module: options, "loop": list(items)}, **keywords)

    def order_ids(self) -> list[int]:
        """The ids of the whole fleet."""
        if "order_ids" not in self.stage.cache:
            self.stage.cache["order_ids"] = sorted(order["id"] for order in self.stage.sim.orders())
        ids: list[int] = self.stage.cache["order_ids"]
        return ids

    def ledger(self) -> str:
        """The URL of a ledger that nothing was noted in."""
        return f"sqlite:///{self.stage.new_path('.sqlite3')}"

    def page_query(self, offset: object) -> dict[str, Any]:
        """What a page of the orders is asked for with, over REST."""
        return {
            "objectMask": sdk.ORDER_MASK,
            "objectFilter": json.dumps(sdk.BY_ID),
            "resultLimit": f"{offset},{sdk.PAGE_SIZE}",
        }
