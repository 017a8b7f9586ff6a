# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role ssl_rotation and its playbooks, as users run them: what stands around the module, from its options to the files.

What is rotated and why is tested with the module; here a server shows what it has switched. That check mode changes nothing: `docs/test_outputs`;
that a second run changes nothing, report and all: the scenario `rotation` of molecule.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
import SoftLayer
import yaml

from tests.simulator.client import Simulator
from tests.support import waiting
from tests.support.balanced import (
    AUTHORITY,
    KEY,
    UPDATE,
    Told,
    account,
    balanced,
    balancer,
    general,
    have,
    ids,
    put,
    run,
    store,
)
from tests.support.certificates import Issued, leaks, new_key
from tests.support.dovecot import Mailbox
from tests.support.pages import ROOT
from tests.support.playing import play, shell

__all__ = ["account", "balanced"]
pytest_plugins = ["tests.support.dovecot"]

CREATE, DELETE = "createObject", "deleteObject"
CHANGES = {UPDATE, CREATE, DELETE, "editObject"}
HOSTILE = "{{ lookup('ansible.builtin.pipe', 'touch owned') }}<script>"
"""A name of a load balancer that is text, whatever reads it."""


def keep(folder: Path, name: str) -> None:
    """Put a new certificate for a name into a folder, with its chain and its key, as people keep it."""
    issued: Issued = AUTHORITY.issue(None, names=[name], key=new_key("rsa"))
    folder.mkdir(exist_ok=True)
    for ending, text in {".crt": issued.pem, ".key": issued.key_pem, ".ca-bundle": issued.chain_pem}.items():
        (folder / f"{name}{ending}").write_text(text, encoding="utf-8")


def rotate(sim: Simulator, folder: Path, *options: str, playbook: str = "rotate", **variables: Any) -> Told:
    """Run a playbook with variables of the role; by itself, it takes what is in the folder `keys`, and no alarm fails it."""
    given = {"sources": [{"folder": str(folder / "keys")}], "fail_on": [], **variables}
    ready = {f"ssl_rotation_{name}": value for name, value in given.items() if value is not None}
    told = run(sim, folder, playbook, *options, **ready)
    assert not leaks(told.ran.output + json.dumps(told.result))
    return told


def changes(told: Told) -> Counter[str]:
    """What was called that changes something."""
    return Counter(call for call in told.calls if call in CHANGES)


def summary(told: Told) -> str:
    """The line of totals."""
    (line,) = set(re.findall(r'^ +"(\d+ listeners?(?:: |\.).*)",?$', told.ran.output, re.MULTILINE))
    return str(line)


def files(folder: Path) -> dict[str, bytes]:
    """The files of a report."""
    return {path.name: path.read_bytes() for path in folder.glob("report.*")}


def metrics(path: Path) -> dict[str, float]:
    """What a file of metrics says; it is gone then."""
    lines = path.read_text(encoding="utf-8").splitlines()
    path.unlink()
    values = (line.removeprefix("softlayer_certificates_").rpartition(" ") for line in lines if line[0] != "#")
    return {name: float(value) for name, _blank, value in values}


def test_from_the_files_to_what_is_served(account: Simulator, tmp_path: Path) -> None:
    """With a report and metrics, and a diff of the report's table."""
    www, api = store(account, "www.example.com", is_old=True), store(account, "api.example.com", is_old=True)
    balancer(account, HOSTILE, p8443=www, p9443=www)
    balancer(account, "api", p8443=api)
    for name in ("www.example.com", "api.example.com", "new.example.com"):
        keep(tmp_path / "keys", name)
    before, measured = have(account), tmp_path / "certificates.prom"
    done = rotate(
        account,
        tmp_path,
        "--diff",
        remove_superseded=True,
        report_path=str(tmp_path / "report.html"),
        report_language="de",
        metrics_path=str(measured),
    )
    assert done.ran.code == 0, done.ran.output
    assert "www.example.com: imported as certificate " in done.ran.output
    assert "api:8443,api.example.com,api.example.com,switched," in done.ran.output, done.ran.output
    assert changes(done) == Counter({CREATE: 2, UPDATE: 2, DELETE: 2})
    assert {name: len(entries) for name, entries in done.result.items()} == {
        **{"imported": 2, "deployed": 3, "verified": 3, "removed": 2, "skipped": 1, "failed": 0, "attention": 0}
    }
    assert summary(done) == "3 listeners: 3 switched. Certificates: 2 imported, 2 removed, 1 skipped."
    assert sorted(have(account)) == sorted(before) and set(have(account).values()) == set(ids(account))

    report = files(tmp_path)
    listeners = json.loads(report["report.json"])["listeners"]
    assert {row["listener"]: row["state"] for row in listeners} == dict.fromkeys(have(account), "switched")
    assert report["report.html"].count(b"<script") == 2 and b'lang="de"' in report["report.html"]
    assert (found := metrics(measured))["last_run_success"] == 1 and found['last_run_items{list="removed"}'] == 2
    assert not list(tmp_path.glob("**/owned"))


def test_failures_hide_nothing(account: Simulator, mailbox: Mailbox, tmp_path: Path) -> None:
    """A mailbox out of reach and a listener that works no more: all else is done, and told with them; the loudest output has no secret."""
    www, api = store(account, "www.example.com", is_old=True), store(account, "api.example.com", is_old=True)
    web = balancer(account, "web", p8443=www)
    balancer(account, "api", p8443=api)
    for name in ("www.example.com", "api.example.com"):
        keep(tmp_path / "keys", name)
    account.patch_listener(web["listeners"][0]["uuid"], misbehaves="closed", changes=9)
    mail = {"imap": mailbox.options(password="not this one")}
    told = rotate(
        account,
        tmp_path,
        "-vvvv",
        "--diff",
        sources=[
            {"mail": mail, "privatekey_dir": str(tmp_path / "keys")},
            {"certbot": str(tmp_path / "not mounted")},
            {"folder": str(tmp_path / "keys")},
        ],
        privatekey_passphrase="open sesame",
        remove_superseded=True,
        verify_timeout=1,
        report_path=str(tmp_path / "report.html"),
        metrics_path=str(tmp_path / "certificates.prom"),
    )
    assert told.ran.code == 2 and told.ran.output.count("rejects the login") > 1
    assert summary(told) == "2 listeners: 1 switched, 1 failed. Certificates: 2 imported, 1 removed."
    assert re.search(r'^ +"msg": "2 items failed:.+ web:8443: .+"', told.ran.output, re.MULTILINE), "and it comes last"
    assert "<html" not in told.ran.output
    assert have(account)["web:8443"] == www and www in ids(account) and api not in ids(account)
    states = {row["listener"]: row["state"] for row in json.loads(files(tmp_path)["report.json"])["listeners"]}
    assert states == {"api:8443": "switched", "web:8443": "rolled_back"}
    empty = f"Cannot find certificates in the source certbot: {tmp_path}/not mounted does not exist."
    assert empty in told.ran.output and empty.encode() in files(tmp_path)["report.html"]
    assert (found := metrics(tmp_path / "certificates.prom"))["last_run_success"] == 0
    assert found['last_run_items{list="failed"}'] == 2
    for secret in ("not this one", "open sesame", account.api_key):
        assert secret not in told.ran.output


IN_A_PLAY = """
- hosts: localhost
  gather_facts: false
  tasks:
    - block:
        - include_role:
            name: softlayer.certificates.ssl_rotation
      always:
        - copy:
            content: "{{ ssl_rotation_result | to_json }}"
            dest: "{{ tell }}"
            mode: "0600"
"""


@pytest.mark.oldest
def test_a_module_that_fails_as_a_whole_is_reported_with_its_reason(account: Simulator, tmp_path: Path) -> None:
    """In the result and in the metrics; the report of the last run that could read the store stays as it is."""
    (tmp_path / "keys").mkdir()
    (tmp_path / "report.json").write_text("{}", encoding="ascii")
    (tmp_path / "rescued.yml").write_text(IN_A_PLAY, encoding="utf-8")
    account.fault("fault", method="getSecurityCertificates", message="Not today.")
    ran = play(
        account,
        tmp_path,
        "rescued.yml",
        **general(tmp_path),
        ssl_rotation_sources=[{"folder": str(tmp_path / "keys")}],
        ssl_rotation_report_path=str(tmp_path / "report.html"),
        ssl_rotation_metrics_path=str(tmp_path / "certificates.prom"),
        tell=str(tmp_path / "told.json"),
    )
    assert ran.code == 2 and "Not today." in ran.output, ran.output
    (failure,) = json.loads((tmp_path / "told.json").read_text("utf-8"))["failed"]
    assert (failure["common_name"], failure["reason"]) == ("the rotation", "api_error")
    assert metrics(tmp_path / "certificates.prom")["last_run_success"] == 0
    assert files(tmp_path) == {"report.json": b"{}"}


@pytest.mark.later
def test_a_load_balancer_that_does_not_serve_what_it_is_set_to(account: Simulator, tmp_path: Path) -> None:
    """The sentence says why, since when, and which commands help, as they stand; they do."""
    issued = AUTHORITY.issue("www.example.com", key=KEY, days=(-91, -1))
    old, new = put(account, issued), store(account, "www.example.com")
    web = balancer(account, "web", p8443=old)
    uuid = web["listeners"][0]["uuid"]
    account.patch_listener(uuid, misbehaves="stale", changes=1)
    client = SoftLayer.Client(username=account.username, api_key=account.api_key, endpoint_url=account.rest_url)
    change = [{"listenerUuid": uuid, "tlsCertificateId": new}]
    client.call("Network_LBaaS_Listener", "updateLoadBalancerProtocols", web["uuid"], change)
    waiting.until(lambda: account.balancers()[0]["provisioningStatus"] == "ACTIVE")
    told = rotate(account, tmp_path, playbook="verify", fail_on=None)
    assert told.ran.code == 2 and have(account) == {"web:8443": new}
    assert (
        "no renewal is available" not in told.ran.output
        and f"support case for load balancer {web['uuid']}." in told.ran.output
    )
    [known] = {listener["modifyDate"] for listener in account.balancers()[0]["listeners"]}
    since = datetime.fromisoformat(known).astimezone(timezone.utc)
    assert f"was set for this listener since {since:%Y-%m-%dT%H:%M:%SZ} or earlier." in told.ran.output, told.ran.output
    commands = list(dict.fromkeys(re.findall(r"`(ansible localhost [^`]*)`", told.ran.output)))
    for command, has, serves in zip(commands, (old, new), (old, new), strict=True):
        ran = shell(account, tmp_path, command)
        assert ran.code == 0, ran.output
        [listener] = account.balancers()[0]["listeners"]
        assert (listener["tlsCertificateId"], listener["serves"]) == (has, serves), command
    told = rotate(account, tmp_path, playbook="verify", fail_on=None)
    assert told.ran.code == 0, told.ran.output


def test_tags_choose_phases_and_the_table_comes_last(account: Simulator, tmp_path: Path) -> None:
    balancer(account, "web", p8443=store(account, "www.example.com", is_old=True))
    keep(tmp_path / "keys", "www.example.com")
    variables = {**general(tmp_path), "ssl_rotation_sources": [{"folder": str(tmp_path / "keys")}]}
    book = "softlayer.certificates.rotate"
    told = play(account, tmp_path, book, "--tags", "import,report", **variables)
    assert told.code == 0 and "Run the phases import, report]" in told.output and told.changed == 1, told.output
    lines = [line for line in told.output.partition("Print the summary]")[2].splitlines() if line.strip()]
    assert [line.split()[0] for line in lines[3:6]] == ['"www.example.com:', '"LISTENER', '"web:8443'], told.output
    assert "1 listener: 1 update available. Certificates: 1 imported." in lines[6]
    skipping = play(account, tmp_path, book, "--skip-tags", "import,report", **variables)
    assert skipping.code == 0 and "Run the phases deploy, verify, clean_up]" in skipping.output
    account.clear_calls()
    for options, said in (
        ({"sorces": []}, "Unknown variable ssl_rotation_sorces. Did you mean ssl_rotation_sources?"),
        ({"phases": ["report"]}, "The phase report requires ssl_rotation_report_path"),
        ({"phases": ["improt"]}, "improt"),
        ({"max_listeners": "many"}, "many"),
    ):
        refused = play(
            account, tmp_path, book, **variables, **{f"ssl_rotation_{name}": value for name, value in options.items()}
        )
        assert refused.code == 2 and said in refused.output and not account.calls(), refused.output


@pytest.mark.oldest
def test_a_hook_is_quiet_unless_it_fails(account: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As certbot calls it, and cron: nothing at all when all is well, and the sentence when not; a change is nothing to tell of."""
    monkeypatch.setenv("ANSIBLE_STDOUT_CALLBACK", "softlayer.certificates.quiet")
    monkeypatch.setenv("RENEWED_LINEAGE", "/etc/letsencrypt/live/www.example.com")
    www = store(account, "www.example.com", is_old=True)
    balancer(account, "web", p8443=www)
    keep(tmp_path / "keys", "www.example.com")
    variables = {**general(tmp_path), "ssl_rotation_sources": [{"folder": str(tmp_path / "keys")}]}
    hook = ("softlayer.certificates.rotate", "-i", "localhost,")
    ran = play(account, tmp_path, *hook, **variables)
    assert (ran.code, ran.output) == (0, "") and have(account)["web:8443"] != www
    balancer(account, "api", p8443=store(account, "api.example.com", is_old=True))
    ran = play(account, tmp_path, *hook, **variables)
    assert ran.code == 2
    assert ran.output.startswith(
        "1 listener needs attention:\napi:8443 (api.example.com): expiring: The certificate expires at "
    )
    assert len(ran.output.strip().splitlines()) == 2


def test_an_approval_that_is_undefined_inside_approves_nothing(account: Simulator, tmp_path: Path) -> None:
    www = store(account, "www.example.com", is_old=True)
    balancer(account, "web", p8443=www)
    keep(tmp_path / "keys", "www.example.com")
    account.clear_calls()
    for written in ("{{ shown_before }}", "{{ shown_before | default(omit) }}", "{{ 7 if false }}"):
        variables = {
            **{"ssl_rotation_sources": [{"folder": str(tmp_path / "keys")}], "ssl_rotation_fail_on": "expired"},
            **{"ssl_previewed_rotation": written, **general(tmp_path)},
        }
        ran = play(account, tmp_path, str(ROOT / "playbooks/awx/rotate.yml"), **variables)
        assert ran.code == 2, ran.output
    assert not CHANGES & {call["method"] for call in account.calls()}


@pytest.mark.oldest
@pytest.mark.parametrize("is_text", [True, False])
def test_the_mailbox_of_awx_stands_beside_a_source_in_any_form(
    account: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_text: bool
) -> None:
    """ansible-core 2.19 and later make no list of a text."""
    keep(tmp_path / "keys", "www.example.com")
    source = {"folder": str(tmp_path / "keys")}
    for name, value in {"HOST": "127.0.0.1", "PORT": "9", "USERNAME": "user", "PASSWORD": "s3same-0pen"}.items():
        monkeypatch.setenv(f"SSL_FULFILLMENT_IMAP_{name}", value)
    monkeypatch.setenv("SSL_FULFILLMENT_PRIVATEKEY_DIR", str(tmp_path / "keys"))
    sources = {"ssl_rotation_sources": json.dumps([source]) if is_text else source, "ssl_rotation_import_new": True}
    ran = play(account, tmp_path, str(ROOT / "playbooks/awx/rotate.yml"), "--check", **sources, **general(tmp_path))
    assert "www.example.com: would be imported from folder (" in ran.output, ran.output
    assert "the mailbox: The mail server 127.0.0.1:9 cannot be reached" in ran.output


@pytest.mark.oldest
def test_a_report_that_cannot_be_written_is_refused_before_anything_is_done(account: Simulator, tmp_path: Path) -> None:
    balancer(account, "web", p8443=store(account, "www.example.com", is_old=True))
    keep(tmp_path / "keys", "www.example.com")
    told = rotate(account, tmp_path, report_path=str(tmp_path / "gone/report.html"))
    assert told.ran.code == 2 and not told.calls, told.ran.output
    assert f"{tmp_path}/gone" in told.ran.output, told.ran.output


PHASES = {
    "ssl_fulfillment": ["request", "collect", "import", "report"],
    "ssl_rotation": ["import", "deploy", "verify", "clean_up", "report"],
}


def test_files_of_tasks_do_their_phase() -> None:
    """And so do the playbooks `deploy` and `verify`, whatever the variable says; plays here and elsewhere run one of each kind."""
    for role, phases in PHASES.items():
        for phase in phases:
            [task] = yaml.safe_load((ROOT / f"roles/{role}/tasks/{phase}.yml").read_text(encoding="utf-8"))
            assert task["ansible.builtin.import_tasks"] == "main.yml" and task["vars"] == {f"__{role}_phases": [phase]}
    for name, phases in {"deploy": ["deploy", "verify", "clean_up"], "verify": ["verify"]}.items():
        [book] = yaml.safe_load((ROOT / f"playbooks/{name}.yml").read_text(encoding="utf-8"))
        assert book["tasks"][0]["vars"] == {"__ssl_rotation_phases": phases}
