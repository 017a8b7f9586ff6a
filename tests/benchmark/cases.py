# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which cases are measured: one axis at a time around the points that the targets are about.

The full product of orders, latency and concurrency would take a day, and tell nothing more.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from tests.benchmark.figures import Case

XMLRPC, REST = "xmlrpc", "rest"
TRANSPORTS = (XMLRPC, REST)
ROTATIONS = ("rotate", "rotate_again")


@dataclass(frozen=True)
class Profile:
    """Cases, and how many items of a slow loop are measured."""

    cases: tuple[Case, ...]
    sample: int


WRITING, READING = ("role_request", "role_import"), ("role_request_again", "role_report")
"""Playbooks that make a call for each order, and those that only list."""


def _playbooks() -> tuple[Case, ...]:
    """Each size without latency and with that of a slow network, one of them over XML-RPC as well; large ones in one round."""
    sizes = {
        **dict.fromkeys(WRITING, (100, 1_000)),
        **dict.fromkeys(READING, (100, 1_000, 10_000)),
        "role_collect": (100, 1_000),
        "role_deploy": (30, 300),
    }
    return tuple(
        Case(scenario, orders, latency, transport=transport, rounds=3 if orders < 1_000 else 1)
        for scenario, all_sizes in sizes.items()
        for latency in (0, 150)
        for orders in all_sizes
        for transport in (TRANSPORTS if (orders, latency) == (all_sizes[-1], 150) else (REST,))
    )


def _full() -> tuple[Case, ...]:
    listing = [
        Case("list", orders, latency, transport=transport, instead=(orders, latency, transport) == (10_000, 50, REST))
        for orders, latency in ((100, 50), (1_000, 50), (10_000, 0), (10_000, 50), (10_000, 150))
        for transport in TRANSPORTS
    ]
    gathering = [
        Case("gather_imported", orders, latency, transport=transport)
        for orders, latency in ((1_000, 50), (10_000, 0), (10_000, 150))
        for transport in TRANSPORTS
    ]
    writing = [
        Case(scenario, orders, latency, concurrency, instead=(orders, latency, concurrency) == (500, 150, 16))
        for scenario in ("resend", "import")
        for orders, latency, concurrency in (
            (100, 50, 1),
            (100, 50, 8),
            (100, 50, 16),
            (500, 150, 16),
            (1_000, 0, 16),
        )
    ]
    writing += [Case(scenario, 500, 150, 16, REST) for scenario in ("resend", "import")]
    return (
        Case("start_up", 1, transport=REST, rounds=7),
        *listing,
        *gathering,
        *writing,
        Case("second_run", 10_000, 0),
        Case("second_run", 10_000, 50, transport=REST),
        Case("mailbox", 200),
        *_playbooks(),
        *(Case("page", orders, transport=REST) for orders in (1_000, 10_000)),
        Case("rotate", 30, 150, transport=REST),
        *(Case(scenario, 300, 150, transport=transport) for scenario in ROTATIONS for transport in TRANSPORTS),
    )


def _quick() -> tuple[Case, ...]:
    return (
        Case("start_up", 1, transport=REST, rounds=3),
        *(Case("list", 1_000, 50, transport=transport, rounds=2) for transport in TRANSPORTS),
        Case("gather_imported", 1_000, 50, rounds=2),
        Case("resend", 100, 50, 16, rounds=2, instead=True),
        Case("import", 100, 50, 16, rounds=2, instead=True),
        Case("second_run", 1_000, 50, rounds=2),
        *(
            Case(scenario, 100, 0, transport=REST, rounds=1)
            for scenario in (*WRITING, *READING, "role_collect", "page")
        ),
        Case("role_deploy", 30, 0, transport=REST, rounds=1),
        *(Case(scenario, 30, 150, transport=REST, rounds=2) for scenario in ROTATIONS),
    )


def _long() -> tuple[Case, ...]:
    """What takes minutes for each run, beside all of the full profile."""
    return (
        *_full(),
        *(Case(scenario, 10_000, 0, 16, rounds=1) for scenario in ("resend", "import")),
        *(Case(scenario, 10_000, latency, transport=REST, rounds=1) for scenario in WRITING for latency in (0, 150)),
    )


PROFILES = {
    "full": Profile(_full(), sample=10),
    "quick": Profile(_quick(), sample=3),
    "long": Profile(_long(), sample=10),
}


def choose(
    cases: Iterable[Case], only: Sequence[str] = (), most_orders: int | None = None, rounds: int | None = None
) -> list[Case]:
    """Those of some scenarios, none of them with more orders than said, each once."""
    chosen: dict[Case, Case] = {}
    for case in cases:
        if only and case.scenario not in only:
            continue
        orders = case.orders if most_orders is None else min(case.orders, most_orders)
        made = replace(case, orders=orders, rounds=rounds or case.rounds)
        chosen.setdefault(replace(made, rounds=0), made)
    return list(chosen.values())
