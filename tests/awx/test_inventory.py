# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The file that the inventory source names lists the orders, with the environment that its credential gives it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.awx.conftest import ROOT
from tests.simulator.client import Simulator
from tests.support.awx_variables import objects


def test_the_inventory_has_a_host_for_each_order(sim: Simulator, tmp_path: Path) -> None:
    data = objects()
    softlayer = next(each for each in data["awx_credential_types"] if each["name"] == "SoftLayer")
    values = {"username": sim.username, "api_key": sim.api_key, "endpoint_url": sim.rest_url}
    injected = {
        variable: values.get(template.strip("{ }"), "") for variable, template in softlayer["injectors"]["env"].items()
    }
    listed = subprocess.run(
        [
            *(Path(sys.executable).with_name("ansible-inventory"), "--list"),
            *("--inventory", ROOT / data["awx_inventory_source"]["source_path"]),
        ],
        cwd=tmp_path,
        env={
            **{"ANSIBLE_COLLECTIONS_PATH": os.environ.get("ANSIBLE_COLLECTIONS_PATH", str(ROOT.parents[2]))},
            **{"HOME": str(tmp_path), "PATH": os.defpath, "LC_ALL": "C.UTF-8"},
            **injected,
        },
        capture_output=True,
        text=True,
        check=False,
    )
    orders = sim.orders()
    assert listed.returncode == 0, listed.stderr
    inventory = json.loads(listed.stdout)
    assert len(inventory["_meta"]["hostvars"]) == len(orders)
    assert {"expiring_30d", "status_approved"} <= set(inventory)
