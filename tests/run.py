# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run nox, then say what each session's tests came to, and what was not run. Arguments are passed on to nox."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))
REPORTS = ROOT / ".nox" / "reports"
OUTCOMES = ("passed", "failed", "skipped")
NOTHING_TO_TEST = "No tests applicable."  # ansible-test, of a test for a kind of file that there is none of


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
    nox = [sys.executable, "-m", "nox", "--noxfile", str(ROOT / "noxfile.py"), "--report", str(report), *sys.argv[1:]]
    status = subprocess.call(nox)
    sessions = json.loads(report.read_text())["sessions"] if report.exists() else []

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
