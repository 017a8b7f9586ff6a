# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""No private key, passphrase or API key in anything that Ansible prints, logs or leaves behind, however it ends.

The modules are run by Ansible's own commands, as talkative as they get, once in each way in which a run can end. What was printed is
searched task by task, and all files that are left are searched afterwards. Each option that holds a secret, and what people get wrong with
it: `outside/test_secrets_in_logs`; whatever a server quotes of a key: the pure tests of `_api.faults`.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
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
WRONG_API_KEY = "wr0ng_api-key_of-nobody-0123456789_abcdef"
PROXY_PASSWORD = "pr0xy-passw0rd-0123456789"
LEDGER_PASSWORD = "l3dger-passw0rd-0123456789"
MAIL_PASSWORD = "m4il-passw0rd-0123456789"
MAIL_BODY = "what-is-said-in-confidence-0123456789"
PASSWORDS = (
    *(PASSPHRASE, WRONG_PASSPHRASE, KEY_STORE_PASSPHRASE, WRONG_API_KEY, PROXY_PASSWORD),
    *(LEDGER_PASSWORD, MAIL_PASSWORD, MAIL_BODY),
)
AUTHORITY = Authority()
TRADITIONAL = PrivateFormat.TraditionalOpenSSL


# What is done: each task is a way in which a run can end


@dataclass(frozen=True)
class Task:
    """A task of the playbook, and what must stand in its output for it to have ended so."""

    module: str
    options: Options
    expected: str
    login: str = "good"
    check: bool = False


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


def _imports(stage: Stage) -> Iterator[tuple[str, Task]]:
    """Imports by content and by path, at top level and in a list, in check mode too, that succeed and that fail."""
    module = "ssl_certificate_import"
    imported, bad_passphrase = '"outcome": "imported"', '"reason": "bad_passphrase"'
    one, other = AUTHORITY.issue("www.example.com", key=new_key("rsa")), AUTHORITY.issue("api.example.com")
    by_content = one.options(privatekey_content=key_pem(one.key, TRADITIONAL))
    yield "check_mode", Task(module, by_content, imported, check=True)
    yield "by_content", Task(module, by_content, imported)
    closed = key_pem(other.key, passphrase=PASSPHRASE)
    stage.fragments |= encrypted_fragments(closed)
    by_path = {"certificate_path": stage.file(other.pem), "privatekey_path": stage.file(closed)}
    both = [
        AUTHORITY.issue("beside.example.com").options(notes="beside it"),
        {**by_path, "privatekey_passphrase": PASSPHRASE},
    ]
    yield "decrypted_in_a_list", Task(module, {"certificates": both}, imported)
    yield "bad_passphrase", Task(module, {**by_path, "privatekey_passphrase": WRONG_PASSPHRASE}, bad_passphrase)
    yield "key_mismatch", Task(module, one.options(privatekey_content=key_pem(new_key())), '"reason": "key_mismatch"')
    damaged = other.key_pem.replace("MIG", "NIG", 1)
    yield "damaged_key", Task(module, other.options(privatekey_content=damaged), '"reason": "invalid_pem"')
    key_store = stage.file(certificates.pkcs12_of(AUTHORITY.issue("store.example.com"), KEY_STORE_PASSPHRASE))
    opened = {"pkcs12_path": key_store, "pkcs12_passphrase": KEY_STORE_PASSPHRASE}
    yield "pkcs12", Task(module, opened, imported)
    yield "pkcs12_bad_passphrase", Task(module, {**opened, "pkcs12_passphrase": WRONG_PASSPHRASE}, bad_passphrase)


def _mistakes(stage: Stage) -> Iterator[tuple[str, Task]]:
    """What people do when they mix options up."""
    one = AUTHORITY.issue("mistake.example.com")
    mistakes: dict[str, Options] = {
        "key_given_as_path": {"certificate_content": one.pem, "privatekey_path": one.key_pem},
        "bare_key_given_as_path_of_the_ca": one.options(ca_path="".join(one.key_pem.splitlines()[1:-1])),
        "key_beside_the_certificate": {"certificate_content": one.key_pem + one.pem},
        "options_that_exclude_each_other": one.options(privatekey_path=stage.file(one.key_pem)),
    }
    for name, options in mistakes.items():
        yield name, Task("ssl_certificate_import", options, '"failure": {')
    notes = one.options(notes=one.key_pem.replace("\n", "\r\n"))
    yield "key_given_as_notes", Task("ssl_certificate_import", notes, '"outcome": "imported"')


def _logins(stage: Stage, sim: Simulator) -> Iterator[tuple[str, Task]]:
    order_id = sim.orders()[0]["id"]
    broken = stage.file(f"[softlayer\napi_key = {sim.api_key}\n")
    info, mail = "ssl_order_info", "ssl_fulfillment_email"
    yield "denied", Task(info, {}, '"code": "authentication_failed"', login="wrong")
    yield "orders", Task(info, {"gather_imported": True}, '"order_count": 12')
    yield "store", Task("ssl_certificate_info", {"include_pem": True}, '"certificate_count": ')
    export = {"all": True, "dest": str(stage.folder / "exported"), "passphrase": PASSPHRASE}
    yield "export", Task("ssl_certificate_export", export, '"exported_count": ')
    yield "broken_config_file", Task(info, {"config_file": broken}, '"code": "invalid_config_file"', login="none")
    proxy = f"http://user:{PROXY_PASSWORD}@127.0.0.1:1"
    yield "proxy", Task(info, {"proxy": proxy}, '"code": "unreachable"', login="public")
    yield "email", Task(mail, {"order_ids": [order_id], "force": True}, '"requested_count": 1')
    ledger = f"postgresql://user:{LEDGER_PASSWORD}@127.0.0.1:1/ledger"
    yield "ledger", Task(mail, {"order_ids": [order_id], "ledger_url": ledger}, '"failure": {')


def _mails(stage: Stage) -> Iterator[tuple[str, Task]]:
    """Searches in mailboxes, with a password and by a private key, that succeed and that fail."""
    module = "ssl_fulfillment_email_info"
    one, other = AUTHORITY.issue("mail.example.com"), AUTHORITY.issue("other.example.com")
    body = f"{MAIL_BODY}\n{one.pem}\n{other.key_pem}\n"
    message = stage.file(f"From: ca@example.com\nSubject: Your certificate\n\n{body}")
    imap = {"host": "127.0.0.1", "port": 1, "username": "user", "password": MAIL_PASSWORD, "security": "none"}
    by_key = {"privatekey_paths": [stage.file(one.key_pem)]}
    yield "mail_server_unreachable", Task(module, {"imap": imap, **by_key}, '"code": "unreachable"')
    yield "mail_found", Task(module, {"paths": [message], **by_key}, '"messages_examined": 1')
    others = {"paths": [message], "privatekey_paths": [stage.file(key_pem(new_key()))]}
    yield "mail_not_found", Task(module, others, '"no_matching_key"')
    given = {"privatekey_paths": [one.key_pem]}
    yield "mail_by_key_given_as_path", Task(module, {"paths": [message], **given}, '"code": "not_found"')


@dataclass(frozen=True)
class Performance:
    """All that came of it."""

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
    """What came of all tasks."""
    return _perform(demo_simulator, tmp_path_factory.mktemp("secrets"))


def _perform(demo_simulator: Simulator, folder: Path) -> Performance:
    """Run all tasks with ansible-playbook, and one with ansible."""
    demo_simulator.reset()
    stage = Stage(folder)
    stage.tasks = dict((*_imports(stage), *_mistakes(stage), *_logins(stage, demo_simulator), *_mails(stage)))
    logins = _login_options(demo_simulator)
    tasks = [
        {
            "name": name,
            f"softlayer.certificates.{task.module}": {
                **logins[task.login](number % 2),
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
    output = _ansible(stage, "ansible-playbook", playbook)
    assert f"ok={len(tasks)} " in output, output[-3000:]
    sections = dict(re.findall(r"^TASK \[(\w+)\] \*+\n(.*?)(?=^TASK \[|^PLAY RECAP)", output, re.MULTILINE | re.DOTALL))
    one = AUTHORITY.issue("adhoc.example.com")
    paths = {"certificate": one.pem, "privatekey": key_pem(new_key()), "intermediate": one.chain_pem}
    arguments = " ".join(f"{name}_path={stage.file(content)}" for name, content in paths.items())
    environment = {
        "SL_USERNAME": demo_simulator.username,
        "SL_API_KEY": demo_simulator.api_key,
        "SL_ENDPOINT_URL": demo_simulator.xmlrpc_url,
    }
    module = "softlayer.certificates.ssl_certificate_import"
    sections["adhoc"] = _ansible(stage, "ansible", "localhost", "-m", module, "-a", arguments, **environment)
    stage.tasks["adhoc"] = Task(module, {}, '"reason": "key_mismatch"')
    return Performance(stage, sections, output, (*PASSWORDS, demo_simulator.api_key))


def _login_options(sim: Simulator) -> dict[str, Callable[[int], Options]]:
    """Options to log in with, for each of the transports."""
    good = {"username": sim.username, "api_key": sim.api_key, "retries": 0}

    def at(transport: int) -> Options:
        return {"endpoint_url": sim.url(TRANSPORTS[transport])}

    return {
        "good": lambda transport: good | at(transport),
        "wrong": lambda transport: good | at(transport) | {"api_key": WRONG_API_KEY},
        "public": lambda _transport: good | {"endpoint_url": "https://api.invalid/xmlrpc/v3.1/"},
        "none": at,
    }


def _ansible(stage: Stage, command: str, *arguments: str, **environment: str) -> str:
    """Run a command of Ansible's, with nothing but the stage to write to, and give all that it prints."""
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
        [str(Path(sys.executable).with_name(command)), *options, *arguments],
        env={**os.environ, **settings, **environment},
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
        assert task.expected in section, section[:2000]
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
    """But for the log, which repeats what was printed and was searched with it."""
    told = {}
    for path in sorted(performance.stage.left.rglob("*")):
        if path.is_file() and path.name != "ansible.log":
            found = performance.found(path.read_bytes().decode("latin-1"))
            if found:
                told[str(path.relative_to(performance.stage.left))] = len(found)
    assert told == {}


def test_nothing_but_the_ledger_and_the_log_is_left(performance: Performance) -> None:
    files = {
        str(path.relative_to(performance.stage.left)) for path in performance.stage.left.rglob("*") if path.is_file()
    }
    kept = {name for name in files if "softlayer" in name or name.startswith("tmp/")}
    assert all(name.startswith("home/.local/state/") for name in kept), kept


def test_the_log_holds_no_more_than_was_printed(performance: Performance) -> None:
    log = (performance.stage.left / "ansible.log").read_text()
    printed = "".join(performance.sections.values()) + performance.output
    assert set(performance.found(log)) <= set(performance.found(printed))
