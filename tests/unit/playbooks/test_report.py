# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module ssl_certificate_report in a play of one's own: what Ansible adds to it, and what it makes of the results that it hands on."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.support.playing import SECONDS
from tests.support.rotations import item, listener

EVIL = "{{ lookup('ansible.builtin.pipe', 'touch owned') }}<script>"
PLAY = """
- hosts: localhost
  connection: local
  gather_facts: false
  tasks:
    - ansible.builtin.set_fact:
        results: "{{ lookup('ansible.builtin.file', 'results.json') | from_json }}"
    - softlayer.certificates.ssl_certificate_report:
        results: "{{ results }}"
        path: ../reports/rotation.html
        metrics_path: ../reports/rotation.prom
        language: de
        page:
          css: "body { color: red; }"
      loop: [1, 2]
      register: written
    - ansible.builtin.copy:
        content: "{{ written.results | to_json }}"
        dest: written.json
        mode: "0600"
"""


def test_a_report_of_what_another_task_returned(tmp_path: Path) -> None:
    """Nothing in it is a template, a relative path begins at the playbook as in all modules, and the second time nothing changes."""
    for name in ("plays", "reports"):
        (tmp_path / name).mkdir()
    results = {
        "listeners": [listener("web:443", load_balancer=EVIL, served_name=EVIL, common_name=EVIL)],
        "attention": [item("web:443", "expiring", EVIL, load_balancer=EVIL)],
    }
    (tmp_path / "plays/results.json").write_text(json.dumps(results), encoding="utf-8")
    (tmp_path / "plays/report.yml").write_text(PLAY, encoding="utf-8")
    # No forked play, whose modules have another working directory.
    command = [str(Path(sys.executable).with_name("ansible-playbook")), "plays/report.yml"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    first, second = json.loads((tmp_path / "plays/written.json").read_text(encoding="utf-8"))
    assert (first["changed"], second["changed"]) == (True, False)
    page = (tmp_path / "reports/rotation.html").read_text(encoding="utf-8")
    assert 'lang="de"' in page and "body { color: red; }" in page and "--page:" not in page
    assert page.count("<script") == 2 and "touch owned" in page
    data: dict[str, Any] = json.loads((tmp_path / "reports/rotation.json").read_text(encoding="utf-8"))
    assert data["listeners"][0]["name"] == EVIL and data["listeners"][0]["messages"] == [EVIL]
    assert f'load_balancer="{EVIL}"' in (tmp_path / "reports/rotation.prom").read_text(encoding="utf-8")
    told = first.get("invocation", {}).get(
        "module_args", {"results": None, "page": None}
    )  # newer releases leave it out
    assert told["results"] is told["page"] is None and "touch owned" not in json.dumps(first)
    assert not list(tmp_path.glob("**/owned"))
