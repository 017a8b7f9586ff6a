# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The examples that watch endpoints fail for each that is not healthy, and say which it is and why."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.certificates import Authority, pem_of, self_signed
from tests.support.long import LONG
from tests.support.pages import ROOT, page_of_file, plugin_source
from tests.support.playing import SECONDS
from tests.support.tls_servers import HOST, free_port, serving

pytestmark = pytest.mark.later

MODULE = "softlayer.certificates.ssl_endpoint_info"
NAME = "www.example.com"
AUTHORITY = Authority()
LINE = re.compile(r"(ok|failed): \[localhost\].*?\(item=127\.0\.0\.1:(\d+)\)(.*)")


def of_the_guide() -> list[dict[str, Any]]:
    """The tasks of watch.yml."""
    [text] = [
        block.text
        for block in page_of_file(ROOT / "docs/docsite/rst/guide_deploy.rst").blocks
        if block.text.startswith("# watch.yml")
    ]
    [play] = yaml.safe_load(text)
    tasks: list[dict[str, Any]] = play["tasks"]
    return tasks


def of_the_module() -> list[dict[str, Any]]:
    """The first two examples of the module."""
    tasks: list[dict[str, Any]] = yaml.safe_load(plugin_source("module", "ssl_endpoint_info")["EXAMPLES"])[:2]
    return tasks


EXAMPLES = {"guide": of_the_guide, "module": of_the_module}


@pytest.fixture(params=EXAMPLES if LONG else ["guide"])
def example(request: pytest.FixtureRequest) -> list[dict[str, Any]]:
    """The tasks of an example: one that looks, one that fails."""
    tasks = EXAMPLES[request.param]()
    assert [next(name for name in task if "." in name) for task in tasks] == [MODULE, "ansible.builtin.assert"]
    return tasks


@pytest.fixture(scope="module")
def ports() -> Iterator[dict[str, int]]:
    """The ports of endpoints of all sorts."""

    servers = {
        "healthy": serving(AUTHORITY.issue(NAME)),
        "due": serving(AUTHORITY.issue(NAME, days=(-5, 1))),
        "expired": serving(AUTHORITY.issue(NAME, days=(-90, -1))),
        "untrusted": serving(self_signed(NAME)),
    }
    with ExitStack() as stack:
        running = {name: stack.enter_context(server).port for name, server in servers.items()}
        yield {**running, "closed": free_port()}


def watched(example: list[dict[str, Any]], folder: Path, ports: Mapping[str, int]) -> tuple[int, dict[str, str]]:
    """Watch some ports; the exit code, and what is said of each that fails."""
    look, check = example
    endpoints = [{"host": HOST, "port": port, "server_name": NAME} for port in ports.values()]
    roots = folder / "roots.pem"
    roots.write_text(pem_of([AUTHORITY.root]), encoding="ascii")
    here = {**look, MODULE: {"endpoints": endpoints, "timeout": 1, "trusted_ca_path": str(roots)}}
    play = {"hosts": "localhost", "gather_facts": False, "tasks": [here, check]}
    (folder / "watch.yml").write_text(yaml.safe_dump([play]), encoding="utf-8")
    process = subprocess.run(
        [Path(sys.executable).with_name("ansible-playbook"), "watch.yml"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    output = process.stdout + process.stderr
    lines = {int(port): (outcome, said) for outcome, port, said in LINE.findall(output)}
    assert lines.keys() == set(ports.values()), output
    return process.returncode, {name: lines[port][1] for name, port in ports.items() if lines[port][0] == "failed"}


def test_everything_that_is_not_healthy_says_which_and_why(
    example: list[dict[str, Any]], ports: dict[str, int], tmp_path: Path
) -> None:
    code, failed = watched(example, tmp_path, ports)
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
