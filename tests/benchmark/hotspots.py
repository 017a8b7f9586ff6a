# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where a module's time goes: `python -m tests.benchmark.hotspots list --orders 10000 --transport rest`.

Runs the module of a scenario and looks every few milliseconds at what it is doing. Its calls are made one after the
other, in the one thread that can be looked at. With ``--clock wall`` waiting counts as well.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path

from tests.benchmark import cases
from tests.benchmark.catalogue import SCENARIOS
from tests.benchmark.figures import Case
from tests.benchmark.stage import ROOT, stage


def main() -> int:
    """Show the shares of all functions that matter."""
    made = argparse.ArgumentParser(prog="python -m tests.benchmark.hotspots", description=__doc__)
    made.add_argument(
        "scenario", choices=[name for name in SCENARIOS if not name.startswith(("page", "role_", "rotate"))]
    )
    made.add_argument("--orders", type=int, default=1_000)
    made.add_argument("--latency-ms", type=int, default=0)
    made.add_argument("--transport", choices=cases.TRANSPORTS, default=cases.XMLRPC)
    made.add_argument("--clock", choices=("cpu", "wall"), default="cpu")
    made.add_argument("--folder", type=Path, default=ROOT / ".bench/hotspots")
    options = made.parse_args()
    case = Case(options.scenario, options.orders, options.latency_ms, 1, options.transport)
    with stage(options.folder) as here:
        scenario = SCENARIOS[case.scenario](here, case)
        here.set_fleet(scenario.fleet(case.orders))
        here.rewind()
        scenario.prepare()
        job = next(way.make(case.orders) for way in scenario.ways() if way.name == "module")
        report = here.new_path(".shares")
        name = job.command[-1]
        watched = replace(
            job, command=[sys.executable, "-m", "tests.benchmark.watch", options.clock, name, str(report)]
        )
        here.run(case, watched, case.orders)
        seconds, shares = json.loads(report.read_text(encoding="utf-8"))
    print(f"{case.label()}: {seconds:.2f} s of {options.clock} time")
    print("\n".join(f"{share:6.1%}  {where}" for where, share in shares))
    return 0


if __name__ == "__main__":
    sys.exit(main())
