# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is to be reached: each target as data, with how it is computed from a case's result."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from tests.benchmark.figures import BARE, Case, Result, median
from tests.benchmark.growth import GROWTH
from tests.benchmark.roles import GATHERING, LISTING
from tests.benchmark.rotation import LOOKS, floor_seconds

Compute = Callable[[Result], float | None]


@dataclass(frozen=True)
class Target:
    """A bound on one figure, at one point of the axes; ``None`` leaves an axis open."""

    name: str
    how: str
    scenario: str
    compute: Compute
    bound: float
    unit: str = "x"
    at_least: bool = False
    orders: int | None = 10_000
    latency_ms: int | None = None
    concurrency: int | None = None
    transport: str | None = None

    def is_met_by(self, figure: float) -> bool:
        """Whether a figure is within the bound."""
        return figure >= self.bound if self.at_least else figure <= self.bound

    def is_about(self, case: Case) -> bool:
        """Whether a case is at the point that the target is meant for."""
        return (
            case.scenario == self.scenario
            and self.orders in (None, case.orders)
            and self.latency_ms in (None, case.latency_ms)
            and self.concurrency in (None, case.concurrency)
            and self.transport in (None, case.transport)
        )

    def bound_in_words(self) -> str:
        """Such as ``<= 1.2x``."""
        return f"{'>=' if self.at_least else '<='} {in_unit(self.bound, self.unit)}"


@dataclass(frozen=True)
class Verdict:
    """What came of a target in one case; ``binding`` if the case is at the point that the target is meant for."""

    target: Target
    case: Case
    figure: float
    binding: bool

    @property
    def met(self) -> bool:
        """Whether the figure is within the bound."""
        return self.target.is_met_by(self.figure)

    def as_json(self) -> dict[str, Any]:
        """For the file of results."""
        return {
            "target": self.target.name,
            "how": self.target.how,
            "bound": self.target.bound_in_words(),
            "case": self.case.label(),
            "figure": self.figure,
            "binding": self.binding,
            "met": self.met,
        }


SMALL = {"x": "x", "s": " s", "": ""}
"""Units of figures that are small numbers, and how they are printed."""


def in_unit(value: float, unit: str) -> str:
    """A figure as it is printed."""
    if unit in SMALL:
        return f"{value:.2f}{SMALL[unit]}"
    return f"{value:,.0f} {unit}"


def judge(targets: Iterable[Target], results: Sequence[Result]) -> list[Verdict]:
    """Verdicts on all cases that a target is meant for, else on its scenario's largest case, which is not binding."""
    verdicts: list[Verdict] = []
    for target in targets:
        meant = [result for result in results if target.is_about(result.case)]
        others = [result for result in results if result.case.scenario == target.scenario]
        largest = sorted(others, key=lambda result: result.case.orders)[-1:]
        for result in meant or largest:
            figure = target.compute(result)
            if figure is not None:
                verdicts.append(Verdict(target, result.case, figure, binding=bool(meant)))
    return verdicts


def without_verdict(targets: Iterable[Target], verdicts: Iterable[Verdict]) -> list[Target]:
    """Targets that nothing was measured for."""
    judged = {verdict.target.name for verdict in verdicts}
    return [target for target in targets if target.name not in judged]


def ratio(above: str, *below: str) -> Compute:
    """Time of a way over the sum of the times of others, in the same round."""

    def compute(result: Result) -> float | None:
        ways = [result.seconds(way) for way in (above, *below)]
        return median([top / sum(rest) for top, *rest in zip(*ways, strict=False)])

    return compute


def speedup(slow: str, fast: str) -> Compute:
    """How many times faster one way is than the other."""
    return ratio(slow, fast)


def to_the_network(way: str) -> Compute:
    """Time of a way over the time that its calls take at the least: latency x items / concurrency, and a start."""

    def compute(result: Result) -> float | None:
        case = result.case
        network = case.latency_ms / 1000 * case.orders / case.concurrency
        pairs = zip(result.seconds(way), result.seconds(BARE), strict=False)
        return median([seconds / (network + start) for seconds, start in pairs])

    return compute


def to_the_balancers(way: str) -> Compute:
    """Time of a way over the time that its imports and its changes of load balancers take at the least, and a start."""

    def compute(result: Result) -> float | None:
        pairs = zip(result.seconds(way), result.seconds(BARE), strict=False)
        return median([seconds / (floor_seconds(result.case) + start) for seconds, start in pairs])

    return compute


def number(way: str, name: str, divisor: float = 1) -> Compute:
    """A number of a way, the largest of its rounds."""

    def compute(result: Result) -> float | None:
        runs = result.runs.get(way)
        return max(getattr(run, name) for run in runs) / divisor if runs else None

    return compute


def peaks(one: str, other: str) -> Compute:
    """Peak memory of one way over that of another."""

    def compute(result: Result) -> float | None:
        above, below = result.median_of(one, "peak_bytes"), result.median_of(other, "peak_bytes")
        return above / below if above and below else None

    return compute


def calls_beyond_pages(way: str) -> Compute:
    """Calls that did not fetch a page of a listing."""

    def compute(result: Result) -> float | None:
        runs = result.runs.get(way)
        return max(run.calls - run.pages for run in runs) if runs else None

    return compute


def calls_beyond(way: str, other: str) -> Compute:
    """Calls that one way makes more than another."""

    def compute(result: Result) -> float | None:
        pairs = list(zip(result.runs.get(way, ()), result.runs.get(other, ()), strict=False))
        return max(one.calls - two.calls for one, two in pairs) if pairs else None

    return compute


def fact(name: str) -> Compute:
    """What a scenario found out beside its ways."""
    return lambda result: result.facts.get(name)


def growth_of(way: str) -> Compute:
    """How the cost of a way grows with the size; see `growth.py`. The steepest of the exponents counts."""

    def compute(result: Result) -> float | None:
        exponents = result.facts.get(GROWTH, {}).get(way, {}).values()
        return max((value for value in exponents if value is not None), default=None)

    return compute


def needless_imports(result: Result) -> float | None:
    """Packages that were imported without a use for the call, less those that the SDK imports by itself."""
    found = result.facts.get("needless_imports")
    return None if found is None else len(found)


COMPARED = ("role_request", "role_request_again", "role_collect", "role_import", "role_deploy")
"""Playbooks that are compared with their modules."""

TARGETS = (
    Target(
        "list: time",
        "ssl_order_info in a playbook / (bare SDK + bare Ansible)",
        "list",
        ratio("ansible", "sdk", BARE),
        1.2,
    ),
    Target(
        "list: time over XML-RPC",
        "ssl_order_info in a playbook / (bare SDK + Ansible handing over as large a result)",
        "list",
        ratio("ansible", "sdk", "handover"),
        1.3,
        transport="xmlrpc",
    ),
    Target("list: calls", "API calls beyond the pages", "list", calls_beyond_pages("module"), 2, unit="calls"),
    Target(
        "list: concurrent pages",
        "pages being answered at the same moment",
        "list",
        number("module", "peak_in_flight"),
        2,
        unit="pages",
        at_least=True,
    ),
    Target("list: memory", "peak of the module", "list", number("module", "peak_bytes", 1e6), 250, unit="MB"),
    Target(
        "gather_imported: calls",
        "API calls beyond the pages of both lists",
        "gather_imported",
        calls_beyond_pages("module"),
        3,  # the account, and what is behind the end of each list
        unit="calls",
    ),
    Target(
        "gather_imported: time",
        "the module alone / bare SDK fetching both lists",
        "gather_imported",
        ratio("module", "sdk"),
        2,
    ),
    Target(
        "gather_imported: memory",
        "peak of the module (the bound of the list)",
        "gather_imported",
        number("module", "peak_bytes", 1e6),
        250,
        unit="MB",
    ),
    Target(
        "resend: time",
        "a playbook / (latency x orders / concurrency + bare Ansible)",
        "resend",
        to_the_network("ansible"),
        1.2,
        orders=500,
        latency_ms=150,
    ),
    Target(
        "resend: against a uri loop",
        "uri loop / a playbook",
        "resend",
        speedup("uri", "ansible"),
        20,
        at_least=True,
        orders=500,
        latency_ms=150,
        concurrency=16,
    ),
    Target(
        "import: time",
        "a playbook / (latency x certificates / concurrency + bare Ansible)",
        "import",
        to_the_network("ansible"),
        1.2,
        orders=500,
        latency_ms=150,
    ),
    Target(
        "second run: calls",
        "API calls beyond those of a listing",
        "second_run",
        calls_beyond("module", "list_module"),
        4,
        unit="calls",
    ),
    Target(
        "second run: time",
        "a playbook / a playbook that lists",
        "second_run",
        ratio("ansible", "list_ansible"),
        1.3,
    ),
    Target(
        "start-up: time",
        "ssl_order_info of one order / ansible.builtin.uri of the same answer, both ad hoc",
        "start_up",
        ratio("ansible", "uri"),
        1.5,
        orders=1,
    ),
    Target(
        "start-up: imports",
        "packages imported without a use for the call, beyond the SDK's own",
        "start_up",
        needless_imports,
        0,
        unit="packages",
        orders=1,
    ),
    Target(
        "mailbox: time",
        "the module among 20,000 other messages / with the wanted ones alone",
        "mailbox",
        ratio("module", "alone"),
        2.0,
        orders=200,
    ),
    Target(
        "mailbox: memory",
        "peak of the module among the others / with the wanted ones alone",
        "mailbox",
        peaks("module", "alone"),
        1.2,
        orders=200,
    ),
    Target(
        "rotate: time",
        "a playbook / (latency x imports / concurrency + a change and a lock of each balancer / concurrency + bare Ansible)",
        "rotate",
        to_the_balancers("ansible"),
        1.5,
        orders=300,
        latency_ms=150,
    ),
    Target(
        "rotate again: time",
        "a playbook / a playbook that reads the store and the load balancers, and looks at what the listeners serve",
        "rotate_again",
        ratio("ansible", LOOKS),
        1.3,
        orders=300,
        latency_ms=150,
    ),
    *(
        Target(
            f"{scenario}: time",
            "the playbook / (the modules alone + bare Ansible)",
            scenario,
            ratio("ansible", "module", BARE),
            1.3,
            orders=None,
        )
        for scenario in COMPARED
    ),
    *(
        Target(
            f"{scenario}: growth",
            "exponent of the playbook's cost over the size, less bare Ansible",
            scenario,
            growth_of("ansible"),
            1.1,
            unit="",
            orders=None,
        )
        for scenario in (*COMPARED, "role_report", "rotate", "list")
    ),
    Target(
        "role_request_again: against a listing",
        "the playbook / a playbook that lists",
        "role_request_again",
        ratio("ansible", LISTING),
        1.3,
        orders=None,
    ),
    Target(
        "role_report: against its data",
        "the playbook / a playbook that gathers the data",
        "role_report",
        ratio("ansible", GATHERING),
        2,
    ),
    Target(
        "role_report: memory",
        "peak of the playbook (the controller's, or more)",
        "role_report",
        number("ansible", "peak_bytes", 1e6),
        500,
        unit="MB",
    ),
    Target(
        "page: interactive",
        "from opening the page to the first frame after its script",
        "page",
        fact("interactive_seconds"),
        2,
        unit="s",
    ),
)
