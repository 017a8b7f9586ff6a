# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the callback `summary` prints of a user's own playbook, which has no role that summarizes it."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.simulator.client import Simulator
from tests.support.playing import play

EMAILS = {"common_names": ["mail.example.com", "vpn.example.org"], "on_ineligible": "skip"}
TASKS = [
    {"name": "Request emails", "softlayer.certificates.ssl_fulfillment_email": EMAILS},
    {"name": "Ask for the date", "ansible.builtin.command": "date"},
    {"name": "List orders", "softlayer.certificates.ssl_order_info": {}},
]


def test_own_plays_are_not_silent(sim: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANSIBLE_STDOUT_CALLBACK", "softlayer.certificates.summary")
    monkeypatch.setenv("SOFTLAYER_CERTIFICATES_LEDGER_URL", f"sqlite:///{tmp_path}/ledger.sqlite3")
    book = tmp_path / "site.yml"
    book.write_text(yaml.safe_dump([{"hosts": "localhost", "gather_facts": False, "tasks": TASKS}]), encoding="utf-8")
    for options, was, changed in ((["--check"], "would be", 1), ([], "was", 2)):
        ran = play(sim, tmp_path, str(book), *options)
        lines = [line for line in ran.output.splitlines() if line.startswith(("mail.", "vpn.", "localhost: "))]
        assert ran.code == 0 and [line.partition(", order ")[0] for line in lines[:2]] == [
            "mail.example.com",
            "vpn.example.org",
        ], ran.output
        assert lines[0].endswith(f": The email {was} requested for admin@example.com.")
        assert ": pending: Not requested: " in lines[1]
        assert lines[2:-1] == ["localhost: changed: Ask for the date"] * (changed - 1)
        assert lines[-1].startswith(f"localhost: ok={1 + changed} changed={changed} "), ran.output
