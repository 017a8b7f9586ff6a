# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`make bench`: what a fleet of orders costs, as ratios to the bare SDK and to what Ansible and the modules alone take.

Prints tables, and writes `.bench/results.json`.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import signal
import sys
import time
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Any, NoReturn

from tests.simulator.client import SimulatorError
from tests.tools.benchmark.figures import COLUMNS, RATIO_COLUMNS, Case, Result, markdown, rows_of, rows_of_ratios
from tests.tools.benchmark.scenarios import PING, PROFILES, SCENARIOS, choose
from tests.tools.benchmark.stage import COLLECTION, ROOT, BenchmarkError, stage

PACKAGES = ("ansible-core", "SoftLayer", "cryptography", "requests")


def main() -> int:
    """Measure, print, write; 2 if something broke."""
    options = parser().parse_args()
    signal.signal(signal.SIGTERM, stop)
    started, load = time.monotonic(), os.getloadavg()[0]
    options.folder.mkdir(parents=True, exist_ok=True)
    chosen = choose(PROFILES[options.profile], options.only, options.orders, options.rounds)
    results, broken = measure_all(chosen, options.folder / "work")
    for result in results:
        print(f"## {SCENARIOS[result.case.scenario].title}: {result.case.label()}\n")
        print(f"{markdown(COLUMNS, rows_of(result))}\n")
    print(f"## Ratios\n\n{markdown(RATIO_COLUMNS, rows_of_ratios(results))}\n")
    document = {
        "seconds": round(time.monotonic() - started, 1),
        "profile": options.profile,
        "environment": environment() | {"load before": round(load, 2)},
        "results": [result.as_json() for result in results],
        "broken": broken,
    }
    file = options.folder / "results.json"
    file.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    print(f"{document['seconds']:.0f} seconds; results in {file}")
    for text in broken:
        print(f"BROKEN: {text}", file=sys.stderr)
    return 2 if broken else 0


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(prog="python -m tests.tools.benchmark", description=__doc__)
    made.add_argument("--profile", choices=PROFILES, default="full", help="how much (%(default)s)")
    made.add_argument("--only", type=scenarios, default=(), metavar="NAMES", help=", ".join(SCENARIOS))
    made.add_argument("--orders", type=positive, help="no case with more orders than this")
    made.add_argument("--rounds", type=positive, help="rounds of each case, instead of the profile's")
    made.add_argument("--folder", type=folder, default=ROOT / ".bench", help="where all goes (.bench)")
    return made


def scenarios(text: str) -> tuple[str, ...]:
    """Names of scenarios, separated by commas."""
    names = tuple(name.strip() for name in text.split(","))
    if unknown := [name for name in names if name not in SCENARIOS]:
        raise argparse.ArgumentTypeError(f"no such scenario: {', '.join(unknown)}; there are {', '.join(SCENARIOS)}")
    return names


def positive(text: str) -> int:
    """A number from 1 on."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"not a number from 1 on: {text}")
    return int(text)


def folder(text: str) -> Path:
    """A folder, which need not be there yet."""
    return Path(text).resolve()


def stop(_number: int, _frame: object) -> NoReturn:
    """Let a signal end everything in order: what was started is stopped on the way out."""
    raise SystemExit(143)


def measure_all(chosen: Sequence[Case], place: Path) -> tuple[list[Result], list[str]]:
    """Measure all cases. One that breaks is told of, and does not take the others with it."""
    results: list[Result] = []
    broken: list[str] = []
    for number, case in enumerate(chosen, 1):
        progress(f"[{number}/{len(chosen)}] {case.scenario}: {case.label()}")
        try:
            results.append(measure(case, place))
        except (BenchmarkError, SimulatorError, OSError) as error:
            broken.append(f"{case.scenario}, {case.label()}: {error}")
            progress(f"    broke: {error}")
    return results, broken


def measure(case: Case, place: Path) -> Result:
    """Measure all ways of a case in turn, round after round."""
    kind = SCENARIOS[case.scenario]
    with stage(place, **kind.fleet(case.orders)) as here:
        scenario = kind(here, case)
        scenario.prepare()
        # Once unmeasured, so that the first round does not pay for files that were never read or compiled before.
        here.run(here.play(PING, {f"{COLLECTION}.ssl_order_info": {}}))
        ways = scenario.ways()
        result = Result(case, {way.name: way.title for way in ways}, kind.ratios, {way.name: [] for way in ways})
        for number in range(case.rounds):
            for way in ways:
                run, _output = here.run(way.make(), case.latency_ms)
                result.runs[way.name].append(run)
                progress(f"    round {number + 1} {way.name:<14} {run.seconds:8.2f} s")
        return result


def progress(text: str) -> None:
    """Say on standard error how far it is."""
    print(text, file=sys.stderr, flush=True)


def environment() -> dict[str, Any]:
    """What the figures depend on, without anything that tells whose machine it is."""
    return {
        "Python": platform.python_version(),
        **{name: metadata.version(name) for name in PACKAGES},
        "CPUs": os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
    }


if __name__ == "__main__":
    sys.exit(main())
