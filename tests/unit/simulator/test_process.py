# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The process: how it starts, what it says, what it refuses, and how it ends."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.simulator.client import Simulator
from tests.support.servers import ending_with_parent


def test_endpoint_file_is_complete_and_private(sim: Simulator) -> None:
    path = sim.state_dir / "endpoint.json"
    endpoint = json.loads(path.read_text(encoding="utf-8"))
    assert path.stat().st_mode & 0o777 == 0o600
    assert endpoint.keys() >= {
        "xmlrpc",
        "rest",
        "control",
        "secrets_manager",
        "iam",
        "username",
        "api_key",
        "account_id",
        "maildir",
        "keys",
        "pid",
    }
    assert len(endpoint["api_key"]) == 64
    assert endpoint["ca_path"] is None


def test_it_ends_cleanly_on_request(tmp_path: Path) -> None:
    command = ending_with_parent([sys.executable, "-m", "tests.simulator", "--fleet=empty", f"--state-dir={tmp_path}"])
    with subprocess.Popen(command, cwd=Path(__file__).parents[3], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert "xmlrpc http://127.0.0.1:" in process.stdout.readline()
        assert (tmp_path / "endpoint.json").exists()
        process.terminate()
        assert process.wait(30) == 0
        assert process.stdout.read() == ""
