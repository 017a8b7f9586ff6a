# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`make demo-acme` does what it says, and leaves nothing but the report."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

from tests.support import acme_clients
from tests.support.acme_clients import Certbot
from tests.support.artefact import ROOT
from tests.support.long import only_long

SECONDS = 900
REASON = acme_clients.reason_to_skip(Certbot)


@only_long
@pytest.mark.skipif(bool(REASON), reason=str(REASON))
def test_make_demo_acme() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "examples.demo.acme"],
        cwd=ROOT,
        env=os.environ | {"NO_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    served = re.findall(r"serves certificate (\w+)\s+of (.+), expires", done.stdout)
    assert len(served) == len(set(served)) == 3
    assert [issuer.startswith("Pebble ") for _number, issuer in served] == [False, True, True]
    for done_to_it in (r"imported as certificate \d+", "removed"):
        would = done_to_it.split()[0]
        said = re.findall(rf"www\.example\.com\)?: (would be {would}|{done_to_it})", done.stdout)
        assert [words.startswith("would be") for words in said[:2]] == [True, False]  # the hook says nothing
    assert str(ROOT) not in done.stdout
    assert [path.name for path in (ROOT / ".demo-acme").iterdir()] == ["report.html"]


def test_without_its_programs_it_says_which_are_missing() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "examples.demo.acme"],
        cwd=ROOT,
        env=os.environ | {"PATH": "/nowhere"},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 1
    assert "not installed: pebble, certbot" in done.stdout and "Traceback" not in done.stderr
