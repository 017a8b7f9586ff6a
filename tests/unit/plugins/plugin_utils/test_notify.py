# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A command is told that a run has failed."""

from __future__ import annotations

import os
import select
import shlex
import signal
from contextlib import suppress
from pathlib import Path

import pytest
from ansible_collections.softlayer.certificates.plugins.plugin_utils._notify import notify

SECRETS = {"SL_API_KEY": "a", "SL_USERNAME": "b", "IBMCLOUD_API_KEY": "c", "SOFTLAYER_CERTIFICATES_LEDGER_URL": "d"}
SENTENCE = "web:443: it ends, and nothing renews it; $(touch owned)."


def test_it_gets_the_sentence_and_what_it_needs_and_no_credentials(tmp_path: Path) -> None:
    said, known = tmp_path / "said", tmp_path / "known"
    command = f"sh -c 'cat > {shlex.quote(str(said))}; env > {shlex.quote(str(known))}'"
    assert notify(command, SENTENCE, {"PATH": os.defpath, "SLACK_TOKEN": "mine", **SECRETS}) is None
    assert said.read_text() == f"{SENTENCE}\n" and not (tmp_path / "owned").exists()
    lines = known.read_text().splitlines()
    assert "SLACK_TOKEN=mine" in lines and not [line for line in lines if line.partition("=")[0] in SECRETS]


def test_no_shell_reads_the_command(tmp_path: Path) -> None:
    assert notify(f"touch '{tmp_path}/$(id) *' {tmp_path}/~;false", SENTENCE) is None
    assert {path.name for path in tmp_path.iterdir()} == {"$(id) *", "~;false"}


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("false", "And nobody was told: false ended with status 1."),
        ("sleep 9", "And nobody was told: sleep took longer than 0 seconds."),
        ("sh -c 'sleep 9; true'", "And nobody was told: sh took longer than 0 seconds."),
        ("no-such-command", "cannot be run (FileNotFoundError): correct notify_command."),
        ("mail 'unfinished", "cannot be run (ValueError): correct notify_command."),
        (" ", "cannot be run (IndexError): correct notify_command."),
    ],
)
def test_what_fails_is_told(command: str, said: str) -> None:
    told = notify(command, SENTENCE, seconds=0.2)
    assert told is not None and told.endswith(said)


def test_what_it_leaves_running_is_not_waited_for(tmp_path: Path) -> None:
    """It has told; and what is stopped after a minute, is stopped with all that it has started."""
    assert notify(f"sh -c 'sleep 9 & echo $! > {tmp_path}/left'", SENTENCE, seconds=5) is None
    left = int((tmp_path / "left").read_text())
    os.kill(left, signal.SIGKILL)
    assert notify(f"sh -c 'sleep 9 & echo $! > {tmp_path}/stopped; wait'", SENTENCE, seconds=2)
    with suppress(ProcessLookupError):
        stopped = os.pidfd_open(int((tmp_path / "stopped").read_text()))
        assert select.select([stopped], [], [], 9)[0], "it still runs"
        os.close(stopped)
