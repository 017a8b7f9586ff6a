# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Running playbooks the way users do, against the simulator."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.simulator.client import Simulator
from tests.support import preloading

SECONDS = 300


@dataclass(frozen=True)
class Ran:
    """A run of a playbook: its exit code, all that it printed, and how many tasks changed something."""

    code: int
    output: str
    changed: int


def play(sim: Simulator, folder: Path, playbook: str, *options: str, **variables: Any) -> Ran:
    """Run a playbook in a folder, logged in to a simulator whose authority the machine trusts, with variables from a file."""
    given = folder / "vars.json"
    given.write_text(json.dumps(variables), encoding="utf-8")
    login = {"SL_USERNAME": sim.username, "SL_API_KEY": sim.api_key, "SL_ENDPOINT_URL": sim.rest_url}
    trusted = {"SSL_CERT_FILE": str(sim.authority_root)}
    quiet = {"ANSIBLE_LOCALHOST_WARNING": "false", "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false"}
    process = subprocess.run(
        [Path(sys.executable).with_name("ansible-playbook"), playbook, "-e", f"@{given}", *options],
        cwd=folder,
        env=os.environ | preloading.environment() | login | trusted | quiet,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    output = process.stdout + process.stderr
    recap = re.search(r"changed=(\d+)", output)
    return Ran(process.returncode, output, int(recap[1]) if recap else 0)
