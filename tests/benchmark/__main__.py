# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`make bench`: what a fleet of orders costs, side by side with what one would do without this collection.

Prints tables and what came of the targets, and writes `.bench/results.json`, `.bench/plot.svg` and `.bench/growth.svg`.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timezone
from importlib import metadata
from pathlib import Path
from typing import Any, NoReturn

from tests.benchmark import cases, growth, report
from tests.benchmark.catalogue import SCENARIOS
from tests.benchmark.figures import Case, Result
from tests.benchmark.plot import curves, plot
from tests.benchmark.stage import ROOT, BenchmarkError, Fleet, Stage, stage
from tests.benchmark.targets import TARGETS, judge, without_verdict
from tests.simulator.client import SimulatorError

DOCS_PAGE = ROOT / "docs/docsite/rst/guide_benchmark.rst"
DOCS_PLOTS = {"plot.svg": ROOT / "docs/benchmark.svg", "growth.svg": ROOT / "docs/benchmark_growth.svg"}
PACKAGES = ("ansible-core", "SoftLayer", "cryptography", "requests")

Titles = dict[str, dict[str, str]]


def main() -> int:
    """Measure, print, write; the exit code tells whether something broke, or with --check whether a target is missed."""
    options = parser().parse_args()
    signal.signal(signal.SIGTERM, stop)
    profile = cases.PROFILES[options.profile]
    chosen = cases.choose(profile.cases, options.only, options.orders, options.rounds)
    started, load = time.monotonic(), os.getloadavg()[0]
    titles: Titles = {}
    results, broken = measure_all(chosen, profile.sample, options.folder, titles)
    for members in growth.series(results):
        members[-1].facts[growth.GROWTH] = growth.of(members)
    verdicts = judge(TARGETS, results)
    targets = [target for target in TARGETS if not options.only or target.scenario in options.only]
    missing = without_verdict(targets, verdicts)
    headings = {name: scenario.title for name, scenario in SCENARIOS.items()}
    about = environment()
    print(report.as_text(results, titles, headings))
    print(f"\n## Targets\n\n{report.markdown(report.TARGET_COLUMNS, report.rows_of_verdicts(verdicts, missing))}")
    document = {
        "taken_at": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "seconds": round(time.monotonic() - started, 1),
        "profile": options.profile,
        "environment": about | {"load before": round(load, 2)},
        "results": [result.as_json() for result in results],
        "targets": [verdict.as_json() for verdict in verdicts],
        "not_measured": [target.name for target in missing],
        "broken": broken,
    }
    file = options.json or options.folder / "results.json"
    file.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    drawings = {"plot.svg": plot(results, titles, headings), "growth.svg": curves(results, titles, headings)}
    for name, drawing in drawings.items():
        (options.folder / name).write_text(drawing, encoding="utf-8")
    if options.write_docs and not broken:
        DOCS_PAGE.write_text(report.as_rst(results, verdicts, titles, headings, about), encoding="utf-8")
        for name, path in DOCS_PLOTS.items():
            path.write_text(drawings[name], encoding="utf-8")
    missed = [verdict for verdict in verdicts if verdict.binding and not verdict.met]
    print(f"\n{len(missed)} figures miss their target. {document['seconds']:.0f} seconds; results in {shown(file)}")
    for text in broken:
        print(f"BROKEN: {text}", file=sys.stderr)
    return 2 if broken else 1 if options.check and missed else 0


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(prog="python -m tests.benchmark", description=__doc__)
    made.add_argument("--profile", choices=sorted(cases.PROFILES), default="full", help="how much (%(default)s)")
    made.add_argument("--only", type=scenarios, default=(), metavar="NAMES", help=", ".join(SCENARIOS))
    made.add_argument("--orders", type=positive, help="no case with more orders than this")
    made.add_argument("--rounds", type=positive, help="rounds of each case, instead of the profile's")
    made.add_argument("--json", type=Path, metavar="FILE", help="where the results go (.bench/results.json)")
    made.add_argument("--folder", type=folder, default=ROOT / ".bench", help="where all else goes (.bench)")
    made.add_argument("--check", action="store_true", help="end with 1 if a target is missed")
    made.add_argument("--write-docs", action="store_true", help="write the page and the plots of the documentation")
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


def measure_all(chosen: Sequence[Case], sample: int, place: Path, titles: Titles) -> tuple[list[Result], list[str]]:
    """Measure all cases; those of the same fleet one after the other, so that it is made once.

    A case that breaks is told of, and does not take the others with it.
    """
    place.mkdir(parents=True, exist_ok=True)
    found: dict[Case, Result] = {}
    broken: list[str] = []
    with stage(place / "work") as on_stage:
        for number, case in enumerate(sorted(chosen, key=fleet_of), 1):
            progress(f"[{number}/{len(chosen)}] {case.scenario}: {case.label()}")
            try:
                on_stage.set_fleet(fleet_of(case))
                if number == 1:
                    warm_up(on_stage, case)
                found[case] = measure(on_stage, case, sample, titles)
            except (BenchmarkError, SimulatorError) as error:
                broken.append(f"{case.scenario}, {case.label()}: {error}")
                progress(f"    broke: {error}")
                on_stage.close()
    return [found[case] for case in chosen if case in found], broken


def fleet_of(case: Case) -> Fleet:
    """What the account has in a case."""
    return SCENARIOS[case.scenario].fleet(case.orders)


def warm_up(on_stage: Stage, case: Case) -> None:
    """Run everything once, so that no round pays for files that were never read or compiled before."""
    with contextlib.suppress(BenchmarkError):  # if it fails, it fails again where it is measured
        once = replace(case, latency_ms=0)
        on_stage.run(once, on_stage.playbook({"ansible.builtin.ping": {}}), 1)
        on_stage.run(once, on_stage.playbook({"softlayer.certificates.ssl_order_info": {"order_ids": []}}), 1)
        on_stage.run(once, on_stage.module("ssl_order_info", {"order_ids": []}), 1)


def measure(on_stage: Stage, case: Case, sample: int, titles: Titles) -> Result:
    """Measure all ways of a case in turn, round after round."""
    scenario = SCENARIOS[case.scenario](on_stage, case)
    scenario.prepare()
    ways = scenario.ways()
    titles.setdefault(case.scenario, {}).update({way.name: way.title for way in ways})
    result = Result(case, {way.name: [] for way in ways})
    for number in range(case.rounds):
        for way in ways:
            if way.most_rounds is not None and number >= way.most_rounds:
                continue
            items = min(sample, case.orders) if way.sampled else case.orders
            run = on_stage.run(case, way.make(items), items)
            result.runs[way.name].append(run)
            progress(f"    round {number + 1} {way.name:<14} {run.seconds:8.2f} s")
    result.facts = scenario.facts()
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


def shown(path: Path) -> str:
    """A path as short as it can be."""
    resolved = path.resolve()
    return str(resolved.relative_to(ROOT)) if resolved.is_relative_to(ROOT) else str(path)


if __name__ == "__main__":
    sys.exit(main())
