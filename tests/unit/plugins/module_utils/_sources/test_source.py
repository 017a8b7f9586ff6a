# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is a source, and the keys for which a mailbox is searched. What a source has: the tests beside this one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._sources.files import Files
from ansible_collections.softlayer.certificates.plugins.module_utils._sources.source import Source, usable_keys

from tests.support.certificates import PASSPHRASE, key_pem, new_key
from tests.support.client_trees import CLIENTS
from tests.support.failing import fails
from tests.support.sources import AUTHORITY

pytest_plugins = ["tests.support.sources"]

ONE = AUTHORITY.issue("www.example.com")


@pytest.mark.parametrize("kind", [*CLIENTS, "folder", "mail"])
def test_a_source_is_what_keeps_it_and_where(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The path may begin with the home folder; for mail, it is that of the keys."""
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "certs").mkdir()
    given = {"mail": {}, "privatekey_dir": "~/certs/"} if kind == "mail" else {kind: "~/certs/", "mail": None}
    assert Source.of(given) == Source(kind, f"{tmp_path}/certs")  # type: ignore[arg-type]


# What is none


@pytest.mark.parametrize("kind", [*CLIENTS, "folder", "mail"])
def test_a_source_that_is_a_file(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "here"
    path.write_text(ONE.pem)
    option = "privatekey_dir" if kind == "mail" else kind
    with fails("not_found", f"{path}, which is given as {option}, is no folder on this machine: name the folder"):
        Source.of({"mail": {}, option: str(path)} if kind == "mail" else {kind: str(path)})


@pytest.mark.parametrize("kind", [*CLIENTS, "folder"])
@pytest.mark.parametrize("name", ["here", "x" * 5000], ids=["short", "long"])
def test_a_source_may_be_missing(kind: str, name: str, tmp_path: Path) -> None:
    """Its disk may not be mounted."""
    assert Source.of({kind: str(tmp_path / name)}).path == str(tmp_path / name)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ({}, "none of them"),
        ({"certbot": None}, "none of them"),
        ({"secrets_manager": None}, "write secrets_manager: {}"),
        ({"certbot": "/etc", "folder": "/etc"}, "certbot and folder"),
        ({"mail": {}}, "privatekey_dir"),
        ({"folder": ""}, "folder"),
    ],
)
def test_what_is_no_source_at_all(source: Any, said: str) -> None:
    with fails("invalid_argument", said):
        Source.of(source)


# Keys


def test_the_keys_for_mail_are_those_that_can_be_read_each_once(tmp_path: Path) -> None:
    """By their real paths, so that a link that is changed does not make another key of it."""
    (tmp_path / "keys").mkdir()
    locked, key = key_pem(new_key(), passphrase=PASSPHRASE), new_key()
    files = {"a.key": key_pem(key), "again.pem": key_pem(key), "c.PEM": ONE.key_pem + ONE.pem, "locked.key": locked}
    others = {"garbage.key": "garbage", "chain.pem": ONE.chain_pem, "other.txt": key_pem(new_key())}
    for name, text in {**files, **others}.items():
        (tmp_path / "keys" / name).write_text(text)
    (tmp_path / "link").symlink_to("keys")
    usable = usable_keys(str(tmp_path / "link"), Files(PASSPHRASE))
    assert [*usable.values()] == [f"{tmp_path}/keys/{name}" for name in ("a.key", "c.PEM", "locked.key")]
