# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Paths of the variables of the roles are relative to where a person is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.softlayer.certificates.plugins.filter import _absolute_paths as plugin

absolute_paths = plugin.FilterModule().filters()["_absolute_paths"]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where ansible-playbook was started."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/me")
    return tmp_path


def test_sources_and_mailboxes(here: Path) -> None:
    mail = {"imap": {"host": "mail", "folder": "INBOX", "ca_path": "ca.pem"}, "paths": ["a", "/b"], "max_age_days": "3"}
    given = [{"folder": "certs"}, {"certbot": "~/certbot"}, {"mail": mail, "privatekey_dir": "../keys"}]
    assert absolute_paths(given) == [
        {"folder": f"{here}/certs"},
        {"certbot": "/home/me/certbot"},
        {
            "mail": {
                "imap": {"host": "mail", "folder": "INBOX", "ca_path": f"{here}/ca.pem"},
                "paths": [f"{here}/a", "/b"],
                "max_age_days": "3",
            },
            "privatekey_dir": f"{here.parent}/keys",
        },
    ]


def test_what_is_given_as_json(here: Path) -> None:
    assert absolute_paths('{"maildir": "mail"}') == {"maildir": f"{here}/mail"}
    assert absolute_paths('[{"folder": "certs"}]') == [{"folder": f"{here}/certs"}]


@pytest.mark.parametrize("given", ["folder=certs", None, [], {}, [{"folder": None}], [{"folder": ""}], [3]])
def test_what_modules_refuse_stays_as_it_is(given: Any) -> None:
    assert absolute_paths(given) == given
