# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Playbooks as users write them: text in a file, run by the command, with the arguments of a shell."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

SECONDS = 300


@dataclass(frozen=True)
class Played:
    """A run: its exit code, and all that it printed."""

    code: int
    output: str


def command(name: str, *arguments: str) -> list[str]:
    """One of Ansible's commands, of the environment that the tests run in."""
    return [str(Path(sys.executable).with_name(name)), *arguments]


def play(folder: Path, playbook: str, *arguments: str, env: Mapping[str, str] | None = None) -> Played:
    """Run a playbook in a folder: one of the collection's by its name, or one that is given as text."""
    if len(playbook.split()) > 1:
        (folder / "playbook.yml").write_text(textwrap.dedent(playbook), encoding="utf-8")
        playbook = "playbook.yml"
    process = subprocess.run(
        command("ansible-playbook", playbook, *arguments),
        cwd=folder,
        env={**os.environ, **(env or {})},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    return Played(process.returncode, process.stdout + process.stderr)


def telling(name: str, role: str = "ssl_fulfillment") -> str:
    """One of the collection's playbooks, which leaves the role's result in result.json, in check mode as well."""
    return f"""
        - import_playbook: softlayer.certificates.{name}
        - hosts: localhost
          gather_facts: false
          tasks:
            - copy:
                content: "{{{{ {role}_result | to_json }}}}"
                dest: result.json
                mode: "0600"
              check_mode: false
              changed_when: false
    """
