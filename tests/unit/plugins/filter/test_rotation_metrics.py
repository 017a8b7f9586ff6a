# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filter _rotation_metrics, as the role uses it: what modules returned gets into a file, and nothing of it is a template."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.softlayer.certificates.plugins.filter import _rotation_metrics as plugin

from tests.support.playing import SECONDS

rotation_metrics = plugin.FilterModule().filters()["_rotation_metrics"]
AT = datetime(2026, 3, 8, 12, tzinfo=timezone.utc)
EVIL = "{{ lookup('pipe', 'echo evil') }}"
PLAY = """
- hosts: localhost
  gather_facts: false
  tasks:
    - ansible.builtin.set_fact:
        result: "{{ lookup('ansible.builtin.file', 'result.json') | from_json }}"
    - ansible.builtin.copy:
        content: "{{ result | softlayer.certificates._rotation_metrics }}"
        dest: "{{ playbook_dir }}/certificates.prom"
        mode: "0644"
"""


@pytest.mark.parametrize(
    ("result", "success"),
    [
        ({"listeners": []}, True),
        ({"listeners": [], "failure": {"code": "attention_needed"}}, False),
        ({"failure": {"code": "not_found"}}, False),
        ({"msg": "MODULE FAILURE"}, False),
    ],
    ids=str,
)
def test_the_run_is_one_of_now(result: dict[str, Any], success: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plugin, "now", lambda: AT)
    lines = rotation_metrics(result).splitlines()
    assert "softlayer_certificates_last_run_timestamp_seconds 1.7729712e+09" in lines
    assert f"softlayer_certificates_last_run_success {float(success)}" in lines


def test_what_a_result_says_is_no_template(tmp_path: Path) -> None:
    listener = {"load_balancer": EVIL, "port": 443, "common_name": "ä", "served": False, "renewal_due": None}
    result = {"listeners": [listener], "failed_items": [], "attention": [{"reason": "not_served"}]}
    (tmp_path / "result.json").write_text(json.dumps(result), encoding="utf-8")
    (tmp_path / "play.yml").write_text(PLAY, encoding="utf-8")
    process = subprocess.run(
        [Path(sys.executable).with_name("ansible-playbook"), "play.yml"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert process.returncode == 0, process.stdout + process.stderr
    lines = (tmp_path / "certificates.prom").read_text(encoding="utf-8").splitlines()
    assert f'softlayer_certificates_served{{load_balancer="{EVIL}",name="ä",port="443"}} 0.0' in lines
    assert 'softlayer_certificates_attention{reason="not_served"} 1.0' in lines
    assert "softlayer_certificates_last_run_success 1.0" in lines
