# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Paths of the variables of the roles are relative to where a person is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.softlayer.certificates.plugins.plugin_utils._paths import with_absolute_paths


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where ansible-playbook was started."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/me")
    return tmp_path


def test_sources_and_mailboxes(here: Path) -> None:
    imap = {"host": "mail", "folder": "INBOX", "ca_path": "ca.pem"}
    mail = {"imap": imap, "paths": ["a", "/b"], "max_age_days": "3"}
    sources = [
        {"folder": "certs"},
        {"certbot": "~/certbot"},
        {"traefik": "acme.json"},
        {"mail": mail, "privatekey_dir": "../keys"},
    ]
    absolute = {"host": "mail", "folder": "INBOX", "ca_path": f"{here}/ca.pem"}
    assert with_absolute_paths({"sources": sources, "imap": imap, "paths": ["a"], "trusted_ca_path": "ca.pem"}) == {
        "sources": [
            {"folder": f"{here}/certs"},
            {"certbot": "/home/me/certbot"},
            {"traefik": f"{here}/acme.json"},
            {
                "mail": {"imap": absolute, "paths": [f"{here}/a", "/b"], "max_age_days": "3"},
                "privatekey_dir": f"{here.parent}/keys",
            },
        ],
        "imap": absolute,
        "paths": [f"{here}/a"],
        "trusted_ca_path": f"{here}/ca.pem",
    }


def test_what_is_given_as_json(here: Path) -> None:
    assert with_absolute_paths({"sources": '[{"folder": "certs"}]'}) == {"sources": [{"folder": f"{here}/certs"}]}


@pytest.mark.parametrize("given", ["folder=certs", None, [], {}, [{"folder": None}], [{"folder": ""}], [3]])
def test_what_modules_refuse_stays_as_it_is(given: Any) -> None:
    assert with_absolute_paths({"sources": given}) == {"sources": given}


def test_what_is_no_path_stays_as_it_is() -> None:
    options = {
        "common_names": ["folder"],
        "results": {"path": "a"},
        "approved": {"path": "a"},
        "orders": [{"path": "a"}],
    }
    assert with_absolute_paths(options) == options
