# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A forked run of a playbook, which most tests use, comes to the same as one of a new interpreter, which packs each module."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.simulator.client import Simulator
from tests.support.certificates import Authority, new_key
from tests.support.client_trees import certbot
from tests.support.forked import CAN_FORK_PLAYS
from tests.support.pages import ROOT
from tests.support.playing import play, shell

pytestmark = [pytest.mark.later, pytest.mark.skipif(not CAN_FORK_PLAYS, reason="plays are not forked")]
NAME = "www.example.com"
VARIABLES: dict[str, dict[str, Any]] = {
    "adopt": {"source": "{folder}/letsencrypt", "common_name": NAME},
    "check_account": {},
    "deploy": {"certificate_id": 300101, "load_balancers": ["web"]},
    "fulfill": {"ssl_fulfillment_certificate_dir": "{folder}/certificates"},
    "import": {"ssl_fulfillment_certificate_dir": "{folder}/certificates"},
    "report": {},
    "resend": {"ssl_fulfillment_common_names": [NAME]},
    "rotate": {"source": "{folder}/letsencrypt"},
    "schedule": {"source": "{folder}/letsencrypt", "prefix": "{folder}/root"},
    "verify": {},
}
"""A playbook's variables."""
SEEN = re.compile(r"^(?:TASK .*|\w+: \[.*?\]|.*\bok=\d+ .*)", re.MULTILINE)
"""The tasks, how they ended, and the recap."""


def test_every_playbook_is_run() -> None:
    assert sorted(VARIABLES) == sorted(path.stem for path in ROOT.glob("playbooks/*.yml"))


@pytest.mark.parametrize("name", VARIABLES)
def test_it_comes_to_the_same(sim: Simulator, tmp_path: Path, name: str) -> None:
    certbot(tmp_path / "letsencrypt", NAME, Authority().issue(None, names=[NAME], key=new_key("rsa")))
    (tmp_path / "certificates").mkdir()
    given = json.loads(json.dumps(VARIABLES[name]).replace("{folder}", str(tmp_path)))
    playbook = f"softlayer.certificates.{name}"
    forked = play(sim, tmp_path, playbook, "--check", **given)
    alone = shell(sim, tmp_path, f"ansible-playbook {playbook} --check -e @vars.json")
    assert len(SEEN.findall(forked.output)) > 4, forked.output
    assert (SEEN.findall(forked.output), forked.code) == (SEEN.findall(alone.output), alone.code), alone.output
