# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run nox, then print the results and the time of each session, the slowest tests, and what was not run. Arguments are passed to nox.

Without arguments, nox runs as many sessions at a time as there are processors, and prints the output of a session when the session ends.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))
REPORTS = ROOT / ".nox" / "reports"
OUTCOMES = ("passed", "failed", "skipped")
NOTHING_TO_TEST = "No tests applicable."  # ansible-test, if no file of a kind exists
MAX_SLOWEST = 10


def read(report: Path) -> list[dict[str, Any]]:
    """Return the sessions in a report of nox; none if nox did not write the report."""
    return json.loads(report.read_text())["sessions"] if report.exists() else []


def count_tests(folder: Path) -> Counter[str]:
    """Count the tests in the JUnit files of a directory."""
    counts: Counter[str] = Counter()
    for path in folder.glob("*.xml"):
        for case in ElementTree.parse(path).iter("testcase"):
            if case.find("failure") is not None or case.find("error") is not None:
                counts["failed"] += 1
            elif case.find("skipped") is None:
                counts["passed"] += 1
            elif case.findtext("skipped") != NOTHING_TO_TEST:
                counts["skipped"] += 1
    return counts


def full_name(session: dict[str, Any]) -> str:
    """Return the name of a session with its parameters, as in the noxfile."""
    return session["signatures"][0] if session["signatures"] else session["name"]


def count_session(session: dict[str, Any]) -> Counter[str]:
    """Count the tests of a session; a session that ran no test counts as one failure."""
    if session["result"] == "skipped":
        return Counter(skipped=1)
    counts = count_tests(REPORTS / full_name(session))
    if not counts["failed"] and (session["result"] != "success" or not counts["passed"]):
        counts["failed"] = 1
    return counts


def in_words(counts: Counter[str]) -> str:
    """Return `N passed, M failed, K skipped`."""
    return ", ".join(f"{counts[outcome]} {outcome}" for outcome in OUTCOMES)


def skip_reasons(folder: Path) -> Counter[str]:
    """Count the skipped tests in the JUnit files of a directory by reason."""
    cases = (case.find("skipped") for path in folder.glob("*.xml") for case in ElementTree.parse(path).iter("testcase"))
    skipped = [case for case in cases if case is not None and case.text != NOTHING_TO_TEST]
    return Counter((case.get("message") or case.text or "no reason").splitlines()[0] for case in skipped)


def find_slowest(folders: Sequence[Path]) -> list[tuple[float, str]]:
    """Return seconds and name of the slowest tests in the JUnit files of directories, the slowest first."""
    cases = [
        (float(case.get("time", 0)), f"{case.get('classname')}::{case.get('name')}")
        for folder in folders
        for path in folder.glob("pytest*.xml")
        for case in ElementTree.parse(path).iter("testcase")
    ]
    return sorted(cases, reverse=True)[:MAX_SLOWEST]


def print_details(sessions: list[dict[str, Any]]) -> None:
    """Print the slowest tests, each reason why tests were skipped, and what was not run."""
    import noxfile  # not earlier: nox reports errors in its environment variables first

    if slowest := find_slowest([REPORTS / full_name(session) for session in sessions]):
        print("\nSlowest tests:")
        for seconds, name in slowest:
            print(f"- {seconds:.1f} s: {name}")
    print("\nNot run:")
    for session in sessions:
        if session["result"] == "skipped":
            print(f"- {full_name(session)}: {session['reason']}")
        for reason, count in skip_reasons(REPORTS / full_name(session)).most_common():
            print(f"- {full_name(session)}, {count} skipped: {reason}")
    for line in noxfile.not_run({session["name"] for session in sessions}):
        print(f"- {line}")


def main() -> int:
    """Run the sessions and print the totals; return 1 if anything failed."""
    report = REPORTS / "nox.json"
    report.unlink(missing_ok=True)
    report.parent.mkdir(parents=True, exist_ok=True)
    chosen = sys.argv[1:] or ["--parallel", "auto"]
    nox = [sys.executable, "-m", "nox", "--noxfile", str(ROOT / "noxfile.py"), "--report", str(report)]
    status = subprocess.call([*nox, *chosen])
    sessions = read(report)

    total: Counter[str] = Counter()
    print()
    for session in sessions:
        counts = count_session(session)
        total += counts
        note = f"SKIPPED: {session['reason']}" if session["result"] == "skipped" else in_words(counts)
        print(f"{full_name(session):<24} {note} in {session.get('duration', 0):.0f} s")
    if status and not total["failed"]:
        total["failed"] = 1
    if sessions:
        print_details(sessions)
        print()
    print(in_words(total), flush=True)
    return 1 if total["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
