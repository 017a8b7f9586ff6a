# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filters of the role that takes over what other clients renewed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.softlayer.certificates.plugins.filter import _rotation_sources as plugin
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.keys import read_private_key

from tests.support import preloading
from tests.support.certificates import (
    PASSPHRASE,
    Authority,
    certificate_of,
    key_bytes,
    key_pem,
    name_of,
    new_key,
    pem_of,
    pkcs12_of,
)
from tests.support.playing import SECONDS

FILTERS = plugin.FilterModule().filters()
rotation_keys = FILTERS["_rotation_keys"]
SETTINGS = {
    "phases": ["report"],
    "report_path": "x.html",
    "remove_superseded": False,
    "import_new": True,
    "trust": "warn",
}


def rotation_sources(
    sources: list[dict[str, Any]],
    mails: list[Any],
    passphrase: str | None = None,
    roots: str | None = None,
    store: list[dict[str, Any]] | None = None,
    **settings: Any,
) -> dict[str, Any]:
    """What the filter returns for settings of which only some matter."""
    own = {"sources": sources, "privatekey_passphrase": passphrase, "trusted_ca_path": roots}
    found: dict[str, Any] = FILTERS["_rotation_sources"]({**SETTINGS, **own, **settings}, mails, store)
    return found


AUTHORITY = Authority()
ONE = AUTHORITY.issue("www.example.com")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a certificate, its key, and the root beside it."""
    home = tmp_path / "certs"
    home.mkdir()
    (home / "one.crt").write_text(ONE.pem + ONE.chain_pem)
    (home / "one.key").write_text(ONE.key_pem)
    (tmp_path / "root.pem").write_text(pem_of([AUTHORITY.root]))
    return home


def test_what_sources_have(folder: Path) -> None:
    (folder / "two.p12").write_bytes(pkcs12_of(AUTHORITY.issue("two.example.com"), PASSPHRASE))
    (folder / "three.key").write_text("no key")
    root = str(folder.parent / "root.pem")
    found = rotation_sources([{"folder": str(folder)}], [None], PASSPHRASE, root)
    assert [(record["name"], record["trust"]) for record in found["entries"]] == [
        ("one", "trusted"),
        ("two", "trusted"),
    ]
    assert [record["reason"] for record in found["skipped"]] == ["malformed"] and found["warnings"] == []


def test_what_is_to_be_imported(folder: Path) -> None:
    """Only that has its certificate with it, and what is not reported is not handed on."""
    root = str(folder.parent / "root.pem")
    sources = [{"folder": str(folder)}]
    found = rotation_sources(sources, [None], None, root, [], phases=["import"])
    assert [record["certificate"] for record in found["chosen"]] == [ONE.pem] and not found["left"]
    assert found["entries"] == []
    unlisted = rotation_sources(sources, [None], None, root)
    assert not unlisted["chosen"] and not unlisted["left"]
    [entry] = unlisted["entries"]
    assert not {"certificate", "intermediate_certificate"} & entry.keys()
    new = rotation_sources(sources, [None], None, root, [], import_new=False)
    assert not new["chosen"] and [record["reason"] for record in new["left"]] == ["new_name"]


def test_without_a_passphrase(folder: Path) -> None:
    (folder / "one.key").write_text(key_pem(ONE.key, passphrase=PASSPHRASE))
    for given in (None, ""):
        [record] = rotation_sources([{"folder": str(folder)}], [None], given)["skipped"]
        assert record["reason"] == "bad_passphrase"


def test_warnings(tmp_path: Path) -> None:
    (tmp_path / "readme").touch()
    assert len(rotation_sources([{"certbot": str(tmp_path)}], [None])["warnings"]) == 1


PLAY = """
- hosts: localhost
  gather_facts: false
  vars:
    settings:
      {phases: [report], report_path: x.html, remove_superseded: false, import_new: true, trust: warn, sources: [{folder: "{{ folder }}"}]}
  tasks:
    - ansible.builtin.set_fact:
        found: "{{ settings | softlayer.certificates._rotation_sources([none], [], none) }}"
        keys: "{{ folder | softlayer.certificates._rotation_keys(passphrase=none) }}"
    - ansible.builtin.copy:
        content: "{{ [found.entries[0].name, found.entries[0].common_name, found.skipped[0].message, keys[0]] | to_json }}"
        dest: "{{ folder }}/shown.json"
        mode: "0600"
"""


def test_what_files_say_is_no_template(tmp_path: Path) -> None:
    """Neither names in a certificate nor those of files are ever carried out, also if they pass through variables."""
    evil, key = "{{ lookup('pipe', 'echo evil') }}", new_key()
    certificate = certificate_of(name_of(evil), name_of(evil), key, key, names=["evil.example.com"])
    folder = tmp_path / "certs"
    folder.mkdir()
    (folder / f"{evil}.crt").write_text(pem_of([certificate]))
    (folder / f"{evil}.key").write_text(key_pem(key))
    (folder / f"{evil}.p12").write_text("garbage")
    (tmp_path / "play.yml").write_text(PLAY)
    process = subprocess.run(
        [Path(sys.executable).with_name("ansible-playbook"), "play.yml", "-e", json.dumps({"folder": str(folder)})],
        cwd=tmp_path,
        env=os.environ | preloading.environment(),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert process.returncode == 0, process.stdout + process.stderr
    name, common_name, message, path = json.loads((folder / "shown.json").read_text())
    assert (name, common_name, path) == (evil, evil, str(folder / f"{evil}.key"))
    assert f"{evil}.p12: This is no PKCS#12 file." in message


def test_errors_are_ansibles(folder: Path) -> None:
    for call in (
        lambda: rotation_sources([{"folder": str(folder / "none")}], [None]),
        lambda: rotation_sources([{}], [None]),
        lambda: rotation_sources([{"folder": str(folder)}], [None], None, str(folder / "none")),
        lambda: rotation_keys(str(folder / "none")),
    ):
        with pytest.raises(AnsibleFilterError):
            call()


def test_roots_below_the_home_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(folder.parent))
    [record] = rotation_sources([{"folder": "~/certs"}], [None], None, "~/root.pem")["entries"]
    assert record["trust"] == "trusted"


def test_keys_that_can_be_read(folder: Path) -> None:
    """They are what `ssl_fulfillment_email_info` can be given, each once; whatever else is there is no reason to fail."""
    other, rsa = new_key(), new_key("rsa")
    damaged = bytearray(key_bytes(rsa))
    damaged[-20] ^= 1
    for name, content in {
        "same.key": ONE.key_pem.encode(),
        "locked.pem": key_pem(other, passphrase=PASSPHRASE).encode(),
        "der.key": key_bytes(rsa),
        "damaged.key": bytes(damaged),
        "wrong.key": key_pem(new_key(), passphrase="another").encode(),
        "garbage.key": b"garbage",
        "chain.pem": ONE.chain_pem.encode(),
        "two.key": (key_pem(new_key()) + key_pem(new_key())).encode(),
        "readme.txt": ONE.key_pem.encode(),
        os.fsdecode(b"latin-\xfc.key"): key_pem(new_key()).encode(),
    }.items():
        (folder / name).write_bytes(content)
    (folder / "folder.key").mkdir()
    os.mkfifo(folder / "pipe.key")
    (folder / "gone.key").symlink_to("nowhere")
    (folder / "link.key").symlink_to("locked.pem")
    paths = rotation_keys(str(folder), PASSPHRASE)
    assert paths == [str(folder / name) for name in ("der.key", "locked.pem", "one.key")]
    for path in paths:
        read_private_key(Path(path).read_bytes(), PASSPHRASE)
    assert rotation_keys(str(folder)) == [str(folder / name) for name in ("der.key", "one.key")]


def test_keys_that_cannot_be_read_are_said_with_the_mail(folder: Path) -> None:
    (folder / "wrong.key").write_text(key_pem(new_key(), passphrase="another"))
    source: dict[str, Any] = {"mail": {"paths": ["/mails"]}, "privatekey_dir": str(folder)}
    mail = {"certificates": [{"certificate": ONE.pem, "intermediate_certificate": None, "source": {}}]}
    found = rotation_sources([source], [mail], PASSPHRASE)
    assert [record["privatekey_path"] for record in found["entries"]] == [str(folder / "one.key")]
    assert [(record["name"], record["reason"]) for record in found["skipped"]] == [("wrong", "bad_passphrase")]
