# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run nox, then say what each session's tests came to, and what was not run. Arguments are passed on to nox.

With more than one processor, sessions run in two lanes: one has those that use two processors, the other has the rest, and the first
helps with these once it is through. What a session prints is kept until it ends.
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
NOTHING_TO_TEST = "No tests applicable."  # ansible-test, of a test for a kind of file that there is none of
USES_BOTH = "parallel"  # the noxfile's tag of sessions that use two processors
FIRST = "slow"  # its tag of those others that begin first


class Lanes:
    """Runs sessions in two lanes, and collects what nox reports of them."""

    def __init__(self, sessions: Sequence[dict[str, Any]]) -> None:
        self._names = [session["session"] for session in sessions]
        self._parallel = deque(session["session"] for session in sessions if USES_BOTH in session["tags"])
        others = sorted(sessions, key=lambda session: FIRST not in session["tags"])
        self._others = deque(session["session"] for session in others if USES_BOTH not in session["tags"])
        self._printing = threading.Lock()
        self._reported: dict[str, dict[str, Any]] = {}

    def run(self) -> list[dict[str, Any]]:
        """Run all, and return the reports in the order of the sessions."""
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
        self._print(f"{name} has begun.")
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
            f"\n{output}{name} has ended after {seconds:.0f} seconds, and at least {busy:.0f} of one processor.\n"
        )
        none = {"name": name.partition("(")[0], "signatures": [name], "result": "failed"}
        self._reported[name] = next(iter(read(report)), none)

    def _print(self, text: str) -> None:
        with self._printing:
            print(text, flush=True)


def nox(*arguments: str) -> list[str]:
    """The command that runs nox."""
    return [sys.executable, "-m", "nox", "--noxfile", str(ROOT / "noxfile.py"), *arguments]


def read(report: Path) -> list[dict[str, Any]]:
    """What nox has reported of sessions; nothing where it did not get that far."""
    sessions: list[dict[str, Any]] = json.loads(report.read_text())["sessions"] if report.exists() else []
    return sessions


def for_lanes(arguments: Sequence[str]) -> list[dict[str, Any]]:
    """The sessions that these arguments choose, if they are worth two lanes; else none, and nox runs them by itself."""
    chosen_by_name = len(arguments) == 2 and arguments[0] == "--session"
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    if (arguments and not chosen_by_name) or processors == 1:
        return []
    listing = subprocess.run(nox("--list", "--json", *arguments), capture_output=True, text=True, check=False)
    sessions: list[dict[str, Any]] = json.loads(listing.stdout) if listing.returncode == 0 else []
    others = [session for session in sessions if USES_BOTH not in session["tags"]]
    return sessions if others and len(sessions) > 1 else []


def count_tests(folder: Path) -> Counter[str]:
    """Add up the JUnit files of a folder."""
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
    """A session's name with its parameters, as the noxfile knows it."""
    return session["signatures"][0] if session["signatures"] else session["name"]


def count_session(session: dict[str, Any]) -> Counter[str]:
    """Count a session's tests, and the session itself where it did not get as far as running any."""
    if session["result"] == "skipped":
        return Counter(skipped=1)
    counts = count_tests(REPORTS / full_name(session))
    if not counts["failed"] and (session["result"] != "success" or not counts["passed"]):
        counts["failed"] = 1
    return counts


def in_words(counts: Counter[str]) -> str:
    """`N passed, M failed, K skipped`."""
    return ", ".join(f"{counts[outcome]} {outcome}" for outcome in OUTCOMES)


def print_what_was_not_run(sessions: list[dict[str, Any]]) -> None:
    """Say it where more than one kind of test was asked for: who asks for one knows."""
    names = list(dict.fromkeys(session["name"] for session in sessions))
    if names != ["fast"] and len(names) < 2:
        return
    import noxfile  # only now: nox has found no mistake in the environment variables that it reads

    print("\nNot run:")
    for session in sessions:
        if session["result"] == "skipped":
            print(f"- {full_name(session)}: {session['reason']}")
    for line in noxfile.not_run(names):
        print(f"- {line}")


def main() -> int:
    """Run, sum up, and fail if anything failed."""
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
        print_what_was_not_run(sessions)
        print()
    print(in_words(total), flush=True)
    return 1 if total["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
