# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""No private key, passphrase or API key in anything that Ansible prints, logs or leaves behind, however it ends.

The modules are run by ansible-playbook, as talkative as it gets, in some of the ways in which a run can end: foreseen, done, refused.
What was printed is searched task by task, and all files that are left are searched afterwards. Each option that holds a secret, and what
people get wrong with it: `outside/test_secrets_in_logs`; whatever a server quotes of a key: the pure tests of `_softlayer.faults`.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import PrivateFormat

from tests.simulator.client import Simulator
from tests.support import certificates
from tests.support.certificates import LENGTH, Authority, encrypted_fragments, key_pem, leaks, new_key
from tests.support.modules import TRANSPORTS

pytestmark = pytest.mark.xdist_group("what came of all tasks")  # which are run once

Options = dict[str, Any]

PASSPHRASE = "Tr0ub4dor-and-three-more"
WRONG_PASSPHRASE = "n0t-the-passphrase-of-it"
KEY_STORE_PASSPHRASE = "an0ther-phrase-for-pkcs12"
MAIL_BODY = "what-is-said-in-confidence-0123456789"
IAM_TOKEN = "eyJraWQiOiIyMDI2MTIwMTAwMDAifQ.eyJpYW1faWQiOiJpYW0tUHJvZmlsZS1zZWNyZXQifQ.bm9ib2R5LXNoYWxsLXNlZS1pdA"
PASSWORDS = (PASSPHRASE, WRONG_PASSPHRASE, KEY_STORE_PASSPHRASE, MAIL_BODY, IAM_TOKEN)
AUTHORITY = Authority()
TRADITIONAL = PrivateFormat.TraditionalOpenSSL


# What is done: each task is a way in which a run can end


@dataclass(frozen=True)
class Task:
    """A task of the playbook, and what must stand in its output for it to have ended so."""

    module: str
    options: Options
    expected: str
    check: bool = False
    times: int = 1


@dataclass
class Stage:
    """Where it takes place; only the folders below `left` are searched."""

    folder: Path
    tasks: dict[str, Task] = field(default_factory=dict)
    fragments: set[str] = field(default_factory=set)

    @property
    def left(self) -> Path:
        """Home, temporary files and logs."""
        return self.folder / "left"

    def file(self, content: str | bytes) -> str:
        """The path of a file of the user's own, with this content."""
        folder = self.folder / "given"
        folder.mkdir(exist_ok=True)
        path = folder / f"{len(list(folder.iterdir()))}.file"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return str(path)


def _tasks(stage: Stage) -> dict[str, Task]:
    """Keys by content and by path, at top level and in a list, taken for something else; mailboxes."""
    imports, search = "ssl_certificate_import", "ssl_fulfillment_email_info"
    one, other = AUTHORITY.issue("www.example.com", key=new_key("rsa")), AUTHORITY.issue("api.example.com")
    by_content = one.options(privatekey_content=key_pem(one.key, TRADITIONAL))
    closed = key_pem(other.key, passphrase=PASSPHRASE)
    stage.fragments |= encrypted_fragments(closed)
    by_path = {"certificate_path": stage.file(other.pem), "privatekey_path": stage.file(closed)}
    chain = {"intermediate_content": other.chain_pem}
    beside = AUTHORITY.issue("beside.example.com").options(notes=other.key_pem.replace("\n", "\r\n"))
    key_store = stage.file(certificates.pkcs12_of(AUTHORITY.issue("store.example.com"), KEY_STORE_PASSPHRASE))
    opened = {"pkcs12_path": key_store, "pkcs12_passphrase": KEY_STORE_PASSPHRASE}
    export = {"all": True, "dest": str(stage.folder / "exported"), "passphrase": PASSPHRASE}
    body = f"{MAIL_BODY}\n{one.pem}\n{other.key_pem}\n"
    message = stage.file(f"From: ca@example.com\nSubject: Your certificate\n\n{body}")
    by_key = {"privatekey_paths": [stage.file(one.key_pem)]}
    return {
        "check_mode": Task(imports, by_content, '"outcome": "imported"', check=True),
        "by_content": Task(imports, by_content, '"outcome": "imported"'),
        "in_a_list": Task(
            imports,
            {"certificates": [beside, {**by_path, **chain, "privatekey_passphrase": PASSPHRASE}, opened]},
            '"outcome": "imported"',
            times=3,
        ),
        "bad_passphrase": Task(
            imports, {**by_path, "privatekey_passphrase": WRONG_PASSPHRASE}, '"reason": "bad_passphrase"'
        ),
        "export": Task("ssl_certificate_export", export, '"exported_count": '),
        "refused_token": Task(
            "ssl_order_info", {"iam_token": f"Bearer {IAM_TOKEN}"}, '"code": "authentication_failed"'
        ),
        "no_token": Task("ssl_order_info", {"iam_token": f"'{IAM_TOKEN}'"}, '"code": "invalid_argument"'),
        "mail_found": Task(search, {"paths": [message], **by_key}, '"messages_examined": 1'),
    }


@dataclass(frozen=True)
class Performance:
    stage: Stage
    sections: dict[str, str]
    output: str
    passwords: tuple[str, ...]

    def found(self, text: str) -> list[str]:
        """The secrets in a text, and in what it is without line ends and indentation."""
        fragments = self.stage.fragments | certificates._fragments | self._password_fragments
        return sorted(leaks(text, fragments) | leaks(re.sub(r"\\n|\s", "", text), fragments))

    @property
    def _password_fragments(self) -> set[str]:
        return {
            password[start : start + LENGTH]
            for password in self.passwords
            for start in range(len(password) - LENGTH + 1)
        }


@pytest.fixture(scope="module")
def performance(demo_simulator: Simulator, tmp_path_factory: pytest.TempPathFactory) -> Performance:
    """What came of all tasks, each with one of the transports."""
    demo_simulator.reset()
    stage = Stage(tmp_path_factory.mktemp("secrets"))
    stage.tasks = _tasks(stage)
    login = {"username": demo_simulator.username, "api_key": demo_simulator.api_key}
    tasks = [
        {
            "name": name,
            f"softlayer.certificates.{task.module}": {
                **({} if "iam_token" in task.options else login),
                "endpoint_url": demo_simulator.url(TRANSPORTS[number % 2]),
                **({"ledger_url": f"sqlite:///{stage.left}/ledger{number}.sqlite3"} if "import" in task.module else {}),
                **task.options,
            },
            "ignore_errors": True,
            "check_mode": task.check,
        }
        for number, (name, task) in enumerate(stage.tasks.items())
    ]
    play = [{"hosts": "localhost", "gather_facts": False, "tasks": tasks}]
    playbook = stage.file(json.dumps(play))
    output = _ansible(stage, playbook)
    assert f"ok={len(tasks)} " in output, output[-3000:]
    sections = dict(re.findall(r"^TASK \[(\w+)\] \*+\n(.*?)(?=^TASK \[|^PLAY RECAP)", output, re.MULTILINE | re.DOTALL))
    return Performance(stage, sections, output, (*PASSWORDS, demo_simulator.api_key))


def _ansible(stage: Stage, playbook: str) -> str:
    home, temporary = stage.left / "home", stage.left / "tmp"
    for folder in (home, temporary):
        folder.mkdir(parents=True, exist_ok=True)
    settings = {
        "HOME": str(home),
        "XDG_STATE_HOME": str(home / ".local" / "state"),
        "TMPDIR": str(temporary),
        "ANSIBLE_LOG_PATH": str(stage.left / "ansible.log"),
        "ANSIBLE_REMOTE_TMP": str(stage.left / "remote"),
        "ANSIBLE_DISPLAY_TRACEBACK": "always",
        "ANSIBLE_INJECT_INVOCATION": "true",  # as ansible-core does by itself up to 2.20
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_LOCALHOST_WARNING": "false",
        "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
    }
    options = [
        "-i",
        "localhost,",
        "-c",
        "local",
        "-e",
        f"ansible_python_interpreter={sys.executable}",
        "-vvvv",
        "--diff",
    ]
    done = subprocess.run(
        [str(Path(sys.executable).with_name("ansible-playbook")), *options, playbook],
        env={**os.environ, **settings},
        cwd=stage.folder,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    return done.stdout + done.stderr


def test_no_task_shows_a_secret(performance: Performance) -> None:
    wrong = {}
    for name, task in performance.stage.tasks.items():
        section = performance.sections[name]
        assert section.count(task.expected) >= task.times, section[:2000]
        if found := performance.found(section):
            wrong[name] = len(found)
    assert wrong == {}


def test_tasks_show_what_they_were_given(performance: Performance) -> None:
    """Ansible is as talkative as the searches above take for granted."""
    for name in ("by_content", "bad_passphrase"):
        assert "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER" in performance.sections[name]
        assert '"invocation"' in performance.sections[name]
    log = (performance.stage.left / "ansible.log").read_text()
    assert "bad_passphrase" in log


def test_the_search_finds_what_is_there(performance: Performance) -> None:
    one = AUTHORITY.issue("found.example.com")
    assert performance.found(f"x{one.key_pem}") and performance.found(json.dumps(key_pem(one.key, TRADITIONAL)))
    assert performance.found(f"x{PASSPHRASE}x") and not performance.found(one.pem + one.csr_pem)


def test_no_file_that_is_left_holds_a_secret(performance: Performance) -> None:
    """Of what modules write, the ledger alone is left; the log holds no more than was printed, which was searched."""
    left = {path: path.relative_to(performance.stage.left) for path in performance.stage.left.rglob("*")}
    files = {str(name): path.read_bytes().decode("latin-1") for path, name in left.items() if path.is_file()}
    log = files.pop("ansible.log")
    assert {name: len(found) for name, text in files.items() if (found := performance.found(text))} == {}
    kept = {name for name in files if "softlayer" in name or name.startswith("tmp/")}
    assert all(name.startswith("home/.local/state/") for name in kept), kept
    printed = "".join(performance.sections.values()) + performance.output
    assert set(performance.found(log)) <= set(performance.found(printed))
