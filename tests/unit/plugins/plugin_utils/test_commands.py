# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A command in a message has the options of the run, as Ansible reads them, and no secret; where AWX runs it, its operators can do what it says."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from ansible import context
from ansible.module_utils.common.collections import ImmutableDict
from ansible.parsing.dataloader import DataLoader
from ansible.parsing.splitter import parse_kv
from ansible_collections.softlayer.certificates.plugins.module_utils._base import remedies
from ansible_collections.softlayer.certificates.plugins.plugin_utils._commands import (
    WORKFLOWS_VARIABLE,
    complete_command,
    find_start,
)

from tests.support.awx_variables import PLAYBOOKS, objects, playbook_variables

NAME, CA = "www.example.com", "/srv/tls/root.pem"
ADOPT = remedies.adopt(NAME, ["web:443"], "/etc/letsencrypt/live/www")
ADOPT_SECRET = remedies.adopt(NAME, ["web:443"])
DEPLOY, REMOVE = remedies.deploy(7, "web:443", ["allow_name_loss"]), remedies.remove(7)
USUAL = {
    **{"phases": ["import"], "trust": "require", "max_listeners": "20", "concurrency": 8, "common_names": None},
    **{"sources": [{"certbot": "/etc/letsencrypt"}], "trusted_ca_path": CA, "gather_certificates": False},
}
"""The options of a task, most of which say what holds anyway."""


@pytest.fixture(autouse=True)
def command_line(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch)


def given(monkeypatch: pytest.MonkeyPatch, *extra: str, **options: Any) -> None:
    """That was given to ansible-playbook with `-e`, and other options."""
    monkeypatch.setattr(context, "CLIARGS", ImmutableDict(extra_vars=extra, **options))


def told(command: str, options: dict[str, Any] | None = None, **variables: Any) -> str:
    return complete_command(command, lambda: find_start(USUAL if options is None else options, variables, DataLoader()))


def words(command: str) -> list[str]:
    assert command[0] == command[-1] == "`", command
    return shlex.split(command[1:-1])


SOURCES = {"sources": [{"certbot": "/etc/letsencrypt"}]}


def read(settings: Iterable[str]) -> dict[str, Any]:
    """The variables that words behind `-e` set, as Ansible reads them; files are left out."""
    variables: dict[str, Any] = {}
    flags, values = list(settings)[::2], list(settings)[1::2]
    assert set(flags) <= {"-e"}
    for value in values:
        if value[0] != "@":
            variables |= DataLoader().load(value) if value[0] == "{" else parse_kv(value)
    return variables


OWN = {"source": "/etc/letsencrypt/live/www", "listener": "web:443", "common_name": NAME}


def test_what_differs_from_the_defaults_goes_with_it() -> None:
    """Sources only where the command does not say where the certificate is."""
    adopt, sources = words(told(ADOPT)), "{ssl_rotation_sources: [{certbot: /etc/letsencrypt}]}"
    assert adopt[:4] == ["ansible-playbook", "-i", "localhost,", "softlayer.certificates.adopt"]
    assert read(adopt[4:]) == {**OWN, "ssl_rotation_trusted_ca_path": CA}
    assert sources in words(told(ADOPT_SECRET)) and sources in words(told(remedies.ROTATE_COMMAND))
    assert words(told(remedies.DEPLOY_COMMAND))[4:] == ["-e", f"ssl_rotation_trusted_ca_path={CA}"]


@pytest.mark.parametrize(
    "value",
    [
        *(7, 2.5, True, False, "/srv/my roots/it's.pem", "*.example.com", "wéb", "yes", 'a"b'),
        *(["a", "*.b"], ["a,b"], []),
        *([{"folder": "/srv/my keys"}, {"folder": "/b", "privatekey_dir": "/c"}], [{"host": "yes", "port": 25}]),
    ],
)
def test_a_value_comes_back_as_it_was(value: Any) -> None:
    """A list of texts, a number and a boolean as text, as the role takes them, too."""
    [back] = read(words(told(remedies.DEPLOY_COMMAND, {"endpoints": value}))[4:]).values()
    texts = {True: "true", False: "false"}
    as_text = ",".join(value) if isinstance(value, list) and value and isinstance(value[0], str) else value
    assert back in (value, texts.get(value) if isinstance(value, bool) else str(as_text))


def test_a_command_has_no_double_quote_unless_a_value_needs_some() -> None:
    """Ansible prints messages as JSON, where each such has a backslash."""
    assert '"' not in told(
        remedies.ROTATE_COMMAND, {**USUAL, "fail_on": ["expired"], "verify_timeout": 3, "rollback": False}
    )


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("privatekey_passphrase", "the-passphrase"),
        ("ledger_url", "postgresql://me:the-password@db/ledger"),
        ("sources", [{"mail": {"imap": {"host": "mail", "username": "me", "password": "the-password"}}}]),
        ("sources", [{"secrets_manager": {"api_key": "the-password"}}]),
        ("intermediate_path", "/srv/{{ x }}.pem"),
    ],
)
def test_what_a_command_must_not_contain_is_named_behind_it(option: str, value: Any) -> None:
    command = told(remedies.ROTATE_COMMAND, {**SOURCES, option: value})
    begin = "`ansible-playbook -i localhost, softlayer.certificates.rotate"
    sources = "" if option == "sources" else " -e '{ssl_rotation_sources: [{certbot: /etc/letsencrypt}]}'"
    assert command == f"{begin}{sources}` (with ssl_rotation_{option} as in this run)"


def test_a_run_without_sources_cannot_say_where_certificates_come_from() -> None:
    where = "(with ssl_rotation_sources set to the sources of the certificates)"
    for sources in ({}, {"sources": []}):
        assert told(remedies.ROTATE_COMMAND, sources) == f"{remedies.ROTATE_COMMAND} {where}"
    assert told(ADOPT_SECRET, {}) == f"{ADOPT_SECRET} {where}"
    assert told(remedies.DEPLOY_COMMAND, {}) == remedies.DEPLOY_COMMAND and told(ADOPT, {}) == ADOPT


def test_a_ledger_without_a_password_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    url = "postgresql://me@db.example.com/ledger"
    assert told(REMOVE, {"ledger_url": url}).endswith(f" state=absent ledger_url={url}'`")
    assert f"-e ssl_rotation_ledger_url={url}" in told(ADOPT, {"ledger_url": url})


def test_modules_get_the_options_that_they_have() -> None:
    options = {**USUAL, "verify_timeout": 3, "ledger_url": "sqlite:////srv/ledger.sqlite3"}
    arguments = parse_kv(words(told(DEPLOY, options))[-1])
    assert arguments == {
        **{"certificate_id": "7", "listeners": "load_balancer=web,port=443", "allow_name_loss": "true"},
        **{"trusted_ca_path": CA, "verify_timeout": "3", "ledger_url": "sqlite:////srv/ledger.sqlite3"},
    }
    odd = told(DEPLOY, {"trusted_ca_path": "/srv/my roots.pem", "ledger_url": "postgresql://me:the-password@db/ledger"})
    assert odd == f"{DEPLOY} (with trusted_ca_path and ledger_url as in this run)"


def test_other_texts_in_backticks_stay_as_they_are() -> None:
    for text in ("certbot renew --cert-name www", "ansible-doc --type role softlayer.certificates.ssl_rotation", "x"):
        assert told(f"`{text}`") == f"`{text}`"


# What -e has given


def test_a_file_goes_with_it_and_not_what_it_sets(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """By its path from here, also with secrets in it; what `-e` sets beside it counts more."""
    file, passwords = tmp_path / "my night.yml", tmp_path / "passwords.json"
    file.write_text(f"ssl_rotation_trusted_ca_path: {CA}\nssl_rotation_privatekey_passphrase: '{{{{ secret }}}}'\n")
    passwords.write_text('{"secret": "the-passphrase"}')
    monkeypatch.chdir(tmp_path)
    options = {**USUAL, "privatekey_passphrase": "the-passphrase", "verify_timeout": 120}
    given(monkeypatch, f"@{file.name}", f"@{passwords}", "x=1")
    command = words(told(ADOPT, options))
    assert command[4:8] == ["-e", f"@{file.name}", "-e", f"@{passwords.name}"] and read(command[8:]) == OWN
    given(monkeypatch, f"@{file}", '{"ssl_rotation_verify_timeout": 120}', f"ssl_rotation_trusted_ca_path={CA}")
    expected = {**OWN, "ssl_rotation_trusted_ca_path": CA, "ssl_rotation_verify_timeout": "120"}
    assert read(words(told(ADOPT, options))[4:]) == expected
    given(monkeypatch, f"@{file}", "ssl_rotation_privatekey_passphrase=the-passphrase")
    assert told(ADOPT, options).endswith("` (with ssl_rotation_privatekey_passphrase as in this run)")


def test_how_files_are_decrypted_goes_with_them(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "rotation.yml"
    file.write_text(f"ssl_rotation_trusted_ca_path: {CA}\n")
    given(monkeypatch, f"@{file}", vault_ids=["me@prompt"], vault_password_files=["/srv/key"], ask_vault_pass=True)
    assert f" -e @{file} --vault-id me@prompt --vault-password-file /srv/key --ask-vault-pass`" in told(
        remedies.DEPLOY_COMMAND
    )


@pytest.mark.parametrize(
    "content",
    ["listener: api:443", "common_name: api.example.com", "sources: []", "greeting: hello", "[]", ": :"],
)
def test_a_file_that_would_not_fit_does_not(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: str) -> None:
    """It has what the command has itself, what the playbooks refuse, or nothing for the role."""
    file = tmp_path / "vars.yml"
    file.write_text(
        content if content in {"[]", ": :", "greeting: hello"} else f"{content}\nssl_rotation_trust: warn\n"
    )
    given(monkeypatch, f"@{file}", "@/dev/stdin", "@/nowhere.yml")
    assert read(words(told(ADOPT, {**USUAL, "trust": "warn"}))[4:]) == {
        **{**OWN, "ssl_rotation_trust": "warn", "ssl_rotation_trusted_ca_path": CA}
    }


# AWX


def test_operators_of_awx_see_what_they_can_start(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A workflow; for what none does, that a command line is needed, with options and no file of the job."""
    file = tmp_path / "extravars"
    file.write_text(f"ssl_rotation_trusted_ca_path: {CA}\n")
    given(monkeypatch, f"@{file}")
    workflows = playbook_variables("survey")[WORKFLOWS_VARIABLE]
    for command, name in ((remedies.DEPLOY_COMMAND, "Deploy"), (remedies.ROTATE_COMMAND, "Rotate")):
        workflow = told(command, awx_job_id=1, **{WORKFLOWS_VARIABLE: workflows})
        assert workflow == f"the workflow `{name} certificates`"
    for job in ({"awx_job_id": 7}, {"tower_job_id": 7, WORKFLOWS_VARIABLE: workflows}):
        command, note = told(ADOPT, **job).split("` ")
        assert read(words(f"{command}`")[4:]) == {**OWN, "ssl_rotation_trusted_ca_path": CA}
        assert note == "(on a command line, because AWX does not have a job template for this command)"
    of_a_user = told(remedies.DEPLOY_COMMAND, awx_job_id=1)
    assert of_a_user.startswith("`ansible-playbook -i localhost, softlayer.certificates.deploy -e ")
    assert "on a command line" in of_a_user
    secret = told(REMOVE, {"ledger_url": "postgresql://me:the-password@db/ledger"}, awx_job_id=1)
    assert secret.endswith(
        " (on a command line, because AWX does not have a job template for this command; with ledger_url as in this run)"
    )


def test_the_workflows_are_those_that_run_the_playbooks() -> None:
    playbooks = {one["name"]: Path(one["playbook"]).stem for one in objects()["awx_job_templates"]}
    runs = {
        one["name"]: {playbooks[node["unified_job_template"]] for node in one["nodes"] if node.get("job_type") == "run"}
        for one in objects()["awx_workflows"]
    }
    workflows = playbook_variables("survey")[WORKFLOWS_VARIABLE]
    assert {playbook: runs[workflow] for playbook, workflow in workflows.items()} == {
        **{playbook: {playbook} for playbook in workflows}
    }
    assert set(workflows.values()) <= {
        *(name for role in objects()["awx_team"]["roles"] if role["role"] == "execute" for name in role["workflows"])
    }
    assert all((PLAYBOOKS / f"{playbook}.yml").exists() for playbook in workflows)
