# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Somebody's folder of playbooks, and containers of the execution environment that work in it."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.e2e.image.build import Engine
from tests.simulator.client import Simulator

LIST = """\
- name: List the SSL orders
  hosts: localhost
  gather_facts: false
  tasks:
    - name: Read the orders
      softlayer.certificates.ssl_order_info:
      register: listed

    - name: Show their names
      ansible.builtin.debug:
        msg: "{{ listed.orders | map(attribute='common_name') | join(' ') }}, {{ listed.order_count }} orders"
"""
RESEND = """\
- name: Request the email of one order again
  import_playbook: softlayer.certificates.resend
  vars:
    ssl_fulfillment_select:
      common_names: [shop.example.com]
"""
INVENTORY = "plugin: softlayer.certificates.ssl_orders\n"
SUMMARY = re.compile(r"This run: [^\"]*")


class Place:
    """A private data directory, as ansible-runner calls it, with a project; whatever runs there may use the simulator."""

    def __init__(self, engine: Engine, image: str, sim: Simulator, folder: Path) -> None:
        self.engine, self.image, self.sim, self.folder = engine, image, sim, folder
        self.project = folder / "project"
        self.project.mkdir()
        folder.chmod(0o755)  # not for its owner alone, as pytest makes it
        for name, text in {"list.yml": LIST, "resend.yml": RESEND, "ssl_orders.yml": INVENTORY}.items():
            (self.project / name).write_text(text, encoding="utf-8")
        self.access = {"SL_USERNAME": sim.username, "SL_API_KEY": sim.api_key, "SL_ENDPOINT_URL": sim.rest_url}

    def run(
        self,
        *command: str,
        user: str = "0",
        env: Mapping[str, str] | None = None,
        options: Sequence[str] = (),
    ) -> subprocess.CompletedProcess[str]:
        """Run a command in a new container, in the project; all else there is the container's own."""
        variables = {**self.access, **(env or {})}
        return self.engine.run_in(
            self.image,
            *command,
            options=[
                f"--user={user}",
                f"--volume={self.project}:/runner/project",
                "--workdir=/runner/project",
                *(f"--env={name}={value}" for name, value in variables.items()),
                *options,
            ],
        )

    def sends(self) -> int:
        """How many emails have gone out."""
        return len(self.sim.sends())


def summary(done: subprocess.CompletedProcess[str]) -> str:
    """What the role says of a run at its end; all of its output if it did not get there."""
    found = SUMMARY.search(done.stdout)
    return found[0] if found else done.stdout


def in_one_line(output: str) -> str:
    """Output without the colors and line breaks of a terminal."""
    return " ".join(re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", output).split())
