# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A module that a forked process runs is run as Ansible runs modules: the same in all that it and its caller can see."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support import preloading

SECONDS = 60
WHAT_IT_SEES = """
import json, os, sys
umask = os.umask(0o77)
print(json.dumps({
    "argv": sys.argv, "name": __name__, "path": sys.path, "executable": sys.executable, "folder": os.getcwd(),
    "environment": dict(os.environ), "umask": umask, "stdin": sys.stdin.read(), "encoding": sys.stdout.encoding,
    "files": sorted(os.listdir("/proc/self/fd"))[:3],
    "ansible": sorted(name for name in sys.modules if name.startswith("ansible")),
}))
print("an error", file=sys.stderr)
"""
PRELOADED = "; import sys; print('SoftLayer' in sys.modules)"

pytestmark = pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="modules are not preloaded on this system")


def start(folder: Path, text: str, environment: dict[str, str]) -> subprocess.Popen[str]:
    """Start what Ansible would have packed."""
    (folder / "AnsiballZ_test.py").write_text(text, encoding="utf-8")
    pipe = subprocess.PIPE
    return subprocess.Popen(
        [sys.executable, folder / "AnsiballZ_test.py"],
        **{"stdin": pipe, "stdout": pipe, "stderr": pipe, "text": True},
        cwd=folder,
        env=os.environ | environment,
    )


def seen(folder: Path, environment: dict[str, str]) -> tuple[dict[str, Any], str, int]:
    """What a module sees of its circumstances, and what is seen of it."""
    process = start(folder, WHAT_IT_SEES, environment)
    output, errors = process.communicate("given", timeout=SECONDS)
    return json.loads(output), errors, process.returncode


def test_it_sees_what_it_would_see(tmp_path: Path) -> None:
    handed_over = seen(tmp_path, preloading.environment())
    path = preloading.environment()["PYTHONPATH"]
    plain = seen(tmp_path, {**preloading.environment(), "PRELOADED": f":elsewhere:{path}"})
    for circumstances, _errors, _code in (handed_over, plain):
        del circumstances["environment"]["PRELOADED"]
    assert handed_over == plain
    assert handed_over[0]["ansible"] == [] and handed_over[1:] == ("an error\n", 0)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("raise SystemExit(3)", 3),
        ("raise SystemExit('no')", 1),
        ("1 / 0", 1),
        ("pass", 0),
        ("import os, signal; os.kill(os.getpid(), signal.SIGTERM); signal.pause()", -signal.SIGTERM),
        ("import atexit, os; atexit.register(os._exit, 5)", 5),
    ],
)
def test_it_ends_as_it_would_end(tmp_path: Path, text: str, code: int) -> None:
    process = start(tmp_path, text, preloading.environment())
    _output, errors = process.communicate(timeout=SECONDS)
    assert process.returncode == code
    assert ("ZeroDivisionError" in errors) == (text == "1 / 0")


def test_a_module_on_standard_input() -> None:
    done = subprocess.run(
        [sys.executable],
        input=f"import sys; print(__name__, sys.argv, sys.path[0] == ''){PRELOADED}",
        env=os.environ | preloading.environment(),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=True,
    )
    assert done.stdout == "__main__ [''] True\nTrue\n"


@pytest.mark.parametrize(("change", "preloaded"), [({}, "True"), ({"PYTHONPATH": preloading.__path__[0]}, "False")])
def test_only_where_the_same_libraries_would_be_imported(
    tmp_path: Path, change: dict[str, str], preloaded: str
) -> None:
    process = start(tmp_path, f"pass{PRELOADED}", preloading.environment() | change)
    assert process.communicate(timeout=SECONDS)[0].strip() == preloaded


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_it_ends_with_the_process_that_ansible_started(tmp_path: Path, number: signal.Signals) -> None:
    process = start(
        tmp_path, "import os, signal; print(os.getpid(), flush=True); signal.pause()", preloading.environment()
    )
    assert process.stdout is not None
    run = os.pidfd_open(int(process.stdout.readline()))
    process.send_signal(number)
    assert process.wait(SECONDS) == -number
    assert select.select([run], [], [], SECONDS)[0], "it still runs"
    os.close(run)
