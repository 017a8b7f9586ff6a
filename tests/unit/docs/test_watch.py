# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The example that watches endpoints fails for each that is not healthy, and says which it is and why."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest
import yaml

from tests.support.certificates import Authority, pem_of, self_signed
from tests.support.pages import ROOT, page_of_file
from tests.support.playing import run_playbook
from tests.support.tls_servers import HOST, free_port, serving

pytestmark = pytest.mark.later

MODULE = "softlayer.certificates.ssl_endpoint_info"
NAME = "www.example.com"
AUTHORITY = Authority()
LINE = re.compile(r"(ok|failed): \[localhost\].*?\(item=127\.0\.0\.1:(\d+)\)(.*)")


def watched(folder: Path, ports: Mapping[str, int]) -> tuple[int, dict[str, str]]:
    """Watch some ports with the guide's watch.yml; the exit code, and what is said of each that fails."""
    blocks = page_of_file(ROOT / "docs/docsite/rst/guide_deploy.rst").blocks
    [text] = [block.text for block in blocks if block.text.startswith("# watch.yml")]
    [play] = yaml.safe_load(text)
    endpoints = [{"host": HOST, "port": port, "server_name": NAME} for port in ports.values()]
    roots = folder / "roots.pem"
    roots.write_text(pem_of([AUTHORITY.root]), encoding="ascii")
    play["tasks"][0][MODULE] = {"endpoints": endpoints, "timeout": 1, "trusted_ca_path": str(roots)}
    (folder / "watch.yml").write_text(yaml.safe_dump([play]), encoding="utf-8")
    ran = run_playbook(["watch.yml"], folder, os.environ)
    lines = {int(port): (outcome, said) for outcome, port, said in LINE.findall(ran.output)}
    assert lines.keys() == set(ports.values()), ran.output
    return ran.code, {name: lines[port][1] for name, port in ports.items() if lines[port][0] == "failed"}


def test_everything_that_is_not_healthy_says_which_and_why(tmp_path: Path) -> None:
    servers = {
        "healthy": serving(AUTHORITY.issue(NAME)),
        "due": serving(AUTHORITY.issue(NAME, days=(-5, 1))),
        "expired": serving(AUTHORITY.issue(NAME, days=(-90, -1))),
        "untrusted": serving(self_signed(NAME)),
    }
    with ExitStack() as stack:
        ports = {name: stack.enter_context(server).port for name, server in servers.items()} | {"closed": free_port()}
        code, failed = watched(tmp_path, ports)
    reasons = {
        "due": "renewal_due: The certificate ends at 2",
        "expired": f"expired: The certificate {NAME} of {HOST}:{ports['expired']} expired at 2",
        "untrusted": f"untrusted: The certificate {NAME} of {HOST}:{ports['untrusted']} is not trusted: ",
        "closed": "unreachable: ",
    }
    assert (code, failed.keys()) == (2, reasons.keys())
    for name, reason in reasons.items():
        said = failed[name].partition('"msg": "')[2]
        assert said.startswith(f"{HOST}:{ports[name]}: {reason}"), said
        assert re.match(r".{40,}\.\"\}$", said), f"no sentence: {said}"
