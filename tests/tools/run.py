# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run nox, then print the results of each session, and what was not run. Arguments are passed to nox.

With more than one processor, sessions run in two lanes: one for sessions that use two processors, and one for the others; the first lane
also runs others after its own sessions. The output of a session is printed when the session ends.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections import Counter, deque
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))
REPORTS = ROOT / ".nox" / "reports"
OUTCOMES = ("passed", "failed", "skipped")
NOTHING_TO_TEST = "No tests applicable."  # ansible-test, if no file of a kind exists
USES_BOTH = "parallel"  # the tag of sessions that use two processors
FIRST = "slow"  # the tag of other sessions that start first


class Lanes:
    """Runs sessions in two lanes, and collects the reports of nox."""

    def __init__(self, sessions: Sequence[dict[str, Any]]) -> None:
        self._names = [session["session"] for session in sessions]
        self._parallel = deque(session["session"] for session in sessions if USES_BOTH in session["tags"])
        others = sorted(sessions, key=lambda session: FIRST not in session["tags"])
        self._others = deque(session["session"] for session in others if USES_BOTH not in session["tags"])
        self._printing = threading.Lock()
        self._reported: dict[str, dict[str, Any]] = {}

    def run(self) -> list[dict[str, Any]]:
        """Run all sessions, and return their reports in order."""
        lanes = [
            threading.Thread(target=self._run_all, args=queues, daemon=True)
            for queues in ((self._parallel, self._others), (self._others,))
        ]
        for lane in lanes:
            lane.start()
        for lane in lanes:
            lane.join()
        return [self._reported[name] for name in self._names]

    def _run_all(self, *queues: deque[str]) -> None:
        for queue in queues:
            while True:
                try:
                    name = queue.popleft()
                except IndexError:
                    break
                self._run(name)

    def _run(self, name: str) -> None:
        report = REPORTS / f"nox-{name}.json"
        report.unlink(missing_ok=True)
        self._print(f"{name}: started")
        begin = time.monotonic()
        process = subprocess.Popen(
            nox("--report", str(report), "--session", name, *(["--forcecolor"] if sys.stdout.isatty() else [])),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        with process.stdout as pipe:  # type: ignore[union-attr]
            output = pipe.read().decode(errors="replace")
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        seconds, busy = time.monotonic() - begin, usage.ru_utime + usage.ru_stime
        self._print(
            f"\n{output}{name}: ended after {seconds:.0f} seconds, at least {busy:.0f} seconds of processor time\n"
        )
        none = {"name": name.partition("(")[0], "signatures": [name], "result": "failed"}
        self._reported[name] = next(iter(read(report)), none)

    def _print(self, text: str) -> None:
        with self._printing:
            print(text, flush=True)


def nox(*arguments: str) -> list[str]:
    """Return the command that runs nox."""
    return [sys.executable, "-m", "nox", "--noxfile", str(ROOT / "noxfile.py"), *arguments]


def read(report: Path) -> list[dict[str, Any]]:
    """Return the sessions in a report of nox; none if nox did not write the report."""
    sessions: list[dict[str, Any]] = json.loads(report.read_text())["sessions"] if report.exists() else []
    return sessions


def for_lanes(arguments: Sequence[str]) -> list[dict[str, Any]]:
    """Return the sessions that the arguments select if two lanes are faster; none if nox runs them without lanes."""
    chosen_by_name = len(arguments) == 2 and arguments[0] == "--session"
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    if (arguments and not chosen_by_name) or processors == 1:
        return []
    listing = subprocess.run(nox("--list", "--json", *arguments), capture_output=True, text=True, check=False)
    sessions: list[dict[str, Any]] = json.loads(listing.stdout) if listing.returncode == 0 else []
    others = [session for session in sessions if USES_BOTH not in session["tags"]]
    return sessions if others and len(sessions) > 1 else []


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


def print_not_run(sessions: list[dict[str, Any]]) -> None:
    """Print what was not run, and each reason why tests were skipped, if `fast` or several kinds of tests were run."""
    names = list(dict.fromkeys(session["name"] for session in sessions))
    if names != ["fast"] and len(names) < 2:
        return
    import noxfile  # not earlier: nox reports errors in its environment variables first

    print("\nNot run:")
    for session in sessions:
        if session["result"] == "skipped":
            print(f"- {full_name(session)}: {session['reason']}")
    for session in sessions:
        for reason, count in skip_reasons(REPORTS / full_name(session)).most_common():
            print(f"- {full_name(session)}, {count} skipped: {reason}")
    for line in noxfile.not_run(names):
        print(f"- {line}")


def main() -> int:
    """Run the sessions and print the totals; return 1 if anything failed."""
    report = REPORTS / "nox.json"
    report.unlink(missing_ok=True)
    report.parent.mkdir(parents=True, exist_ok=True)
    if chosen := for_lanes(sys.argv[1:]):
        sessions, status = Lanes(chosen).run(), 0
    else:
        status = subprocess.call(nox("--report", str(report), *sys.argv[1:]))
        sessions = read(report)

    total: Counter[str] = Counter()
    print()
    for session in sessions:
        counts = count_session(session)
        total += counts
        note = f"SKIPPED: {session['reason']}" if session["result"] == "skipped" else in_words(counts)
        print(f"{full_name(session):<24} {note}")
    if status and not total["failed"]:
        total["failed"] = 1
    if sessions:
        print_not_run(sessions)
        print()
    print(in_words(total), flush=True)
    return 1 if total["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
