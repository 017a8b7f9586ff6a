# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`make demo` shows each step with its result, in few lines, and prints nothing about the host that it runs on."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.artefact import ROOT

SECONDS = 600
MAX_LINES = 150
ROW = re.compile(r"^(\w+):\d+ +(\S+) +\S+ \((\d+)d\) +(yes|no|unknown) +(yes|no|unknown) +(.+)$", re.MULTILINE)
"""A row of the table of listeners."""
HEADING = re.compile(r"^=== (.+?) =+\n", re.MULTILINE)


@pytest.fixture(scope="module")
def said() -> str:
    """All that it prints."""
    done = subprocess.run(
        [sys.executable, "-m", "examples.demo"],
        cwd=ROOT,
        env=os.environ | {"NO_COLOR": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.fixture(scope="module")
def steps(said: str) -> dict[str, str]:
    """What each step prints, by its heading."""
    _before, *parts = HEADING.split(said)
    return dict(zip(parts[::2], parts[1::2], strict=True))


def test_the_number_of_lines(said: str, steps: dict[str, str]) -> None:
    assert len(steps) > 6 and len(said.splitlines()) <= MAX_LINES


def rows(text: str) -> dict[str, tuple[str, str, str, str, str]]:
    """The rows of the table, by load balancer: name, days, served, accepted, status."""
    return {balancer: tuple(others) for balancer, *others in ROW.findall(text)}  # type: ignore[misc]


def test_what_is_seen(steps: dict[str, str]) -> None:
    """Each listener is verified. At the end, all but the revoked one are OK."""
    tables = [rows(text) for heading, text in steps.items() if "softlayer.certificates.rotate" in text]
    assert {(served, accepted) for table in tables[1:] for _n, _d, served, accepted, _w in table.values()} == {
        ("yes", "yes")
    }
    assert tables[1]["web"] == ("www.example.com", "88", "yes", "yes", "OK")
    assert [due for *_others, due in tables[2].values()] == ["held_back", "OK"]
    assert {due for *_others, due in tables[-2].values()} == {"OK"} and len(tables[-2]) == 4
    assert [due for *_others, due in tables[-1].values()] == ["revoked"], "a failed run lists only what needs attention"


def test_what_is_said(steps: dict[str, str]) -> None:
    _begin, check, done, refused, red, *others = (text for heading, text in steps.items() if "revoked" not in heading)
    (revoked,) = (text for heading, text in steps.items() if "revoked" in heading)
    assert "(keyCompromise)" in revoked and "exit code 2" in revoked
    assert "would be imported" in check and "removed" in done
    assert "--key-type rsa" in refused
    assert red.count("No source contains") == 1 and "exit code 2" in red
    assert not any("exit code" in text for text in (check, done, refused, *others))


def test_nothing_of_this_machine_and_no_secret(said: str) -> None:
    assert str(ROOT) not in said and f"{Path.home()}/" not in said
    assert "PRIVATE KEY" not in said and not re.search(r"\b[0-9a-f]{64}\b", said)  # such as the API key


def test_what_it_leaves(said: str) -> None:
    left = {path.name for path in (ROOT / ".demo").iterdir()}
    assert {name.rpartition(".")[2] for name in left} == {"html", "json", "csv", "yml", "pem"}
