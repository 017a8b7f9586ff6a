# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Running playbooks the way users do, against the simulator."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Any

from tests.simulator.client import Simulator
from tests.support.forked import CAN_FORK_PLAYS, ForkedPlay

SECONDS = 300
PROGRAM = r"""#!/bin/sh
# Asks the tests to fork the Ansible program of this name, and prints and exits as that program does.
mkfifo "$CALLS/$$"
printf '%s\0' "${0##*/}" "$PWD" "$@" > "$CALLS/$$.call"
env -0 > "$CALLS/$$.environment"
echo $$ > "$CALLS/calls"
read -r code < "$CALLS/$$"
cat "$CALLS/$$.stdout"
cat "$CALLS/$$.stderr" >&2
exit "$code"
"""
"""Stands for `ansible` and `ansible-playbook` in a shell, where plays can be forked."""


@dataclass(frozen=True)
class Ran:
    """A run of a playbook: its exit code, all that it printed, and how many tasks changed something."""

    code: int
    output: str
    changed: int


def play(sim: Simulator, folder: Path, playbook: str, *options: str, **variables: Any) -> Ran:
    """Run a playbook in a folder, logged in to a simulator whose authority the machine trusts, with variables from a file."""
    return run_playbook(_command(folder, playbook, options, variables)[1:], folder, _environment(sim))


def run_playbook(arguments: Sequence[str], folder: Path, environment: Mapping[str, str]) -> Ran:
    """Run `ansible-playbook` with these arguments; where that can be, in a process that has Ansible imported."""
    if CAN_FORK_PLAYS:
        process = ForkedPlay(arguments, folder, environment)
        output, errors = process.communicate(SECONDS)
        return _ran(process.wait(), output + errors)
    return _complete(["ansible-playbook", *arguments], folder, environment)


def _complete(command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> Ran:
    """Run a command of the Ansible that runs the tests."""
    process = subprocess.run(
        [str(Path(sys.executable).with_name(command[0])), *command[1:]],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    return _ran(process.returncode, process.stdout + process.stderr)


def shell(sim: Simulator, folder: Path, command: str) -> Ran:
    """Run a command that a run has printed as it stands, such as `ansible localhost -m ...`, with that Ansible."""
    return _complete(shlex.split(command), folder, _environment(sim))


def type_commands(
    sim: Simulator, home: Path, commands: str, code: int = 0, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Have a shell run commands of a page in a home folder, with the programs of this Ansible."""
    of_the_home = {
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.defpath]),
        "HOME": str(home),
        "XDG_STATE_HOME": str(home / "state"),
    }
    given = _environment(sim) | of_the_home | environment
    with _forking_programs(given) if CAN_FORK_PLAYS else contextlib.nullcontext(given) as given:
        done = subprocess.run(
            ["sh", "-euc", commands],
            cwd=home,
            env=given,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
    assert done.returncode == code, done.stdout + done.stderr
    return done


@contextlib.contextmanager
def _forking_programs(environment: Mapping[str, str]) -> Iterator[Mapping[str, str]]:
    """An environment in which a thread forks Ansible for the programs of these names, one after the other."""
    with tempfile.TemporaryDirectory(prefix="softlayer-certificates-programs-") as name:
        folder = Path(name)
        for program in ("ansible", "ansible-playbook"):
            (folder / program).write_text(PROGRAM, encoding="ascii")
            (folder / program).chmod(0o755)
        os.mkfifo(folder / "calls")
        calls = os.fdopen(os.open(folder / "calls", os.O_RDWR), "r", encoding="ascii")
        thread = threading.Thread(target=_answer_calls, args=[folder, calls], daemon=True)
        thread.start()
        try:
            path = os.pathsep.join([str(folder), environment["PATH"]])
            yield {**environment, "PATH": path, "CALLS": str(folder)}
        finally:
            (folder / "calls").write_text("\n", encoding="ascii")
            thread.join()
            calls.close()


def _answer_calls(folder: Path, calls: Iterable[str]) -> None:
    """Fork Ansible for each call, until an empty line."""
    for number in takewhile(bool, map(str.strip, calls)):
        program, place, *arguments = (folder / f"{number}.call").read_text(encoding="utf-8").split("\0")[:-1]
        given = (folder / f"{number}.environment").read_text(encoding="utf-8").split("\0")[:-1]
        environment = dict(one.split("=", 1) for one in given)
        process = ForkedPlay(arguments, Path(place), environment, program)
        for stream, text in zip(("stdout", "stderr"), process.communicate(SECONDS), strict=True):
            (folder / f"{number}.{stream}").write_text(text, encoding="utf-8")
        (folder / number).write_text(f"{process.wait()}\n", encoding="ascii")


def _ran(code: int, output: str) -> Ran:
    recap = re.search(r"changed=(\d+)", output)
    return Ran(code, output, int(recap[1]) if recap else 0)


def play_on_a_terminal(sim: Simulator, folder: Path, playbook: str, *options: str, **variables: Any) -> Ran:
    """Run a playbook as `play` does, with a terminal for all that it prints."""
    ours, its = pty.openpty()
    process = subprocess.Popen(
        _command(folder, playbook, options, variables),
        cwd=folder,
        env=_environment(sim),
        stdin=subprocess.DEVNULL,
        stdout=its,
        stderr=its,
    )
    os.close(its)
    pieces = []
    with os.fdopen(ours, "rb", buffering=0) as screen, contextlib.suppress(OSError):  # EIO, as the other end is closed
        while piece := screen.read(65536):
            pieces.append(piece)
    output = re.sub(r"\x1b\[[0-9;]*m", "", b"".join(pieces).decode().replace("\r\n", "\n"))  # less its colours
    return _ran(process.wait(SECONDS), output)


def play_until_shown(sim: Simulator, folder: Path, playbook: str, text: str) -> None:
    """Run a playbook that ignores SIGHUP to its end, on a terminal that is closed as soon as it shows a text."""
    ours, its = pty.openpty()
    process = subprocess.Popen(
        _command(folder, playbook, (), {}),
        cwd=folder,
        env=_environment(sim) | {"PYTHONUNBUFFERED": "1"},
        stdin=subprocess.DEVNULL,
        stdout=its,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN),
    )
    os.close(its)
    seen = b""
    try:
        with open(ours, "rb", buffering=0) as screen:
            while text.encode() not in seen:
                seen += screen.read(4096)
        os.killpg(process.pid, signal.SIGHUP)  # as the shell does it, which knows nothing of the processes in it
        process.wait(SECONDS / 5)
    finally:
        process.kill()
        process.wait()


def start(sim: Simulator, folder: Path, playbook: str, **variables: Any) -> subprocess.Popen[str]:
    """Start a playbook as `play` does, without its output; see `kill`."""
    return subprocess.Popen(
        _command(folder, playbook, (), variables),
        cwd=folder,
        env=_environment(sim),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def kill(process: subprocess.Popen[str]) -> None:
    """Kill a playbook with all its processes, of which those of ansible-core 2.19 and later are in sessions of their own."""
    for pid in _with_children(process.pid):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    process.wait()


def _with_children(pid: int) -> list[int]:
    children = [
        int(child) for path in Path(f"/proc/{pid}/task").glob("*/children") for child in path.read_text().split()
    ]
    return [pid, *(each for child in children for each in _with_children(child))]


def _command(folder: Path, playbook: str, options: Sequence[str], variables: Mapping[str, Any]) -> list[str]:
    given = folder / "vars.json"
    given.write_text(json.dumps(variables), encoding="utf-8")
    return [str(Path(sys.executable).with_name("ansible-playbook")), playbook, "-e", f"@{given}", *options]


def _environment(sim: Simulator) -> dict[str, str]:
    login = {"SL_USERNAME": sim.username, "SL_API_KEY": sim.api_key, "SL_ENDPOINT_URL": sim.rest_url}
    trusted = {"SSL_CERT_FILE": str(sim.authority_root)}
    quiet = {"ANSIBLE_LOCALHOST_WARNING": "false", "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false"}
    return os.environ | login | trusted | quiet
