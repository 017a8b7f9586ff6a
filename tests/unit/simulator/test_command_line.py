# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`make simulator`, for the trials of users: what it prints."""

from __future__ import annotations

import os
import subprocess

from tests.simulator.client import Simulator


def test_a_shell_that_runs_what_is_printed_can_call_the_api() -> None:
    with Simulator.start(serve=True) as simulator:
        printed = (simulator.state_dir / "simulator.log").read_text(encoding="utf-8")
        done = subprocess.run(
            ["sh", "-euc", f"{printed}\nenv"], env={"PATH": os.defpath}, capture_output=True, text=True, check=True
        )
    given = dict(line.split("=", 1) for line in done.stdout.splitlines())
    wanted = {
        "SL_ENDPOINT_URL": simulator.rest_url,
        "SL_USERNAME": simulator.username,
        "SL_API_KEY": simulator.api_key,
    }
    assert {name: value for name, value in given.items() if name.startswith("SL_")} == wanted
    assert all(str(path) in printed for path in (simulator.maildir, simulator.keys_dir, simulator.authority_root))
